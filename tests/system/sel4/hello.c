/* SPDX-License-Identifier: BSD-2-Clause */
/* A protection domain that says hello on COM1, by its I/O ports. */
#include <microkit.h>

#define PORTS       0
#define COM1        0x3f8
#define LINE_STATUS (COM1 + 5)
#define EMPTY       0x20

void init(void)
{
    for (const char *text = "hello from a protection domain\r\n"; *text != '\0'; text++) {
        while ((microkit_x86_ioport_read_8(PORTS, LINE_STATUS) & EMPTY) == 0) {
        }
        microkit_x86_ioport_write_8(PORTS, COM1, (seL4_Uint8)*text);
    }
}

void notified(microkit_channel channel)
{
    (void)channel;
}
