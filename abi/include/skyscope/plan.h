/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan: every object of the system, made by the tool from the system file,
 * bound to the machine by the loader, validated and built by the kernel.
 *
 * Flat and position-independent: a header, then one table per kind of object.
 * Objects refer to each other by table index. Little-endian. Every reader
 * checks every offset, count and index before it uses any.
 */
#pragma once

#include <stdint.h>

#define PLAN_MAGIC           "SKYPLAN1"
#define PLAN_VERSION         3u
#define PLAN_NAME_LENGTH     64u
#define PLAN_NONE            0xffffffffu
#define PLAN_ANY_ADDRESS     0xffffffffffffffffull
/* AArch64, device regions: wherever the machine has its console (hardware_arch.uart). */
#define PLAN_CONSOLE_ADDRESS 0xfffffffffffff000ull
/* AArch64, device regions mapped into VMs: the virtual CPU interface of the machine's GICv2
 * (hardware_arch.gicv). On a machine with another GIC their mappings are left out. */
#define PLAN_GICV_ADDRESS    0xffffffffffffe000ull
#define PLAN_GICV_SIZE       0x2000ull

/* Limits that every reader enforces. */
#define PLAN_MAX_SIZE         0x400000u
#define PLAN_MAX_REGIONS      2048u
#define PLAN_MAX_SPACES       128u
#define PLAN_MAX_MAPS         8192u
#define PLAN_MAX_PDS          63u /* as Microkit */
#define PLAN_MAX_THREADS      256u
#define PLAN_MAX_CHANNEL_ENDS 4096u
#define PLAN_MAX_IRQS         256u
#define PLAN_MAX_IOPORTS      256u
#define PLAN_MAX_VMS          32u
#define PLAN_MAX_VCPUS        128u
#define PLAN_MAX_CPUS         32u
#define PLAN_CHANNEL_IDS      62u /* channel, interrupt and child identifiers: 0..61 */
#define PLAN_PRIORITY_MAX     254u

/* ELF's numbers. */
enum plan_machine_kind {
    PLAN_MACHINE_X86_64 = 62,
    PLAN_MACHINE_AARCH64 = 183,
};

enum plan_table {
    PLAN_TABLE_REGIONS,
    PLAN_TABLE_SPACES,
    PLAN_TABLE_MAPS,
    PLAN_TABLE_PDS,
    PLAN_TABLE_THREADS,
    PLAN_TABLE_CHANNEL_ENDS,
    PLAN_TABLE_IRQS,
    PLAN_TABLE_IOPORTS,
    PLAN_TABLE_VMS,
    PLAN_TABLE_VCPUS,
    PLAN_TABLE_COUNT,
};

struct plan_table_location {
    uint32_t offset;     /* bytes from the start of the plan, multiple of 8 */
    uint32_t count;      /* entries */
    uint32_t entry_size; /* sizeof the entry, as the writer knew it; must match */
    uint32_t reserved;   /* 0 */
};

struct plan_header {
    char magic[8];       /* PLAN_MAGIC */
    uint32_t version;    /* PLAN_VERSION */
    uint32_t total_size; /* bytes */
    char system_name[PLAN_NAME_LENGTH];
    uint32_t cpu_count; /* CPUs the system needs: highest cpu named, plus 1 */
    uint32_t machine;   /* enum plan_machine_kind: what it is for */
    /* Bytes of kernel memory that suffice for every kernel object of this plan
     * (page tables, threads, vCPUs, logs); multiple of 2 MiB. */
    uint64_t kernel_pool_size;
    struct plan_table_location tables[PLAN_TABLE_COUNT];
};

enum plan_region_kind {
    PLAN_REGION_RAM = 1,        /* ordinary memory, zeroed, then prefilled */
    PLAN_REGION_DEVICE = 2,     /* device registers at physical_address; never RAM */
    PLAN_REGION_HARDWARE = 3,   /* struct hardware_info, read-only */
    PLAN_REGION_STATISTICS = 4, /* struct kernel_statistics, read-only */
    PLAN_REGION_KERNEL_LOG = 5, /* struct log_ring of the kernel, read-only */
};

enum plan_region_flags {
    /* Physically contiguous (else: any number of page_size-aligned extents). */
    PLAN_REGION_CONTIGUOUS = 1u << 0,
    /* No mapping of it is writable, and it is entirely prefilled: the loader
     * may bind it to the payload's own pages instead of copying. */
    PLAN_REGION_IN_PLACE = 1u << 1,
    /* RAM of one program, in which the loader writes a struct program_seed. */
    PLAN_REGION_SEED = 1u << 2,
};

struct plan_region {
    char name[PLAN_NAME_LENGTH]; /* unique */
    uint64_t size;               /* bytes, multiple of page_size, not 0 */
    uint64_t page_size;          /* 4 KiB, 2 MiB or 1 GiB */
    uint64_t physical_address;   /* PLAN_ANY_ADDRESS, PLAN_CONSOLE_ADDRESS, PLAN_GICV_ADDRESS,
                                    or multiple of page_size */
    uint32_t kind;               /* enum plan_region_kind */
    uint32_t flags;              /* enum plan_region_flags */
    uint32_t image;              /* payload image to prefill from, or PLAN_NONE */
    uint32_t seed_offset;        /* PLAN_REGION_SEED: bytes into the region, multiple of
                                    PROGRAM_SEED_ALIGNMENT (<skyscope/program_seed.h>); else 0 */
    uint64_t image_offset;       /* bytes into the image */
    uint64_t image_size;         /* bytes copied to prefill_offset; the rest is zero */
    uint64_t prefill_offset;     /* bytes into the region */
};

enum plan_space_kind {
    PLAN_SPACE_PD = 1, /* user half of a PD: stage 1 */
    PLAN_SPACE_VM = 2, /* guest-physical space of a VM: nested page table, EPT, stage 2 */
};

struct plan_space {
    char name[PLAN_NAME_LENGTH];
    uint32_t kind;     /* enum plan_space_kind */
    uint32_t reserved; /* 0 */
};

enum plan_map_flags {
    PLAN_MAP_READ = 1u << 0, /* always set */
    PLAN_MAP_WRITE = 1u << 1,
    PLAN_MAP_EXECUTE = 1u << 2, /* never with WRITE in a PD; VMs may have both */
    PLAN_MAP_UNCACHED = 1u << 3,
};

struct plan_map {
    uint32_t space;
    uint32_t region;
    uint64_t region_offset;   /* bytes, multiple of the region's page_size */
    uint64_t virtual_address; /* or guest-physical; multiple of the region's page_size */
    uint64_t size;            /* bytes, multiple of the region's page_size, not 0 */
    uint32_t flags;           /* enum plan_map_flags */
    uint32_t reserved;        /* 0 */
};

enum plan_pd_flags {
    PLAN_PD_PASSIVE = 1u << 0,        /* gives up its budget after init */
    PLAN_PD_FPU = 1u << 1,            /* may use FPU/SSE/AVX; without: #NM is a fault */
    PLAN_PD_SYSTEM_CONTROL = 1u << 2, /* may power off and reset the machine */
};

struct plan_pd {
    char name[PLAN_NAME_LENGTH]; /* unique */
    uint32_t space;              /* of kind PLAN_SPACE_PD; one PD per space */
    uint32_t parent;             /* PD that gets its faults, or PLAN_NONE */
    uint32_t child_id;           /* 0..61, how the parent names it */
    uint32_t flags;              /* enum plan_pd_flags */
    uint32_t first_thread;       /* its threads are consecutive in the table */
    uint32_t thread_count;       /* at least 1 */
};

struct plan_thread {
    uint32_t pd;
    uint32_t index; /* within its PD; thread 0 runs init() and owns the channels by default */
    uint32_t cpu;
    uint32_t priority;   /* 0..254, 254 highest */
    uint64_t budget_us;  /* microseconds, at least 1 */
    uint64_t period_us;  /* microseconds, at least budget_us */
    uint64_t entry;      /* virtual address */
    uint64_t stack_top;  /* virtual address, multiple of 16 */
    uint64_t ipc_buffer; /* virtual address of its 4 KiB IPC buffer; the kernel provides and maps it */
    uint32_t vcpu;       /* vCPU that it runs, or PLAN_NONE */
    uint32_t reserved;   /* 0 */
};

enum plan_channel_flags {
    PLAN_CHANNEL_NOTIFY = 1u << 0, /* this end may notify the other */
    PLAN_CHANNEL_CALL = 1u << 1,   /* this end may call the other's protected procedure */
};

/* One end of a channel; the other end is another entry that mirrors it. */
struct plan_channel_end {
    uint32_t pd;
    uint32_t id; /* 0..61, unique in pd among channels and interrupts */
    uint32_t peer_pd;
    uint32_t peer_thread; /* index in the peer PD of the thread that is notified */
    uint32_t peer_id;
    uint32_t flags; /* enum plan_channel_flags */
};

enum plan_irq_kind {
    PLAN_IRQ_IOAPIC = 1,
    PLAN_IRQ_MSI = 2,
    PLAN_IRQ_GIC = 3,     /* AArch64: pin is an SPI's INTID, 32.. */
    PLAN_IRQ_CONSOLE = 4, /* AArch64: that of hardware_arch.uart */
};

enum plan_irq_flags {
    PLAN_IRQ_EDGE = 1u << 0,       /* else level */
    PLAN_IRQ_ACTIVE_LOW = 1u << 1, /* else active high */
    PLAN_IRQ_LEGACY_ISA = 1u << 2, /* pin is an ISA interrupt number: apply the MADT's overrides */
};

struct plan_irq {
    uint32_t pd;
    uint32_t thread;      /* index in pd of the thread that is notified */
    uint32_t id;          /* 0..61 */
    uint32_t kind;        /* enum plan_irq_kind */
    uint32_t flags;       /* enum plan_irq_flags */
    uint32_t ioapic;      /* index in hardware_info.ioapics */
    uint32_t pin;         /* pin of that IOAPIC */
    uint32_t vector;      /* 0..107, Microkit's vector number: higher is more urgent */
    uint32_t pci_address; /* MSI: bus << 8 | device << 3 | function */
    uint32_t msi_handle;  /* MSI: value of the data register */
};

struct plan_ioport {
    uint32_t pd;
    uint32_t id;   /* 0..61 */
    uint32_t base; /* port number */
    uint32_t size; /* ports, base + size <= 65536 */
};

struct plan_vm {
    char name[PLAN_NAME_LENGTH]; /* unique */
    uint32_t space;              /* of kind PLAN_SPACE_VM */
    uint32_t pd;                 /* its VMM; a PD has at most one VM */
    uint32_t first_vcpu;         /* its vCPUs are consecutive */
    uint32_t vcpu_count;
};

struct plan_vcpu {
    uint32_t vm;
    uint32_t id;         /* 0.., how the VMM names it */
    uint32_t thread;     /* table index of the VMM thread that runs it */
    uint32_t reserved;   /* 0 */
    uint64_t state_page; /* virtual address in the VMM's space of its struct vcpu_page;
                            the kernel provides and maps it */
};
