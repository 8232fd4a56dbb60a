# SPDX-License-Identifier: BSD-2-Clause
"""Device trees of AArch64 guests: valid to dtc, right in what they say, and enough for Linux to find everything."""

import re
import subprocess

import pytest

from conftest import ROOT, Tool

LINUX = ROOT / "build/aarch64/guest/vmlinuz"


class Node:
    """A node of what dtc prints."""

    def __init__(self):
        self.properties, self.children = {}, {}

    def __getitem__(self, path):
        node = self
        for name in path.split("/"):
            node = node.children[name]
        return node

    def cells(self, name):
        text = self.properties[name]
        assert text.startswith("<") and text.endswith(">")
        return [int(word, 0) for word in text[1:-1].split()]

    def texts(self, name):
        return self.properties[name].strip('"').split(r"\0")

    def nodes(self):
        yield self
        for child in self.children.values():
            yield from child.nodes()


def parse(source):
    stack = [Node()]
    for line in source.splitlines():
        line = line.strip()
        if line.endswith("{"):
            node = Node()
            stack[-1].children[line[:-1].strip()] = node
            stack.append(node)
        elif line == "};":
            stack.pop()
        elif line.endswith(";") and len(stack) > 1:
            name, _, value = line[:-1].partition(" = ")
            stack[-1].properties[name] = value
    return stack[0].children["/"]


def trees(tool, element):
    """Source of the trees, by GIC version."""
    path = tool.write(f"<system>{element}</system>")
    result = tool.run("expand", "--arch", "aarch64", "-s", tool.files, "-o", "out", path)
    assert result.returncode == 0, result.stderr
    found = {}
    for version in (2, 3):
        file = tool.directory / f"out/g_gicv{version}.dtb"
        if file.exists():
            result = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", file], capture_output=True,
                                    text=True, check=False)
            assert result.returncode == 0 and result.stderr == "", result.stderr
            found[version] = parse(result.stdout)
    return found


@pytest.fixture
def arm(files, tmp_path):
    return Tool(files / "aarch64", tmp_path)


@pytest.fixture
def small(arm):
    return trees(arm, '<vm name="g" memory="64MiB" vcpus="2"><kernel path="vmlinuz" /></vm>')


def test_memory(arm):
    for size, cells in (("64MiB", [0, 0x40000000, 0, 64 << 20]), ("6GiB", [0, 0x40000000, 1, 0x80000000])):
        for tree in trees(arm, f'<vm name="g" memory="{size}"><kernel path="vmlinuz" /></vm>').values():
            node = tree["memory@40000000"]
            assert node.texts("device_type") == ["memory"] and node.cells("reg") == cells


@pytest.mark.parametrize("count", [1, 2, 8, 9, 16])
def test_cpus(arm, count):
    found = trees(arm, f'<vm name="g" memory="64MiB" vcpus="{count}"><kernel path="vmlinuz" /></vm>')
    assert set(found) == ({2, 3} if count <= 8 else {3})
    for version, tree in found.items():
        cpus = [node for name, node in tree["cpus"].children.items() if name.startswith("cpu@")]
        assert [node.cells("reg") for node in cpus] == [[i] for i in range(count)]
        assert all(node.texts("enable-method") == ["psci"] and node.texts("device_type") == ["cpu"] for node in cpus)
        if version == 3:
            assert tree["interrupt-controller@8000000"].cells("reg")[4:] == [0, 0x80A0000, 0, 0x20000 * count]
        else:
            # Each of the timer's interrupts is private to these CPUs.
            assert {cell >> 8 for cell in tree["timer"].cells("interrupts")[2::3]} == {(1 << count) - 1}


def test_psci_and_timer(small):
    for tree in small.values():
        assert tree["psci"].texts("compatible") == ["arm,psci-1.0", "arm,psci-0.2"]
        assert tree["psci"].texts("method") == ["hvc"]
        cells = tree["timer"].cells("interrupts")
        assert cells[0::3] == [1, 1, 1, 1] and [n + 16 for n in cells[1::3]] == [29, 30, 27, 26]


def test_devices_on_mmio_have_their_nodes(arm):
    found = trees(arm, """<vm name="g" memory="64MiB"><kernel path="vmlinuz" />
        <rng bus="virtio-mmio" /><rng bus="virtio-mmio-legacy" /></vm>""")
    for tree in found.values():
        nodes = {name: node for name, node in tree.children.items() if name.startswith("virtio_mmio@")}
        assert list(nodes) == ["virtio_mmio@a000000", "virtio_mmio@a000200"]
        second = nodes["virtio_mmio@a000200"]
        assert second.texts("compatible") == ["virtio,mmio"] and second.cells("reg") == [0, 0xA000200, 0, 0x200]
        assert second.cells("interrupts") == [0, 17, 4]
        assert not any(name.startswith("pcie@") for name in tree.children)


def test_root_ports_have_buses(arm):
    """A device that comes and goes is on a bus of its own, in whichever order."""
    for devices in ('<rng /><disk size="1MiB" hotplug="true" />', '<disk size="1MiB" hotplug="true" /><rng />'):
        for tree in trees(arm, f'<vm name="g" memory="64MiB"><kernel path="vmlinuz" />{devices}</vm>').values():
            pci = tree["pcie@3f000000"]
            assert pci.cells("reg") == [0, 0x3F000000, 0, 0x1000000] and pci.cells("bus-range") == [0, 15]


def test_devices_on_pci_have_a_host_bridge(arm, small):
    assert not any(name.startswith("pcie@") for name in small[3].children)
    found = trees(arm, '<vm name="g" memory="64MiB"><kernel path="vmlinuz" /><rng /></vm>')
    for version, tree in found.items():
        pci = tree["pcie@3f000000"]
        assert pci.texts("compatible") == ["pci-host-ecam-generic"] and pci.texts("device_type") == ["pci"]
        assert pci.cells("reg") == [0, 0x3F000000, 0, 0x100000] and pci.cells("bus-range") == [0, 0]
        ranges = pci.cells("ranges")
        assert ranges[:7] == [0x1000000, 0, 0, 0, 0x3EFF0000, 0, 0x10000]
        assert ranges[7:] == [0x2000000, 0, 0x10000000, 0, 0x10000000, 0, 0x2EFF0000]
        # INTA of slot n is SPI 3 + n mod 4, the pins follow.
        cells = pci.cells("interrupt-map")
        entries = [cells[i:i + 10] for i in range(0, len(cells), 10)]
        gic = tree["interrupt-controller@8000000"].cells("phandle")[0]
        assert [(e[0] >> 11, e[3], e[8]) for e in entries] == [
            (slot, pin, 3 + (slot + pin - 1) % 4) for slot in range(4) for pin in range(1, 5)]
        assert all(e[4] == gic and e[5:8] == [0, 0, 0] and e[9] == 4 for e in entries)
        if version == 2:
            frame = tree["interrupt-controller@8000000/v2m@8020000"]
            assert frame.texts("compatible") == ["arm,gic-v2m-frame"] and frame.cells("reg") == [0, 0x8020000, 0, 0x1000]
            assert pci.cells("msi-parent") == frame.cells("phandle")
        else:
            its = tree["interrupt-controller@8000000/msi-controller@8080000"]
            assert pci.cells("msi-map") == [0, its.cells("phandle")[0], 0, 0x10000]


def test_gic(small):
    gic = small[2]["interrupt-controller@8000000"]
    assert gic.texts("compatible") == ["arm,gic-400"]
    assert gic.cells("reg") == [0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x2000]
    gic = small[3]["interrupt-controller@8000000"]
    assert gic.texts("compatible") == ["arm,gic-v3"]
    its = gic["msi-controller@8080000"]
    assert its.texts("compatible") == ["arm,gic-v3-its"] and its.cells("reg") == [0, 0x8080000, 0, 0x20000]
    assert its.cells("#msi-cells") == [1] and "msi-controller" in its.properties


def test_devices(small):
    for tree in small.values():
        for name, spi, kind in (("serial@9000000", 1, "arm,pl011"), ("rtc@9010000", 2, "arm,pl031"),
                                ("gpio@9030000", 7, "arm,pl061")):
            node = tree[name]
            assert node.texts("compatible") == [kind, "arm,primecell"]
            assert node.cells("interrupts") == [0, spi, 4]
            assert node.cells("reg") == [0, int(name.split("@")[1], 16), 0, 0x1000]
            assert node.texts("clock-names")[-1] == "apb_pclk"
            clock = tree["apb-pclk"]
            assert set(node.cells("clocks")) == set(clock.cells("phandle"))
            assert clock.texts("compatible") == ["fixed-clock"]
        key = tree["gpio-keys/key-power"]
        assert key.cells("gpios") == [tree["gpio@9030000"].cells("phandle")[0], 3, 0] and key.cells("linux,code") == [116]


def test_chosen_is_left_to_the_vmm(small):
    for tree in small.values():
        assert list(tree["chosen"].properties) == ["stdout-path"]
        alias = tree["chosen"].texts("stdout-path")[0]
        assert tree["aliases"].texts(alias)[0].lstrip("/") in tree.children


def test_handles_are_unique_and_all_defined(small):
    for tree in small.values():
        handles = [node.cells("phandle")[0] for node in tree.nodes() if "phandle" in node.properties]
        assert len(handles) == len(set(handles))
        assert tree.cells("interrupt-parent")[0] == tree["interrupt-controller@8000000"].cells("phandle")[0]


def test_same_input_same_tree(arm):
    text = '<vm name="g" memory="64MiB" vcpus="3"><kernel path="vmlinuz" /></vm>'
    trees(arm, text)
    first = [(arm.directory / f"out/g_gicv{v}.dtb").read_bytes() for v in (2, 3)]
    trees(arm, text)
    assert [(arm.directory / f"out/g_gicv{v}.dtb").read_bytes() for v in (2, 3)] == first


@pytest.mark.parametrize("version", [2, 3])
def test_linux_binds_everything(arm, version):
    """QEMU's virt machine has its devices where our guests have theirs: Linux takes our tree for it."""
    if not LINUX.exists():
        pytest.skip("build/aarch64/guest/vmlinuz is not there (make ARCH=aarch64 guest)")
    trees(arm, '<vm name="g" memory="256MiB" vcpus="2"><kernel path="vmlinuz" /></vm>')
    tree = arm.directory / f"out/g_gicv{version}.dtb"
    subprocess.run(["fdtput", "-t", "s", tree, "/chosen", "bootargs", "panic=-1"], check=True)
    result = subprocess.run(
        ["qemu-system-aarch64", "-accel", "tcg", "-machine", f"virt,gic-version={version}", "-cpu", "cortex-a57", "-smp",
         "2", "-m", "256", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", LINUX, "-dtb",
         tree], capture_output=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
    log = result.stdout.decode(errors="replace")
    for text in ("Machine model: Skyscope virtual machine", r"psci: PSCIv\d", "arch_timer: .* \\(virt\\)",
                 "smp: Brought up 1 node, 2 CPUs", "9000000.serial: ttyAMA0 at MMIO 0x9000000",
                 r"console \[ttyAMA0\] enabled", "9030000.gpio: PL061 GPIO chip registered", "rtc-pl031 9010000.rtc: "
                 "registered as rtc0", "Kernel panic - not syncing: VFS"):
        assert re.search(text, log), (text, log[-3000:])
    if version == 3:
        assert "GICv3: CPU1: found redistributor 1 region 0:0x00000000080c0000" in log
        assert "ITS [mem 0x08080000-0x0809ffff]" in log
