/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing JSON (RFC 8259). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *to;
    unsigned int depth;
    bool first; /* nothing written yet in the innermost object or array */
};

/* key: NULL in arrays. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_string(struct json *json, const char *key, const char *text);
void json_number(struct json *json, const char *key, uint64_t value);
void json_boolean(struct json *json, const char *key, bool value);
/* Lower-case hexadecimal digits of the bytes, as a string. */
void json_bytes(struct json *json, const char *key, const uint8_t *bytes, size_t size);
