/* SPDX-License-Identifier: BSD-2-Clause */
/* Walking a device tree: addresses and interrupts of its nodes (Devicetree
 * Specification 0.4, sections 2.3 and 2.4). */
#include <loader_arch/device_tree.h>

#include <libfdt.h>

#include <base/memory.h>

#define MAX_CELLS     3u /* of an address or a size: PCI's are three */
#define MAX_SPECIFIER 4u /* cells of a GIC's interrupt */

bool device_tree_next(const struct device_tree *tree, struct device_tree_path *path)
{
    int depth = path->depth == UINT32_MAX ? -1 : (int)path->depth;
    int node = path->depth == UINT32_MAX ? -1 : path->nodes[path->depth];
    node = fdt_next_node(tree->blob, node, &depth);
    if (node < 0 || depth < 0 || depth >= (int)DEVICE_TREE_MAX_DEPTH) {
        return false;
    }
    path->depth = (uint32_t)depth;
    path->nodes[depth] = node;
    return true;
}

bool device_tree_path_to(const struct device_tree *tree, int node, struct device_tree_path *path)
{
    path->depth = UINT32_MAX;
    while (device_tree_next(tree, path)) {
        if (path->nodes[path->depth] == node) {
            return true;
        }
    }
    return false;
}

const uint8_t *device_tree_property(const struct device_tree *tree, int node, const char *name, uint32_t *size)
{
    int length;
    const uint8_t *bytes = fdt_getprop(tree->blob, node, name, &length);
    *size = bytes == NULL || length < 0 ? 0 : (uint32_t)length;
    return bytes;
}

bool device_tree_compatible(const struct device_tree *tree, int node, const char *compatible)
{
    return fdt_node_check_compatible(tree->blob, node, compatible) == 0;
}

bool device_tree_enabled(const struct device_tree *tree, int node)
{
    uint32_t size;
    const uint8_t *status = device_tree_property(tree, node, "status", &size);
    return size == 0 || (size == 5 && memcmp(status, "okay", 5) == 0) || (size == 3 && memcmp(status, "ok", 3) == 0);
}

static uint32_t read_cell(const uint8_t *bytes)
{
    return fdt32_ld((const fdt32_t *)(const void *)bytes);
}

/* A number of so many cells; what does not fit into 64 bits (PCI's first cell) is left out. */
static uint64_t read_cells(const uint8_t *bytes, uint32_t count)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < count; i++) {
        value = value << 32 | read_cell(bytes + 4 * i);
    }
    return value;
}

uint32_t device_tree_cell(const struct device_tree *tree, int node, const char *name, uint32_t otherwise)
{
    uint32_t size;
    const uint8_t *bytes = device_tree_property(tree, node, name, &size);
    return size == 4 ? read_cell(bytes) : otherwise;
}

static bool cells_of(const struct device_tree *tree, int node, uint32_t *address, uint32_t *size)
{
    *address = device_tree_cell(tree, node, "#address-cells", 2);
    *size = device_tree_cell(tree, node, "#size-cells", 1);
    return *address >= 1 && *address <= MAX_CELLS && *size <= 2;
}

/* An address on the bus below path->nodes[level], as the bus above it sees it. */
static bool translate(const struct device_tree *tree, const struct device_tree_path *path, uint32_t level,
                      struct hardware_range *range)
{
    uint32_t child_cells, size_cells, parent_cells, unused, size;
    int bus = path->nodes[level];
    int length;
    const uint8_t *ranges = fdt_getprop(tree->blob, bus, "ranges", &length);
    if (ranges == NULL || length < 0 || !cells_of(tree, bus, &child_cells, &size_cells) ||
        !cells_of(tree, path->nodes[level - 1], &parent_cells, &unused)) {
        return false;
    }
    size = (uint32_t)length;
    if (size == 0) {
        return true; /* the same addresses */
    }
    uint32_t entry = 4 * (child_cells + parent_cells + size_cells);
    for (uint32_t offset = 0; size - offset >= entry; offset += entry) {
        uint64_t child = read_cells(ranges + offset, child_cells);
        uint64_t parent = read_cells(ranges + offset + 4 * child_cells, parent_cells);
        uint64_t covered = read_cells(ranges + offset + 4 * (child_cells + parent_cells), size_cells);
        if (range->address >= child && range->address - child < covered &&
            range->size <= covered - (range->address - child)) {
            range->address = parent + (range->address - child);
            return true;
        }
    }
    return false;
}

bool device_tree_reg(const struct device_tree *tree, const struct device_tree_path *path, uint32_t index,
                     struct hardware_range *range)
{
    uint32_t address_cells, size_cells, size;
    const uint8_t *reg = device_tree_property(tree, path->nodes[path->depth], "reg", &size);
    if (path->depth == 0 || !cells_of(tree, path->nodes[path->depth - 1], &address_cells, &size_cells)) {
        return false;
    }
    uint32_t entry = 4 * (address_cells + size_cells);
    if (index >= size / entry) {
        return false;
    }
    reg += index * entry;
    range->address = read_cells(reg, address_cells);
    range->size = read_cells(reg + 4 * address_cells, size_cells);
    for (uint32_t level = path->depth - 1; level > 0; level--) {
        if (!translate(tree, path, level, range)) {
            return false;
        }
    }
    return range->size <= UINT64_MAX - range->address;
}

/* The node that takes a node's interrupts, 0: the root, which takes none. */
static int interrupt_parent(const struct device_tree *tree, const struct device_tree_path *path)
{
    for (uint32_t level = path->depth + 1; level-- > 0;) {
        uint32_t phandle = device_tree_cell(tree, path->nodes[level], "interrupt-parent", 0);
        if (phandle != 0) {
            return fdt_node_offset_by_phandle(tree->blob, phandle);
        }
        /* The controller of the nodes below it. */
        int length;
        if (level < path->depth &&
            fdt_getprop(tree->blob, path->nodes[level], "interrupt-controller", &length) != NULL) {
            return path->nodes[level];
        }
    }
    return -1;
}

static bool is_gic(const struct device_tree *tree, int node)
{
    static const char *const names[] = {"arm,gic-v3", "arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic",
                                        "arm,cortex-a9-gic"};
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (device_tree_compatible(tree, node, names[i])) {
            return true;
        }
    }
    return false;
}

/* Type (0: SPI, 1: PPI), number, flags (1 and 2: edges, 4 and 8: levels). */
static bool read_specifier(const uint8_t *bytes, uint32_t cells, struct hardware_interrupt *interrupt)
{
    uint32_t type = read_cell(bytes);
    uint32_t number = read_cell(bytes + 4);
    if (cells < 3 || type > 1 || number >= (type == 0 ? 988u : 16u)) {
        return false;
    }
    *interrupt =
        (struct hardware_interrupt){.intid = number + (type == 0 ? 32 : 16), .edge = (read_cell(bytes + 8) & 3) != 0};
    return true;
}

bool device_tree_interrupt(const struct device_tree *tree, const struct device_tree_path *path, uint32_t index,
                           struct hardware_interrupt *interrupt)
{
    uint32_t size;
    const uint8_t *bytes = device_tree_property(tree, path->nodes[path->depth], "interrupts", &size);
    int parent = size == 0 ? -1 : interrupt_parent(tree, path);
    if (parent < 0 || !is_gic(tree, parent)) {
        return false;
    }
    uint32_t cells = device_tree_cell(tree, parent, "#interrupt-cells", 0);
    if (cells == 0 || cells > MAX_SPECIFIER || index >= size / (4 * cells)) {
        return false;
    }
    return read_specifier(bytes + index * 4 * cells, cells, interrupt);
}

int device_tree_string_index(const struct device_tree *tree, int node, const char *property, const char *string)
{
    return fdt_stringlist_search(tree->blob, node, property, string);
}
