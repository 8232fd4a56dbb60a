/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/wipe.h>

#include <stdint.h>
#include <string.h>

void secret_wipe(void *data, size_t size)
{
    if (size > 0) {
        memset(data, 0, size);
    }
    /* The compiler has to assume that this reads the area. */
    __asm__ volatile("" : : "r"(data) : "memory");
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *left = a;
    const volatile uint8_t *right = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < size; i++) {
        difference = (uint8_t)(difference | (left[i] ^ right[i]));
    }
    return difference == 0;
}
