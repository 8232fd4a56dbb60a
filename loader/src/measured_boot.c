/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/measured_boot.h>

#include <base/format.h>
#include <base/memory.h>

/* Every text begins with it: who writes, and the version of the texts' form. */
#define TEXT_PREFIX "skyscope 1 "
#define TEXT_SIZE   512u
#define HEX_SIZE    (2 * HASH_SHA512_SIZE + 1)
#define UINTN_64    2u
#define SPEC_ERRATA 105u
#define SHA1_SIZE   20u

static const uint32_t loader_pcrs[] = {EVENT_PCR_SYSTEM, EVENT_PCR_CONFIGURATION};
#define LOADER_PCR_COUNT (sizeof(loader_pcrs) / sizeof(loader_pcrs[0]))

/* --- The log --- */

static void log_bytes(struct measured_boot *boot, const void *bytes, uint32_t size)
{
    memcpy(boot->log + boot->log_size, bytes, size);
    boot->log_size += size;
}

static void log_u16(struct measured_boot *boot, uint32_t value)
{
    log_bytes(boot, (uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8)}, 2);
}

static void log_u32(struct measured_boot *boot, uint32_t value)
{
    log_u16(boot, value & 0xffff);
    log_u16(boot, value >> 16);
}

/* Bytes that an event takes. */
static uint32_t event_size(const struct tpm_banks *banks, uint32_t data_size)
{
    uint32_t size = 4 + 4 + 4 + 4 + data_size;
    for (uint32_t i = 0; i < banks->count; i++) {
        size += 2 + tpm_hash_size(banks->algorithms[i]);
    }
    return size;
}

static void log_first_event(struct measured_boot *boot)
{
    static const uint8_t zeros[SHA1_SIZE];
    const struct tpm_banks *banks = &boot->banks;
    log_u32(boot, 0);
    log_u32(boot, EVENT_NO_ACTION);
    log_bytes(boot, zeros, SHA1_SIZE);
    log_u32(boot, (uint32_t)sizeof(EVENT_LOG_SIGNATURE) + 4 + 4 + 4 + 4 * banks->count + 1);
    log_bytes(boot, EVENT_LOG_SIGNATURE, sizeof(EVENT_LOG_SIGNATURE));
    log_u32(boot, 0);
    log_bytes(boot, (uint8_t[]){0, 2, SPEC_ERRATA, UINTN_64}, 4);
    log_u32(boot, banks->count);
    for (uint32_t i = 0; i < banks->count; i++) {
        log_u16(boot, banks->algorithms[i]);
        log_u16(boot, tpm_hash_size(banks->algorithms[i]));
    }
    log_bytes(boot, zeros, 1);
}

/* The caller has seen to it that there is room. */
static void log_event(struct measured_boot *boot, uint32_t pcr, uint32_t type, const struct tpm_digests *digests,
                      const void *data, uint32_t size)
{
    log_u32(boot, pcr);
    log_u32(boot, type);
    log_u32(boot, digests->count);
    for (uint32_t i = 0; i < digests->count; i++) {
        log_u16(boot, digests->digests[i].algorithm);
        log_bytes(boot, digests->digests[i].bytes, digests->digests[i].size);
    }
    log_u32(boot, size);
    log_bytes(boot, data, size);
}

/* --- Failing --- */

/* Makes sure that the PCRs cannot yet become what a right start leads to, and
 * that the log says why. */
static void fail(struct measured_boot *boot, const char *why)
{
    static const uint8_t error[4] = {EVENT_SEPARATOR_ERROR, 0, 0, 0};
    struct tpm_digests digests;
    char text[TEXT_SIZE / 2];
    snprintf(boot->problem, sizeof(boot->problem), "%s", why);
    boot->state = HARDWARE_MEASUREMENT_FAILED;
    for (uint32_t i = 0; i < LOADER_PCR_COUNT; i++) {
        if (tpm_pcr_event(boot->tpm, loader_pcrs[i], error, sizeof(error), &boot->banks, &digests) == TPM_OK) {
            log_event(boot, loader_pcrs[i], EVENT_SEPARATOR, &digests, error, sizeof(error));
        }
    }
    snprintf(text, sizeof(text), TEXT_PREFIX "measuring-failed %s", boot->problem);
    memset(&digests, 0, sizeof(digests));
    digests.count = boot->banks.count;
    for (uint32_t i = 0; i < digests.count; i++) {
        digests.digests[i].algorithm = boot->banks.algorithms[i];
        digests.digests[i].size = (uint16_t)tpm_hash_size(boot->banks.algorithms[i]);
    }
    log_event(boot, EVENT_PCR_SYSTEM, EVENT_NO_ACTION, &digests, text, (uint32_t)strlen(text));
}

/* --- Extending --- */

/* Whether the TPM hashed what it was given, as far as the loader can tell. */
static bool digest_right(const struct tpm_digest *digest, const void *data, uint32_t size)
{
    uint8_t own[HASH_SHA512_SIZE];
    switch (digest->algorithm) {
    case TPM_HASH_SHA256:
        hash_sha256(data, size, own);
        break;
    case TPM_HASH_SHA384:
        hash_sha384(data, size, own);
        break;
    case TPM_HASH_SHA512:
        hash_sha512(data, size, own);
        break;
    default:
        return true;
    }
    return memcmp(own, digest->bytes, digest->size) == 0;
}

static void extend(struct measured_boot *boot, uint32_t pcr, uint32_t type, const void *data, uint32_t size)
{
    struct tpm_digests digests;
    if (boot->state != HARDWARE_MEASUREMENT_COMPLETE) {
        return;
    }
    if (boot->log_size + event_size(&boot->banks, size) + MEASURED_BOOT_MIN_LOG > boot->log_capacity) {
        fail(boot, "the event log is full");
        return;
    }
    uint32_t result = tpm_pcr_event(boot->tpm, pcr, data, size, &boot->banks, &digests);
    if (result != TPM_OK) {
        fail(boot, tpm_result_text(boot->tpm, result));
        return;
    }
    for (uint32_t i = 0; i < digests.count; i++) {
        if (!digest_right(&digests.digests[i], data, size)) {
            fail(boot, "it computes wrong digests");
            return;
        }
    }
    log_event(boot, pcr, type, &digests, data, size);
    boot->event_count++;
}

__attribute__((format(printf, 3, 4))) static void extend_text(struct measured_boot *boot, uint32_t pcr,
                                                              const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(text)) {
        if (boot->state == HARDWARE_MEASUREMENT_COMPLETE) {
            fail(boot, "an event's text is too long: a bug in the loader");
        }
        return;
    }
    extend(boot, pcr, EVENT_IPL, text, (uint32_t)length);
}

static const char *hex(char text[HEX_SIZE], const uint8_t hash[HASH_SHA512_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < HASH_SHA512_SIZE; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    text[HEX_SIZE - 1] = '\0';
    return text;
}

static const char *role_name(uint32_t role)
{
    switch (role) {
    case MANIFEST_ROLE_KERNEL:
        return "kernel";
    case MANIFEST_ROLE_PLAN:
        return "plan";
    case MANIFEST_ROLE_PROGRAM:
        return "program";
    case MANIFEST_ROLE_DATA:
        return "data";
    case MANIFEST_ROLE_GUEST:
        return "guest";
    case MANIFEST_ROLE_FOREIGN_KERNEL:
        return "foreign-kernel";
    case MANIFEST_ROLE_MODULE:
        return "module";
    default:
        return "unknown";
    }
}

static const char *algorithm_name(uint32_t algorithm)
{
    return algorithm == HASH_ALGORITHM_SHA512        ? "sha512"
           : algorithm == HASH_ALGORITHM_SHA512_TREE ? "sha512-tree"
                                                     : "unknown";
}

/* --- Events --- */

/* A PCR that somebody has extended is still extended: what it then holds proves
 * less, but the digests that follow are the loader's. */
static uint32_t look_at_pcrs(struct measured_boot *boot)
{
    static const uint8_t zeros[EVENT_LOG_MAX_DIGEST];
    for (uint32_t i = 0; i < LOADER_PCR_COUNT * boot->banks.count; i++) {
        struct tpm_digest value;
        uint32_t result = tpm_pcr_read(boot->tpm, boot->banks.algorithms[i / LOADER_PCR_COUNT],
                                       loader_pcrs[i % LOADER_PCR_COUNT], &value);
        if (result != TPM_OK) {
            return result;
        }
        if (memcmp(value.bytes, zeros, value.size) != 0) {
            boot->extended_before = true;
        }
    }
    return TPM_OK;
}

void measured_boot_start(struct measured_boot *boot, struct tpm *tpm, void *log, uint32_t log_capacity)
{
    memset(boot, 0, sizeof(*boot));
    boot->tpm = tpm;
    boot->log = log;
    boot->log_capacity = log_capacity;
    uint32_t result = tpm_pcr_banks(tpm, &boot->banks);
    if (result == TPM_OK) {
        result = look_at_pcrs(boot);
    }
    if (result != TPM_OK) {
        snprintf(boot->problem, sizeof(boot->problem), "%s", tpm_result_text(tpm, result));
        boot->banks.count = 0;
        return;
    }
    if (boot->banks.count == 0) {
        snprintf(boot->problem, sizeof(boot->problem), "none of its PCR banks has PCRs 11 and 12");
        return;
    }
    boot->state = HARDWARE_MEASUREMENT_COMPLETE;
    log_first_event(boot);
}

void measured_boot_trust_anchor(struct measured_boot *boot, const uint8_t hash[HASH_SHA512_SIZE])
{
    char text[HEX_SIZE];
    extend_text(boot, EVENT_PCR_CONFIGURATION, TEXT_PREFIX "trust-anchor sha512 %s", hex(text, hash));
}

void measured_boot_command_line(struct measured_boot *boot, const char *command_line)
{
    extend_text(boot, EVENT_PCR_CONFIGURATION, TEXT_PREFIX "command-line %s", command_line);
}

void measured_boot_manifest(struct measured_boot *boot, const struct manifest *manifest,
                            const uint8_t hash[HASH_SHA512_SIZE])
{
    char text[HEX_SIZE];
    extend_text(boot, EVENT_PCR_SYSTEM, TEXT_PREFIX "manifest sha512 %s rollback-index %llu system %s", hex(text, hash),
                (unsigned long long)manifest->rollback_index, manifest->system_name);
}

void measured_boot_image(struct measured_boot *boot, const struct manifest *manifest,
                         const struct manifest_image *image, const uint8_t hash[HASH_SHA512_SIZE])
{
    char text[HEX_SIZE];
    extend_text(boot, EVENT_PCR_SYSTEM, TEXT_PREFIX "image %s %s %s %s %s", algorithm_name(manifest->hash_algorithm),
                hex(text, hash), role_name(image->role),
                (image->flags & MANIFEST_IMAGE_UNSIGNED) != 0 ? "unsigned" : "signed", image->name);
}

void measured_boot_end(struct measured_boot *boot, struct hardware_verification *verification)
{
    static const uint8_t end[4] = {EVENT_SEPARATOR_END, 0, 0, 0};
    for (uint32_t i = 0; i < LOADER_PCR_COUNT; i++) {
        extend(boot, loader_pcrs[i], EVENT_SEPARATOR, end, sizeof(end));
    }
    verification->measurement = boot->state;
    verification->event_log_size = boot->log_size;
    verification->pcr_value_count = 0;
    for (uint32_t i = 0; i < LOADER_PCR_COUNT * boot->banks.count; i++) {
        struct tpm_digest value;
        uint32_t pcr = loader_pcrs[i % LOADER_PCR_COUNT];
        if (tpm_pcr_read(boot->tpm, boot->banks.algorithms[i / LOADER_PCR_COUNT], pcr, &value) != TPM_OK) {
            return;
        }
        struct hardware_pcr_value *known = &verification->pcr_values[verification->pcr_value_count++];
        known->pcr = pcr;
        known->algorithm = value.algorithm;
        known->size = value.size;
        memcpy(known->value, value.bytes, value.size);
    }
}
