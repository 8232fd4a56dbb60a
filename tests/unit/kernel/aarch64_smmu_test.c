/* SPDX-License-Identifier: BSD-2-Clause */
/* An SMMUv3's formats (Arm IHI 0070). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../kernel/arch/aarch64/smmu_format.h"

static void test_commands(void **state)
{
    (void)state;
    assert_true(smmu_forget_stream(0x108).words[0] == 0x10800000003);
    assert_true(smmu_forget_stream(0x108).words[1] == 1);
    assert_true(smmu_forget_all_streams().words[0] == 4 && smmu_forget_all_streams().words[1] == 31);
    assert_true(smmu_synchronise().words[0] == 0x46);
}

static void test_first_level(void **state)
{
    (void)state;
    /* Span 9: 2^8 entries. */
    assert_true(smmu_first_entry(0x40004000) == 0x40004009);
    assert_true((smmu_first_entry(0x40004000) & SMMU_STREAM_ADDRESS) == 0x40004000);
    assert_int_equal(sizeof(struct smmu_stream), 64);
    assert_int_equal(SMMU_FIRST_ENTRIES * SMMU_SECOND_STREAMS, 0x10000);
}

static void test_streams(void **state)
{
    (void)state;
    struct smmu_stream stream = smmu_stage2_stream(0x40007000, 5, 4);
    /* STE: valid, Config 6; SHCFG 1; VMID, T0SZ 25, SL0 1, walks write-back and inner
     * shareable, PS 4, AA64, AFFD, R; table. */
    assert_true(stream.words[0] == 0xd);
    assert_true(stream.words[1] == 1ull << 44);
    assert_true((stream.words[2] & 0xffff) == 5);
    assert_true((stream.words[2] >> 32 & 0x3f) == 25);
    assert_true((stream.words[2] >> 38 & 3) == 1);
    assert_true((stream.words[2] >> 40 & 0xff) == 0x35);
    assert_true((stream.words[2] >> 48) == (4 | 1 << 3 | 1 << 5 | 1 << 10));
    assert_true(stream.words[3] == 0x40007000);
    assert_true(smmu_bypass_stream().words[0] == 9 && smmu_bypass_stream().words[3] == 0);
}

static void test_events(void **state)
{
    (void)state;
    struct smmu_event event = {{0x0000001800000010, 0, 0x60000000, 0}};
    assert_int_equal(smmu_event_kind(&event), 0x10);
    assert_int_equal(smmu_event_stream(&event), 0x18);
    assert_int_equal(smmu_event_address(&event), 0x60000000);
}

static void test_queue(void **state)
{
    (void)state;
    const unsigned int bits = 2;
    uint32_t producer = 0;
    uint32_t consumer = 0;

    assert_true(smmu_queue_empty(producer, consumer, bits));
    for (unsigned int round = 0; round < 20; round++) {
        for (unsigned int i = 0; i < 4; i++) {
            producer = smmu_queue_next(producer, bits);
            assert_false(smmu_queue_empty(producer, consumer, bits));
        }
        for (unsigned int i = 0; i < 4; i++) {
            consumer = smmu_queue_next(consumer, bits);
        }
        assert_true(smmu_queue_empty(producer, consumer, bits));
        assert_true(producer < 8);
        /* Not always a whole turn. */
        producer = smmu_queue_next(producer, bits);
        consumer = smmu_queue_next(consumer, bits);
    }
    /* The overflow flag in bit 31 is no part of the index. */
    assert_true(smmu_queue_empty(producer | 1u << 31, consumer, bits));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands), cmocka_unit_test(test_first_level), cmocka_unit_test(test_streams),
        cmocka_unit_test(test_events),   cmocka_unit_test(test_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
