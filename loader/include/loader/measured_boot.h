/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measured boot: what is about to be started, extended into PCRs of the TPM and
 * written to an event log (<skyscope/event_log.h>; docs/measured_boot.md lists the
 * events). The digest of every event is that of its event data, in every bank of
 * the TPM: whoever finds that the log leads to the PCRs' values can believe its
 * texts.
 *
 * Measuring is for others to judge, so that a failing TPM stops only the
 * measuring. The PCRs then hold what no right start leads to.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <crypto/manifest.h>
#include <loader/tpm.h>

struct measured_boot {
    struct tpm *tpm;
    uint32_t state; /* enum hardware_measurement */
    struct tpm_banks banks;
    uint32_t event_count; /* extended */
    uint8_t *log;
    uint32_t log_size, log_capacity; /* bytes */
    bool extended_before;            /* a PCR was not as a reset leaves it */
    char problem[160];               /* why state is FAILED or NONE */
};

/* Bytes of log that are always enough to say that measuring failed. */
#define MEASURED_BOOT_MIN_LOG 4096u

/* Finds out the TPM's banks and writes the log's first event. log_capacity:
 * at least twice MEASURED_BOOT_MIN_LOG. */
void measured_boot_start(struct measured_boot *boot, struct tpm *tpm, void *log, uint32_t log_capacity);

/* Events, in this order. Each does nothing after a failure. */
void measured_boot_trust_anchor(struct measured_boot *boot, const uint8_t hash[HASH_SHA512_SIZE]);
void measured_boot_command_line(struct measured_boot *boot, const char *command_line);
void measured_boot_manifest(struct measured_boot *boot, const struct manifest *manifest,
                            const uint8_t hash[HASH_SHA512_SIZE]);
/* hash: by the manifest's algorithm; what the manifest says, or, of an image that it does not vouch for, what was
 * found. */
void measured_boot_image(struct measured_boot *boot, const struct manifest *manifest,
                         const struct manifest_image *image, const uint8_t hash[HASH_SHA512_SIZE]);
/* The separators; then the PCRs are read into *verification. */
void measured_boot_end(struct measured_boot *boot, struct hardware_verification *verification);
