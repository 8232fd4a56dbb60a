/* SPDX-License-Identifier: BSD-2-Clause */
/* GUID partition tables, UEFI 2.10 §5.3. */
#include <base/memory.h>

#include "partition.h"

#define HEADER_MINIMUM 92u
#define ENTRY_MINIMUM  128u
/* More than any tool makes; bounds the work of checking. */
#define ENTRY_MAXIMUM  1024u
#define ENTRIES_MAX    1024u

struct gpt {
    uint64_t first_usable, last_usable;
    uint64_t entries; /* offset in the image, bytes */
    uint32_t count, entry_size;
};

/* CRC-32 of IEEE 802.3, as UEFI has it. The bytes from `hole` on, four of them, count as zero; ~0: none do. */
static uint32_t crc32(const uint8_t *data, uint64_t size, uint64_t hole)
{
    uint32_t crc = 0xffffffffu;
    for (uint64_t i = 0; i < size; i++) {
        crc ^= i >= hole && i - hole < 4 ? 0u : data[i];
        for (uint32_t bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

static bool read_table(const uint8_t *image, uint64_t blocks, uint64_t block, struct gpt *gpt)
{
    if (block == 0 || block >= blocks) {
        return false;
    }
    const uint8_t *header = image + block * PARTITION_BLOCK;
    uint32_t header_size = partition_read32(header + 12);
    if (memcmp(header, "EFI PART", 8) != 0 || header_size < HEADER_MINIMUM || header_size > PARTITION_BLOCK ||
        partition_read32(header + 16) != crc32(header, header_size, 16) || partition_read64(header + 24) != block) {
        return false;
    }
    uint64_t entries = partition_read64(header + 72);
    gpt->first_usable = partition_read64(header + 40);
    gpt->last_usable = partition_read64(header + 48);
    gpt->count = partition_read32(header + 80);
    gpt->entry_size = partition_read32(header + 84);
    if (gpt->count > ENTRIES_MAX || gpt->entry_size < ENTRY_MINIMUM || gpt->entry_size > ENTRY_MAXIMUM ||
        gpt->entry_size % ENTRY_MINIMUM != 0 || entries >= blocks ||
        (uint64_t)gpt->count * gpt->entry_size > (blocks - entries) * PARTITION_BLOCK) {
        return false;
    }
    gpt->entries = entries * PARTITION_BLOCK;
    return partition_read32(header + 88) == crc32(image + gpt->entries, (uint64_t)gpt->count * gpt->entry_size, ~0ull);
}

const char *gpt_find(const uint8_t *image, uint64_t size, uint32_t number, struct partition *partition)
{
    static const uint8_t unused[16];
    uint64_t blocks = size / PARTITION_BLOCK;
    struct gpt gpt;
    if (!read_table(image, blocks, 1, &gpt) && !read_table(image, blocks, blocks - 1, &gpt)) {
        return "the GUID partition table is damaged";
    }
    if (number > gpt.count) {
        return "the partition table has no such partition";
    }
    const uint8_t *entry = image + gpt.entries + (uint64_t)(number - 1) * gpt.entry_size;
    if (memcmp(entry, unused, sizeof(unused)) == 0) {
        return "the partition table has no such partition";
    }
    uint64_t first = partition_read64(entry + 32), last = partition_read64(entry + 40);
    if (first < gpt.first_usable || last > gpt.last_usable || last < first || last >= blocks) {
        return "the partition ends behind the image's end";
    }
    partition->offset = first * PARTITION_BLOCK;
    partition->size = (last - first + 1) * PARTITION_BLOCK;
    return NULL;
}
