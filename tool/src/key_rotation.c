/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>
#include <tool/key_rotation.h>
#include <unistd.h>

static const uint32_t kinds[] = {KEY_KIND_LATTICE, KEY_KIND_HASH_BASED};

static const char *in_directory(struct arena *arena, const char *directory, const char *name)
{
    return arena_format(arena, "%s/%s", directory, name);
}

static const struct trust_key *key_of(const struct trust_pair *pair, uint32_t kind)
{
    return kind == KEY_KIND_LATTICE ? &pair->lattice : &pair->hash;
}

bool rotation_pending(struct arena *arena, const char *directory)
{
    return key_storage_exists(in_directory(arena, directory, "pending.trust"));
}

/* The pair of key files must be the one that the trust anchor names. */
static bool check_pair(struct arena *arena, const char *directory, const char *name, const struct signing_pair *pair,
                       const struct trust_pair *expected, const char **reason)
{
    if (memcmp(pair->lattice.id, expected->lattice.id, SIGNATURE_KEY_ID_SIZE) == 0 &&
        memcmp(pair->hash.id, expected->hash.id, SIGNATURE_KEY_ID_SIZE) == 0) {
        return true;
    }
    *reason = arena_format(arena,
                           "the files %s.*.key in %s are not the %s keys of " TRUST_FILE " there; put back those that "
                           "belong to it",
                           name, directory, name);
    return false;
}

/* What the new trust anchor says, but for the new pair itself. `kept` goes on as primary. */
static bool make_anchor(struct arena *arena, const struct trust_anchor *old, const struct rotation_request *request,
                        struct trust_anchor *new, const char **reason)
{
    const struct trust_pair *kept = &old->pairs[request->replace_next ? 0 : 1];
    const struct trust_pair *revoked = &old->pairs[request->replace_next ? 1 : 0];
    if (old->revoked_count + 2 > TRUST_MAX_REVOKED) {
        *reason = arena_format(
            arena, "the trust anchor's list of revoked keys is full (%u); begin anew with 'skyscope keygen'",
            TRUST_MAX_REVOKED);
        return false;
    }
    if (request->minimum_rollback_index != 0 && request->minimum_rollback_index < old->minimum_rollback_index) {
        *reason = arena_format(arena, "the lowest rollback index can only grow, and is %" PRIu64 " already",
                               old->minimum_rollback_index);
        return false;
    }
    size_t size = (size_t)old->revoked_count * SIGNATURE_KEY_ID_SIZE;
    uint8_t *list = arena_allocate(arena, size + (size_t)2 * SIGNATURE_KEY_ID_SIZE);
    if (size != 0) {
        memcpy(list, old->revoked, size);
    }
    memcpy(list + size, revoked->lattice.id, SIGNATURE_KEY_ID_SIZE);
    memcpy(list + size + SIGNATURE_KEY_ID_SIZE, revoked->hash.id, SIGNATURE_KEY_ID_SIZE);
    *new = *old;
    new->serial = old->serial + 1;
    if (request->minimum_rollback_index != 0) {
        new->minimum_rollback_index = request->minimum_rollback_index;
    }
    new->pairs[0] = *kept;
    new->pairs[0].status = TRUST_STATUS_PRIMARY;
    new->revoked = list;
    new->revoked_count = old->revoked_count + 2;
    return true;
}

/* The new pair's files, then the trust anchor's, which makes the rotation count. */
static bool write_pending(struct arena *arena, const struct rotation_request *request, const struct signing_pair *kept,
                          const struct trust_pair *old_next, struct trust_anchor *anchor, const char **reason)
{
    struct pair_request pair = {
        .lattice = request->lattice != NULL ? request->lattice : signature_parameters(old_next->lattice.algorithm),
        .hash = request->hash != NULL ? request->hash : signature_parameters(old_next->hash.algorithm),
        .creation_time = request->creation_time,
        .development = (anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0,
        .passphrase = &kept->passphrase,
    };
    const char *paths[] = {key_path(arena, request->directory, "pending", KEY_KIND_LATTICE),
                           key_path(arena, request->directory, "pending", KEY_KIND_HASH_BASED)};
    /* Left by a rotation that never counted: nothing trusts these keys. */
    unlink(paths[0]);
    unlink(paths[1]);
    if (!key_pair_create(arena, request->directory, "pending", &pair, &anchor->pairs[1], reason)) {
        return false;
    }
    anchor->pairs[1].status = TRUST_STATUS_NEXT;
    anchor->pair_count = 2;
    struct blob *blob = trust_file_make(arena, anchor, reason);
    if (blob == NULL ||
        !key_storage_create(arena, in_directory(arena, request->directory, "pending.trust.new"), 0644, blob->data,
                            blob->size, reason) ||
        /* Not before all of it is there. */
        !key_storage_rename(arena, in_directory(arena, request->directory, "pending.trust.new"),
                            in_directory(arena, request->directory, "pending.trust"), false, reason)) {
        unlink(paths[0]);
        unlink(paths[1]);
        return false;
    }
    return true;
}

bool rotation_prepare(struct arena *arena, const struct rotation_request *request, const char **reason)
{
    struct trust_file trust;
    struct trust_anchor anchor;
    struct signing_pair kept;
    const char *name = request->replace_next ? "primary" : "next";
    if (!trust_file_read(arena, in_directory(arena, request->directory, TRUST_FILE), &trust, reason)) {
        return false;
    }
    if (trust.anchor.pair_count != 2) {
        *reason = "the trust anchor has no next pair to rotate to; begin anew with 'skyscope keygen'";
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        const char *path = key_path(arena, request->directory, name, kinds[i]);
        if (!key_storage_exists(path)) {
            *reason =
                arena_format(arena, "'%s' is not there; copy the %s keys (%s.*.key) from where they are kept to %s",
                             path, name, name, request->directory);
            return false;
        }
    }
    if (!make_anchor(arena, &trust.anchor, request, &anchor, reason) ||
        !signing_pair_load(arena, request->directory, name, request->passphrase_file, &kept, reason)) {
        return false;
    }
    unlink(in_directory(arena, request->directory, "pending.trust.new"));
    bool good = check_pair(arena, request->directory, name, &kept, &anchor.pairs[0], reason) &&
                write_pending(arena, request, &kept, &trust.anchor.pairs[1], &anchor, reason);
    signing_pair_forget(&kept);
    return good;
}

/* The id of the key in a file. False: *reason says why it cannot be told. */
static bool key_id_of(struct arena *arena, const char *path, uint8_t id[SIGNATURE_KEY_ID_SIZE], const char **reason)
{
    struct key_file key;
    if (key_file_read(arena, path, &key, reason) == NULL) {
        return false;
    }
    memcpy(id, key.id, SIGNATURE_KEY_ID_SIZE);
    return true;
}

/* Moves the files of one kind to where the new trust anchor wants them. Each step sees from the ids whether
 * it is done already. */
static bool place_keys(struct arena *arena, const char *directory, const struct trust_anchor *anchor, uint32_t kind,
                       const char **reason)
{
    const uint8_t *primary = key_of(&anchor->pairs[0], kind)->id, *next = key_of(&anchor->pairs[1], kind)->id;
    const char *primary_path = key_path(arena, directory, "primary", kind);
    const char *next_path = key_path(arena, directory, "next", kind);
    const char *pending_path = key_path(arena, directory, "pending", kind);
    const char *retired_path =
        key_path(arena, directory, arena_format(arena, "retired-%" PRIu64, anchor->serial - 1), kind);
    uint8_t id[SIGNATURE_KEY_ID_SIZE];
    if (key_storage_exists(primary_path)) {
        if (!key_id_of(arena, primary_path, id, reason) ||
            (memcmp(id, primary, sizeof(id)) != 0 &&
             !key_storage_rename(arena, primary_path, retired_path, false, reason))) {
            return false;
        }
    }
    if (key_storage_exists(next_path)) {
        if (!key_id_of(arena, next_path, id, reason)) {
            return false;
        }
        bool promoted = memcmp(id, primary, sizeof(id)) == 0;
        if (memcmp(id, next, sizeof(id)) != 0 &&
            !key_storage_rename(arena, next_path, promoted ? primary_path : retired_path, false, reason)) {
            return false;
        }
    }
    return !key_storage_exists(pending_path) || key_storage_rename(arena, pending_path, next_path, false, reason);
}

bool rotation_finish(struct arena *arena, const char *directory, struct trust_file *trust, const char **reason)
{
    const char *pending = in_directory(arena, directory, "pending.trust");
    const char *current = in_directory(arena, directory, TRUST_FILE);
    if (!trust_file_read(arena, pending, trust, reason)) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!place_keys(arena, directory, &trust->anchor, kinds[i], reason)) {
            return false;
        }
    }
    const char *retired = arena_format(arena, "%s/retired-%" PRIu64 ".trust", directory, trust->anchor.serial - 1);
    return (!key_storage_exists(current) || key_storage_rename(arena, current, retired, false, reason)) &&
           key_storage_rename(arena, pending, current, false, reason);
}
