/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manifest: what an owner of keys vouches for. It names a system and each of
 * its images by role, place, size and hash; a signature block of two signatures
 * of different families follows it. docs/formats.md has the same byte by byte
 * with an example.
 *
 * There is one way only to write a given content (canonical form): fixed order,
 * no optional fields, no padding, all integers little-endian. Manifest:
 *
 *   8   magic "SKYMANIF"
 *   2   format version, 1
 *   2   kind: enum manifest_kind
 *   4   size of the manifest in bytes, magic included
 *   8   rollback index
 *   8   creation time, seconds since 1970, 0: not recorded
 *   2   hash algorithm: enum hash_algorithm
 *   2   lattice signature algorithm, 2  hash-based one: enum signature_algorithm
 *   32  id of the lattice key,  32  id of the hash-based key
 *   1   length of the system's name, 1 to 63; then the name, printable ASCII
 *   2   number of images, 1 to MANIFEST_MAX_IMAGES; each:
 *         1   length of its name, 1 to 63; then the name, printable ASCII, unique
 *         2   role: enum manifest_role
 *         2   flags: enum manifest_image_flag
 *         8   offset in the file that carries it, a multiple of 4096
 *         8   size in bytes, not 0
 *         1   length of the hash: 64; 0 with MANIFEST_IMAGE_UNSIGNED
 *             the hash of exactly size bytes, <crypto/image_hash.h> (of a role
 *             TREE: the tree's root)
 *
 * The first image starts at the first multiple of 4096 after the signature block,
 * each other at the first multiple of 4096 after the one before it.
 *
 * Signature block:
 *
 *   8   magic "SKYSIGNS"
 *   4   size of the block in bytes, magic included
 *   2   number of signatures, 2: first the lattice one, then the hash-based one; each:
 *         2   algorithm, as in the manifest
 *         32  key id, as in the manifest
 *         4   size;  then the signature
 *
 * What is signed is the whole manifest, with the context MANIFEST_CONTEXT_SYSTEM
 * or MANIFEST_CONTEXT_DISK according to its kind.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <crypto/hash.h>
#include <crypto/signature.h>
#include <crypto/trust_anchor.h>

#define MANIFEST_MAGIC           "SKYMANIF"
#define MANIFEST_SIGNATURE_MAGIC "SKYSIGNS"
#define MANIFEST_VERSION         1u
#define MANIFEST_MAX_IMAGES      256u
#define MANIFEST_MAX_NAME        63u
#define MANIFEST_ALIGNMENT       4096u
/* Upper bounds of the two parts, in bytes. */
#define MANIFEST_MAX_SIZE        0x10000u
#define MANIFEST_MAX_SIGNATURES  0x10000u

#define MANIFEST_CONTEXT_SYSTEM "skyscope system manifest 1"
#define MANIFEST_CONTEXT_DISK   "skyscope disk manifest 1"

enum manifest_kind {
    MANIFEST_KIND_SYSTEM = 1, /* in a payload: what the loader starts */
    MANIFEST_KIND_DISK = 2,   /* at the end of a boot partition: a Merkle tree over its blocks */
};

enum manifest_role {
    MANIFEST_ROLE_KERNEL = 1,  /* the separation kernel, an ELF64 executable; exactly one in a system of ours */
    MANIFEST_ROLE_PLAN = 2,    /* the plan, <skyscope/plan.h>; exactly one in a system of ours */
    MANIFEST_ROLE_PROGRAM = 3, /* a protection domain's ELF64 program image */
    MANIFEST_ROLE_DATA = 4,    /* prefill data: configuration, command lines */
    MANIFEST_ROLE_GUEST = 5,   /* what a VM boots: kernel, initrd, firmware */
    MANIFEST_ROLE_TREE = 6,    /* data under a Merkle tree; only in a disk's manifest */
    /* A system for another kernel has exactly one of these, and no kernel, plan or program: it is entered as a boot
     * loader enters it, on AArch64 an ELF64 executable at EL2, on x86-64 one for Multiboot 2. */
    MANIFEST_ROLE_FOREIGN_KERNEL = 7,
    MANIFEST_ROLE_MODULE = 8, /* a boot module of the foreign kernel, in the order of the manifest */
};

enum manifest_image_flag {
    /* Its content is not vouched for: no hash. Only with MANIFEST_ROLE_GUEST. */
    MANIFEST_IMAGE_UNSIGNED = 1 << 0,
};

struct manifest_image {
    char name[MANIFEST_MAX_NAME + 1]; /* NUL-terminated */
    uint32_t role;                    /* enum manifest_role */
    uint32_t flags;                   /* enum manifest_image_flag */
    uint64_t offset, size;            /* bytes */
    uint8_t hash[HASH_SHA512_SIZE];   /* zero if unsigned */
};

struct manifest {
    uint32_t kind; /* enum manifest_kind */
    uint64_t rollback_index;
    uint64_t creation_time; /* seconds since 1970 */
    uint32_t hash_algorithm;
    uint32_t lattice_algorithm, hash_based_algorithm;
    uint8_t lattice_key_id[SIGNATURE_KEY_ID_SIZE], hash_based_key_id[SIGNATURE_KEY_ID_SIZE];
    char system_name[MANIFEST_MAX_NAME + 1];
    uint32_t image_count;
    struct manifest_image images[MANIFEST_MAX_IMAGES];
};

/* Each way in which a manifest can be refused has a code and a text of its own. */
enum manifest_error {
    MANIFEST_OK = 0,
    MANIFEST_TRUNCATED,      /* ends within a field */
    MANIFEST_TRAILING_BYTES, /* bytes after the last field */
    MANIFEST_WRONG_MAGIC,
    MANIFEST_WRONG_VERSION,
    MANIFEST_WRONG_KIND,
    MANIFEST_WRONG_SIZE, /* the size field says other than the file */
    MANIFEST_TOO_LARGE,
    MANIFEST_UNKNOWN_HASH,
    MANIFEST_UNKNOWN_SIGNATURE_ALGORITHM,
    MANIFEST_WRONG_FAMILY, /* lattice where hash-based belongs, or the reverse */
    MANIFEST_BAD_SYSTEM_NAME,
    MANIFEST_NO_IMAGES,
    MANIFEST_TOO_MANY_IMAGES,
    MANIFEST_BAD_IMAGE_NAME,
    MANIFEST_DUPLICATE_IMAGE,
    MANIFEST_UNKNOWN_ROLE,
    MANIFEST_ROLE_NOT_ALLOWED, /* a role of the other kind of manifest, or of a system for another kernel */
    MANIFEST_UNKNOWN_FLAGS,
    MANIFEST_UNSIGNED_NOT_ALLOWED, /* unsigned, and not what a guest boots */
    MANIFEST_WRONG_HASH_LENGTH,
    MANIFEST_EMPTY_IMAGE,
    MANIFEST_MISALIGNED_IMAGE,
    MANIFEST_OVERLAPPING_IMAGE, /* starts before the end of the one before */
    MANIFEST_GAP_BEFORE_IMAGE,  /* does not follow the one before */
    MANIFEST_IMAGE_TOO_LARGE,   /* its end is not a number */
    MANIFEST_MISSING_ROLE,      /* no kernel, or no plan, or no tree */
    MANIFEST_DUPLICATE_ROLE,
    /* signature block */
    MANIFEST_SIGNATURES_TRUNCATED,
    MANIFEST_SIGNATURES_TRAILING_BYTES,
    MANIFEST_SIGNATURES_WRONG_MAGIC,
    MANIFEST_SIGNATURES_WRONG_SIZE,
    MANIFEST_SIGNATURES_WRONG_COUNT,
    MANIFEST_SIGNATURE_WRONG_ALGORITHM, /* not the one the manifest names in its place */
    MANIFEST_SIGNATURE_WRONG_KEY_ID,    /* not the one the manifest names in its place */
    MANIFEST_SIGNATURE_WRONG_LENGTH,
    /* verification */
    MANIFEST_KEY_REVOKED,
    MANIFEST_KEY_UNKNOWN,
    MANIFEST_KEYS_OF_DIFFERENT_PAIRS,
    MANIFEST_LATTICE_SIGNATURE_WRONG,
    MANIFEST_HASH_BASED_SIGNATURE_WRONG,
    MANIFEST_OTHER_SYSTEM, /* the trust anchor is for another system */
    MANIFEST_TOO_OLD,      /* rollback index below the trust anchor's */
    MANIFEST_ERROR_COUNT,
};

/* What was refused: a code and, where one is meant, the index of the image
 * (MANIFEST_NO_IMAGE: none) and the offset in the bytes given. */
#define MANIFEST_NO_IMAGE 0xffffffffu
struct manifest_problem {
    enum manifest_error error;
    uint32_t image;
    size_t offset;
};

/* One sentence in English, without the names of images. Never NULL. */
const char *manifest_error_text(enum manifest_error error);

/* Parses exactly size bytes in one pass, checking everything that the format
 * states but the signatures. first_offset: where the first image has to start.
 * False and *problem. Whatever the bytes, nothing outside them is read, nothing
 * is allocated, and the time is linear in size (but for the comparison of names). */
bool manifest_parse(const void *bytes, size_t size, uint64_t first_offset, struct manifest *manifest,
                    struct manifest_problem *problem);

/* Writes the manifest in its canonical form. Offsets are taken as they are.
 * Returns its size in bytes, 0 if capacity is too small. */
size_t manifest_write(const struct manifest *manifest, void *bytes, size_t capacity);
/* Size that manifest_write() will need. */
size_t manifest_write_size(const struct manifest *manifest);
/* Size of a signature block by these algorithms, 0 for an unknown one. */
size_t manifest_signatures_size(uint32_t lattice_algorithm, uint32_t hash_based_algorithm);

struct manifest_signatures {
    const uint8_t *lattice, *hash_based; /* in the bytes given */
    size_t lattice_size, hash_based_size;
};

/* Parses exactly size bytes of a signature block that must fit the manifest. */
bool manifest_signatures_parse(const void *bytes, size_t size, const struct manifest *manifest,
                               struct manifest_signatures *signatures, struct manifest_problem *problem);
/* Writes a signature block. Returns its size in bytes, 0 if capacity is too small. */
size_t manifest_signatures_write(const struct manifest *manifest, const uint8_t *lattice, const uint8_t *hash_based,
                                 void *bytes, size_t capacity);

/* Checks who vouches for a parsed manifest: keys known to the anchor, of one
 * pair, not revoked; both signatures over manifest_bytes; system name; rollback
 * index. *pair: the anchor's pair that vouches. The order of the checks is that
 * of the codes above. */
bool manifest_verify(const struct manifest *manifest, const void *manifest_bytes, size_t manifest_size,
                     const struct manifest_signatures *signatures, const struct trust_anchor *anchor,
                     const struct trust_pair **pair, struct manifest_problem *problem);
