/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller that an AArch64 guest sees: a GICv2 distributor (Arm IHI
 * 0048) or a GICv3 distributor with redistributors and, where asked for, an ITS with
 * LPIs (Arm IHI 0069). The CPU interface is the hardware's; this model reaches it
 * through the list registers in each vCPU's page (struct vcpu_gic).
 *
 * One security state (GICD_CTLR.DS = 1), affinity routing always on (GICv3) or not
 * there (GICv2), five bits of priority.
 *
 * Who calls what, always with the VM's lock held:
 *   - a vCPU's exit from a memory access: the bus. Then gic_take_retry().
 *   - VCPU_EXIT_SYSTEM_REGISTER for ICC_SGI1R_EL1 etc.: gic_send_sgi().
 *   - VCPU_EXIT_INTERRUPT_WINDOW: gic_maintenance().
 *   - VCPU_EXIT_TIMER: gic_set_ppi() with the timer's level, which is brought up to date
 *     before every gic_enter() for as long as it is asserted, and released once
 *     vcpu_gic.private_enabled says that the kernel delivers it.
 *   - before a vCPU runs (again): gic_enter().
 *   - a vCPU that halts (WFI), is switched off or is paused: gic_leave(), and to know
 *     whether it may sleep: gic_wakes().
 * A vCPU's page is touched only if the vCPU is the one whose exit is being handled
 * (gic_ops.current) or if gic_leave() was called since its last gic_enter(); another
 * one is kicked and brings its state up to date in its next gic_enter().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/vcpu.h>
#include <skyscope/vm_config.h>

#include <vmm/bus.h>
#include <vmm/guest_memory.h>
#include <vmm/irq.h>
#include <vmm/log.h>

#define GIC_PRIVATE   32u  /* SGIs 0..15, PPIs 16..31 */
#define GIC_SPIS      224u /* INTIDs 32..255 */
#define GIC_INTIDS    (GIC_PRIVATE + GIC_SPIS)
#define GIC_SPI_BANKS (GIC_SPIS / 32u)
#define GIC_FIRST_LPI 8192u
#define GIC_LPIS      8192u /* INTIDs of 14 bits */
#define GIC_LPI_WORDS (GIC_LPIS / 64u)
#define GIC_V2_VCPUS  8u
#define GIC_NO_VCPU   0xffu

#define GIC_ITS_COLLECTIONS (VM_MAX_VCPUS + 1u) /* GITS_TYPER.HCC */
#define GIC_ITS_DEVICE_BITS 12u                 /* the requester IDs of 16 buses */
#define GIC_ITS_EVENT_BITS  16u

struct vm;

struct gic_ops {
    /* Index of the vCPU whose thread runs now, or GIC_NO_VCPU. */
    uint32_t (*current)(void *context);
    /* Makes a vCPU that is in the guest or asleep look at its interrupts: its thread
     * calls gic_enter(), or gic_wakes() and then gic_enter(). Called for any vCPU but
     * the current one. */
    void (*kick)(void *context, uint32_t vcpu);
};

struct gic_vcpu_config {
    uint64_t mpidr;            /* affinity fields as in VMPIDR_EL2 (GICv3) */
    struct vcpu_gic *hardware; /* in the vCPU's page */
};

struct gic_config {
    uint32_t version;    /* 2 or 3: struct vcpu_gic.version */
    uint32_t vcpu_count; /* 1..8 (GICv2), 1..VM_MAX_VCPUS (GICv3) */
    bool its;            /* GICv3: LPIs and an ITS */
    struct gic_vcpu_config vcpus[VM_MAX_VCPUS];
    const struct gic_ops *ops;
    void *context; /* for ops */
};

/* 32 interrupts: bit n of each word is INTID base + n. */
struct gic_bank {
    uint32_t group; /* 1: group 1 */
    uint32_t enabled;
    uint32_t edge;    /* 1: edge-triggered */
    uint32_t level;   /* the line is asserted */
    uint32_t latched; /* pending by an edge or by a write, and not in a list register */
    uint32_t active;  /* as last seen: while it is listed, the guest may have gone on */
    /* In a list register of the holder, and pending there when it was written. */
    uint32_t listed, listed_pending;
    /* What other vCPUs wrote meanwhile, done when the list register is read back. */
    uint32_t drop_pending, set_active, clear_active;
    uint8_t priority[32];
    uint8_t holder[32]; /* vCPU in whose list register it is, or where it is active */
};

struct gic_vcpu {
    uint32_t attention; /* not 0: gic_enter() has something to do */
    bool in_guest;      /* since the last gic_enter() */
    struct vcpu_gic *hardware;
    uint32_t used;                   /* list registers that this model filled: bit per register */
    uint32_t soft;                   /* those whose pending state does not come from a line */
    uint32_t listed[VCPU_GIC_LISTS]; /* their INTIDs */
    uint32_t end_count;              /* ends of interrupts that were in no list register */
    uint32_t active_lpis;            /* held here and active */
    struct gic_bank bank;            /* SGIs and PPIs */
    uint8_t sgi_sources[16];         /* GICv2: who sent what is latched, bit per vCPU */
    uint8_t sgi_active_source[16];   /* GICv2: who sent what is active */
    uint32_t routed[GIC_SPI_BANKS];  /* SPIs that go to this vCPU */
    /* A read that needs other vCPUs to look at their list registers first. */
    uint32_t wait_state; /* enum gic_wait */
    uint32_t wait_for;   /* vCPUs that have not looked yet */
    uint64_t wait_key;   /* which read */
    /* Redistributor. */
    uint64_t affinity; /* GICR_TYPER's layout: Aff3..Aff0 */
    uint32_t control;  /* GICR_CTLR.EnableLPIs */
    uint32_t waker;
    uint64_t propbaser, pendbaser;
};

struct gic_its {
    uint32_t control;                         /* GITS_CTLR.Enabled */
    uint64_t command_base;                    /* GITS_CBASER */
    uint64_t command_write;                   /* GITS_CWRITER: offset */
    uint64_t command_read;                    /* GITS_CREADR: offset, Stalled */
    uint64_t device_table;                    /* GITS_BASER0 */
    uint8_t collections[GIC_ITS_COLLECTIONS]; /* vCPU, or GIC_NO_VCPU: not mapped */
};

struct gic {
    struct gic_config config;
    const struct guest_memory *memory;
    struct vm *vm;
    bool retry;
    uint32_t waiting;   /* vCPUs with a wait_state */
    uint32_t busy;      /* bit n: something may be pending, active or listed in banks[n] */
    uint64_t delivered; /* interrupts that became pending in a list register, less those that came back so */
    uint32_t control;   /* GICD_CTLR: bit 0 group 0, bit 1 group 1 */
    struct gic_bank banks[GIC_SPI_BANKS];
    uint8_t spi_targets[GIC_SPIS]; /* GICv2: GICD_ITARGETSR */
    uint64_t spi_routes[GIC_SPIS]; /* GICv3: GICD_IROUTER */
    uint8_t spi_vcpu[GIC_SPIS];    /* where an SPI goes, or GIC_NO_VCPU */
    struct gic_vcpu vcpus[VM_MAX_VCPUS];
    /* LPIs: bit or byte n is INTID 8192 + n. */
    uint64_t lpi_pending[GIC_LPI_WORDS];
    uint64_t lpi_pending_words[GIC_LPI_WORDS / 64u]; /* words of lpi_pending that are not 0 */
    uint64_t lpi_listed[GIC_LPI_WORDS];
    uint64_t lpi_active[GIC_LPI_WORDS];
    uint64_t lpi_drop[GIC_LPI_WORDS];   /* drop_pending */
    uint64_t lpi_cached[GIC_LPI_WORDS]; /* the configuration below is read */
    uint8_t lpi_configuration[GIC_LPIS];
    uint8_t lpi_vcpu[GIC_LPIS];   /* where it goes, if pending */
    uint8_t lpi_holder[GIC_LPIS]; /* in whose list register it is, or where it is active */
    struct gic_its its;
    struct log_limit errors;
};

/* Registers the distributor at GUEST_GICD_BASE, redistributors at GUEST_GICR_BASE, the ITS at GUEST_ITS_BASE, the SPIs
 * as lines of the router (line n is INTID 32 + n) and, with an ITS, the router's MSIs. *config is copied. 0; -1: the
 * configuration makes no sense, or a table is full. */
int gic_init(struct gic *gic, const struct gic_config *config, struct bus *mmio, struct irq_router *router,
             const struct guest_memory *memory, struct vm *vm);
/* Power-on state, list registers included; lines keep their level. No vCPU may be in the guest. */
void gic_reset(struct gic *gic);

/* --- Sources --- */

/* Line n, INTID 32 + n; lines from GIC_SPIS on are ignored. (Devices use irq_set_line().) */
void gic_set_spi(struct gic *gic, uint32_t line, bool level);
/* intid: 16..31. */
void gic_set_ppi(struct gic *gic, uint32_t vcpu, uint32_t intid, bool level);
/* irq_router.msi: a write of `data` by device `device` (its PCI requester ID) to GITS_TRANSLATER; another address is
 * ignored. target: struct gic. */
void gic_msi(void *target, uint32_t device, uint64_t address, uint32_t data);

enum gic_sgi_register {
    GIC_SGI1R = 0,
    GIC_ASGI1R = 1, /* group 1 of the other security state: of no effect where there is one only */
    GIC_SGI0R = 2,
};
/* A vCPU wrote an SGI generation register (IHI 0069, ICC_SGI1R_EL1). */
void gic_send_sgi(struct gic *gic, uint32_t vcpu, enum gic_sgi_register which, uint64_t value);

/* --- vCPUs --- */

/* The slow path of gic_enter(). */
void gic_refill(struct gic *gic, uint32_t vcpu);

/* The vCPU is about to run the guest: its list registers hold what is due. */
static inline void gic_enter(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    state->in_guest = true;
    if (__builtin_expect(state->attention != 0, 0)) {
        gic_refill(gic, vcpu);
    }
}

/* The vCPU does not run until the next gic_enter(): its list registers are read back. Harmless to call twice. */
void gic_leave(struct gic *gic, uint32_t vcpu);
/* After gic_leave(): whether an interrupt would end WFI (any enabled pending one above the priority mask). The virtual
 * timer's own condition, while its interrupt is with the kernel, is not known here. */
bool gic_wakes(struct gic *gic, uint32_t vcpu);
/* VCPU_EXIT_INTERRUPT_WINDOW. */
void gic_maintenance(struct gic *gic, uint32_t vcpu);

/* After a bus access: true if the access could not be carried out yet, because another vCPU must leave the guest for
 * it. Do not change the register and the program counter: the instruction is executed again. */
static inline bool gic_take_retry(struct gic *gic)
{
    bool retry = gic->retry;
    gic->retry = false;
    return retry;
}
