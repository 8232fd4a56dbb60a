/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two kinds of screen: VGA's text memory, and a frame buffer of 2 to 4 bytes per
 * pixel: white on black looks the same whatever they mean. A frame buffer is never read, which can be very slow: at the
 * bottom, writing goes on at the top, with a cleared line ahead.
 */
#include <loader_arch/screen.h>

#include <base/memory.h>
#include <loader_arch/font.h>

#define VGA_TEXT       0xb8000u
#define VGA_COLUMNS    80u
#define VGA_ROWS       25u
#define VGA_ATTRIBUTES 0x0700u

/* A cell of a frame buffer: the font's rows doubled, and space around them. */
#define CELL_WIDTH  8u
#define CELL_HEIGHT 16u
#define WHITE       0xffffffffu
#define BLACK       0u
#define BUFFER_END  0x100000000ull /* what is mapped from the beginning */

static struct {
    bool text, graphics;
    uint32_t columns, rows, column, row;
    uintptr_t address; /* of the frame buffer */
    uint32_t pitch;    /* bytes */
    uint32_t pixel;    /* bytes */
} screen;

static volatile uint16_t *vga_cell(uint32_t row, uint32_t column)
{
    return (volatile uint16_t *)(uintptr_t)VGA_TEXT + row * VGA_COLUMNS + column;
}

/* Whether a frame buffer is what it says, is mapped, and is nothing else: text drawn
 * over the payload would change what was verified. */
static bool buffer_usable(const struct boot_source *source)
{
    const struct boot_framebuffer *buffer = &source->framebuffer;
    return !buffer->text && buffer->bits > 8 && buffer->bits <= 32 && buffer->width >= CELL_WIDTH * 40 &&
           buffer->width <= 16384 && buffer->height >= CELL_HEIGHT * 10 && buffer->height <= 16384 &&
           buffer->pitch >= buffer->width * ((buffer->bits + 7) / 8) && buffer->pitch <= 65536 * 4 &&
           buffer->address % 4 == 0 && buffer->pitch % 4 == 0 && buffer->address < BUFFER_END &&
           (uint64_t)buffer->pitch * buffer->height <= BUFFER_END - buffer->address &&
           !boot_is_memory(source, buffer->address, (uint64_t)buffer->pitch * buffer->height);
}

static void put_pixel(uintptr_t address, uint32_t value)
{
    if (screen.pixel == 4) {
        *(volatile uint32_t *)address = value;
        return;
    }
    for (uint32_t i = 0; i < screen.pixel; i++) {
        ((volatile uint8_t *)address)[i] = (uint8_t)value;
    }
}

static void draw(uint32_t row, uint32_t column, char c)
{
    uint32_t index = (uint8_t)c - FONT_FIRST;
    const uint8_t *glyph = font_glyphs[index < FONT_GLYPHS ? index : '?' - FONT_FIRST];
    for (uint32_t y = 0; y < CELL_HEIGHT; y++) {
        uintptr_t pixels = screen.address + (row * CELL_HEIGHT + y) * (uintptr_t)screen.pitch +
                           (uintptr_t)column * CELL_WIDTH * screen.pixel;
        uint32_t bits = y / 2 < FONT_ROWS ? glyph[y / 2] : 0;
        for (uint32_t x = 0; x < CELL_WIDTH; x++) {
            bool on = x < FONT_COLUMNS && (bits >> (FONT_COLUMNS - 1 - x) & 1) != 0;
            put_pixel(pixels + x * screen.pixel, on ? WHITE : BLACK);
        }
    }
}

static void clear_row(uint32_t row)
{
    for (uint32_t column = 0; column < screen.columns; column++) {
        if (screen.graphics) {
            draw(row, column, ' ');
        } else {
            *vga_cell(row, column) = VGA_ATTRIBUTES | ' ';
        }
    }
}

void screen_start(const struct boot_source *source)
{
    const struct boot_framebuffer *buffer = &source->framebuffer;
    /* A BIOS leaves VGA text behind unless the boot loader says otherwise. */
    screen.text = buffer->address != 0 ? buffer->text : source->firmware == HARDWARE_FIRMWARE_BIOS;
    screen.columns = VGA_COLUMNS;
    screen.rows = VGA_ROWS;
    if (buffer->address != 0 && buffer_usable(source)) {
        screen.graphics = true;
        screen.address = buffer->address;
        screen.pitch = buffer->pitch;
        screen.pixel = (buffer->bits + 7) / 8;
        screen.columns = buffer->width / CELL_WIDTH;
        screen.rows = buffer->height / CELL_HEIGHT;
    }
    for (uint32_t row = 0; (screen.text || screen.graphics) && row < screen.rows; row++) {
        clear_row(row);
    }
}

static void scroll_text(void)
{
    for (uint32_t row = 1; row < VGA_ROWS; row++) {
        for (uint32_t column = 0; column < VGA_COLUMNS; column++) {
            *vga_cell(row - 1, column) = *vga_cell(row, column);
        }
    }
    clear_row(VGA_ROWS - 1);
}

static void new_line(void)
{
    screen.column = 0;
    if (screen.graphics) {
        screen.row = (screen.row + 1) % screen.rows;
        clear_row(screen.row);
        clear_row((screen.row + 1) % screen.rows);
    } else if (++screen.row == VGA_ROWS) {
        screen.row = VGA_ROWS - 1;
        scroll_text();
    }
}

void screen_put(char c)
{
    if (!screen.text && !screen.graphics) {
        return;
    }
    if (c == '\n' || screen.column == screen.columns) {
        new_line();
    }
    if (c == '\n') {
        return;
    }
    if (screen.graphics) {
        draw(screen.row, screen.column, c);
    } else {
        *vga_cell(screen.row, screen.column) = (uint16_t)(VGA_ATTRIBUTES | (uint8_t)c);
    }
    screen.column++;
}
