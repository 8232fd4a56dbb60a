/* SPDX-License-Identifier: BSD-2-Clause */
/* Measured boot: what is extended, what the log says, and that both agree. The log
 * is read by the manager's parser. */
#include "fake_tpm.h"

#include <crypto/hash.h>
#include <event_log.h>
#include <loader/measured_boot.h>

#define CAPACITY (4 * MEASURED_BOOT_MIN_LOG)

static struct fake_tpm fake;
static struct tpm tpm;
static struct measured_boot boot;
static struct hardware_verification verification;
static uint8_t log_bytes[CAPACITY];
static struct manifest manifest;

static int set_up(void **state)
{
    (void)state;
    fake_tpm_start(&fake, HARDWARE_TPM_FIFO);
    memset(&verification, 0, sizeof(verification));
    memset(log_bytes, 0xcc, sizeof(log_bytes));
    memset(&manifest, 0, sizeof(manifest));
    snprintf(manifest.system_name, sizeof(manifest.system_name), "unit test");
    manifest.rollback_index = 7;
    manifest.hash_algorithm = HASH_ALGORITHM_SHA512_TREE;
    manifest.image_count = 2;
    snprintf(manifest.images[0].name, sizeof(manifest.images[0].name), "kernel.elf");
    manifest.images[0].role = MANIFEST_ROLE_KERNEL;
    memset(manifest.images[0].hash, 0xab, 64);
    snprintf(manifest.images[1].name, sizeof(manifest.images[1].name), "a guest");
    manifest.images[1].role = MANIFEST_ROLE_GUEST;
    manifest.images[1].flags = MANIFEST_IMAGE_UNSIGNED;
    assert_true(tpm_open(&tpm, &fake.access, fake_tpm_hardware(&fake)));
    return 0;
}

static void measure(uint32_t capacity)
{
    static const uint8_t hash[64] = {1, 2, 3};
    static const uint8_t found[64] = {0xfe};
    measured_boot_start(&boot, &tpm, log_bytes, capacity);
    measured_boot_trust_anchor(&boot, hash);
    measured_boot_command_line(&boot, "loader.elf quiet");
    measured_boot_manifest(&boot, &manifest, hash);
    for (uint32_t i = 0; i < manifest.image_count; i++) {
        const struct manifest_image *image = &manifest.images[i];
        measured_boot_image(&boot, &manifest, image,
                            (image->flags & MANIFEST_IMAGE_UNSIGNED) != 0 ? found : image->hash);
    }
    measured_boot_end(&boot, &verification);
}

/* Every digest is that of the event data; the PCRs are what the log leads to. */
static void check_log(void)
{
    struct event_log log;
    struct event event;
    uint8_t value[64];
    assert_true(event_log_open(&log, log_bytes, verification.event_log_size));
    while (event_log_next(&log, &event)) {
        uint8_t digest[64];
        if (event.type == EVENT_NO_ACTION) {
            continue;
        }
        for (uint32_t i = 0; i < log.algorithm_count; i++) {
            if (log.algorithms[i].id == TPM_HASH_SHA256) {
                hash_sha256(event.data, event.data_size, digest);
                assert_memory_equal(digest, event.digests[i], 32);
            } else if (log.algorithms[i].id == TPM_HASH_SHA384) {
                hash_sha384(event.data, event.data_size, digest);
                assert_memory_equal(digest, event.digests[i], 48);
            }
        }
    }
    assert_null(log.problem);
    for (uint32_t i = 0; i < verification.pcr_value_count; i++) {
        const struct hardware_pcr_value *known = &verification.pcr_values[i];
        assert_true(event_log_replay(&log, known->pcr, known->algorithm, value));
        assert_memory_equal(value, known->value, known->size);
    }
}

static void the_log_tells_everything(void **state)
{
    (void)state;
    static const struct {
        uint32_t pcr, type;
        const char *begin, *end;
    } expected[] = {
        {12, EVENT_IPL, "skyscope 1 trust-anchor sha512 0102030000", "00"},
        {12, EVENT_IPL, "skyscope 1 command-line loader.elf quiet", "quiet"},
        {11, EVENT_IPL, "skyscope 1 manifest sha512 010203000000", " rollback-index 7 system unit test"},
        {11, EVENT_IPL, "skyscope 1 image sha512-tree abababababab", "abab kernel signed kernel.elf"},
        {11, EVENT_IPL, "skyscope 1 image sha512-tree fe0000000000", "0000 guest unsigned a guest"},
        {11, EVENT_SEPARATOR, "", ""},
        {12, EVENT_SEPARATOR, "", ""},
    };
    struct event_log log;
    struct event event;
    measure(CAPACITY);
    assert_int_equal(boot.state, HARDWARE_MEASUREMENT_COMPLETE);
    assert_int_equal(verification.measurement, HARDWARE_MEASUREMENT_COMPLETE);
    assert_int_equal(boot.event_count, 7);
    assert_false(boot.extended_before);
    assert_int_equal(verification.pcr_value_count, 4);
    assert_true(event_log_open(&log, log_bytes, verification.event_log_size));
    assert_int_equal(log.algorithm_count, 2);
    for (unsigned int i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        char text[600];
        assert_true(event_log_next(&log, &event));
        assert_int_equal(event.pcr, expected[i].pcr);
        assert_int_equal(event.type, expected[i].type);
        if (event.type == EVENT_SEPARATOR) {
            assert_int_equal(event.data_size, 4);
            assert_memory_equal(event.data, "\0\0\0\0", 4);
            continue;
        }
        assert_true(event.data_size < sizeof(text));
        memcpy(text, event.data, event.data_size);
        text[event.data_size] = '\0';
        assert_memory_equal(text, expected[i].begin, strlen(expected[i].begin));
        assert_string_equal(text + strlen(text) - strlen(expected[i].end), expected[i].end);
    }
    assert_false(event_log_next(&log, &event));
    assert_null(log.problem);
    check_log();
    for (uint32_t i = 0; i < 4; i++) {
        const struct hardware_pcr_value *known = &verification.pcr_values[i];
        assert_memory_equal(known->value, fake.pcrs[i / 2 + 1][i % 2 + 11].bytes, known->size);
    }
}

static void other_contents_give_other_pcrs(void **state)
{
    (void)state;
    struct tpm_digest first[2], second[2];
    measure(CAPACITY);
    memcpy(first, &fake.pcrs[1][11], sizeof(first));
    set_up(NULL);
    manifest.images[0].hash[63] ^= 1;
    measure(CAPACITY);
    memcpy(second, &fake.pcrs[1][11], sizeof(second));
    assert_memory_not_equal(first[0].bytes, second[0].bytes, 32);
    assert_memory_equal(first[1].bytes, second[1].bytes, 32);
    set_up(NULL);
    manifest.images[1].flags = 0; /* vouched for or not is part of it */
    memset(manifest.images[1].hash, 0, 64);
    manifest.images[1].hash[0] = 0xfe;
    measure(CAPACITY);
    assert_memory_not_equal(first[0].bytes, fake.pcrs[1][11].bytes, 32);
}

static void whichever_command_fails(void **state)
{
    (void)state;
    struct tpm_digest right;
    measure(CAPACITY);
    right = fake.pcrs[1][11];
    uint32_t all = fake.commands;
    for (uint32_t at = 2; at <= all; at++) {
        set_up(NULL);
        fake.fail_at = at;
        fake.fail_code = 0x101;
        measure(CAPACITY);
        if (verification.measurement == HARDWARE_MEASUREMENT_NONE) {
            assert_true(boot.problem[0] != '\0' && boot.event_count == 0);
            continue;
        }
        check_log();
        if (verification.measurement == HARDWARE_MEASUREMENT_COMPLETE) {
            /* It was the reading afterwards. */
            assert_true(verification.pcr_value_count < 4);
            continue;
        }
        assert_non_null(strstr(boot.problem, "0x101"));
        assert_memory_not_equal(fake.pcrs[1][11].bytes, right.bytes, 32);
        /* The last event says it. */
        struct event_log log;
        struct event event, last = {0};
        assert_true(event_log_open(&log, log_bytes, verification.event_log_size));
        while (event_log_next(&log, &event)) {
            last = event;
        }
        assert_int_equal(last.type, EVENT_NO_ACTION);
        assert_memory_equal(last.data, "skyscope 1 measuring-failed it answers with code 0x101", 54);
    }
}

static void a_dead_tpm(void **state)
{
    (void)state;
    measured_boot_start(&boot, &tpm, log_bytes, CAPACITY);
    fake.fault = FAULT_NO_ANSWER;
    uint64_t before = fake.time_us;
    measured_boot_command_line(&boot, "");
    measured_boot_manifest(&boot, &manifest, manifest.images[0].hash);
    measured_boot_end(&boot, &verification);
    assert_int_equal(verification.measurement, HARDWARE_MEASUREMENT_FAILED);
    assert_true(fake.time_us - before <= (uint64_t)TPM_TIMEOUT_COMMAND_US + TPM_POLL_US);
    check_log();
}

static void a_tpm_that_cannot_hash(void **state)
{
    (void)state;
    fake.wrong_digests = true;
    measure(CAPACITY);
    assert_int_equal(verification.measurement, HARDWARE_MEASUREMENT_FAILED);
    assert_non_null(strstr(boot.problem, "wrong digests"));
}

static void a_full_log(void **state)
{
    (void)state;
    manifest.image_count = 60;
    for (uint32_t i = 0; i < 60; i++) {
        manifest.images[i] = manifest.images[0];
    }
    for (uint32_t capacity = 2 * MEASURED_BOOT_MIN_LOG; capacity < CAPACITY; capacity += 97) {
        assert_true(tpm_open(&tpm, &fake.access, fake_tpm_hardware(&fake)));
        fake_tpm_reset(&fake);
        measure(capacity);
        assert_int_equal(verification.measurement, HARDWARE_MEASUREMENT_FAILED);
        assert_non_null(strstr(boot.problem, "full"));
        assert_true(verification.event_log_size <= capacity);
        check_log();
    }
}

static void extended_before(void **state)
{
    (void)state;
    fake.pcrs[2][12].bytes[47] = 1;
    measure(CAPACITY);
    assert_true(boot.extended_before);
    assert_int_equal(verification.measurement, HARDWARE_MEASUREMENT_COMPLETE);
}

static void all_banks_are_extended(void **state)
{
    (void)state;
    static const uint16_t algorithms[] = {4, 0xb, 0xc, 0xd, 0x12, 0x27, 0x28, 0x29};
    fake.bank_count = 0;
    for (uint32_t i = 0; i < 8; i++) {
        fake.banks[fake.bank_count].algorithm = algorithms[i];
        fake.banks[fake.bank_count++].selected = 0xffffff;
    }
    fake_tpm_reset(&fake);
    measure(CAPACITY);
    assert_int_equal(verification.measurement, HARDWARE_MEASUREMENT_COMPLETE);
    assert_int_equal(verification.pcr_value_count, 16);
    /* Even then a failure finds room. */
    set_up(NULL);
    fake.bank_count = 0;
    for (uint32_t i = 0; i < 8; i++) {
        fake.banks[fake.bank_count].algorithm = algorithms[i];
        fake.banks[fake.bank_count++].selected = 0xffffff;
    }
    fake_tpm_reset(&fake);
    manifest.image_count = 60;
    measure(2 * MEASURED_BOOT_MIN_LOG);
    assert_int_equal(verification.measurement, HARDWARE_MEASUREMENT_FAILED);
    assert_true(verification.event_log_size <= 2 * MEASURED_BOOT_MIN_LOG);
}

static void no_bank(void **state)
{
    (void)state;
    fake.bank_count = 1; /* SHA-1, not allocated */
    measure(CAPACITY);
    assert_int_equal(verification.measurement, HARDWARE_MEASUREMENT_NONE);
    assert_int_equal(verification.event_log_size, 0);
    assert_non_null(strstr(boot.problem, "none of its PCR banks"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_log_tells_everything, set_up),
        cmocka_unit_test_setup(other_contents_give_other_pcrs, set_up),
        cmocka_unit_test_setup(whichever_command_fails, set_up),
        cmocka_unit_test_setup(a_dead_tpm, set_up),
        cmocka_unit_test_setup(a_tpm_that_cannot_hash, set_up),
        cmocka_unit_test_setup(a_full_log, set_up),
        cmocka_unit_test_setup(extended_before, set_up),
        cmocka_unit_test_setup(all_banks_are_extended, set_up),
        cmocka_unit_test_setup(no_bank, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
