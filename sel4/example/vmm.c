/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM for a Microkit system of one's own: the library libskyscope_vmm.a has
 * everything, its entry points included; this tells it what the virtual machine is.
 * Addresses are those of example.system.
 */
#include <skyscope/vm_config.h>

/* Set by the Microkit's tool. */
uintptr_t kernel_size, initrd_size, device_tree_size;

extern uintptr_t skyscope_config; /* the library's */

static struct vm_config config = {
    .magic = VM_CONFIG_MAGIC,
    .version = VM_CONFIG_VERSION,
    .size = sizeof(struct vm_config),
    .name = "guest",
    .vcpu_count = 1,
    .boot_protocol = VM_BOOT_LINUX,
    .flags = VM_CONFIG_AUTOSTART,
    .on_reboot = VM_ON_EVENT_RESTART,
    .ram_range_count = 1,
    .ram = {{.gpa = 0x40000000, .address = 0x1040000000, .size = 0x8000000}},
    .kernel = {.address = 0x800000000},
    .initrd = {.address = 0xa00000000},
    .device_tree_gicv2 = {.address = 0x15000000},
    .console = {.transmit_queue = 0x11000000,
                .transmit_data = 0x11100000,
                .receive_queue = 0x11200000,
                .receive_data = 0x11300000,
                .transmit_capacity = 0x10000,
                .receive_capacity = 0x10000,
                .channel = 1,
                .present = 1},
    .command_line = "console=ttyAMA0 hostname=guest",
};

/* The Microkit's library calls constructors before init(). */
__attribute__((constructor)) static void configure(void)
{
    config.kernel.size = kernel_size;
    config.initrd.size = initrd_size;
    config.device_tree_gicv2.size = device_tree_size;
    skyscope_config = (uintptr_t)&config;
}
