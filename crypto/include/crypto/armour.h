/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sealed data as text that survives consoles and terminals: base64 (RFC 4648
 * section 4) in lines of 76 characters between a line that begins and one that
 * ends it, as in RFC 7468. docs/seal.md says what a reader skips.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARMOUR_BEGIN       "-----BEGIN SKYSCOPE SEALED LOG-----"
#define ARMOUR_END         "-----END SKYSCOPE SEALED LOG-----"
#define ARMOUR_LINE_LENGTH 76u
#define ARMOUR_LINE_BYTES  57u
/* Longer lines are looked at as far as this. */
#define ARMOUR_MAX_LINE    1024u

/* --- Writing --- */

struct armour_encoder {
    /* Takes a line, without an end of line, NUL-terminated. */
    void (*line)(void *context, const char *text);
    void *context;
    const char *end; /* the line that ends it */
    uint8_t pending[ARMOUR_LINE_BYTES];
    size_t count;
};

/* Writes the line that begins it. */
void armour_start(struct armour_encoder *encoder, void (*line)(void *context, const char *text), void *context);
/* The same with other lines at begin and end. */
void armour_start_as(struct armour_encoder *encoder, const char *begin, const char *end,
                     void (*line)(void *context, const char *text), void *context);
void armour_add(struct armour_encoder *encoder, const uint8_t *data, size_t size);
/* Writes what is left, and the line that ends it. */
void armour_finish(struct armour_encoder *encoder);

/* --- Reading --- */

enum armour_result {
    ARMOUR_NOTHING,     /* the line gave no data */
    ARMOUR_STARTED,     /* data begin; those of an earlier beginning are void */
    ARMOUR_DATA,        /* *size bytes */
    ARMOUR_ENDED,       /* complete; *size bytes more, which may be 0 */
    ARMOUR_AMBIGUOUS,   /* short lines, of which only one can be the last: damaged */
    ARMOUR_BAD_PADDING, /* the last line is not canonical base64: damaged */
};

struct armour_decoder {
    bool started;
    size_t skipped;                    /* lines in between that are no data */
    char last[ARMOUR_LINE_LENGTH + 1]; /* a short line, which may be the last one; "" for none */
};

void armour_decoder_start(struct armour_decoder *decoder);
/* Takes a line, without its line feed. Anything is allowed in it. */
enum armour_result armour_decode_line(struct armour_decoder *decoder, const char *line, size_t length,
                                      uint8_t data[ARMOUR_LINE_BYTES], size_t *size);
