/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kind of machine that a system is built for: where the tool puts things in
 * address spaces, what guests look like, and how much memory the kernel takes.
 * All that the tool knows of one machine and not of the other is in one of these.
 */
#pragma once

#include <skyscope/plan.h>
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct pd;
struct region;
struct serial_config;
struct system;
struct virtual_machine;
struct vm_config;
struct vm_element;

/* What boots it. */
struct target_boot {
    const char *loader;   /* file that the build makes: loader.elf, loader.img */
    bool loader_is_image; /* a Linux-like image, else an ELF file */
    bool bios;            /* there is a BIOS besides UEFI */
    const char *grub_platform, *grub_package, *efi_name;
    const char *start, *payload; /* GRUB's commands, in front of the file */
    const char *payload_words;   /* behind it */
    const char *modules[8];      /* of GRUB for UEFI on this machine alone; NULL at the end */
};

/* QEMU's machine, for `skyscope run`. */
struct target_qemu {
    const char *program, *package, *machine, *cpu, *firmware_package;
    const char *firmware[2][2]; /* code and variables, by preference */
    const char *efi_device;     /* so that GRUB has a screen; NULL: it needs none */
    bool has_gic;               /* its machine has the property gic-version */
    /* How a disk or CD is attached: the drive's options, and a device for it or NULL. */
    const char *disk_drive, *disk_device, *cd_drive, *cd_device;
};

struct target {
    enum plan_machine_kind machine;
    const char *name;      /* for messages: "x86-64" */
    const char *option;    /* for command lines: "x86_64" */
    const char *directory; /* of what is built for it, below the installation directory: "" or "/NAME" */
    const char *compile;   /* how to compile a program for it, for messages */

    /* A PD's address space: its end, then where the parts of threads and vCPUs are (layout.h). Programs end
     * below vcpu_pages. */
    uint64_t user_end;
    uint64_t ipc_buffer, stack_top;                /* first thread */
    uint64_t thread_ipc_buffers, thread_stack_top; /* thread i > 0 */
    uint64_t vcpu_pages;

    uint64_t physical_end; /* first address that the machine's memory and devices cannot have */
    uint64_t isa_start;    /* devices, never RAM, whatever the maps say; isa_start == isa_end: none */
    uint64_t isa_end;

    /* Guests: memory from ram_start on; above ram_low_end it goes on at ram_high_start. */
    uint64_t guest_end; /* first guest-physical address that maps cannot have */
    uint64_t ram_start, ram_low_end, ram_high_start;
    uint64_t ram_maximum; /* bytes of one VM */
    const char *console;  /* what Linux calls the guest's serial port */
    bool packed_kernels;  /* the VMM takes a packed Linux kernel: it is not compressed by itself */
    uint32_t hotplug_max; /* devices of one VM that can come and go */

    /* Kernel memory, upper bounds in bytes: see pool_size.c. */
    struct {
        uint64_t fixed, cpu, pd, thread, vcpu, msi;
        /* Bits of an address below which a table of each level under the root translates. */
        uint32_t table_shifts[3], table_levels;
    } kernel;

    struct target_boot boot;
    struct target_qemu qemu;

    /* Gives the serial driver its device. */
    void (*add_serial_device)(struct system *system, struct pd *pd, struct serial_config *config);
    /* Adds to a VM and its VMM what this machine's VMs have besides memory. */
    void (*add_vm_parts)(struct system *system, const struct vm_element *vm, struct pd *pd, struct vm_config *config);
    /* Reports why a VM's kernel is no Linux for this machine, or does not fit the VM. */
    void (*check_linux)(struct system *system, const struct vm_element *vm);
    /* Reports a device region that covers what is the kernel's. */
    void (*check_device)(struct system *system, const struct region *region);
};

extern const struct target target_x86_64, target_aarch64;

/* Directory of GRUB's modules for this machine's UEFI: the package's, or where the build unpacked them. NULL: neither
 * is there. */
const char *target_grub_modules(struct arena *arena, const struct target *target);

/* By its number in ELF files, or by its option; NULL: there is no such target. */
const struct target *target_of_machine(uint32_t machine);
const struct target *target_of_option(const char *option);
