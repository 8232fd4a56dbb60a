/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader_arch/screen.h>

#include <base/memory.h>

#define VGA_TEXT       0xb8000u
#define VGA_COLUMNS    80u
#define VGA_ROWS       25u
#define VGA_ATTRIBUTES 0x0700u

static struct {
    volatile uint16_t *cells; /* NULL: no screen */
    uint32_t column, row;
} screen;

void screen_start(const struct boot_source *source)
{
    const struct boot_framebuffer *buffer = &source->framebuffer;
    /* A BIOS leaves VGA text behind unless the boot loader says otherwise. */
    bool text = buffer->address != 0 ? buffer->text : source->firmware == HARDWARE_FIRMWARE_BIOS;
    if (!text) {
        return;
    }
    screen.cells = (volatile uint16_t *)(uintptr_t)VGA_TEXT;
    for (uint32_t i = 0; i < VGA_COLUMNS * VGA_ROWS; i++) {
        screen.cells[i] = VGA_ATTRIBUTES | ' ';
    }
}

static void new_line(void)
{
    screen.column = 0;
    if (++screen.row < VGA_ROWS) {
        return;
    }
    screen.row = VGA_ROWS - 1;
    for (uint32_t i = 0; i < VGA_COLUMNS * VGA_ROWS; i++) {
        screen.cells[i] =
            i < VGA_COLUMNS * (VGA_ROWS - 1) ? screen.cells[i + VGA_COLUMNS] : (uint16_t)(VGA_ATTRIBUTES | ' ');
    }
}

void screen_put(char c)
{
    if (screen.cells == NULL) {
        return;
    }
    if (c == '\n') {
        new_line();
        return;
    }
    if (screen.column == VGA_COLUMNS) {
        new_line();
    }
    screen.cells[screen.row * VGA_COLUMNS + screen.column++] = (uint16_t)(VGA_ATTRIBUTES | (uint8_t)c);
}
