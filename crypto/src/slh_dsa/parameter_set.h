/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SLH-DSA (FIPS 205 section 9) for the one parameter set whose headers of PQClean
 * are on the include path; PQClean's hypertree and hash functions, our FORS. In
 * place of PQClean's sign.c, because of the message in pieces and because the
 * random bytes come as an argument.
 */
#pragma once

#include <context.h>
#include <merkle.h>
#include <wots.h>

#include "fors.h"
#include "slh_dsa.h"

#define TREE_INDEX_BITS (SPX_FULL_HEIGHT - SPX_TREE_HEIGHT)
#define TREE_INDEX_SIZE ((TREE_INDEX_BITS + 7) / 8)
#define LEAF_INDEX_SIZE ((SPX_TREE_HEIGHT + 7) / 8)

/* The digest of a message in its parts. */
struct message_place {
    uint8_t digest[SPX_FORS_MSG_BYTES]; /* what FORS signs */
    uint64_t tree;                      /* which tree of the lowest layer */
    uint32_t leaf;                      /* which leaf of it */
};

/* The message's digest and its parts: algorithm 19, lines 5 to 10. */
static void find_place(struct message_place *place, const uint8_t *randomizer, const uint8_t *public_key,
                       const struct message_pieces *message)
{
    uint8_t digest[SPX_FORS_MSG_BYTES + TREE_INDEX_SIZE + LEAF_INDEX_SIZE];
    message_digest(digest, sizeof(digest), randomizer, public_key, message);
    memcpy(place->digest, digest, SPX_FORS_MSG_BYTES);
    place->tree = bytes_to_ull(digest + SPX_FORS_MSG_BYTES, TREE_INDEX_SIZE) & (UINT64_MAX >> (64 - TREE_INDEX_BITS));
    place->leaf = (uint32_t)bytes_to_ull(digest + SPX_FORS_MSG_BYTES + TREE_INDEX_SIZE, LEAF_INDEX_SIZE) &
                  ((1u << SPX_TREE_HEIGHT) - 1);
}

/* The place of the tree of layer in which the root of the layer below is a leaf. */
static void go_up(struct message_place *place)
{
    place->leaf = (uint32_t)(place->tree & ((1u << SPX_TREE_HEIGHT) - 1));
    place->tree >>= SPX_TREE_HEIGHT;
}

/* The addresses of a tree and of one of its leaves' one-time key. */
static void set_addresses(uint32_t tree_address[8], uint32_t leaf_address[8], uint32_t layer,
                          const struct message_place *place)
{
    set_layer_addr(tree_address, layer);
    set_tree_addr(tree_address, place->tree);
    set_type(tree_address, SPX_ADDR_TYPE_HASHTREE);
    copy_subtree_addr(leaf_address, tree_address);
    set_type(leaf_address, SPX_ADDR_TYPE_WOTS);
    set_keypair_addr(leaf_address, place->leaf);
}

void SLH_DSA_FUNCTION(make_key)(const uint8_t *seed, uint8_t *public_key, uint8_t *secret_key)
{
    spx_ctx context;
    memcpy(context.sk_seed, seed, SPX_N);
    memcpy(context.pub_seed, seed + 2 * SPX_N, SPX_N);
    initialize_hash_function(&context);
    memcpy(secret_key, seed, 3 * SPX_N);
    merkle_gen_root(secret_key + 3 * SPX_N, &context);
    memcpy(public_key, secret_key + 2 * SPX_N, SPX_PK_BYTES);
    free_hash_function(&context);
    secret_wipe(&context, sizeof(context));
}

void SLH_DSA_FUNCTION(sign)(const uint8_t *secret_key, const struct message_pieces *message, const uint8_t *random,
                            uint8_t *signature)
{
    spx_ctx context;
    struct message_place place;
    uint8_t root[SPX_N];
    uint32_t tree_address[8] = {0};
    uint32_t leaf_address[8] = {0};
    const uint8_t *public_key = secret_key + 2 * SPX_N;

    memcpy(context.sk_seed, secret_key, SPX_N);
    memcpy(context.pub_seed, public_key, SPX_N);
    initialize_hash_function(&context);

    message_randomizer(signature, secret_key + SPX_N, random, message);
    find_place(&place, signature, public_key, message);
    signature += SPX_N;

    set_addresses(tree_address, leaf_address, 0, &place);
    fors_make_signature(signature, root, place.digest, &context, leaf_address);
    signature += SPX_FORS_BYTES;

    /* Algorithm 12: each layer signs the root of the one below. */
    for (uint32_t layer = 0; layer < SPX_D; layer++) {
        set_addresses(tree_address, leaf_address, layer, &place);
        merkle_sign(signature, root, &context, leaf_address, tree_address, place.leaf);
        signature += SPX_WOTS_BYTES + SPX_TREE_HEIGHT * SPX_N;
        go_up(&place);
    }
    free_hash_function(&context);
    secret_wipe(&context, sizeof(context));
}

bool SLH_DSA_FUNCTION(verify)(const uint8_t *public_key, const struct message_pieces *message, const uint8_t *signature)
{
    spx_ctx context;
    struct message_place place;
    uint8_t root[SPX_N];
    uint32_t tree_address[8] = {0};
    uint32_t leaf_address[8] = {0};

    memset(&context, 0, sizeof(context)); /* no secret seed */
    memcpy(context.pub_seed, public_key, SPX_N);
    initialize_hash_function(&context);

    find_place(&place, signature, public_key, message);
    signature += SPX_N;

    set_addresses(tree_address, leaf_address, 0, &place);
    fors_public_key(root, signature, place.digest, &context, leaf_address);
    signature += SPX_FORS_BYTES;

    /* Algorithm 13: each layer's root, if the signature is right, from the one below. */
    for (uint32_t layer = 0; layer < SPX_D; layer++) {
        uint8_t one_time_key[SPX_WOTS_BYTES];
        uint8_t leaf[SPX_N];
        uint32_t key_address[8] = {0};
        set_addresses(tree_address, leaf_address, layer, &place);
        copy_keypair_addr(key_address, leaf_address);
        set_type(key_address, SPX_ADDR_TYPE_WOTSPK);
        wots_pk_from_sig(one_time_key, signature, root, &context, leaf_address);
        signature += SPX_WOTS_BYTES;
        thash(leaf, one_time_key, SPX_WOTS_LEN, &context, key_address);
        compute_root(root, leaf, place.leaf, 0, signature, SPX_TREE_HEIGHT, &context, tree_address);
        signature += SPX_TREE_HEIGHT * SPX_N;
        go_up(&place);
    }
    free_hash_function(&context);
    return secret_equal(root, public_key + SPX_N, SPX_N);
}
