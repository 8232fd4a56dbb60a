/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot protocols of the Arm machine share, and flat images. Those are
 * entered at EL1h with MMU and caches off, interrupts masked, X0 the address of
 * the device tree, or 0 if there is none.
 */
#include <base/memory.h>

#include <vmm/arch/boot_layout.h>
#include <vmm/arch/cache.h>
#include <vmm/arch/execution.h>
#include <vmm/boot.h>
#include <vmm/packed_image.h>

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

bool boot_put_image(struct vm *vm, uint64_t to, const struct vm_image *image)
{
    void *destination = guest_slice(&vm->memory, GPA(to), image_size(image));
    if (destination == NULL || !image_read(image, destination)) {
        return false;
    }
    cache_clean(destination, image_size(image));
    return true;
}

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
    if (boot_device_tree(vm)->address != 0) {
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
