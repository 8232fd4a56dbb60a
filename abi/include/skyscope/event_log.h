/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of measured boot: which events the loader extended platform
 * configuration registers (PCRs) of the TPM with. Format: TCG PC Client Platform
 * Firmware Profile 1.05, section 10, crypto agile. docs/measured_boot.md says
 * which events there are.
 *
 * All integers little-endian, nothing between the fields. First event:
 *
 *   4   PCR, 0      4   type, EVENT_NO_ACTION      20  zeros
 *   4   size of what follows in this event
 *   16  EVENT_LOG_SIGNATURE
 *   4   platform class, 0
 *   1   minor version, 0      1   major version, 2      1   errata, 105
 *   1   size of UINTN in 32-bit words, 2
 *   4   number of hash algorithms; each:
 *         2  algorithm      2  size of its digests
 *   1   size of vendor information, 0
 *
 * Every other event:
 *
 *   4   PCR      4   type
 *   4   number of digests, one for each algorithm; each:
 *         2  algorithm         the digest
 *   4   size of event data; the event data
 */
#pragma once

#include <stdint.h>

#define EVENT_LOG_SIGNATURE      "Spec ID Event03" /* with its NUL: 16 bytes */
#define EVENT_LOG_MAX_ALGORITHMS 8u
#define EVENT_LOG_MAX_DIGEST     64u

/* Which PCRs the loader extends, and nothing else of the boot chain does:
 * docs/measured_boot.md says why these. */
#define EVENT_PCR_SYSTEM        11u /* manifest and images: what is started */
#define EVENT_PCR_CONFIGURATION 12u /* trust anchor and command line: how the loader was set up */

enum event_type {
    EVENT_NO_ACTION = 0x03, /* information, nothing is extended */
    EVENT_SEPARATOR = 0x04, /* the loader extends nothing after it */
    EVENT_IPL = 0x0d,       /* event data is text, and what was hashed */
};

/* Event data of EVENT_SEPARATOR, little-endian. */
#define EVENT_SEPARATOR_END   0u
#define EVENT_SEPARATOR_ERROR 1u

/* TCG Algorithm Registry, section 6.10. */
enum tpm_hash_algorithm {
    TPM_HASH_SHA1 = 0x04,
    TPM_HASH_SHA256 = 0x0b,
    TPM_HASH_SHA384 = 0x0c,
    TPM_HASH_SHA512 = 0x0d,
    TPM_HASH_SM3_256 = 0x12,
    TPM_HASH_SHA3_256 = 0x27,
    TPM_HASH_SHA3_384 = 0x28,
    TPM_HASH_SHA3_512 = 0x29,
};

/* Bytes of a digest, 0: unknown algorithm. */
static inline uint32_t tpm_hash_size(uint32_t algorithm)
{
    switch (algorithm) {
    case TPM_HASH_SHA1:
        return 20;
    case TPM_HASH_SHA256:
    case TPM_HASH_SM3_256:
    case TPM_HASH_SHA3_256:
        return 32;
    case TPM_HASH_SHA384:
    case TPM_HASH_SHA3_384:
        return 48;
    case TPM_HASH_SHA512:
    case TPM_HASH_SHA3_512:
        return 64;
    default:
        return 0;
    }
}

static inline const char *tpm_hash_name(uint32_t algorithm)
{
    switch (algorithm) {
    case TPM_HASH_SHA1:
        return "SHA-1";
    case TPM_HASH_SHA256:
        return "SHA-256";
    case TPM_HASH_SHA384:
        return "SHA-384";
    case TPM_HASH_SHA512:
        return "SHA-512";
    case TPM_HASH_SM3_256:
        return "SM3-256";
    case TPM_HASH_SHA3_256:
        return "SHA3-256";
    case TPM_HASH_SHA3_384:
        return "SHA3-384";
    case TPM_HASH_SHA3_512:
        return "SHA3-512";
    default:
        return "unknown algorithm";
    }
}
