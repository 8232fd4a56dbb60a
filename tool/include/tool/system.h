/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system that a system file describes, as parsed, expanded and checked.
 * Everything lives in the system's arena. `line` is where the element starts;
 * elements that the tool adds have the line of the <vm> that they come from.
 */
#pragma once

#include <skyscope/plan.h>
#include <skyscope/types.h>
#include <skyscope/vm_config.h>
#include <stdbool.h>
#include <stdint.h>
#include <tool/arena.h>
#include <tool/diagnostics.h>
#include <tool/file.h>

struct elf_image;
struct target;

enum region_source {
    REGION_SOURCE_DEFAULT = 0, /* RAM, or a device: see region_kind() */
    REGION_SOURCE_RAM,
    REGION_SOURCE_DEVICE,
    REGION_SOURCE_HARDWARE,
    REGION_SOURCE_STATISTICS,
    REGION_SOURCE_KERNEL_LOG,
};

struct region {
    long line;
    const char *name; /* never NULL; "" when the file gives none */
    uint64_t size;    /* bytes, 0: not known because of an error */
    bool size_given;
    uint64_t page_size;
    bool page_size_given;
    bool has_physical_address;
    uint64_t physical_address;
    const char *prefill_path;     /* as written, NULL: none */
    struct blob *prefill;         /* NULL: none, or not found */
    const char *boot_information; /* seL4: which of the kernel's the Microkit fills it with, NULL: none */
    enum region_source source;
    bool generated;   /* added by the tool */
    bool is_guest;    /* what a VM boots */
    bool is_unsigned; /* ... and nothing vouches for */
    uint32_t plan_index;
};

struct map {
    long line;
    const char *region_name;
    struct region *region; /* NULL: no such region */
    uint64_t address;
    bool address_valid;
    uint32_t permissions; /* PLAN_MAP_READ | WRITE | EXECUTE */
    bool cached;
    const char *setvar_vaddr, *setvar_size, *setvar_prefill_size;
};

struct irq {
    long line;
    uint32_t id;
    bool id_valid;
    enum plan_irq_kind kind;
    uint32_t pin, ioapic, vector;
    bool pin_valid, vector_valid;
    bool edge, active_low, legacy;
    uint32_t pci_address, msi_handle;
    bool trigger_given, polarity_given;
    const char *setvar_id;
};

struct ioport {
    long line;
    uint32_t id;
    bool id_valid;
    uint32_t base, size;
    bool range_valid;
    const char *setvar_id, *setvar_addr;
};

struct setvar {
    long line;
    const char *symbol;
    const char *region_name;
    struct region *region;
};

struct vcpu {
    long line;
    uint32_t id;
    bool id_valid;
    uint32_t cpu;
    bool cpu_given;
    const char *setvar_id;
};

struct virtual_machine {
    long line;
    const char *name;
    struct list vcpus; /* struct vcpu */
    struct list maps;  /* struct map */
};

struct pd {
    long line;
    const char *name; /* never NULL */
    struct pd *parent;
    uint32_t child_id;
    bool child_id_valid;
    const char *setvar_id; /* symbol in the parent */
    uint32_t priority, cpu;
    uint64_t budget, period; /* microseconds */
    bool passive, fpu, system_control;
    uint64_t stack_size;
    long image_line;
    const char *image_path, *symbols_path; /* as written, NULL: none */
    const char *image_file, *symbols_file; /* where they were found */
    struct elf_image *image;               /* NULL: not found or not usable */
    struct elf_image *symbols;             /* NULL: image itself */
    struct list maps, irqs, ioports, setvars, children;
    struct virtual_machine *vm;
    struct socket_party *socket; /* <tool/socket.h>, NULL: none */
    bool generated;
    uint32_t index; /* in system.pds and in the plan */
};

struct channel_end {
    long line;
    const char *pd_name;
    struct pd *pd; /* NULL: no such PD */
    uint32_t id;
    bool id_valid;
    bool call, notify;
    const char *setvar_id;
};

struct channel {
    long line;
    struct channel_end ends[2];
    uint32_t end_count;
    bool generated;
};

/* A file that a VM boots. */
struct guest_image {
    long line;                  /* 0: no such element */
    const char *path;           /* as written, NULL: none */
    bool is_unsigned;           /* nothing vouches for it, and it can be replaced */
    bool packing_given, packed; /* to be packed? If not given, as it pays */
    struct blob *blob;          /* NULL: none, or not found */
};

/* <vm>: expanded into PDs, regions and channels. */
struct vm_element {
    long line;
    const char *name;
    uint32_t cpus[VM_MAX_VCPUS];
    uint32_t vcpu_count;
    uint64_t memory; /* bytes, 0: not known because of an error */
    uint32_t priority;
    uint64_t budget, period;
    bool autostart, hypervisor_leaf, x2apic, tsc_deadline;
    struct guest_image kernel, initrd;
    const char *command_line;
    enum vm_boot_protocol protocol;
    uint64_t load_address;
    enum vm_on_event on_poweroff, on_reboot, on_crash;
    bool console;
    struct list devices; /* struct vm_device, <tool/vm_device.h> */
    uint32_t index;
};

/* seL4 instead of our own kernel: see <tool/sel4.h>. */
struct sel4_board;
struct sel4_request {
    const struct sel4_board *board; /* NULL: our own kernel */
    const char *sdk;                /* directory, NULL: none (check and expand need none) */
    const char *configuration;      /* of the SDK: "release", "debug", "smp-release" ... */
    uint32_t cpus;                  /* that the SDK's kernel runs on, 0: not known */
    bool firmware_calls;            /* AArch64: that kernel lets PDs call the secure firmware */
};

struct system {
    struct arena arena;
    struct diagnostics diagnostics;
    const char *file;
    const char *name;            /* file name without directory and extension */
    struct list *search;         /* directories, char * */
    const struct target *target; /* what it is built for */
    struct sel4_request sel4;
    const char *kernel_file;       /* the kernel image that says so, NULL: the command line does */
    struct list top_pds;           /* struct pd: as nested in the file */
    struct list pds;               /* struct pd: parents before children, depth first */
    struct list regions;           /* struct region */
    struct list channels;          /* struct channel */
    struct list vms;               /* struct vm_element */
    struct list networks;          /* struct network, <tool/network.h> */
    struct list socket_parties;    /* struct socket_party, <tool/socket.h> */
    long operator_line;            /* of <operator>; 0: none */
    const char *operator_key_path; /* as written, NULL: none */
    struct list blobs;             /* struct blob: each file read once */
    bool syntax_error;             /* not well-formed: nothing else is known */
};

/* The machine that the system is for, as far as it is known. */
struct machine {
    const struct target *target; /* NULL: x86-64 */
    const char *kernel_file;     /* that is for this target, NULL: none was named */
    struct sel4_request sel4;    /* board NULL: our own kernel */
    uint64_t memory;             /* bytes, 0: not known */
    uint64_t cpus;               /* 0: not known */
};

/* Threads of a PD: one per vCPU, at least one. */
uint32_t pd_thread_count(const struct pd *pd);
/* CPU of a thread of the PD: that of its vCPU, if there is one. */
uint32_t pd_thread_cpu(const struct pd *pd, uint32_t thread);
/* Highest CPU that anything is bound to, plus 1. */
uint32_t system_cpu_count(const struct system *system);

struct pd *system_find_pd(const struct system *system, const char *name);
struct region *system_find_region(const struct system *system, const char *name);

/* A region whose place is known only at boot: PLAN_CONSOLE_ADDRESS or PLAN_GICV_ADDRESS. */
bool region_place_is_symbolic(const struct region *region);

/* What the plan says of a region. */
enum plan_region_kind region_kind(const struct system *system, const struct region *region);
/* True if some PD or VM may write to it. */
bool region_is_writable(const struct system *system, const struct region *region);

/* Bytes of a region that the kernel or the loader fills; 0: an ordinary one. */
uint64_t region_provided_size(const struct region *region);

/* Reads a file once however often it is named. NULL: *reason says why. */
struct blob *system_read_blob(struct system *system, const char *path, const char **reason);

/* --- The steps, in order; system_load() does all. --- */

/* XML text to elements; reports what is wrong with each by itself. */
void system_parse(struct system *system, const void *text, size_t size);
/* <vm> elements to PDs, regions and channels. */
void system_expand(struct system *system);
/* Names to pointers, sizes and page sizes, program images. */
void system_resolve(struct system *system);
/* What makes sense only for the system as a whole. */
void system_check(struct system *system, const struct machine *machine);

/* Prepares an empty system. search: directories for images besides the system file's own. */
void system_init(struct system *system, const char *file, const struct list *search, const struct target *target);
/* Reads and does all steps. True if there was no error. */
bool system_load(struct system *system, const char *file, const struct list *search, const struct machine *machine);
void system_free(struct system *system);
