/* SPDX-License-Identifier: BSD-2-Clause */
#include "element_builder.h"
#include "linux_image.h"
#include <skyscope/boot_info.h>
#include <skyscope/kernel_info.h>
#include <skyscope/vm_devices.h>
#include <string.h>
#include <tool/layout.h>
#include <tool/target.h>

#define COM1_PORT       0x3f8u
#define COM1_PORT_COUNT 8u
#define COM1_IRQ        4u
#define COM1_VECTOR     64u
#define COM1_BAUD_RATE  115200u

/* Where the interrupt controllers of a PC are: the kernel's alone. */
#define IOAPIC_ADDRESS     0xfec00000ull
#define LOCAL_APIC_ADDRESS 0xfee00000ull

/* FPU state by XSAVE, with every component that x86-64 CPUs have today. */
#define XSAVE_AREA 0x4000ull

static void add_serial_device(struct system *system, struct pd *pd, struct serial_config *config)
{
    struct irq *irq = ARENA_NEW(&system->arena, struct irq);
    *irq = (struct irq){
        .line = pd->line,
        .id = config->irq_channel,
        .id_valid = true,
        .kind = PLAN_IRQ_IOAPIC,
        .pin = COM1_IRQ,
        .pin_valid = true,
        .vector = COM1_VECTOR,
        .vector_valid = true,
        .legacy = true,
    };
    list_append(&system->arena, &pd->irqs, irq);
    struct ioport *port = ARENA_NEW(&system->arena, struct ioport);
    *port = (struct ioport){
        .line = pd->line,
        .id_valid = true,
        .base = COM1_PORT,
        .size = COM1_PORT_COUNT,
        .range_valid = true,
    };
    list_append(&system->arena, &pd->ioports, port);
    config->ioport_id = port->id;
    config->port = COM1_PORT;
    config->baud_rate = COM1_BAUD_RATE;
}

/* The VMM makes firmware tables itself: they are built into it. */
static void add_vm_parts(struct system *system, const struct vm_element *vm, struct pd *pd, struct vm_config *config)
{
    (void)system;
    (void)vm;
    (void)pd;
    (void)config;
}

static bool contains(const struct region *region, uint64_t address)
{
    return region->has_physical_address && region->physical_address < address + LAYOUT_PAGE &&
           address < region->physical_address + region->size;
}

static void check_device(struct system *system, const struct region *region)
{
    if (contains(region, IOAPIC_ADDRESS) || contains(region, LOCAL_APIC_ADDRESS)) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> contains an interrupt controller (IOAPIC at %#llx, local APIC at "
                     "%#llx), which is the kernel's; use <irq>",
                     region->name, IOAPIC_ADDRESS, LOCAL_APIC_ADDRESS);
    }
}

const struct target target_x86_64 = {
    .machine = PLAN_MACHINE_X86_64,
    .name = "x86-64",
    .option = "x86_64",
    .directory = "",
    .compile = "-m64",
    .user_end = 0x800000000000ull,
    .ipc_buffer = 0x7ffffffff000ull,
    .stack_top = 0x7fffffffd000ull,
    .thread_stack_top = 0x7ffe00000000ull,
    .thread_ipc_buffers = 0x7ffd00000000ull,
    .vcpu_pages = 0x7ffc00000000ull,
    .physical_end = 1ull << 52,
    /* Legacy frame buffer and ROMs. */
    .isa_start = 0xa0000,
    .isa_end = 0x100000,
    /* What the kernel maps for VMs. */
    .guest_end = 0x800000000000ull,
    .ram_start = 0,
    .ram_low_end = 0xc0000000ull,
    .ram_high_start = 0x100000000ull,
    .ram_maximum = 0x10000000000ull,
    .console = "ttyS0",
    .hotplug_max = VM_MAX_DEVICES,
    .kernel =
        {
            /* Map of the pool and the kernel itself, device registers, logs, statistics. */
            .fixed = 0x100000ull + KERNEL_STATISTICS_REGION_SIZE + KERNEL_LOG_REGION_SIZE + HARDWARE_INFO_REGION_SIZE,
            /* Stacks (normal, NMI, double fault, machine check), descriptor tables, TSS with the I/O permission
             * map, run queues, local page tables. */
            .cpu = 0x40000ull,
            /* TSS-independent I/O permission map, own state, PML4. */
            .pd = 0x3000ull + 0x1000ull,
            /* Thread control block, IPC buffer, XSAVE area. */
            .thread = 0x2000ull + LAYOUT_PAGE + XSAVE_AREA,
            /* vCPU page, control block (VMCB or VMCS), saved host state, permission maps for MSRs (8 KiB) and I/O
             * ports (12 KiB), guest and host XSAVE areas, own state. */
            .vcpu = LAYOUT_PAGE * 4 + 0x2000ull + 0x3000ull + 2 * XSAVE_AREA + 0x2000ull,
            .table_shifts = {39, 30, 21},
            .table_levels = 3,
        },
    .boot =
        {
            .loader = "loader.elf",
            .bios = true,
            .grub_platform = "x86_64-efi",
            .grub_package = "grub-efi-amd64-bin",
            .efi_name = "BOOTX64.EFI",
            .start = "multiboot2",
            .payload = "module2",
            .payload_words = " payload",
            .modules = {"multiboot2", "serial", "efi_gop", "efi_uga", "all_video"},
        },
    .qemu =
        {
            .program = "qemu-system-x86_64",
            .package = "qemu-system-x86",
            .machine = "q35",
            .cpu = "EPYC,+svm,+npt",
            .firmware_package = "ovmf",
            .firmware = {{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
                         {"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"}},
            .efi_device = "VGA",
            .disk_drive = "if=ide",
            .cd_drive = "if=ide,index=2,media=cdrom",
        },
    .add_serial_device = add_serial_device,
    .add_vm_parts = add_vm_parts,
    .check_linux = check_linux_x86_64,
    .check_device = check_device,
};
