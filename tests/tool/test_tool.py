# SPDX-License-Identifier: BSD-2-Clause
"""The tool's commands, from outside: what is refused, images, and the command line itself."""

import html
import pathlib
import random
import re

import pytest

from descriptions import PLAIN

HERE = pathlib.Path(__file__).parent
BROKEN = sorted((HERE / "broken").glob("*.system"))
COMMANDS = ["check", "expand", "build", "iso", "disk", "run", "keygen", "sign", "verify", "rotate", "provision", "open",
            "replace", "inspect"]


# --- broken descriptions ---

def test_there_are_enough_broken_descriptions():
    assert len(BROKEN) >= 60


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.stem)
def test_broken_description(tool, path):
    """Each comment <!-- expect LINE: TEXT --> is one error, and there is no other."""
    expected = [(int(line), html.unescape(text))
                for line, text in re.findall(r"<!-- expect (\d+): (.*) -->", path.read_text(encoding="utf-8"))]
    result = tool.check(path)
    found = []
    for line in result.stderr.splitlines():
        match = re.match(re.escape(str(path)) + r":(\d+): error: (.*)", line)
        if match:
            found.append((int(match[1]), match[2]))
    assert result.returncode == 1, result.stderr
    assert expected
    missing = [e for e in expected if not any(f[0] == e[0] and e[1] in f[1] for f in found)]
    assert not missing and len(found) == len(expected), result.stderr
    assert found == sorted(found, key=lambda f: f[0])
    for _, text in found:
        assert re.search(r"[;?]", text), f"no remedy: {text}"
    assert "Traceback" not in result.stderr and "Sanitizer" not in result.stderr


def test_warnings_are_no_errors(tool):
    path = tool.write("""<system>
    <memory_region name="a" size="0x1000" />
    <protection_domain name="one" passive="true"><program_image path="program.elf" /></protection_domain>
</system>""")
    result = tool.check(path)
    assert result.returncode == 0
    assert ":2: warning: " in result.stderr and "is mapped nowhere" in result.stderr
    assert ":3: warning: " in result.stderr and "nobody calls it" in result.stderr


def test_too_much_memory(tool):
    path = tool.write('<system>\n<vm name="g" memory="512MiB"><kernel path="vmlinuz" /></vm>\n</system>')
    assert tool.check(path, "--memory", "1G").returncode == 0
    result = tool.check(path, "--memory", "256M")
    assert result.returncode == 1
    assert re.search(r":2: error: the system needs about \d+ MiB of memory and the machine has 256 MiB", result.stderr)


def test_too_many_cpus(tool):
    path = tool.write('<system>\n<vm name="g" memory="64MiB" cpus="0,3"><kernel path="vmlinuz" /></vm>\n</system>')
    assert tool.check(path, "--cpus", "4").returncode == 0
    result = tool.check(path, "--cpus", "3")
    assert result.returncode == 1
    assert ":2: error: protection domain 'g_vmm' runs on CPU 3 and the machine has 3; use 0 to 2" in result.stderr


def test_missing_file(tool):
    result = tool.check("nowhere.system")
    assert result.returncode == 1
    assert "nowhere.system: error: the file cannot be read: No such file or directory" in result.stderr


def test_too_many_elements(tool):
    path = tool.write("<system>" + "<memory_region />" * 30000 + "</system>")
    result = tool.check(path)
    assert result.returncode == 1 and "more than 20000 elements" in result.stderr


def test_too_large(tool):
    path = tool.write("<system>" + " " * 0x400001 + "</system>")
    result = tool.check(path)
    assert result.returncode == 1 and "more than 4 MiB" in result.stderr


def test_deep_nesting(tool):
    path = tool.write("<system>" + "<protection_domain>" * 5000 + "</protection_domain>" * 5000 + "</system>")
    assert tool.check(path).returncode == 1


def test_control_characters_do_not_reach_the_terminal(tool):
    path = tool.write('<system>\n<memory_region name="a&#10;b&#9;c" size="&#x7f;&#10;" />\n</system>')
    result = tool.check(path)
    assert result.returncode == 1
    assert all(" " <= c <= "~" or c == "\n" for c in result.stderr)


def test_damaged_descriptions_do_not_crash(tool):
    generator = random.Random(1)
    for path in generator.sample(BROKEN, 40):
        text = bytearray(path.read_bytes())
        for _ in range(generator.randint(1, 8)):
            at = generator.randrange(len(text))
            if generator.random() < 0.5:
                text[at] = generator.randrange(256)
            else:
                del text[at:at + generator.randint(1, 30)]
        (tool.directory / "damaged.system").write_bytes(text)
        assert tool.check("damaged.system").returncode in (0, 1)


# --- iso and run ---

def test_iso_without_grub(tool):
    tool.build(PLAIN)
    result = tool.run("iso", "--loader", tool.files / "kernel.elf", "payload.bin", environment={"PATH": "/nowhere"})
    assert result.returncode == 1
    assert "'grub-mkimage' is missing; install the package grub-common" in result.stderr


def test_iso(tool):
    tool.build(PLAIN)
    result = tool.run("iso", "--loader", tool.files / "kernel.elf", "-o", "test.iso", "payload.bin")
    assert result.returncode == 0, result.stderr
    image = (tool.directory / "test.iso").read_bytes()
    assert image[16 * 2048 + 1:16 * 2048 + 6] == b"CD001"      # ISO 9660
    assert image[510:512] == b"\x55\xaa"                       # boots from a stick too
    assert b"EFI PART" in image[:4096]
    assert (tool.directory / "payload.bin").read_bytes() in image
    assert b"multiboot2 (memdisk)/boot/loader.elf" in image  # in GRUB's image for UEFI, which is not compressed
    command = tool.run("run", "--dry-run", "--firmware", "uefi", "--cpus", "4", "--memory", "1G", "test.iso").stdout
    assert "-smp 4 -m 1024M" in command and "OVMF_CODE" in command and re.search(r"media=cdrom,\S*file=test.iso", command)
    assert tool.run("run", "--kernel-direct", "test.iso").returncode == 2
    assert "test.iso.new" not in [p.name for p in tool.directory.iterdir()]


def test_iso_of_a_system_file(tool):
    path = tool.write(PLAIN)
    result = tool.run("iso", "-q", "-s", tool.files, "--kernel-image", tool.files / "kernel.elf", "--loader",
                      tool.files / "kernel.elf", path)
    assert result.returncode == 0, result.stderr
    assert (tool.directory / "test.iso").exists()
    result = tool.run("iso", "-s", tool.files, "--loader", tool.files / "kernel.elf", tool.write("<system/>"))
    assert result.returncode == 1 and "neither <protection_domain> nor <vm>" in result.stderr


def test_run_command(tool):
    tool.build(PLAIN)
    result = tool.run("run", "--dry-run", "--loader", tool.files / "kernel.elf", "payload.bin", "--", "-s", "-S")
    assert result.returncode == 0
    assert result.stdout.startswith("qemu-system-x86_64 -accel tcg -machine q35 -cpu EPYC,+svm,+npt -smp 2 -m 2048M ")
    assert result.stdout.rstrip().endswith("-initrd payload.bin -s -S")
    assert tool.run("run", "--firmware", "uefi", "payload.bin").returncode == 2
    result = tool.run("run", "--loader", "nowhere", "payload.bin")
    assert result.returncode == 1 and "loader 'nowhere' cannot be read: No such file" in result.stderr
    (tool.directory / "other").write_bytes(b"x" * 100)
    result = tool.run("run", "other")
    assert result.returncode == 1 and "neither an image nor a payload" in result.stderr


# --- the command line ---

@pytest.mark.parametrize("command", COMMANDS)
def test_help(tool, command):
    result = tool.run(command, "--help")
    assert result.returncode == 0 and result.stdout.startswith(f"Usage: skyscope {command}") and result.stderr == ""


def test_general_help_and_version(tool):
    result = tool.run("--help")
    assert result.returncode == 0 and all(f"  {command} " in result.stdout for command in COMMANDS)
    assert re.fullmatch(r"skyscope \d+\.\d+\.\d+\n", tool.run("--version").stdout)
    assert tool.run().returncode == 2


@pytest.mark.parametrize("arguments", [
    ["frobnicate"], ["check"], ["check", "a", "b"], ["check", "--frobnicate", "a"], ["check", "--memory", "lots", "a"],
    ["check", "--memory", "0", "a"], ["build"], ["build", "--rollback-index", "x", "a"], ["build", "-o"], ["expand"],
    ["iso"], ["iso", "--timeout", "x", "a"], ["run"], ["run", "--cpus", "0", "a"], ["run", "--cpus", "33", "a"],
    ["run", "--memory", "1M", "a"], ["run", "--firmware", "coreboot", "a"], ["run", "a", "b"], ["inspect"],
    ["inspect", "a", "b"], ["inspect", "--yaml", "a"],
], ids=" ".join)
def test_wrong_command_lines(tool, arguments):
    result = tool.run(*arguments)
    assert result.returncode == 2
    assert "--help'" in result.stderr


def test_quiet(tool):
    path = tool.write(PLAIN)
    assert tool.run("check", "-q", "-s", tool.files, path).stdout == ""
    assert tool.run("build", "-q", "-s", tool.files, "--kernel-image", tool.files / "kernel.elf", path).stdout == ""
    assert (tool.directory / "test.payload").exists()


def test_files_beside_the_system_file_are_found(tool):
    for name in ("program.elf", "data.bin"):
        (tool.directory / name).write_bytes((tool.files / name).read_bytes())
    tool.write(PLAIN)
    assert tool.run("check", "test.system").returncode == 0
    assert tool.run("check", "./test.system").returncode == 0


# --- manual, completion and man page name every option ---

@pytest.mark.parametrize("path", ["docs/manual.md", "tool/skyscope.1", "tool/skyscope.bash"])
def test_every_option_is_documented(tool, path):
    text = (HERE.parents[1] / path).read_text(encoding="utf-8").replace("\\-", "-")
    for command in COMMANDS:
        assert command in text
        for option in re.findall(r"--[a-z-]+", tool.run(command, "--help").stdout):
            assert option in text, f"{command} {option}"
