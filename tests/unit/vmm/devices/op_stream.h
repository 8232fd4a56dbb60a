/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of bytes as operations of a hostile guest on a whole PC: the fuzzer
 * and the random test play it. Nothing may crash, hang or run away, whatever the
 * bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pc.h"

/* Plays the stream on a PC just created and checks its invariants on the way. Aborts if one is broken. */
void op_stream_play(struct pc *pc, const uint8_t *bytes, size_t size);
