/* SPDX-License-Identifier: BSD-2-Clause */
/* A program's random numbers. Known answers are by an implementation in Python, on its hmac module. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/random.h>
#include <skyscope/kernel_info.h>
#include <skyscope/program_seed.h>

#include "runtime.h"

void test_restart(void);

extern struct program_seed microkit_seed;
char microkit_name[MICROKIT_PD_NAME_LENGTH] = "tester";

/* The processor's instruction. */
static bool instruction_works;
static unsigned int instruction_asked;
static uint64_t features_told;

bool random_platform_entropy(void *context, uint8_t *buffer, size_t size)
{
    instruction_asked++;
    features_told = *(uint64_t *)context;
    for (size_t i = 0; i < size; i++) {
        buffer[i] = instruction_works ? (uint8_t)(7 * i + 1) : 0xee;
    }
    return instruction_works;
}

static uint64_t begin(uint32_t credited, bool instruction)
{
    memset(&microkit_seed, 0, sizeof(microkit_seed));
    microkit_seed.version = PROGRAM_SEED_VERSION;
    microkit_seed.credited = credited;
    for (unsigned int i = 0; i < sizeof(microkit_seed.bytes); i++) {
        microkit_seed.bytes[i] = (uint8_t)i;
    }
    instruction_works = instruction;
    instruction_asked = 0;
    test_restart();
    return microkit_random_start(5);
}

static void expect(size_t size, const char *hex)
{
    uint8_t bytes[80];
    char text[2 * sizeof(bytes) + 1] = "";
    assert_int_equal(skyscope_random(bytes, size), 0);
    for (size_t i = 0; i < size; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    assert_string_equal(text, hex);
}

static void known_answers(void **state)
{
    (void)state;
    assert_int_equal(begin(512, true), 0x4a234a29a1bfcd3a);
    expect(80, "98a73deeb4e8dc8618b98d4fddf51e2fb0dfe5cbe4482acb29c26266285305f2795c5685e92ce45c956d333c92d0251d"
               "bbfe0c81bcc503a47101c68fae8346e9edf6260098b4daf773f32cce0759b6ea");
    expect(16, "bd9a06707cb41a6b19de594253112c34");
    assert_int_equal(instruction_asked, 0); /* the loader has just done so */
    /* A restart goes on from where the seed was, and with another canary. */
    test_restart();
    assert_int_equal(microkit_random_start(6), 0xb4caed0478d4b144);
    expect(16, "4c84abe5c8a99df19e5d798cc2aeb83c");
}

static void reseeds(void **state)
{
    (void)state;
    uint8_t byte;
    begin(512, true);
    for (unsigned int i = 0; i < RANDOM_RESEED_INTERVAL; i++) {
        assert_int_equal(skyscope_random(&byte, 1), 0);
    }
    assert_int_equal(instruction_asked, 0);
    expect(16, "6e9c20195344fc10a95513e69f9349c1");
    assert_int_equal(instruction_asked, 1);
    /* Without an instruction, the seed goes on alone. */
    begin(256, false);
    for (unsigned int i = 0; i < RANDOM_RESEED_INTERVAL; i++) {
        assert_int_equal(skyscope_random(&byte, 1), 0);
    }
    expect(16, "60297224794f38b9c149fe5c003dfe46");
    assert_int_equal(instruction_asked, 1);
}

static void without_credit(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    uint8_t bytes[32];
    memset(bytes, 1, sizeof(bytes));
    begin(255, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(skyscope_random(bytes, sizeof(bytes)), -SKYSCOPE_NO_RANDOM);
        assert_memory_equal(bytes, zeros, sizeof(bytes));
    }
    assert_int_equal(instruction_asked, 2);
    assert_int_equal(features_told, 0);
    instruction_works = true; /* it was only tired */
    assert_int_equal(skyscope_random(bytes, sizeof(bytes)), 0);
    begin(0, true); /* a loader that found nothing, a processor that has an instruction */
    microkit_seed.flags = PROGRAM_SEED_INSTRUCTION;
    expect(16, "279dcbb9b01efd3d28d4333cfd82530e");
    assert_int_equal(features_told, KERNEL_FEATURE_RNG);
    /* No loader wrote a seed: canaries come from the argument alone. */
    memset(&microkit_seed, 0, sizeof(microkit_seed));
    test_restart();
    instruction_works = false;
    assert_int_equal(skyscope_random(bytes, sizeof(bytes)), -SKYSCOPE_NO_RANDOM);
    uint64_t first = microkit_random_start(1);
    memset(&microkit_seed, 0, sizeof(microkit_seed));
    assert_int_not_equal(first, microkit_random_start(2));
}

/* Of what was used nothing is left where the next use would find it. */
static void forgets(void **state)
{
    (void)state;
    uint8_t bytes[32];
    begin(512, false);
    uint8_t after_start[PROGRAM_SEED_SIZE];
    memcpy(after_start, microkit_seed.bytes, sizeof(after_start));
    for (unsigned int i = 0; i < sizeof(after_start); i++) {
        assert_true(i + 8 > sizeof(after_start) ||
                    memcmp(after_start + i, (uint8_t[]){0, 1, 2, 3, 4, 5, 6, 7}, 8) != 0);
    }
    assert_int_equal(skyscope_random(bytes, sizeof(bytes)), 0);
    assert_memory_not_equal(after_start, microkit_seed.bytes, sizeof(after_start));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(reseeds),
        cmocka_unit_test(without_credit),
        cmocka_unit_test(forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
