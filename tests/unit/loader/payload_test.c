/* SPDX-License-Identifier: BSD-2-Clause */
/* Every rule of <skyscope/payload.h> is checked, and each failure says which. */
#include "support.h"

#include <crypto/hash.h>
#include <loader/payload.h>

static const char kernel_data[5001] = "kernel";
static const char plan_data[300] = "plan";
static const char program_data[4000] = "program";

static const struct test_image images[] = {
    {"kernel.elf", PAYLOAD_ROLE_KERNEL, kernel_data, sizeof(kernel_data)},
    {"plan", PAYLOAD_ROLE_PLAN, plan_data, sizeof(plan_data)},
    {"hello.elf", PAYLOAD_ROLE_PROGRAM, program_data, sizeof(program_data)},
};

struct sample {
    uint8_t *bytes;
    uint64_t size;
};

static int set_up(void **state)
{
    static struct sample sample;
    sample.bytes = make_payload(images, 3, &sample.size);
    *state = &sample;
    return 0;
}

static int tear_down(void **state)
{
    struct sample *sample = *state;
    free(sample->bytes);
    return 0;
}

/* Checks an exact-size copy, so that reading beyond the end is noticed. */
static void expect_refused(const uint8_t *bytes, uint64_t size, const char *part)
{
    struct payload payload;
    struct loader_error error = {""};
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    int result = payload_check(copy, size, &payload, &error);
    free(copy);
    assert_int_equal(result, 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

static void test_accepts(void **state)
{
    const struct sample *sample = *state;
    struct payload payload;
    struct loader_error error = {""};
    assert_int_equal(payload_check(sample->bytes, sample->size, &payload, &error), 1);
    assert_int_equal(payload.header->image_count, 3);
    assert_ptr_equal(payload.kernel, &payload.images[0]);
    assert_ptr_equal(payload.plan, &payload.images[1]);
    assert_memory_equal(payload.bytes + payload.images[2].offset, program_data, sizeof(program_data));
}

/* No single changed bit of the whole file goes unnoticed. */
static void test_every_bit_counts(void **state)
{
    struct sample *sample = *state;
    for (uint64_t byte = 0; byte < sample->size; byte += byte < 1024 ? 1 : 61) {
        struct payload payload;
        struct loader_error error = {""};
        uint8_t bit = (uint8_t)(1u << (byte % 8));
        sample->bytes[byte] ^= bit;
        if (payload_check(sample->bytes, sample->size, &payload, &error) != 0) {
            fail_msg("a changed bit in byte %llu is not noticed", (unsigned long long)byte);
        }
        assert_int_not_equal(error.text[0], '\0');
        sample->bytes[byte] ^= bit;
    }
}

/* Cut short at every page and in odd places. */
static void test_truncated(void **state)
{
    const struct sample *sample = *state;
    expect_refused(sample->bytes, 0, "too few");
    expect_refused(sample->bytes, 191, "too few");
    expect_refused(sample->bytes, 192, "cut short");
    for (uint64_t size = 4096; size < sample->size; size += 4096) {
        expect_refused(sample->bytes, size, "cut short");
        expect_refused(sample->bytes, size + 1, "cut short");
    }
    uint8_t *longer = calloc(1, sample->size + 4096);
    assert_non_null(longer);
    memcpy(longer, sample->bytes, sample->size);
    expect_refused(longer, sample->size + 4096, "too long");
    free(longer);
}

static void test_image_damage_is_named(void **state)
{
    struct sample *sample = *state;
    for (uint32_t i = 0; i < 3; i++) {
        const struct payload_image *image = payload_image_of(sample->bytes, i);
        uint64_t last = image->offset + image->size - 1;
        sample->bytes[last] ^= 0x80;
        expect_refused(sample->bytes, sample->size, images[i].name);
        expect_refused(sample->bytes, sample->size, "SHA-512 hash is wrong");
        sample->bytes[last] ^= 0x80;
    }
}

static void test_header_hash(void **state)
{
    struct sample *sample = *state;
    payload_header_of(sample->bytes)->rollback_index++;
    expect_refused(sample->bytes, sample->size, "header's hash");
}

/* Header fields, wrong but with a right hash: the hash is no authority. */
static void test_header_fields(void **state)
{
    struct sample *sample = *state;
    struct payload_header *header = payload_header_of(sample->bytes);
    const struct payload_header good = *header;
#define EXPECT_WITH(field, value, part)                                                                                \
    do {                                                                                                               \
        header->field = (value);                                                                                       \
        if (header->header_size == good.header_size) {                                                                 \
            seal_payload(sample->bytes);                                                                               \
        }                                                                                                              \
        expect_refused(sample->bytes, sample->size, part);                                                             \
        *header = good;                                                                                                \
    } while (0)
    EXPECT_WITH(magic[0], 'X', "magic");
    EXPECT_WITH(version, 2, "version 2");
    EXPECT_WITH(version, 0, "version 0");
    EXPECT_WITH(header_size, 0, "header size");
    EXPECT_WITH(header_size, 100, "header size");
    EXPECT_WITH(header_size, 0x200000, "header size");
    EXPECT_WITH(header_size, 0xfffff000u, "header size");
    EXPECT_WITH(total_size, good.total_size + 1, "total size");
    EXPECT_WITH(total_size, 0, "total size");
    EXPECT_WITH(total_size, UINT64_MAX & ~4095ull, "cut short");
    EXPECT_WITH(hash_algorithm, 0, "hash algorithm");
    EXPECT_WITH(hash_algorithm, 2, "hash algorithm");
    EXPECT_WITH(image_count, 0, "number of images");
    EXPECT_WITH(image_count, 257, "number of images");
    EXPECT_WITH(image_count, 0xffffffffu, "number of images");
    EXPECT_WITH(image_count, 200, "image table");
    EXPECT_WITH(image_count, 2, "unused bytes");
    EXPECT_WITH(image_count, 4, "no valid name");
    EXPECT_WITH(image_table_offset, 0, "image table");
    EXPECT_WITH(image_table_offset, 191, "image table");
    EXPECT_WITH(image_table_offset, 193, "image table");
    EXPECT_WITH(image_table_offset, 4096, "image table");
    EXPECT_WITH(image_table_offset, 0xfffffff8u, "image table");
    EXPECT_WITH(signature_offset, 4000, "signature");
    EXPECT_WITH(signature_size, 1, "signature");
    EXPECT_WITH(reserved, 1, "reserved");
    EXPECT_WITH(system_name[0], '\0', "name");
    EXPECT_WITH(system_name[3], '\n', "name");
#undef EXPECT_WITH
    memset(header->system_name, 'a', sizeof(header->system_name));
    seal_payload(sample->bytes);
    expect_refused(sample->bytes, sample->size, "name");
    *header = good;
    sample->bytes[good.header_size - 1] = 1;
    seal_payload(sample->bytes);
    expect_refused(sample->bytes, sample->size, "unused bytes of the header");
}

static void test_image_fields(void **state)
{
    struct sample *sample = *state;
    struct payload_image *image = payload_image_of(sample->bytes, 2);
    const struct payload_image good = *image;
#define EXPECT_WITH(field, value, part)                                                                                \
    do {                                                                                                               \
        image->field = (value);                                                                                        \
        seal_payload(sample->bytes);                                                                                   \
        expect_refused(sample->bytes, sample->size, part);                                                             \
        *image = good;                                                                                                 \
    } while (0)
    EXPECT_WITH(role, 0, "unknown role");
    EXPECT_WITH(role, 5, "unknown role");
    EXPECT_WITH(role, PAYLOAD_ROLE_KERNEL, "two kernel images: \"kernel.elf\" and \"hello.elf\"");
    EXPECT_WITH(role, PAYLOAD_ROLE_PLAN, "two plan images");
    EXPECT_WITH(reserved, 1, "reserved");
    EXPECT_WITH(offset, good.offset + 8, "multiple");
    EXPECT_WITH(offset, 0, "overlaps the header");
    EXPECT_WITH(offset, sample->size, "beyond");
    EXPECT_WITH(offset, UINT64_MAX & ~4095ull, "beyond");
    EXPECT_WITH(offset, good.offset - 4096, "overlaps image");
    EXPECT_WITH(size, 0, "empty");
    EXPECT_WITH(size, UINT64_MAX, "beyond");
    EXPECT_WITH(size, 4097, "beyond");
    EXPECT_WITH(name[0], '\0', "no valid name");
    EXPECT_WITH(name[2], '\x07', "no valid name");
#undef EXPECT_WITH
    snprintf(image->name, sizeof(image->name), "plan");
    seal_payload(sample->bytes);
    expect_refused(sample->bytes, sample->size, "both named \"plan\"");
    *image = good;
    memset(image->name, 'n', sizeof(image->name));
    seal_payload(sample->bytes);
    expect_refused(sample->bytes, sample->size, "no valid name");
}

static void test_missing_roles(void **state)
{
    struct sample *sample = *state;
    payload_image_of(sample->bytes, 0)->role = PAYLOAD_ROLE_DATA;
    seal_payload(sample->bytes);
    expect_refused(sample->bytes, sample->size, "no kernel");
    payload_image_of(sample->bytes, 0)->role = PAYLOAD_ROLE_KERNEL;
    payload_image_of(sample->bytes, 1)->role = PAYLOAD_ROLE_DATA;
    seal_payload(sample->bytes);
    expect_refused(sample->bytes, sample->size, "no plan");
}

/* An image may not shrink and leave something behind it. */
static void test_padding(void **state)
{
    struct sample *sample = *state;
    const struct payload_image *kernel = payload_image_of(sample->bytes, 0);
    uint64_t places[] = {kernel->offset + kernel->size, kernel->offset + 8191, sample->size - 1};
    for (unsigned int i = 0; i < 3; i++) {
        sample->bytes[places[i]] = 1;
        expect_refused(sample->bytes, sample->size, "padding after image");
        sample->bytes[places[i]] = 0;
    }
}

/* The order of the table is free; the layout is checked all the same. */
static void test_table_order(void **state)
{
    struct sample *sample = *state;
    struct payload_image *first = payload_image_of(sample->bytes, 0);
    struct payload_image *last = payload_image_of(sample->bytes, 2);
    struct payload_image swap = *first;
    *first = *last;
    *last = swap;
    seal_payload(sample->bytes);
    struct payload payload;
    struct loader_error error = {""};
    assert_int_equal(payload_check(sample->bytes, sample->size, &payload, &error), 1);
    assert_ptr_equal(payload.kernel, &payload.images[2]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accepts),     TEST(test_every_bit_counts), TEST(test_truncated),    TEST(test_image_damage_is_named),
        TEST(test_header_hash), TEST(test_header_fields),    TEST(test_image_fields), TEST(test_missing_roles),
        TEST(test_padding),     TEST(test_table_order),
    };
    return cmocka_run_group_tests_name("loader_payload", tests, NULL, NULL);
}
