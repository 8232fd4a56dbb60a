/* SPDX-License-Identifier: BSD-2-Clause */
#include <base/format.h>
#include <base/memory.h>
#include <stdbool.h>
#include <stdint.h>

struct conversion {
    bool left, zero, plus, upper;
    size_t width;
    bool has_precision;
    size_t precision;
    int size; /* bytes of the integer argument */
};

static void pad(format_sink sink, void *context, char c, size_t count)
{
    while (count-- > 0) {
        sink(context, &c, 1);
    }
}

static void put_text(format_sink sink, void *context, const struct conversion *c, const char *text, size_t length)
{
    size_t padding = c->width > length ? c->width - length : 0;
    if (!c->left) {
        pad(sink, context, ' ', padding);
    }
    sink(context, text, length);
    if (c->left) {
        pad(sink, context, ' ', padding);
    }
}

static void put_integer(format_sink sink, void *context, const struct conversion *c, uint64_t magnitude,
                        unsigned int base, const char *prefix)
{
    char digits[24];
    size_t count = 0;
    const char *alphabet = c->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    while (magnitude != 0) {
        /* cppcheck-suppress zerodivcond ; no caller's base is 0 */
        digits[sizeof(digits) - ++count] = alphabet[magnitude % base];
        magnitude /= base;
    }
    if (count == 0 && !(c->has_precision && c->precision == 0)) {
        digits[sizeof(digits) - ++count] = '0';
    }
    size_t prefix_length = strlen(prefix);
    size_t zeros = c->has_precision && c->precision > count ? c->precision - count : 0;
    size_t used = prefix_length + zeros + count;
    size_t padding = c->width > used ? c->width - used : 0;
    if (c->zero && !c->left && !c->has_precision) {
        zeros += padding;
        padding = 0;
    }
    if (!c->left) {
        pad(sink, context, ' ', padding);
    }
    sink(context, prefix, prefix_length);
    pad(sink, context, '0', zeros);
    sink(context, digits + sizeof(digits) - count, count);
    if (c->left) {
        pad(sink, context, ' ', padding);
    }
}

static uint64_t unsigned_argument(va_list *arguments, int size)
{
    uint64_t value = size == 8 ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned int);
    return size == 1 ? (uint8_t)value : size == 2 ? (uint16_t)value : value;
}

static int64_t signed_argument(va_list *arguments, int size)
{
    int64_t value = size == 8 ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
    return size == 1 ? (int8_t)value : size == 2 ? (int16_t)value : value;
}

static size_t number(const char **p, va_list *arguments, bool *negative)
{
    if (**p == '*') {
        (*p)++;
        int value = va_arg(*arguments, int);
        *negative = value < 0;
        return value < 0 ? (size_t) - (int64_t)value : (size_t)value;
    }
    size_t value = 0;
    while (**p >= '0' && **p <= '9') {
        value = value * 10 + (size_t)(*(*p)++ - '0');
    }
    return value;
}

static const char *parse(const char *p, struct conversion *c, va_list *arguments)
{
    bool negative = false;
    for (;; p++) {
        if (*p == '-') {
            c->left = true;
        } else if (*p == '0') {
            c->zero = true;
        } else if (*p == '+') {
            c->plus = true;
        } else {
            break;
        }
    }
    c->width = number(&p, arguments, &negative);
    c->left |= negative;
    if (*p == '.') {
        p++;
        negative = false;
        c->precision = number(&p, arguments, &negative);
        c->has_precision = !negative;
    }
    c->size = 4;
    if (p[0] == 'h') {
        c->size = p[1] == 'h' ? 1 : 2;
        p += p[1] == 'h' ? 2 : 1;
    } else if (*p == 'l' || *p == 'z' || *p == 'j' || *p == 't') {
        c->size = 8;
        p += p[0] == 'l' && p[1] == 'l' ? 2 : 1;
    }
    return p;
}

static void format_all(format_sink sink, void *context, const char *p, va_list *arguments)
{
    while (*p != '\0') {
        const char *literal = p;
        while (*p != '\0' && *p != '%') {
            p++;
        }
        sink(context, literal, (size_t)(p - literal));
        if (*p == '\0') {
            return;
        }
        const char *start = p;
        struct conversion c = {0};
        p = parse(p + 1, &c, arguments);
        switch (*p) {
        case 'd':
        case 'i': {
            int64_t value = signed_argument(arguments, c.size);
            uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
            put_integer(sink, context, &c, magnitude, 10, value < 0 ? "-" : c.plus ? "+" : "");
            break;
        }
        case 'u':
            put_integer(sink, context, &c, unsigned_argument(arguments, c.size), 10, "");
            break;
        case 'X':
            c.upper = true;
            put_integer(sink, context, &c, unsigned_argument(arguments, c.size), 16, "");
            break;
        case 'x':
            put_integer(sink, context, &c, unsigned_argument(arguments, c.size), 16, "");
            break;
        case 'p':
            put_integer(sink, context, &c, (uintptr_t)va_arg(*arguments, void *), 16, "0x");
            break;
        case 'c': {
            char one = (char)va_arg(*arguments, int);
            put_text(sink, context, &c, &one, 1);
            break;
        }
        case 's': {
            const char *text = va_arg(*arguments, const char *);
            text = text == NULL ? "(null)" : text;
            put_text(sink, context, &c, text, c.has_precision ? strnlen(text, c.precision) : strlen(text));
            break;
        }
        case '%':
            sink(context, "%", 1);
            break;
        default: /* not ours: print it as it stands */
            sink(context, start, (size_t)(p - start) + (*p != '\0'));
            break;
        }
        p += *p != '\0';
    }
}

void format_to_sink(format_sink sink, void *context, const char *format, va_list arguments)
{
    va_list copy;
    va_copy(copy, arguments);
    format_all(sink, context, format, &copy);
    va_end(copy);
}

struct bounded_buffer {
    char *buffer;
    size_t size;
    size_t length;
};

static void buffer_sink(void *context, const char *text, size_t length)
{
    struct bounded_buffer *b = context;
    if (b->length + 1 < b->size) {
        size_t room = b->size - 1 - b->length;
        memcpy(b->buffer + b->length, text, length < room ? length : room);
    }
    b->length += length;
}

int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct bounded_buffer b = {.buffer = buffer, .size = size};
    format_to_sink(buffer_sink, &b, format, arguments);
    if (size > 0) {
        buffer[b.length < size ? b.length : size - 1] = '\0';
    }
    return (int)b.length;
}

int snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
