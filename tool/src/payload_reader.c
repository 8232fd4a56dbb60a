/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/image_hash.h>
#include <elf.h>
#include <string.h>
#include <tool/layout.h>
#include <tool/payload_reader.h>

#define PROBLEMS_MAX 100u

static const size_t entry_sizes[PLAN_TABLE_COUNT] = {
    sizeof(struct plan_region), sizeof(struct plan_space),       sizeof(struct plan_map), sizeof(struct plan_pd),
    sizeof(struct plan_thread), sizeof(struct plan_channel_end), sizeof(struct plan_irq), sizeof(struct plan_ioport),
    sizeof(struct plan_vm),     sizeof(struct plan_vcpu),
};

static const uint32_t row_limits[PLAN_TABLE_COUNT] = {
    PLAN_MAX_REGIONS,      PLAN_MAX_SPACES, PLAN_MAX_MAPS,    PLAN_MAX_PDS, PLAN_MAX_THREADS,
    PLAN_MAX_CHANNEL_ENDS, PLAN_MAX_IRQS,   PLAN_MAX_IOPORTS, PLAN_MAX_VMS, PLAN_MAX_VCPUS,
};

static const char *const table_names[PLAN_TABLE_COUNT] = {
    "regions", "spaces", "maps",  "protection domains", "threads", "channel ends", "interrupts",
    "ioports", "VMs",    "vCPUs",
};

static void add_problem(struct arena *arena, struct payload_view *view, char *text)
{
    if (view->problems.count < PROBLEMS_MAX) {
        list_append(arena, &view->problems, text);
    }
}

#define PROBLEM(...) add_problem(arena, view, arena_format(arena, __VA_ARGS__))

const char *printable_name(struct arena *arena, const char *name, size_t size)
{
    size_t length = strnlen(name, size);
    char *copy = arena_allocate(arena, length + 1);
    for (size_t i = 0; i < length; i++) {
        copy[i] = name[i] >= 0x20 && name[i] <= 0x7e ? name[i] : '?';
    }
    return copy;
}

/* Makes a name field of a copied row safe to print. */
static void clean_name(char *name, size_t size)
{
    size_t length = strnlen(name, size);
    for (size_t i = 0; i < size; i++) {
        bool printable = name[i] >= 0x20 && name[i] <= 0x7e;
        name[i] = i < length && i + 1 < size ? (char)(printable ? name[i] : '?') : '\0';
    }
}

static bool is_zero(const uint8_t *data, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        if (data[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool read_header(struct arena *arena, const struct blob *blob, struct payload_view *view)
{
    struct payload_header *header = &view->header;
    if (blob->size < sizeof(*header)) {
        PROBLEM("the file has %zu bytes, too few for a payload", blob->size);
        return false;
    }
    memcpy(header, blob->data, sizeof(*header));
    if (memcmp(header->magic, PAYLOAD_MAGIC, sizeof(header->magic)) != 0) {
        PROBLEM("the file is not a Skyscope payload (wrong magic)");
        return false;
    }
    if (header->version != PAYLOAD_VERSION) {
        PROBLEM("format version %u; this tool reads version %u", header->version, PAYLOAD_VERSION);
        return false;
    }
    if (header->reserved != 0) {
        PROBLEM("a field that must be zero is not");
    }
    if (header->total_size != blob->size) {
        PROBLEM("the header says %llu bytes and the file has %zu: cut off or padded",
                (unsigned long long)header->total_size, blob->size);
    }
    if (header->manifest_size > MANIFEST_MAX_SIZE || header->signatures_size > MANIFEST_MAX_SIGNATURES ||
        payload_first_image(header->manifest_size, header->signatures_size) > blob->size) {
        PROBLEM("the manifest (%u bytes) or the signature block (%u bytes) does not lie in the file",
                header->manifest_size, header->signatures_size);
        return false;
    }
    return true;
}

static void add_manifest_problem(struct arena *arena, struct payload_view *view, const struct manifest_problem *problem)
{
    if (problem->image == MANIFEST_NO_IMAGE) {
        PROBLEM("manifest: %s (at byte %zu)", manifest_error_text(problem->error), problem->offset);
    } else {
        PROBLEM("manifest: image %u '%s': %s (at byte %zu)", problem->image, view->manifest.images[problem->image].name,
                manifest_error_text(problem->error), problem->offset);
    }
}

static bool read_manifest(struct arena *arena, const struct blob *blob, struct payload_view *view)
{
    const struct payload_header *header = &view->header;
    struct manifest_problem problem;
    uint64_t first = payload_first_image(header->manifest_size, header->signatures_size);
    view->manifest_bytes = blob->data + sizeof(*header);
    if (!manifest_parse(view->manifest_bytes, header->manifest_size, first, &view->manifest, &problem)) {
        add_manifest_problem(arena, view, &problem);
        return false;
    }
    if (view->manifest.kind != MANIFEST_KIND_SYSTEM) {
        PROBLEM("manifest: it is a disk's, not a system's");
        return false;
    }
    const uint8_t *block = view->manifest_bytes + header->manifest_size;
    view->is_signed = header->signatures_size != 0;
    if (view->is_signed &&
        !manifest_signatures_parse(block, header->signatures_size, &view->manifest, &view->signatures, &problem)) {
        add_manifest_problem(arena, view, &problem);
        view->is_signed = false;
    }
    uint64_t end = sizeof(*header) + header->manifest_size + header->signatures_size;
    if (!is_zero(blob->data + end, first - end)) {
        PROBLEM("bytes between the signature block and the first image are not zero");
    }
    return true;
}

static void read_image(struct arena *arena, const struct blob *blob, struct payload_view *view, uint32_t index)
{
    struct image_view *image = &view->images[index];
    const struct manifest_image *row = image->row = &view->manifest.images[index];
    if (row->offset > blob->size || row->size > blob->size - row->offset) {
        PROBLEM("image '%s' does not lie in the file", row->name);
        return;
    }
    image->data = blob->data + row->offset;
    uint64_t end = align_up(row->size, PAYLOAD_ALIGNMENT);
    if (end > blob->size - row->offset || !is_zero(image->data + row->size, end - row->size)) {
        PROBLEM("the padding after image '%s' is missing or not zero", row->name);
    } else if (index + 1 == view->image_count && row->offset + end != blob->size) {
        PROBLEM("bytes follow the last image");
    }
    uint8_t hash[HASH_SHA512_SIZE];
    image->hash_right = (row->flags & MANIFEST_IMAGE_UNSIGNED) != 0;
    if (!image->hash_right) {
        image->hash_right = image_hash(view->manifest.hash_algorithm, image->data, row->size, hash) &&
                            memcmp(hash, row->hash, sizeof(hash)) == 0;
    }
    if (!image->hash_right) {
        PROBLEM("the hash of image '%s' is wrong: it was changed or damaged", row->name);
    }
}

static void read_plan(struct arena *arena, struct payload_view *view, const struct image_view *image)
{
    struct plan_header *header = &view->plan;
    if (image->row->size < sizeof(*header) || image->row->size > PLAN_MAX_SIZE) {
        PROBLEM("the plan has a wrong size (%llu bytes)", (unsigned long long)image->row->size);
        return;
    }
    memcpy(header, image->data, sizeof(*header));
    if (memcmp(header->magic, PLAN_MAGIC, sizeof(header->magic)) != 0 || header->version != PLAN_VERSION) {
        PROBLEM("the plan has a wrong magic or version");
        return;
    }
    clean_name(header->system_name, sizeof(header->system_name));
    view->plan_present = true;
    if (header->total_size != image->row->size) {
        PROBLEM("the plan's header says %u bytes and its image has %llu", header->total_size,
                (unsigned long long)image->row->size);
    }
    if (header->machine != PLAN_MACHINE_X86_64 && header->machine != PLAN_MACHINE_AARCH64) {
        PROBLEM("the plan is for an unknown machine (ELF's number %u)", header->machine);
    }
    if (header->cpu_count == 0 || header->cpu_count > PLAN_MAX_CPUS || header->kernel_pool_size == 0 ||
        header->kernel_pool_size % PAGE_SIZE_2M != 0) {
        PROBLEM("the plan's CPU count or kernel memory is not valid");
    }
    for (uint32_t i = 0; i < PLAN_TABLE_COUNT; i++) {
        const struct plan_table_location *table = &header->tables[i];
        uint64_t size = (uint64_t)table->count * table->entry_size;
        if (table->entry_size != entry_sizes[i] || table->count > row_limits[i] || table->offset % 8 != 0 ||
            table->reserved != 0 || table->offset < sizeof(*header) || table->offset > image->row->size ||
            size > image->row->size - table->offset) {
            PROBLEM("the plan's table of %s does not lie in the plan", table_names[i]);
            continue;
        }
        /* A copy, because the file may not be aligned. */
        void *rows = arena_allocate(arena, size);
        memcpy(rows, image->data + table->offset, size);
        view->rows[i] = rows;
        view->row_counts[i] = table->count;
    }
}

const void *plan_row(const struct payload_view *view, enum plan_table table, uint32_t index)
{
    return index < view->row_counts[table] ? (const uint8_t *)view->rows[table] + index * entry_sizes[table] : NULL;
}

/* e_machine, in ELF files of any class. */
#define MACHINE_OFFSET 18u

uint32_t payload_machine(struct arena *arena, const struct blob *blob)
{
    struct payload_view *view = ARENA_NEW(arena, struct payload_view);
    if (!read_header(arena, blob, view) || !read_manifest(arena, blob, view)) {
        return 0;
    }
    for (uint32_t i = 0; i < view->manifest.image_count; i++) {
        const struct manifest_image *row = &view->manifest.images[i];
        struct plan_header header;
        bool inside = row->offset <= blob->size && row->size <= blob->size - row->offset;
        if (row->role == MANIFEST_ROLE_FOREIGN_KERNEL && inside && row->size >= sizeof(Elf64_Ehdr)) {
            const uint8_t *elf = blob->data + row->offset;
            return memcmp(elf, ELFMAG, SELFMAG) != 0 ? 0 : elf[MACHINE_OFFSET] | (uint32_t)elf[MACHINE_OFFSET + 1] << 8;
        }
        if (row->role == MANIFEST_ROLE_PLAN && inside && row->size >= sizeof(header)) {
            memcpy(&header, blob->data + row->offset, sizeof(header));
            return memcmp(header.magic, PLAN_MAGIC, sizeof(header.magic)) == 0 ? header.machine : 0;
        }
    }
    return 0;
}

bool payload_is_foreign(struct arena *arena, const struct blob *blob)
{
    struct payload_view *view = ARENA_NEW(arena, struct payload_view);
    if (!read_header(arena, blob, view) || !read_manifest(arena, blob, view)) {
        return false;
    }
    for (uint32_t i = 0; i < view->manifest.image_count; i++) {
        if (view->manifest.images[i].role == MANIFEST_ROLE_FOREIGN_KERNEL) {
            return true;
        }
    }
    return false;
}

static const char *row_name(struct arena *arena, const struct payload_view *view, enum plan_table table, uint32_t index)
{
    /* In each of these tables the name is the first field. */
    const void *row = plan_row(view, table, index);
    return row == NULL ? "?" : printable_name(arena, row, PLAN_NAME_LENGTH);
}

const char *plan_pd_name(struct arena *arena, const struct payload_view *view, uint32_t index)
{
    return row_name(arena, view, PLAN_TABLE_PDS, index);
}

const char *plan_space_name(struct arena *arena, const struct payload_view *view, uint32_t index)
{
    return row_name(arena, view, PLAN_TABLE_SPACES, index);
}

const char *plan_region_name(struct arena *arena, const struct payload_view *view, uint32_t index)
{
    return row_name(arena, view, PLAN_TABLE_REGIONS, index);
}

const char *plan_vm_name(struct arena *arena, const struct payload_view *view, uint32_t index)
{
    return row_name(arena, view, PLAN_TABLE_VMS, index);
}

static void check_regions(struct arena *arena, struct payload_view *view)
{
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_REGIONS]; i++) {
        const struct plan_region *region = plan_row(view, PLAN_TABLE_REGIONS, i);
        const char *name = plan_region_name(arena, view, i);
        bool sizes =
            region->page_size == PAGE_SIZE_4K || region->page_size == PAGE_SIZE_2M || region->page_size == PAGE_SIZE_1G;
        if (!sizes || region->size == 0 || region->size % region->page_size != 0 ||
            (region->physical_address != PLAN_ANY_ADDRESS && region->physical_address % region->page_size != 0)) {
            PROBLEM("plan: region '%s' has a wrong size, page size or address", name);
        }
        if (region->kind < PLAN_REGION_RAM || region->kind > PLAN_REGION_KERNEL_LOG) {
            PROBLEM("plan: region '%s' has an unknown kind %u", name, region->kind);
        }
        if (region->image == PLAN_NONE) {
            continue;
        }
        if (region->image >= view->image_count) {
            PROBLEM("plan: region '%s' names image %u, which does not exist", name, region->image);
            continue;
        }
        uint64_t size = view->images[region->image].row->size;
        if (region->image_offset > size || region->image_size > size - region->image_offset ||
            region->prefill_offset > region->size || region->image_size > region->size - region->prefill_offset) {
            PROBLEM("plan: region '%s' takes more than its image or itself has", name);
        }
    }
}

static void check_maps(struct arena *arena, struct payload_view *view)
{
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_MAPS]; i++) {
        const struct plan_map *map = plan_row(view, PLAN_TABLE_MAPS, i);
        const struct plan_region *region = plan_row(view, PLAN_TABLE_REGIONS, map->region);
        if (region == NULL || plan_row(view, PLAN_TABLE_SPACES, map->space) == NULL) {
            PROBLEM("plan: map %u names a region or space that does not exist", i);
        } else if (map->region_offset > region->size || map->size > region->size - map->region_offset ||
                   map->size == 0 || map->virtual_address + map->size < map->virtual_address) {
            PROBLEM("plan: map %u of region '%s' ends outside of it", i, plan_region_name(arena, view, map->region));
        }
    }
}

static void check_objects(struct arena *arena, struct payload_view *view)
{
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_PDS]; i++) {
        const struct plan_pd *pd = plan_row(view, PLAN_TABLE_PDS, i);
        uint32_t threads = view->row_counts[PLAN_TABLE_THREADS];
        if (plan_row(view, PLAN_TABLE_SPACES, pd->space) == NULL || pd->thread_count == 0 ||
            pd->first_thread > threads || pd->thread_count > threads - pd->first_thread ||
            (pd->parent != PLAN_NONE && plan_row(view, PLAN_TABLE_PDS, pd->parent) == NULL)) {
            PROBLEM("plan: protection domain '%s' names something that does not exist", plan_pd_name(arena, view, i));
        }
    }
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_THREADS]; i++) {
        const struct plan_thread *thread = plan_row(view, PLAN_TABLE_THREADS, i);
        if (plan_row(view, PLAN_TABLE_PDS, thread->pd) == NULL || thread->cpu >= view->plan.cpu_count ||
            thread->priority > PLAN_PRIORITY_MAX || thread->budget_us == 0 || thread->period_us < thread->budget_us ||
            (thread->vcpu != PLAN_NONE && plan_row(view, PLAN_TABLE_VCPUS, thread->vcpu) == NULL)) {
            PROBLEM("plan: thread %u has a value that is not valid", i);
        }
    }
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_CHANNEL_ENDS]; i++) {
        const struct plan_channel_end *end = plan_row(view, PLAN_TABLE_CHANNEL_ENDS, i);
        if (plan_row(view, PLAN_TABLE_PDS, end->pd) == NULL || plan_row(view, PLAN_TABLE_PDS, end->peer_pd) == NULL ||
            end->id >= PLAN_CHANNEL_IDS || end->peer_id >= PLAN_CHANNEL_IDS) {
            PROBLEM("plan: channel end %u names something that does not exist", i);
        }
    }
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_VMS]; i++) {
        const struct plan_vm *vm = plan_row(view, PLAN_TABLE_VMS, i);
        uint32_t vcpus = view->row_counts[PLAN_TABLE_VCPUS];
        if (plan_row(view, PLAN_TABLE_PDS, vm->pd) == NULL || plan_row(view, PLAN_TABLE_SPACES, vm->space) == NULL ||
            vm->first_vcpu > vcpus || vm->vcpu_count > vcpus - vm->first_vcpu) {
            PROBLEM("plan: VM '%s' names something that does not exist", plan_vm_name(arena, view, i));
        }
    }
}

bool payload_read(struct arena *arena, const struct blob *blob, struct payload_view *view)
{
    memset(view, 0, sizeof(*view));
    if (!read_header(arena, blob, view) || !read_manifest(arena, blob, view)) {
        return false;
    }
    view->manifest_present = true;
    view->image_count = view->manifest.image_count;
    view->images = arena_allocate(arena, view->image_count * sizeof(*view->images));
    for (uint32_t i = 0; i < view->image_count; i++) {
        read_image(arena, blob, view, i);
    }
    for (uint32_t i = 0; i < view->image_count && !view->plan_present; i++) {
        if (view->images[i].row->role == MANIFEST_ROLE_PLAN && view->images[i].data != NULL) {
            read_plan(arena, view, &view->images[i]);
        }
    }
    check_regions(arena, view);
    check_maps(arena, view);
    check_objects(arena, view);
    return view->problems.count == 0;
}
