/* SPDX-License-Identifier: BSD-2-Clause */
/* Another kernel by Multiboot 2: what its header may ask for, what it is told, where everything goes. */
#include "support.h"

#include <loader_arch/boot_protocols.h>
#include <loader_arch/foreign.h>

#define MIB 0x100000ull

static struct loader_error error;

static int set_up(void **state)
{
    (void)state;
    memset(&error, 0, sizeof(error));
    return 0;
}

static void expect_error(const char *part)
{
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

/* --- The header --- */

#define FILE_SIZE 40000u
static uint8_t file[FILE_SIZE];

/* A header with a tag (size 0: none) and an end, at an offset of the file. */
static void make_header(uint32_t at, uint16_t type, uint16_t flags, const uint32_t *words, uint32_t size)
{
    uint32_t aligned = (size + 7) & ~7u, length = 16 + aligned + 8;
    memset(file, 0, sizeof(file));
    put_u32(file + at, 0xe85250d6);
    put_u32(file + at + 8, length);
    put_u32(file + at + 12, 0u - 0xe85250d6u - length);
    if (size != 0) {
        put_u16(file + at + 16, type);
        put_u16(file + at + 18, flags);
        put_u32(file + at + 20, size);
        memcpy(file + at + 24, words, size - 8);
    }
    put_u32(file + at + 16 + aligned + 4, 8);
}

/* In an allocation of its own, so that the address sanitizer sees every access beyond it. */
static int check_file(uint64_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, file, size);
    int result = multiboot2_kernel_check(copy, size, &error);
    free(copy);
    return result;
}

static void test_header(void **state)
{
    (void)state;
    make_header(0, 0, 0, NULL, 0);
    assert_int_equal(check_file(24), 1);
    make_header(0x1000, 0, 0, NULL, 0);
    assert_int_equal(check_file(FILE_SIZE), 1);
    /* The last place where it may begin, and the one behind it. */
    make_header(32768 - 16, 0, 0, NULL, 0);
    assert_int_equal(check_file(FILE_SIZE), 1);
    make_header(32768, 0, 0, NULL, 0);
    assert_int_equal(check_file(FILE_SIZE), 0);
    expect_error("no Multiboot 2 header");
    make_header(4, 0, 0, NULL, 0);
    assert_int_equal(check_file(FILE_SIZE), 0);
    make_header(0, 0, 0, NULL, 0);
    file[12]++;
    assert_int_equal(check_file(FILE_SIZE), 0);
    expect_error("no Multiboot 2 header");
    make_header(0, 0, 0, NULL, 0);
    for (uint64_t size = 0; size < 24; size++) {
        assert_int_equal(check_file(size), 0);
    }
    expect_error("cut short");
}

static void test_header_tags(void **state)
{
    (void)state;
    const uint32_t wanted[] = {3, 6, 15}, unknown[] = {3, 17}, far[] = {0x10003}, none[2] = {0};
    make_header(8, 1, 0, wanted, 20);
    assert_int_equal(check_file(FILE_SIZE), 1);
    make_header(8, 1, 0, unknown, 16);
    assert_int_equal(check_file(FILE_SIZE), 0);
    expect_error("information 17");
    make_header(8, 1, 0, far, 12);
    assert_int_equal(check_file(FILE_SIZE), 0);
    make_header(8, 1, 1, unknown, 16); /* optional */
    assert_int_equal(check_file(FILE_SIZE), 1);
    make_header(8, 7, 0, none, 8); /* EFI boot services */
    assert_int_equal(check_file(FILE_SIZE), 0);
    expect_error("tag (7)");
    make_header(8, 3, 0, none, 12); /* another entry address than the file's */
    assert_int_equal(check_file(FILE_SIZE), 0);
    make_header(8, 6, 0, none, 8);
    assert_int_equal(check_file(FILE_SIZE), 1);
    put_u32(file + 8 + 20, 7);
    assert_int_equal(check_file(FILE_SIZE), 0);
    expect_error("wrong size (7)");
    put_u32(file + 8 + 20, 17);
    assert_int_equal(check_file(FILE_SIZE), 0);
    expect_error("wrong size (17)");
    make_header(8, 6, 0, none, 8);
    put_u16(file + 8 + 24, 6); /* no end */
    assert_int_equal(check_file(FILE_SIZE), 0);
    expect_error("no end");
    make_header(8, 6, 0, none, 8);
    put_u32(file + 12, 4); /* another architecture, and a right checksum */
    put_u32(file + 20, 0u - 0xe85250d6u - 4u - 32u);
    assert_int_equal(check_file(FILE_SIZE), 0);
    expect_error("another architecture");
}

/* --- What it is told --- */

static struct memory_map map;

static void make_map(const struct memory_range *ranges, uint32_t count)
{
    assert_int_equal(memory_map_normalise(&map, ranges, count, &error), 1);
}

/* Reads what was written as another kernel would. */
static uint32_t write_and_read(const struct boot_framebuffer *framebuffer, uint32_t rsdp_size,
                               struct boot_source *source)
{
    static const uint8_t rsdp[36] = "RSD PTR then more";
    const struct multiboot2_module module = {.address = 0x5000000, .size = 0x1234567, .name = "system"};
    struct fake_memory fake;
    uint8_t *info = malloc(MULTIBOOT2_INFO_SIZE);
    assert_non_null(info);
    memset(info, 0xff, MULTIBOOT2_INFO_SIZE);
    uint32_t size = multiboot2_write(info, &module, &map, framebuffer, rsdp, rsdp_size);
    assert_true(size <= MULTIBOOT2_INFO_SIZE && size % 8 == 0);
    fake_memory_start(&fake);
    fake_memory_add(&fake, 0x9000, info, size);
    free(info);
    memset(source, 0, sizeof(*source));
    assert_int_equal(multiboot2_read(&fake.memory, 0x9000, source, &error), 1);
    fake_memory_end(&fake);
    return size;
}

static void test_information(void **state)
{
    (void)state;
    static struct boot_source source;
    const struct memory_range ranges[] = {{0, 0x9f000, HARDWARE_MEMORY_USABLE},
                                          {0x9f000, 0x1000, HARDWARE_MEMORY_RESERVED},
                                          {MIB, 0x7f00000, HARDWARE_MEMORY_USABLE},
                                          {0x8000000, 0x1000, HARDWARE_MEMORY_ACPI_RECLAIMABLE},
                                          {0x8001000, 0x1000, HARDWARE_MEMORY_ACPI_NVS},
                                          {0x8002000, 0x1000, HARDWARE_MEMORY_BAD},
                                          {1ull << 40, 1ull << 32, HARDWARE_MEMORY_USABLE}};
    const struct boot_framebuffer framebuffer = {
        .address = 0xfd000000, .pitch = 4096, .width = 1024, .height = 768, .bits = 32, .colours = {16, 8, 8, 8, 0, 8}};
    make_map(ranges, 7);
    write_and_read(&framebuffer, 36, &source);
    assert_int_equal(source.memory_count, 7);
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(source.memory[i].base, ranges[i].base);
        assert_int_equal(source.memory[i].size, ranges[i].size);
        assert_int_equal(source.memory[i].kind, ranges[i].kind);
    }
    assert_int_equal(source.module_count, 1);
    assert_int_equal(source.modules[0].address, 0x5000000);
    assert_int_equal(source.modules[0].size, 0x1234567);
    assert_string_equal(source.command_line, "console_port=0x3f8 debug_port=0x3f8");
    assert_string_equal(source.boot_loader, "Skyscope");
    assert_memory_equal(&source.framebuffer, &framebuffer, sizeof(framebuffer));
    assert_int_equal(source.rsdp_size, 36);
    assert_memory_equal(source.rsdp, "RSD PTR then more", 17);
    const struct boot_framebuffer text = {.address = 0xb8000, .pitch = 160, .width = 80, .height = 25, .text = true};
    write_and_read(&text, 20, &source);
    assert_true(source.framebuffer.text);
    assert_int_equal(source.rsdp_size, 20);
    write_and_read(&(struct boot_framebuffer){0}, 0, &source);
    assert_int_equal(source.framebuffer.address, 0);
    assert_int_equal(source.rsdp_size, 0);
}

/* What lies on both sides of 1 MiB comes in two parts; the longest possible map fits. */
static void test_memory_map(void **state)
{
    (void)state;
    static struct boot_source source;
    const struct memory_range one = {0, 64 * MIB, HARDWARE_MEMORY_USABLE};
    make_map(&one, 1);
    write_and_read(&(struct boot_framebuffer){0}, 36, &source);
    assert_int_equal(source.memory_count, 2);
    assert_int_equal(source.memory[0].size, MIB);
    assert_int_equal(source.memory[1].base, MIB);
    assert_int_equal(source.memory[1].size, 63 * MIB);
    map.count = MEMORY_MAP_MAX;
    for (uint32_t i = 0; i < MEMORY_MAP_MAX; i++) {
        map.ranges[i] = (struct memory_range){
            .base = i == 0 ? 0 : 2 * i * MIB, .size = i == 0 ? 2 * MIB : MIB, .kind = HARDWARE_MEMORY_USABLE};
    }
    const struct boot_framebuffer framebuffer = {.address = 1};
    static uint8_t info[MULTIBOOT2_INFO_SIZE];
    const struct multiboot2_module module = {.name = "a name of sixty-three characters, the longest that there may be"};
    static const uint8_t rsdp[36];
    assert_true(multiboot2_write(info, &module, &map, &framebuffer, rsdp, 36) > MEMORY_MAP_MAX * 24);
}

/* --- Places --- */

static struct free_memory memory;
static struct foreign_places places;
static struct foreign_image kernel;

/* As seL4's, for a machine with memory from 1 MiB to an end. */
static void make_machine(uint64_t end)
{
    const struct memory_range ranges[] = {{0, 0x9f000, HARDWARE_MEMORY_USABLE},
                                          {MIB, end - MIB, HARDWARE_MEMORY_USABLE}};
    make_map(ranges, 2);
    free_memory_from_map(&memory, &map);
    kernel = (struct foreign_image){
        .segment_count = 2,
        .segments = {{.physical_address = MIB, .memory_size = 0x8000, .file_size = 0x3af},
                     {.physical_address = 0x1083af, .memory_size = 8 * MIB, .file_size = 2 * MIB}},
    };
}

static int find(uint64_t module_size, uint64_t module_memory)
{
    return foreign_find_places(&kernel, module_size, module_memory, &map, &memory, &places, &error);
}

static bool apart(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a + a_size <= b || b + b_size <= a;
}

static void test_places(void **state)
{
    (void)state;
    make_machine(64 * MIB);
    assert_int_equal(find(3 * MIB + 1, 4 * MIB), 1);
    assert_int_equal(places.kernel_start, MIB);
    assert_int_equal(places.kernel_end, 0x1083af + 8 * MIB);
    assert_false(places.over_firmware);
    const uint64_t used[][2] = {{MIB, 8 * MIB + 0x9000 + 4 * MIB},
                                {places.module, 7 * MIB + 0x1000},
                                {places.staging, 2 * MIB + 0x3af},
                                {places.info, MULTIBOOT2_INFO_SIZE},
                                {places.switch_page, 0x1000}};
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(used[i][0] % 0x1000, 0);
        assert_true(used[i][0] >= MIB && used[i][0] + used[i][1] <= 64 * MIB);
        for (uint32_t j = 0; j < i; j++) {
            assert_true(apart(used[i][0], used[i][1], used[j][0], used[j][1]));
        }
    }
}

/* The payload and the loader may lie where the kernel goes, but nothing is put over them before. */
static void test_places_avoid(void **state)
{
    (void)state;
    make_machine(64 * MIB);
    assert_true(free_memory_remove(&memory, MIB, 30 * MIB));
    assert_int_equal(find(MIB, MIB), 1);
    assert_true(places.module >= 31 * MIB && places.staging >= 31 * MIB);
    assert_true(places.info >= 31 * MIB && places.switch_page >= 31 * MIB);
    assert_int_equal(places.kernel_start, MIB);
}

static void test_places_refused(void **state)
{
    (void)state;
    make_machine(20 * MIB);
    assert_int_equal(find(3 * MIB, 4 * MIB), 0);
    expect_error("no memory is left above 0xd09000");
    make_machine(12 * MIB);
    assert_int_equal(find(0x1000, 4 * MIB), 0);
    expect_error("want all of the memory at 0x100000 to 0xd08fff");
    make_machine(64 * MIB);
    assert_int_equal(find(1ull << 33, MIB), 0);
    expect_error("do not fit below 4 GiB");
    assert_int_equal(find(MIB, UINT64_MAX & ~0xfffull), 0);
    expect_error("do not fit below 4 GiB");
    assert_int_equal(find(MIB, (1ull << 32) - 0x1000), 0);
    expect_error("do not fit below 4 GiB");
    kernel.segments[0].physical_address = MIB - 1;
    assert_int_equal(find(MIB, MIB), 0);
    expect_error("not between 1 MiB and 4 GiB");
    kernel.segments[0].physical_address = 1ull << 32;
    assert_int_equal(find(MIB, MIB), 0);
    expect_error("not between 1 MiB and 4 GiB");
    /* Memory above 4 GiB is of no use. */
    const struct memory_range ranges[] = {{MIB, 13 * MIB, HARDWARE_MEMORY_USABLE},
                                          {1ull << 32, 1ull << 32, HARDWARE_MEMORY_USABLE}};
    make_machine(64 * MIB);
    make_map(ranges, 2);
    free_memory_from_map(&memory, &map);
    assert_int_equal(find(2 * MIB, 4 * MIB), 0);
    expect_error("below 4 GiB");
}

/* What firmware keeps: for sleep it may be overwritten, anything else not. */
static void test_places_over_firmware(void **state)
{
    (void)state;
    struct memory_range ranges[] = {{MIB, 6 * MIB, HARDWARE_MEMORY_USABLE},
                                    {7 * MIB, MIB, HARDWARE_MEMORY_ACPI_NVS},
                                    {8 * MIB, 90 * MIB, HARDWARE_MEMORY_USABLE}};
    make_machine(64 * MIB);
    make_map(ranges, 3);
    free_memory_from_map(&memory, &map);
    assert_int_equal(find(MIB, MIB), 1);
    assert_true(places.over_firmware);
    assert_true(places.module >= 10 * MIB);
    static const uint32_t kinds[] = {HARDWARE_MEMORY_RESERVED, HARDWARE_MEMORY_ACPI_RECLAIMABLE, HARDWARE_MEMORY_BAD};
    for (uint32_t i = 0; i < 3; i++) {
        ranges[1].kind = kinds[i];
        make_map(ranges, 3);
        free_memory_from_map(&memory, &map);
        assert_int_equal(find(MIB, MIB), 0);
        expect_error("want all of the memory");
    }
    /* A hole that nothing is told about, and one that only the unpacked module would lie in. */
    ranges[1] = (struct memory_range){9 * MIB, MIB, HARDWARE_MEMORY_RESERVED};
    ranges[0].size = 8 * MIB;
    ranges[2].base = 10 * MIB;
    make_map(ranges, 3);
    free_memory_from_map(&memory, &map);
    assert_int_equal(find(MIB, MIB), 0);
    ranges[1] = (struct memory_range){7 * MIB, 0, HARDWARE_MEMORY_RESERVED};
    ranges[0].size = 6 * MIB;
    make_map(ranges, 3);
    free_memory_from_map(&memory, &map);
    assert_int_equal(find(MIB, MIB), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_header), TEST(test_header_tags),  TEST(test_information),    TEST(test_memory_map),
        TEST(test_places), TEST(test_places_avoid), TEST(test_places_refused), TEST(test_places_over_firmware),
    };
    return cmocka_run_group_tests_name("loader_foreign", tests, NULL, NULL);
}
