/* SPDX-License-Identifier: BSD-2-Clause */
/* Program images: read, patched, written; and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <tool/elf_image.h>
#include <tool/target.h>

/* Two segments: code at 0x200000, data at 0x201100 (not at the start of a page) with zeroed memory after it. */
#define FILE_SIZE 0x3000u
#define CODE_AT   0x200000u
#define DATA_AT   0x201100u

struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    uint8_t rest[FILE_SIZE - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
};

static void make(struct file *file)
{
    memset(file, 0, sizeof(*file));
    file->header = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = CODE_AT + 4,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    /* In the wrong order on purpose. */
    file->segments[0] = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_W,
        .p_offset = 0x2100,
        .p_vaddr = DATA_AT,
        .p_paddr = DATA_AT,
        .p_filesz = 0x20,
        .p_memsz = 0x2000,
    };
    file->segments[1] = (Elf64_Phdr){
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_X,
        .p_offset = 0x1000,
        .p_vaddr = CODE_AT,
        .p_paddr = CODE_AT,
        .p_filesz = 0x10,
        .p_memsz = 0x10,
    };
    memset((uint8_t *)file + 0x1000, 0xf4, 0x10);
    memset((uint8_t *)file + 0x2100, 0xda, 0x20);
}

/* The file in memory of its own, so that the sanitizer sees every step outside of it. */
static struct elf_image *read_bytes(struct arena *arena, const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    memcpy(copy, bytes, size);
    struct blob *blob = arena_allocate(arena, sizeof(*blob));
    *blob = (struct blob){.data = copy, .size = size, .path = "test"};
    const char *reason = NULL;
    struct elf_image *image = elf_read(arena, blob, &reason);
    if (image == NULL) {
        assert_non_null(reason);
    }
    /* What the image points to is used before the end of each test: keep it in the arena. */
    if (image != NULL) {
        for (uint32_t i = 0; i < image->segment_count; i++) {
            uint8_t *data = arena_allocate(arena, image->segments[i].file_size);
            memcpy(data, image->segments[i].data, image->segments[i].file_size);
            image->segments[i].data = data;
        }
    }
    free(copy);
    return image;
}

static void a_good_program(void **state)
{
    struct arena arena = {0};
    struct file file;
    struct list problems = {0};
    (void)state;
    make(&file);
    struct elf_image *image = read_bytes(&arena, &file, sizeof(file));
    assert_non_null(image);
    assert_int_equal(image->entry, CODE_AT + 4);
    assert_int_equal(image->segment_count, 2);
    assert_int_equal(image->segments[0].address, CODE_AT);
    assert_true(image->segments[0].executable && !image->segments[0].writable);
    assert_int_equal(image->segments[1].address, DATA_AT);
    assert_int_equal(image->segments[1].memory_size, 0x2000);
    assert_true(image->segments[1].writable && !image->segments[1].executable);
    elf_check_program(&arena, &target_x86_64, image, &problems);
    assert_int_equal(problems.count, 0);
    assert_null(elf_find_symbol(image, "main"));
    arena_free(&arena);
}

static void patches(void **state)
{
    struct arena arena = {0};
    struct file file;
    const uint64_t word = 0x1122334455667788;
    (void)state;
    make(&file);
    struct elf_image *image = read_bytes(&arena, &file, sizeof(file));
    struct program *program = program_create(&arena, image);
    assert_int_equal(program->segments[1].used, 0x20);
    /* In the file, in zeroed memory, at the very end; then just outside. */
    assert_true(program_patch(program, DATA_AT + 8, &word, sizeof(word)));
    assert_int_equal(program->segments[1].used, 0x20);
    assert_true(program_patch(program, DATA_AT + 0x100, &word, sizeof(word)));
    assert_int_equal(program->segments[1].used, 0x108);
    assert_true(program_patch(program, DATA_AT + 0x1ff8, &word, sizeof(word)));
    assert_int_equal(program->segments[1].used, 0x2000);
    assert_false(program_patch(program, DATA_AT + 0x1ff9, &word, sizeof(word)));
    assert_false(program_patch(program, DATA_AT - 1, &word, sizeof(word)));
    assert_false(program_patch(program, CODE_AT + 12, &word, sizeof(word)));
    assert_false(program_patch(program, UINT64_MAX, &word, sizeof(word)));
    assert_false(program_patch(program, 0, &word, sizeof(word)));
    arena_free(&arena);
}

static void written_image(void **state)
{
    struct arena arena = {0};
    struct file file;
    const uint64_t word = 0x1122334455667788;
    (void)state;
    make(&file);
    struct elf_image *image = read_bytes(&arena, &file, sizeof(file));
    struct program *program = program_create(&arena, image);
    assert_true(program_patch(program, DATA_AT + 0x100, &word, sizeof(word)));
    struct blob *blob = program_write(&arena, program, "test");
    assert_int_equal(blob->size % 0x1000, 0);
    /* Each segment on pages of its own, at the same place in the page as in memory. */
    assert_int_equal(program->segments[0].file_offset, 0x1000);
    assert_int_equal(program->segments[1].file_offset, 0x2100);
    for (size_t i = 0x1010; i < 0x2100; i++) {
        assert_int_equal(blob->data[i], 0);
    }
    struct elf_image *again = read_bytes(&arena, blob->data, blob->size);
    assert_non_null(again);
    assert_int_equal(again->entry, image->entry);
    assert_int_equal(again->segment_count, 2);
    assert_int_equal(again->segments[1].memory_size, 0x2000);
    assert_int_equal(again->segments[1].file_size, 0x108);
    assert_memory_equal(again->segments[0].data, image->segments[0].data, 0x10);
    assert_memory_equal(again->segments[1].data, image->segments[1].data, 0x20);
    assert_memory_equal(again->segments[1].data + 0x100, &word, sizeof(word));
    arena_free(&arena);
}

static void refused(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        struct arena arena = {0};
        struct file file;
        make(&file);
        switch (i) {
        case 0:
            file.header.e_ident[EI_CLASS] = ELFCLASS32;
            break;
        case 1:
            file.header.e_ident[EI_DATA] = ELFDATA2MSB;
            break;
        case 2:
            file.header.e_machine = EM_RISCV;
            break;
        case 3:
            file.header.e_type = ET_DYN;
            break;
        case 4:
            file.header.e_phnum = 0;
            break;
        case 5:
            file.header.e_phoff = UINT64_MAX - 8;
            break;
        case 6:
            file.segments[0].p_offset = FILE_SIZE - 0x1f;
            break;
        case 7:
            file.segments[0].p_filesz = UINT64_MAX;
            break;
        case 8:
            file.segments[0].p_memsz = 0x10;
            break;
        case 9:
            file.segments[0].p_vaddr = UINT64_MAX - 0x100;
            break;
        case 10:
            file.segments[0].p_vaddr = CODE_AT + 8;
            break;
        default:
            file.segments[0].p_memsz = 1ull << 40;
        }
        assert_null(read_bytes(&arena, &file, sizeof(file)));
        arena_free(&arena);
    }
}

static void not_for_protection_domains(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct arena arena = {0};
        struct file file;
        struct list problems = {0};
        make(&file);
        switch (i) {
        case 0:
            file.segments[0].p_flags |= PF_X;
            break;
        case 1:
            file.header.e_entry = CODE_AT + 0x10;
            break;
        case 2:
            file.header.e_entry = DATA_AT;
            break;
        case 3:
            file.segments[0].p_vaddr = CODE_AT + 0x100;
            break;
        default:
            file.segments[1].p_vaddr = 0;
            file.header.e_entry = 0;
        }
        struct elf_image *image = read_bytes(&arena, &file, sizeof(file));
        assert_non_null(image);
        elf_check_program(&arena, &target_x86_64, image, &problems);
        assert_int_equal(problems.count, 1);
        arena_free(&arena);
    }
}

static void cut_anywhere(void **state)
{
    struct file file;
    (void)state;
    make(&file);
    for (size_t size = 0; size < sizeof(file); size += size < 256 ? 1 : 61) {
        struct arena arena = {0};
        struct elf_image *image = read_bytes(&arena, &file, size);
        assert_true(size >= 0x2120 || image == NULL);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_program),
        cmocka_unit_test(patches),
        cmocka_unit_test(written_image),
        cmocka_unit_test(refused),
        cmocka_unit_test(not_for_protection_domains),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
