# SPDX-License-Identifier: BSD-2-Clause
"""The kind of machine that the tests run on: SKYSCOPE_ARCH, x86_64 if not set."""

import dataclasses
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Tools that run here, whatever the machine under test is.
HOST_BUILD = ROOT / "build"
TOOL = HOST_BUILD / "bin/skyscope"


@dataclasses.dataclass(frozen=True)
class Platform:
    """What differs between the architectures, for QEMU and for what a test expects."""

    name: str
    build: pathlib.Path          # what was built for it
    loader_suffix: str           # of build/loader.SUFFIX
    qemu: str
    machine: str                 # with {gic} for the version of the interrupt controller
    cpu: str
    cpus: tuple                  # models that must work
    firmware: str                # by which images boot if nothing else is said
    firmwares: tuple             # by which they can boot
    uefi_code: pathlib.Path
    uefi_variables: pathlib.Path

    def cdrom(self, path):
        """QEMU's options for an image in a CD-ROM drive."""
        if self.name == "x86_64":
            return ["-cdrom", str(path), "-boot", "d"]
        return ["-device", "virtio-scsi-pci", "-device", "scsi-cd,drive=cd,bootindex=0",
                "-drive", f"file={path},format=raw,if=none,id=cd,media=cdrom,readonly=on"]

    def disk(self, path):
        """QEMU's options for an image on a hard disk; what is written to it is forgotten."""
        if self.name == "x86_64":
            return ["-drive", f"file={path},format=raw,if=ide,readonly=off,snapshot=on", "-boot", "c"]
        return ["-device", "virtio-blk-pci,drive=disk,bootindex=0",
                "-drive", f"file={path},format=raw,if=none,id=disk,snapshot=on"]

    @property
    def loader(self):
        """The loader that trusts the development keys."""
        return self.build / f"loader.{self.loader_suffix}"

    @property
    def loader_template(self):
        """The loader without a trust anchor."""
        return self.build / f"loader-template.{self.loader_suffix}"


PLATFORMS = {
    "x86_64": Platform(
        name="x86_64", build=HOST_BUILD, loader_suffix="elf", qemu="qemu-system-x86_64", machine="q35",
        cpu="EPYC,+svm,+npt", cpus=("EPYC,+svm,+npt", "max"), firmware="bios", firmwares=("bios", "uefi"),
        uefi_code=pathlib.Path("/usr/share/OVMF/OVMF_CODE.fd"),
        uefi_variables=pathlib.Path("/usr/share/OVMF/OVMF_VARS.fd")),
    "aarch64": Platform(
        name="aarch64", build=HOST_BUILD / "aarch64", loader_suffix="img", qemu="qemu-system-aarch64",
        machine="virt,virtualization=on,gic-version={gic}",
        cpu="cortex-a57", cpus=("cortex-a53", "cortex-a57", "cortex-a72", "max"), firmware="uefi",
        firmwares=("uefi",),
        uefi_code=pathlib.Path("/usr/share/AAVMF/AAVMF_CODE.fd"),
        uefi_variables=pathlib.Path("/usr/share/AAVMF/AAVMF_VARS.fd")),
}

ARCH = os.environ.get("SKYSCOPE_ARCH", "x86_64")
if ARCH not in PLATFORMS:
    raise ValueError(f"SKYSCOPE_ARCH={ARCH}: use one of {', '.join(PLATFORMS)}")
PLATFORM = PLATFORMS[ARCH]
BUILD = PLATFORM.build
