/* SPDX-License-Identifier: BSD-2-Clause */
/* What signature.c (verification) and signature_sign.c (the rest) share. */
#pragma once

#include <crypto/signature.h>

#include "message_pieces.h"

/* FIPS 204 algorithm 2 line 10 and algorithm 3 line 5, FIPS 205 algorithms 22 and
 * 24: M' of the pure variants. prefix has to live as long as pieces. */
static inline void signature_pure_message(struct message_pieces *pieces, uint8_t prefix[2], const void *context,
                                          size_t context_size, const void *message, size_t message_size)
{
    prefix[0] = 0;
    prefix[1] = (uint8_t)context_size;
    pieces->count = 0;
    pieces->piece[pieces->count].data = prefix;
    pieces->piece[pieces->count++].size = 2;
    if (context_size > 0) {
        pieces->piece[pieces->count].data = context;
        pieces->piece[pieces->count++].size = context_size;
    }
    if (message_size > 0) {
        pieces->piece[pieces->count].data = message;
        pieces->piece[pieces->count++].size = message_size;
    }
}
