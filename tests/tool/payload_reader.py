# SPDX-License-Identifier: BSD-2-Clause
"""Reads payloads and plans, written from the comments in abi/include/skyscope/ alone."""

import dataclasses
import hashlib
import struct

NONE = 0xFFFFFFFF
ANY_ADDRESS = 0xFFFFFFFFFFFFFFFF
CONSOLE_ADDRESS = 0xFFFFFFFFFFFFF000
GICV_ADDRESS = 0xFFFFFFFFFFFFE000

# Fields of each table's rows, in the order of the plan's tables.
TABLES = {
    "regions": ("<64sQQQIIIIQQQ", "name size page_size physical_address kind flags image seed_offset image_offset "
                                  "image_size prefill_offset"),
    "spaces": ("<64sII", "name kind reserved"),
    "maps": ("<IIQQQII", "space region region_offset virtual_address size flags reserved"),
    "pds": ("<64sIIIIII", "name space parent child_id flags first_thread thread_count"),
    "threads": ("<IIIIQQQQQII", "pd index cpu priority budget_us period_us entry stack_top ipc_buffer vcpu reserved"),
    "channel_ends": ("<IIIIII", "pd id peer_pd peer_thread peer_id flags"),
    "irqs": ("<IIIIIIIIII", "pd thread id kind flags ioapic pin vector pci_address msi_handle"),
    "ioports": ("<IIII", "pd id base size"),
    "vms": ("<64sIIII", "name space pd first_vcpu vcpu_count"),
    "vcpus": ("<IIIIQ", "vm id thread reserved state_page"),
}


def text(field):
    name, _, rest = field.partition(b"\0")
    assert not rest.strip(b"\0")
    return name.decode("ascii")


class Row:
    def __init__(self, names, values):
        for name, value in zip(names, values):
            setattr(self, name, text(value) if isinstance(value, bytes) else value)


@dataclasses.dataclass
class Image:
    name: str
    role: int
    flags: int
    offset: int
    size: int
    hash: bytes
    content: bytes = b""


def image_hash(algorithm, content):
    """By the comment in crypto/include/crypto/image_hash.h."""
    if algorithm == 1:
        return hashlib.sha512(content).digest()
    assert algorithm == 2
    leaf = b"Skyscope image tree leaf 1".ljust(128, b"\0")
    root = hashlib.sha512(b"Skyscope image tree root 1".ljust(128, b"\0") + len(content).to_bytes(8, "little"))
    for at in range(0, len(content), 16384):
        root.update(hashlib.sha512(leaf + content[at:at + 16384]).digest())
    return root.digest()


class Fields:
    """Little-endian fields, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        assert size <= len(self.data) - self.at
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def name(self):
        return self.take(self.number(1)).decode("ascii")


class Payload:
    """Everything in a payload; fails an assertion if anything about it is wrong. Signatures are not verified."""

    def __init__(self, data):
        magic, version, manifest_size, signatures_size, reserved, total_size = struct.unpack_from("<8sIIIIQ", data)
        assert (magic, version, reserved) == (b"SKYPAYLD", 2, 0)
        assert total_size == len(data) and total_size % 4096 == 0
        self.manifest = data[32:32 + manifest_size]
        self._read_manifest(Fields(self.manifest))
        block = data[32 + manifest_size:32 + manifest_size + signatures_size]
        self.signatures = self._read_signatures(Fields(block)) if block else []
        end = 32 + manifest_size + signatures_size
        first = (end + 4095) // 4096 * 4096
        assert not data[end:first].strip(b"\0")
        end = first
        for image in self.images:
            image.content = data[image.offset:image.offset + image.size]
            assert image.offset == end and len(image.content) == image.size > 0
            assert image_hash(self.hash_algorithm, image.content) == image.hash or (image.flags == 1 and not image.hash)
            end = (image.offset + image.size + 4095) // 4096 * 4096
            assert not data[image.offset + image.size:end].strip(b"\0")
        assert end == total_size
        assert len({image.name for image in self.images}) == len(self.images)
        assert [image.role for image in self.images].count(1) == 1
        plans = [image for image in self.images if image.role == 2]
        assert len(plans) == 1
        self._read_plan(plans[0].content)

    def _read_manifest(self, fields):
        assert fields.take(8) == b"SKYMANIF" and fields.number(2) == 1 and fields.number(2) == 1
        assert fields.number(4) == len(self.manifest)
        self.rollback_index, self.creation_time = fields.number(8), fields.number(8)
        self.hash_algorithm = fields.number(2)
        self.algorithms = fields.number(2), fields.number(2)
        self.key_ids = fields.take(32), fields.take(32)
        self.name = fields.name()
        self.images = []
        for _ in range(fields.number(2)):
            self.images.append(Image(fields.name(), fields.number(2), fields.number(2), fields.number(8),
                                     fields.number(8), fields.take(fields.number(1))))
        assert fields.at == len(self.manifest)

    def _read_signatures(self, fields):
        assert fields.take(8) == b"SKYSIGNS" and fields.number(4) == len(fields.data) and fields.number(2) == 2
        signatures = []
        for algorithm, key_id in zip(self.algorithms, self.key_ids):
            assert fields.number(2) == algorithm and fields.take(32) == key_id
            signatures.append(fields.take(fields.number(4)))
        assert fields.at == len(fields.data)
        return signatures

    def _read_plan(self, data):
        magic, version, size, name, self.cpu_count, self.machine, self.pool_size = struct.unpack_from("<8sII64sIIQ", data)
        assert magic == b"SKYPLAN1" and version == 3 and size == len(data) and self.machine in (62, 183)
        assert text(name) == self.name
        assert self.pool_size % 0x200000 == 0 and self.pool_size > 0
        at = 96
        for table, (layout, names) in TABLES.items():
            offset, count, entry_size, zero = struct.unpack_from("<IIII", data, at)
            at += 16
            assert entry_size == struct.calcsize(layout) and zero == 0 and offset % 8 == 0
            rows = [Row(names.split(), struct.unpack_from(layout, data, offset + i * entry_size))
                    for i in range(count)]
            setattr(self, table, rows)
        self._check_references()

    def _check_references(self):
        for region in self.regions:
            assert region.size > 0 and region.size % region.page_size == 0
            assert region.page_size in (0x1000, 0x200000, 0x40000000)
            if region.image != NONE:
                image = self.images[region.image]
                assert region.image_offset + region.image_size <= len(image.content)
                assert region.prefill_offset + region.image_size <= region.size
            if region.flags & 2:  # in place
                assert region.image != NONE and region.prefill_offset == 0
                assert (region.image_size + 4095) // 4096 * 4096 == region.size
                assert region.image_offset % 4096 == 0
                end = region.image_offset + region.size
                assert not self.images[region.image].content[region.image_offset + region.image_size:end].strip(b"\0")
                assert not any(m.flags & 2 for m in self.maps if self.regions[m.region] is region)
        for i, row in enumerate(self.maps):
            region = self.regions[row.region]
            assert row.virtual_address % region.page_size == 0 and row.flags & 1
            assert 0 < row.size <= region.size - row.region_offset
            assert self.spaces[row.space].kind == 2 or row.flags & 6 != 6
            for other in self.maps[:i]:
                assert (other.space != row.space or other.virtual_address + other.size <= row.virtual_address or
                        row.virtual_address + row.size <= other.virtual_address)
        for i, pd in enumerate(self.pds):
            assert self.spaces[pd.space].kind == 1
            threads = self.threads[pd.first_thread:pd.first_thread + pd.thread_count]
            assert [t.index for t in threads] == list(range(pd.thread_count)) and all(t.pd == i for t in threads)
        for end in self.channel_ends:
            peers = [p for p in self.channel_ends if (p.pd, p.id) == (end.peer_pd, end.peer_id)]
            assert len(peers) == 1 and (peers[0].peer_pd, peers[0].peer_id) == (end.pd, end.id)
        for i, vm in enumerate(self.vms):
            vcpus = self.vcpus[vm.first_vcpu:vm.first_vcpu + vm.vcpu_count]
            assert len(vcpus) == vm.vcpu_count > 0 and all(v.vm == i for v in vcpus)
            assert self.spaces[vm.space].kind == 2
            for index, vcpu in enumerate(vcpus):
                thread = self.threads[vcpu.thread]
                assert thread.pd == vm.pd and thread.vcpu == vm.first_vcpu + index

    def pd(self, name):
        return next(pd for pd in self.pds if pd.name == name)

    def region(self, name):
        return next(region for region in self.regions if region.name == name)

    def maps_of(self, name, kind=1):
        """Maps of a PD (kind 1) or VM (kind 2): region name to (address, size, flags)."""
        space = next(i for i, s in enumerate(self.spaces) if s.name == name and s.kind == kind)
        return {self.regions[m.region].name: (m.virtual_address, m.size, m.flags)
                for m in self.maps if m.space == space}

    def memory(self, name, address, size):
        """Bytes at an address of a PD as they are when it starts."""
        for region_name, (start, length, _) in self.maps_of(name).items():
            if start <= address and address + size <= start + length:
                region = self.region(region_name)
                content = bytearray(region.size)
                if region.image != NONE:
                    image = self.images[region.image].content
                    content[region.prefill_offset:region.prefill_offset + region.image_size] = \
                        image[region.image_offset:region.image_offset + region.image_size]
                return bytes(content[address - start:address - start + size])
        raise AssertionError(f"{address:#x} is not mapped in {name}")
