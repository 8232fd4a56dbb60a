/* SPDX-License-Identifier: BSD-2-Clause */
/* Partition readers and a disk image that is anything at all: what they find lies in the image. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <partition.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCKS 64u

/* The checksums of a GUID partition table, so that what lies behind them is reached too. */
static uint32_t crc32(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
        }
    }
    return ~crc;
}

static void write32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

static void make_sums_right(uint8_t *image, uint64_t size, uint64_t block)
{
    if (size < (block + 1) * PARTITION_BLOCK) {
        return;
    }
    uint8_t *header = image + block * PARTITION_BLOCK;
    uint64_t entries = partition_read64(header + 72);
    uint64_t length = (uint64_t)partition_read32(header + 80) * partition_read32(header + 84);
    if (entries < BLOCKS && length <= size && entries * PARTITION_BLOCK <= size - length) {
        write32(header + 88, crc32(image + entries * PARTITION_BLOCK, length));
    }
    uint32_t header_size = partition_read32(header + 12);
    if (header_size >= 92 && header_size <= PARTITION_BLOCK) {
        write32(header + 16, 0);
        write32(header + 16, crc32(header, header_size));
    }
}

static void look(const uint8_t *image, uint64_t size, uint32_t number)
{
    struct partition found = {0};
    if (partition_find(image, size, number, &found) == NULL &&
        (found.size == 0 || found.offset >= size || found.size > size - found.offset || found.offset % 512 != 0 ||
         found.size % 512 != 0)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > BLOCKS * PARTITION_BLOCK) {
        return 0;
    }
    static const uint8_t signature[] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};
    uint8_t how = data[0];
    size--;
    uint8_t *image = malloc(size); /* the address sanitizer sees its end */
    memcpy(image, data + 1, size);
    if (how & 1 && size >= 512) {
        image[510] = 0x55;
        image[511] = 0xaa;
    }
    if (how & 2 && size >= 1024) {
        image[446 + 4] = 0xee;
        memcpy(image + 512, signature, sizeof(signature));
        write32(image + 512 + 24, 1);
        write32(image + 512 + 28, 0);
    }
    if (how & 4) {
        make_sums_right(image, size, 1);
        make_sums_right(image, size, size / PARTITION_BLOCK - (size >= PARTITION_BLOCK));
    }
    for (uint32_t number = 0; number < 10; number++) {
        look(image, size, number);
    }
    look(image, size, 128);
    free(image);
    return 0;
}
