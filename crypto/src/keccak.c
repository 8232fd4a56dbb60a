/* SPDX-License-Identifier: BSD-2-Clause */
#include "keccak.h"

#include <string.h>

/* PQClean's static functions on an array of 26 words (see third_party/pqclean.mk). */
#include <keccak_sponge.h>

void keccak_start(struct keccak_sponge *sponge)
{
    keccak_inc_init(sponge->words);
}

void keccak_absorb_bytes(struct keccak_sponge *sponge, uint32_t rate, const void *data, size_t size)
{
    /* Size 0 may come with no data. */
    if (size > 0) {
        keccak_inc_absorb(sponge->words, rate, data, size);
    }
}

void keccak_finish(struct keccak_sponge *sponge, uint32_t rate, uint8_t suffix)
{
    keccak_inc_finalize(sponge->words, rate, suffix);
}

void keccak_squeeze(struct keccak_sponge *sponge, uint32_t rate, uint8_t *output, size_t size)
{
    /* Whole blocks by words; upstream's incremental function goes by bytes. */
    size_t left = sponge->words[25] < size ? (size_t)sponge->words[25] : size;
    keccak_inc_squeeze(output, left, sponge->words, rate);
    size_t blocks = (size - left) / rate;
    keccak_squeezeblocks(output + left, blocks, sponge->words, rate);
    size_t done = left + blocks * rate;
    keccak_inc_squeeze(output + done, size - done, sponge->words, rate);
}

void keccak_absorb_all(struct keccak_sponge *sponge, uint32_t rate, uint8_t suffix, const void *data, size_t size)
{
    keccak_absorb(sponge->words, rate, data, size, suffix);
    sponge->words[25] = 0;
}

void keccak_hash(uint32_t rate, uint8_t suffix, const void *data, size_t size, uint8_t *output, size_t output_size)
{
    struct keccak_sponge sponge;
    keccak_absorb_all(&sponge, rate, suffix, data, size);
    keccak_squeeze(&sponge, rate, output, output_size);
}
