/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader does with the machine's TPM: it refuses systems older than one
 * that was started before, and measures what it is about to start. */
#pragma once

#include <crypto/manifest.h>
#include <loader/measured_boot.h>
#include <loader/rollback.h>
#include <loader/tpm.h>

/* A system whose signatures and hashes are right. */
struct verified_system {
    const struct manifest *manifest;
    const uint8_t *payload;                  /* what the images' offsets count from */
    uint8_t manifest_hash[HASH_SHA512_SIZE]; /* of the manifest's bytes */
    uint8_t anchor_hash[HASH_SHA512_SIZE];   /* of the trust anchor's bytes */
    uint32_t trust_flags;                    /* enum trust_flag */
};

struct trusted_platform {
    struct tpm tpm;
    struct rollback rollback;
    struct measured_boot measured;
    uint64_t rollback_index; /* of the system */
    bool required;           /* the trust anchor asks for a place for it */
};

/* Ends the loader if the system is older than what this machine has started, or
 * if the trust anchor asks for a rollback index and there is no place for one.
 * Else measures the system; hardware->verification tells. log: where the event
 * log goes, log_offset bytes into the hardware region. */
void trusted_platform_start(struct trusted_platform *platform, const struct verified_system *system,
                            struct hardware_info *hardware, void *log, uint32_t log_offset, uint32_t log_capacity);
/* Keeps the rollback index and locks it: to be called when nothing but the
 * kernel's start is left that could fail. */
void trusted_platform_commit(struct trusted_platform *platform, struct hardware_info *hardware);
