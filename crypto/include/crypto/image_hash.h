/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes of images, by the algorithm that a manifest names.
 *
 * HASH_ALGORITHM_SHA512 is SHA-512 of the image. HASH_ALGORITHM_SHA512_TREE is
 * SHA-512 in a tree of two levels, so that a processor with vectors takes four
 * chunks at once:
 *
 *   chunk i  the i-th IMAGE_HASH_CHUNK bytes of the image; the last may be shorter
 *   leaf i   SHA-512(leaf prefix, chunk i)
 *   root     SHA-512(root prefix, size of the image as 8 bytes little-endian, leaf 0, leaf 1, ...)
 *
 * The prefixes are IMAGE_HASH_LEAF and IMAGE_HASH_ROOT, each filled up with zeros
 * to the 128 bytes of a block of SHA-512: no leaf can be taken for a root. Two
 * images of one hash would give two messages of one SHA-512 hash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <crypto/hash.h>

#define IMAGE_HASH_CHUNK 16384u
#define IMAGE_HASH_LEAF  "Skyscope image tree leaf 1"
#define IMAGE_HASH_ROOT  "Skyscope image tree root 1"

/* Name of an algorithm, NULL for an unknown id. */
const char *image_hash_name(uint32_t algorithm);
/* The hash of size bytes. False for an unknown algorithm. */
bool image_hash(uint32_t algorithm, const void *data, size_t size, uint8_t digest[HASH_SHA512_SIZE]);
