/* SPDX-License-Identifier: BSD-2-Clause */
/* PQClean's source of random numbers: what the caller of our interface gave. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define randombytes pqclean_randombytes
int pqclean_randombytes(uint8_t *output, size_t size);
