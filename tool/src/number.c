/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <tool/number.h>

static int digit_value(char c, unsigned int base)
{
    int value = -1;
    if (c >= '0' && c <= '9') {
        value = c - '0';
    } else if (c >= 'a' && c <= 'f') {
        value = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
        value = c - 'A' + 10;
    }
    return value >= 0 && (unsigned int)value < base ? value : -1;
}

/* Parses digits up to the first character that is none; NULL on overflow or no digit. */
static const char *parse_digits(const char *text, uint64_t *value)
{
    unsigned int base = 10;
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    uint64_t result = 0;
    bool any = false;
    for (; *text != '\0'; text++) {
        if (*text == '_') {
            continue;
        }
        int digit = digit_value(*text, base);
        if (digit < 0) {
            break;
        }
        if (__builtin_mul_overflow(result, (uint64_t)base, &result) ||
            __builtin_add_overflow(result, (uint64_t)digit, &result)) {
            return NULL;
        }
        any = true;
    }
    *value = result;
    return any ? text : NULL;
}

bool parse_number(const char *text, uint64_t *value)
{
    uint64_t result;
    const char *end = parse_digits(text, &result);
    if (end == NULL || *end != '\0') {
        return false;
    }
    *value = result;
    return true;
}

bool parse_size(const char *text, uint64_t *value)
{
    static const struct {
        const char *suffix;
        unsigned int shift;
    } units[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
    uint64_t result;
    const char *end = parse_digits(text, &result);
    if (end == NULL) {
        return false;
    }
    while (*end == ' ') {
        end++;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].suffix) == 0) {
            return !__builtin_mul_overflow(result, 1ull << units[i].shift, value);
        }
    }
    return false;
}

static bool parse_word(const char *text, const char *yes, const char *no, bool *value)
{
    if (strcmp(text, yes) == 0) {
        *value = true;
        return true;
    }
    if (strcmp(text, no) == 0) {
        *value = false;
        return true;
    }
    return false;
}

bool parse_boolean(const char *text, bool *value)
{
    return parse_word(text, "true", "false", value);
}

bool parse_switch(const char *text, bool *value)
{
    return parse_word(text, "on", "off", value);
}

bool parse_cpu_list(const char *text, uint32_t *cpus, uint32_t limit, uint32_t *count)
{
    uint32_t found = 0;
    for (;;) {
        while (*text == ' ') {
            text++;
        }
        uint64_t cpu;
        const char *end = parse_digits(text, &cpu);
        if (end == NULL || cpu > UINT32_MAX || found == limit) {
            return false;
        }
        cpus[found++] = (uint32_t)cpu;
        while (*end == ' ') {
            end++;
        }
        if (*end == '\0') {
            *count = found;
            return true;
        }
        if (*end != ',') {
            return false;
        }
        text = end + 1;
    }
}

static const char *parse_hex_field(const char *text, uint32_t limit, uint32_t *value)
{
    uint32_t result = 0;
    int digit = digit_value(*text, 16);
    if (digit < 0) {
        return NULL;
    }
    while ((digit = digit_value(*text, 16)) >= 0) {
        result = result * 16 + (uint32_t)digit;
        if (result > limit) {
            return NULL;
        }
        text++;
    }
    *value = result;
    return text;
}

bool parse_pci_address(const char *text, uint32_t *address)
{
    uint32_t bus, device, function;
    text = parse_hex_field(text, 255, &bus);
    if (text == NULL || *text != ':') {
        return false;
    }
    text = parse_hex_field(text + 1, 31, &device);
    if (text == NULL || *text != '.') {
        return false;
    }
    text = parse_hex_field(text + 1, 7, &function);
    if (text == NULL || *text != '\0') {
        return false;
    }
    *address = bus << 8 | device << 3 | function;
    return true;
}

const char *format_size(char buffer[32], uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1024;
        unit++;
    }
    snprintf(buffer, 32, "%" PRIu64 " %s", bytes, units[unit]);
    return buffer;
}
