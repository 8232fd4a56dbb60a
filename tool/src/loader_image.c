/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/trust_anchor.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <tool/loader_image.h>

/* Offset in the file of a symbol of a section that is in the file. */
static bool symbol_offset(Elf *elf, const struct blob *loader, const GElf_Sym *symbol, size_t *offset)
{
    GElf_Shdr header;
    Elf_Scn *section = symbol->st_shndx < SHN_LORESERVE ? elf_getscn(elf, symbol->st_shndx) : NULL;
    if (section == NULL || gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_PROGBITS ||
        symbol->st_value < header.sh_addr || symbol->st_value - header.sh_addr > header.sh_size ||
        header.sh_offset > loader->size || header.sh_size > loader->size - header.sh_offset) {
        return false;
    }
    *offset = (size_t)(header.sh_offset + (symbol->st_value - header.sh_addr));
    return true;
}

static bool find_symbol(Elf *elf, const struct blob *loader, const char *name, size_t *offset)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        Elf_Data *data;
        if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_SYMTAB || header.sh_entsize == 0 ||
            (data = elf_getdata(section, NULL)) == NULL) {
            continue;
        }
        for (size_t i = 0; i < data->d_size / header.sh_entsize; i++) {
            GElf_Sym symbol;
            const char *text =
                gelf_getsym(data, (int)i, &symbol) == NULL ? NULL : elf_strptr(elf, header.sh_link, symbol.st_name);
            if (text != NULL && strcmp(text, name) == 0) {
                return symbol_offset(elf, loader, &symbol, offset);
            }
        }
    }
    return false;
}

#define TEMPLATE_HINT                                                                                                  \
    "give the loader that was built with this tool (loader-template.elf, AArch64: loader-template.img)"

/* AArch64's loader is an image without symbols: the place is behind its mark, in pages of its own. The header is
 * that of a Linux Image (Documentation/arm64/booting.rst). */
#define IMAGE_MAGIC_OFFSET 0x38u
#define PLACE_ALIGNMENT    4096u
#define PLACE_SIZE         TRUST_MAX_SIZE /* with the mark */

bool loader_is_image(const struct blob *loader)
{
    return loader->size >= IMAGE_MAGIC_OFFSET + 8 && memcmp(loader->data + IMAGE_MAGIC_OFFSET, "ARM\x64", 4) == 0;
}

static const char *find_in_image(const struct blob *loader, struct anchor_place *place)
{
    const size_t mark_size = sizeof(LOADER_ANCHOR_MARK) - 1;
    bool found = false;
    for (size_t at = 0; at < loader->size && loader->size - at >= PLACE_SIZE; at += PLACE_ALIGNMENT) {
        if (memcmp(loader->data + at, LOADER_ANCHOR_MARK, mark_size) != 0) {
            continue;
        }
        if (found) {
            return "it has two places for a trust anchor; " TEMPLATE_HINT;
        }
        found = true;
        *place = (struct anchor_place){.offset = at + mark_size, .capacity = PLACE_SIZE - mark_size};
    }
    return found ? NULL : "it has no place for a trust anchor (behind the mark " LOADER_ANCHOR_MARK "); " TEMPLATE_HINT;
}

const char *loader_find_anchor(struct arena *arena, const struct blob *loader, struct anchor_place *place)
{
    size_t end = 0;
    if (loader_is_image(loader)) {
        return find_in_image(loader, place);
    }
    if (elf_version(EV_CURRENT) == EV_NONE) {
        return arena_format(arena, "libelf cannot be used: %s", elf_errmsg(-1));
    }
    Elf *elf = elf_memory((char *)loader->data, loader->size);
    if (elf == NULL || elf_kind(elf) != ELF_K_ELF) {
        if (elf != NULL) {
            elf_end(elf);
        }
        return "it is neither an ELF file nor an AArch64 image; " TEMPLATE_HINT;
    }
    bool found = find_symbol(elf, loader, "trust_anchor_start", &place->offset) &&
                 find_symbol(elf, loader, "trust_anchor_end", &end) && end > place->offset;
    elf_end(elf);
    place->capacity = found ? end - place->offset : 0;
    return found
               ? NULL
               : "it has no place for a trust anchor (symbols trust_anchor_start and trust_anchor_end); " TEMPLATE_HINT;
}

const char *loader_set_anchor(struct arena *arena, struct blob *loader, const struct blob *anchor)
{
    struct anchor_place place = {0};
    const char *problem = loader_find_anchor(arena, loader, &place);
    if (problem != NULL) {
        return problem;
    }
    if (anchor->size > place.capacity) {
        return arena_format(arena, "it has room for %zu bytes and the trust anchor has %zu", place.capacity,
                            anchor->size);
    }
    memset(loader->data + place.offset, 0, place.capacity);
    memcpy(loader->data + place.offset, anchor->data, anchor->size);
    return NULL;
}

/* The anchor at an address with `left` bytes behind it; NULL: there is none. */
static struct blob *anchor_at(struct arena *arena, const uint8_t *at, size_t left)
{
    if (left < 16 || memcmp(at, TRUST_MAGIC, sizeof(TRUST_MAGIC) - 1) != 0) {
        return NULL;
    }
    /* The field that tells the size, in <crypto/trust_anchor.h>. */
    size_t size = (size_t)at[12] | (size_t)at[13] << 8 | (size_t)at[14] << 16 | (size_t)at[15] << 24;
    if (size < 16 || size > left || size > TRUST_MAX_SIZE) {
        return NULL;
    }
    struct blob *blob = ARENA_NEW(arena, struct blob);
    *blob = (struct blob){.data = arena_allocate(arena, size), .size = size, .path = "the loader's trust anchor"};
    memcpy(blob->data, at, size);
    return blob;
}

struct blob *loader_scan_anchor(struct arena *arena, const struct blob *bytes, const char **reason)
{
    const size_t mark_size = sizeof(LOADER_ANCHOR_MARK) - 1;
    const uint8_t *at = bytes->data, *end = bytes->data + bytes->size;
    struct blob *found = NULL;
    bool marked = false;
    while ((at = memmem(at, (size_t)(end - at), LOADER_ANCHOR_MARK, mark_size)) != NULL) {
        at += mark_size;
        marked = true;
        struct blob *anchor = anchor_at(arena, at, (size_t)(end - at));
        if (anchor != NULL && found != NULL &&
            (anchor->size != found->size || memcmp(anchor->data, found->data, found->size) != 0)) {
            *reason = "it has two loaders with different trust anchors";
            return NULL;
        }
        found = anchor != NULL ? anchor : found;
    }
    if (found == NULL) {
        *reason = marked ? "it has no trust anchor yet; write one into it with 'skyscope provision'"
                         : "there is no loader in it with a place for a trust anchor";
    }
    return found;
}
