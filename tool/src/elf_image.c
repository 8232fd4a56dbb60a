/* SPDX-License-Identifier: BSD-2-Clause */
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <tool/elf_image.h>
#include <tool/layout.h>
#include <tool/target.h>

/* Largest memory image of one program. */
#define PROGRAM_MAX_SIZE 0x10000000ull

static int compare_symbols(const void *left, const void *right)
{
    const struct elf_symbol *a = left, *b = right;
    return strcmp(a->name, b->name);
}

static int compare_segments(const void *left, const void *right)
{
    const struct elf_segment *a = left, *b = right;
    return a->address < b->address ? -1 : a->address > b->address;
}

static const char *read_segments(struct arena *arena, Elf *elf, const struct blob *blob, struct elf_image *image)
{
    size_t count = 0;
    if (elf_getphdrnum(elf, &count) != 0) {
        return "its program headers cannot be read";
    }
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(elf, (int)i, &header) == NULL) {
            return "its program headers cannot be read";
        }
        if (header.p_type == PT_INTERP || header.p_type == PT_DYNAMIC) {
            return "it is dynamically linked; link it statically (-static -no-pie)";
        }
        if (header.p_type != PT_LOAD || header.p_memsz == 0) {
            continue;
        }
        if (header.p_offset > blob->size || header.p_filesz > blob->size - header.p_offset) {
            return arena_format(arena, "segment %zu ends beyond the end of the file; the file is cut off", i);
        }
        if (header.p_filesz > header.p_memsz || header.p_memsz > PROGRAM_MAX_SIZE ||
            header.p_vaddr + header.p_memsz < header.p_vaddr) {
            return arena_format(arena, "segment %zu has impossible sizes", i);
        }
        if (image->segment_count == ELF_MAX_SEGMENTS) {
            return arena_format(arena, "it has more than %u segments", ELF_MAX_SEGMENTS);
        }
        image->segments[image->segment_count++] = (struct elf_segment){
            .address = header.p_vaddr,
            .physical = header.p_paddr,
            .memory_size = header.p_memsz,
            .file_size = header.p_filesz,
            .data = blob->data + header.p_offset,
            .writable = (header.p_flags & PF_W) != 0,
            .executable = (header.p_flags & PF_X) != 0,
        };
    }
    if (image->segment_count == 0) {
        return "it has nothing to load";
    }
    qsort(image->segments, image->segment_count, sizeof(image->segments[0]), compare_segments);
    for (uint32_t i = 1; i < image->segment_count; i++) {
        const struct elf_segment *before = &image->segments[i - 1];
        if (before->address + before->memory_size > image->segments[i].address) {
            return arena_format(arena, "its segments at %#llx and %#llx overlap", (unsigned long long)before->address,
                                (unsigned long long)image->segments[i].address);
        }
    }
    return NULL;
}

static void read_symbols(struct arena *arena, Elf *elf, struct elf_image *image)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_SYMTAB || header.sh_entsize == 0) {
            continue;
        }
        Elf_Data *data = elf_getdata(section, NULL);
        if (data == NULL || data->d_size / header.sh_entsize > 0x1000000) {
            continue;
        }
        size_t count = data->d_size / header.sh_entsize;
        image->symbols = arena_allocate(arena, (count + 1) * sizeof(*image->symbols));
        for (size_t i = 0; i < count; i++) {
            GElf_Sym symbol;
            if (gelf_getsym(data, (int)i, &symbol) == NULL) {
                break;
            }
            const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
            unsigned int type = GELF_ST_TYPE(symbol.st_info);
            if (name == NULL || name[0] == '\0' || symbol.st_shndx == SHN_UNDEF ||
                (type != STT_OBJECT && type != STT_NOTYPE && type != STT_FUNC)) {
                continue;
            }
            image->symbols[image->symbol_count++] = (struct elf_symbol){
                .name = arena_copy_string(arena, name),
                .address = symbol.st_value,
                .size = symbol.st_size,
            };
        }
        qsort(image->symbols, image->symbol_count, sizeof(*image->symbols), compare_symbols);
        return;
    }
}

static const char *read_image(struct arena *arena, Elf *elf, const struct blob *blob, struct elf_image *image)
{
    GElf_Ehdr header;
    if (gelf_getehdr(elf, &header) == NULL) {
        return "its header cannot be read";
    }
    if (gelf_getclass(elf) != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        target_of_machine(header.e_machine) == NULL) {
        return "it is neither for x86-64 nor for AArch64 (64-bit, little-endian); compile it for the machine that the "
               "system is for";
    }
    image->machine = header.e_machine;
    if (header.e_type != ET_EXEC) {
        return "it is not an executable at fixed addresses; link it with -static -no-pie";
    }
    image->entry = header.e_entry;
    const char *problem = read_segments(arena, elf, blob, image);
    if (problem == NULL) {
        read_symbols(arena, elf, image);
    }
    return problem;
}

struct elf_image *elf_read(struct arena *arena, const struct blob *blob, const char **reason)
{
    elf_version(EV_CURRENT);
    if (blob->size < 64 || memcmp(blob->data, "\177ELF", 4) != 0) {
        *reason = "it is not an ELF file";
        return NULL;
    }
    Elf *elf = elf_memory((char *)blob->data, blob->size);
    if (elf == NULL || elf_kind(elf) != ELF_K_ELF) {
        elf_end(elf);
        *reason = "it is not an ELF file";
        return NULL;
    }
    struct elf_image *image = ARENA_NEW(arena, struct elf_image);
    image->path = blob->path;
    const char *problem = read_image(arena, elf, blob, image);
    elf_end(elf);
    if (problem != NULL) {
        *reason = problem;
        return NULL;
    }
    return image;
}

const struct elf_symbol *elf_find_symbol(const struct elf_image *image, const char *name)
{
    if (image->symbol_count == 0) {
        return NULL;
    }
    struct elf_symbol key = {.name = name};
    return bsearch(&key, image->symbols, image->symbol_count, sizeof(key), compare_symbols);
}

void elf_check_program(struct arena *arena, const struct target *target, const struct elf_image *image,
                       struct list *problems)
{
    bool entry_found = false;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        uint64_t end = segment->address + segment->memory_size;
        if (segment->writable && segment->executable) {
            list_append(arena, problems,
                        arena_format(arena,
                                     "its segment at %#llx is writable and executable; link code and data into "
                                     "separate segments",
                                     (unsigned long long)segment->address));
        }
        if (segment->address < LAYOUT_PAGE || end > target->vcpu_pages) {
            list_append(arena, problems,
                        arena_format(arena,
                                     "its segment at %#llx to %#llx is outside the address space of programs; link it "
                                     "between 0x1000 and %#llx",
                                     (unsigned long long)segment->address, (unsigned long long)end,
                                     (unsigned long long)target->vcpu_pages));
        }
        if (i + 1 < image->segment_count &&
            align_up(end, LAYOUT_PAGE) > align_down(image->segments[i + 1].address, LAYOUT_PAGE)) {
            list_append(arena, problems,
                        arena_format(arena, "its segments at %#llx and %#llx share a page; align segments to 4 KiB",
                                     (unsigned long long)segment->address,
                                     (unsigned long long)image->segments[i + 1].address));
        }
        entry_found = entry_found || (segment->executable && image->entry >= segment->address && image->entry < end);
    }
    if (!entry_found) {
        list_append(arena, problems,
                    arena_format(arena, "its entry point %#llx is not in executable memory; link it with ENTRY(_start)",
                                 (unsigned long long)image->entry));
    }
}

struct program *program_create(struct arena *arena, const struct elf_image *image)
{
    struct program *program = ARENA_NEW(arena, struct program);
    program->image = image;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        program->segments[i].data = arena_allocate(arena, segment->memory_size);
        program->segments[i].used = segment->file_size;
        memcpy(program->segments[i].data, segment->data, segment->file_size);
    }
    return program;
}

bool program_patch(struct program *program, uint64_t address, const void *data, uint64_t size)
{
    for (uint32_t i = 0; i < program->image->segment_count; i++) {
        const struct elf_segment *segment = &program->image->segments[i];
        if (address < segment->address || address - segment->address > segment->memory_size) {
            continue;
        }
        uint64_t offset = address - segment->address;
        if (size > segment->memory_size - offset) {
            continue;
        }
        memcpy(program->segments[i].data + offset, data, size);
        if (offset + size > program->segments[i].used) {
            program->segments[i].used = offset + size;
        }
        return true;
    }
    return false;
}

struct blob *program_write(struct arena *arena, struct program *program, const char *name)
{
    const struct elf_image *image = program->image;
    uint64_t size = align_up(sizeof(Elf64_Ehdr) + image->segment_count * sizeof(Elf64_Phdr), LAYOUT_PAGE);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        program->segments[i].file_offset = size + image->segments[i].address % LAYOUT_PAGE;
        size = align_up(program->segments[i].file_offset + program->segments[i].used, LAYOUT_PAGE);
    }
    uint8_t *data = arena_allocate(arena, size);
    Elf64_Ehdr header = {
        .e_type = ET_EXEC,
        .e_machine = (Elf64_Half)image->machine,
        .e_version = EV_CURRENT,
        .e_entry = image->entry,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (Elf64_Half)image->segment_count,
    };
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    memcpy(data, &header, sizeof(header));
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        Elf64_Phdr program_header = {
            .p_type = PT_LOAD,
            .p_flags = PF_R | (segment->writable ? PF_W : 0u) | (segment->executable ? PF_X : 0u),
            .p_offset = program->segments[i].file_offset,
            .p_vaddr = segment->address,
            .p_paddr = segment->physical,
            .p_filesz = program->segments[i].used,
            .p_memsz = segment->memory_size,
            .p_align = LAYOUT_PAGE,
        };
        memcpy(data + sizeof(header) + i * sizeof(program_header), &program_header, sizeof(program_header));
        memcpy(data + program->segments[i].file_offset, program->segments[i].data, program->segments[i].used);
    }
    struct blob *blob = ARENA_NEW(arena, struct blob);
    *blob = (struct blob){.data = data, .size = size, .path = name, .generated = true};
    return blob;
}
