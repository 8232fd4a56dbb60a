/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy and memset by general-purpose registers, 64 bytes in a round. Every access
 * is aligned, so that they serve before the MMU is on and on device memory too,
 * where unaligned ones fault (Arm ARM DDI 0487, B2.5.2).
 *
 * Compiled with -fno-tree-loop-distribute-patterns: else the compiler would see
 * memcpy in memcpy's loops, and call it.
 */
#include <base/memory.h>
#include <stdint.h>

#include "memory_round.h"

/* Both at multiples of 8. */
static void copy_aligned(uint64_t *to, const uint64_t *from, size_t words)
{
    for (; words >= ROUND; words -= ROUND) {
        copy_round(to, from);
        to += ROUND;
        from += ROUND;
    }
    while (words-- > 0) {
        *to++ = *from++;
    }
}

/* `to` at a multiple of 8, `from` not: each word out of two, which are read at
 * multiples of 8 and hold at least one byte of the source each. */
static void copy_shifted(uint64_t *to, const unsigned char *from, size_t words)
{
    const unsigned int shift = (unsigned int)((uintptr_t)from % 8) * 8;
    const uint64_t *source = (const uint64_t *)((uintptr_t)from & ~(uintptr_t)7);
    uint64_t low = *source++;
    while (words-- > 0) {
        const uint64_t high = *source++;
        *to++ = low >> shift | high << (64 - shift);
        low = high;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    unsigned char *d = to;
    const unsigned char *s = from;
    while (size > 0 && (uintptr_t)d % 8 != 0) {
        *d++ = *s++;
        size--;
    }
    const size_t words = size / 8;
    if (words > 0) {
        if ((uintptr_t)s % 8 == 0) {
            copy_aligned((uint64_t *)d, (const uint64_t *)s, words);
        } else {
            copy_shifted((uint64_t *)d, s, words);
        }
        d += words * 8;
        s += words * 8;
    }
    for (size %= 8; size > 0; size--) {
        *d++ = *s++;
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    unsigned char *d = to;
    const uint64_t pattern = (unsigned char)byte * 0x0101010101010101ull;
    while (size > 0 && (uintptr_t)d % 8 != 0) {
        *d++ = (unsigned char)byte;
        size--;
    }
    uint64_t *word = (uint64_t *)d;
    for (; size >= ROUND * 8; size -= ROUND * 8) {
        set_round(word, pattern);
        word += ROUND;
    }
    for (; size >= 8; size -= 8) {
        *word++ = pattern;
    }
    d = (unsigned char *)word;
    while (size-- > 0) {
        *d++ = (unsigned char)byte;
    }
    return to;
}
