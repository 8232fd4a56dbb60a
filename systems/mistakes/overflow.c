/* SPDX-License-Identifier: BSD-2-Clause */
/* Overruns a buffer on its stack. */
#include <base/memory.h>
#include <microkit.h>

static volatile unsigned int length = 64;

static __attribute__((noinline)) void fill(void)
{
    char buffer[16];
    char *to = buffer;
    /* Hidden from the compiler, which would see it. */
    __asm__ volatile("" : "+r"(to));
    memset(to, 0x41, length);
    __asm__ volatile("" : : "r"(to) : "memory");
}

void init(void)
{
    fill();
    microkit_dbg_puts("WRONG went on\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
