/* SPDX-License-Identifier: BSD-2-Clause */
/* Every rule of <skyscope/payload.h> is checked, and each failure says which. Who
 * vouches for a payload is in signed_payload_test.c. */
#include "support.h"

#include <loader/payload.h>

static const char kernel_data[5001] = "kernel";
static const char plan_data[300] = "plan";
static const char program_data[4000] = "program";
static const char initrd_data[4096] = "initrd";

static const struct test_image images[] = {
    {"kernel.elf", MANIFEST_ROLE_KERNEL, kernel_data, sizeof(kernel_data), 0},
    {"plan", MANIFEST_ROLE_PLAN, plan_data, sizeof(plan_data), 0},
    {"hello.elf", MANIFEST_ROLE_PROGRAM, program_data, sizeof(program_data), 0},
    {"guest/initrd", MANIFEST_ROLE_GUEST, initrd_data, sizeof(initrd_data), MANIFEST_IMAGE_UNSIGNED},
};
#define IMAGES 4u

struct sample {
    uint8_t *bytes;
    uint64_t size;
    struct manifest manifest;
};

static int set_up(void **state)
{
    static struct sample sample;
    describe_images(&sample.manifest, images, IMAGES, 0);
    sample.bytes = assemble_payload(&sample.manifest, images, 0, &sample.size);
    *state = &sample;
    return 0;
}

static int tear_down(void **state)
{
    struct sample *sample = *state;
    free(sample->bytes);
    return 0;
}

static int check(const uint8_t *bytes, uint64_t size, struct loader_error *error)
{
    static struct payload payload;
    return payload_read(bytes, size, &payload, error) && payload_check_images(&payload, error);
}

/* Checks an exact-size copy, so that reading beyond the end is noticed. */
static void expect_refused(const uint8_t *bytes, uint64_t size, const char *part)
{
    struct loader_error error = {""};
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    int result = check(copy, size, &error);
    free(copy);
    assert_int_equal(result, 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

static void test_accepts(void **state)
{
    const struct sample *sample = *state;
    static struct payload payload;
    struct loader_error error = {""};
    assert_int_equal(payload_read(sample->bytes, sample->size, &payload, &error), 1);
    assert_int_equal(payload_check_images(&payload, &error), 1);
    assert_int_equal(payload.manifest.image_count, IMAGES);
    assert_ptr_equal(payload.kernel, &payload.manifest.images[0]);
    assert_ptr_equal(payload.plan, &payload.manifest.images[1]);
    assert_memory_equal(payload.bytes + payload.manifest.images[2].offset, program_data, sizeof(program_data));
    assert_int_equal(payload.unsigned_images, 1);
    assert_null(payload.pair);
}

/* Cut short at every page and in odd places. */
static void test_truncated(void **state)
{
    const struct sample *sample = *state;
    for (uint64_t size = 0; size < sizeof(struct payload_header); size++) {
        expect_refused(sample->bytes, size, "too few");
    }
    for (uint64_t size = sizeof(struct payload_header); size < 1024; size++) {
        expect_refused(sample->bytes, size, "cut short");
    }
    for (uint64_t size = 4096; size < sample->size; size += 4096) {
        expect_refused(sample->bytes, size - 1, "cut short");
        expect_refused(sample->bytes, size, "cut short");
        expect_refused(sample->bytes, size + 1, "cut short");
    }
    uint8_t *longer = calloc(1, sample->size + 4096);
    assert_non_null(longer);
    memcpy(longer, sample->bytes, sample->size);
    expect_refused(longer, sample->size + 4096, "too long");
    /* A header that admits it: the manifest does not. */
    payload_header_of(longer)->total_size += 4096;
    expect_refused(longer, sample->size + 4096, "4096 bytes follow the last image");
    payload_header_of(longer)->total_size -= 8192;
    expect_refused(longer, sample->size - 4096, "\"guest/initrd\" reaches beyond the payload's end");
    free(longer);
}

static void test_image_damage_is_named(void **state)
{
    struct sample *sample = *state;
    for (uint32_t i = 0; i < IMAGES; i++) {
        const struct manifest_image *image = &sample->manifest.images[i];
        uint64_t places[] = {image->offset, image->offset + image->size / 2, image->offset + image->size - 1};
        for (unsigned int j = 0; j < 3; j++) {
            struct loader_error error = {""};
            sample->bytes[places[j]] ^= 0x80;
            if ((image->flags & MANIFEST_IMAGE_UNSIGNED) != 0) {
                assert_int_equal(check(sample->bytes, sample->size, &error), 1);
            } else {
                expect_refused(sample->bytes, sample->size, images[i].name);
                expect_refused(sample->bytes, sample->size, "SHA-512 hash is wrong");
            }
            sample->bytes[places[j]] ^= 0x80;
        }
    }
}

static void test_header_fields(void **state)
{
    struct sample *sample = *state;
    struct payload_header *header = payload_header_of(sample->bytes);
    const struct payload_header good = *header;
#define EXPECT_WITH(field, value, part)                                                                                \
    do {                                                                                                               \
        header->field = (value);                                                                                       \
        expect_refused(sample->bytes, sample->size, part);                                                             \
        *header = good;                                                                                                \
    } while (0)
    EXPECT_WITH(magic[0], 'X', "magic");
    EXPECT_WITH(version, 1, "version 1");
    EXPECT_WITH(version, 3, "version 3");
    EXPECT_WITH(reserved, 1, "reserved");
    EXPECT_WITH(manifest_size, 0, "manifest size");
    EXPECT_WITH(manifest_size, MANIFEST_MAX_SIZE + 1, "manifest size");
    EXPECT_WITH(manifest_size, 0xffffffffu, "manifest size");
    EXPECT_WITH(manifest_size, MANIFEST_MAX_SIZE, "total size");
    EXPECT_WITH(manifest_size, good.manifest_size - 1, "manifest: its size field");
    EXPECT_WITH(manifest_size, good.manifest_size + 1, "manifest: its size field");
    EXPECT_WITH(manifest_size, 8, "manifest: it ends within a field");
    EXPECT_WITH(signatures_size, 4096, "overlaps what is before it");
    EXPECT_WITH(signatures_size, MANIFEST_MAX_SIGNATURES + 1, "signature block size");
    EXPECT_WITH(signatures_size, 0xffffffffu, "signature block size");
    EXPECT_WITH(total_size, good.total_size + 1, "total size");
    EXPECT_WITH(total_size, 0, "total size");
    EXPECT_WITH(total_size, UINT64_MAX & ~4095ull, "cut short");
#undef EXPECT_WITH
}

/* Values in the manifest: which image and what, in words. */
static void test_manifest_fields(void **state)
{
    struct sample *sample = *state;
    const struct manifest good = sample->manifest;
#define EXPECT_WITH(field, value, part)                                                                                \
    do {                                                                                                               \
        sample->manifest.field = (value);                                                                              \
        size_t room = good.images[0].offset - sizeof(struct payload_header);                                           \
        assert_int_not_equal(manifest_write(&sample->manifest, sample->bytes + sizeof(struct payload_header), room),   \
                             0);                                                                                       \
        expect_refused(sample->bytes, sample->size, part);                                                             \
        sample->manifest = good;                                                                                       \
    } while (0)
    EXPECT_WITH(kind, MANIFEST_KIND_DISK, "image 0 \"kernel.elf\": the image has a role that this kind");
    EXPECT_WITH(hash_algorithm, 3, "manifest: it names an unknown hash algorithm");
    EXPECT_WITH(system_name[0], '\n', "manifest: the system's name");
    EXPECT_WITH(images[2].name[0], '\x01', "image 2 \"\": the image's name");
    EXPECT_WITH(images[2].role, 9, "image 2 \"hello.elf\": the image has an unknown role");
    EXPECT_WITH(images[2].role, MANIFEST_ROLE_KERNEL, "image 2 \"hello.elf\": an image before has the same role");
    EXPECT_WITH(images[0].role, MANIFEST_ROLE_DATA, "manifest: there is no kernel or no plan");
    EXPECT_WITH(images[1].role, MANIFEST_ROLE_DATA, "manifest: there is no kernel or no plan");
    sample->manifest.images[0].role = MANIFEST_ROLE_FOREIGN_KERNEL;
    sample->manifest.images[1].role = MANIFEST_ROLE_MODULE;
    EXPECT_WITH(images[2].role, MANIFEST_ROLE_PROGRAM, "the image has a role that this kind of manifest or of system");
    EXPECT_WITH(images[2].offset, 0, "image 2 \"hello.elf\": the image overlaps");
    EXPECT_WITH(images[3].offset, UINT64_MAX & ~4095ull, "image 3 \"guest/initrd\": the image leaves a gap");
    EXPECT_WITH(images[3].size, UINT64_MAX, "beyond all bounds");
    EXPECT_WITH(images[3].size, 4097, "\"guest/initrd\" reaches beyond the payload's end");
    EXPECT_WITH(images[3].size, UINT64_MAX / 2, "\"guest/initrd\" reaches beyond the payload's end");
#undef EXPECT_WITH
    /* A disk's manifest, itself right. */
    struct manifest_image tree = {.name = "tree", .role = MANIFEST_ROLE_TREE, .offset = 4096, .size = 4096};
    sample->manifest.kind = MANIFEST_KIND_DISK;
    sample->manifest.image_count = 1;
    sample->manifest.images[0] = tree;
    uint64_t size;
    uint8_t *disk = assemble_payload(&sample->manifest, &images[3], 0, &size);
    expect_refused(disk, size, "it is a disk's, not a system's");
    free(disk);
}

/* No byte outside of images has two right values. */
static void test_padding(void **state)
{
    struct sample *sample = *state;
    const struct manifest_image *kernel = &sample->manifest.images[0];
    const struct manifest_image *program = &sample->manifest.images[2];
    uint64_t end = program->offset + program->size;
    uint64_t places[] = {kernel->offset + kernel->size, kernel->offset + 8191, end, end + 95};
    for (unsigned int i = 0; i < 4; i++) {
        sample->bytes[places[i]] = 1;
        expect_refused(sample->bytes, sample->size, "padding after image");
        sample->bytes[places[i]] = 0;
    }
    uint64_t manifest_end = sizeof(struct payload_header) + payload_header_of(sample->bytes)->manifest_size;
    for (uint64_t at = manifest_end; at < kernel->offset; at++) {
        sample->bytes[at] = 0x10;
        expect_refused(sample->bytes, sample->size, "unused bytes before the first image");
        sample->bytes[at] = 0;
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accepts),       TEST(test_truncated),       TEST(test_image_damage_is_named),
        TEST(test_header_fields), TEST(test_manifest_fields), TEST(test_padding),
    };
    return cmocka_run_group_tests_name("loader_payload", tests, NULL, NULL);
}
