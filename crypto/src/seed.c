/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/seed.h>

#include <string.h>

#include <bearssl_hmac.h>
#include <crypto/wipe.h>

_Static_assert(sizeof(br_hmac_context) <= sizeof(((struct seed_pool *)0)->opaque), "state too small");
_Static_assert(_Alignof(br_hmac_context) <= _Alignof(struct seed_pool), "state not aligned");
_Static_assert(br_sha512_SIZE == SEED_SIZE, "one block of HKDF is a seed");

static br_hmac_context *state_of(struct seed_pool *pool)
{
    return (br_hmac_context *)(void *)pool->opaque;
}

static void start(br_hmac_context *state, const void *key, size_t size)
{
    br_hmac_key_context key_state;
    br_hmac_key_init(&key_state, &br_sha512_vtable, key, size);
    br_hmac_init(state, &key_state, 0);
    secret_wipe(&key_state, sizeof(key_state));
}

void seed_pool_start(struct seed_pool *pool, const char *label)
{
    memset(pool, 0, sizeof(*pool));
    start(state_of(pool), label, strlen(label));
}

static void put_u32(uint8_t bytes[4], uint32_t value)
{
    for (unsigned int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

/* Number and size in front: no two lists of sources give the same bytes. */
void seed_pool_add(struct seed_pool *pool, uint32_t source, const void *data, size_t size, uint32_t credit)
{
    uint8_t header[8];
    put_u32(header, source);
    put_u32(header + 4, (uint32_t)size);
    br_hmac_update(state_of(pool), header, sizeof(header));
    br_hmac_update(state_of(pool), data, size);
    uint32_t left = SEED_MAX_CREDIT - pool->credited;
    pool->credited += credit < left ? credit : left;
}

void seed_pool_finish(struct seed_pool *pool, uint8_t root[SEED_SIZE])
{
    br_hmac_out(state_of(pool), root);
    secret_wipe(pool->opaque, sizeof(pool->opaque));
}

/* HKDF-Expand's first block: HMAC(parent, info, 1) with info = label, 0, name. */
void seed_derive(const uint8_t parent[SEED_SIZE], const char *label, const void *name, size_t size,
                 uint8_t child[SEED_SIZE])
{
    static const uint8_t first_block = 1;
    br_hmac_context state;
    start(&state, parent, SEED_SIZE);
    br_hmac_update(&state, label, strlen(label) + 1);
    br_hmac_update(&state, name, size);
    br_hmac_update(&state, &first_block, 1);
    br_hmac_out(&state, child);
    secret_wipe(&state, sizeof(state));
}
