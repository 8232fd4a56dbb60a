/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw code at a fixed address, entered there: for tests and benchmarks. In which
 * state, and where it may lie, is the architecture's (boot/ARCH_layout.c).
 */
#include <vmm/boot.h>
#include <vmm/vm.h>

const char *boot_flat(struct vm *vm)
{
    uint64_t address = vm->config.kernel_load_address;
    if (vm->kernel.address == 0 || vm->kernel.size == 0) {
        return "flat image: there is none";
    }
    const char *problem = boot_flat_check(vm, address, vm->kernel.size);
    if (problem != NULL) {
        return problem;
    }
    if (!guest_write(&vm->memory, GPA(address), (const void *)(uintptr_t)vm->kernel.address, vm->kernel.size)) {
        return "flat image: not within the guest's memory";
    }
    return boot_flat_enter(vm, address, vm->kernel.size);
}
