/* SPDX-License-Identifier: BSD-2-Clause */
/* The debug console: the kernel's own, meant for development and last words. */
#include "runtime.h"

/* Characters that one system call takes. */
#define CHUNK 32u

static void write_chunk(const char *text, size_t length)
{
    uint64_t words[CHUNK / 8] = {0};
    for (size_t i = 0; i < length; i++) {
        words[i / 8] |= (uint64_t)(unsigned char)text[i] << 8 * (i % 8);
    }
    struct call_registers r = {.a0 = words[0], .a1 = length, .a2 = words[1], .m0 = words[2], .m1 = words[3]};
    system_call(SYSCALL_DEBUG_WRITE, &r);
}

void skyscope_debug_write(const char *text, size_t length)
{
    while (length > 0) {
        size_t n = length < CHUNK ? length : CHUNK;
        write_chunk(text, n);
        text += n;
        length -= n;
    }
}

void microkit_dbg_putc(int c)
{
    char character = (char)c;
    write_chunk(&character, 1);
}

void microkit_dbg_puts(const char *s)
{
    size_t length = 0;
    while (s[length] != '\0') {
        length++;
    }
    skyscope_debug_write(s, length);
}

void microkit_dbg_put32(seL4_Uint32 x)
{
    char digits[10];
    size_t first = sizeof(digits);
    do {
        digits[--first] = (char)('0' + x % 10);
        x /= 10;
    } while (x != 0);
    skyscope_debug_write(&digits[first], sizeof(digits) - first);
}

void microkit_dbg_put8(seL4_Uint8 x)
{
    microkit_dbg_put32(x);
}

void seL4_DebugPutChar(char c)
{
    microkit_dbg_putc(c);
}

void seL4_DebugPutString(char *s)
{
    microkit_dbg_puts(s);
}
