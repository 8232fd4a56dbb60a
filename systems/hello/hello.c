/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest program: it says something and waits for ever. */
#include <microkit.h>

static int constructed;

__attribute__((constructor)) static void construct(void)
{
    constructed = 42;
}

void init(void)
{
    microkit_dbg_puts("hello, world; my name is ");
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(", numbers are ");
    microkit_dbg_put8(255);
    microkit_dbg_putc(' ');
    microkit_dbg_put32(4294967295u);
    microkit_dbg_putc(' ');
    microkit_dbg_put32(0);
    microkit_dbg_puts(constructed == 42 ? ", constructors have run\n" : "\n");
    seL4_DebugPutChar('.');
    seL4_Yield();
    microkit_dbg_puts("\nhello: end of init\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
    microkit_dbg_puts("WRONG: notified\n");
}
