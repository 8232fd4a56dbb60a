/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/rollback.h>

#include <base/format.h>
#include <base/memory.h>
#include <crypto/hash.h>

#define MAGIC_SIZE   8u
#define CONTEXT      "skyscope rollback index 1"
#define CONTEXT_SIZE (sizeof(CONTEXT) - 1)
#define MAX_NAME     64u

#define ATTRIBUTES                                                                                                     \
    ((uint32_t)TPM_NV_AUTHWRITE | (uint32_t)TPM_NV_WRITE_STCLEAR | (uint32_t)TPM_NV_OWNERREAD |                        \
     (uint32_t)TPM_NV_AUTHREAD | (uint32_t)TPM_NV_NO_DA)
/* What changes with use. */
#define STATE_ATTRIBUTES ((uint32_t)TPM_NV_WRITELOCKED | (uint32_t)TPM_NV_WRITTEN)

static const uint8_t magic[MAGIC_SIZE] = {'S', 'K', 'Y', 'R', 'B', 'I', 'D', 'X'};

static void identify(uint8_t identity[ROLLBACK_IDENTITY_SIZE], const char *system_name, bool development)
{
    uint8_t text[CONTEXT_SIZE + 1 + MAX_NAME];
    uint8_t digest[HASH_SHA512_SIZE];
    size_t length = strnlen(system_name, MAX_NAME);
    memcpy(text, CONTEXT, CONTEXT_SIZE);
    text[CONTEXT_SIZE] = development ? 1 : 0;
    memcpy(text + CONTEXT_SIZE + 1, system_name, length);
    hash_sha512(text, CONTEXT_SIZE + 1 + length, digest);
    memcpy(identity, digest, ROLLBACK_IDENTITY_SIZE);
}

static uint64_t get_index(const uint8_t data[ROLLBACK_DATA_SIZE])
{
    uint64_t index = 0;
    for (uint32_t i = 0; i < 8; i++) {
        index = index << 8 | data[MAGIC_SIZE + i];
    }
    return index;
}

static void put_data(uint8_t data[ROLLBACK_DATA_SIZE], const struct rollback *rollback, uint64_t index)
{
    memcpy(data, magic, MAGIC_SIZE);
    for (uint32_t i = 0; i < 8; i++) {
        data[MAGIC_SIZE + i] = (uint8_t)(index >> (56 - 8 * i));
    }
    memcpy(data + MAGIC_SIZE + 8, rollback->identity, ROLLBACK_IDENTITY_SIZE);
}

static bool no_place(struct rollback *rollback, const char *why)
{
    rollback->state = ROLLBACK_NO_PLACE;
    snprintf(rollback->problem, sizeof(rollback->problem), "%s", why);
    return false;
}

static bool tpm_refuses(struct rollback *rollback, const char *what, uint32_t result)
{
    rollback->state = ROLLBACK_NO_PLACE;
    snprintf(rollback->problem, sizeof(rollback->problem), "the TPM cannot %s: %s", what,
             tpm_result_text(rollback->tpm, result));
    return false;
}

/* A place to define or to write first, unless one was found before. */
static void offer(struct rollback *rollback, uint32_t handle, bool defined)
{
    if (rollback->state == ROLLBACK_NO_PLACE) {
        rollback->state = ROLLBACK_FREE;
        rollback->handle = handle;
        rollback->defined = defined;
    }
}

/* Should there be two, the higher one counts. */
static void consider_data(struct rollback *rollback, uint32_t handle, const uint8_t data[ROLLBACK_DATA_SIZE])
{
    if (memcmp(data, magic, MAGIC_SIZE) != 0 ||
        memcmp(data + MAGIC_SIZE + 8, rollback->identity, ROLLBACK_IDENTITY_SIZE) != 0) {
        return;
    }
    uint64_t index = get_index(data);
    if (rollback->state != ROLLBACK_KEPT || index > rollback->stored) {
        rollback->state = ROLLBACK_KEPT;
        rollback->handle = handle;
        rollback->defined = true;
        rollback->stored = index;
    }
}

/* Looks at an existing index. False: the TPM does not answer as it should. */
static bool consider(struct rollback *rollback, uint32_t handle)
{
    struct tpm_nv_public public;
    uint8_t data[ROLLBACK_DATA_SIZE];
    uint32_t result = tpm_nv_read_public(rollback->tpm, handle, &public);
    if (result != TPM_OK) {
        return tpm_refuses(rollback, "describe an NV index", result);
    }
    if ((public.attributes & ~STATE_ATTRIBUTES) != ATTRIBUTES || public.size != ROLLBACK_DATA_SIZE) {
        return true; /* somebody else's */
    }
    rollback->lock[rollback->lock_count++] = handle;
    if ((public.attributes & TPM_NV_WRITTEN) == 0) {
        offer(rollback, handle, true); /* the power went between defining and writing */
        return true;
    }
    result = tpm_nv_read(rollback->tpm, handle, data, sizeof(data));
    if (TPM_RC_FORMAT1(result) == TPM_RC_AUTH_FAIL || TPM_RC_FORMAT1(result) == TPM_RC_BAD_AUTH) {
        return true; /* somebody else's, with a password */
    }
    if (result != TPM_OK) {
        /* It may be ours: to take it for somebody else's would be to forget what it holds. */
        return tpm_refuses(rollback, "read an NV index", result);
    }
    consider_data(rollback, handle, data);
    return true;
}

void rollback_find(struct rollback *rollback, struct tpm *tpm, const char *system_name, bool development)
{
    uint32_t handles[ROLLBACK_HANDLES];
    uint32_t count, permanent;
    memset(rollback, 0, sizeof(*rollback));
    rollback->tpm = tpm;
    identify(rollback->identity, system_name, development);
    uint32_t result = tpm_nv_list(tpm, ROLLBACK_FIRST_HANDLE, ROLLBACK_HANDLES, handles, &count);
    if (result == TPM_OK) {
        result = tpm_property(tpm, TPM_PT_PERMANENT, &permanent);
    }
    if (result != TPM_OK) {
        (void)tpm_refuses(rollback, "list its NV indices", result);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!consider(rollback, handles[i])) {
            return;
        }
    }
    uint32_t next = 0; /* handles are in ascending order: the first gap is free */
    while (next < count && handles[next] == ROLLBACK_FIRST_HANDLE + next) {
        next++;
    }
    if (rollback->state != ROLLBACK_NO_PLACE) {
        return;
    }
    if ((permanent & TPM_PERMANENT_OWNER_AUTH_SET) != 0) {
        (void)no_place(rollback, "the TPM's owner has a password, and no index was defined before it was set");
    } else if (next == ROLLBACK_HANDLES) {
        (void)no_place(rollback, "all of the TPM's NV indices for rollback indices are taken by other systems");
    } else {
        offer(rollback, ROLLBACK_FIRST_HANDLE + next, false);
    }
}

static bool define(struct rollback *rollback)
{
    struct tpm_nv_public public = {.handle = rollback->handle, .attributes = ATTRIBUTES, .size = ROLLBACK_DATA_SIZE};
    uint32_t result = tpm_nv_define(rollback->tpm, &public);
    if (result != TPM_OK) {
        return tpm_refuses(rollback, "define an NV index", result);
    }
    rollback->lock[rollback->lock_count++] = rollback->handle;
    return true;
}

static bool write(struct rollback *rollback, uint64_t index)
{
    uint8_t data[ROLLBACK_DATA_SIZE], kept[ROLLBACK_DATA_SIZE];
    put_data(data, rollback, index);
    uint32_t result = tpm_nv_write(rollback->tpm, rollback->handle, data, sizeof(data));
    if (result != TPM_OK) {
        return tpm_refuses(rollback, "write the NV index", result);
    }
    result = tpm_nv_read(rollback->tpm, rollback->handle, kept, sizeof(kept));
    if (result != TPM_OK) {
        return tpm_refuses(rollback, "read the NV index again", result);
    }
    if (memcmp(data, kept, sizeof(data)) != 0) {
        return no_place(rollback, "the TPM does not keep what is written to its NV index");
    }
    rollback->state = ROLLBACK_KEPT;
    return true;
}

static bool lock_all(struct rollback *rollback)
{
    for (uint32_t i = 0; i < rollback->lock_count; i++) {
        uint32_t result = tpm_nv_write_lock(rollback->tpm, rollback->lock[i]);
        /* Already locked, or one with somebody else's password: not ours to lock. */
        if (result != TPM_OK && (result == TPM_BROKEN || rollback->lock[i] == rollback->handle) &&
            result != TPM_RC_NV_LOCKED) {
            return tpm_refuses(rollback, "lock the NV index", result);
        }
    }
    return true;
}

bool rollback_keep(struct rollback *rollback, uint64_t index, bool required)
{
    bool kept = rollback->state != ROLLBACK_NO_PLACE;
    if (rollback->state == ROLLBACK_FREE && (index > 0 || required)) {
        kept = (rollback->defined || define(rollback)) && write(rollback, index);
    } else if (rollback->state == ROLLBACK_KEPT && index > rollback->stored) {
        kept = write(rollback, index);
    }
    /* Whatever became of it: what is there gets locked. */
    return lock_all(rollback) && kept;
}
