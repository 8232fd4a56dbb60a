/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses the FPU without being allowed to. */
#include <microkit.h>

void init(void)
{
    __asm__ volatile("pxor %xmm0, %xmm0");
    microkit_dbg_puts("WRONG used the FPU\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
