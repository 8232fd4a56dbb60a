/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes when it is notified. */
#include <microkit.h>

#include <stdint.h>

uintptr_t shared_page;

void init(void)
{
}

void notified(microkit_channel ch)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    (void)ch;
    *(volatile uint64_t *)shared_page = (uint64_t)high << 32 | low;
}
