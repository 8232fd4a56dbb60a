/* SPDX-License-Identifier: BSD-2-Clause */
/* The place for the trust anchor: empty, right, or refused. */
#include "support.h"

#include <loader/trust.h>

#define PLACE_SIZE (TRUST_MAX_SIZE - 16)

static uint8_t place[PLACE_SIZE];
static size_t anchor_size;

static int set_up(void **state)
{
    static const uint8_t lattice[1952] = {1}, hash_based[32] = {2};
    const struct trust_anchor anchor = {
        .flags = TRUST_FLAG_REBOOT_ON_FAILURE,
        .serial = 9,
        .pair_count = 1,
        .pairs = {{.status = TRUST_STATUS_PRIMARY,
                   .lattice = {.algorithm = SIGNATURE_ML_DSA_65, .size = 1952, .public_key = lattice},
                   .hash = {.algorithm = SIGNATURE_SLH_DSA_SHA2_128S, .size = 32, .public_key = hash_based}}},
    };
    (void)state;
    memset(place, 0, sizeof(place));
    anchor_size = trust_anchor_write(&anchor, place, sizeof(place));
    assert_int_not_equal(anchor_size, 0);
    return 0;
}

static void expect_refused(const char *part)
{
    struct trust_anchor anchor;
    struct loader_error error = {""};
    assert_int_equal(trust_anchor_read(place, sizeof(place), &anchor, &error), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

/* It ends with zeros, as this one does: no revoked keys. */
static void test_reads(void **state)
{
    struct trust_anchor anchor;
    struct loader_error error;
    (void)state;
    assert_int_equal(place[anchor_size - 1], 0);
    assert_int_equal(trust_anchor_read(place, sizeof(place), &anchor, &error), 1);
    assert_int_equal(anchor.serial, 9);
    assert_int_equal(anchor.flags, TRUST_FLAG_REBOOT_ON_FAILURE);
}

static void test_refuses(void **state)
{
    (void)state;
    memset(place, 0, sizeof(place));
    expect_refused("trusts nobody");
    place[0] = 'S';
    expect_refused("wrong size");
    set_up(NULL);
    place[anchor_size] = 1;
    expect_refused("wrong size");
    set_up(NULL);
    place[sizeof(place) - 1] = 1;
    expect_refused("wrong size");
    set_up(NULL);
    memset(place + 12, 0xff, 4); /* the size field */
    expect_refused("wrong size");
    set_up(NULL);
    place[12]++;
    expect_refused("bytes follow its last field");
    set_up(NULL);
    place[0] ^= 1;
    expect_refused("does not begin with the mark");
    struct trust_anchor anchor;
    struct loader_error error;
    assert_int_equal(trust_anchor_read(place, 15, &anchor, &error), 0);
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_reads), TEST(test_refuses)};
    return cmocka_run_group_tests_name("loader_trust", tests, NULL, NULL);
}
