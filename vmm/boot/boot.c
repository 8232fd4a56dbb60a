/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/boot.h>
#include <vmm/vm.h>

const char *boot_load(struct vm *vm)
{
    switch (vm->config.boot_protocol) {
    case VM_BOOT_LINUX:
        return boot_linux(vm);
    case VM_BOOT_FLAT:
        return boot_flat(vm);
    case VM_BOOT_PVH:
    case VM_BOOT_MULTIBOOT:
    case VM_BOOT_MULTIBOOT2:
    case VM_BOOT_FIRMWARE:
        return "this boot protocol is not supported on this machine";
    default:
        return "unknown boot protocol";
    }
}
