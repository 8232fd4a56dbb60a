/* SPDX-License-Identifier: BSD-2-Clause */
/* Serial port COM1 (16550, polled) and the screen. */
#include <base/format.h>
#include <base/memory.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <loader_arch/screen.h>

#define COM1 0x3f8

enum uart_register {
    UART_DATA = 0,
    UART_INTERRUPT_ENABLE = 1,
    UART_FIFO_CONTROL = 2,
    UART_LINE_CONTROL = 3,
    UART_MODEM_CONTROL = 4,
    UART_LINE_STATUS = 5,
    UART_SCRATCH = 7,
};

#define LINE_CONTROL_DIVISOR 0x80
#define LINE_CONTROL_8N1     0x03
#define LINE_STATUS_EMPTY    0x20
#define POLLS_PER_CHARACTER  1000000u /* far longer than a character takes */

static bool serial_present;

static void serial_put(char c)
{
    for (uint32_t i = 0; i < POLLS_PER_CHARACTER; i++) {
        if ((in8(COM1 + UART_LINE_STATUS) & LINE_STATUS_EMPTY) != 0) {
            out8(COM1 + UART_DATA, (uint8_t)c);
            return;
        }
    }
    serial_present = false;
}

void console_start(void)
{
    /* The scratch register keeps what is written to it, if there is a port at all. */
    out8(COM1 + UART_SCRATCH, 0x5a);
    bool first = in8(COM1 + UART_SCRATCH) == 0x5a;
    out8(COM1 + UART_SCRATCH, 0xa5);
    serial_present = first && in8(COM1 + UART_SCRATCH) == 0xa5;
    if (!serial_present) {
        return;
    }
    out8(COM1 + UART_INTERRUPT_ENABLE, 0);
    out8(COM1 + UART_LINE_CONTROL, LINE_CONTROL_DIVISOR);
    out8(COM1 + UART_DATA, 1); /* 115200 baud */
    out8(COM1 + UART_INTERRUPT_ENABLE, 0);
    out8(COM1 + UART_LINE_CONTROL, LINE_CONTROL_8N1);
    out8(COM1 + UART_FIFO_CONTROL, 0x07);  /* on, cleared */
    out8(COM1 + UART_MODEM_CONTROL, 0x03); /* DTR, RTS */
}

void console_use_screen(const struct boot_source *source)
{
    screen_start(source);
}

void console_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (serial_present) {
            if (text[i] == '\n') {
                serial_put('\r');
            }
            serial_put(text[i]);
        }
        screen_put(text[i]);
    }
}
