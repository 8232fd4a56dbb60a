/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's device tree: the tool's, with what only the VMM knows. */
#include <libfdt.h>

#include <base/format.h>
#include <base/memory.h>

#include <vmm/arch/boot_layout.h>
#include <vmm/arch/cache.h>
#include <vmm/vm.h>

/* A property of two cells. */
static int set_u64(void *tree, int node, const char *name, uint64_t value)
{
    fdt64_t cells = cpu_to_fdt64(value);
    return fdt_setprop(tree, node, name, &cells, sizeof(cells));
}

static int set_chosen(void *tree, const struct boot_chosen *chosen)
{
    int node = fdt_path_offset(tree, "/chosen");
    if (node == -FDT_ERR_NOTFOUND) {
        node = fdt_add_subnode(tree, 0, "chosen");
    }
    if (node < 0) {
        return node;
    }
    int result = fdt_setprop(tree, node, "bootargs", chosen->command_line, (int)strlen(chosen->command_line) + 1);
    if (result == 0 && chosen->initrd_size != 0) {
        result = set_u64(tree, node, "linux,initrd-start", chosen->initrd);
        if (result == 0) {
            result = set_u64(tree, node, "linux,initrd-end", chosen->initrd + chosen->initrd_size);
        }
    }
    /* Device tree bindings, chosen.yaml. */
    if (result == 0 && chosen->random) {
        result = fdt_setprop(tree, node, "rng-seed", chosen->rng_seed, sizeof(chosen->rng_seed));
        if (result == 0) {
            result = fdt_setprop(tree, node, "kaslr-seed", chosen->kaslr_seed, sizeof(chosen->kaslr_seed));
        }
    }
    return result;
}

/* Nodes of memory are made from the configuration: it says what there is. */
static int set_memory(void *tree, const struct vm *vm)
{
    static const char type[] = "memory";
    int node;
    while ((node = fdt_node_offset_by_prop_value(tree, -1, "device_type", type, sizeof(type))) >= 0) {
        int result = fdt_del_node(tree, node);
        if (result != 0) {
            return result;
        }
    }
    if (node != -FDT_ERR_NOTFOUND) {
        return node;
    }
    for (uint32_t i = 0; i < vm->memory.count; i++) {
        const struct vm_ram_range *range = &vm->memory.ranges[i];
        char name[32];
        snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)range->gpa);
        fdt64_t cells[2] = {cpu_to_fdt64(range->gpa), cpu_to_fdt64(range->size)};
        node = fdt_add_subnode(tree, 0, name);
        int result = node < 0 ? node : fdt_setprop(tree, node, "device_type", type, sizeof(type));
        result = result != 0 ? result : fdt_setprop(tree, node, "reg", cells, sizeof(cells));
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

/* Addresses and sizes of two cells each, as those written here are. */
static bool two_cells(const void *tree)
{
    return fdt_address_cells(tree, 0) == 2 && fdt_size_cells(tree, 0) == 2;
}

/* libfdt checks what it reads, but not that the blocks are aligned (Devicetree Specification, 5.6) and lie in the usual
 * order, apart from each other. */
static bool sound(const void *tree)
{
    if ((((uintptr_t)tree | fdt_off_mem_rsvmap(tree)) & 7u) != 0 || (fdt_off_dt_struct(tree) & 3u) != 0) {
        return false;
    }
    int reservations = fdt_num_mem_rsv(tree);
    if (fdt_version(tree) < 17 || reservations < 0) {
        return false;
    }
    uint64_t map_end = fdt_off_mem_rsvmap(tree) + ((uint64_t)reservations + 1) * sizeof(struct fdt_reserve_entry);
    uint64_t structure_end = (uint64_t)fdt_off_dt_struct(tree) + fdt_size_dt_struct(tree);
    uint64_t strings_end = (uint64_t)fdt_off_dt_strings(tree) + fdt_size_dt_strings(tree);
    return fdt_off_mem_rsvmap(tree) >= sizeof(struct fdt_header) && map_end <= fdt_off_dt_struct(tree) &&
           structure_end <= fdt_off_dt_strings(tree) && strings_end <= fdt_totalsize(tree);
}

const struct vm_image *boot_device_tree(const struct vm *vm)
{
    return vm->arch.gic.config.version == 2 ? &vm->config.device_tree_gicv2 : &vm->config.device_tree_gicv3;
}

const char *boot_write_device_tree(struct vm *vm, uint64_t address, const struct boot_chosen *chosen)
{
    const struct vm_image *image = boot_device_tree(vm);
    const void *original = (const void *)(uintptr_t)image->address;
    void *tree = guest_slice(&vm->memory, GPA(address), BOOT_DEVICE_TREE_SIZE);
    if (original == NULL) {
        return vm->arch.gic.config.version == 2 ? "device tree: there is none for a GICv2"
                                                : "device tree: there is none for a GICv3";
    }
    if (tree == NULL) {
        return "device tree: no room for it in the guest's memory";
    }
    if (image->size < sizeof(struct fdt_header) || fdt_check_header(original) != 0 ||
        fdt_totalsize(original) > image->size || fdt_totalsize(original) > BOOT_DEVICE_TREE_SIZE / 2 ||
        !sound(original)) {
        return "device tree: not one, or truncated";
    }
    if (fdt_open_into(original, tree, (int)BOOT_DEVICE_TREE_SIZE) != 0 || !two_cells(tree) ||
        set_chosen(tree, chosen) != 0 || set_memory(tree, vm) != 0 || fdt_pack(tree) != 0) {
        return "device tree: damaged";
    }
    cache_clean(tree, fdt_totalsize(tree));
    return NULL;
}
