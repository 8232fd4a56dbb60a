/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration blocks that the tool generates from the system file and maps,
 * read-only, into the PDs that it adds. In a plain Microkit system they are
 * ordinary memory regions with a prefill_path, so the same PDs run there too.
 * Strings are NUL-terminated. Virtual addresses are the reader's own.
 */
#pragma once

#include <stdint.h>

#define VM_CONFIG_MAGIC        0x30474643564d4b53ull /* "SKMVCFG0" */
#define VM_CONFIG_VERSION      4u
#define VM_NAME_LENGTH         64u
#define VM_COMMAND_LINE_LENGTH 2048u
#define VM_MAX_VCPUS           16u
#define VM_MAX_RAM_RANGES      4u

enum vm_boot_protocol {
    VM_BOOT_LINUX = 1, /* bzImage by the 64-bit boot protocol; arm64 Image */
    VM_BOOT_PVH = 2,
    VM_BOOT_MULTIBOOT = 3,
    VM_BOOT_MULTIBOOT2 = 4,
    VM_BOOT_FIRMWARE = 5, /* UEFI or BIOS image below 4 GiB */
    VM_BOOT_FLAT = 6,     /* raw bytes at kernel_load_address, entered there in 64-bit mode with
                             paging identity-mapped: for tests and benchmarks */
};

enum vm_on_event {                       /* libvirt's on_poweroff, on_reboot, on_crash */
                   VM_ON_EVENT_STOP = 0, /* stay stopped until the manager starts it */
                   VM_ON_EVENT_RESTART = 1,
};

/* A blob mapped into the VMM. */
struct vm_image {
    uint64_t address; /* virtual address in the VMM, 0: none */
    uint64_t size;    /* bytes */
    /* 0: it is as it is. Else it is one block of LZ4 (the block format, without a frame) of so many bytes:
     * the kernel and the initial RAM disk may be. */
    uint64_t unpacked_size;
};

/* A range of guest RAM: where the guest sees it and where the VMM sees it. */
struct vm_ram_range {
    uint64_t gpa;
    uint64_t address; /* virtual address in the VMM */
    uint64_t size;    /* bytes, multiple of 2 MiB */
};

/* A character queue pair: see <skyscope/serial_queue.h>. */
struct queue_pair_config {
    uint64_t transmit_queue; /* virtual addresses: queue page and data */
    uint64_t transmit_data;
    uint64_t receive_queue;
    uint64_t receive_data;
    uint32_t transmit_capacity; /* bytes, power of two */
    uint32_t receive_capacity;
    uint32_t channel; /* channel to the other side */
    uint32_t present; /* 0: no such pair */
};

enum vm_config_flags {
    VM_CONFIG_HYPERVISOR_LEAF = 1u << 0, /* show CPUID 0x40000000 and the hypervisor bit */
    VM_CONFIG_AUTOSTART = 1u << 1,       /* start at boot, not only on the manager's word */
    VM_CONFIG_X2APIC = 1u << 2,          /* offer x2APIC */
    VM_CONFIG_TSC_DEADLINE = 1u << 3,    /* offer the TSC-deadline timer */
};

struct vm_config {
    uint64_t magic;
    uint32_t version;
    uint32_t size; /* sizeof(struct vm_config) */
    char name[VM_NAME_LENGTH];
    uint32_t vm_id; /* index among the system's VMs, as in the manager */
    uint32_t vcpu_count;
    uint32_t boot_protocol;                    /* enum vm_boot_protocol */
    uint32_t flags;                            /* enum vm_config_flags */
    uint32_t on_poweroff, on_reboot, on_crash; /* enum vm_on_event */
    uint32_t ram_range_count;
    struct vm_ram_range ram[VM_MAX_RAM_RANGES]; /* ascending gpa; the first starts where the architecture's RAM does */
    struct vm_image kernel, initrd, firmware;
    /* AArch64: the guest's device tree, for the version of the host's GIC (address 0: the
     * VM cannot run with that). Its /chosen has stdout-path; the rest the VMM adds. */
    struct vm_image device_tree_gicv2, device_tree_gicv3;
    struct vm_image devices;          /* struct vm_devices_config (<skyscope/vm_devices.h>); address 0: no devices */
    uint64_t kernel_load_address;     /* VM_BOOT_FLAT */
    uint64_t vcpu_page[VM_MAX_VCPUS]; /* virtual address of each vCPU's struct vcpu_page */
    uint64_t control;                 /* virtual address of struct vm_control, 0: no manager */
    uint32_t control_channel;
    uint32_t log_size;                /* bytes of the log region */
    uint64_t log;                     /* virtual address of this VMM's struct log_ring, 0: none */
    struct queue_pair_config console; /* the guest's first serial port */
    char command_line[VM_COMMAND_LINE_LENGTH];
};

#define CONSOLE_CONFIG_MAGIC   0x30474643534e4f43ull
#define CONSOLE_CONFIG_VERSION 2u
/* 32 VMs, the manager, and ports of virtio consoles; as many as a protection domain has channels for. */
#define CONSOLE_MAX_CLIENTS    59u

struct console_client_config {
    char name[VM_NAME_LENGTH];
    struct queue_pair_config queue; /* transmit: to the client; receive: from it */
    uint64_t history;               /* virtual address of the output kept for this client */
    uint32_t history_size;          /* bytes, power of two */
    uint32_t is_manager;            /* 1: the manager's console */
};

/* Console multiplexer. */
struct console_config {
    uint64_t magic;
    uint32_t version;
    uint32_t size;
    struct queue_pair_config driver; /* to and from the serial driver */
    uint32_t client_count;           /* client 0 is in front after boot */
    uint32_t hot_key;                /* control character that introduces a command: 0x01..0x1f */
    struct console_client_config clients[CONSOLE_MAX_CLIENTS];
};

#define SERIAL_CONFIG_MAGIC   0x3047464352455324ull
#define SERIAL_CONFIG_VERSION 2u

/* Serial driver: x86-64 a 16550 by I/O ports, AArch64 a PL011. */
struct serial_config {
    uint64_t magic;
    uint32_t version;
    uint32_t size;
    uint32_t ioport_id; /* its <ioport>'s id */
    uint32_t port;      /* base port, 0x3f8 for COM1 */
    uint32_t irq_channel;
    uint32_t baud_rate;
    uint64_t registers;              /* virtual address of a PL011's registers, 0: by I/O ports */
    struct queue_pair_config client; /* transmit: characters received on the line, to the client;
                                        receive: characters to send */
};

#define MANAGER_CONFIG_MAGIC   0x304746434752474dull
#define MANAGER_CONFIG_VERSION 5u
#define MANAGER_MAX_VMS        32u
#define MANAGER_MAX_CHILDREN   62u

struct manager_vm_config {
    char name[VM_NAME_LENGTH];
    uint64_t control; /* virtual address of its struct vm_control */
    uint64_t log;     /* virtual address of its VMM's struct log_ring */
    uint32_t log_size;
    uint32_t channel;
    uint32_t child_id;  /* the VMM PD is the manager's child */
    uint32_t kernel_vm; /* index in kernel_statistics.vm_names */
    uint64_t memory;    /* bytes of guest RAM */
    uint32_t vcpu_count;
    uint32_t reserved;
};

struct manager_config {
    uint64_t magic;
    uint32_t version;
    uint32_t size;
    struct queue_pair_config console;
    uint64_t hardware;          /* struct hardware_info */
    uint64_t statistics;        /* struct kernel_statistics */
    uint64_t kernel_log;        /* struct log_ring */
    uint64_t operator_key;      /* the operator's public key file, <crypto/seal.h>; 0: none */
    uint64_t operator_key_size; /* bytes */
    uint64_t storage;           /* struct storage_counters, <skyscope/storage_counters.h>; 0: no disks */
    uint64_t storage_request;   /* struct storage_request, <skyscope/storage_control.h>; 0: no disks */
    /* <skyscope/switch_control.h>; all 0: no networks */
    uint64_t switch_request; /* struct switch_request */
    uint64_t switch_status;  /* struct switch_status */
    uint64_t switch_capture; /* struct switch_capture */
    uint32_t switch_capture_size;
    uint32_t switch_channel;
    uint32_t vm_count;
    uint32_t storage_channel;
    struct manager_vm_config vms[MANAGER_MAX_VMS];
};

/* Symbol in each of these PDs that the tool rewrites (setvar_vaddr) with the
 * address of its configuration block: `uintptr_t skyscope_config`. */
