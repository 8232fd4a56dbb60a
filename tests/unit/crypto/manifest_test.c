/* SPDX-License-Identifier: BSD-2-Clause */
/* Manifest and signature block: canonical, and every rule's violation has a code of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/manifest.h>

#define FIRST_OFFSET      0x4000u
/* Offsets of fields, counted by hand from <crypto/manifest.h>. */
#define OFFSET_VERSION    8
#define OFFSET_KIND       10
#define OFFSET_SIZE       12
#define OFFSET_NAME       102
#define OFFSET_COUNT      107 /* behind "unit" */
#define OFFSET_IMAGE      109
/* Of an image with a name of six characters, from its start. */
#define IMAGE_ROLE        7
#define IMAGE_OFFSET      11
#define IMAGE_SIZE        19
#define IMAGE_HASH_LENGTH 27

static bool provoked[MANIFEST_ERROR_COUNT];

static void add_image(struct manifest *manifest, const char *name, uint32_t role, uint64_t offset, uint64_t size)
{
    struct manifest_image *image = &manifest->images[manifest->image_count++];
    *image = (struct manifest_image){.role = role, .offset = offset, .size = size};
    snprintf(image->name, sizeof(image->name), "%s", name);
    memset(image->hash, (int)manifest->image_count, sizeof(image->hash));
}

static void fill(struct manifest *manifest, uint32_t kind)
{
    memset(manifest, 0, sizeof(*manifest));
    manifest->kind = kind;
    manifest->rollback_index = 0x1122334455667788;
    manifest->creation_time = 1750000000;
    manifest->hash_algorithm = HASH_ALGORITHM_SHA512;
    manifest->lattice_algorithm = SIGNATURE_ML_DSA_65;
    manifest->hash_based_algorithm = SIGNATURE_SLH_DSA_SHA2_128S;
    memset(manifest->lattice_key_id, 0xa1, sizeof(manifest->lattice_key_id));
    memset(manifest->hash_based_key_id, 0xb2, sizeof(manifest->hash_based_key_id));
    strcpy(manifest->system_name, "unit");
}

/* In static memory, which the next call overwrites. */
static struct manifest *sample(void)
{
    static struct manifest manifest;
    fill(&manifest, MANIFEST_KIND_SYSTEM);
    add_image(&manifest, "kernel", MANIFEST_ROLE_KERNEL, FIRST_OFFSET, 5000);
    add_image(&manifest, "plan", MANIFEST_ROLE_PLAN, FIRST_OFFSET + 0x2000, 4096);
    add_image(&manifest, "linux/vmlinuz", MANIFEST_ROLE_GUEST, FIRST_OFFSET + 0x3000, 1);
    add_image(&manifest, "linux/initrd", MANIFEST_ROLE_GUEST, FIRST_OFFSET + 0x4000, 0x100001);
    manifest.images[3].flags = MANIFEST_IMAGE_UNSIGNED;
    memset(manifest.images[3].hash, 0, sizeof(manifest.images[3].hash));
    return &manifest;
}

static struct manifest *disk_sample(void)
{
    static struct manifest manifest;
    fill(&manifest, MANIFEST_KIND_DISK);
    add_image(&manifest, "tree", MANIFEST_ROLE_TREE, 0, 0x40000000);
    return &manifest;
}

/* A copy of exactly its size, so that the sanitizer sees every access beyond it. */
static enum manifest_error parse(const uint8_t *bytes, size_t size, uint64_t first_offset)
{
    static struct manifest parsed;
    struct manifest_problem problem;
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    bool good = manifest_parse(copy, size, first_offset, &parsed, &problem);
    free(copy);
    assert_int_equal(good, problem.error == MANIFEST_OK);
    assert_true(problem.offset <= size);
    provoked[problem.error] = true;
    return problem.error;
}

static size_t write_sample(const struct manifest *manifest, uint8_t bytes[MANIFEST_MAX_SIZE])
{
    size_t size = manifest_write(manifest, bytes, MANIFEST_MAX_SIZE);
    assert_int_equal(size, manifest_write_size(manifest));
    assert_true(size > 0);
    return size;
}

/* What the parser says of a manifest that was written with wrong values. */
static enum manifest_error parse_written(const struct manifest *manifest)
{
    static uint8_t bytes[MANIFEST_MAX_SIZE];
    return parse(bytes, write_sample(manifest, bytes), FIRST_OFFSET);
}

static void test_round_trip(void **state)
{
    static uint8_t bytes[MANIFEST_MAX_SIZE], again[MANIFEST_MAX_SIZE];
    static struct manifest parsed;
    struct manifest_problem problem;
    const struct manifest *const samples[] = {sample(), disk_sample()};
    (void)state;
    for (unsigned int i = 0; i < 2; i++) {
        size_t size = write_sample(samples[i], bytes);
        uint64_t first = samples[i]->images[0].offset;
        memset(&parsed, 0, sizeof(parsed));
        assert_true(manifest_parse(bytes, size, first, &parsed, &problem));
        assert_memory_equal(&parsed, samples[i], sizeof(parsed));
        assert_int_equal(manifest_write(&parsed, again, sizeof(again)), size);
        assert_memory_equal(again, bytes, size);
        /* At an odd address, too. */
        memmove(again + 1, bytes, size);
        assert_true(manifest_parse(again + 1, size, first, &parsed, &problem));
    }
}

static void test_layout(void **state)
{
    static uint8_t bytes[MANIFEST_MAX_SIZE];
    static const uint8_t start[] = {'S', 'K', 'Y', 'M', 'A', 'N', 'I', 'F', 1, 0, 1, 0};
    static const uint8_t name_and_count[] = {4, 'u', 'n', 'i', 't', 4, 0, 6, 'k', 'e', 'r', 'n', 'e', 'l', 1, 0, 0, 0};
    (void)state;
    size_t size = write_sample(sample(), bytes);
    assert_memory_equal(bytes, start, sizeof(start));
    assert_int_equal(bytes[OFFSET_SIZE] | bytes[OFFSET_SIZE + 1] << 8, size);
    assert_memory_equal(bytes + OFFSET_NAME, name_and_count, sizeof(name_and_count));
    assert_int_equal(bytes[OFFSET_IMAGE + IMAGE_HASH_LENGTH], 64);
}

/* No capacity is overrun, and too small a one is told. */
static void test_write_capacity(void **state)
{
    const struct manifest *manifest = sample();
    size_t size = manifest_write_size(manifest);
    (void)state;
    for (size_t capacity = 0; capacity <= size; capacity++) {
        uint8_t *bytes = malloc(capacity == 0 ? 1 : capacity);
        assert_non_null(bytes);
        assert_int_equal(manifest_write(manifest, bytes, capacity), capacity < size ? 0 : size);
        free(bytes);
    }
}

static void test_write_refuses_what_has_no_form(void **state)
{
    static uint8_t bytes[MANIFEST_MAX_SIZE];
    struct manifest *manifest = sample();
    (void)state;
    manifest->image_count = MANIFEST_MAX_IMAGES + 1;
    assert_int_equal(manifest_write(manifest, bytes, sizeof(bytes)), 0);
    manifest = sample();
    manifest->kind = 0x10001;
    assert_int_equal(manifest_write(manifest, bytes, sizeof(bytes)), 0);
    manifest = sample();
    memset(manifest->system_name, 'a', sizeof(manifest->system_name)); /* no end */
    assert_int_equal(manifest_write(manifest, bytes, sizeof(bytes)), 0);
}

static void put_size(uint8_t *bytes, size_t size)
{
    for (int i = 0; i < 4; i++) {
        bytes[OFFSET_SIZE + i] = (uint8_t)(size >> (8 * i));
    }
}

/* At every byte: with the size field as it was, and with one that fits. */
static void test_truncated(void **state)
{
    static uint8_t bytes[MANIFEST_MAX_SIZE];
    (void)state;
    size_t whole = write_sample(sample(), bytes);
    for (size_t size = 0; size < whole; size++) {
        put_size(bytes, whole);
        assert_int_equal(parse(bytes, size, FIRST_OFFSET), size < 16 ? MANIFEST_TRUNCATED : MANIFEST_WRONG_SIZE);
        put_size(bytes, size);
        assert_int_equal(parse(bytes, size, FIRST_OFFSET), MANIFEST_TRUNCATED);
    }
}

static void test_fixed_part(void **state)
{
    static uint8_t bytes[MANIFEST_MAX_SIZE + 1];
    (void)state;
    size_t size = write_sample(sample(), bytes);
#define EXPECT_WITH(at, value, expected)                                                                               \
    do {                                                                                                               \
        uint8_t before = bytes[at];                                                                                    \
        bytes[at] = (value);                                                                                           \
        assert_int_equal(parse(bytes, size, FIRST_OFFSET), expected);                                                  \
        bytes[at] = before;                                                                                            \
    } while (0)
    for (unsigned int i = 0; i < 8; i++) {
        EXPECT_WITH(i, 'x', MANIFEST_WRONG_MAGIC);
    }
    EXPECT_WITH(OFFSET_VERSION, 0, MANIFEST_WRONG_VERSION);
    EXPECT_WITH(OFFSET_VERSION, 2, MANIFEST_WRONG_VERSION);
    EXPECT_WITH(OFFSET_VERSION + 1, 1, MANIFEST_WRONG_VERSION);
    EXPECT_WITH(OFFSET_KIND, 0, MANIFEST_WRONG_KIND);
    EXPECT_WITH(OFFSET_KIND, 3, MANIFEST_WRONG_KIND);
    EXPECT_WITH(OFFSET_SIZE, (uint8_t)(bytes[OFFSET_SIZE] + 1), MANIFEST_WRONG_SIZE);
    EXPECT_WITH(OFFSET_SIZE + 2, 2, MANIFEST_TOO_LARGE);
    EXPECT_WITH(OFFSET_IMAGE + IMAGE_HASH_LENGTH, 0, MANIFEST_WRONG_HASH_LENGTH);
    EXPECT_WITH(OFFSET_IMAGE + IMAGE_HASH_LENGTH, 63, MANIFEST_WRONG_HASH_LENGTH);
    EXPECT_WITH(OFFSET_IMAGE + IMAGE_HASH_LENGTH, 65, MANIFEST_WRONG_HASH_LENGTH);
    EXPECT_WITH(OFFSET_IMAGE + IMAGE_OFFSET, 8, MANIFEST_MISALIGNED_IMAGE);
    EXPECT_WITH(OFFSET_IMAGE + IMAGE_SIZE + 7, 0xff, MANIFEST_OVERLAPPING_IMAGE); /* the plan comes too early */
    EXPECT_WITH(OFFSET_IMAGE + IMAGE_ROLE + 1, 1, MANIFEST_UNKNOWN_ROLE);
    EXPECT_WITH(OFFSET_NAME, 0, MANIFEST_BAD_SYSTEM_NAME);
    EXPECT_WITH(OFFSET_NAME, 64, MANIFEST_BAD_SYSTEM_NAME);
    EXPECT_WITH(OFFSET_NAME + 1, '\n', MANIFEST_BAD_SYSTEM_NAME);
    EXPECT_WITH(OFFSET_NAME + 1, 0x7f, MANIFEST_BAD_SYSTEM_NAME);
    EXPECT_WITH(OFFSET_COUNT, 0, MANIFEST_NO_IMAGES);
    EXPECT_WITH(OFFSET_COUNT, 3, MANIFEST_TRAILING_BYTES);
    EXPECT_WITH(OFFSET_COUNT, 5, MANIFEST_TRUNCATED);
    EXPECT_WITH(OFFSET_COUNT + 1, 1, MANIFEST_TOO_MANY_IMAGES); /* 260 */
    EXPECT_WITH(OFFSET_IMAGE, 0, MANIFEST_BAD_IMAGE_NAME);
    EXPECT_WITH(OFFSET_IMAGE, 64, MANIFEST_BAD_IMAGE_NAME);
    EXPECT_WITH(OFFSET_IMAGE + 2, 0, MANIFEST_BAD_IMAGE_NAME);
#undef EXPECT_WITH
    put_size(bytes, size + 1);
    assert_int_equal(parse(bytes, size + 1, FIRST_OFFSET), MANIFEST_TRAILING_BYTES);
}

static void test_values(void **state)
{
    struct manifest *manifest;
    (void)state;
#define EXPECT_WITH(field, value, expected)                                                                            \
    do {                                                                                                               \
        manifest = sample();                                                                                           \
        manifest->field = (value);                                                                                     \
        assert_int_equal(parse_written(manifest), expected);                                                           \
    } while (0)
    EXPECT_WITH(rollback_index, 0, MANIFEST_OK);
    EXPECT_WITH(hash_algorithm, 0, MANIFEST_UNKNOWN_HASH);
    EXPECT_WITH(hash_algorithm, HASH_ALGORITHM_SHA512_TREE, MANIFEST_OK);
    EXPECT_WITH(hash_algorithm, 3, MANIFEST_UNKNOWN_HASH);
    EXPECT_WITH(lattice_algorithm, 0, MANIFEST_UNKNOWN_SIGNATURE_ALGORITHM);
    EXPECT_WITH(lattice_algorithm, 0x0101, MANIFEST_UNKNOWN_SIGNATURE_ALGORITHM);
    EXPECT_WITH(lattice_algorithm, SIGNATURE_SLH_DSA_SHA2_128S, MANIFEST_WRONG_FAMILY);
    EXPECT_WITH(hash_based_algorithm, 0xffff, MANIFEST_UNKNOWN_SIGNATURE_ALGORITHM);
    EXPECT_WITH(hash_based_algorithm, SIGNATURE_ML_DSA_87, MANIFEST_WRONG_FAMILY);
    EXPECT_WITH(system_name[0], '\0', MANIFEST_BAD_SYSTEM_NAME);
    EXPECT_WITH(images[2].name[0], '\0', MANIFEST_BAD_IMAGE_NAME);
    EXPECT_WITH(images[2].name[1], '\x80', MANIFEST_BAD_IMAGE_NAME);
    EXPECT_WITH(images[0].role, 0, MANIFEST_UNKNOWN_ROLE);
    EXPECT_WITH(images[0].role, 9, MANIFEST_UNKNOWN_ROLE);
    EXPECT_WITH(images[2].role, MANIFEST_ROLE_FOREIGN_KERNEL, MANIFEST_ROLE_NOT_ALLOWED);
    EXPECT_WITH(images[2].role, MANIFEST_ROLE_MODULE, MANIFEST_ROLE_NOT_ALLOWED);
    EXPECT_WITH(images[2].role, MANIFEST_ROLE_TREE, MANIFEST_ROLE_NOT_ALLOWED);
    EXPECT_WITH(images[0].role, MANIFEST_ROLE_DATA, MANIFEST_MISSING_ROLE);
    EXPECT_WITH(images[1].role, MANIFEST_ROLE_PROGRAM, MANIFEST_MISSING_ROLE);
    EXPECT_WITH(images[2].role, MANIFEST_ROLE_KERNEL, MANIFEST_DUPLICATE_ROLE);
    EXPECT_WITH(images[2].role, MANIFEST_ROLE_PLAN, MANIFEST_DUPLICATE_ROLE);
    EXPECT_WITH(images[2].flags, 2, MANIFEST_UNKNOWN_FLAGS);
    EXPECT_WITH(images[2].flags, 0x8001, MANIFEST_UNKNOWN_FLAGS);
    EXPECT_WITH(images[0].flags, MANIFEST_IMAGE_UNSIGNED, MANIFEST_UNSIGNED_NOT_ALLOWED);
    EXPECT_WITH(images[3].role, MANIFEST_ROLE_PROGRAM, MANIFEST_UNSIGNED_NOT_ALLOWED);
    EXPECT_WITH(images[3].role, MANIFEST_ROLE_DATA, MANIFEST_UNSIGNED_NOT_ALLOWED);
    EXPECT_WITH(images[0].offset, 0, MANIFEST_OVERLAPPING_IMAGE);
    EXPECT_WITH(images[0].offset, FIRST_OFFSET - 4096, MANIFEST_OVERLAPPING_IMAGE);
    EXPECT_WITH(images[0].offset, FIRST_OFFSET + 4096, MANIFEST_GAP_BEFORE_IMAGE);
    EXPECT_WITH(images[2].offset, FIRST_OFFSET, MANIFEST_OVERLAPPING_IMAGE);
    EXPECT_WITH(images[2].offset, FIRST_OFFSET + 0x3800, MANIFEST_MISALIGNED_IMAGE);
    EXPECT_WITH(images[2].offset, UINT64_MAX & ~4095ull, MANIFEST_GAP_BEFORE_IMAGE);
    EXPECT_WITH(images[2].size, 0, MANIFEST_EMPTY_IMAGE);
    EXPECT_WITH(images[2].size, 4097, MANIFEST_OVERLAPPING_IMAGE);
    EXPECT_WITH(images[3].size, UINT64_MAX, MANIFEST_IMAGE_TOO_LARGE);
    EXPECT_WITH(images[3].size, UINT64_MAX - FIRST_OFFSET - 0x4000, MANIFEST_IMAGE_TOO_LARGE);
    EXPECT_WITH(images[3].size, UINT64_MAX - FIRST_OFFSET - 0x4000 - 4095, MANIFEST_OK);
#undef EXPECT_WITH
    manifest = sample();
    strcpy(manifest->images[3].name, "plan");
    assert_int_equal(parse_written(manifest), MANIFEST_DUPLICATE_IMAGE);

    /* A system for another kernel has no kernel, plan or program of ours. */
    static const struct {
        uint32_t roles[3];
        enum manifest_error expected;
    } systems[] = {
        {{MANIFEST_ROLE_FOREIGN_KERNEL, MANIFEST_ROLE_MODULE, MANIFEST_ROLE_MODULE}, MANIFEST_OK},
        {{MANIFEST_ROLE_MODULE, MANIFEST_ROLE_FOREIGN_KERNEL, MANIFEST_ROLE_DATA}, MANIFEST_OK},
        {{MANIFEST_ROLE_FOREIGN_KERNEL, MANIFEST_ROLE_DATA, MANIFEST_ROLE_GUEST}, MANIFEST_OK},
        {{MANIFEST_ROLE_FOREIGN_KERNEL, MANIFEST_ROLE_PLAN, MANIFEST_ROLE_DATA}, MANIFEST_ROLE_NOT_ALLOWED},
        {{MANIFEST_ROLE_KERNEL, MANIFEST_ROLE_FOREIGN_KERNEL, MANIFEST_ROLE_DATA}, MANIFEST_ROLE_NOT_ALLOWED},
        {{MANIFEST_ROLE_FOREIGN_KERNEL, MANIFEST_ROLE_DATA, MANIFEST_ROLE_PROGRAM}, MANIFEST_ROLE_NOT_ALLOWED},
        {{MANIFEST_ROLE_FOREIGN_KERNEL, MANIFEST_ROLE_FOREIGN_KERNEL, MANIFEST_ROLE_DATA}, MANIFEST_DUPLICATE_ROLE},
        {{MANIFEST_ROLE_MODULE, MANIFEST_ROLE_DATA, MANIFEST_ROLE_GUEST}, MANIFEST_MISSING_ROLE},
        {{MANIFEST_ROLE_KERNEL, MANIFEST_ROLE_PLAN, MANIFEST_ROLE_MODULE}, MANIFEST_ROLE_NOT_ALLOWED},
    };
    for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
        manifest = sample();
        for (size_t j = 0; j < 3; j++) {
            manifest->images[j].role = systems[i].roles[j];
        }
        assert_int_equal(parse_written(manifest), systems[i].expected);
    }

    /* Kinds do not mix. */
    static uint8_t bytes[MANIFEST_MAX_SIZE];
    manifest = disk_sample();
    manifest->images[0].role = MANIFEST_ROLE_DATA;
    assert_int_equal(parse(bytes, write_sample(manifest, bytes), 0), MANIFEST_ROLE_NOT_ALLOWED);
    manifest = disk_sample();
    add_image(manifest, "tree 2", MANIFEST_ROLE_TREE, 0x40000000, 4096);
    assert_int_equal(parse(bytes, write_sample(manifest, bytes), 0), MANIFEST_DUPLICATE_ROLE);
}

/* As many images as there can be, with the longest names. */
static void test_largest(void **state)
{
    static struct manifest manifest;
    char name[MANIFEST_MAX_NAME + 1];
    (void)state;
    fill(&manifest, MANIFEST_KIND_SYSTEM);
    for (uint32_t i = 0; i < MANIFEST_MAX_IMAGES; i++) {
        snprintf(name, sizeof(name), "%063u", i);
        add_image(&manifest, name,
                  i == 0   ? MANIFEST_ROLE_KERNEL
                  : i == 1 ? MANIFEST_ROLE_PLAN
                           : MANIFEST_ROLE_DATA,
                  FIRST_OFFSET + 4096ull * i, 4096);
    }
    assert_int_equal(parse_written(&manifest), MANIFEST_OK);
    assert_true(manifest_write_size(&manifest) <= MANIFEST_MAX_SIZE);
}

/* --- Signature block --- */

#define LATTICE_SIZE    3309u
#define HASH_BASED_SIZE 7856u
#define BLOCK_SIZE      (14u + 38 + LATTICE_SIZE + 38 + HASH_BASED_SIZE)
#define SECOND_ENTRY    (14u + 38 + LATTICE_SIZE)

static const uint8_t lattice[LATTICE_SIZE] = {0x11}, hash_based[HASH_BASED_SIZE] = {0x22};

static enum manifest_error parse_block(const uint8_t *bytes, size_t size)
{
    struct manifest_signatures signatures;
    struct manifest_problem problem;
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    bool good = manifest_signatures_parse(copy, size, sample(), &signatures, &problem);
    free(copy);
    assert_int_equal(good, problem.error == MANIFEST_OK);
    assert_true(problem.offset <= size);
    provoked[problem.error] = true;
    return problem.error;
}

static void write_block(uint8_t bytes[BLOCK_SIZE + 1])
{
    assert_int_equal(manifest_signatures_size(SIGNATURE_ML_DSA_65, SIGNATURE_SLH_DSA_SHA2_128S), BLOCK_SIZE);
    assert_int_equal(manifest_signatures_write(sample(), lattice, hash_based, bytes, BLOCK_SIZE - 1), 0);
    assert_int_equal(manifest_signatures_write(sample(), lattice, hash_based, bytes, BLOCK_SIZE), BLOCK_SIZE);
}

static void put_block_size(uint8_t *bytes, size_t size)
{
    for (int i = 0; i < 4; i++) {
        bytes[8 + i] = (uint8_t)(size >> (8 * i));
    }
}

static void test_block(void **state)
{
    static uint8_t bytes[BLOCK_SIZE + 1];
    struct manifest_signatures signatures;
    struct manifest_problem problem;
    (void)state;
    write_block(bytes);
    assert_true(manifest_signatures_parse(bytes, BLOCK_SIZE, sample(), &signatures, &problem));
    assert_ptr_equal(signatures.lattice, bytes + 14 + 38);
    assert_int_equal(signatures.lattice_size, LATTICE_SIZE);
    assert_ptr_equal(signatures.hash_based, bytes + SECOND_ENTRY + 38);
    assert_int_equal(signatures.hash_based_size, HASH_BASED_SIZE);
    assert_memory_equal(signatures.hash_based, hash_based, HASH_BASED_SIZE);
    assert_int_equal(manifest_signatures_size(SIGNATURE_ML_DSA_65, 0), 0);
    assert_int_equal(manifest_signatures_size(7, SIGNATURE_SLH_DSA_SHA2_128S), 0);
}

static void test_block_truncated(void **state)
{
    static uint8_t bytes[BLOCK_SIZE + 1];
    (void)state;
    write_block(bytes);
    for (size_t size = 0; size < BLOCK_SIZE; size++) {
        put_block_size(bytes, BLOCK_SIZE);
        assert_int_equal(parse_block(bytes, size),
                         size < 12 ? MANIFEST_SIGNATURES_TRUNCATED : MANIFEST_SIGNATURES_WRONG_SIZE);
        put_block_size(bytes, size);
        assert_int_equal(parse_block(bytes, size), MANIFEST_SIGNATURES_TRUNCATED);
    }
}

/* Every byte of it but those of the signatures has one right value. */
static void test_block_fields(void **state)
{
    static uint8_t bytes[BLOCK_SIZE + 1];
    (void)state;
    write_block(bytes);
    static const struct {
        size_t from, to;
        enum manifest_error error;
    } fields[] = {
        {0, 8, MANIFEST_SIGNATURES_WRONG_MAGIC},
        {8, 12, MANIFEST_SIGNATURES_WRONG_SIZE},
        {12, 14, MANIFEST_SIGNATURES_WRONG_COUNT},
        {14, 16, MANIFEST_SIGNATURE_WRONG_ALGORITHM},
        {16, 48, MANIFEST_SIGNATURE_WRONG_KEY_ID},
        {48, 52, MANIFEST_SIGNATURE_WRONG_LENGTH},
        {SECOND_ENTRY, SECOND_ENTRY + 2, MANIFEST_SIGNATURE_WRONG_ALGORITHM},
        {SECOND_ENTRY + 2, SECOND_ENTRY + 34, MANIFEST_SIGNATURE_WRONG_KEY_ID},
        {SECOND_ENTRY + 34, SECOND_ENTRY + 38, MANIFEST_SIGNATURE_WRONG_LENGTH},
    };
    for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        for (size_t at = fields[i].from; at < fields[i].to; at++) {
            bytes[at] ^= 0x04;
            assert_int_equal(parse_block(bytes, BLOCK_SIZE), fields[i].error);
            bytes[at] ^= 0x04;
        }
    }
    put_block_size(bytes, BLOCK_SIZE + 1);
    assert_int_equal(parse_block(bytes, BLOCK_SIZE + 1), MANIFEST_SIGNATURES_TRAILING_BYTES);
}

/* Runs last: nothing was left out above, and nobody has to guess what was meant. */
static void test_every_code_was_provoked(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < MANIFEST_KEY_REVOKED; i++) {
        if (!provoked[i]) {
            fail_msg("code %u (%s) was not provoked", i, manifest_error_text(i));
        }
    }
    for (unsigned int i = 0; i < MANIFEST_ERROR_COUNT; i++) {
        const char *text = manifest_error_text(i);
        assert_true(strlen(text) > 10);
        for (unsigned int j = 0; j < i; j++) {
            assert_string_not_equal(text, manifest_error_text(j));
        }
    }
    assert_string_equal(manifest_error_text(MANIFEST_ERROR_COUNT), "an unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_layout),
        cmocka_unit_test(test_write_capacity), cmocka_unit_test(test_write_refuses_what_has_no_form),
        cmocka_unit_test(test_truncated),      cmocka_unit_test(test_fixed_part),
        cmocka_unit_test(test_values),         cmocka_unit_test(test_largest),
        cmocka_unit_test(test_block),          cmocka_unit_test(test_block_truncated),
        cmocka_unit_test(test_block_fields),   cmocka_unit_test(test_every_code_was_provoked),
    };
    return cmocka_run_group_tests_name("crypto_manifest", tests, NULL, NULL);
}
