/* SPDX-License-Identifier: BSD-2-Clause */
/* Has one port, and uses the one behind it. */
#include <microkit.h>

void init(void)
{
    (void)microkit_x86_ioport_read_8(3, 0x80);
    microkit_x86_ioport_write_16(3, 0x80, 0);
    microkit_dbg_puts("WRONG a word reached the next port\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
