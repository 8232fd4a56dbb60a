/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of bytes as operations of a hostile guest on a GIC: the fuzzer and the random
 * test play it. Nothing may crash, hang or run away, whatever the bytes, and the model's
 * books must balance.
 */
#pragma once

#include "gic_machine.h"

/* The first bytes choose the machine. Fails or aborts if an invariant is broken. */
void gic_stream_play(struct machine *machine, const uint8_t *bytes, size_t size);
