/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers: what counts, and who gets what. */
#include "support.h"

#include <loader/entropy.h>

static const uint8_t good[64] = {1, 2, 3, 4, 5, 6, 7, 8};

static struct plan_region named(const char *name)
{
    struct plan_region region = {.flags = PLAN_REGION_SEED};
    snprintf(region.name, sizeof(region.name), "%s", name);
    return region;
}

static void start(struct entropy *entropy)
{
    entropy_start(entropy);
    entropy_add(entropy, HARDWARE_ENTROPY_TPM, good, sizeof(good), CREDIT_HALF);
    entropy_finish(entropy);
}

static void assert_hex(const uint8_t *bytes, size_t size, const char *hex)
{
    char text[2 * 64 + 1] = "";
    for (size_t i = 0; i < size; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    assert_string_equal(text, hex);
}

/* By Python's hmac module, from docs/formats.md. */
static void known_answer(void **state)
{
    (void)state;
    struct entropy entropy;
    struct program_seed seed;
    struct plan_region region = named("vmm:segment2");
    start(&entropy);
    entropy.instruction = true;
    entropy_seed(&entropy, 7, &region, &seed);
    assert_int_equal(seed.version, PROGRAM_SEED_VERSION);
    assert_int_equal(seed.credited, 256);
    assert_int_equal(seed.flags, PROGRAM_SEED_INSTRUCTION);
    assert_int_equal(seed.reserved, 0);
    assert_hex(seed.bytes, sizeof(seed.bytes),
               "771a91e46204dff3ccbc74a03e8285a8cd8ace8218c1fe5776967a5c0535a7c0"
               "f8153e3799de23c8e1ba770d3941328dd70d45bd0eefc3602789f93d77dd6cb2");
    assert_int_equal(entropy.found.seeds, 1);
}

static void seeds_differ(void **state)
{
    (void)state;
    struct entropy entropy;
    struct program_seed a, b;
    struct plan_region region = named("one"), other = named("two");
    start(&entropy);
    entropy_seed(&entropy, 0, &region, &a);
    entropy_seed(&entropy, 0, &other, &b);
    assert_memory_not_equal(a.bytes, b.bytes, sizeof(a.bytes));
    entropy_seed(&entropy, 1, &region, &b);
    assert_memory_not_equal(a.bytes, b.bytes, sizeof(a.bytes));
    entropy_seed(&entropy, 0, &region, &b);
    assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
    assert_memory_not_equal(a.bytes, entropy.root, sizeof(a.bytes));
    assert_int_equal(entropy.found.seeds, 4);
}

static void credit(void **state)
{
    (void)state;
    static const uint8_t stuck[64] = {[0 ... 63] = 0xff};
    struct entropy entropy;
    entropy_start(&entropy);
    entropy_add(&entropy, HARDWARE_ENTROPY_TIMING, good, sizeof(good), CREDIT_NONE);
    entropy_add(&entropy, HARDWARE_ENTROPY_FIRMWARE, stuck, sizeof(stuck), CREDIT_HALF);
    entropy_add(&entropy, HARDWARE_ENTROPY_CPU, good, 0, CREDIT_FULL);
    assert_int_equal(entropy.pool.credited, 0);
    assert_int_equal(entropy.found.sources, 0);
    entropy_add(&entropy, HARDWARE_ENTROPY_DEVICE_TREE, good, 32, CREDIT_FULL);
    assert_int_equal(entropy.pool.credited, 256);
    entropy_add(&entropy, HARDWARE_ENTROPY_TPM, good, 64, CREDIT_HALF);
    entropy_finish(&entropy);
    assert_int_equal(entropy.found.credited, 512);
    assert_int_equal(entropy.found.sources, 1u << HARDWARE_ENTROPY_DEVICE_TREE | 1u << HARDWARE_ENTROPY_TPM);
    assert_int_equal(entropy.found.added, entropy.found.sources | 1u << HARDWARE_ENTROPY_TIMING |
                                              1u << HARDWARE_ENTROPY_FIRMWARE | 1u << HARDWARE_ENTROPY_CPU);
}

static void nothing_is_left(void **state)
{
    (void)state;
    static const uint8_t zeros[SEED_SIZE];
    struct entropy entropy;
    start(&entropy);
    assert_memory_not_equal(entropy.root, zeros, SEED_SIZE);
    entropy_end(&entropy);
    assert_memory_equal(entropy.root, zeros, SEED_SIZE);
    assert_int_equal(entropy.pool.opaque[0], 0);
}

static void names(void **state)
{
    (void)state;
    char text[ENTROPY_TEXT_SIZE];
    entropy_source_names(0, text);
    assert_string_equal(text, "");
    entropy_source_names(1u << HARDWARE_ENTROPY_CPU | 1u << HARDWARE_ENTROPY_TPM, text);
    assert_string_equal(text, "processor, TPM");
    entropy_source_names(UINT32_MAX, text);
    assert_non_null(strstr(text, "kaslr-seed, timing, time of day"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer),    cmocka_unit_test(seeds_differ), cmocka_unit_test(credit),
        cmocka_unit_test(nothing_is_left), cmocka_unit_test(names),
    };
    return cmocka_run_group_tests_name("loader_entropy", tests, NULL, NULL);
}
