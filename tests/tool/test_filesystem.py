# SPDX-License-Identifier: BSD-2-Clause
"""<filesystem>: directories of the host packed into the system, and memory."""

import os
import struct

from payload_reader import Payload

DEVICE = 0x12200000 + 40
DEVICE_SIZE = 32 + 32 + 80 * 8
HEADER = "<QIIQQQQQQ"
NODE = "<QQQIIIIIIII"
SYSTEM = """<system>
    <vm name="one" memory="64MiB">
        <kernel path="vmlinuz" />
        <filesystem source="tree" target="data" />
        <filesystem name="work" size="2MiB" />
    </vm>
</system>
"""


def filesystem(payload, index):
    at = DEVICE + index * DEVICE_SIZE
    kind, = struct.unpack("<I", payload.memory("one_vmm", at, 4))
    assert kind == 7
    tag, _, *rest = struct.unpack("<36sIQQQQ", payload.memory("one_vmm", at + 64, 72))
    return tag.rstrip(b"\0").decode(), *rest


def nodes_of(tree):
    """Path to (mode, content) of a packed tree."""
    header = struct.unpack_from(HEADER, tree)
    assert header[0] == 0x3045455254534B53 and header[7] == len(tree)
    count, nodes, names = header[2], header[3], header[4]
    found, paths = {}, {}
    for i in range(count):
        size, content, modified, mode, owner, group, parent, name, length, _, _ = \
            struct.unpack_from(NODE, tree, nodes + i * struct.calcsize(NODE))
        text = tree[names + name:names + name + length].decode()
        paths[i] = "" if i == 0 else paths[parent] + "/" + text
        assert (owner, group) == (0, 0)
        found[paths[i]] = (mode, tree[content:content + size], modified)
    return found


def make_tree(directory):
    (directory / "bin" / "deep").mkdir(parents=True)
    (directory / "empty").mkdir()
    (directory / "bin" / "run").write_bytes(b"#!/bin/sh\n")
    (directory / "bin" / "run").chmod(0o755)
    (directory / "bin" / "a").write_bytes(bytes(range(256)) * 100)
    os.link(directory / "bin" / "a", directory / "same")
    (directory / "nothing").write_bytes(b"")
    (directory / "link").symlink_to("bin/run")
    (directory / "bin" / "deep" / "\u00fcber").write_text("x")


def test_a_directory_is_packed(tool):
    make_tree(tool.directory / "tree")
    payload = Payload(tool.build(SYSTEM))
    tag, tree, size, memory, _ = filesystem(payload, 0)
    assert (tag, memory) == ("data", 0)
    assert payload.maps_of("one_vmm")["one_filesystem0_files"][2] == 1
    found = nodes_of(payload.memory("one_vmm", tree, size))
    assert found == {
        "": (found[""][0], b"", 0),
        "/bin": (found["/bin"][0], b"", 0),
        "/empty": (found["/empty"][0], b"", 0),
        "/bin/deep": (found["/bin/deep"][0], b"", 0),
        "/link": (0o120777, b"bin/run", 0),
        "/nothing": (0o100644, b"", 0),
        "/same": (0o100644, bytes(range(256)) * 100, 0),
        "/bin/a": (0o100644, bytes(range(256)) * 100, 0),
        "/bin/run": (0o100755, b"#!/bin/sh\n", 0),
        "/bin/deep/\u00fcber": (0o100644, b"x", 0),
    }
    assert all(found[path][0] & 0o170000 == 0o40000 for path in ("", "/bin", "/empty", "/bin/deep"))
    assert size < 40000  # two names of one file have one content


def test_memory_is_writable(tool):
    make_tree(tool.directory / "tree")
    payload = Payload(tool.build(SYSTEM))
    assert filesystem(payload, 1) == ("work", 0, 0, payload.maps_of("one_vmm")["one_work_files"][0], 2 << 20)
    assert payload.maps_of("one_vmm")["one_work_files"][1:] == (2 << 20, 3)


def test_the_same_files_give_the_same_bytes(tool):
    make_tree(tool.directory / "tree")
    first = tool.build(SYSTEM)
    for path in (tool.directory / "tree").rglob("*"):
        if not path.is_symlink():
            os.utime(path, (1, 1))
    assert tool.build(SYSTEM) == first
    again = Payload(tool.build(SYSTEM, environment={"SOURCE_DATE_EPOCH": "1234567"}))
    _, tree, size, _, _ = filesystem(again, 0)
    assert {modified for _, _, modified in nodes_of(again.memory("one_vmm", tree, size)).values()} == {1234567}


def test_a_file_that_cannot_be_packed_is_named(tool):
    (tool.directory / "tree").mkdir()
    os.mkfifo(tool.directory / "tree" / "pipe")
    result = tool.check(tool.write(SYSTEM))
    assert result.returncode == 1
    assert "tree/pipe: neither file, directory nor symbolic link" in result.stderr
    assert ":4: error:" in result.stderr
