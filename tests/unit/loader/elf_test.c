/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's ELF file. */
#include "support.h"

#include <elf.h>
#include <loader/elf.h>

#define BASE KERNEL_LINK_BASE

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr segments[10];
    uint8_t data[0x3000];
} file;

static struct kernel_image image;
static struct loader_error error;

static void add_segment(uint32_t flags, uint64_t address, uint64_t file_size, uint64_t memory_size)
{
    file.segments[file.header.e_phnum++] = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = flags,
        .p_offset = offsetof(__typeof__(file), data),
        .p_vaddr = address,
        .p_filesz = file_size,
        .p_memsz = memory_size,
    };
}

static int set_up(void **state)
{
    (void)state;
    memset(&file, 0, sizeof(file));
    memcpy(file.header.e_ident, ELFMAG, SELFMAG);
    file.header.e_ident[EI_CLASS] = ELFCLASS64;
    file.header.e_ident[EI_DATA] = ELFDATA2LSB;
    file.header.e_ident[EI_VERSION] = EV_CURRENT;
    file.header.e_type = ET_EXEC;
    file.header.e_machine = EM_X86_64;
    file.header.e_entry = BASE + 0x200010;
    file.header.e_phoff = sizeof(file.header);
    file.header.e_phentsize = sizeof(Elf64_Phdr);
    add_segment(PF_R | PF_X, BASE + 0x200000, 0x1234, 0x1234);
    add_segment(PF_R, BASE + 0x202000, 0x10, 0x10);
    add_segment(PF_R | PF_W, BASE + 0x203100, 0x20, 0x4000);
    file.segments[file.header.e_phnum++].p_type = PT_NOTE;
    return 0;
}

static int read_file(uint64_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, &file, size);
    int result = kernel_elf_read(copy, size, &image, &error);
    free(copy);
    return result;
}

static void expect_refused(const char *part)
{
    assert_int_equal(read_file(sizeof(file)), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
    set_up(NULL);
}

static void test_accepts(void **state)
{
    (void)state;
    assert_int_equal(read_file(sizeof(file)), 1);
    assert_int_equal(image.virtual_base, BASE + 0x200000);
    assert_int_equal(image.size, 0x8000);
    assert_int_equal(image.entry, BASE + 0x200010);
    assert_int_equal(image.segment_count, 3);
    assert_int_equal(image.segments[0].memory_size, 0x2000);
    assert_int_equal(image.segments[0].flags, SEGMENT_READ | SEGMENT_EXECUTE);
    assert_int_equal(image.segments[2].virtual_address, BASE + 0x203000);
    assert_int_equal(image.segments[2].data_offset, 0x100);
    assert_int_equal(image.segments[2].memory_size, 0x5000);
}

/* The first and the last byte that may be used. */
static void test_bounds(void **state)
{
    (void)state;
    file.segments[0].p_offset = sizeof(file) - 0x1234;
    file.segments[1].p_vaddr = BASE;
    file.segments[2].p_vaddr = BASE + KERNEL_MAX_SIZE - 0x4000;
    assert_int_equal(read_file(sizeof(file)), 1);
    assert_int_equal(image.virtual_base, BASE);
    assert_int_equal(image.size, KERNEL_MAX_SIZE);
    file.segments[2].p_vaddr++;
    expect_refused("outside");
    file.header.e_entry = BASE + 0x200000; /* first and last instruction */
    assert_int_equal(read_file(sizeof(file)), 1);
    file.header.e_entry = BASE + 0x201233;
    assert_int_equal(read_file(sizeof(file)), 1);
    file.header.e_entry = BASE + 0x1fffff;
    expect_refused("entry point");
}

static void test_not_this_kind(void **state)
{
    (void)state;
    file.header.e_ident[0] = 0;
    expect_refused("not an ELF executable for x86-64");
    file.header.e_ident[EI_CLASS] = ELFCLASS32;
    expect_refused("not an ELF executable for x86-64");
    file.header.e_machine = EM_AARCH64;
    expect_refused("not an ELF executable for x86-64");
    file.header.e_type = ET_DYN;
    expect_refused("not an ELF executable for x86-64");
    file.header.e_phentsize = 32;
    expect_refused("program headers");
    file.header.e_phoff = sizeof(file) - 10;
    expect_refused("program headers");
    file.header.e_phoff = UINT64_MAX - 4;
    expect_refused("program headers");
    file.header.e_phnum = 0xffff;
    expect_refused("program headers");
    file.header.e_phnum = 0;
    expect_refused("entry point");
}

static void test_segments(void **state)
{
    (void)state;
    file.segments[0].p_flags |= PF_W;
    expect_refused("writable and executable");
    file.segments[1].p_vaddr = BASE + 0x201fff;
    expect_refused("share a page");
    file.segments[0].p_filesz = 0x1235;
    expect_refused("beyond the end");
    file.segments[0].p_offset = UINT64_MAX;
    expect_refused("beyond the end");
    file.segments[0].p_offset = sizeof(file) - 0x1233;
    expect_refused("beyond the end");
    file.segments[0].p_offset = sizeof(file) + 1;
    expect_refused("beyond the end");
    file.segments[0].p_filesz = UINT64_MAX;
    expect_refused("beyond the end");
    file.segments[0].p_vaddr = 0x100000;
    expect_refused("outside");
    file.segments[0].p_vaddr = BASE - 1;
    expect_refused("outside");
    file.segments[2].p_memsz = UINT64_MAX;
    expect_refused("outside");
    file.segments[2].p_memsz = KERNEL_MAX_SIZE;
    expect_refused("outside");
    file.segments[2].p_vaddr = UINT64_MAX - 0x10;
    expect_refused("outside");
    for (uint32_t i = 0; i < 6; i++) {
        file.header.e_phnum = (uint16_t)(4 + i);
        add_segment(PF_R, BASE + 0x300000 + i * 0x1000, 1, 1);
    }
    expect_refused("more than");
}

static void test_entry(void **state)
{
    (void)state;
    file.header.e_entry = BASE + 0x202000;
    expect_refused("entry point");
    file.header.e_entry = BASE + 0x201234; /* just behind the code */
    expect_refused("entry point");
    file.header.e_entry = 0;
    expect_refused("entry point");
}

static void test_truncated(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < sizeof(file.header) + sizeof(file.segments); size++) {
        assert_int_equal(read_file(size), 0);
    }
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

/* --- Another kernel's --- */

static struct foreign_image foreign;

static int read_foreign(uint64_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, &file, size);
    int result = foreign_elf_read(copy, size, &foreign, &error);
    free(copy);
    return result;
}

static void expect_foreign_refused(const char *part)
{
    assert_int_equal(read_foreign(sizeof(file)), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
    set_up(NULL);
}

/* Physical addresses decide, and pages may be writable and executable. */
static void test_foreign(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        file.segments[i].p_paddr = 0x70000000 + i * 0x10000;
        file.segments[i].p_flags = PF_R | PF_W | PF_X;
    }
    assert_int_equal(read_foreign(sizeof(file)), 1);
    assert_int_equal(foreign.segment_count, 3);
    assert_int_equal(foreign.entry, 0x70000010);
    assert_int_equal(foreign.segments[2].physical_address, 0x70020000);
    assert_int_equal(foreign.segments[2].memory_size, 0x4000);
    assert_int_equal(foreign.segments[2].file_size, 0x20);
    /* The last possible address, and one more. */
    file.segments[2].p_paddr = UINT64_MAX - 0x1000 - 0x4000;
    assert_int_equal(read_foreign(sizeof(file)), 1);
    file.segments[2].p_paddr++;
    expect_foreign_refused("beyond all addresses");
}

static void place_apart(void)
{
    for (uint32_t i = 0; i < 3; i++) {
        file.segments[i].p_paddr = 0x70000000 + i * 0x10000;
    }
}

static void test_foreign_refused(void **state)
{
    (void)state;
    place_apart();
    file.header.e_machine = EM_AARCH64;
    expect_foreign_refused("not an ELF executable for x86-64");
    place_apart();
    file.header.e_phoff = UINT64_MAX - 4;
    expect_foreign_refused("program headers");
    place_apart();
    file.header.e_phnum = 0;
    expect_foreign_refused("entry point");
    place_apart();
    file.header.e_entry = BASE + 0x201234;
    expect_foreign_refused("entry point");
    place_apart();
    file.segments[1].p_paddr = 0x70001233;
    expect_foreign_refused("overlap");
    place_apart();
    file.segments[0].p_filesz = 0x1235;
    expect_foreign_refused("beyond the end");
    place_apart();
    file.segments[0].p_offset = UINT64_MAX;
    expect_foreign_refused("beyond the end");
    place_apart();
    file.segments[0].p_memsz = UINT64_MAX;
    expect_foreign_refused("beyond all addresses");
    place_apart();
    file.segments[3].p_type = PT_LOAD;
    for (uint32_t i = 3; i < 9; i++) {
        file.segments[i] = (Elf64_Phdr){.p_type = PT_LOAD, .p_paddr = 0x1000 * i, .p_memsz = 1};
    }
    file.header.e_phnum = 9;
    expect_foreign_refused("more than 8 segments");
    for (uint64_t size = 0; size < sizeof(file.header); size++) {
        assert_int_equal(read_foreign(size), 0);
    }
}

/* --- A boot module's --- */

static int read_module(uint64_t size, uint64_t *memory)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, &file, size);
    int result = module_elf_memory(copy, size, memory, &error);
    free(copy);
    return result;
}

static void expect_module_refused(const char *part)
{
    uint64_t memory;
    assert_int_equal(read_module(sizeof(file), &memory), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
    set_up(NULL);
}

/* From the first page to the last, by virtual addresses. */
static void test_module(void **state)
{
    (void)state;
    uint64_t memory = 0;
    for (uint32_t i = 0; i < 3; i++) {
        file.segments[i].p_vaddr = 0x200800 + i * 0x10000;
        file.segments[i].p_paddr = UINT64_MAX;
        file.segments[i].p_memsz = 0x801;
        file.segments[i].p_filesz = 0x10;
    }
    assert_int_equal(read_module(sizeof(file), &memory), 1);
    assert_int_equal(memory, 0x22000);
    file.segments[1].p_memsz = 0; /* nothing of it is loaded */
    file.segments[1].p_vaddr = 0;
    file.segments[2].p_memsz = 0x800;
    assert_int_equal(read_module(sizeof(file), &memory), 1);
    assert_int_equal(memory, 0x21000);
    file.segments[2].p_memsz = UINT64_MAX - 0x1000 - file.segments[2].p_vaddr;
    assert_int_equal(read_module(sizeof(file), &memory), 1);
    file.segments[2].p_memsz++;
    expect_module_refused("beyond all addresses");
}

static void test_module_refused(void **state)
{
    (void)state;
    uint64_t memory;
    file.header.e_machine = EM_AARCH64;
    expect_module_refused("boot module: not an ELF executable for x86-64");
    file.header.e_phoff = UINT64_MAX - 4;
    expect_module_refused("program headers");
    file.header.e_phnum = 0;
    expect_module_refused("no segment");
    file.segments[1].p_filesz = file.segments[1].p_memsz + 1;
    expect_module_refused("beyond the end");
    file.segments[1].p_offset = UINT64_MAX;
    expect_module_refused("beyond the end");
    for (uint64_t size = 0; size < sizeof(file.header); size++) {
        assert_int_equal(read_module(size, &memory), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accepts), TEST(test_bounds),         TEST(test_not_this_kind), TEST(test_segments),
        TEST(test_entry),   TEST(test_truncated),      TEST(test_foreign),       TEST(test_foreign_refused),
        TEST(test_module),  TEST(test_module_refused),
    };
    return cmocka_run_group_tests_name("loader_elf", tests, NULL, NULL);
}
