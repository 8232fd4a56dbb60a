/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rollback index that a machine keeps: the highest one that it has started,
 * in a non-volatile index of its TPM. docs/measured_boot.md says what this is
 * worth.
 *
 * Each system has an index of its own, so that two sticks do not block each other.
 * Handles ROLLBACK_FIRST_HANDLE to .. + ROLLBACK_HANDLES - 1 hold, in any order:
 *
 *   8   magic "SKYRBIDX"
 *   8   the rollback index, big-endian
 *   32  whose it is: the first half of SHA-512 over "skyscope rollback index 1", a
 *       byte (1: signed by development keys, else 0) and the system's name
 *
 * Attributes: written and read by the index's own empty password, no dictionary
 * attack protection (an empty password is no secret), and a write lock that only a
 * reset of the TPM lifts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <loader/tpm.h>

/* In the range that the TCG's registry of handles leaves to a TPM's owner
 * (0x01800000 to 0x01bfffff), away from its beginning, where others count up. */
#define ROLLBACK_FIRST_HANDLE 0x01a53900u
#define ROLLBACK_HANDLES      16u

#define ROLLBACK_DATA_SIZE     48u
#define ROLLBACK_IDENTITY_SIZE 32u

enum rollback_state {
    ROLLBACK_NO_PLACE, /* problem says why */
    ROLLBACK_FREE,     /* none kept yet; handle is free */
    ROLLBACK_KEPT,     /* stored, in handle */
};

struct rollback {
    struct tpm *tpm;
    enum rollback_state state;
    uint32_t handle;
    bool defined; /* handle exists, though nothing may have been written to it */
    uint64_t stored;
    uint8_t identity[ROLLBACK_IDENTITY_SIZE];
    uint32_t lock_count; /* our indices and those of other systems */
    uint32_t lock[ROLLBACK_HANDLES];
    char problem[160];
};

/* Looks for the system's index. */
void rollback_find(struct rollback *rollback, struct tpm *tpm, const char *system_name, bool development);
/* Keeps index, if it is higher than what is stored, and locks all systems'
 * indices until the TPM is reset. Where none is kept, index 0 needs none unless
 * it is required. False and problem: it could not be kept. */
bool rollback_keep(struct rollback *rollback, uint64_t index, bool required);
