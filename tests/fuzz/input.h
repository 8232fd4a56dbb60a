/* SPDX-License-Identifier: BSD-2-Clause */
/* A fuzzer's bytes, taken from the front; when they are gone, 0. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
    const uint8_t *data;
    size_t size;
};

static inline uint64_t take(struct input *in, size_t bytes)
{
    uint64_t value = 0;
    bytes = bytes < in->size ? bytes : in->size;
    memcpy(&value, in->data, bytes);
    in->data += bytes;
    in->size -= bytes;
    return value;
}
