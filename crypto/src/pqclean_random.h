/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers for PQClean's functions that have no argument for them: they call
 * randombytes(), which gives out what was laid ready here. Around each call:
 *
 *     pqclean_random_give(seed, 32);
 *     PQCLEAN_..._keypair(public_key, secret_key);
 *     if (!pqclean_random_taken()) { wipe the results; fail }
 *
 * What is laid ready is kept in one place for the whole program (on a host, in one
 * place for each thread), hence "one thread of a program at a time" in the headers
 * in <crypto/>. Functions with an argument for randomness (..._derand) do not
 * need this.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lays size bytes ready. They are not copied. */
void pqclean_random_give(const uint8_t *bytes, size_t size);
/* Takes back what was laid ready. Whether exactly all of it was asked for. */
bool pqclean_random_taken(void);
