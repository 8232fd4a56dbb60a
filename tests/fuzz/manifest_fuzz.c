/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Manifest and signature block of any bytes: two bytes with the manifest's size,
 * the manifest, the signature block. Also with size fields put right, so that
 * what is behind them sees hostile bytes as well. What is accepted has one form
 * only: written again, it has the same bytes.
 */
#include <crypto/manifest.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KIND_AT      10
#define SIZE_AT      12
#define BLOCK_KEY_AT 16

static void require(bool right)
{
    if (!right) {
        abort();
    }
}

static void check_canonical(const uint8_t *bytes, size_t size, const struct manifest *manifest)
{
    require(size != 0);
    uint8_t *again = malloc(size);
    require(again != NULL && manifest_write_size(manifest) == size && manifest_write(manifest, again, size) == size);
    require(memcmp(again, bytes, size) == 0);
    free(again);
}

static void check_block(const uint8_t *bytes, size_t size, const struct manifest *manifest)
{
    struct manifest_signatures signatures;
    struct manifest_problem problem;
    bool good = manifest_signatures_parse(bytes, size, manifest, &signatures, &problem);
    require(good == (problem.error == MANIFEST_OK) && problem.error < MANIFEST_ERROR_COUNT && problem.offset <= size);
    if (good) {
        require(size != 0);
        uint8_t *again = malloc(size);
        require(again != NULL);
        require(manifest_signatures_write(manifest, signatures.lattice, signatures.hash_based, again, size) == size);
        require(memcmp(again, bytes, size) == 0);
        free(again);
    }
}

static void check(const uint8_t *bytes, size_t size, const uint8_t *block, size_t block_size)
{
    static struct manifest manifest;
    struct manifest_problem problem;
    /* A disk's tree lies at the start of its partition. */
    uint64_t first_offset = size > KIND_AT && bytes[KIND_AT] == MANIFEST_KIND_DISK ? 0 : 0x4000;
    bool good = manifest_parse(bytes, size, first_offset, &manifest, &problem);
    require(good == (problem.error == MANIFEST_OK) && problem.error < MANIFEST_ERROR_COUNT && problem.offset <= size);
    if (good) {
        check_canonical(bytes, size, &manifest);
        check_block(block, block_size, &manifest);
    }
}

/* An allocation of exactly the input's size shows every access beyond it. */
static uint8_t *copy_of(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    require(copy != NULL);
    if (size != 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

static void put_u32(uint8_t *at, size_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t rest = size < 2 ? 0 : size - 2;
    size_t manifest_size = size < 2 ? 0 : (size_t)(data[0] | data[1] << 8);
    manifest_size = manifest_size < rest ? manifest_size : rest;
    size_t block_size = rest - manifest_size;
    uint8_t *manifest = copy_of(data + (size < 2 ? size : 2), manifest_size);
    uint8_t *block = copy_of(data + size - block_size, block_size);
    check(manifest, manifest_size, block, block_size);
    if (manifest_size >= SIZE_AT + 4) {
        put_u32(manifest + SIZE_AT, manifest_size);
    }
    if (block_size >= BLOCK_KEY_AT) {
        put_u32(block + 8, block_size);
    }
    check(manifest, manifest_size, block, block_size);
    free(manifest);
    free(block);
    return 0;
}
