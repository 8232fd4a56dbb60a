/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator of random numbers: known answers, failing sources, the health test, the processor's source. */
#include <cpuid.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/random.h>

#include "../../../crypto/src/random_health.h"

/* Gives 1, 8, 15 ... and fails when it has given `left` times. */
struct source {
    uint8_t next;
    unsigned int left, calls;
};

static bool give(void *context, uint8_t *buffer, size_t size)
{
    struct source *source = context;
    source->calls++;
    if (source->left == 0) {
        memset(buffer, 0xee, size);
        return false;
    }
    source->left--;
    for (size_t i = 0; i < size; i++) {
        buffer[i] = source->next;
        source->next = (uint8_t)(source->next + 7);
    }
    return true;
}

static void assert_hex(const uint8_t *bytes, size_t size, const char *hex)
{
    char text[2 * 80 + 1] = "";
    for (size_t i = 0; i < size; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    assert_string_equal(text, hex);
}

static bool all(const uint8_t *bytes, size_t size, uint8_t value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

/* Computed by another implementation of SP 800-90A section 10.1.2 (in Python, on its hmac module). */
static void known_answers(void **state)
{
    struct source source = {.next = 1, .left = 100};
    struct random_generator generator;
    uint8_t output[80];
    (void)state;
    assert_true(random_start(&generator, give, &source, "test"));
    assert_true(random_bytes(&generator, output, 80));
    assert_hex(output, 80,
               "261c78cac928645a823fcb959ed8b79ec54acb6208bb88ae736de458bbd3b4d8fd23bedfe0c21957a3a75e90141f3b7c"
               "344430f7be40a6526d22b97e108e1779e0b62199b730fdd1911408a3318976d9");
    assert_true(random_bytes(&generator, output, 16));
    assert_hex(output, 16, "cfd79cd40c4df9999894ca97eeb4c858");
    for (unsigned int i = 2; i < RANDOM_RESEED_INTERVAL; i++) {
        assert_true(random_bytes(&generator, output, 1));
    }
    assert_int_equal(source.calls, 1);
    assert_true(random_bytes(&generator, output, 32));
    assert_int_equal(source.calls, 2);
    assert_hex(output, 32, "51b3d443a5ca216dd0645763c71f2d439c38f606bcf14cf0de595557d62c60eb");
}

static void labels_set_apart(void **state)
{
    uint8_t output[3][32];
    static const char *const labels[3] = {"a", "b", ""};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct source source = {.next = 1, .left = 1};
        struct random_generator generator;
        assert_true(random_start(&generator, give, &source, labels[i]));
        assert_true(random_bytes(&generator, output[i], 32));
    }
    assert_memory_not_equal(output[0], output[1], 32);
    assert_memory_not_equal(output[0], output[2], 32);
}

static void nothing_without_entropy(void **state)
{
    struct source source = {.left = 0};
    struct random_generator generator;
    uint8_t output[100];
    (void)state;
    memset(output, 0x55, sizeof(output));
    assert_false(random_start(&generator, give, &source, "test"));
    assert_false(random_bytes(&generator, output, sizeof(output)));
    assert_true(all(output, sizeof(output), 0));
    memset(&generator, 0, sizeof(generator));
    assert_false(random_bytes(&generator, output, 1));
}

static void a_source_that_fails_later(void **state)
{
    struct source source = {.next = 1, .left = 1};
    struct random_generator generator;
    uint8_t output[100];
    (void)state;
    assert_true(random_start(&generator, give, &source, "test"));
    for (unsigned int i = 0; i < RANDOM_RESEED_INTERVAL; i++) {
        assert_true(random_bytes(&generator, output, 1));
    }
    memset(output, 0x55, sizeof(output));
    assert_false(random_bytes(&generator, output, sizeof(output)));
    assert_true(all(output, sizeof(output), 0));
    source.left = 10; /* too late */
    assert_false(random_bytes(&generator, output, sizeof(output)));
    assert_true(all((const uint8_t *)&generator, sizeof(generator), 0));
}

/* More than one request of the standard's may give. */
static void large_requests(void **state)
{
    static uint8_t output[0x28000];
    struct source source = {.next = 1, .left = 1};
    struct random_generator generator;
    (void)state;
    assert_true(random_start(&generator, give, &source, "test"));
    assert_true(random_bytes(&generator, output, sizeof(output)));
    assert_int_equal(generator.outputs, 3);
    assert_memory_not_equal(output, output + 0x10000, 32);
    assert_false(all(output + sizeof(output) - 32, 32, 0));
    random_end(&generator);
    assert_true(all((const uint8_t *)&generator, sizeof(generator), 0));
    assert_false(random_bytes(&generator, output, 1));
}

static void health_test(void **state)
{
    struct random_health health = {0};
    (void)state;
    assert_true(random_health_sample(&health, 0));
    assert_true(random_health_sample(&health, 1));
    assert_true(random_health_sample(&health, 0));
    assert_false(random_health_sample(&health, 0));
    struct random_health stuck = {0};
    assert_true(random_health_sample(&stuck, UINT64_MAX));
    assert_false(random_health_sample(&stuck, UINT64_MAX));
}

/* CPUID: RDRAND or RDSEED. */
static bool processor_has_source(void)
{
    unsigned int eax, ebx, ecx, edx;
    bool has = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & (1u << 30)) != 0;
    return has || (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & (1u << 18)) != 0);
}

static void the_processor(void **state)
{
    uint8_t output[2][37];
    (void)state;
    bool expected = processor_has_source();
    memset(output, 0, sizeof(output));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(random_platform_entropy(NULL, output[i], sizeof(output[i])), expected);
    }
    if (!expected) {
        skip();
    }
    assert_memory_not_equal(output[0], output[1], 37);
    assert_false(all(output[0] + 29, 8, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),           cmocka_unit_test(labels_set_apart),
        cmocka_unit_test(nothing_without_entropy), cmocka_unit_test(a_source_that_fails_later),
        cmocka_unit_test(large_requests),          cmocka_unit_test(health_test),
        cmocka_unit_test(the_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
