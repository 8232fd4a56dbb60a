/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Silence: the interrupt controller delivers nothing when the kernel starts. GICv2:
 * IHI 0048; GICv3: IHI 0069.
 */
#include <base/memory.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader_arch/cpu.h>
#include <loader_arch/gic.h>

#define GICD_SIZE               0x1000u
#define GICD_SIZE_V3            0x10000u
#define GICD_CTLR               0x0000u
#define GICD_TYPER              0x0004u
#define GICD_ICENABLER          0x0180u
#define GICD_ICPENDR            0x0280u
#define GICD_ICACTIVER          0x0380u
#define GICD_ICENABLERE         0x1400u
#define GICD_ICPENDRE           0x1800u
#define GICD_ICACTIVERE         0x1c00u
#define CTLR_ENABLES            0x7u
#define CTLR_WRITE_PENDING      (1u << 31)
#define TYPER_LINES             0x1fu
#define TYPER_EXTENDED          (1u << 8)
#define TYPER_EXTENDED_LINES(t) ((t) >> 27)

#define GICC_CTLR 0x0u
#define GICC_SIZE 0x1000u

#define GICR_TYPER         0x0008u
#define GICR_SGI_FRAME     0x10000u
#define GICR_FRAME_SIZE    0x20000u
#define GICR_FRAME_SIZE_V4 0x40000u
#define TYPER_VIRTUAL_LPIS (1u << 1)
#define TYPER_LAST         (1u << 4)

#define V2M_TYPER 0x8u
#define V2M_SIZE  0x1000u

#define SRE_ENABLE    0xfu /* SRE, DFB, DIB, Enable */
#define PENDING_POLLS 1000000u

#define ICC_SRE_EL2            s3_4_c12_c9_5
#define ICC_IGRPEN1_EL1        s3_0_c12_c12_7
/* Expands the name first. */
#define READ_ICC(name)         read_register(name)
#define WRITE_ICC(name, value) write_register(name, value)

static uint32_t version;
static uint64_t cpu_interface; /* GICv2's */

static void clear(uint64_t base, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        mmio_write32(base + 4 * i, 0xffffffffu);
    }
}

static void wait_for_writes(uint64_t distributor)
{
    for (uint32_t i = 0; i < PENDING_POLLS && (mmio_read32(distributor + GICD_CTLR) & CTLR_WRITE_PENDING) != 0; i++) {
    }
}

static void silence_v2(const struct hardware_arch *hardware)
{
    uint64_t distributor = hardware->distributor.address;
    mmio_write32(distributor + GICD_CTLR, 0);
    uint32_t words = (mmio_read32(distributor + GICD_TYPER) & TYPER_LINES) + 1;
    clear(distributor + GICD_ICENABLER, words); /* the first word: this CPU's own */
    clear(distributor + GICD_ICPENDR, words);
    clear(distributor + GICD_ICACTIVER, words);
    cpu_interface = hardware->gicc.address;
}

/* Affinity routing stays as it is: it may not be switched off once it is on. */
static void silence_distributor_v3(uint64_t distributor)
{
    mmio_write32(distributor + GICD_CTLR, mmio_read32(distributor + GICD_CTLR) & ~CTLR_ENABLES);
    wait_for_writes(distributor);
    uint32_t type = mmio_read32(distributor + GICD_TYPER);
    uint32_t words = type & TYPER_LINES;
    clear(distributor + GICD_ICENABLER + 4, words);
    clear(distributor + GICD_ICPENDR + 4, words);
    clear(distributor + GICD_ICACTIVER + 4, words);
    if ((type & TYPER_EXTENDED) != 0) {
        words = TYPER_EXTENDED_LINES(type) + 1;
        clear(distributor + GICD_ICENABLERE, words);
        clear(distributor + GICD_ICPENDRE, words);
        clear(distributor + GICD_ICACTIVERE, words);
    }
    wait_for_writes(distributor);
}

static void silence_redistributors(const struct hardware_range *region)
{
    for (uint64_t offset = 0; region->size - offset >= GICR_FRAME_SIZE;) {
        uint64_t frame = region->address + offset;
        uint32_t type = mmio_read32(frame + GICR_TYPER);
        clear(frame + GICR_SGI_FRAME + GICD_ICENABLER, 1);
        clear(frame + GICR_SGI_FRAME + GICD_ICPENDR, 1);
        clear(frame + GICR_SGI_FRAME + GICD_ICACTIVER, 1);
        uint64_t size = (type & TYPER_VIRTUAL_LPIS) != 0 ? GICR_FRAME_SIZE_V4 : GICR_FRAME_SIZE;
        if ((type & TYPER_LAST) != 0 || region->size - offset < size) {
            return;
        }
        offset += size;
    }
}

void interrupts_quiesce_cpu(void)
{
    if (version == 2) {
        mmio_write32(cpu_interface + GICC_CTLR, 0);
    } else if (version == 3) {
        WRITE_ICC(ICC_SRE_EL2, READ_ICC(ICC_SRE_EL2) | SRE_ENABLE);
        instruction_barrier();
        if ((READ_ICC(ICC_SRE_EL2) & 1) != 0) {
            WRITE_ICC(ICC_IGRPEN1_EL1, 0);
        }
        instruction_barrier();
    }
}

static bool reach_all(const struct hardware_arch *hardware)
{
    if (hardware->gic_version == 2) {
        return device_reach(hardware->distributor.address, GICD_SIZE) &&
               device_reach(hardware->gicc.address, GICC_SIZE);
    }
    bool reached = device_reach(hardware->distributor.address, GICD_SIZE_V3);
    for (uint32_t i = 0; reached && i < hardware->redistributor_count; i++) {
        reached = device_reach(hardware->redistributors[i].address, hardware->redistributors[i].size);
    }
    return reached;
}

/* The frame says which SPIs are its own, where nobody else did (GICv2m: Arm SBSA, appendix E). */
static void complete_v2m(struct hardware_arch *hardware)
{
    if (hardware->v2m.address != 0 && hardware->v2m_spi_count == 0 && device_reach(hardware->v2m.address, V2M_SIZE)) {
        uint32_t type = mmio_read32(hardware->v2m.address + V2M_TYPER);
        hardware->v2m_first_spi = type >> 16 & 0x3ff;
        hardware->v2m_spi_count = type & 0x3ff;
    }
}

/* The CPU that runs the loader is number 0, whatever the order of the firmware's list. */
static void put_this_cpu_first(struct hardware_info *hardware)
{
    struct hardware_cpu self = {.mpidr = read_register(mpidr_el1) & MPIDR_AFFINITY};
    uint32_t place = 0;
    while (place < hardware->cpu_count && hardware->cpus[place].mpidr != self.mpidr) {
        place++;
    }
    if (place < hardware->cpu_count) {
        self = hardware->cpus[place];
    } else if (hardware->cpu_count > 0) {
        log_warning("the firmware does not list the processor with MPIDR 0x%llx", (unsigned long long)self.mpidr);
    }
    if (place == HARDWARE_MAX_CPUS) {
        place--;
    }
    memmove(&hardware->cpus[1], &hardware->cpus[0], place * sizeof(self));
    hardware->cpus[0] = self;
    hardware->cpu_count = place < hardware->cpu_count ? hardware->cpu_count : place + 1;
    if (hardware->arch.psci_conduit != HARDWARE_PSCI_SMC) {
        hardware->cpu_count = 1; /* the others cannot be started */
    }
}

void interrupts_quiesce(struct hardware_info *hardware)
{
    const struct hardware_arch *arch = &hardware->arch;
    put_this_cpu_first(hardware);
    if (arch->gic_version == 0) {
        log_warning("no interrupt controller that the loader knows (GICv2, GICv3)");
        return;
    }
    if (!reach_all(arch)) {
        log_warning("the interrupt controller's registers cannot be reached");
        return;
    }
    version = arch->gic_version;
    if (version == 2) {
        silence_v2(arch);
    } else {
        silence_distributor_v3(arch->distributor.address);
        for (uint32_t i = 0; i < arch->redistributor_count; i++) {
            silence_redistributors(&arch->redistributors[i]);
        }
    }
    interrupts_quiesce_cpu();
    complete_v2m(&hardware->arch);
}
