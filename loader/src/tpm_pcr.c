/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting, properties and platform configuration registers (TPM Library part 3,
 * sections 9.3, 22.4, 22.5, 30.2). */
#include <loader/tpm.h>

#include <base/memory.h>

enum command_code {
    COMMAND_PCR_EVENT = 0x13c,
    COMMAND_STARTUP = 0x144,
    COMMAND_GET_CAPABILITY = 0x17a,
    COMMAND_PCR_READ = 0x17e,
};

enum capability {
    CAPABILITY_PCRS = 5,
    CAPABILITY_PROPERTIES = 6,
};

#define STARTUP_CLEAR   0u
#define PCR_SELECT_SIZE 3u  /* bytes of a selection of 24 PCRs */
#define PCR_MAX_BANKS   16u /* TPML_PCR_SELECTION's bound */
#define LOADER_PCRS     (1u << EVENT_PCR_SYSTEM | 1u << EVENT_PCR_CONFIGURATION)

uint32_t tpm_startup(struct tpm *tpm)
{
    struct tpm_reader reader;
    tpm_begin(tpm, COMMAND_STARTUP);
    tpm_put_u16(tpm, STARTUP_CLEAR);
    uint32_t result = tpm_run(tpm, &reader);
    if (result == TPM_RC_INITIALIZE) {
        return TPM_OK; /* the firmware has, as it should */
    }
    return result == TPM_OK ? tpm_end(tpm, &reader, "TPM2_Startup") : result;
}

/* Leaves *reader at the capability's list. */
static uint32_t get_capability(struct tpm *tpm, uint32_t capability, uint32_t property, uint32_t count,
                               struct tpm_reader *reader)
{
    tpm_begin(tpm, COMMAND_GET_CAPABILITY);
    tpm_put_u32(tpm, capability);
    tpm_put_u32(tpm, property);
    tpm_put_u32(tpm, count);
    uint32_t result = tpm_run(tpm, reader);
    if (result != TPM_OK) {
        return result;
    }
    (void)tpm_get_u8(reader); /* whether there is more */
    if (tpm_get_u32(reader) != capability) {
        (void)tpm_fail(tpm, "it answers with another capability than was asked for");
        return TPM_BROKEN;
    }
    return TPM_OK;
}

uint32_t tpm_property(struct tpm *tpm, uint32_t property, uint32_t *value)
{
    struct tpm_reader reader;
    uint32_t result = get_capability(tpm, CAPABILITY_PROPERTIES, property, 1, &reader);
    if (result != TPM_OK) {
        return result;
    }
    uint32_t count = tpm_get_u32(&reader);
    uint32_t answered = tpm_get_u32(&reader);
    *value = tpm_get_u32(&reader);
    if (count != 1 || answered != property) {
        (void)tpm_fail(tpm, "it answers with another property than was asked for");
        return TPM_BROKEN;
    }
    return tpm_end(tpm, &reader, "TPM2_GetCapability");
}

/* The selected PCRs, the first 24 of them as bits. */
static uint32_t get_selection(struct tpm_reader *reader)
{
    uint32_t size = tpm_get_u8(reader);
    const uint8_t *bytes = tpm_get_bytes(reader, size);
    uint32_t selected = 0;
    for (uint32_t i = 0; bytes != NULL && i < size && i < PCR_SELECT_SIZE; i++) {
        selected |= (uint32_t)bytes[i] << (8 * i);
    }
    return selected;
}

uint32_t tpm_pcr_banks(struct tpm *tpm, struct tpm_banks *banks)
{
    struct tpm_reader reader;
    banks->count = 0;
    uint32_t result = get_capability(tpm, CAPABILITY_PCRS, 0, 1, &reader);
    if (result != TPM_OK) {
        return result;
    }
    uint32_t count = tpm_get_u32(&reader);
    for (uint32_t i = 0; i < count && i < PCR_MAX_BANKS && !reader.overrun; i++) {
        uint16_t algorithm = tpm_get_u16(&reader);
        if ((get_selection(&reader) & LOADER_PCRS) != LOADER_PCRS || reader.overrun) {
            continue;
        }
        bool known = tpm_hash_size(algorithm) != 0;
        for (uint32_t j = 0; j < banks->count; j++) {
            known = known && banks->algorithms[j] != algorithm;
        }
        if (!known || banks->count == EVENT_LOG_MAX_ALGORITHMS) {
            (void)tpm_fail(tpm, "it has a PCR bank of algorithm 0x%x, which is unknown, there twice or one too many",
                           algorithm);
            return TPM_BROKEN;
        }
        banks->algorithms[banks->count++] = algorithm;
    }
    return tpm_end(tpm, &reader, "TPM2_GetCapability");
}

static struct tpm_digest *digest_of(struct tpm_digests *digests, uint16_t algorithm)
{
    for (uint32_t i = 0; i < digests->count; i++) {
        if (digests->digests[i].algorithm == algorithm) {
            return &digests->digests[i];
        }
    }
    return NULL;
}

/* TPMs answer with the digests of all algorithms that they know, banks or not. */
static uint32_t get_digests(struct tpm *tpm, struct tpm_reader *reader, struct tpm_digests *digests)
{
    uint32_t count = tpm_get_u32(reader);
    uint32_t seen = 0; /* bit i: digests->digests[i] has come */
    for (uint32_t i = 0; i < count && i < PCR_MAX_BANKS && !reader->overrun; i++) {
        uint16_t algorithm = tpm_get_u16(reader);
        uint32_t size = tpm_hash_size(algorithm);
        const uint8_t *bytes = tpm_get_bytes(reader, size);
        if (size == 0) {
            (void)tpm_fail(tpm, "it answers with a digest of unknown algorithm 0x%x", algorithm);
            return TPM_BROKEN;
        }
        struct tpm_digest *digest = digest_of(digests, algorithm);
        if (bytes != NULL && digest != NULL) {
            memcpy(digest->bytes, bytes, size);
            seen |= 1u << (uint32_t)(digest - digests->digests);
        }
    }
    if (seen != (1u << digests->count) - 1) {
        (void)tpm_fail(tpm, "its answer to TPM2_PCR_Event lacks the digest of a PCR bank");
        return TPM_BROKEN;
    }
    return tpm_end(tpm, reader, "TPM2_PCR_Event");
}

uint32_t tpm_pcr_event(struct tpm *tpm, uint32_t pcr, const void *data, uint32_t size, const struct tpm_banks *banks,
                       struct tpm_digests *digests)
{
    struct tpm_reader reader;
    memset(digests, 0, sizeof(*digests));
    for (uint32_t i = 0; i < banks->count; i++) {
        struct tpm_digest *digest = &digests->digests[digests->count++];
        digest->algorithm = banks->algorithms[i];
        digest->size = (uint16_t)tpm_hash_size(banks->algorithms[i]);
    }
    tpm_begin(tpm, COMMAND_PCR_EVENT);
    tpm_put_u32(tpm, pcr);
    tpm_put_empty_password(tpm);
    tpm_put_u16(tpm, (uint16_t)size);
    tpm_put_bytes(tpm, data, size);
    uint32_t result = tpm_run(tpm, &reader);
    return result == TPM_OK ? get_digests(tpm, &reader, digests) : result;
}

uint32_t tpm_pcr_read(struct tpm *tpm, uint16_t algorithm, uint32_t pcr, struct tpm_digest *value)
{
    struct tpm_reader reader;
    tpm_begin(tpm, COMMAND_PCR_READ);
    tpm_put_u32(tpm, 1);
    tpm_put_u16(tpm, algorithm);
    tpm_put_u8(tpm, PCR_SELECT_SIZE);
    for (uint32_t i = 0; i < PCR_SELECT_SIZE; i++) {
        tpm_put_u8(tpm, (uint8_t)(1u << pcr >> (8 * i)));
    }
    uint32_t result = tpm_run(tpm, &reader);
    if (result != TPM_OK) {
        return result;
    }
    (void)tpm_get_u32(&reader); /* update counter */
    uint32_t selections = tpm_get_u32(&reader);
    uint16_t answered = tpm_get_u16(&reader);
    uint32_t selected = get_selection(&reader);
    uint32_t count = tpm_get_u32(&reader);
    uint32_t size = tpm_get_u16(&reader);
    const uint8_t *bytes = tpm_get_bytes(&reader, size);
    if (selections != 1 || answered != algorithm || selected != 1u << pcr || count != 1 || bytes == NULL ||
        size != tpm_hash_size(algorithm)) {
        (void)tpm_fail(tpm, "it answers with another PCR than was asked for");
        return TPM_BROKEN;
    }
    *value = (struct tpm_digest){.algorithm = algorithm, .size = (uint16_t)size};
    memcpy(value->bytes, bytes, size);
    return tpm_end(tpm, &reader, "TPM2_PCR_Read");
}
