/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw code at a fixed address, entered in 64-bit mode with 4 GiB mapped one to
 * one: for tests and benchmarks. RDI = 0, RSP = 64 KiB, interrupts off.
 */
#include <vmm/boot.h>
#include <vmm/vm.h>

#define FLAT_HIGHEST (1ull << 32)

const char *boot_flat(struct vm *vm)
{
    uint64_t address = vm->config.kernel_load_address;
    if (vm->kernel.address == 0 || vm->kernel.size == 0) {
        return "flat image: there is none";
    }
    if (address < BOOT_LOW_END || address >= FLAT_HIGHEST || vm->kernel.size > FLAT_HIGHEST - address) {
        return "flat image: must lie between 64 KiB and 4 GiB";
    }
    if (address < BOOT_ROM_END && address + vm->kernel.size > BOOT_ACPI_TABLES) {
        return "flat image: reaches into the ACPI tables at 0xe0000";
    }
    if (!guest_write(&vm->memory, GPA(address), (const void *)(uintptr_t)vm->kernel.address, vm->kernel.size)) {
        return "flat image: not within the guest's memory";
    }
    if (!boot_write_acpi(vm) || !boot_enter_long_mode(vm, address, BOOT_STACK_TOP)) {
        return "too little memory";
    }
    return NULL;
}
