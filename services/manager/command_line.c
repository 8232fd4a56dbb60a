/* SPDX-License-Identifier: BSD-2-Clause */
#include "command_line.h"

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
