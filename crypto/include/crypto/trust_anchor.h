/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trust anchor: which keys may vouch for a system, which no longer may, and
 * what the loader does if nothing vouches. It is built into the loader. A file of
 * the same bytes (NAME.trust) is what `skyscope verify` takes.
 *
 * Format, all integers little-endian, nothing between the fields:
 *
 *   8   magic "SKYTRUST"
 *   2   format version, 1
 *   2   flags: enum trust_flag
 *   4   size of the whole in bytes
 *   8   serial number: one more at each rotation
 *   8   lowest rollback index that is accepted
 *   1   length of the system's name, 0: any system; then the name
 *   2   number of key pairs, 1 or 2; each:
 *         2   status: enum trust_status; the first is primary, the second, if any, next
 *         2   lattice algorithm     2  size of its public key     the public key
 *         2   hash-based algorithm  2  size of its public key     the public key
 *   2   number of revoked key ids, at most TRUST_MAX_REVOKED; each:
 *         32  key id
 *
 * Nothing follows. No key id appears twice, as a key or as revoked; a revoked key
 * may also be listed as a key: it is refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <crypto/signature.h>

#define TRUST_MAGIC       "SKYTRUST"
#define TRUST_VERSION     1u
#define TRUST_MAX_PAIRS   2u
#define TRUST_MAX_REVOKED 64u
#define TRUST_MAX_NAME    63u
#define TRUST_MAX_SIZE    16384u

enum trust_flag {
    TRUST_FLAG_DEVELOPMENT = 1 << 0,            /* these keys are not kept secret; banners say so */
    TRUST_FLAG_REBOOT_ON_FAILURE = 1 << 1,      /* else the loader halts */
    TRUST_FLAG_REQUIRE_ROLLBACK_STORE = 1 << 2, /* refuse to start where no rollback index can be kept */
};

enum trust_status {
    TRUST_STATUS_PRIMARY = 1,
    TRUST_STATUS_NEXT = 2,
};

struct trust_key {
    uint32_t algorithm; /* enum signature_algorithm */
    uint32_t size;      /* bytes */
    const uint8_t *public_key;
    uint8_t id[SIGNATURE_KEY_ID_SIZE];
};

struct trust_pair {
    uint32_t status; /* enum trust_status */
    struct trust_key lattice, hash;
};

/* A parsed trust anchor; it points into the bytes that it was parsed from. */
struct trust_anchor {
    uint32_t flags; /* enum trust_flag */
    uint64_t serial;
    uint64_t minimum_rollback_index;
    char system_name[TRUST_MAX_NAME + 1]; /* empty: any */
    uint32_t pair_count;
    struct trust_pair pairs[TRUST_MAX_PAIRS];
    uint32_t revoked_count;
    const uint8_t *revoked; /* revoked_count × SIGNATURE_KEY_ID_SIZE bytes */
};

/* Parses exactly size bytes. Returns NULL, or what is wrong, in English. */
const char *trust_anchor_parse(const void *bytes, size_t size, struct trust_anchor *anchor);
/* Writes the format. Returns its size, 0 if capacity is too small or a field is out of range. */
size_t trust_anchor_write(const struct trust_anchor *anchor, void *bytes, size_t capacity);
bool trust_anchor_revoked(const struct trust_anchor *anchor, const uint8_t id[SIGNATURE_KEY_ID_SIZE]);
