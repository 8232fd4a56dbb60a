/* SPDX-License-Identifier: BSD-2-Clause */
/* The TPM's random numbers (TPM Library part 3, section 16.1). */
#include <loader/tpm.h>

#include <base/memory.h>
#include <crypto/wipe.h>

#define COMMAND_GET_RANDOM 0x17bu
/* It gives at most as much as its largest digest has, of which the shortest allowed is SHA-1's. */
#define MAX_COMMANDS       8u

/* Part of what is asked for; *got bytes. */
static uint32_t get(struct tpm *tpm, uint8_t *bytes, uint16_t size, uint16_t *got)
{
    struct tpm_reader reader;
    *got = 0;
    tpm_begin(tpm, COMMAND_GET_RANDOM);
    tpm_put_u16(tpm, size);
    uint32_t result = tpm_run(tpm, &reader);
    if (result != TPM_OK) {
        return result;
    }
    uint16_t given = tpm_get_u16(&reader);
    const uint8_t *random = tpm_get_bytes(&reader, given);
    if (random != NULL && (given == 0 || given > size)) {
        (void)tpm_fail(tpm, "it gives %u random bytes where %u were asked for", given, size);
        return TPM_BROKEN;
    }
    result = tpm_end(tpm, &reader, "TPM2_GetRandom");
    if (result == TPM_OK && random != NULL) {
        memcpy(bytes, random, given);
        *got = given;
    }
    return result;
}

uint32_t tpm_random(struct tpm *tpm, uint8_t *bytes, uint16_t size)
{
    uint32_t result = TPM_OK;
    uint16_t done = 0;
    for (uint32_t i = 0; i < MAX_COMMANDS && done < size && result == TPM_OK; i++) {
        uint16_t got;
        result = get(tpm, bytes + done, (uint16_t)(size - done), &got);
        done = (uint16_t)(done + got);
    }
    secret_wipe(tpm->response, sizeof(tpm->response));
    if (result == TPM_OK && done < size) {
        (void)tpm_fail(tpm, "it gives too few random bytes at a time");
        result = TPM_BROKEN;
    }
    if (result != TPM_OK) {
        secret_wipe(bytes, size);
    }
    return result;
}
