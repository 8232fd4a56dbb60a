/* SPDX-License-Identifier: BSD-2-Clause */
/* The TPM driver and its commands, against a TPM that does its best and one that does its worst. */
#include "fake_tpm.h"

static struct fake_tpm fake;
static struct tpm tpm;

static const uint32_t interfaces[] = {HARDWARE_TPM_FIFO, HARDWARE_TPM_CRB};
#define FOR_EACH_INTERFACE(i) for (unsigned int i = 0; i < 2; i++)

static bool open_fake(uint32_t interface)
{
    fake_tpm_start(&fake, interface);
    return tpm_open(&tpm, &fake.access, fake_tpm_hardware(&fake));
}

/* --- Finding --- */

static void finds_what_the_table_names(void **state)
{
    (void)state;
    FOR_EACH_INTERFACE(i)
    {
        assert_true(open_fake(interfaces[i]));
        assert_int_equal(tpm.interface, interfaces[i]);
        assert_true(fake.locality);
        tpm_close(&tpm);
        assert_false(fake.locality);
        struct tpm_reader reader;
        tpm_begin(&tpm, 0x144);
        assert_int_equal(tpm_run(&tpm, &reader), TPM_BROKEN); /* nothing after closing */
    }
}

static void starts_a_tpm_that_nobody_started(void **state)
{
    (void)state;
    FOR_EACH_INTERFACE(i)
    {
        fake_tpm_start(&fake, interfaces[i]);
        fake.started = false;
        assert_true(tpm_open(&tpm, &fake.access, fake_tpm_hardware(&fake)));
        assert_true(fake.started);
    }
}

static void finds_one_without_a_table(void **state)
{
    (void)state;
    struct hardware_info *hardware;
    FOR_EACH_INTERFACE(i)
    {
        fake_tpm_start(&fake, interfaces[i]);
        hardware = fake_tpm_hardware(&fake);
        hardware->tpm_start_method = 0;
        assert_true(tpm_open(&tpm, &fake.access, hardware));
        assert_int_equal(tpm.interface, interfaces[i]);
    }
    fake.fault = FAULT_ALL_ONES; /* nothing there */
    assert_false(tpm_open(&tpm, &fake.access, hardware));
    assert_int_equal(tpm.interface, HARDWARE_TPM_NONE);
}

static void refuses_other_start_methods(void **state)
{
    (void)state;
    static const uint32_t methods[] = {1, 2, 3, 5, 8, 9, 10, 11, 12, 0xffffffff};
    fake_tpm_start(&fake, HARDWARE_TPM_FIFO);
    struct hardware_info *hardware = fake_tpm_hardware(&fake);
    for (unsigned int i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        hardware->tpm_start_method = methods[i];
        assert_false(tpm_open(&tpm, &fake.access, hardware));
        assert_int_equal(tpm.interface, HARDWARE_TPM_NONE);
        assert_non_null(strstr(tpm.problem, "start"));
    }
}

static void refuses_a_control_area_elsewhere(void **state)
{
    (void)state;
    static const uint64_t areas[] = {0, 0x3f, 0x40, 0x1040, FAKE_TPM_BASE + 0x44, FAKE_TPM_BASE + 0x1040, UINT64_MAX};
    fake_tpm_start(&fake, HARDWARE_TPM_CRB);
    struct hardware_info *hardware = fake_tpm_hardware(&fake);
    for (unsigned int i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
        hardware->tpm_control_area = areas[i];
        assert_false(tpm_open(&tpm, &fake.access, hardware));
        assert_int_equal(tpm.interface, HARDWARE_TPM_NONE);
    }
}

/* --- Registers that misbehave --- */

static bool concerns(enum fake_fault fault, uint32_t interface)
{
    switch (fault) {
    case FAULT_BURST_ZERO:
    case FAULT_BURST_ZERO_RECEIVING:
    case FAULT_EXPECTS_NO_MORE:
    case FAULT_EXPECTS_MORE:
    case FAULT_ANSWER_CUT: /* memory has no end: see the sizes of answers below */
    case FAULT_ANSWER_TOO_LONG:
        return interface == HARDWARE_TPM_FIFO;
    case FAULT_ERROR_STATUS:
    case FAULT_NEVER_IDLE:
    case FAULT_BUFFER_ELSEWHERE:
    case FAULT_BUFFER_SMALL:
        return interface == HARDWARE_TPM_CRB;
    default:
        return true;
    }
}

static void no_fault_hangs_or_passes(void **state)
{
    (void)state;
    FOR_EACH_INTERFACE(i)
    {
        for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
            if (!concerns((enum fake_fault)fault, interfaces[i])) {
                continue;
            }
            fake_tpm_start(&fake, interfaces[i]);
            struct hardware_info *hardware = fake_tpm_hardware(&fake);
            fake.fault = (enum fake_fault)fault;
            bool opened = tpm_open(&tpm, &fake.access, hardware);
            if (opened || !tpm.broken || tpm.problem[0] == '\0') {
                fail_msg("interface %u, fault %d: opened", interfaces[i], fault);
            }
            /* The longest wait is that for an answer. */
            assert_true(fake.time_us <= 2 * (uint64_t)TPM_TIMEOUT_COMMAND_US);
            /* What has failed is not asked again. */
            uint32_t value;
            uint64_t before = fake.time_us;
            assert_int_equal(tpm_property(&tpm, TPM_PT_PERMANENT, &value), TPM_BROKEN);
            assert_int_equal(fake.time_us, before);
        }
    }
}

static void faults_later_are_found_too(void **state)
{
    (void)state;
    FOR_EACH_INTERFACE(i)
    {
        for (int fault = FAULT_NEVER_READY; fault < FAULT_COUNT; fault++) {
            if (!concerns((enum fake_fault)fault, interfaces[i]) || fault == FAULT_BUFFER_ELSEWHERE ||
                fault == FAULT_BUFFER_SMALL) {
                continue;
            }
            uint32_t value;
            assert_true(open_fake(interfaces[i]));
            fake.fault = (enum fake_fault)fault;
            if (tpm_property(&tpm, TPM_PT_PERMANENT, &value) != TPM_BROKEN || !tpm.broken) {
                fail_msg("interface %u, fault %d: passed", interfaces[i], fault);
            }
        }
    }
}

static void a_busy_tpm_is_asked_again(void **state)
{
    (void)state;
    static const uint32_t codes[] = {TPM_RC_RETRY, TPM_RC_TESTING, TPM_RC_YIELDED, TPM_RC_NV_RATE};
    FOR_EACH_INTERFACE(i)
    {
        for (unsigned int j = 0; j < 4; j++) {
            uint32_t value;
            assert_true(open_fake(interfaces[i]));
            fake.patience = 5;
            fake.patience_code = codes[j];
            assert_int_equal(tpm_property(&tpm, TPM_PT_MANUFACTURER, &value), TPM_OK);
            assert_int_equal(value, 0x46414b45);
            assert_true(fake.time_us >= 5 * 20000);
        }
        uint32_t value;
        fake.patience = UINT32_MAX;
        assert_int_equal(tpm_property(&tpm, TPM_PT_MANUFACTURER, &value), TPM_BROKEN);
        assert_true(fake.time_us < 20000000);
        assert_non_null(strstr(tpm.problem, "patience"));
    }
}

/* --- Answers that are wrong --- */

enum { MANGLE_CUT, MANGLE_LONGER, MANGLE_FLIP, MANGLE_SIZE_FIELD };
static int how;

static void mangle(struct fake_tpm *f, uint32_t command_code, uint8_t *answer, uint32_t *size)
{
    if (command_code != f->mangled_command) {
        return;
    }
    if (how == MANGLE_CUT || how == MANGLE_LONGER) {
        *size = how == MANGLE_CUT ? f->mangled_at : *size + f->mangled_at;
        answer[2] = answer[3] = 0;
        answer[4] = (uint8_t)(*size >> 8);
        answer[5] = (uint8_t)*size;
    } else if (how == MANGLE_FLIP && f->mangled_at < *size) {
        answer[f->mangled_at] ^= 0xff;
    } else if (how == MANGLE_SIZE_FIELD) {
        answer[5] = (uint8_t)(answer[5] + f->mangled_at);
    }
}

/* One of the commands, each with its answer's parameters. */
static uint32_t ask(uint32_t command_code)
{
    struct tpm_banks banks = {.count = 2, .algorithms = {TPM_HASH_SHA256, TPM_HASH_SHA384}};
    struct tpm_digests digests;
    struct tpm_digest digest;
    struct tpm_nv_public public = {.handle = 0x1a53900, .size = 16, .attributes = TPM_NV_AUTHWRITE};
    uint32_t handles[4], found;
    uint8_t data[16] = {1, 2, 3};
    uint32_t result;
    switch (command_code) {
    case 0x17a:
        result = tpm_pcr_banks(&tpm, &banks);
        if (result == TPM_OK) {
            result = tpm_property(&tpm, TPM_PT_PERMANENT, &found);
        }
        return result == TPM_OK ? tpm_nv_list(&tpm, 0x1a53900, 4, handles, &found) : result;
    case 0x13c:
        return tpm_pcr_event(&tpm, 11, "event", 5, &banks, &digests);
    case 0x17e:
        return tpm_pcr_read(&tpm, TPM_HASH_SHA384, 11, &digest);
    case 0x12a:
        return tpm_nv_define(&tpm, &public);
    case 0x137:
        return tpm_nv_write(&tpm, public.handle, data, 16);
    case 0x169:
        return tpm_nv_read_public(&tpm, public.handle, &public);
    case 0x14e:
        return tpm_nv_read(&tpm, public.handle, data, 16);
    default:
        return tpm_nv_write_lock(&tpm, public.handle);
    }
}

static const uint32_t commands[] = {0x17a, 0x13c, 0x17e, 0x12a, 0x137, 0x169, 0x14e, 0x138};

static void set_up_for(uint32_t interface, uint32_t command_code)
{
    assert_true(open_fake(interface));
    if (command_code != 0x12a) {
        assert_int_equal(ask(0x12a), TPM_OK);
        assert_int_equal(ask(0x137), TPM_OK);
    }
}

static void right_answers_pass(void **state)
{
    (void)state;
    FOR_EACH_INTERFACE(i)
    {
        for (unsigned int c = 0; c < sizeof(commands) / sizeof(commands[0]); c++) {
            set_up_for(interfaces[i], commands[c]);
            assert_int_equal(ask(commands[c]), TPM_OK);
        }
    }
}

static void cut_answers_are_refused(void **state)
{
    (void)state;
    FOR_EACH_INTERFACE(i)
    {
        for (unsigned int c = 0; c < sizeof(commands) / sizeof(commands[0]); c++) {
            set_up_for(interfaces[i], commands[c]);
            assert_int_equal(ask(commands[c]), TPM_OK);
            /* The last answer's length; for GetCapability the shortest of three. */
            uint32_t whole = commands[c] == 0x17a ? 27 : fake.answer_size;
            for (uint32_t size = 0; size < whole; size++) {
                set_up_for(interfaces[i], commands[c]);
                fake.mangle = mangle;
                fake.mangled_command = commands[c];
                fake.mangled_at = size;
                how = MANGLE_CUT;
                if (ask(commands[c]) != TPM_BROKEN) {
                    fail_msg("command 0x%x passes with %u of %u bytes", commands[c], size, whole);
                }
            }
        }
    }
}

static void long_answers_are_refused(void **state)
{
    (void)state;
    FOR_EACH_INTERFACE(i)
    {
        for (unsigned int c = 0; c < sizeof(commands) / sizeof(commands[0]); c++) {
            for (uint32_t more = 1; more < 4200; more = more * 5 + 1) {
                set_up_for(interfaces[i], commands[c]);
                fake.mangle = mangle;
                fake.mangled_command = commands[c];
                fake.mangled_at = more < 3000 ? more : 10;
                how = MANGLE_LONGER;
                assert_int_equal(ask(commands[c]), TPM_BROKEN);
            }
        }
    }
}

/* Nothing reads beyond a buffer, whichever byte is wrong; the sanitizers watch. */
static void any_wrong_byte_is_survived(void **state)
{
    (void)state;
    FOR_EACH_INTERFACE(i)
    {
        for (unsigned int c = 0; c < sizeof(commands) / sizeof(commands[0]); c++) {
            for (uint32_t at = 0; at < 200; at++) {
                set_up_for(interfaces[i], commands[c]);
                fake.mangle = mangle;
                fake.mangled_command = commands[c];
                fake.mangled_at = at;
                how = MANGLE_FLIP;
                uint32_t result = ask(commands[c]);
                /* Header: tag, size. A changed code is a code. */
                if (at < 6) {
                    assert_int_equal(result, TPM_BROKEN);
                }
                how = MANGLE_SIZE_FIELD;
                fake.mangled_at = at + 1;
                assert_int_not_equal(ask(commands[c]), TPM_OK);
            }
        }
    }
}

static void claim_size(struct fake_tpm *f, uint32_t command_code, uint8_t *answer, uint32_t *size)
{
    (void)command_code;
    (void)size;
    answer[4] = (uint8_t)(f->mangled_at >> 8);
    answer[5] = (uint8_t)f->mangled_at;
}

/* The fake fails the test where its buffer ends. */
static void answers_larger_than_the_buffer_are_refused(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {FAKE_TPM_CAPACITY + 1, TPM_BUFFER_SIZE, TPM_BUFFER_SIZE + 1, 0xffff};
    for (unsigned int i = 0; i < 4; i++) {
        uint32_t value;
        assert_true(open_fake(HARDWARE_TPM_CRB));
        fake.mangle = claim_size;
        fake.mangled_at = sizes[i];
        assert_int_equal(tpm_property(&tpm, TPM_PT_PERMANENT, &value), TPM_BROKEN);
        assert_non_null(strstr(tpm.problem, "says that it has"));
    }
}

/* mangled_at handles from 0x1a53900 on, each mangled_command after the one before. */
static void list_handles(struct fake_tpm *f, uint32_t command_code, uint8_t *answer, uint32_t *size)
{
    (void)command_code;
    answer[18] = (uint8_t)f->mangled_at;
    *size = 19 + 4 * f->mangled_at;
    for (uint32_t i = 0; i < f->mangled_at; i++) {
        uint32_t handle = 0x1a53900 + i * f->mangled_command;
        uint8_t bytes[4] = {(uint8_t)(handle >> 24), (uint8_t)(handle >> 16), (uint8_t)(handle >> 8), (uint8_t)handle};
        memcpy(answer + 19 + 4 * (size_t)i, bytes, 4);
    }
    answer[4] = (uint8_t)(*size >> 8);
    answer[5] = (uint8_t)*size;
}

static void wrong_lists_of_handles_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t count, step, result, found;
    } lists[] = {
        {0, 1, TPM_OK, 0},       {4, 1, TPM_OK, 4},     {4, 0x100, TPM_OK, 1},
        {5, 1, TPM_BROKEN, 0},   {2, 0, TPM_BROKEN, 0}, {2, 0xffffffff, TPM_BROKEN, 0},
        {200, 0, TPM_BROKEN, 0},
    };
    for (unsigned int i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        uint32_t handles[4], found;
        assert_true(open_fake(HARDWARE_TPM_FIFO));
        fake.mangle = list_handles;
        fake.mangled_at = lists[i].count;
        fake.mangled_command = lists[i].step;
        assert_int_equal(tpm_nv_list(&tpm, 0x1a53900, 4, handles, &found), lists[i].result);
        if (lists[i].result == TPM_OK) {
            assert_int_equal(found, lists[i].found);
        }
    }
}

static void answer_of_an_old_tpm(struct fake_tpm *f, uint32_t command_code, uint8_t *answer, uint32_t *size)
{
    (void)f;
    (void)command_code;
    memcpy(answer, (const uint8_t[]){0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 0x1e}, 10);
    *size = 10;
}

static void tpm_1_2_is_recognised(void **state)
{
    (void)state;
    fake_tpm_start(&fake, HARDWARE_TPM_FIFO);
    fake.mangle = answer_of_an_old_tpm;
    assert_false(tpm_open(&tpm, &fake.access, fake_tpm_hardware(&fake)));
    assert_non_null(strstr(tpm.problem, "no TPM 2.0"));
}

static void too_large_commands_are_not_sent(void **state)
{
    (void)state;
    static uint8_t data[TPM_BUFFER_SIZE];
    struct tpm_reader reader;
    assert_true(open_fake(HARDWARE_TPM_FIFO));
    uint32_t before = fake.commands;
    tpm_begin(&tpm, 0x13c);
    tpm_put_bytes(&tpm, data, sizeof(data));
    tpm_put_u32(&tpm, 1); /* would fit again */
    assert_int_equal(tpm_run(&tpm, &reader), TPM_BROKEN);
    assert_int_equal(fake.commands, before);
}

/* --- What is read --- */

static void banks_are_those_with_both_pcrs(void **state)
{
    (void)state;
    struct tpm_banks banks;
    assert_true(open_fake(HARDWARE_TPM_FIFO));
    assert_int_equal(tpm_pcr_banks(&tpm, &banks), TPM_OK);
    assert_int_equal(banks.count, 2);
    assert_int_equal(banks.algorithms[0], TPM_HASH_SHA256);
    assert_int_equal(banks.algorithms[1], TPM_HASH_SHA384);
    fake.banks[2].selected = 1u << 11; /* not 12 */
    assert_int_equal(tpm_pcr_banks(&tpm, &banks), TPM_OK);
    assert_int_equal(banks.count, 1);
    fake.banks[1].algorithm = 0x99; /* unknown, and in use */
    assert_int_equal(tpm_pcr_banks(&tpm, &banks), TPM_BROKEN);
}

static void a_bank_twice_is_refused(void **state)
{
    (void)state;
    struct tpm_banks banks;
    assert_true(open_fake(HARDWARE_TPM_CRB));
    fake.banks[2].algorithm = TPM_HASH_SHA256;
    assert_int_equal(tpm_pcr_banks(&tpm, &banks), TPM_BROKEN);
}

static void too_many_banks_are_refused(void **state)
{
    (void)state;
    struct tpm_banks banks;
    static const uint16_t algorithms[] = {4, 0xb, 0xc, 0xd, 0x12, 0x27, 0x28, 0x29, 4, 0xb};
    assert_true(open_fake(HARDWARE_TPM_CRB));
    fake.bank_count = 0;
    for (uint32_t i = 0; i < 10; i++) {
        fake.banks[fake.bank_count].algorithm = algorithms[i];
        fake.banks[fake.bank_count++].selected = 0xffffff;
        assert_int_equal(tpm_pcr_banks(&tpm, &banks), i < 8 ? TPM_OK : TPM_BROKEN);
        if (i >= 8) {
            break;
        }
        assert_int_equal(banks.count, i + 1);
    }
}

static void events_reach_the_pcr(void **state)
{
    (void)state;
    struct tpm_banks banks;
    struct tpm_digests digests;
    struct tpm_digest value;
    FOR_EACH_INTERFACE(i)
    {
        assert_true(open_fake(interfaces[i]));
        assert_int_equal(tpm_pcr_banks(&tpm, &banks), TPM_OK);
        assert_int_equal(tpm_pcr_event(&tpm, 12, "abc", 3, &banks, &digests), TPM_OK);
        assert_int_equal(digests.count, 2);
        static const uint8_t sha256_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
        assert_memory_equal(digests.digests[0].bytes, sha256_abc, sizeof(sha256_abc));
        assert_int_equal(tpm_pcr_read(&tpm, TPM_HASH_SHA384, 12, &value), TPM_OK);
        assert_memory_equal(value.bytes, fake.pcrs[2][12].bytes, 48);
        assert_int_equal(value.size, 48);
        /* A bank that the TPM does not answer for. */
        banks.algorithms[banks.count++] = TPM_HASH_SHA512;
        assert_int_equal(tpm_pcr_event(&tpm, 12, "abc", 3, &banks, &digests), TPM_BROKEN);
    }
}

static void codes_have_words(void **state)
{
    (void)state;
    fake_tpm_start(&fake, HARDWARE_TPM_FIFO);
    assert_true(open_fake(HARDWARE_TPM_FIFO));
    assert_string_equal(tpm_result_text(&tpm, 0x9a2), "it asks for a password");
    assert_string_equal(tpm_result_text(&tpm, 0x98e), "it asks for a password");
    assert_string_equal(tpm_result_text(&tpm, 0x185), "its owner hierarchy is switched off");
    assert_string_equal(tpm_result_text(&tpm, 0x1c4), "it answers with code 0x1c4");
}

/* --- Random numbers --- */

static void random_numbers(void **state)
{
    (void)state;
    FOR_EACH_INTERFACE(i)
    {
        uint8_t bytes[64];
        assert_true(open_fake(interfaces[i]));
        assert_int_equal(tpm_random(&tpm, bytes, sizeof(bytes)), TPM_OK);
        for (uint32_t k = 0; k < sizeof(bytes); k++) {
            assert_int_equal(bytes[k], k + 1);
            assert_null(memmem(tpm.response, sizeof(tpm.response), bytes + k, k + 4u <= sizeof(bytes) ? 4 : 1));
        }
    }
}

static void too_few_random_numbers(void **state)
{
    (void)state;
    static const uint8_t zeros[64];
    uint8_t bytes[64];
    assert_true(open_fake(HARDWARE_TPM_FIFO));
    fake.random_at_once = 7; /* eight commands do not suffice */
    assert_int_equal(tpm_random(&tpm, bytes, sizeof(bytes)), TPM_BROKEN);
    assert_non_null(strstr(tpm.problem, "too few random bytes"));
    assert_memory_equal(bytes, zeros, sizeof(bytes));
    assert_true(open_fake(HARDWARE_TPM_FIFO));
    fake.random_at_once = 8; /* these do */
    assert_int_equal(tpm_random(&tpm, bytes, sizeof(bytes)), TPM_OK);
}

static void change_random(struct fake_tpm *device, uint32_t command_code, uint8_t *answer, uint32_t *size)
{
    static const uint8_t sizes[] = {0, 65, 47, 49};
    if (command_code == 0x17b) {
        answer[11] = sizes[device->mangled_at];
        *size = device->mangled_at == 0 ? 12 : device->mangled_at == 1 ? 12 + 65 : *size;
        answer[5] = (uint8_t)*size;
    }
}

static void wrong_random_numbers(void **state)
{
    (void)state;
    static const uint8_t zeros[64];
    for (uint32_t i = 0; i < 4; i++) {
        uint8_t bytes[64];
        memset(bytes, 0xee, sizeof(bytes));
        assert_true(open_fake(HARDWARE_TPM_CRB));
        fake.mangle = change_random;
        fake.mangled_at = i;
        assert_int_equal(tpm_random(&tpm, bytes, sizeof(bytes)), TPM_BROKEN);
        assert_true(tpm.broken);
        assert_memory_equal(bytes, zeros, sizeof(bytes));
    }
    uint8_t bytes[64];
    assert_true(open_fake(HARDWARE_TPM_CRB));
    fake.fail_at = fake.commands + 2;
    fake.fail_code = 0x101;
    assert_int_equal(tpm_random(&tpm, bytes, sizeof(bytes)), 0x101);
    assert_memory_equal(bytes, zeros, sizeof(bytes));
    assert_false(tpm.broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_the_table_names),
        cmocka_unit_test(starts_a_tpm_that_nobody_started),
        cmocka_unit_test(finds_one_without_a_table),
        cmocka_unit_test(refuses_other_start_methods),
        cmocka_unit_test(refuses_a_control_area_elsewhere),
        cmocka_unit_test(no_fault_hangs_or_passes),
        cmocka_unit_test(faults_later_are_found_too),
        cmocka_unit_test(a_busy_tpm_is_asked_again),
        cmocka_unit_test(right_answers_pass),
        cmocka_unit_test(cut_answers_are_refused),
        cmocka_unit_test(long_answers_are_refused),
        cmocka_unit_test(any_wrong_byte_is_survived),
        cmocka_unit_test(answers_larger_than_the_buffer_are_refused),
        cmocka_unit_test(wrong_lists_of_handles_are_refused),
        cmocka_unit_test(tpm_1_2_is_recognised),
        cmocka_unit_test(too_large_commands_are_not_sent),
        cmocka_unit_test(banks_are_those_with_both_pcrs),
        cmocka_unit_test(a_bank_twice_is_refused),
        cmocka_unit_test(too_many_banks_are_refused),
        cmocka_unit_test(events_reach_the_pcr),
        cmocka_unit_test(random_numbers),
        cmocka_unit_test(too_few_random_numbers),
        cmocka_unit_test(wrong_random_numbers),
        cmocka_unit_test(codes_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
