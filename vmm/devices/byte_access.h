/* SPDX-License-Identifier: BSD-2-Clause */
/* For devices whose registers are bytes: a wider access is that many byte accesses in ascending order, as a chip
 * set makes it on an 8-bit bus. */
#pragma once

#include <stdint.h>

static inline uint64_t byte_access_read(void *device, uint64_t offset, uint32_t width,
                                        uint8_t (*read)(void *device, uint64_t offset))
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < width; i++) {
        value |= (uint64_t)read(device, offset + i) << (8u * i);
    }
    return value;
}

static inline void byte_access_write(void *device, uint64_t offset, uint32_t width, uint64_t value,
                                     void (*write)(void *device, uint64_t offset, uint8_t value))
{
    for (uint32_t i = 0; i < width; i++) {
        write(device, offset + i, (uint8_t)(value >> (8u * i)));
    }
}
