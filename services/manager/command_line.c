/* SPDX-License-Identifier: BSD-2-Clause */
#include "command_line.h"

#include <base/memory.h>

#define SIZE_LIMIT (1ull << 50)

bool split_command(char *line, struct command_words *words)
{
    words->count = 0;
    for (char *c = line; *c != '\0';) {
        if (*c == ' ') {
            *c++ = '\0';
            continue;
        }
        if (words->count == COMMAND_MAX_WORDS) {
            return false;
        }
        words->word[words->count++] = c;
        while (*c != '\0' && *c != ' ') {
            c++;
        }
    }
    return true;
}

bool parse_number(const char *text, uint32_t limit, uint32_t *value)
{
    uint64_t number = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(*text - '0');
        if (number > limit) {
            return false;
        }
    }
    *value = (uint32_t)number;
    return true;
}

bool parse_size(const char *text, uint64_t *bytes)
{
    static const char *const suffixes[] = {"K", "KiB", "M", "MiB", "G", "GiB"};
    uint64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint64_t)(*at - '0');
        if (number > SIZE_LIMIT) {
            return false;
        }
    }
    if (at == text) {
        return false;
    }
    uint64_t unit = *at == '\0' ? 1 : 0;
    for (unsigned int i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (strcmp(at, suffixes[i]) == 0) {
            unit = 1ull << 10 * (i / 2 + 1);
        }
    }
    if (unit == 0 || number > SIZE_LIMIT / unit) {
        return false;
    }
    *bytes = number * unit;
    return true;
}

bool parse_number_or_none(const char *text, uint32_t least, uint32_t limit, uint32_t *value)
{
    if (strcmp(text, "none") == 0) {
        *value = 0;
        return true;
    }
    return parse_number(text, limit, value) && *value >= least;
}

bool parse_size_or_none(const char *text, uint64_t least, uint64_t *bytes)
{
    if (strcmp(text, "none") == 0) {
        *bytes = 0;
        return true;
    }
    return parse_size(text, bytes) && *bytes >= least;
}
