/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot protocols of the Arm machine share: the device tree, and flat
 * images. Those are entered at EL1h with MMU and caches off, interrupts masked,
 * X0 the address of the device tree, or 0 if there is none.
 */
#include <libfdt.h>

#include <base/format.h>
#include <base/memory.h>

#include <vmm/arch/boot_layout.h>
#include <vmm/arch/cache.h>
#include <vmm/arch/execution.h>
#include <vmm/boot.h>

uint64_t boot_ram_end(const struct vm *vm, uint64_t address)
{
    for (uint32_t i = 0; i < vm->memory.count; i++) {
        const struct vm_ram_range *range = &vm->memory.ranges[i];
        if (address - range->gpa < range->size) {
            return range->gpa + range->size;
        }
    }
    return 0;
}

bool boot_copy(struct vm *vm, uint64_t to, const void *from, uint64_t size)
{
    void *destination = guest_slice(&vm->memory, GPA(to), size);
    if (destination == NULL) {
        return false;
    }
    memcpy(destination, from, size);
    cache_clean(destination, size);
    return true;
}

/* --- Device tree --- */

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

static const struct vm_image *device_tree_of(const struct vm *vm)
{
    return vm->arch.gic.config.version == 2 ? &vm->config.device_tree_gicv2 : &vm->config.device_tree_gicv3;
}

const char *boot_write_device_tree(struct vm *vm, uint64_t address, const struct boot_chosen *chosen)
{
    const struct vm_image *image = device_tree_of(vm);
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
        fdt_totalsize(original) > image->size || fdt_totalsize(original) > BOOT_DEVICE_TREE_SIZE / 2) {
        return "device tree: not one, or truncated";
    }
    if (fdt_open_into(original, tree, (int)BOOT_DEVICE_TREE_SIZE) != 0 || !two_cells(tree) ||
        set_chosen(tree, chosen) != 0 || set_memory(tree, vm) != 0 || fdt_pack(tree) != 0) {
        return "device tree: damaged";
    }
    cache_clean(tree, fdt_totalsize(tree));
    return NULL;
}

/* --- Flat images --- */

const char *boot_flat_check(const struct vm *vm, uint64_t address, uint64_t size)
{
    uint64_t end = boot_ram_end(vm, address);
    if (end == 0 || size > end - address) {
        return "flat image: not within the guest's memory";
    }
    if ((address & 3u) != 0) {
        return "flat image: its address is not a multiple of 4";
    }
    return NULL;
}

/* The device tree lies at the end of the image's range of RAM, or at its beginning. */
static uint64_t place_device_tree(const struct vm *vm, uint64_t address, uint64_t size)
{
    uint64_t end = boot_ram_end(vm, address);
    if (end - BOOT_DEVICE_TREE_SIZE >= address + size) {
        return end - BOOT_DEVICE_TREE_SIZE;
    }
    uint64_t start = vm->memory.ranges[0].gpa;
    return start + BOOT_DEVICE_TREE_SIZE <= address ? start : 0;
}

const char *boot_flat_enter(struct vm *vm, uint64_t address, uint64_t size)
{
    uint64_t device_tree = 0;
    cache_clean(guest_slice(&vm->memory, GPA(address), size), size);
    if (device_tree_of(vm)->address != 0) {
        device_tree = place_device_tree(vm, address, size);
        if (device_tree == 0) {
            return "flat image: no room beside it for the device tree";
        }
        const char *problem =
            boot_write_device_tree(vm, device_tree, &(struct boot_chosen){.command_line = vm->config.command_line});
        if (problem != NULL) {
            return problem;
        }
    }
    reset_start_at(&vm->vcpus[0], address, device_tree);
    return NULL;
}
