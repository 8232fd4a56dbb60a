/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message in pieces: what the signature standards call M', the prefix and the
 * message one behind the other, without a copy of them in one place.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX_PIECES 3

struct message_pieces {
    unsigned int count;
    struct {
        const void *data;
        size_t size;
    } piece[MESSAGE_MAX_PIECES];
};
