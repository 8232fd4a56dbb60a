/* SPDX-License-Identifier: BSD-2-Clause */
/* The rollback index in a TPM's non-volatile memory. */
#include "fake_tpm.h"

#include <crypto/hash.h>
#include <loader/rollback.h>

static struct fake_tpm fake;
static struct tpm tpm;
static struct rollback rollback;

static int set_up(void **state)
{
    (void)state;
    fake_tpm_start(&fake, HARDWARE_TPM_CRB);
    assert_true(tpm_open(&tpm, &fake.access, fake_tpm_hardware(&fake)));
    return 0;
}

/* As after a restart of the machine. */
static void restart(void)
{
    fake_tpm_reset(&fake);
    assert_true(tpm_open(&tpm, &fake.access, fake_tpm_hardware(&fake)));
}

/* A whole start of a system. Returns whether it was accepted. */
static bool start(const char *name, uint64_t index)
{
    restart();
    rollback_find(&rollback, &tpm, name, false);
    assert_int_not_equal(rollback.state, ROLLBACK_NO_PLACE);
    if (rollback.state == ROLLBACK_KEPT && index < rollback.stored) {
        return false;
    }
    assert_true(rollback_keep(&rollback, index, false));
    return true;
}

static void only_goes_up(void **state)
{
    (void)state;
    assert_true(start("linux", 5));
    assert_false(start("linux", 4));
    assert_true(start("linux", 5));
    assert_true(start("linux", 6));
    assert_false(start("linux", 5));
    assert_true(start("linux", UINT64_MAX));
    assert_false(start("linux", UINT64_MAX - 1));
    assert_int_equal(rollback.stored, UINT64_MAX);
}

static void data_are_as_documented(void **state)
{
    (void)state;
    assert_true(start("linux", 0x0102030405060708));
    const struct fake_nv *nv = fake_tpm_nv(&fake, ROLLBACK_FIRST_HANDLE);
    assert_non_null(nv);
    assert_int_equal(nv->size, 48);
    assert_memory_equal(nv->data, "SKYRBIDX\x01\x02\x03\x04\x05\x06\x07\x08", 16);
    uint8_t digest[64];
    hash_sha512("skyscope rollback index 1\0linux", 25 + 1 + 5, digest);
    assert_memory_equal(nv->data + 16, digest, 32);
    assert_int_equal(nv->attributes & ~((uint32_t)TPM_NV_WRITTEN | (uint32_t)TPM_NV_WRITELOCKED),
                     1u << 2 | 1u << 14 | 1u << 17 | 1u << 18 | 1u << 25);
}

static void nothing_can_change_it_after_the_start(void **state)
{
    (void)state;
    uint8_t data[48] = {0};
    assert_true(start("linux", 5));
    assert_int_equal(tpm_nv_write(&tpm, ROLLBACK_FIRST_HANDLE, data, 48), TPM_RC_NV_LOCKED);
    assert_true(start("other", 1));
    assert_int_equal(tpm_nv_write(&tpm, ROLLBACK_FIRST_HANDLE, data, 48), TPM_RC_NV_LOCKED);
    assert_int_equal(tpm_nv_write(&tpm, ROLLBACK_FIRST_HANDLE + 1, data, 48), TPM_RC_NV_LOCKED);
}

static void a_second_start_without_reset_keeps_what_it_can(void **state)
{
    (void)state;
    assert_true(start("linux", 5));
    assert_true(tpm_open(&tpm, &fake.access, fake_tpm_hardware(&fake)));
    rollback_find(&rollback, &tpm, "linux", false);
    assert_int_equal(rollback.stored, 5);
    assert_true(rollback_keep(&rollback, 5, true));
    rollback_find(&rollback, &tpm, "linux", false);
    assert_false(rollback_keep(&rollback, 6, true));
    assert_non_null(strstr(rollback.problem, "locked"));
}

static void systems_do_not_block_each_other(void **state)
{
    (void)state;
    assert_true(start("linux", 100));
    assert_true(start("other", 1));
    assert_true(start("linu", 2));
    assert_false(start("linux", 99));
    assert_true(start("other", 2));
    restart();
    rollback_find(&rollback, &tpm, "linux", true); /* signed by development keys: another system */
    assert_int_equal(rollback.state, ROLLBACK_FREE);
    assert_true(rollback_keep(&rollback, 1, false));
    assert_int_equal(rollback.handle, ROLLBACK_FIRST_HANDLE + 3);
    assert_false(start("linux", 99));
}

static void the_handles_run_out(void **state)
{
    (void)state;
    char name[16];
    for (uint32_t i = 0; i < ROLLBACK_HANDLES; i++) {
        snprintf(name, sizeof(name), "system %u", i);
        assert_true(start(name, i + 1));
    }
    restart();
    rollback_find(&rollback, &tpm, "one more", false);
    assert_int_equal(rollback.state, ROLLBACK_NO_PLACE);
    assert_non_null(strstr(rollback.problem, "taken"));
    assert_false(rollback_keep(&rollback, 1, true));
    assert_false(start("system 15", 15)); /* 16 was kept */
    assert_true(start("system 15", 17));
}

static void a_gap_is_used(void **state)
{
    (void)state;
    assert_true(start("a", 1));
    assert_true(start("b", 1));
    assert_true(start("c", 1));
    memmove(&fake.nv[1], &fake.nv[2], (FAKE_TPM_NV - 2) * sizeof(fake.nv[0])); /* b's owner removed it */
    assert_true(start("d", 7));
    assert_int_equal(rollback.handle, ROLLBACK_FIRST_HANDLE + 1);
}

static void indices_of_others_are_left_alone(void **state)
{
    (void)state;
    fake.nv[0] = (struct fake_nv){.handle = ROLLBACK_FIRST_HANDLE, .size = 48, .attributes = TPM_NV_AUTHWRITE};
    fake.nv[1] = (struct fake_nv){.handle = ROLLBACK_FIRST_HANDLE + 1, .size = 8, .attributes = 0x2064004};
    fake.nv[2] = (struct fake_nv){
        .handle = ROLLBACK_FIRST_HANDLE + 2, .size = 48, .attributes = 0x22064004 /* written */, .password = true};
    fake.nv[3] = (struct fake_nv){.handle = ROLLBACK_FIRST_HANDLE + 3, .size = 48, .attributes = 0x22064004};
    fake.nv[4] = (struct fake_nv){.handle = ROLLBACK_FIRST_HANDLE + ROLLBACK_HANDLES, .size = 48};
    struct fake_nv before[3];
    memcpy(before, fake.nv, sizeof(before));
    assert_true(start("linux", 3));
    assert_int_equal(rollback.handle, ROLLBACK_FIRST_HANDLE + 4);
    assert_memory_equal(before, fake.nv, sizeof(before));
    assert_false(start("linux", 2));
}

static void an_index_that_was_never_written_is_ours(void **state)
{
    (void)state;
    fake.nv[0] = (struct fake_nv){.handle = ROLLBACK_FIRST_HANDLE, .size = 48, .attributes = 0x2064004};
    assert_true(start("linux", 3));
    assert_int_equal(rollback.handle, ROLLBACK_FIRST_HANDLE);
    assert_false(start("linux", 2));
}

static void of_two_the_higher_one_counts(void **state)
{
    (void)state;
    assert_true(start("linux", 3));
    fake.nv[1] = fake.nv[0];
    fake.nv[1].handle++;
    fake.nv[1].data[15] = 9;
    assert_false(start("linux", 8));
    assert_true(start("linux", 9));
}

static void index_0_needs_no_place(void **state)
{
    (void)state;
    assert_true(start("linux", 0));
    assert_int_equal(fake.nv[0].handle, 0);
    rollback_find(&rollback, &tpm, "linux", false);
    assert_true(rollback_keep(&rollback, 0, true)); /* unless required */
    assert_int_equal(fake.nv[0].handle, ROLLBACK_FIRST_HANDLE);
    assert_true(start("linux", 1));
    assert_false(start("linux", 0));
}

static void an_owner_with_a_password(void **state)
{
    (void)state;
    fake.owner_password = true;
    rollback_find(&rollback, &tpm, "linux", false);
    assert_int_equal(rollback.state, ROLLBACK_NO_PLACE);
    assert_non_null(strstr(rollback.problem, "the TPM's owner has a password"));
    /* Set after the first start, it is no obstacle. */
    fake.owner_password = false;
    assert_true(start("linux", 2));
    fake.owner_password = true;
    assert_true(start("linux", 3));
    assert_false(start("linux", 2));
}

static void what_the_tpm_refuses(void **state)
{
    (void)state;
    rollback_find(&rollback, &tpm, "linux", false);
    fake.nv_full = true;
    assert_false(rollback_keep(&rollback, 1, false));
    assert_non_null(strstr(rollback.problem, "full"));
    fake.nv_full = false;
    fake.hierarchy_off = true;
    rollback_find(&rollback, &tpm, "linux", false);
    assert_false(rollback_keep(&rollback, 1, false));
    assert_non_null(strstr(rollback.problem, "switched off"));
    fake.hierarchy_off = false;
    fake.nv_forgets = true;
    rollback_find(&rollback, &tpm, "linux", false);
    assert_false(rollback_keep(&rollback, 1, false));
    assert_non_null(strstr(rollback.problem, "does not keep"));
    assert_int_not_equal(fake_tpm_nv(&fake, ROLLBACK_FIRST_HANDLE)->attributes & TPM_NV_WRITELOCKED, 0);
}

/* Whichever command fails: an older system is never accepted, and success is
 * never claimed where the index was not kept. */
static void any_command_may_fail(void **state)
{
    (void)state;
    for (uint32_t at = 1; at < 12; at++) {
        set_up(NULL);
        assert_true(start("linux", 5));
        restart();
        fake.fail_at = at + 1; /* after TPM2_Startup */
        fake.fail_code = 0x101;
        rollback_find(&rollback, &tpm, "linux", false);
        bool claimed = false;
        if (rollback.state == ROLLBACK_KEPT) {
            assert_int_equal(rollback.stored, 5);
            claimed = rollback_keep(&rollback, 6, true);
        } else {
            assert_int_equal(rollback.state, ROLLBACK_NO_PLACE);
            assert_false(rollback_keep(&rollback, 4, true));
        }
        fake.fail_at = 0;
        if (claimed) {
            assert_false(start("linux", 5));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_goes_up, set_up),
        cmocka_unit_test_setup(data_are_as_documented, set_up),
        cmocka_unit_test_setup(nothing_can_change_it_after_the_start, set_up),
        cmocka_unit_test_setup(a_second_start_without_reset_keeps_what_it_can, set_up),
        cmocka_unit_test_setup(systems_do_not_block_each_other, set_up),
        cmocka_unit_test_setup(the_handles_run_out, set_up),
        cmocka_unit_test_setup(a_gap_is_used, set_up),
        cmocka_unit_test_setup(indices_of_others_are_left_alone, set_up),
        cmocka_unit_test_setup(an_index_that_was_never_written_is_ours, set_up),
        cmocka_unit_test_setup(of_two_the_higher_one_counts, set_up),
        cmocka_unit_test_setup(index_0_needs_no_place, set_up),
        cmocka_unit_test_setup(an_owner_with_a_password, set_up),
        cmocka_unit_test_setup(what_the_tpm_refuses, set_up),
        cmocka_unit_test_setup(any_command_may_fail, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
