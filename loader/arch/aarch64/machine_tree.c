/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's device tree: made reachable and checked once. */
#include <loader_arch/entry.h>

#include <loader/machine.h>
#include <loader_arch/device_tree.h>

/* Without the MMU everything can be reached. */
static bool reach(uint64_t address, uint64_t size)
{
    return mmu_registers.ttbr0 == 0 || page_tables_map_early(address, size);
}

const struct device_tree *machine_tree(uint64_t address, struct loader_error *error)
{
    static struct device_tree tree;
    const void *bytes = (const void *)(uintptr_t)address;
    if (tree.blob != NULL && tree.blob == bytes) {
        return &tree;
    }
    if (address == 0 || address % 8 != 0) {
        error_set(error, "no device tree: the boot loader says that it is at 0x%llx", (unsigned long long)address);
        return NULL;
    }
    uint32_t size = reach(address, DEVICE_TREE_HEADER_SIZE) ? device_tree_size(bytes) : 0;
    if (size == 0 || size > DEVICE_TREE_MAX_SIZE || !reach(address, size)) {
        error_set(error, "no device tree at 0x%llx, where the boot loader says that it is",
                  (unsigned long long)address);
        return NULL;
    }
    return device_tree_open(bytes, size, &tree, error) != 0 ? &tree : NULL;
}
