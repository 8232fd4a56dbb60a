/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In which order, and why:
 *
 * - first the rollback index is compared: an old system is not even measured;
 * - then everything is measured, before anything of it runs;
 * - the index is raised last (trusted_platform_commit), after signatures and
 *   hashes, and after the plan was found to fit this machine: a version that is
 *   right but cannot start here does not lock out the one that can.
 */
#include <loader/trusted_platform.h>

#include <crypto/image_hash.h>
#include <loader/log.h>
#include <loader/machine.h>

static const char *interface_name(uint32_t interface)
{
    return interface == HARDWARE_TPM_CRB ? "CRB" : "FIFO";
}

/* Four characters in a number, padded with blanks or NULs. */
static void describe(struct tpm *tpm, struct hardware_verification *verification)
{
    uint32_t manufacturer = 0;
    uint32_t version[2] = {0, 0};
    (void)tpm_property(tpm, TPM_PT_MANUFACTURER, &manufacturer);
    (void)tpm_property(tpm, TPM_PT_FIRMWARE_VERSION_1, &version[0]);
    (void)tpm_property(tpm, TPM_PT_FIRMWARE_VERSION_2, &version[1]);
    verification->tpm_interface = tpm->interface;
    verification->tpm_firmware_version = (uint64_t)version[0] << 32 | version[1];
    for (uint32_t i = 0; i < 4; i++) {
        char c = (char)(manufacturer >> (24 - 8 * i));
        verification->tpm_manufacturer[i] = (char)(c == 0 ? '\0' : c >= ' ' && c <= '~' ? c : '?');
    }
}

static void require_place(const struct trusted_platform *platform, const char *why)
{
    if (platform->required) {
        loader_fail("the trust anchor asks for a machine that keeps a rollback index, this one does not: %s", why);
    }
}

static void check_rollback(struct trusted_platform *platform, const struct verified_system *system,
                           struct hardware_verification *verification)
{
    const struct manifest *manifest = system->manifest;
    struct rollback *rollback = &platform->rollback;
    rollback_find(rollback, &platform->tpm, manifest->system_name, (system->trust_flags & TRUST_FLAG_DEVELOPMENT) != 0);
    if (rollback->state == ROLLBACK_NO_PLACE) {
        require_place(platform, rollback->problem);
        log_warning("no rollback index is kept: %s", rollback->problem);
        return;
    }
    if (rollback->state == ROLLBACK_KEPT && manifest->rollback_index < rollback->stored) {
        loader_fail("system \"%s\" is too old: its rollback index is %llu, this machine has started %llu",
                    manifest->system_name, (unsigned long long)manifest->rollback_index,
                    (unsigned long long)rollback->stored);
    }
    verification->rollback_store = HARDWARE_ROLLBACK_TPM_NV;
    verification->stored_rollback_index = rollback->stored;
    verification->rollback_handle = rollback->state == ROLLBACK_KEPT ? rollback->handle : 0;
}

static void measure(struct trusted_platform *platform, const struct verified_system *system,
                    struct hardware_info *hardware, void *log, uint32_t log_capacity)
{
    struct measured_boot *measured = &platform->measured;
    const struct manifest *manifest = system->manifest;
    measured_boot_start(measured, &platform->tpm, log, log_capacity);
    measured_boot_trust_anchor(measured, system->anchor_hash);
    measured_boot_command_line(measured, hardware->command_line);
    measured_boot_manifest(measured, manifest, system->manifest_hash);
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        const struct manifest_image *image = &manifest->images[i];
        uint8_t found[HASH_SHA512_SIZE];
        if ((image->flags & MANIFEST_IMAGE_UNSIGNED) != 0) {
            vectors_enable();
            (void)image_hash(manifest->hash_algorithm, system->payload + image->offset, image->size, found);
            vectors_disable();
        }
        measured_boot_image(measured, manifest, image,
                            (image->flags & MANIFEST_IMAGE_UNSIGNED) != 0 ? found : image->hash);
    }
    measured_boot_end(measured, &hardware->verification);
}

static void report_measurement(const struct trusted_platform *platform,
                               const struct hardware_verification *verification)
{
    const struct measured_boot *measured = &platform->measured;
    if (measured->state == HARDWARE_MEASUREMENT_NONE) {
        log_warning("TPM: nothing is measured: %s", measured->problem);
        return;
    }
    if (measured->state == HARDWARE_MEASUREMENT_FAILED) {
        log_warning("TPM: measuring failed: %s", measured->problem);
        return;
    }
    if (measured->extended_before) {
        log_warning("TPM: PCR %u or %u was extended before the loader started: the event log does not explain it",
                    EVENT_PCR_SYSTEM, EVENT_PCR_CONFIGURATION);
    }
    loader_print("loader: TPM 2.0 (%s, %s): %u events measured in PCRs %u and %u, banks",
                 verification->tpm_manufacturer, interface_name(platform->tpm.interface), measured->event_count,
                 EVENT_PCR_SYSTEM, EVENT_PCR_CONFIGURATION);
    for (uint32_t i = 0; i < measured->banks.count; i++) {
        loader_print("%s %s", i == 0 ? "" : ",", tpm_hash_name(measured->banks.algorithms[i]));
    }
    loader_print("\n");
}

void trusted_platform_start(struct trusted_platform *platform, const struct verified_system *system,
                            struct hardware_info *hardware, void *log, uint32_t log_offset, uint32_t log_capacity)
{
    struct hardware_verification *verification = &hardware->verification;
    platform->rollback_index = system->manifest->rollback_index;
    platform->required = (system->trust_flags & TRUST_FLAG_REQUIRE_ROLLBACK_STORE) != 0;
    if (!tpm_open(&platform->tpm, &machine_tpm_access, hardware)) {
        const char *why = platform->tpm.problem;
        require_place(platform, platform->tpm.interface == HARDWARE_TPM_NONE ? "no TPM 2.0" : why);
        if (platform->tpm.interface == HARDWARE_TPM_NONE && hardware->tpm_start_method == 0) {
            loader_print("loader: no TPM 2.0: nothing is measured, no rollback index is kept\n");
        } else {
            log_warning("the TPM cannot be used: %s; nothing is measured, no rollback index is kept", why);
        }
        return;
    }
    describe(&platform->tpm, verification);
    check_rollback(platform, system, verification);
    measure(platform, system, hardware, log, log_capacity);
    if (verification->event_log_size != 0) {
        verification->event_log_offset = log_offset;
        hardware->size = log_offset + verification->event_log_size;
    }
    report_measurement(platform, verification);
}

void trusted_platform_commit(struct trusted_platform *platform, struct hardware_info *hardware)
{
    struct rollback *rollback = &platform->rollback;
    uint64_t index = platform->rollback_index;
    if (rollback->tpm == NULL) {
        return; /* no TPM, as was said */
    }
    enum rollback_state before = rollback->state;
    if (!rollback_keep(rollback, index, platform->required)) {
        require_place(platform, rollback->problem);
        if (before != ROLLBACK_NO_PLACE) {
            log_warning("rollback index %llu is not kept: %s", (unsigned long long)index, rollback->problem);
            hardware->verification.rollback_store = HARDWARE_ROLLBACK_NONE;
        }
    } else if (rollback->state == ROLLBACK_KEPT) {
        hardware->verification.rollback_handle = rollback->handle;
        if (before == ROLLBACK_KEPT) {
            loader_print("loader: rollback index %llu (this machine had started %llu), kept in NV index 0x%x\n",
                         (unsigned long long)index, (unsigned long long)rollback->stored, rollback->handle);
        } else {
            loader_print("loader: rollback index %llu, kept in NV index 0x%x from now on\n", (unsigned long long)index,
                         rollback->handle);
        }
    } else {
        loader_print("loader: rollback index 0: none is kept\n");
    }
    tpm_close(&platform->tpm);
}
