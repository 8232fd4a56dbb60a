/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a device tree; its memory and what the boot loader wrote into it. */
#include <loader_arch/device_tree.h>

#include <libfdt.h>

#include <base/format.h>
#include <base/memory.h>
#include <skyscope/types.h>

uint32_t device_tree_size(const void *header)
{
    return fdt_magic(header) == FDT_MAGIC ? fdt_totalsize(header) : 0;
}

/* A property's length may not even be added to an offset before it is known to be sensible. */
static bool length_sensible(const void *blob, int offset)
{
    const fdt32_t *tag = fdt_offset_ptr(blob, offset, 2 * sizeof(fdt32_t));
    return tag == NULL || fdt32_ld(tag) != FDT_PROP || fdt32_ld(tag + 1) <= fdt_totalsize(blob);
}

/* Walks all tags: what comes after it can rely on nodes that are closed and properties that lie in the tree. */
static const char *structure_problem(const void *blob)
{
    int offset = 0;
    uint32_t depth = 0;
    for (;;) {
        int next = -1;
        uint32_t tag = length_sensible(blob, offset) ? fdt_next_tag(blob, offset, &next) : FDT_END;
        if (next < 0 || (next <= offset && tag != FDT_END)) {
            return "it is damaged";
        }
        switch (tag) {
        case FDT_BEGIN_NODE:
            if (depth++ >= DEVICE_TREE_MAX_DEPTH) {
                return "its nodes are nested too deeply";
            }
            break;
        case FDT_END_NODE:
            if (depth-- == 0) {
                return "a node ends that did not begin";
            }
            break;
        case FDT_PROP: {
            int length;
            const char *name;
            if (depth == 0 || fdt_getprop_by_offset(blob, offset, &name, &length) == NULL) {
                return "a property is damaged";
            }
            break;
        }
        case FDT_NOP:
            break;
        default: /* FDT_END */
            return depth == 0 && offset > 0 ? NULL : "it ends within a node";
        }
        offset = next;
    }
}

int device_tree_open(const void *bytes, uint32_t size, struct device_tree *tree, struct loader_error *error)
{
    if (size < DEVICE_TREE_HEADER_SIZE || size > DEVICE_TREE_MAX_SIZE || device_tree_size(bytes) > size) {
        return error_set(error, "device tree: wrong size (%u bytes)", size);
    }
    int result = fdt_check_header(bytes);
    if (result != 0) {
        return error_set(error, "device tree: %s", fdt_strerror(result));
    }
    if (fdt_version(bytes) < 16) {
        return error_set(error, "device tree: version %u is too old", fdt_version(bytes));
    }
    if (fdt_off_dt_struct(bytes) % 4 != 0 || fdt_off_mem_rsvmap(bytes) % 8 != 0) {
        return error_set(error, "device tree: its parts are not aligned");
    }
    const char *problem = structure_problem(bytes);
    if (problem != NULL) {
        return error_set(error, "device tree: %s", problem);
    }
    *tree = (struct device_tree){.blob = bytes, .size = fdt_totalsize(bytes)};
    return 1;
}

/* A number of one or two cells. */
static bool read_number(const struct device_tree *tree, int node, const char *name, uint64_t *value)
{
    uint32_t size;
    const uint8_t *bytes = device_tree_property(tree, node, name, &size);
    if (size == 4) {
        *value = fdt32_ld((const fdt32_t *)(const void *)bytes);
    } else if (size == 8) {
        *value = fdt64_ld((const fdt64_t *)(const void *)bytes);
    }
    return size == 4 || size == 8;
}

static void read_command_line(const struct device_tree *tree, int node, struct boot_source *source)
{
    uint32_t size;
    const uint8_t *bytes = device_tree_property(tree, node, "bootargs", &size);
    uint32_t length = 0;
    for (; length < size && length + 1 < sizeof(source->command_line) && bytes[length] != '\0'; length++) {
        char c = (char)bytes[length];
        source->command_line[length] = c >= ' ' && c <= '~' ? c : '?';
    }
    source->command_line[length] = '\0';
}

bool device_tree_chosen(const struct device_tree *tree, struct boot_source *source)
{
    uint64_t start, end;
    int node = fdt_path_offset(tree->blob, "/chosen");
    if (node >= 0) {
        if (source->command_line[0] == '\0') {
            read_command_line(tree, node, source);
        }
        if (read_number(tree, node, "linux,initrd-start", &start) &&
            read_number(tree, node, "linux,initrd-end", &end)) {
            if (end <= start) {
                log_warning("device tree: the initial RAM disk ends before it begins");
            } else {
                (void)boot_add_module(source, start, end - start);
            }
        }
    }
    return fdt_path_offset(tree->blob, "/cpus") >= 0;
}

static bool add_nodes_memory(const struct device_tree *tree, const struct device_tree_path *path, uint32_t kind,
                             struct boot_source *source)
{
    struct hardware_range range;
    for (uint32_t i = 0; device_tree_reg(tree, path, i, &range); i++) {
        if (!boot_add_memory(source, range.address, range.size, kind)) {
            return false;
        }
    }
    return true;
}

/* U-Boot reserves the initial RAM disk; here the module stands for that. */
static bool in_module(const struct boot_source *source, uint64_t base, uint64_t size)
{
    for (uint32_t i = 0; i < source->module_count; i++) {
        uint64_t start = source->modules[i].address & ~(PAGE_SIZE_4K - 1);
        uint64_t end = (source->modules[i].address + source->modules[i].size + PAGE_SIZE_4K - 1) & ~(PAGE_SIZE_4K - 1);
        if (base >= start && base < end && size <= end - base) {
            return true;
        }
    }
    return false;
}

static bool add_reservations(const struct device_tree *tree, struct boot_source *source)
{
    int count = fdt_num_mem_rsv(tree->blob);
    for (int i = 0; i < count; i++) {
        uint64_t base, size;
        if (fdt_get_mem_rsv(tree->blob, i, &base, &size) != 0) {
            return true;
        }
        if (!in_module(source, base, size) && !boot_add_memory(source, base, size, HARDWARE_MEMORY_RESERVED)) {
            return false;
        }
    }
    return true;
}

static bool is_memory_node(const struct device_tree *tree, int node)
{
    uint32_t size;
    const uint8_t *type = device_tree_property(tree, node, "device_type", &size);
    return size == sizeof("memory") && memcmp(type, "memory", size) == 0 && device_tree_enabled(tree, node);
}

bool device_tree_reserved(const struct device_tree *tree, struct boot_source *source)
{
    struct device_tree_path path = {.depth = UINT32_MAX};
    int reserved = fdt_path_offset(tree->blob, "/reserved-memory");
    while (reserved >= 0 && device_tree_next(tree, &path)) {
        if (path.depth == 2 && path.nodes[1] == reserved && device_tree_enabled(tree, path.nodes[2]) &&
            !add_nodes_memory(tree, &path, HARDWARE_MEMORY_RESERVED, source)) {
            return false;
        }
    }
    return true;
}

int device_tree_boot_source(const struct device_tree *tree, struct boot_source *source, struct loader_error *error)
{
    struct device_tree_path path = {.depth = UINT32_MAX};
    bool room = true;
    (void)device_tree_chosen(tree, source);
    while (room && device_tree_next(tree, &path)) {
        int node = path.nodes[path.depth];
        if (path.depth == 1 && is_memory_node(tree, node)) {
            room = add_nodes_memory(tree, &path, HARDWARE_MEMORY_USABLE, source);
        }
    }
    if (source->memory_count == 0) {
        return error_set(error, "device tree: it names no memory");
    }
    if (!room || !device_tree_reserved(tree, source) || !add_reservations(tree, source)) {
        return error_set(error, "device tree: more than %u ranges of memory", BOOT_MAX_MEMORY_RANGES);
    }
    /* The tree stays where it is, for the kernel. */
    if (!boot_add_memory(source, (uintptr_t)tree->blob, tree->size, HARDWARE_MEMORY_RESERVED)) {
        return error_set(error, "device tree: more than %u ranges of memory", BOOT_MAX_MEMORY_RANGES);
    }
    return 1;
}
