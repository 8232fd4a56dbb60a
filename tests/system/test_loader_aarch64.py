# SPDX-License-Identifier: BSD-2-Clause
"""The loader on AArch64 machines in QEMU: as a Linux Image, as a UEFI application, with device tree and with ACPI
tables, on several processors and both interrupt controllers."""

import subprocess

import pytest

from loader_under_test import LOADER, expect_kernel, expect_refused, good_payload, images, p, write
from machine import BUILD
from payload import GIB, MIB
from tpm import SHA256, SoftwareTpm

UEFI_TIMEOUT = 240
GRUB_MODULES = BUILD / "grub/arm64-efi"


@pytest.fixture(name="machine")
def machine_with_loader(machine):
    return lambda **arguments: machine(**{"loader": LOADER, **arguments})


def payload_for(directory, **arguments):
    return write(directory / "payload.bin", good_payload(**arguments))


def expect_gic(output, gic):
    assert f"gic version {gic}, maintenance 25" in output
    assert "distributor 0x8000000" in output
    if gic == 2:
        assert "gicc 0x8010000" in output and "gich 0x8030000" in output and "gicv 0x8040000" in output
        assert "v2m 0x8020000" in output and "v2m spis 64 from 80" in output
    else:
        assert "redistributors 0x80a0000 0xf60000" in output and "its 0x8080000 id 0" in output
    assert "timers virtual 27 physical 30 hyper 26, edge 0" in output
    assert "psci conduit 1 version 0x10001" in output
    assert "uart 0x9000000 0x1000" in output and "uart kind 1 interrupt 33" in output


# --- As a Linux Image ---


@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("cpu, name", [("cortex-a53", "Cortex-A53 r0p4"), ("cortex-a57", "Cortex-A57 r1p0"),
                                       ("cortex-a72", "Cortex-A72 r0p3"), ("max", "part 0x051 r0p0")])
def test_processors(machine, tmp_path, cpu, name, gic):
    output = expect_kernel(machine(payload=payload_for(tmp_path, cpus=4), cpu=cpu, gic=gic, cpus=4, memory="512M",
                                   append="quiet x=1"), 4)
    assert "protocol 4, firmware 0" in output
    assert 'command line "quiet x=1"' in output and 'system "test"' in output
    assert f'"{name}"' in output
    assert "4 cpus, 1 ecams" in output
    assert "511 MiB" in output  # the device tree is not free
    expect_gic(output, gic)


@pytest.mark.parametrize("cpus, used", [(1, 1), (6, 3)])
def test_numbers_of_cpus(machine, tmp_path, cpus, used):
    output = expect_kernel(machine(payload=payload_for(tmp_path, cpus=used), cpus=cpus, memory="512M"), used)
    assert f"{cpus} cpus" in output


def test_memory_above_4_gib(machine, tmp_path):
    regions = [p.region("low", 64 * MIB, 2 * MIB), p.region("page", GIB, GIB),
               p.region("high", 16 * MIB, 2 * MIB, address=0x120000000)]
    payload = payload_for(tmp_path, regions=regions, cpus=2)
    output = expect_kernel(machine(payload=payload, cpus=2, memory="4G"), 2)
    assert "4095 MiB" in output
    assert "region high: 1 pieces, last at 0x120000000" in output


def test_smmu_and_clock(machine, tmp_path):
    output = expect_kernel(machine(payload=payload_for(tmp_path), memory="512M",
                                   extra=["-machine", "iommu=smmuv3",
                                          "-rtc", "base=2030-01-02T03:04:05"]), 1)
    assert "smmu 0x9050000 0x20000" in output and "smmu interrupts 106 109 108" in output
    assert "rtc 0x9010000 0x1000" in output and "clock 18935534" in output  # and 45 seconds or a few more


def test_finds_pci_devices(machine, tmp_path):
    output = expect_kernel(machine(payload=payload_for(tmp_path), memory="512M", extra=[
        "-device", "pcie-root-port,id=root1,addr=6,chassis=1", "-device", "e1000e,addr=5"]), 1)
    assert "pci 0028 8086:10d3 class 0200" in output
    assert "pci 0030 1b36:000c class 0604" in output


def test_needs_exception_level_2(machine, tmp_path):
    expect_refused(machine(payload=payload_for(tmp_path), memory="512M", extra=["-machine", "virtualization=off"]),
                   "started at exception level 1: a hypervisor needs exception level 2")


def test_machine_with_exception_level_3(machine, tmp_path):
    output = expect_kernel(machine(payload=payload_for(tmp_path, cpus=2), memory="512M", cpus=2,
                                   extra=["-machine", "secure=on"]), 2)
    assert "2 cpus" in output


# --- As a UEFI application ---


@pytest.mark.parametrize("tables, gic", [("acpi", 2), ("acpi", 3), ("device-tree", 2), ("device-tree", 3)])
def test_uefi_loads_image_and_payload(machine, tmp_path, tables, gic):
    """QEMU's firmware gives the payload by LINUX_EFI_INITRD_MEDIA_GUID."""
    options = "acpi=" + ("on" if tables == "acpi" else "off")
    output = expect_kernel(machine(payload=payload_for(tmp_path, cpus=2), firmware="uefi", gic=gic, cpus=2,
                                   memory="512M", append="by=uefi", extra=["-machine", options]), 2, timeout=UEFI_TIMEOUT)
    assert "protocol 5, firmware 2" in output
    assert 'command line "by=uefi' in output
    assert ("device tree 0x" in output) == (tables == "device-tree")
    expect_gic(output, gic)


def volume(directory, files):
    """A FAT file system; files: {path: content}."""
    image = directory / "volume.img"
    image.write_bytes(bytes(64 * MIB))
    subprocess.run(["mformat", "-i", image, "-F", "::"], check=True)
    made = set()
    for name, content in files.items():
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "::/" + "/".join(parts[:depth])
            if folder not in made:
                subprocess.run(["mmd", "-i", image, folder], check=True)
                made.add(folder)
        file = write(directory / "content", content)
        subprocess.run(["mcopy", "-i", image, file, "::/" + name], check=True)
    return image


def test_uefi_application_with_payload_beside_it(machine, tmp_path):
    disk = volume(tmp_path, {"EFI/BOOT/BOOTAA64.EFI": LOADER.read_bytes(),
                             "EFI/BOOT/payload.bin": good_payload(cpus=4)})
    output = expect_kernel(machine(disk=disk, cpus=4, memory="4G"), 4, timeout=UEFI_TIMEOUT)
    assert "protocol 5, firmware 2" in output
    assert "test kernel: clock 0" not in output  # UEFI's


def test_uefi_application_without_payload(machine, tmp_path):
    disk = volume(tmp_path, {"EFI/BOOT/BOOTAA64.EFI": LOADER.read_bytes()})
    expect_refused(machine(disk=disk, memory="512M"), "no payload", timeout=UEFI_TIMEOUT)


def test_uefi_at_exception_level_1(machine, tmp_path):
    """The application says so on UEFI's console and gives back."""
    one = machine(payload=payload_for(tmp_path), firmware="uefi", memory="512M",
                  extra=["-machine", "virtualization=off"])
    one.expect_text("loader: error: started at exception level 1", UEFI_TIMEOUT)
    one.expect_text("Shell", UEFI_TIMEOUT)
    assert "test kernel" not in one.output()


@pytest.fixture(name="grub", scope="module")
def grub_image(tmp_path_factory):
    directory = tmp_path_factory.mktemp("grub")
    early = write(directory / "early.cfg", b"search --file --set=root /loader.img\nset prefix=($root)/\n"
                                           b"configfile /grub.cfg\n")
    image = directory / "grub.efi"
    subprocess.run(["grub-mkimage", "-O", "arm64-efi", "-d", GRUB_MODULES, "-p", "/", "-c", early, "-o", image,
                    "normal", "configfile", "fat", "search", "search_fs_file", "linux", "chain", "boot"], check=True)
    return image.read_bytes()


@pytest.mark.parametrize("tables", ["acpi", "device-tree"])
@pytest.mark.parametrize("commands", ["linux /loader.img by=grub\ninitrd /payload.bin\nboot\n",
                                      "chainloader /loader.img by=grub\nboot\n"], ids=["linux", "chainloader"])
def test_grub(machine, tmp_path, grub, commands, tables):
    """With ACPI tables, GRUB makes a device tree that says nothing but where the payload is."""
    disk = volume(tmp_path, {"EFI/BOOT/BOOTAA64.EFI": grub, "grub.cfg": commands.encode(),
                             "loader.img": LOADER.read_bytes(), "payload.bin": good_payload(cpus=2)})
    options = "acpi=" + ("on" if tables == "acpi" else "off")
    output = expect_kernel(machine(disk=disk, cpus=2, memory="1G", extra=["-machine", options]), 2,
                           timeout=UEFI_TIMEOUT)
    assert "protocol 5, firmware 2" in output
    assert "by=grub" in output
    assert ("device tree 0x" in output) == (tables == "device-tree")


# --- Measured boot ---


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_tpm(machine, tmp_path, firmware):
    """Measured into, and an index kept that older systems fail by."""
    new = write(tmp_path / "new.bin", p.payload(images(), rollback=3))
    old = write(tmp_path / "old.bin", p.payload(images(), rollback=2))
    options = ["-machine", "acpi=off"]
    with SoftwareTpm(tmp_path / "tpm") as tpm:
        one = machine(payload=new, firmware=firmware, memory="512M", extra=options + tpm.qemu("tpm-tis-device"))
        output = expect_kernel(one, 1, failures=1, timeout=UEFI_TIMEOUT)  # the log makes hardware_info longer
        assert "FAILED: hardware_info" in output
        assert "loader: TPM 2.0 (IBM, FIFO): 8 events measured in PCRs 11 and 12, banks SHA-" in output
        assert "loader: rollback index 3, kept in NV index 0x1a53900 from now on" in output
        one.kill()
        assert tpm.pcr(SHA256, 11) != bytes(32) and tpm.pcr(SHA256, 12) != bytes(32)
    with SoftwareTpm(tmp_path / "tpm") as tpm:
        expect_refused(machine(payload=old, firmware=firmware, memory="512M",
                               extra=options + tpm.qemu("tpm-tis-device")),
                       'system "test" is too old: its rollback index is 2, this machine has started 3',
                       timeout=UEFI_TIMEOUT)


def test_tpm_that_acpi_does_not_locate(machine, tmp_path):
    """QEMU's TPM2 table says how, but only AML says where: nothing is looked for at an address that is a PC's."""
    with SoftwareTpm(tmp_path / "tpm") as tpm:
        output = expect_kernel(machine(payload=payload_for(tmp_path), firmware="uefi", memory="512M",
                                       extra=tpm.qemu("tpm-tis-device")), 1, timeout=UEFI_TIMEOUT)
    assert "the TPM2 table does not say where the TPM is" in output
    assert "no TPM 2.0: nothing is measured" in output
