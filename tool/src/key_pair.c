/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs of keys: made, loaded. */
#include <stdio.h>
#include <string.h>
#include <tool/key_directory.h>
#include <unistd.h>

const char *key_path(struct arena *arena, const char *directory, const char *pair, uint32_t kind)
{
    return arena_format(arena, "%s/%s.%s.key", directory, pair, kind == KEY_KIND_LATTICE ? "lattice" : "hash");
}

/* One key and its file. */
static bool create_key(struct arena *arena, const char *path, uint32_t kind,
                       const struct signature_parameters *parameters, const struct pair_request *request,
                       struct trust_key *made, const char **reason)
{
    uint8_t *seed = secret_allocate(SIGNATURE_MAX_SEED);
    uint8_t *secret_key = secret_allocate(SIGNATURE_MAX_SECRET_KEY);
    uint8_t *public_key = arena_allocate(arena, parameters->public_key_size);
    const struct key_derivation *derivation =
        request->passphrase->size == 0 ? &key_derivation_empty : &key_derivation_default;
    struct key_material material = {
        .kind = kind,
        .algorithm = parameters->id,
        .flags = request->development ? KEY_FLAG_DEVELOPMENT : 0,
        .creation_time = request->creation_time,
        .public_key = public_key,
        .public_key_size = parameters->public_key_size,
        .secret_key = secret_key,
        .secret_key_size = parameters->secret_key_size,
    };
    struct blob *blob = NULL;
    if (!secret_random(seed, parameters->seed_size)) {
        *reason = "the system gives no random numbers";
    } else if (!signature_make_key(parameters->id, seed, public_key, secret_key)) {
        *reason = arena_format(arena, "no key for %s can be made", parameters->name);
    } else {
        blob = key_file_seal(arena, &material, request->passphrase, derivation, reason);
    }
    secret_free(seed, SIGNATURE_MAX_SEED);
    secret_free(secret_key, SIGNATURE_MAX_SECRET_KEY);
    if (blob == NULL || !key_storage_create(arena, path, 0600, blob->data, blob->size, reason)) {
        return false;
    }
    *made = (struct trust_key){
        .algorithm = parameters->id, .size = (uint32_t)parameters->public_key_size, .public_key = public_key};
    signature_key_id(parameters->id, public_key, made->id);
    return true;
}

bool key_pair_create(struct arena *arena, const char *directory, const char *name, const struct pair_request *request,
                     struct trust_pair *pair, const char **reason)
{
    const char *lattice_path = key_path(arena, directory, name, KEY_KIND_LATTICE);
    const char *hash_path = key_path(arena, directory, name, KEY_KIND_HASH_BASED);
    if (!create_key(arena, lattice_path, KEY_KIND_LATTICE, request->lattice, request, &pair->lattice, reason)) {
        return false;
    }
    if (!create_key(arena, hash_path, KEY_KIND_HASH_BASED, request->hash, request, &pair->hash, reason)) {
        unlink(lattice_path);
        return false;
    }
    return true;
}

/* Decrypts. `passphrase` is asked for at the first key that needs it, and then kept for the other. */
static bool load_key(struct arena *arena, const char *path, uint32_t kind, struct passphrase_source *source,
                     struct passphrase *passphrase, struct signing_key *loaded, bool *development, const char **reason)
{
    struct key_file key;
    struct passphrase empty = {.text = secret_allocate(1)};
    struct blob *blob = key_file_read(arena, path, &key, reason);
    const char *problem = NULL;
    if (blob != NULL && key.kind != kind) {
        *reason = arena_format(arena, "key file '%s' has a %s key; a %s key belongs there", path,
                               key_kind_name(key.kind), key_kind_name(kind));
        blob = NULL;
    }
    if (blob != NULL) {
        loaded->parameters = signature_parameters(key.algorithm);
        memcpy(loaded->id, key.id, sizeof(loaded->id));
        loaded->public_key = key.public_key;
        loaded->secret_key = secret_allocate(SIGNATURE_MAX_SECRET_KEY);
        *development = (key.flags & KEY_FLAG_DEVELOPMENT) != 0;
        bool open = *development && key_file_unlock(&key, &empty, loaded->secret_key) == NULL;
        if (!open && passphrase->text == NULL) {
            problem = passphrase_get(arena, source, passphrase);
        }
        if (!open && problem == NULL) {
            problem = key_file_unlock(&key, passphrase, loaded->secret_key);
            problem = problem == NULL ? NULL : arena_format(arena, "key file '%s' cannot be opened: %s", path, problem);
        }
        *reason = problem;
    }
    secret_free(empty.text, 1);
    return blob != NULL && problem == NULL;
}

bool signing_pair_load(struct arena *arena, const char *directory, const char *name, const char *passphrase_file,
                       struct signing_pair *pair, const char **reason)
{
    struct passphrase_source source = {
        .file = passphrase_file,
        .whose = arena_format(arena, "the %s keys in %s", name, directory),
    };
    bool lattice_development = false, hash_development = false;
    *pair = (struct signing_pair){0};
    bool good = load_key(arena, key_path(arena, directory, name, KEY_KIND_LATTICE), KEY_KIND_LATTICE, &source,
                         &pair->passphrase, &pair->lattice, &lattice_development, reason) &&
                load_key(arena, key_path(arena, directory, name, KEY_KIND_HASH_BASED), KEY_KIND_HASH_BASED, &source,
                         &pair->passphrase, &pair->hash, &hash_development, reason);
    pair->development = lattice_development || hash_development;
    if (!good) {
        signing_pair_forget(pair);
    }
    return good;
}

static uint8_t *sign(struct arena *arena, const struct signing_key *key, const char *context, const void *message,
                     size_t message_size, const char **reason)
{
    uint8_t random[SIGNATURE_MAX_RANDOM];
    uint8_t *signature = arena_allocate(arena, key->parameters->signature_size);
    if (!secret_random(random, key->parameters->random_size)) {
        *reason = "the system gives no random numbers";
        return NULL;
    }
    if (!signature_sign(key->parameters->id, key->secret_key, context, strlen(context), message, message_size, random,
                        signature)) {
        *reason = arena_format(arena, "%s cannot sign this", key->parameters->name);
        return NULL;
    }
    return signature;
}

bool signing_pair_sign(struct arena *arena, const struct signing_pair *pair, const char *context, const void *message,
                       size_t message_size, uint8_t **lattice, uint8_t **hash, const char **reason)
{
    *lattice = sign(arena, &pair->lattice, context, message, message_size, reason);
    *hash = *lattice == NULL ? NULL : sign(arena, &pair->hash, context, message, message_size, reason);
    return *hash != NULL;
}

void signing_pair_forget(struct signing_pair *pair)
{
    secret_free(pair->lattice.secret_key, SIGNATURE_MAX_SECRET_KEY);
    secret_free(pair->hash.secret_key, SIGNATURE_MAX_SECRET_KEY);
    passphrase_forget(&pair->passphrase);
    *pair = (struct signing_pair){0};
}
