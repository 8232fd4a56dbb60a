/* SPDX-License-Identifier: BSD-2-Clause */
/* COM1 (16550), polled: for the kernel's own messages. The loader has set its rate. */
#include <arch/port.h>
#include <kernel/arch.h>
#include <kernel/plan_check.h>

#define COM1              0x3f8u
#define COM1_PORTS        8u
#define LINE_STATUS       (COM1 + 5)
#define TRANSMITTER_EMPTY 0x20u
/* Far longer than a character takes; a port that is not there reads as ready. */
#define MAX_POLLS         100000

static void put(char c)
{
    for (int i = 0; i < MAX_POLLS && (port_read8(LINE_STATUS) & TRANSMITTER_EMPTY) == 0; i++) {
    }
    port_write8(COM1, (uint8_t)c);
}

void arch_console_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            put('\r');
        }
        put(text[i]);
    }
}

bool arch_console_owned(const struct plan_view *view)
{
    for (uint32_t i = 0; i < view->counts[PLAN_TABLE_IOPORTS]; i++) {
        const struct plan_ioport *ports = &view->ioports[i];
        if (ports->base < COM1 + COM1_PORTS && ports->base + ports->size > COM1) {
            return true;
        }
    }
    return false;
}
