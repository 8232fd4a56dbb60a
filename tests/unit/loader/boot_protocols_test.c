/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot 1, Multiboot 2 and PVH: right information, and every way it can be wrong. */
#include "support.h"

#include <loader_arch/boot_protocols.h>

static struct fake_memory fake;
static struct boot_source source;
static struct loader_error error;

typedef int (*reader)(const struct physical_memory *, uint64_t, struct boot_source *, struct loader_error *);

static int set_up(void **state)
{
    (void)state;
    fake_memory_start(&fake);
    memset(&source, 0, sizeof(source));
    memset(&error, 0, sizeof(error));
    forget_warnings();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_memory_end(&fake);
    return 0;
}

static int read_again(reader read, uint64_t address)
{
    memset(&source, 0, sizeof(source));
    memset(&error, 0, sizeof(error));
    return read(&fake.memory, address, &source, &error);
}

static void expect_failure(reader read, uint64_t address, const char *part)
{
    assert_int_equal(read_again(read, address), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

static void expect_memory_range(uint32_t index, uint64_t base, uint64_t size, uint32_t kind)
{
    assert_true(index < source.memory_count);
    assert_int_equal(source.memory[index].base, base);
    assert_int_equal(source.memory[index].size, size);
    assert_int_equal(source.memory[index].kind, kind);
}

/* --- Multiboot 1 --- */

static uint8_t *info1, *map1, *modules1;

static void make_multiboot1(void)
{
    info1 = fake_memory_add(&fake, 0x9500, NULL, 116);
    map1 = fake_memory_add(&fake, 0x9600, NULL, 2 * 24);
    modules1 = fake_memory_add(&fake, 0x9700, NULL, 32);
    fake_memory_add(&fake, 0x9800, "a command\tline", 15);
    fake_memory_add(&fake, 0x9900, "loader", 7);
    put_u32(info1, 1u << 2 | 1u << 3 | 1u << 6 | 1u << 9 | 1u << 12);
    put_u32(info1 + 16, 0x9800);
    put_u32(info1 + 20, 2);
    put_u32(info1 + 24, 0x9700);
    put_u32(info1 + 44, 48);
    put_u32(info1 + 48, 0x9600);
    put_u32(info1 + 64, 0x9900);
    put_u64(info1 + 88, 0xfd000000);
    put_u32(info1 + 96, 4096);
    put_u32(info1 + 100, 1024);
    put_u32(info1 + 104, 768);
    info1[108] = 32;
    info1[109] = 1;
    for (uint32_t i = 0; i < 2; i++) {
        put_u32(map1 + i * 24, 20);
        put_u64(map1 + i * 24 + 4, i * 0x100000ull);
        put_u64(map1 + i * 24 + 12, 0x1000);
        put_u32(map1 + i * 24 + 20, i == 0 ? 1 : 3);
    }
    put_u32(modules1, 0x200000);
    put_u32(modules1 + 4, 0x203000);
    put_u32(modules1 + 16, 0x300000);
    put_u32(modules1 + 20, 0x300001);
}

static void test_multiboot1(void **state)
{
    (void)state;
    make_multiboot1();
    assert_int_equal(read_again(multiboot1_read, 0x9500), 1);
    assert_int_equal(source.protocol, HARDWARE_BOOT_MULTIBOOT1);
    assert_string_equal(source.command_line, "a command?line");
    assert_string_equal(source.boot_loader, "loader");
    assert_int_equal(source.memory_count, 2);
    expect_memory_range(0, 0, 0x1000, HARDWARE_MEMORY_USABLE);
    expect_memory_range(1, 0x100000, 0x1000, HARDWARE_MEMORY_ACPI_RECLAIMABLE);
    assert_int_equal(source.module_count, 2);
    assert_int_equal(source.modules[1].address, 0x300000);
    assert_int_equal(source.modules[1].size, 1);
    assert_int_equal(source.modules[0].address, 0x200000);
    assert_int_equal(source.modules[0].size, 0x3000);
    assert_int_equal(source.framebuffer.address, 0xfd000000);
    assert_int_equal(source.framebuffer.width, 1024);
    assert_int_equal(source.framebuffer.bits, 32);
}

static void test_multiboot1_hostile(void **state)
{
    (void)state;
    make_multiboot1();
    expect_failure(multiboot1_read, 0x1000, "does not lie in memory");
    put_u32(info1 + 48, 0xfffffff0);
    expect_failure(multiboot1_read, 0x9500, "memory map");
    put_u32(info1 + 48, 0x9600);
    put_u32(info1 + 44, 49);
    expect_failure(multiboot1_read, 0x9500, "memory map");
    put_u32(info1 + 44, 48);
    static const uint32_t bad_sizes[] = {0, 19, 45, 0xfffffffc, 0xffffffff};
    for (unsigned int i = 0; i < 5; i++) {
        put_u32(map1, bad_sizes[i]);
        expect_failure(multiboot1_read, 0x9500, "wrong size");
    }
    put_u32(map1, 20);
    put_u32(info1 + 20, 0xffffffff);
    expect_failure(multiboot1_read, 0x9500, "module list");
    put_u32(info1 + 20, 1);
    put_u32(modules1 + 4, 0x1fffff);
    expect_failure(multiboot1_read, 0x9500, "ends before");
    put_u32(modules1 + 4, 0x203000);
    put_u32(info1 + 16, 0x5000); /* no command line there: an empty one */
    assert_int_equal(read_again(multiboot1_read, 0x9500), 1);
    assert_string_equal(source.command_line, "");
    put_u32(info1, 0);
    expect_failure(multiboot1_read, 0x9500, "no memory map");
}

static void test_long_strings_are_cut(void **state)
{
    (void)state;
    make_multiboot1();
    char text[400];
    memset(text, 'x', sizeof(text));
    fake_memory_add(&fake, 0xa000, text, sizeof(text)); /* not terminated */
    put_u32(info1 + 16, 0xa000);
    put_u32(info1 + 64, 0xa000 + 390); /* runs out of memory */
    char small[4] = "";
    assert_true(physical_string(&fake.memory, 0xa000, small, sizeof(small)));
    assert_string_equal(small, "xxx");
    assert_false(physical_string(&fake.memory, 0xa000 + 398, small, sizeof(small)));
    assert_string_equal(small, "");
    assert_true(physical_string(&fake.memory, 0x9900, small, sizeof(small)));
    assert_string_equal(small, "loa");
    assert_int_equal(read_again(multiboot1_read, 0x9500), 1);
    assert_int_equal(strlen(source.command_line), sizeof(source.command_line) - 1);
    assert_string_equal(source.boot_loader, "");
}

/* --- Multiboot 2 --- */

struct tags {
    uint8_t bytes[4096];
    uint32_t size;
};

static uint8_t *add_tag(struct tags *tags, uint32_t type, const void *body, uint32_t body_size)
{
    uint8_t *tag = tags->bytes + tags->size;
    put_u32(tag, type);
    put_u32(tag + 4, 8 + body_size);
    if (body_size > 0) {
        memcpy(tag + 8, body, body_size);
    }
    tags->size += (8 + body_size + 7) & ~7u;
    return tag;
}

static void add_memory_tag(struct tags *tags, uint32_t entry_size, uint32_t count)
{
    uint8_t body[512] = {0};
    put_u32(body, entry_size);
    for (uint32_t i = 0; i < count; i++) {
        put_u64(body + 8 + i * entry_size, i * 0x200000ull);
        put_u64(body + 8 + i * entry_size + 8, 0x100000);
        put_u32(body + 8 + i * entry_size + 16, 1);
    }
    add_tag(tags, 6, body, 8 + entry_size * count);
}

static int read_tags(struct tags *tags)
{
    put_u32(tags->bytes, tags->size);
    fake_memory_end(&fake);
    fake_memory_start(&fake);
    fake_memory_add(&fake, 0x10000, tags->bytes, tags->size);
    return read_again(multiboot2_read, 0x10000);
}

static void test_multiboot2(void **state)
{
    (void)state;
    struct tags tags = {.size = 8};
    uint8_t module[18] = {0};
    uint8_t buffer[30] = {0};
    uint8_t rsdp[36];
    put_u32(module, 0x300000);
    put_u32(module + 4, 0x300123);
    put_u64(buffer, 0x80000000);
    put_u32(buffer + 8, 3200);
    put_u32(buffer + 12, 800);
    put_u32(buffer + 16, 600);
    buffer[20] = 32;
    buffer[21] = 1;
    memset(rsdp, 0x11, sizeof(rsdp));
    add_tag(&tags, 1, "quiet", 6);
    add_tag(&tags, 2, "GRUB 2.06", 10);
    add_tag(&tags, 3, module, sizeof(module));
    add_memory_tag(&tags, 24, 3);
    add_tag(&tags, 8, buffer, sizeof(buffer));
    add_tag(&tags, 4242, "future", 6);
    add_tag(&tags, 15, rsdp, 36);
    memset(rsdp, 0x22, sizeof(rsdp));
    add_tag(&tags, 14, rsdp, 20); /* the older one, later */
    add_tag(&tags, 12, "\0\0\0\0\0\0\0\0", 8);
    add_tag(&tags, 0, NULL, 0);
    assert_int_equal(read_tags(&tags), 1);
    assert_string_equal(source.command_line, "quiet");
    assert_string_equal(source.boot_loader, "GRUB 2.06");
    assert_int_equal(source.memory_count, 3);
    expect_memory_range(2, 0x400000, 0x100000, HARDWARE_MEMORY_USABLE);
    assert_int_equal(source.modules[0].size, 0x123);
    assert_int_equal(source.framebuffer.pitch, 3200);
    assert_int_equal(source.framebuffer.width, 800);
    assert_int_equal(source.framebuffer.height, 600);
    assert_int_equal(source.framebuffer.bits, 32);
    assert_int_equal(source.framebuffer.address, 0x80000000);
    assert_false(source.framebuffer.text);
    assert_int_equal(source.rsdp_size, 36);
    assert_int_equal(source.rsdp[35], 0x11);
    assert_int_equal(source.firmware, HARDWARE_FIRMWARE_UEFI);
}

static void test_multiboot2_entry_sizes(void **state)
{
    (void)state;
    struct tags wide = {.size = 8};
    add_memory_tag(&wide, 40, 2);
    assert_int_equal(read_tags(&wide), 1);
    expect_memory_range(1, 0x200000, 0x100000, HARDWARE_MEMORY_USABLE);
    static const uint32_t bad[] = {0, 8, 19};
    for (unsigned int i = 0; i < 3; i++) {
        struct tags tags = {.size = 8};
        add_memory_tag(&tags, bad[i], 1);
        assert_int_equal(read_tags(&tags), 0);
        assert_non_null(strstr(error.text, "entries of"));
    }
}

static void test_multiboot2_hostile(void **state)
{
    (void)state;
    static const uint32_t bad_sizes[] = {0, 7, 0x7fffffff, 0xffffffff, 0xfffffff9};
    for (unsigned int i = 0; i < 5; i++) {
        struct tags tags = {.size = 8};
        add_memory_tag(&tags, 24, 1);
        uint8_t *tag = add_tag(&tags, 1, "x", 2);
        put_u32(tag + 4, bad_sizes[i]);
        assert_int_equal(read_tags(&tags), 0);
        assert_non_null(strstr(error.text, "wrong size"));
    }
    /* Tags too short for what they should hold. */
    for (uint32_t type = 1; type <= 21; type++) {
        for (uint32_t size = 0; size < 8; size++) {
            struct tags tags = {.size = 8};
            add_memory_tag(&tags, 24, 1);
            add_tag(&tags, type, "\xff\xff\xff\xff\xff\xff\xff\xff", size);
            read_tags(&tags);
        }
    }
    /* No end tag; no memory map; total size wrong. */
    struct tags open = {.size = 8};
    add_memory_tag(&open, 24, 1);
    assert_int_equal(read_tags(&open), 1);
    struct tags empty = {.size = 8};
    add_tag(&empty, 0, NULL, 0);
    assert_int_equal(read_tags(&empty), 0);
    assert_non_null(strstr(error.text, "no memory map"));
    uint8_t *total = fake_memory_add(&fake, 0x20000, NULL, 8);
    static const uint32_t bad_totals[] = {0, 7, 9, 0xffffffff};
    for (unsigned int i = 0; i < 4; i++) {
        put_u32(total, bad_totals[i]);
        assert_int_equal(read_again(multiboot2_read, 0x20000), 0);
    }
}

static void test_too_many_of_everything(void **state)
{
    (void)state;
    struct tags tags = {.size = 8};
    for (uint32_t i = 0; i < 20; i++) {
        uint8_t module[8] = {0};
        put_u32(module, 0x1000 * i);
        put_u32(module + 4, 0x1000 * i + 5);
        add_tag(&tags, 3, module, 8); /* without a text */
    }
    add_memory_tag(&tags, 24, 1);
    assert_int_equal(read_tags(&tags), 1);
    assert_int_equal(source.module_count, BOOT_MAX_MODULES);
    assert_int_equal(source.modules[7].address, 0x7000);
    assert_int_equal(source.modules[7].size, 5);
    assert_true(warning_count > 0);
    /* More memory ranges than there is room for is an error, not a guess. */
    memset(&source, 0, sizeof(source));
    for (uint32_t i = 0; i < BOOT_MAX_MEMORY_RANGES; i++) {
        assert_true(boot_add_memory(&source, i, 1, 1));
    }
    assert_true(boot_add_memory(&source, 1, 0, 1)); /* empty: left out */
    assert_false(boot_add_memory(&source, 1, 1, 1));
    assert_int_equal(source.memory_count, BOOT_MAX_MEMORY_RANGES);
}

/* --- PVH --- */

static void test_pvh(void **state)
{
    (void)state;
    uint8_t *info = fake_memory_add(&fake, 0x7000, NULL, 56);
    uint8_t *module = fake_memory_add(&fake, 0x7100, NULL, 32);
    uint8_t *map = fake_memory_add(&fake, 0x7200, NULL, 48);
    fake_memory_add(&fake, 0x7300, "one two", 8);
    put_u32(info, 0x336ec578);
    put_u32(info + 4, 1);
    put_u32(info + 12, 1);
    put_u64(info + 16, 0x7100);
    put_u64(info + 24, 0x7300);
    put_u64(info + 32, 0xf5a00);
    put_u64(info + 40, 0x7200);
    put_u32(info + 48, 2);
    put_u64(module, 0x140000000ull);
    put_u64(module + 8, 0x5000);
    put_u64(map + 8, 0x9fc00);
    put_u32(map + 16, 1);
    put_u64(map + 24, 0x100000);
    put_u64(map + 32, 0x1000);
    put_u32(map + 40, 4);
    assert_int_equal(read_again(pvh_read, 0x7000), 1);
    assert_int_equal(source.protocol, HARDWARE_BOOT_PVH);
    assert_string_equal(source.command_line, "one two");
    assert_int_equal(source.rsdp_address, 0xf5a00);
    assert_int_equal(source.modules[0].address, 0x140000000ull);
    expect_memory_range(0, 0, 0x9fc00, HARDWARE_MEMORY_USABLE);
    expect_memory_range(1, 0x100000, 0x1000, HARDWARE_MEMORY_ACPI_NVS);

    put_u32(info + 48, 3);
    expect_failure(pvh_read, 0x7000, "memory map");
    put_u32(info + 48, 0xffffffff);
    expect_failure(pvh_read, 0x7000, "memory map");
    put_u32(info + 48, 0);
    expect_failure(pvh_read, 0x7000, "memory map");
    put_u32(info + 48, 2);
    put_u64(info + 16, UINT64_MAX - 8);
    expect_failure(pvh_read, 0x7000, "module list");
    put_u32(info + 12, 0); /* no modules: the address does not matter */
    assert_int_equal(read_again(pvh_read, 0x7000), 1);
    put_u64(info + 24, UINT64_MAX); /* a command line at the end of the address space */
    assert_int_equal(read_again(pvh_read, 0x7000), 1);
    put_u32(info + 4, 0);
    expect_failure(pvh_read, 0x7000, "version 0");
    put_u32(info, 1);
    expect_failure(pvh_read, 0x7000, "no start information");
    expect_failure(pvh_read, 0x8000, "no start information");
}

/* What a frame buffer must not lie in. */
static void test_what_is_memory(void **state)
{
    (void)state;
    memset(&source, 0, sizeof(source));
    boot_add_memory(&source, 0x100000, 0x100000, HARDWARE_MEMORY_USABLE);
    boot_add_memory(&source, 0x200000, 0x100000, HARDWARE_MEMORY_RESERVED);
    boot_add_memory(&source, UINT64_MAX - 0xfff, 0x2000, HARDWARE_MEMORY_USABLE); /* wraps */
    boot_add_module(&source, 0x280000, 0x1000);
    assert_false(boot_is_memory(&source, 0, 0x100000));
    assert_true(boot_is_memory(&source, 0, 0x100001));
    assert_true(boot_is_memory(&source, 0x1fffff, 1));
    assert_true(boot_is_memory(&source, 0x150000, 0x10));
    assert_true(boot_is_memory(&source, 0, UINT64_MAX));
    assert_false(boot_is_memory(&source, 0x200000, 0x80000));
    assert_true(boot_is_memory(&source, 0x200000, 0x80001));
    assert_true(boot_is_memory(&source, 0x280fff, 0x1000));
    assert_false(boot_is_memory(&source, 0x281000, 0x1000));
    assert_true(boot_is_memory(&source, UINT64_MAX, 1));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_multiboot1), TEST(test_multiboot1_hostile),     TEST(test_long_strings_are_cut),
        TEST(test_multiboot2), TEST(test_multiboot2_entry_sizes), TEST(test_multiboot2_hostile),
        TEST(test_pvh),        TEST(test_too_many_of_everything), TEST(test_what_is_memory),
    };
    return cmocka_run_group_tests_name("loader_boot_protocols", tests, NULL, NULL);
}
