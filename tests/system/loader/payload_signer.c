/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signs any bytes as if they were a manifest, right or wrong, for tests of the
 * loader: with keys made from a number, which needs no files.
 *
 *   payload_signer anchor FLAGS MINIMUM SYSTEM REVOKED   a trust anchor: pairs 1 and 2, REVOKED: a pair or 0
 *   payload_signer ids PAIR                              the ids of a pair's keys
 *   payload_signer sign LATTICE_PAIR HASH_BASED_PAIR     the signatures of standard input
 *
 * The result goes to standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/manifest.h>
#include <crypto/signature.h>
#include <crypto/trust_anchor.h>

#define LATTICE    SIGNATURE_ML_DSA_65
#define HASH_BASED SIGNATURE_SLH_DSA_SHA2_128S

struct key {
    uint32_t algorithm;
    uint8_t public_key[SIGNATURE_MAX_PUBLIC_KEY], secret_key[SIGNATURE_MAX_SECRET_KEY];
    uint8_t id[SIGNATURE_KEY_ID_SIZE];
};

static void make_key(struct key *key, uint32_t algorithm, const char *pair)
{
    uint8_t seed[SIGNATURE_MAX_SEED];
    memset(seed, (int)strtol(pair, NULL, 10), sizeof(seed));
    key->algorithm = algorithm;
    signature_make_key(algorithm, seed, key->public_key, key->secret_key);
    signature_key_id(algorithm, key->public_key, key->id);
}

static int write_out(const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0 ? 0 : 1;
}

static int write_anchor(char **arguments)
{
    static struct key keys[5];
    static uint8_t bytes[TRUST_MAX_SIZE], revoked[2 * SIGNATURE_KEY_ID_SIZE];
    static const char *const pairs[] = {"1", "2"};
    struct trust_anchor anchor = {
        .flags = (uint32_t)strtoul(arguments[0], NULL, 0),
        .serial = 1,
        .minimum_rollback_index = strtoull(arguments[1], NULL, 0),
        .pair_count = 2,
        .revoked = revoked,
    };
    snprintf(anchor.system_name, sizeof(anchor.system_name), "%s", arguments[2]);
    for (uint32_t i = 0; i < 2; i++) {
        struct key *lattice = &keys[2 * i], *hash_based = &keys[2 * i + 1];
        make_key(lattice, LATTICE, pairs[i]);
        make_key(hash_based, HASH_BASED, pairs[i]);
        anchor.pairs[i] = (struct trust_pair){
            .status = i == 0 ? TRUST_STATUS_PRIMARY : TRUST_STATUS_NEXT,
            .lattice = {.algorithm = LATTICE,
                        .size = (uint32_t)signature_parameters(LATTICE)->public_key_size,
                        .public_key = lattice->public_key},
            .hash = {.algorithm = HASH_BASED,
                     .size = (uint32_t)signature_parameters(HASH_BASED)->public_key_size,
                     .public_key = hash_based->public_key},
        };
    }
    if (strcmp(arguments[3], "0") != 0) {
        make_key(&keys[4], HASH_BASED, arguments[3]);
        memcpy(revoked, keys[4].id, SIGNATURE_KEY_ID_SIZE);
        anchor.revoked_count = 1;
    }
    size_t size = trust_anchor_write(&anchor, bytes, sizeof(bytes));
    return size == 0 ? 1 : write_out(bytes, size);
}

static int write_ids(const char *pair)
{
    static struct key key;
    make_key(&key, LATTICE, pair);
    int failed = write_out(key.id, sizeof(key.id));
    make_key(&key, HASH_BASED, pair);
    return failed + write_out(key.id, sizeof(key.id));
}

static int sign(const struct key *key, const uint8_t *message, size_t size)
{
    static uint8_t signature[SIGNATURE_MAX_SIZE];
    static const uint8_t random[SIGNATURE_MAX_RANDOM];
    const char *context = MANIFEST_CONTEXT_SYSTEM;
    signature_sign(key->algorithm, key->secret_key, context, strlen(context), message, size, random, signature);
    return write_out(signature, signature_parameters(key->algorithm)->signature_size);
}

static int write_signatures(const char *lattice, const char *hash_based)
{
    static uint8_t message[MANIFEST_MAX_SIZE];
    static struct key key;
    size_t size = fread(message, 1, sizeof(message), stdin);
    make_key(&key, LATTICE, lattice);
    int failed = sign(&key, message, size);
    make_key(&key, HASH_BASED, hash_based);
    return failed + sign(&key, message, size);
}

int main(int count, char **arguments)
{
    if (count == 6 && strcmp(arguments[1], "anchor") == 0) {
        return write_anchor(arguments + 2);
    }
    if (count == 3 && strcmp(arguments[1], "ids") == 0) {
        return write_ids(arguments[2]);
    }
    if (count == 4 && strcmp(arguments[1], "sign") == 0) {
        return write_signatures(arguments[2], arguments[3]);
    }
    fprintf(stderr, "usage: see payload_signer.c\n");
    return 2;
}
