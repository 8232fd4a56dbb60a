/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw code at a fixed address, entered there: for tests and benchmarks. In which
 * state, and where it may lie, is the architecture's (boot/ARCH_layout.c).
 */
#include <vmm/boot.h>
#include <vmm/packed_image.h>
#include <vmm/vm.h>

const char *boot_flat(struct vm *vm)
{
    uint64_t address = vm->config.kernel_load_address;
    uint64_t size = image_size(&vm->kernel);
    if (vm->kernel.address == 0 || size == 0) {
        return "flat image: there is none";
    }
    const char *problem = boot_flat_check(vm, address, size);
    if (problem != NULL) {
        return problem;
    }
    void *to = guest_slice(&vm->memory, GPA(address), size);
    if (to == NULL) {
        return "flat image: not within the guest's memory";
    }
    if (!image_read(&vm->kernel, to)) {
        return "flat image: damaged, it cannot be unpacked";
    }
    return boot_flat_enter(vm, address, size);
}
