/* SPDX-License-Identifier: BSD-2-Clause */
/* Images as they are, packed, damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lz4.h>

#include <vmm/packed_image.h>

#define SIZE  20000u
#define START 64u

struct context {
    uint8_t *original;
    uint8_t *packed; /* of exactly that size, so that one byte too far is found */
    struct vm_image image;
};

/* Some of it repeats and some does not, as code does. */
static int set_up(void **state)
{
    struct context *c = calloc(1, sizeof(*c));
    uint32_t random = 1;
    c->original = malloc(SIZE);
    for (uint32_t i = 0; i < SIZE; i++) {
        random = random * 1103515245u + 12345u;
        c->original[i] = i % 64 < 16 ? (uint8_t)(random >> 16) : (uint8_t)(i % 64);
    }
    int capacity = LZ4_compressBound(SIZE);
    char *to = malloc((size_t)capacity);
    int size = LZ4_compress_default((const char *)c->original, to, SIZE, capacity);
    assert_in_range(size, 1, SIZE / 2);
    c->packed = malloc((size_t)size);
    memcpy(c->packed, to, (size_t)size);
    free(to);
    c->image = (struct vm_image){.address = (uintptr_t)c->packed, .size = (uint64_t)size, .unpacked_size = SIZE};
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    struct context *c = *state;
    free(c->original);
    free(c->packed);
    free(c);
    return 0;
}

/* Into memory of exactly the size that the configuration says. */
static bool read_all(const struct vm_image *image, const uint8_t *expected)
{
    uint8_t *to = malloc(image_size(image));
    bool good = image_read(image, to);
    if (good && expected != NULL) {
        assert_memory_equal(to, expected, image_size(image));
    }
    free(to);
    return good;
}

static bool read_start(const struct vm_image *image, uint32_t size, const uint8_t *expected)
{
    uint8_t *to = malloc(size + 1u);
    bool good = image_read_start(image, to, size);
    if (good) {
        assert_memory_equal(to, expected, size);
    }
    free(to);
    return good;
}

static void as_it_is(void **state)
{
    struct context *c = *state;
    struct vm_image image = {.address = (uintptr_t)c->original, .size = SIZE};
    assert_int_equal(image_size(&image), SIZE);
    assert_true(read_all(&image, c->original));
    assert_true(read_start(&image, START, c->original));
    assert_true(read_start(&image, SIZE, c->original));
    assert_false(read_start(&image, SIZE + 1, c->original));
}

static void packed(void **state)
{
    struct context *c = *state;
    assert_int_equal(image_size(&c->image), SIZE);
    assert_true(read_all(&c->image, c->original));
    for (uint32_t size = 1; size <= 200; size++) {
        assert_true(read_start(&c->image, size, c->original));
    }
    assert_true(read_start(&c->image, SIZE, c->original));
    assert_false(read_start(&c->image, SIZE + 1, c->original));
}

static void other_sizes_than_it_has(void **state)
{
    struct context *c = *state;
    static const uint64_t sizes[] = {1, SIZE - 1, SIZE + 1, 2 * SIZE};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        c->image.unpacked_size = sizes[i];
        assert_false(read_all(&c->image, NULL));
    }
}

static void every_truncation(void **state)
{
    struct context *c = *state;
    for (uint64_t size = 0; size < c->image.size; size += size < 300 ? 1 : 97) {
        uint8_t *copy = malloc(size + (size == 0));
        memcpy(copy, c->packed, size);
        struct vm_image image = {.address = (uintptr_t)copy, .size = size, .unpacked_size = SIZE};
        assert_false(read_all(&image, NULL));
        if (size < START / 4) {
            assert_false(read_start(&image, START, c->original));
        }
        free(copy);
    }
}

/* Sizes that LZ4's integers do not hold are refused before anything is read or written. */
static void impossible_sizes(void **state)
{
    struct context *c = *state;
    uint8_t byte;
    static const uint64_t sizes[] = {LZ4_MAX_INPUT_SIZE + 1ull, 1ull << 31, 1ull << 32, (1ull << 32) + SIZE,
                                     UINT64_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct vm_image large = c->image, long_one = c->image;
        large.unpacked_size = sizes[i];
        long_one.size = sizes[i];
        assert_false(image_read(&large, &byte));
        assert_false(image_read_start(&large, &byte, 1));
        assert_false(image_read(&long_one, &byte));
        assert_false(image_read_start(&long_one, &byte, 1));
    }
}

/* Whatever changed: read_all()'s memory is no larger than it may write to. */
static void every_byte_changed(void **state)
{
    struct context *c = *state;
    static const uint8_t values[] = {0x00, 0x01, 0x0f, 0xf0, 0xff};
    uint32_t refused = 0;
    for (uint64_t at = 0; at < c->image.size; at++) {
        uint8_t good = c->packed[at];
        for (size_t i = 0; i < sizeof(values); i++) {
            c->packed[at] = values[i];
            refused += !read_all(&c->image, NULL);
            uint8_t start[START];
            image_read_start(&c->image, start, START);
        }
        c->packed[at] = good;
    }
    assert_true(refused > 100);
    assert_true(read_all(&c->image, c->original));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(as_it_is),         TEST(packed),           TEST(other_sizes_than_it_has),
        TEST(every_truncation), TEST(impossible_sizes), TEST(every_byte_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
