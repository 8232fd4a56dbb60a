/* SPDX-License-Identifier: BSD-2-Clause */
/* Splitting a command line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define COMMAND_MAX_WORDS 12u

struct command_words {
    unsigned int count;
    const char *word[COMMAND_MAX_WORDS];
};

/* Splits `line`, which is changed, at blanks. False if there are too many words. */
bool split_command(char *line, struct command_words *words);
/* A decimal number, 0..limit. False if the text is anything else. */
bool parse_number(const char *text, uint32_t limit, uint32_t *value);
/* Bytes: a decimal number with K, M or G, with or without iB behind it; a number alone is bytes. False if the text is
 * anything else, or more than 1 PiB. */
bool parse_size(const char *text, uint64_t *bytes);
/* A limit: a number or a size of at least `least`, or "none", which is 0. False if the text is anything else. */
bool parse_number_or_none(const char *text, uint32_t least, uint32_t limit, uint32_t *value);
bool parse_size_or_none(const char *text, uint64_t least, uint64_t *bytes);
