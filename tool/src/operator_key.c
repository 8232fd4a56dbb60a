/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/wipe.h>
#include <tool/operator_key.h>

bool operator_key_make(struct arena *arena, uint32_t suite, uint32_t flags, uint64_t creation_time,
                       const struct passphrase *passphrase, struct blob **private_file, struct blob **public_file,
                       const char **reason)
{
    const struct seal_parameters *parameters = seal_parameters(suite);
    uint8_t *secret_key = secret_allocate(SEAL_SECRET_KEY_SIZE);
    uint8_t public_key[SEAL_MAX_PUBLIC_KEY];
    bool good = false;
    if (!secret_random(secret_key, SEAL_SECRET_KEY_SIZE)) {
        *reason = "the system gives no random numbers";
    } else if (parameters == NULL || !seal_public_key(suite, secret_key, public_key)) {
        *reason = "the algorithms are not known";
    } else {
        struct key_material material = {
            .kind = KEY_KIND_OPERATOR,
            .algorithm = suite,
            .flags = flags,
            .creation_time = creation_time,
            .public_key = public_key,
            .public_key_size = parameters->public_key_size,
            .secret_key = secret_key,
            .secret_key_size = SEAL_SECRET_KEY_SIZE,
        };
        *private_file = key_file_seal(arena, &material, passphrase,
                                      passphrase->size == 0 ? &key_derivation_empty : &key_derivation_default, reason);
        good = *private_file != NULL;
    }
    secret_free(secret_key, SEAL_SECRET_KEY_SIZE);
    if (good) {
        struct blob *blob = ARENA_NEW(arena, struct blob);
        *blob = (struct blob){
            .data = arena_allocate(arena, SEAL_MAX_KEY_FILE), .path = OPERATOR_PUBLIC_FILE, .generated = true};
        blob->size = seal_key_file_write(suite, public_key, blob->data);
        *public_file = blob;
    }
    return good;
}

const char *operator_key_unlock(const struct key_file *key, const struct passphrase *passphrase,
                                uint8_t secret_key[SEAL_SECRET_KEY_SIZE])
{
    const struct seal_parameters *parameters = seal_parameters(key->algorithm);
    if (key->kind != KEY_KIND_OPERATOR) {
        return "it is not an operator's key but one that signs; give the operator.key that 'skyscope keygen "
               "--operator' made";
    }
    if (parameters == NULL || key->secret_key_size != SEAL_SECRET_KEY_SIZE ||
        key->public_key_size != parameters->public_key_size) {
        return "it is an operator's key for algorithms that this version does not know";
    }
    const char *reason = key_file_unlock(key, passphrase, secret_key);
    if (reason != NULL) {
        secret_wipe(secret_key, SEAL_SECRET_KEY_SIZE);
    }
    return reason;
}
