/* SPDX-License-Identifier: BSD-2-Clause */
/* Seeds: known answers, credit, independence, nothing left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <crypto/seed.h>

static void assert_hex(const uint8_t bytes[SEED_SIZE], const char *hex)
{
    char text[2 * SEED_SIZE + 1] = "";
    for (size_t i = 0; i < SEED_SIZE; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    assert_string_equal(text, hex);
}

static void collect(uint32_t last_source, uint8_t root[SEED_SIZE])
{
    uint8_t first[64];
    struct seed_pool pool;
    for (unsigned int i = 0; i < sizeof(first); i++) {
        first[i] = (uint8_t)i;
    }
    seed_pool_start(&pool, "test root");
    seed_pool_add(&pool, 1, first, sizeof(first), 256);
    seed_pool_add(&pool, 7, "abc", 3, 0);
    seed_pool_add(&pool, last_source, "", 0, 0);
    seed_pool_finish(&pool, root);
}

/* Computed by Python's hmac module from this header's description and RFC 5869. */
static void known_answers(void **state)
{
    (void)state;
    uint8_t root[SEED_SIZE], child[SEED_SIZE];
    struct seed_pool empty;
    collect(9, root);
    assert_hex(root, "e15dc40e41da15a6117dccad3603a5c9abd49402f29b8673951d6214f8f5354c"
                     "fdc5411e214d8d1ca3f21a13a4809d01f5ca153c858adc63c3395cbf040c5a45");
    seed_derive(root, "test child", "name", 4, child);
    assert_hex(child, "250236a87430ceac4f59b07fa1d7152a8a83348460447f05abed21fe0d48f02b"
                      "89e590a2ebb930ce1e05e7f4f6ef35f5834b1734e5479c696a5aa62cbd4f71dc");
    seed_derive(root, "test child", "name", 4, root); /* in place */
    assert_memory_equal(root, child, SEED_SIZE);
    seed_pool_start(&empty, "test root");
    seed_pool_finish(&empty, root);
    assert_hex(root, "6070236f66ee21589b754cf1067337a804494a474039335f2d671eaab4f0add5"
                     "92791d30252f58c52af15282b9b6ce6814b2aa81a4e35b1c01f197f4befb4616");
}

static void everything_counts(void **state)
{
    (void)state;
    uint8_t root[SEED_SIZE], other[SEED_SIZE], a[SEED_SIZE], b[SEED_SIZE];
    collect(9, root);
    collect(10, other); /* a source that gave nothing is another source, too */
    assert_memory_not_equal(root, other, SEED_SIZE);
    seed_derive(root, "label", "name", 4, a);
    seed_derive(other, "label", "name", 4, b);
    assert_memory_not_equal(a, b, SEED_SIZE);
    seed_derive(root, "label", "nam", 3, b);
    assert_memory_not_equal(a, b, SEED_SIZE);
    seed_derive(root, "labe", "lname", 5, b);
    assert_memory_not_equal(a, b, SEED_SIZE);

    /* Bytes do not move from one source to its neighbour unnoticed. */
    struct seed_pool pool;
    seed_pool_start(&pool, "label");
    seed_pool_add(&pool, 1, "ab", 2, 0);
    seed_pool_add(&pool, 1, "c", 1, 0);
    seed_pool_finish(&pool, a);
    seed_pool_start(&pool, "label");
    seed_pool_add(&pool, 1, "a", 1, 0);
    seed_pool_add(&pool, 1, "bc", 2, 0);
    seed_pool_finish(&pool, b);
    assert_memory_not_equal(a, b, SEED_SIZE);
}

static void credit_is_bounded(void **state)
{
    (void)state;
    uint8_t root[SEED_SIZE];
    struct seed_pool pool;
    seed_pool_start(&pool, "label");
    assert_int_equal(pool.credited, 0);
    seed_pool_add(&pool, 1, "abc", 3, 0);
    assert_int_equal(pool.credited, 0);
    seed_pool_add(&pool, 2, "abc", 3, 300);
    assert_int_equal(pool.credited, 300);
    seed_pool_add(&pool, 3, "abc", 3, UINT32_MAX);
    assert_int_equal(pool.credited, SEED_MAX_CREDIT);
    seed_pool_finish(&pool, root);
    assert_int_equal(pool.credited, SEED_MAX_CREDIT);
}

static void nothing_is_left(void **state)
{
    (void)state;
    static const uint8_t zeros[sizeof(((struct seed_pool *)0)->opaque)];
    uint8_t root[SEED_SIZE];
    struct seed_pool pool;
    seed_pool_start(&pool, "label");
    seed_pool_add(&pool, 1, "abc", 3, 1);
    assert_memory_not_equal(pool.opaque, zeros, sizeof(zeros));
    seed_pool_finish(&pool, root);
    assert_memory_equal(pool.opaque, zeros, sizeof(zeros));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(everything_counts),
        cmocka_unit_test(credit_is_bounded),
        cmocka_unit_test(nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
