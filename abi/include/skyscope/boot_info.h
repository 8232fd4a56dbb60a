/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader hands to the kernel, and what it found out about the machine.
 *
 * How the loader enters the kernel is said in <skyscope/arch/hardware.h>.
 */
#pragma once

#include <stdint.h>

#include <skyscope/plan.h>

/* Chosen by the build: abi/arch/ARCH is on the include path. How the loader enters
 * the kernel, struct hardware_cpu, struct hardware_arch. */
#include <skyscope/arch/hardware.h>

#define BOOT_INFO_MAGIC   0x30544f4f42594b53ull /* "SKYBOOT0" */
#define BOOT_INFO_VERSION 1u

/* Where part of a plan region lies in the machine's memory. */
struct region_extent {
    uint32_t region;           /* index in the plan */
    uint32_t reserved;         /* 0 */
    uint64_t region_offset;    /* bytes, multiple of the region's page_size */
    uint64_t physical_address; /* multiple of the region's page_size */
    uint64_t size;             /* bytes, multiple of the region's page_size */
};

struct boot_info {
    uint64_t magic;
    uint32_t version;
    uint32_t size;            /* sizeof(struct boot_info) */
    uint64_t kernel_physical; /* contiguous, multiple of 2 MiB */
    uint64_t kernel_virtual;  /* lowest link address, multiple of 2 MiB */
    uint64_t kernel_size;     /* bytes of memory from lowest to highest address */
    uint64_t pool_physical;   /* kernel memory, contiguous, multiple of 2 MiB */
    uint64_t pool_size;       /* plan_header.kernel_pool_size; contents undefined */
    uint64_t plan_physical;   /* the plan, verified */
    uint64_t plan_size;
    uint64_t extents_physical; /* struct region_extent[extent_count], sorted by region, then
                                  offset; covers each region that is RAM completely, once */
    uint32_t extent_count;
    uint32_t cpu_count;         /* CPUs that enter the kernel: plan_header.cpu_count */
    uint64_t hardware_physical; /* struct hardware_info, multiple of 4096 */
    uint64_t hardware_size;     /* multiple of 4096 */
};

#define HARDWARE_INFO_VERSION 4u
#define HARDWARE_MAX_CPUS     64u
#define HARDWARE_MAX_ECAM     16u
#define HARDWARE_MAX_MEMORY   128u
#define HARDWARE_MAX_PCI      256u

enum hardware_firmware {
    HARDWARE_FIRMWARE_UNKNOWN = 0,
    HARDWARE_FIRMWARE_BIOS = 1,
    HARDWARE_FIRMWARE_UEFI = 2,
};

enum hardware_boot_protocol {
    HARDWARE_BOOT_MULTIBOOT1 = 1,
    HARDWARE_BOOT_MULTIBOOT2 = 2,
    HARDWARE_BOOT_PVH = 3,
    HARDWARE_BOOT_LINUX = 4, /* AArch64: as a Linux Image, device tree in x0 */
    HARDWARE_BOOT_UEFI = 5,  /* as a UEFI application */
};

enum hardware_memory_kind {
    HARDWARE_MEMORY_USABLE = 1,
    HARDWARE_MEMORY_RESERVED = 2,
    HARDWARE_MEMORY_ACPI_RECLAIMABLE = 3,
    HARDWARE_MEMORY_ACPI_NVS = 4,
    HARDWARE_MEMORY_BAD = 5,
};

struct hardware_memory {
    uint64_t base, size; /* bytes */
    uint32_t kind;       /* enum hardware_memory_kind */
    uint32_t reserved;
};

struct hardware_ecam {
    uint64_t address;
    uint16_t segment;
    uint8_t first_bus, last_bus;
    uint32_t reserved;
};

struct hardware_pci_bar {
    uint64_t address; /* 0: none */
    uint64_t size;    /* bytes */
    uint32_t flags;   /* bit 0: I/O space; bit 1: 64-bit; bit 2: prefetchable */
    uint32_t reserved;
};

struct hardware_pci_device {
    uint16_t segment;
    uint16_t address; /* bus << 8 | device << 3 | function */
    uint16_t vendor_id, device_id;
    uint16_t subsystem_vendor_id, subsystem_id;
    uint32_t class_revision; /* class << 24 | subclass << 16 | interface << 8 | revision */
    uint8_t header_type;
    uint8_t interrupt_pin, interrupt_line;
    uint8_t reserved;
    uint16_t msi_capability, msix_capability; /* offset in configuration space, 0: none */
    struct hardware_pci_bar bars[6];
};

enum hardware_rollback_store {
    HARDWARE_ROLLBACK_NONE = 0, /* this machine has no place for a rollback index */
    HARDWARE_ROLLBACK_TPM_NV = 1,
};

enum hardware_tpm_interface {
    HARDWARE_TPM_NONE = 0,
    HARDWARE_TPM_FIFO = 1, /* TIS */
    HARDWARE_TPM_CRB = 2,
};

enum hardware_measurement {
    HARDWARE_MEASUREMENT_NONE = 0,     /* no TPM that the loader can use */
    HARDWARE_MEASUREMENT_COMPLETE = 1, /* every event was extended and logged */
    HARDWARE_MEASUREMENT_FAILED = 2,   /* the TPM failed meanwhile: the log's last event says how */
};

/* A PCR as the loader read it after its last event. */
struct hardware_pcr_value {
    uint32_t pcr;
    uint16_t algorithm; /* enum tpm_hash_algorithm, <skyscope/event_log.h> */
    uint16_t size;      /* bytes of value, at most 64 */
    uint8_t value[64];
};
#define HARDWARE_MAX_PCR_VALUES 16u

/* What vouched for the system and what was measured. */
struct hardware_verification {
    char lattice_algorithm[24], hash_based_algorithm[24]; /* names as in the standards */
    uint8_t lattice_key_id[32], hash_based_key_id[32];    /* <crypto/signature.h> */
    uint32_t development;                                 /* 1: the keys are development keys */
    uint32_t key_status;                                  /* enum trust_status */
    uint64_t trust_serial;                                /* of the trust anchor */
    uint64_t rollback_index, creation_time;               /* of the manifest */
    uint32_t unsigned_images;                             /* guest images that nothing vouches for */
    uint32_t rollback_store;                              /* enum hardware_rollback_store */
    uint64_t stored_rollback_index;                       /* as found there, before this start */
    uint64_t signature_cycles;                            /* clock ticks for both signatures */
    uint32_t tpm_interface;                               /* enum hardware_tpm_interface */
    uint32_t event_log_offset;                            /* of the TCG event log, from the region's start */
    uint32_t event_log_size;                              /* bytes, 0: none */
    uint32_t measurement;                                 /* enum hardware_measurement */
    uint32_t rollback_handle;                             /* of the TPM's NV index, 0: none */
    uint32_t pcr_value_count;
    char tpm_manufacturer[8];      /* printable, NUL-terminated */
    uint64_t tpm_firmware_version; /* as the TPM tells: TPM_PT_FIRMWARE_VERSION_1 << 32 | _2 */
    struct hardware_pcr_value pcr_values[HARDWARE_MAX_PCR_VALUES];
};

/* Where random numbers came from. The numbers go into the root of all seeds: they do not change. */
enum hardware_entropy_source {
    HARDWARE_ENTROPY_CPU = 1,         /* RDSEED, else RDRAND; RNDRRS */
    HARDWARE_ENTROPY_FIRMWARE = 2,    /* EFI_RNG_PROTOCOL */
    HARDWARE_ENTROPY_DEVICE_TREE = 3, /* /chosen: rng-seed */
    HARDWARE_ENTROPY_TPM = 4,         /* TPM2_GetRandom */
    /* These are never credited. */
    HARDWARE_ENTROPY_KASLR = 5,   /* /chosen: kaslr-seed */
    HARDWARE_ENTROPY_TIMING = 6,  /* how long things took */
    HARDWARE_ENTROPY_MACHINE = 7, /* time of day and what was started: unique at best */
};

#define HARDWARE_ENTROPY_SOURCES 8u

/* For messages; NULL: unknown. */
static inline const char *hardware_entropy_source_name(uint32_t source)
{
    switch (source) {
    case HARDWARE_ENTROPY_CPU:
        return "processor";
    case HARDWARE_ENTROPY_FIRMWARE:
        return "UEFI";
    case HARDWARE_ENTROPY_DEVICE_TREE:
        return "boot loader's seed";
    case HARDWARE_ENTROPY_TPM:
        return "TPM";
    case HARDWARE_ENTROPY_KASLR:
        return "kaslr-seed";
    case HARDWARE_ENTROPY_TIMING:
        return "timing";
    case HARDWARE_ENTROPY_MACHINE:
        return "time of day";
    default:
        return 0;
    }
}

/* Bits from which on random numbers are given to programs and guests. */
#define HARDWARE_ENTROPY_ENOUGH 256u

/* What the seeds of this start come from. */
struct hardware_entropy {
    uint32_t credited; /* bits, at most 512 */
    uint32_t sources;  /* 1 << enum hardware_entropy_source: credited */
    uint32_t added;    /* ditto: taken, whether credited or not */
    uint32_t seeds;    /* programs that got one */
};

struct hardware_info {
    uint32_t version; /* HARDWARE_INFO_VERSION */
    uint32_t size;    /* bytes in use */
    char boot_loader[64];
    char command_line[256];
    char system_name[64];
    char cpu_vendor[16];
    char cpu_brand[52];
    uint32_t cpu_signature; /* x86-64: CPUID 1 EAX; AArch64: MIDR_EL1 */
    uint32_t firmware;      /* enum hardware_firmware */
    uint32_t boot_protocol; /* enum hardware_boot_protocol */
    uint32_t reserved;
    uint32_t memory_count, cpu_count, ecam_count, pci_count;
    uint64_t memory_total;     /* bytes of usable memory */
    uint64_t tpm_control_area; /* as the ACPI table TPM2 tells, 0: none */
    uint32_t tpm_start_method; /* ditto; 6: FIFO, 7: command response buffer, 0: no table */
    uint32_t tpm_reserved;
    uint64_t rsdp_address; /* 0: none */
    uint64_t payload_address, payload_size;
    uint64_t hash_cycles;      /* clock ticks spent on checking the payload */
    uint64_t wall_clock;       /* seconds since 1970, from the real-time clock, taken as UTC */
    uint64_t wall_clock_ticks; /* clock value when it was read */
    uint8_t payload_hash[64];  /* SHA-512 of the manifest */
    struct hardware_verification verification;
    struct hardware_entropy entropy;
    /* Frame buffer that the boot loader handed over; address 0: none. */
    uint64_t framebuffer_address;
    uint32_t framebuffer_pitch, framebuffer_width, framebuffer_height, framebuffer_bits;
    struct hardware_arch arch; /* interrupt controllers, timers, how to reset */
    struct hardware_cpu cpus[HARDWARE_MAX_CPUS];
    struct hardware_ecam ecams[HARDWARE_MAX_ECAM];
    struct hardware_memory memory[HARDWARE_MAX_MEMORY];
    struct hardware_pci_device pci[HARDWARE_MAX_PCI];
};

/* Bytes of a PLAN_REGION_HARDWARE region. */
#define HARDWARE_INFO_REGION_SIZE 0x20000ull
_Static_assert(sizeof(struct hardware_info) <= HARDWARE_INFO_REGION_SIZE, "hardware region too small");
