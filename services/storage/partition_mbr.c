/* SPDX-License-Identifier: BSD-2-Clause */
/* Partition tables of PCs: four entries in the first block; one of them may hold a chain of logical partitions. */
#include <stddef.h>

#include "partition.h"

#define TABLE_OFFSET    446u
#define ENTRY_SIZE      16u
#define PRIMARY_ENTRIES 4u
#define TYPE_PROTECTIVE 0xeeu

static bool is_table(const uint8_t *block)
{
    return block[510] == 0x55 && block[511] == 0xaa;
}

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

/* The block of that number, NULL: beyond the image. */
static const uint8_t *block_at(const uint8_t *image, uint64_t size, uint64_t number)
{
    return number < size / PARTITION_BLOCK ? image + number * PARTITION_BLOCK : NULL;
}

bool mbr_is_protective(const uint8_t *image, uint64_t size)
{
    if (size < PARTITION_BLOCK || !is_table(image)) {
        return false;
    }
    for (uint32_t i = 0; i < PRIMARY_ENTRIES; i++) {
        if (image[TABLE_OFFSET + i * ENTRY_SIZE + 4] == TYPE_PROTECTIVE) {
            return true;
        }
    }
    return false;
}

static const char *take(const uint8_t *entry, uint64_t from, uint64_t size, struct partition *partition)
{
    uint64_t first = from + partition_read32(entry + 8), count = partition_read32(entry + 12);
    uint64_t blocks = size / PARTITION_BLOCK;
    if (entry[4] == 0 || count == 0) {
        return "the partition table has no such partition";
    }
    if (first == 0 || first >= blocks || count > blocks - first) {
        return "the partition ends behind the image's end";
    }
    partition->offset = first * PARTITION_BLOCK;
    partition->size = count * PARTITION_BLOCK;
    return NULL;
}

/* Each logical partition has a table of its own, whose second entry leads to the next; numbers in it count from the
 * extended partition's start, those of the partition from the table. */
static const char *find_logical(const uint8_t *image, uint64_t size, uint64_t extended, uint32_t number,
                                struct partition *partition)
{
    uint64_t table = extended;
    for (uint32_t at = PRIMARY_ENTRIES + 1; at <= number && at <= PARTITION_MAX; at++) {
        const uint8_t *block = block_at(image, size, table);
        if (block == NULL || !is_table(block)) {
            return "the chain of logical partitions is damaged";
        }
        if (at == number) {
            return take(block + TABLE_OFFSET, table, size, partition);
        }
        const uint8_t *next = block + TABLE_OFFSET + ENTRY_SIZE;
        if (!is_extended(next[4])) {
            break;
        }
        table = extended + partition_read32(next + 8);
    }
    return "the partition table has no such partition";
}

const char *mbr_find(const uint8_t *image, uint64_t size, uint32_t number, struct partition *partition)
{
    if (size < PARTITION_BLOCK || !is_table(image)) {
        return "the image has no partition table";
    }
    const uint8_t *entries = image + TABLE_OFFSET;
    if (number <= PRIMARY_ENTRIES) {
        const uint8_t *entry = entries + (number - 1) * ENTRY_SIZE;
        if (is_extended(entry[4])) {
            return "the partition is the extended one, which only holds others; name a logical one, from 5 on";
        }
        return take(entry, 0, size, partition);
    }
    for (uint32_t i = 0; i < PRIMARY_ENTRIES; i++) {
        if (is_extended(entries[i * ENTRY_SIZE + 4])) {
            return find_logical(image, size, partition_read32(entries + i * ENTRY_SIZE + 8), number, partition);
        }
    }
    return "the partition table has no such partition";
}
