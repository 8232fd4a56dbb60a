/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For devices on Arm's peripheral bus (APB), whose registers are 32-bit words: a
 * wider access is two, a narrower read is the part of the word, a narrower write
 * at the word's address is that value, and one within the word is lost. PrimeCells
 * say who they are in the last eight words of their 4 KiB.
 */
#pragma once

#include <stdint.h>

#define WORD_DEVICE_SIZE 0x1000u
#define PRIMECELL_ID     0xfe0u

static inline uint64_t word_access_read(void *device, uint64_t offset, uint32_t width,
                                        uint32_t (*read)(void *device, uint32_t offset))
{
    uint32_t word = (uint32_t)offset & ~3u;
    uint64_t value = read(device, word);
    if (width + (offset & 3u) > 4 && word + 4 < WORD_DEVICE_SIZE) {
        value |= (uint64_t)read(device, word + 4) << 32;
    }
    return value >> (8 * (offset & 3u));
}

static inline void word_access_write(void *device, uint64_t offset, uint32_t width, uint64_t value,
                                     void (*write)(void *device, uint32_t offset, uint32_t value))
{
    if ((offset & 3u) != 0) {
        return;
    }
    write(device, (uint32_t)offset, (uint32_t)value);
    if (width == 8 && offset + 4 < WORD_DEVICE_SIZE) {
        write(device, (uint32_t)offset + 4, (uint32_t)(value >> 32));
    }
}

/* offset: PRIMECELL_ID or more. ids: peripheral identification 0..3. */
static inline uint32_t primecell_id(const uint8_t ids[4], uint32_t offset)
{
    static const uint8_t cell[4] = {0x0d, 0xf0, 0x05, 0xb1};
    uint32_t index = (offset - PRIMECELL_ID) / 4;
    return index < 4 ? ids[index] : cell[index & 3u];
}
