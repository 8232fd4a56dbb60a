# SPDX-License-Identifier: BSD-2-Clause
"""Random numbers: what the loader finds and says of it, and what programs and guests get of it."""

import re
import subprocess

import pytest

from console import Skyscope
from loader_under_test import LOADER, RAM_START, expect_kernel, images, p, write
from machine import ARCH, BUILD
from payload import KIB
from tpm import SoftwareTpm

CPU, FIRMWARE, TREE, TPM, KASLR, TIMING, MACHINE = (1 << i for i in range(1, 8))
NEVER_CREDITED = TIMING | MACHINE
UEFI_TIMEOUT = 180

SEEDED = [
    p.region("one", 8 * KIB, flags=p.SEED, seed_offset=4 * KIB + 128),
    p.region("two", 64 * KIB, flags=p.SEED, image=2, image_size=50000, seed_offset=60 * KIB - 128),
    p.region("none", 8 * KIB),
]


@pytest.fixture(name="machine")
def machine_with_loader(machine):
    return lambda **arguments: machine(**{"loader": LOADER, "memory": "512M", **arguments})


@pytest.fixture(name="seeded")
def seeded_payload(tmp_path):
    return write(tmp_path / "payload.bin", p.payload(images(SEEDED)))


def found(output):
    """Bits, sources, seeds: {region: (bits, flags, bytes)}."""
    match = re.search(r"random numbers: (\d+) bits, sources ([0-9a-f]+), added ([0-9a-f]+), (\d+) seeds", output)
    bits, sources, added = int(match.group(1)), int(match.group(2), 16), int(match.group(3), 16)
    assert added & NEVER_CREDITED == NEVER_CREDITED and sources & (NEVER_CREDITED | KASLR) == 0
    assert sources & ~added == 0
    seeds = {name: (int(b), int(flags), text) for name, b, flags, text in
             re.findall(r"seed of (\w+): (\d+) bits, flags (\d+), ([0-9a-f]{128})", output)}
    assert int(match.group(4)) == len(seeds) == 2
    assert all(seed[0] == bits for seed in seeds.values())
    assert len({seed[2] for seed in seeds.values()}) == 2
    return bits, sources, added, seeds


def test_each_start_has_other_seeds(machine, seeded):
    seeds = set()
    for _ in range(2):
        bits, sources, _, found_seeds = found(expect_kernel(machine(payload=seeded), 1))
        # The firmware of AArch64's test machine is QEMU itself here, which leaves 32 bytes.
        assert (bits, sources) == ((512, CPU) if ARCH == "x86_64" else (256, TREE))
        assert found_seeds["one"][1] == (1 if ARCH == "x86_64" else 0)
        seeds |= {seed[2] for seed in found_seeds.values()}
    assert len(seeds) == 4


@pytest.mark.skipif(ARCH != "x86_64", reason="processors of x86-64")
@pytest.mark.parametrize("without, bits", [("rdseed", 512), ("rdseed,-rdrand", 0)])
def test_processors_with_less(machine, seeded, without, bits):
    output = expect_kernel(machine(payload=seeded, cpu=f"EPYC,+svm,+npt,-{without}"), 1)
    assert found(output)[:2] == (bits, CPU if bits else 0)
    if bits:
        assert "loader: random numbers: 512 bits, from: processor" in output
    else:
        assert ("loader: warning: no random numbers for programs and guests: 0 bits were found (nobody has any), 256 "
                "are needed") in output


@pytest.mark.skipif(ARCH != "aarch64", reason="a processor of AArch64")
def test_processor_with_an_instruction(machine, seeded):
    output = expect_kernel(machine(payload=seeded, cpu="max"), 1)
    bits, sources, added, seeds = found(output)
    assert (bits, sources, added & KASLR) == (512, CPU | TREE, KASLR)
    assert seeds["one"][1] == 1
    assert "loader: random numbers: 512 bits, from: processor, boot loader's seed" in output


@pytest.mark.skipif(ARCH != "aarch64", reason="with a device tree")
def test_device_tree_without_a_seed(machine, seeded):
    bits, sources, added, _ = found(expect_kernel(machine(payload=seeded, extra=["-machine", "dtb-randomness=off"]), 1))
    assert (bits, sources, added) == (0, 0, NEVER_CREDITED)


@pytest.mark.skipif(ARCH != "aarch64", reason="the loader as a UEFI application")
@pytest.mark.parametrize("device", [True, False])
def test_uefi(machine, seeded, device):
    """AAVMF has EFI_RNG_PROTOCOL where there is a device for it."""
    extra = ["-device", "virtio-rng-pci"] if device else []
    output = expect_kernel(machine(payload=seeded, firmware="uefi", extra=extra), 1, timeout=UEFI_TIMEOUT)
    bits, sources, _, _ = found(output)
    assert (bits, sources) == ((512, FIRMWARE) if device else (0, 0))


def test_tpm(machine, seeded, tmp_path):
    """Worth 256 bits, where there is nothing else."""
    options = {"cpu": "EPYC,+svm,+npt,-rdrand,-rdseed", "device": "tpm-crb", "extra": []} if ARCH == "x86_64" else {
        "device": "tpm-tis-device", "extra": ["-machine", "dtb-randomness=off"]}
    device, extra = options.pop("device"), options.pop("extra")
    with SoftwareTpm(tmp_path / "tpm") as tpm:
        one = machine(payload=seeded, extra=extra + tpm.qemu(device), **options)
        output = expect_kernel(one, 1, failures=1)  # the event log makes hardware_info longer
        assert found(output)[:2] == (256, TPM)
        assert "loader: random numbers: 256 bits, from: TPM" in output
        one.kill()


def memory_of(machine, path):
    machine.qmp("pmemsave", val=RAM_START, size=512 << 20, filename=str(path))
    content = path.read_bytes()
    path.unlink()
    return content


def seed_in_device_tree(memory, directory):
    """What is in the tree that QEMU has made for the loader."""
    tree = directory / "tree.dtb"
    tree.write_bytes(memory[memory.index(b"\xd0\x0d\xfe\xed"):][:2 << 20])
    found_bytes = subprocess.run(["fdtget", "-t", "bx", tree, "/chosen", "rng-seed"], stdout=subprocess.PIPE, check=True,
                                 timeout=60).stdout.split()
    return bytes(int(byte, 16) for byte in found_bytes)


def test_nothing_is_left_in_memory(machine, seeded, tmp_path):
    """The test's kernel has overwritten the seeds. Neither they are anywhere else, nor what they were made from."""
    secrets = []
    one = machine(payload=seeded, extra=["-S"])
    if ARCH == "aarch64":
        seed = seed_in_device_tree(memory_of(one, tmp_path / "memory"), tmp_path)
        assert len(seed) == 32
        secrets = [seed[:8], seed[8:24]]
    one.qmp("cont")
    _, _, _, seeds = found(expect_kernel(one, 1))
    secrets += [bytes.fromhex(seed[2])[:16] for seed in seeds.values()]
    content = memory_of(one, tmp_path / "memory")
    assert b"test kernel: seed of " in content
    assert [secret in content for secret in secrets] == [False] * len(secrets)


# --- Guests ---

EARLY = r"\[ +0\.0+\] random: crng init done"
NO_NUMBERS = "this machine has no random numbers for guests"
# Machines whose processor has no instruction: others have random numbers, or nobody has any.
WITHOUT = {
    "x86_64": {"cpu": "EPYC,+svm,+npt,-rdrand,-rdseed"},
    "aarch64": {"cpu": "cortex-a57", "extra": ["-machine", "dtb-randomness=off"]},
}[ARCH]


def placement(skyscope):
    """Where the guest's kernel put itself and its memory: on x86-64 it has some 500 places for the one, which would meet
    now and then, and 30,000 for the other; on AArch64 millions and one."""
    kernel, memory = skyscope.check_shell("echo 1 > /proc/sys/kernel/kptr_restrict; grep ' _stext$' /proc/kallsyms; "
                                          "head -n 1 /proc/vmallocinfo").splitlines()
    return kernel.split()[0], memory.split("-")[0]


def test_guests_have_random_numbers_from_the_start():
    """Two VMs, and one of them reset: each time other numbers."""
    with Skyscope("entropy-duo", payload=BUILD / "systems/duo/payload.bin") as skyscope:
        skyscope.expect_shell("first")
        assert re.search(EARLY, skyscope.check_shell("dmesg"))
        places = [placement(skyscope)]
        last = skyscope.boot_id()
        skyscope.to_manager()
        assert re.search(r"random numbers \d+ bits credited to: ", skyscope.manager("hardware platform"))
        skyscope.manager("reset first")
        skyscope.expect_new_boot(0, "first", last)
        assert re.search(EARLY, skyscope.check_shell("dmesg"))
        places.append(placement(skyscope))
        skyscope.to_console(1, "second")
        skyscope.expect_shell("second")
        assert re.search(EARLY, skyscope.check_shell("dmesg"))
        places.append(placement(skyscope))
    assert len(set(places)) == 3, places


def test_guests_without_random_numbers():
    """Nothing that looks like some is given to them; everything else works."""
    with Skyscope("entropy-none", payload=BUILD / "systems/linux/payload.bin", **WITHOUT) as skyscope:
        skyscope.expect_shell("linux")
        assert not re.search(EARLY, skyscope.check_shell("dmesg"))
        skyscope.to_manager()
        assert "random numbers 0 bits credited; added" in skyscope.manager("hardware platform")
        assert skyscope.manager("log linux").count(NO_NUMBERS) == 1


@pytest.mark.skipif(ARCH != "x86_64", reason="a place for a TPM that is known without a device tree")
def test_guests_with_numbers_of_a_tpm(tmp_path):
    """Neither host nor guest has an instruction: what the guest has came from the TPM."""
    with SoftwareTpm(tmp_path / "tpm") as tpm:
        with Skyscope("entropy-tpm", payload=BUILD / "systems/linux/payload.bin", extra=tpm.qemu("tpm-crb"),
                      **WITHOUT) as skyscope:
            skyscope.expect_text("random numbers: 256 bits, from: TPM", 60)
            skyscope.expect_shell("linux")
            assert re.search(EARLY, skyscope.check_shell("dmesg"))
            skyscope.kill()
