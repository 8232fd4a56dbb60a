# SPDX-License-Identifier: BSD-2-Clause
"""Systems on seL4: what they expand to, what is refused, and what the Microkit's own tool makes of them.

The tests that build need an SDK: MICROKIT_SDK names its directory. Without one they are skipped.
"""

import os
import pathlib
import struct
import xml.etree.ElementTree as ElementTree

import pytest

from conftest import Tool
from elf_maker import AARCH64
from descriptions import MICROKIT

SDK = os.environ.get("MICROKIT_SDK")
BOARD = "qemu_virt_aarch64"
NEEDS_SDK = pytest.mark.skipif(not SDK, reason="MICROKIT_SDK names no SDK of the Microkit")
VM = '<system>\n<vm name="g" memory="64MiB"{}><kernel path="vmlinuz" /><initrd path="initrd.img" /></vm>\n{}</system>'


@pytest.fixture
def arm(files, tmp_path):
    return Tool(files / "aarch64", tmp_path)


def expand(tool, text, *options, board=BOARD):
    path = tool.write(text)
    result = tool.run("expand", "--kernel", "sel4", "--board", board, "-s", tool.files, "-o", "out", *options, path)
    assert result.returncode == 0, result.stderr
    return ElementTree.fromstring((tool.directory / "out/test.system").read_text(encoding="utf-8"))


def check(tool, text, *options, board=BOARD):
    return tool.check(tool.write(text), "--kernel", "sel4", "--board", board, *options)


def refused(result, line, message):
    assert result.returncode == 1
    errors = [text for text in result.stderr.splitlines() if ": error: " in text]
    assert len(errors) == 1 and f":{line}: error: " in errors[0] and message in errors[0], result.stderr
    assert ";" in errors[0]


def find(root, element, **attributes):
    return next(e for e in root.iter(element) if all(e.get(k) == v for k, v in attributes.items()))


# What the Microkit has on Arm and not on x86-64 (manual, chapter "System Description File").
ARM = {"irq": {"irq", "id", "trigger", "setvar_id"}, "virtual_machine": {"name", "priority", "budget", "period"}}


@pytest.mark.parametrize("board", [BOARD, "x86_64_generic_vtx"])
def test_nothing_but_the_microkits(files, tmp_path, board):
    tool = Tool(files / "aarch64" if board == BOARD else files, tmp_path)
    root = expand(tool, VM.format("", ""), board=board)
    known = {**MICROKIT, **ARM} if board == BOARD else MICROKIT
    for element in root.iter():
        assert element.tag in known
        assert set(element.keys()) <= known[element.tag], (element.tag, element.attrib)
    for region in root.iter("memory_region"):
        assert int(region.get("page_size", "0x1000"), 0) in (0x1000, 0x200000)
        path = region.get("prefill_path")
        assert path is None or (tool.directory / "out" / path).exists() or (tool.files / path).exists()


def test_places_of_the_board(arm):
    root = expand(arm, VM.format("", ""))
    assert find(root, "memory_region", name="serial_registers").get("phys_addr") == "0x9000000"
    irq = find(root, "protection_domain", name="serial_driver").find("irq")
    assert (irq.get("irq"), irq.get("trigger")) == ("33", None)
    gicv = find(root, "memory_region", name="virtual_cpu_interface")
    assert (gicv.get("phys_addr"), gicv.get("size")) == ("0x8040000", "0x2000")
    assert find(root, "map", mr="virtual_cpu_interface").get("vaddr") == "0x8010000"


def test_what_our_kernel_provides_is_not_there(arm):
    root = expand(arm, VM.format(' vcpus="2" cpus="0,0"', ""))
    regions = {region.get("name") for region in root.iter("memory_region")}
    assert not regions & {"hardware", "statistics", "kernel_log", "g_vcpu_pages"} and "g_ram" in regions
    # The manager's configuration block says so: behind the queue pair of its console.
    block = (arm.directory / "out/manager_config.bin").read_bytes()
    assert struct.unpack_from("<3Q", block, struct.calcsize("<QII4Q4I")) == (0, 0, 0)


def test_timer_driver(arm):
    root = expand(arm, VM.format("", ""))
    driver = find(root, "protection_domain", name="timer_driver")
    irq = driver.find("irq")
    assert (irq.get("irq"), irq.get("trigger"), irq.get("setvar_id")) == ("30", None, "timer_interrupt")
    priorities = {pd.get("name"): int(pd.get("priority")) for pd in root.iter("protection_domain")}
    clients = {}
    for channel in root.iter("channel"):
        ends = {end.get("pd"): end for end in channel.iter("end")}
        server = ends.pop("timer_driver", None)
        if server is not None:
            (name, end), = ends.items()
            assert (end.get("pp"), end.get("setvar_id")) == ("true", "skyscope_timer_channel")
            assert server.get("pp") is None and priorities[name] < priorities["timer_driver"]
            clients[server.get("id")] = name
    assert set(clients.values()) == {"console", "manager", "g_vmm"} and irq.get("id") not in clients


def test_systems_without_vms_have_no_timer_driver(arm):
    root = expand(arm, PD.format("", "", ""))
    assert [pd.get("name") for pd in root.iter("protection_domain")] == ["a"]


def test_guests_call_psci_by_smc(arm):
    """HVC is a system call of seL4."""
    expand(arm, VM.format("", ""))
    tree = (arm.directory / "out/g_gicv2.dtb").read_bytes()
    assert b"smc\0" in tree and b"hvc\0" not in tree


def test_guest_images_are_given_away_as_they_lie(arm):
    """In small pages the Microkit's initialiser has nothing to inflate; but of those there is a limited number."""
    with open(arm.directory / "large.img", "wb") as large:
        large.truncate(0x10000000)
    root = expand(arm, VM.format("", "").replace("64MiB", "512MiB").replace('"vmlinuz"', '"vmlinuz" packed="false"')
                  .replace('"initrd.img"', '"large.img" packed="false"'))
    sizes = {name: [int(find(root, "memory_region", name=name).get(key), 0) for key in ("page_size", "size")]
             for name in ("g_kernel", "g_initrd")}
    assert sizes["g_kernel"] == [0x1000, 0x10000] and sizes["g_initrd"] == [0x200000, 0x10000000]
    for name in sizes:
        assert int(find(root, "map", mr=name).get("vaddr"), 0) % 0x200000 == 0


@pytest.mark.parametrize("given, monitor, vcpu", [(100, 100, 99), (1, 1, 0), (0, 1, 0)])
def test_a_monitor_is_above_its_vcpus(arm, given, monitor, vcpu):
    root = expand(arm, VM.format(f' priority="{given}" budget="300" period="900"', ""))
    vm = find(root, "virtual_machine", name="g")
    assert find(root, "protection_domain", name="g_vmm").get("priority") == str(monitor)
    assert (vm.get("priority"), vm.get("budget"), vm.get("period")) == (str(vcpu), "300", "900")


def test_x86_console(tool):
    root = expand(tool, VM.format("", ""), board="x86_64_generic_vtx")
    irq = find(root, "irq")
    # A level: seL4 masks an interrupt until its driver has seen it, and an edge of that time would be lost.
    assert (irq.get("pin"), irq.get("trigger"), irq.get("polarity")) == ("4", None, None)
    assert (find(root, "ioport").get("addr"), find(root, "ioport").get("size")) == ("0x3f8", "8")
    vm = find(root, "virtual_machine", name="g")
    assert set(vm.keys()) == {"name"}
    assert not [r for r in root.iter("memory_region") if "cpu_interface" in r.get("name")]


def test_x86_timers(tool):
    """HPET or interval timer, at the same pin; and how fast the TSC is, for all that look at it."""
    root = expand(tool, VM.format("", ""), board="x86_64_generic_vtx")
    driver = find(root, "protection_domain", name="timer_driver")
    irq, port = driver.find("irq"), driver.find("ioport")
    assert (irq.get("pin"), irq.get("trigger"), irq.get("setvar_id")) == ("2", "edge", "timer_interrupt")
    assert (port.get("addr"), port.get("size"), port.get("setvar_id")) == ("0x40", "4", "timer_ports")
    assert find(root, "memory_region", name="hpet").get("phys_addr") == "0xfed00000"
    hpet = find(driver, "map", mr="hpet")
    assert (hpet.get("perms"), hpet.get("cached"), hpet.get("setvar_vaddr")) == ("rw", "false", "timer_hpet")
    assert find(root, "memory_region", name="tsc_information").get("prefill_bootinfo") == "x86_tsc_freq"
    told = {pd.get("name") for pd in root.iter("protection_domain") for m in pd.findall("map")
            if (m.get("mr"), m.get("perms"), m.get("setvar_vaddr")) == ("tsc_information", "r", "skyscope_tsc_information")}
    assert told == {"timer_driver", "console", "manager", "g_vmm"}
    assert not [pd for pd in root.iter("protection_domain") if pd.get("fpu")]  # the Microkit's library needs it


# --- what a Microkit system cannot be ---

PD = '<system>\n<protection_domain name="a"{}><program_image path="program.elf" />\n{}</protection_domain>\n{}</system>'
REGION = '<memory_region name="r"{} />'
MAP = '<map mr="r" vaddr="0x40000000" perms="r" />'


@pytest.mark.parametrize("text, line, message", [
    (PD.format(' system_control="true"', "", ""), 2, "system_control: on seL4 no program can power the machine off"),
    (PD.format("", MAP, REGION.format(' source="hardware"')), 4, "only Skyscope's own kernel does"),
    (PD.format("", MAP, REGION.format(' source="statistics"')), 4, "only Skyscope's own kernel does"),
    (PD.format("", MAP, REGION.format(' source="kernel_log"')), 4, "only Skyscope's own kernel does"),
    (PD.format("", MAP, REGION.format(' size="1GiB" page_size="1GiB"')), 4, "pages of 4 KiB and 2 MiB"),
    (VM.format(' vcpus="9"', ""), 2, "has 9 vCPUs and on seL4, board qemu_virt_aarch64, can have 8: its GICv2"),
    (VM.format("", "").replace('path="vmlinuz"', 'path="vmlinuz" unsigned="true"'), 2, "is unsigned: on seL4 all"),
])
def test_refused(arm, text, line, message):
    refused(check(arm, text), line, message)


def test_vms_of_one_own_are_refused_too(tool):
    text = PD.format("", '<virtual_machine name="v"><vcpu id="0" /><vcpu id="1" /></virtual_machine>', "")
    result = check(tool, text, board="x86_64_generic_vtx")
    assert result.returncode == 1 and "has 2 vCPUs and on seL4, board x86_64_generic_vtx, can have 1" in result.stderr


def test_smp_guests_on_x86(tool):
    assert check(tool, VM.format("", ""), board="x86_64_generic_vtx").returncode == 0
    refused(check(tool, VM.format(' vcpus="2"', ""), board="x86_64_generic_vtx"), 2,
            "has 2 vCPUs and on seL4, board x86_64_generic_vtx, can have 1: the Microkit has one vCPU")


def test_vms_on_one_cpu_on_x86(tool):
    """seL4 does not switch CR2."""
    second = '<vm name="h" memory="64MiB" cpus="{}"><kernel path="vmlinuz" /></vm>\n'
    refused(check(tool, VM.format("", second.format(0)), board="x86_64_generic_vtx"), 3,
            "virtual machines 'g' and 'h' are both on CPU 0, where seL4 on x86-64 mixes up")
    assert check(tool, VM.format("", second.format(1)), board="x86_64_generic_vtx").returncode == 0


def test_vms_on_one_cpu_on_aarch64(arm):
    second = '<vm name="h" memory="64MiB"><kernel path="vmlinuz" /></vm>\n'
    assert check(arm, VM.format("", second)).returncode == 0


def test_isa_interrupts(tool):
    refused(check(tool, PD.format("", '<irq id="1" pin="4" vector="3" legacy="true" />', ""),
                  board="x86_64_generic_vtx"), 3, "the Microkit knows pins of IOAPICs only")


def test_sealed_logs(arm):
    result = arm.run("keygen", "--operator", "--quiet", "--development", "operator")
    assert result.returncode == 0, result.stderr
    refused(check(arm, VM.format("", '<operator key="operator/operator.pub" />')), 3, "on seL4 there is nothing to seal")


@pytest.mark.parametrize("arguments, message", [
    (["--kernel", "linux"], "--kernel 'linux' is not known; use skyscope or sel4"),
    (["--sdk", "somewhere"], "add --kernel sel4"),
    (["--board", BOARD], "add --kernel sel4"),
    (["--kernel", "sel4"], "choose qemu_virt_aarch64 or x86_64_generic_vtx with --board"),
    (["--kernel", "sel4", "--board", "toaster"], "board 'toaster' is not known"),
    (["--kernel", "sel4", "--board", BOARD, "--arch", "x86_64"], "is for AArch64, and --arch asks for x86-64"),
])
def test_wrong_options(arm, arguments, message):
    for command in ("check", "expand", "build"):
        result = arm.run(command, *arguments, arm.write(VM.format("", "")))
        assert result.returncode == 2 and message in result.stderr, result.stderr


def test_options_of_build(arm):
    path = arm.write(VM.format("", ""))
    for arguments, message in ((["--kernel", "sel4", "--board", BOARD], "--sdk DIR is missing"),
                               (["--microkit-image", "x"], "--microkit-image is for seL4"),
                               (["--kernel", "sel4", "--board", BOARD, "--kernel-image", "x"], "the SDK has the kernel")):
        result = arm.run("build", *arguments, path)
        assert result.returncode == 2 and message in result.stderr


def test_arch_chooses_the_board(arm):
    path = arm.write(VM.format("", ""))
    result = arm.run("check", "--kernel", "sel4", "--arch", "aarch64", "-s", arm.files, path)
    assert result.returncode == 0, result.stderr


# --- SDKs ---

def make_sdk(directory, script, cpus=1, configuration="release"):
    """The parts of an SDK that the tool looks at."""
    kernel = directory / "board" / BOARD / configuration / "include/kernel"
    kernel.mkdir(parents=True)
    (kernel / "gen_config.h").write_text(f"#define CONFIG_ARM_HYPERVISOR_SUPPORT  1\n#define CONFIG_MAX_NUM_NODES  {cpus}\n")
    (directory / "bin").mkdir(exist_ok=True)
    program = directory / "bin/microkit"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return directory


def build(tool, sdk, *options):
    return tool.run("build", "--kernel", "sel4", "--sdk", sdk, "-s", tool.files, "-o", "out.payload", *options,
                    tool.write(VM.format("", "")))


def test_no_sdk(arm):
    (arm.directory / "empty").mkdir()
    result = build(arm, "empty", "--board", BOARD)
    assert result.returncode == 1 and "'empty' is no SDK of the Microkit: it has no bin/microkit" in result.stderr
    result = build(arm, make_sdk(arm.directory / "sdk", "exit 0"), "--config", "debug", "--board", BOARD)
    assert result.returncode == 1 and "has no board qemu_virt_aarch64 with configuration debug" in result.stderr
    result = build(arm, arm.directory / "sdk", "--board", "x86_64_generic_vtx")
    assert result.returncode == 1 and "has no board x86_64_generic_vtx" in result.stderr


def test_the_microkits_tool_fails(arm):
    for number, (script, message) in enumerate((("echo 'microkit: error: oh' >&2; exit 3", "failed with status 3"),
                                                ("exit 0", "made no usable"),
                                                ("kill -9 $$", "failed with status 137"))):
        result = build(arm, make_sdk(arm.directory / f"sdk{number}", script))
        assert result.returncode == 1 and message in result.stderr, result.stderr
        assert not (arm.directory / "out.payload").exists()
    assert "microkit: error: oh" in build(arm, arm.directory / "sdk0").stderr


def test_cpus_of_the_sdk(arm):
    sdk = make_sdk(arm.directory / "sdk", "exit 0")
    text = VM.format(' cpus="1"', "")
    result = check(arm, text, "--sdk", sdk)
    refused(result, 2, "'g' would run on CPU 1, and the SDK's kernel (qemu_virt_aarch64, release) runs on 1; use lower")
    assert check(arm, text).returncode == 0
    more = make_sdk(sdk, "exit 0", cpus=4, configuration="smp-release")
    assert check(arm, text, "--sdk", more, "--config", "smp-release").returncode == 0


# In place of the SDK's tool: keeps what it was given, and makes an image.
KEEPER = """cp "$1" '{0}/given.system'
echo "$@" >'{0}/given'
while [ "$1" != --output ]; do shift; done
cp '{1}' "$2"
"""


def keeper(tool):
    return make_sdk(tool.directory / "sdk", KEEPER.format(tool.directory, tool.files / "program.elf"))


def test_what_the_microkits_tool_is_given(arm):
    result = build(arm, keeper(arm), "--microkit-image", "image.elf")
    assert result.returncode == 0, result.stderr
    words = (arm.directory / "given").read_text().split()
    assert words[1:7] == ["--board", BOARD, "--config", "release", "--image-type", "elf"]
    assert words[-2] == "--search-path" and pathlib.Path(words[0]).parent == pathlib.Path(words[-1])
    root = ElementTree.fromstring((arm.directory / "given.system").read_text())
    # Files of the search path by where they were found, those that were made beside the description.
    assert find(root, "memory_region", name="g_initrd").get("prefill_path") == str(arm.files / "initrd.img")
    assert find(root, "memory_region", name="g_kernel").get("prefill_path") == "g_kernel.lz4"
    assert find(root, "memory_region", name="g_config").get("prefill_path") == "g_config.bin"
    assert {e.get("path") for e in root.iter("program_image")} == {
        str(arm.files / name) for name in ("serial_driver.elf", "console.elf", "manager.elf", "vmm.elf",
                                         "timer_driver.elf")}
    assert not pathlib.Path(words[-1]).exists()  # nothing temporary stays
    image = (arm.files / "program.elf").read_bytes()
    assert (arm.directory / "image.elf").read_bytes() == image
    payload = (arm.directory / "out.payload").read_bytes()
    assert payload[4096:4096 + len(image)] == image


def test_run(arm):
    assert build(arm, keeper(arm), "--microkit-image", "image.elf").returncode == 0
    for arguments, end in ((["image.elf"], "-kernel image.elf"),
                           (["--loader", arm.files / "loader.img", "out.payload"], "-initrd out.payload")):
        result = arm.run("run", "--dry-run", *arguments)
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith("qemu-system-aarch64 -accel tcg -machine virt,virtualization=on,gic-version=2 -cpu "
                                        "cortex-a53 ")
        assert result.stdout.rstrip().endswith(end)
    result = arm.run("run", "--dry-run", "--firmware", "uefi", "image.elf")
    assert result.returncode == 2 and "is a Microkit's image" in result.stderr


def test_run_of_other_elf_files(tool):
    result = tool.run("run", "--dry-run", tool.files / "program.elf")
    assert result.returncode == 1 and "is not for AArch64; on x86-64 seL4 and its boot module are two" in result.stderr
    result = tool.run("run", "--dry-run", tool.files / "i386.elf")
    assert result.returncode == 1 and "cannot be used: it is neither for x86-64 nor for AArch64" in result.stderr


def test_inspect(arm):
    """Another kernel's payload has nothing of ours in it."""
    assert build(arm, keeper(arm)).returncode == 0
    text = arm.run("inspect", "out.payload")
    assert text.returncode == 0 and "foreign-kernel" in text.stdout and "plan of" not in text.stdout


# --- a real one ---

@NEEDS_SDK
def test_payload_of_a_real_sdk(arm):
    result = build(arm, pathlib.Path(SDK).resolve(), "--board", BOARD, "--microkit-image", "image.elf")
    assert result.returncode == 0, result.stderr
    assert "seL4, board qemu_virt_aarch64, configuration release; 5 protection domains" in result.stdout
    image = (arm.directory / "image.elf").read_bytes()
    assert image[:4] == b"\x7fELF" and struct.unpack_from("<H", image, 18) == (AARCH64,)
    assert image in (arm.directory / "out.payload").read_bytes()
    keys = ("keygen", "--quiet", "--development", "keys")
    for command in (keys, ("sign", "--quiet", "--keys", "keys", "--output", "signed", "out.payload"),
                    ("verify", "--trust", "keys/system.trust", "signed")):
        result = arm.run(*command)
        assert result.returncode == 0, result.stdout + result.stderr
    text = arm.run("inspect", "signed")
    assert text.returncode == 0 and "foreign-kernel" in text.stdout, text.stdout + text.stderr
    result = arm.run("run", "--dry-run", "--loader", arm.files / "loader.img", "signed")
    assert result.returncode == 0 and result.stdout.startswith("qemu-system-aarch64 "), result.stderr
    # The same input gives the same bytes.
    first = (arm.directory / "out.payload").read_bytes()
    assert build(arm, pathlib.Path(SDK).resolve(), "--board", BOARD).returncode == 0
    assert (arm.directory / "out.payload").read_bytes() == first


@NEEDS_SDK
def test_what_the_real_tool_refuses_is_told(arm):
    """A description that is right to us and not to the Microkit: its own words are shown."""
    path = arm.write(PD.format("", MAP.replace("0x40000000", "0x200000"), REGION.format(' size="0x1000"')))
    result = arm.run("build", "--kernel", "sel4", "--sdk", SDK, "--board", BOARD, "-s", arm.files, path)
    assert result.returncode == 1 and "overlap" in result.stderr
    assert "the Microkit's tool (" in result.stderr and "its messages are above" in result.stderr
