# SPDX-License-Identifier: BSD-2-Clause
"""The tool's `expand`: a description with <vm> becomes one of the Microkit."""

import pathlib

import pytest

from descriptions import MICROKIT, PLAIN, TWO_VMS

BROKEN = pathlib.Path(__file__).parent / "broken"
EXTENSIONS = {("protection_domain", "system_control"), ("memory_region", "source"), ("memory_region", "guest"),
              ("irq", "legacy")}


def extensions_used(path):
    import xml.etree.ElementTree as tree
    used = set()
    for element in tree.parse(path).iter():
        assert element.tag in MICROKIT
        used |= {(element.tag, name) for name in element.attrib if name not in MICROKIT[element.tag]}
    return used


@pytest.mark.parametrize("text", [PLAIN, TWO_VMS], ids=["plain", "vms"])
def test_expand(tool, text):
    path = tool.write(text)
    one, two = tool.directory / "one", tool.directory / "two"
    assert tool.run("expand", "-s", tool.files, "-o", one, path).returncode == 0
    assert tool.run("expand", "-s", tool.files, "-o", two, one / "test.system").returncode == 0
    assert (one / "test.system").read_text() == (two / "test.system").read_text()
    used = extensions_used(one / "test.system")
    assert used == (set() if text is PLAIN else EXTENSIONS)
    assert "<vm" not in (one / "test.system").read_text()
    # The same system either way.
    first = tool.build(text)
    result = tool.run("build", "-s", tool.files, "--kernel-image", tool.files / "kernel.elf", "-o",
                      tool.directory / "again.bin", one / "test.system")
    assert result.returncode == 0, result.stderr
    assert (tool.directory / "again.bin").read_bytes() == first


def test_expand_to_standard_output(tool):
    result = tool.run("expand", "-s", tool.files, tool.write(PLAIN))
    assert result.returncode == 0 and result.stdout.startswith('<?xml version="1.0"')
    assert '<irq id="4" pcidev="01:1f.2" handle="5" vector="8" />' in result.stdout
    assert tool.run("expand", "-s", tool.files, BROKEN / "map_overlap.system").stdout == ""


def test_expand_escapes_values(tool):
    path = tool.write("""<system>
    <memory_region name="a&lt;&quot;&amp;b" size="0x1000" />
    <protection_domain name="o&gt;ne"><program_image path="program.elf" /><map mr="a&lt;&quot;&amp;b" vaddr="0x4000000" />
    </protection_domain>
</system>""")
    assert tool.run("expand", "-s", tool.files, "-o", "out", path).returncode == 0
    assert 'name="a&lt;&quot;&amp;b"' in (tool.directory / "out" / "test.system").read_text()
    assert tool.check("out/test.system").returncode == 0
