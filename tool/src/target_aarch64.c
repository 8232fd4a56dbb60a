/* SPDX-License-Identifier: BSD-2-Clause */
#include "element_builder.h"
#include "linux_image.h"
#include <skyscope/boot_info.h>
#include <skyscope/guest_aarch64.h>
#include <skyscope/kernel_info.h>
#include <tool/guest_device_tree.h>
#include <tool/layout.h>
#include <tool/target.h>

/* In the serial driver. */
#define REGISTERS_ADDRESS 0x14000000ull
#define BAUD_RATE         115200u

/* In the VMM. */
#define DEVICE_TREE_V2_ADDRESS 0x14000000ull
#define DEVICE_TREE_V3_ADDRESS 0x14100000ull

/* Registers of FPU, SVE with 2048-bit vectors, and their predicates. */
#define VECTOR_STATE 0x3000ull

#define READ_WRITE (PLAN_MAP_READ | PLAN_MAP_WRITE)

static struct region *add_device(struct system *system, long line, const char *name, uint64_t size, uint64_t place)
{
    struct region *region = add_region(system, line, name, size, PAGE_SIZE_4K, NULL);
    region->source = REGION_SOURCE_DEVICE;
    region->has_physical_address = true;
    region->physical_address = place;
    return region;
}

/* Whatever the firmware names as the console. */
static void add_serial_device(struct system *system, struct pd *pd, struct serial_config *config)
{
    struct irq *irq = ARENA_NEW(&system->arena, struct irq);
    *irq = (struct irq){.line = pd->line, .id = config->irq_channel, .id_valid = true, .kind = PLAN_IRQ_CONSOLE};
    list_append(&system->arena, &pd->irqs, irq);
    struct region *registers = add_device(system, pd->line, "serial_registers", LAYOUT_PAGE, PLAN_CONSOLE_ADDRESS);
    add_map(system, &pd->maps, pd->line, registers, REGISTERS_ADDRESS, READ_WRITE, NULL)->cached = false;
    config->registers = REGISTERS_ADDRESS;
    config->baud_rate = BAUD_RATE;
}

/* The virtual CPU interface that every VM sees as its GICv2's CPU interface. */
static void add_virtual_cpu_interface(struct system *system, const struct vm_element *vm, struct pd *pd)
{
    struct region *gicv = NULL;
    LIST_FOR (struct region, region, &system->regions) {
        if (region->generated && region->has_physical_address && region->physical_address == PLAN_GICV_ADDRESS) {
            gicv = region;
        }
    }
    if (gicv == NULL) {
        gicv = add_device(system, vm->line, "virtual_cpu_interface", PLAN_GICV_SIZE, PLAN_GICV_ADDRESS);
    }
    add_map(system, &pd->vm->maps, vm->line, gicv, GUEST_GICC_BASE, READ_WRITE, NULL)->cached = false;
}

static void add_device_tree(struct system *system, const struct vm_element *vm, struct pd *pd, uint32_t gic_version,
                            uint64_t address, struct vm_image *image)
{
    struct arena *arena = &system->arena;
    /* HVC is a system call of seL4. */
    const char *psci_method = system->sel4.board != NULL ? "smc" : "hvc";
    struct blob *tree = guest_device_tree_make(arena, vm, GUEST_RAM_BASE, gic_version, psci_method);
    if (tree == NULL) {
        report_error(&system->diagnostics, vm->line,
                     "<vm name=\"%s\">: its device tree is too large; give it fewer vCPUs", vm->name);
        return;
    }
    tree->path = arena_format(arena, "%s_gicv%u.dtb", vm->name, gic_version);
    struct region *region = add_region(
        system, vm->line, arena_format(arena, "%s_device_tree_gicv%u", vm->name, gic_version), 0, PAGE_SIZE_4K, tree);
    add_map(system, &pd->maps, vm->line, region, address, PLAN_MAP_READ, NULL);
    *image = (struct vm_image){.address = address, .size = tree->size};
}

static void add_vm_parts(struct system *system, const struct vm_element *vm, struct pd *pd, struct vm_config *config)
{
    if (vm->vcpu_count <= GUEST_GICV2_MAX_CPUS) {
        add_virtual_cpu_interface(system, vm, pd);
        add_device_tree(system, vm, pd, 2, DEVICE_TREE_V2_ADDRESS, &config->device_tree_gicv2);
    } else {
        report_warning(&system->diagnostics, vm->line,
                       "<vm name=\"%s\"> has %u vCPUs; machines with a GICv2 cannot start it, there a VM has at most "
                       "%u",
                       vm->name, vm->vcpu_count, GUEST_GICV2_MAX_CPUS);
    }
    add_device_tree(system, vm, pd, 3, DEVICE_TREE_V3_ADDRESS, &config->device_tree_gicv3);
}

/* Where the GIC is, and all else that is the kernel's, is known only at boot: it is checked then. */
static void check_device(struct system *system, const struct region *region)
{
    (void)system;
    (void)region;
}

/* Address spaces of PDs are stage-2 tables of 39 bits, as are those of VMs; the root is at level 1. */
const struct target target_aarch64 = {
    .machine = PLAN_MACHINE_AARCH64,
    .name = "AArch64",
    .option = "aarch64",
    .directory = "/aarch64",
    .compile = "aarch64-linux-gnu-gcc",
    .user_end = 0x7ffffff000ull,
    .ipc_buffer = 0x7fffffe000ull,
    .stack_top = 0x7fffffc000ull,
    .thread_stack_top = 0x7fe0000000ull,
    .thread_ipc_buffers = 0x7fd0000000ull,
    .vcpu_pages = 0x7fc0000000ull,
    .physical_end = 1ull << 48,
    .guest_end = GUEST_PHYSICAL_END_AARCH64,
    .ram_start = GUEST_RAM_BASE,
    .ram_low_end = GUEST_PHYSICAL_END_AARCH64,
    .ram_high_start = GUEST_PHYSICAL_END_AARCH64,
    /* The VMM has all of it in its own 39 bits. */
    .ram_maximum = 0x4000000000ull,
    .console = "ttyAMA0",
    .packed_kernels = true,
    .hotplug_max = GUEST_PCI_PORTS,
    .kernel =
        {
            /* Map of the pool and the kernel itself, device registers, logs, statistics; the tables of interrupt
             * translation services. */
            .fixed = 0x600000ull + KERNEL_STATISTICS_REGION_SIZE + KERNEL_LOG_REGION_SIZE + HARDWARE_INFO_REGION_SIZE,
            /* Stacks, run queues, the redistributor's table of pending LPIs. */
            .cpu = 0x40000ull,
            /* Own state, root of the stage-2 table. */
            .pd = 0x1000ull + 0x1000ull,
            /* Thread control block, IPC buffer, vector state. */
            .thread = 0x2000ull + LAYOUT_PAGE + VECTOR_STATE,
            /* vCPU page, saved system registers, vector state, own state. */
            .vcpu = LAYOUT_PAGE + 0x1000ull + VECTOR_STATE + 0x2000ull,
            /* A page of the ITS's table of devices, the device's own table, and those of its SMMU. */
            .msi = 0x10000ull + 0x10000ull + 0x4000ull,
            .table_shifts = {30, 21},
            .table_levels = 2,
        },
    .boot =
        {
            .loader = "loader.img",
            .loader_is_image = true,
            .bios = false,
            .grub_platform = "arm64-efi",
            .grub_package = "grub-efi-arm64-bin",
            .efi_name = "BOOTAA64.EFI",
            .start = "linux",
            .payload = "initrd",
            .payload_words = "",
            .modules = {"linux", "fdt", "efi_gop", "all_video"},
        },
    .qemu =
        {
            .program = "qemu-system-aarch64",
            .package = "qemu-system-arm",
            .machine = "virt,virtualization=on",
            .cpu = "cortex-a72",
            .firmware_package = "qemu-efi-aarch64",
            .firmware = {{"/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"}},
            .has_gic = true,
            .disk_drive = "if=none,id=disk",
            .disk_device = "virtio-blk-pci,drive=disk",
            .cd_drive = "if=none,id=cd,media=cdrom,readonly=on",
            .cd_device = "virtio-blk-pci,drive=cd",
        },
    .add_serial_device = add_serial_device,
    .add_vm_parts = add_vm_parts,
    .check_linux = check_linux_aarch64,
    .check_device = check_device,
};
