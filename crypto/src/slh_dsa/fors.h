/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FORS, the few-time signature under SLH-DSA's hypertree (FIPS 205 section 8), on
 * PQClean's hash functions and addresses. PQClean's own reads the indices from the
 * digest with the least significant bit first, as SPHINCS+ did; the standard reads
 * the most significant bit first (algorithm 4).
 */
#pragma once

#include <address.h>
#include <hash.h>
#include <thash.h>
#include <utils.h>
#include <utilsx1.h>

/* What is computed of a secret value's leaf: its address. */
struct fors_leaf {
    uint32_t address[8];
};

/* Algorithm 4 with b the height of a FORS tree: the index-th number of that many bits. */
static uint32_t fors_index(const uint8_t *digest, unsigned int index)
{
    uint32_t value = 0;
    for (unsigned int bit = index * SPX_FORS_HEIGHT; bit < (index + 1) * SPX_FORS_HEIGHT; bit++) {
        value = value << 1 | ((uint32_t)digest[bit / 8] >> (7 - bit % 8) & 1u);
    }
    return value;
}

/* Algorithm 14: the secret value with this index over all trees. */
static void fors_secret(uint8_t output[SPX_N], const spx_ctx *context, struct fors_leaf *leaf, uint32_t index)
{
    set_tree_height(leaf->address, 0);
    set_tree_index(leaf->address, index);
    set_type(leaf->address, SPX_ADDR_TYPE_FORSPRF);
    prf_addr(output, context, leaf->address);
    set_type(leaf->address, SPX_ADDR_TYPE_FORSTREE);
}

/* A node of height 0 (algorithm 15), for treehashx1(). */
static void fors_make_leaf(unsigned char *output, const spx_ctx *context, uint32_t index, void *leaf)
{
    uint8_t secret[SPX_N];
    fors_secret(secret, context, leaf, index);
    thash(output, secret, 1, context, ((struct fors_leaf *)leaf)->address);
    secret_wipe(secret, sizeof(secret));
}

/* The public key from the roots of all trees: the end of algorithm 17. */
static void fors_compress(uint8_t output[SPX_N], const uint8_t *roots, const spx_ctx *context,
                          const uint32_t keypair_address[8])
{
    uint32_t address[8] = {0};
    copy_keypair_addr(address, keypair_address);
    set_type(address, SPX_ADDR_TYPE_FORSPK);
    thash(output, roots, SPX_FORS_TREES, context, address);
}

/* Algorithm 16. Also gives the public key, which costs nothing more here. */
static void fors_make_signature(uint8_t *signature, uint8_t public_key[SPX_N], const uint8_t *digest,
                                const spx_ctx *context, const uint32_t keypair_address[8])
{
    uint8_t roots[SPX_FORS_TREES * SPX_N];
    uint32_t node_address[8] = {0};
    struct fors_leaf leaf = {{0}};
    copy_keypair_addr(node_address, keypair_address);
    set_type(node_address, SPX_ADDR_TYPE_FORSTREE);
    copy_keypair_addr(leaf.address, keypair_address);
    for (unsigned int tree = 0; tree < SPX_FORS_TREES; tree++) {
        uint32_t first = (uint32_t)tree << SPX_FORS_HEIGHT;
        uint32_t index = fors_index(digest, tree);
        fors_secret(signature, context, &leaf, first + index);
        treehashx1(roots + tree * SPX_N, signature + SPX_N, context, index, first, SPX_FORS_HEIGHT, fors_make_leaf,
                   node_address, &leaf);
        signature += (SPX_FORS_HEIGHT + 1) * SPX_N;
    }
    fors_compress(public_key, roots, context, keypair_address);
}

/* Algorithm 17. */
static void fors_public_key(uint8_t public_key[SPX_N], const uint8_t *signature, const uint8_t *digest,
                            const spx_ctx *context, const uint32_t keypair_address[8])
{
    uint8_t roots[SPX_FORS_TREES * SPX_N];
    uint32_t address[8] = {0};
    copy_keypair_addr(address, keypair_address);
    set_type(address, SPX_ADDR_TYPE_FORSTREE);
    for (unsigned int tree = 0; tree < SPX_FORS_TREES; tree++) {
        uint8_t leaf[SPX_N];
        uint32_t first = (uint32_t)tree << SPX_FORS_HEIGHT;
        uint32_t index = fors_index(digest, tree);
        set_tree_height(address, 0);
        set_tree_index(address, first + index);
        thash(leaf, signature, 1, context, address);
        compute_root(roots + tree * SPX_N, leaf, index, first, signature + SPX_N, SPX_FORS_HEIGHT, context, address);
        signature += (SPX_FORS_HEIGHT + 1) * SPX_N;
    }
    fors_compress(public_key, roots, context, keypair_address);
}
