/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot protocols of the PC share: 64-bit mode, memory map, ACPI tables. */
#include <vmm/arch/boot_layout.h>
#include <vmm/arch/execution.h>
#include <vmm/boot.h>
#include <vmm/devices/acpi_tables.h>
#include <vmm/devices/pc_map.h>
#include <vmm/vm.h>

#define PAGE_PRESENT_WRITABLE 3ull
#define PAGE_LARGE            (1ull << 7)
#define ENTRIES               512u

#define FLAT_HIGHEST (1ull << 32)

#define RAM      1u
#define RESERVED 2u

/* Selectors 0x10 and 0x18, as in the Linux boot protocol. */
static const uint64_t gdt[4] = {0, 0, 0x00af9b000000ffffull, 0x00cf93000000ffffull};

bool boot_enter_long_mode(struct vm *vm, uint64_t entry, uint64_t stack_top)
{
    /* PML4, PDPT, four page directories. */
    uint64_t *tables = guest_slice(&vm->memory, GPA(BOOT_PAGE_TABLES), 6 * PAGE_SIZE_4K);
    if (tables == NULL || !guest_zero(&vm->memory, GPA(BOOT_PAGE_TABLES), 6 * PAGE_SIZE_4K) ||
        !guest_write(&vm->memory, GPA(BOOT_GDT), gdt, sizeof(gdt))) {
        return false;
    }
    tables[0] = (BOOT_PAGE_TABLES + PAGE_SIZE_4K) | PAGE_PRESENT_WRITABLE;
    for (uint64_t i = 0; i < 4; i++) {
        tables[ENTRIES + i] = (BOOT_PAGE_TABLES + (2 + i) * PAGE_SIZE_4K) | PAGE_PRESENT_WRITABLE;
    }
    for (uint64_t i = 0; i < 4ull * ENTRIES; i++) {
        tables[2ull * ENTRIES + i] = i * PAGE_SIZE_2M | PAGE_LARGE | PAGE_PRESENT_WRITABLE;
    }
    struct vcpu_context *vcpu = &vm->vcpus[0];
    reset_long_mode(vcpu, BOOT_GDT);
    vcpu->page->state.cr3 = BOOT_PAGE_TABLES;
    vcpu->page->state.rip = entry;
    vcpu->page->state.gpr[VCPU_RSP] = stack_top;
    return true;
}

/* Which virtio-mmio transports there are, and which PCI slots' devices come and go: nothing but tables tells the guest.
 */
static void describe_devices(const struct vm *vm, struct acpi_tables_config *config)
{
    for (uint32_t i = 0; i < vm->devices.count; i++) {
        const struct device_entry *entry = &vm->devices.devices[i];
        struct virtio_mmio_place place;
        if (entry->mmio != NULL && arch_virtio_mmio(entry->config->slot, &place)) {
            config->virtio_mmio[config->virtio_mmio_count++] =
                (struct acpi_virtio_mmio){.base = (uint32_t)place.base, .gsi = place.line};
        }
        if (entry->plug != VM_PLUG_FIXED) {
            config->pci_slots |= 1u << entry->config->slot;
        }
    }
}

bool boot_write_acpi(struct vm *vm)
{
    uint8_t *blob = guest_slice(&vm->memory, GPA(BOOT_ACPI_TABLES), ACPI_TABLES_MAX_SIZE);
    struct acpi_tables_config config = {.vcpu_count = vm->vcpu_count};
    describe_devices(vm, &config);
    return blob != NULL && acpi_tables_build(&config, blob, ACPI_TABLES_MAX_SIZE, BOOT_ACPI_TABLES) != 0;
}

/* --- Flat images: 64-bit mode with 4 GiB mapped one to one, RDI = 0, RSP = 64 KiB, interrupts off --- */

const char *boot_flat_check(const struct vm *vm, uint64_t address, uint64_t size)
{
    (void)vm;
    if (address < BOOT_LOW_END || address >= FLAT_HIGHEST || size > FLAT_HIGHEST - address) {
        return "flat image: must lie between 64 KiB and 4 GiB";
    }
    if (address < BOOT_ROM_END && address + size > BOOT_ACPI_TABLES) {
        return "flat image: reaches into the ACPI tables at 0xe0000";
    }
    return NULL;
}

const char *boot_flat_enter(struct vm *vm, uint64_t address, uint64_t size)
{
    (void)size;
    if (!boot_write_acpi(vm) || !boot_enter_long_mode(vm, address, BOOT_STACK_TOP)) {
        return "too little memory";
    }
    return NULL;
}

uint32_t boot_memory_map(const struct vm *vm, struct boot_memory_entry map[BOOT_MEMORY_ENTRIES])
{
    uint32_t count = 0;
    bool ecam_done = false;
    for (uint32_t i = 0; i < vm->memory.count; i++) {
        uint64_t start = vm->memory.ranges[i].gpa;
        uint64_t end = start + vm->memory.ranges[i].size;
        if (start == 0) {
            /* The last KiB below 640 KiB is where a BIOS keeps its data. */
            map[count++] = (struct boot_memory_entry){0, 0x9fc00, RAM};
            map[count++] = (struct boot_memory_entry){0x9fc00, 0x400, RESERVED};
            map[count++] = (struct boot_memory_entry){0xe0000, 0x20000, RESERVED};
            start = BOOT_ROM_END;
        }
        if (!ecam_done && start > PC_ECAM_BASE) {
            map[count++] = (struct boot_memory_entry){PC_ECAM_BASE, PC_ECAM_SIZE, RESERVED};
            ecam_done = true;
        }
        if (end > start) {
            map[count++] = (struct boot_memory_entry){start, end - start, RAM};
        }
    }
    if (!ecam_done) {
        map[count++] = (struct boot_memory_entry){PC_ECAM_BASE, PC_ECAM_SIZE, RESERVED};
    }
    return count;
}
