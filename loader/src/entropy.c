/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/entropy.h>

#include <base/format.h>
#include <base/memory.h>
#include <crypto/wipe.h>

/* Deeper than anything here uses. */
#define STACK_TO_WIPE 4096u

_Static_assert(HARDWARE_ENTROPY_ENOUGH == SEED_ENOUGH_BITS, "what is said is what is meant");

/* Part of what seeds are made from: other seeds if these change. */
#define ROOT_LABEL    "skyscope random root 1"
#define PROGRAM_LABEL "skyscope program seed 1"

void entropy_start(struct entropy *entropy)
{
    memset(entropy, 0, sizeof(*entropy));
    seed_pool_start(&entropy->pool, ROOT_LABEL);
}

static bool all_the_same(const uint8_t *bytes, size_t size)
{
    for (size_t i = 1; i < size; i++) {
        if (bytes[i] != bytes[0]) {
            return false;
        }
    }
    return true;
}

void entropy_add(struct entropy *entropy, enum hardware_entropy_source source, const void *data, size_t size,
                 enum entropy_credit credit)
{
    size_t counted = size < SEED_MAX_CREDIT ? size : SEED_MAX_CREDIT;
    uint32_t bits = all_the_same(data, size) ? 0 : (uint32_t)counted * credit;
    seed_pool_add(&entropy->pool, (uint32_t)source, data, size, bits);
    entropy->found.added |= 1u << source;
    entropy->found.sources |= bits != 0 ? 1u << source : 0;
}

void entropy_finish(struct entropy *entropy)
{
    seed_pool_finish(&entropy->pool, entropy->root);
    entropy->found.credited = entropy->pool.credited;
}

/* Number and name: plans cannot be such that two programs get the same. */
void entropy_seed(struct entropy *entropy, uint32_t index, const struct plan_region *region, struct program_seed *seed)
{
    uint8_t name[sizeof(index) + PLAN_NAME_LENGTH] = {0};
    memcpy(name, &index, sizeof(index));
    memcpy(name + sizeof(index), region->name, PLAN_NAME_LENGTH);
    *seed = (struct program_seed){
        .version = PROGRAM_SEED_VERSION,
        .credited = entropy->found.credited,
        .flags = entropy->instruction ? PROGRAM_SEED_INSTRUCTION : 0,
    };
    seed_derive(entropy->root, PROGRAM_LABEL, name, sizeof(name), seed->bytes);
    entropy->found.seeds++;
}

static __attribute__((noinline)) void wipe_stack(void)
{
    uint8_t below[STACK_TO_WIPE];
    secret_wipe(below, sizeof(below));
}

void entropy_end(struct entropy *entropy)
{
    secret_wipe(&entropy->pool, sizeof(entropy->pool));
    secret_wipe(entropy->root, sizeof(entropy->root));
    wipe_stack();
}

void entropy_source_names(uint32_t sources, char *text)
{
    text[0] = '\0';
    for (uint32_t i = 1; i < HARDWARE_ENTROPY_SOURCES; i++) {
        if ((sources & 1u << i) != 0) {
            size_t length = strlen(text);
            snprintf(text + length, ENTROPY_TEXT_SIZE - length, "%s%s", length == 0 ? "" : ", ",
                     hardware_entropy_source_name(i));
        }
    }
}
