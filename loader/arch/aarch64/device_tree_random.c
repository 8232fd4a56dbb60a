/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers that the boot loader left in /chosen (device tree bindings, chosen.yaml). */
#include <loader_arch/device_tree.h>

#include <libfdt.h>

#include <base/memory.h>

/* Copies what fits, and puts FDT_NOP in place of the property. */
static uint32_t take(const struct device_tree *tree, int node, const char *name, uint8_t *bytes, uint32_t room)
{
    uint32_t size;
    const uint8_t *property = device_tree_property(tree, node, name, &size);
    if (size == 0) {
        return 0;
    }
    size = size < room ? size : room;
    memcpy(bytes, property, size);
    (void)fdt_nop_property((void *)(uintptr_t)tree->blob, node, name);
    return size;
}

void device_tree_take_random(const struct device_tree *tree, struct device_tree_random *random)
{
    int node = fdt_path_offset(tree->blob, "/chosen");
    memset(random, 0, sizeof(*random));
    if (node >= 0) {
        random->seed_size = take(tree, node, "rng-seed", random->seed, sizeof(random->seed));
        random->kaslr_size = take(tree, node, "kaslr-seed", random->kaslr, sizeof(random->kaslr));
    }
}
