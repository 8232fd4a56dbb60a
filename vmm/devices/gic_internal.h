/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of the GIC. */
#pragma once

#include <skyscope/guest_aarch64.h>

#include <vmm/devices/gic.h>

#define GIC_SGIS           16u
#define GIC_SGI_MASK       0xffffu
#define GIC_PRIORITY_MASK  0xf8u
#define GIC_GROUP0_ENABLE  1u
#define GIC_GROUP1_ENABLE  2u
#define GIC_SPURIOUS_INTID 1023u
#define GIC_TIMER_BIT      (1u << GUEST_PPI_VIRTUAL_TIMER)

/* Identification: implementer Arm (JEP106 0x43b), product 'S', and the architecture in PIDR2. */
#define GIC_IIDR        0x5300043bu
#define GIC_OFFSET_PIDR 0xffd0u /* of each 64 KiB frame: PIDR4..7, 0..3, CIDR0..3 */
#define GIC_OFFSET_END  0x10000u

#define GICR_CTLR_ENABLE_LPIS 1u

/* List registers: ICH_LR<n>_EL2 (IHI 0069, chapter 12). */
#define LR_INTID(lr)      ((uint32_t)(lr))
#define LR_SOURCE(lr)     ((uint32_t)((lr) >> 32) & 7u)
#define LR_SOURCE_SHIFT   32
#define LR_END            (1ull << 41)
#define LR_PRIORITY_SHIFT 48
#define LR_GROUP1         (1ull << 60)
#define LR_HARDWARE       (1ull << 61)
#define LR_PENDING        (1ull << 62)
#define LR_ACTIVE         (1ull << 63)
#define LR_STATE          (LR_PENDING | LR_ACTIVE)

/* What GICR_TYPER and MPIDR_EL1 call affinity. */
#define GIC_MPIDR_AFFINITY 0xff00ffffffull

enum gic_wait {
    GIC_WAIT_NONE = 0,
    GIC_WAIT_ASKED = 1,  /* the vCPU has run since: the next access repeats the read, or it is forgotten */
    GIC_WAIT_ASKING = 2, /* in the present exit */
};

static inline void gic_set_wait(struct gic *gic, uint32_t vcpu, enum gic_wait wait)
{
    gic->vcpus[vcpu].wait_state = wait;
    gic->waiting = wait == GIC_WAIT_NONE ? gic->waiting & ~(1u << vcpu) : gic->waiting | 1u << vcpu;
}

/* --- Interrupts by INTID (gic.c) --- */

static inline bool gic_is_lpi(uint32_t intid)
{
    return intid >= GIC_FIRST_LPI;
}

/* The bank of an SGI or PPI of `vcpu`, or of an SPI. */
static inline struct gic_bank *gic_bank_of(struct gic *gic, uint32_t vcpu, uint32_t intid)
{
    return intid < GIC_PRIVATE ? &gic->vcpus[vcpu].bank : &gic->banks[intid / 32u - 1u];
}

/* Something of it becomes pending, active or listed. */
static inline void gic_note_busy(struct gic *gic, uint32_t intid)
{
    if (intid >= GIC_PRIVATE) {
        gic->busy |= 1u << (intid / 32u - 1u);
    }
}

static inline uint32_t gic_bit(uint32_t intid)
{
    return 1u << (intid & 31u);
}

/* Bits of a bank that are pending as far as the model holds them, not the list registers. */
static inline uint32_t gic_bank_pending(const struct gic_bank *bank)
{
    return bank->latched | (bank->level & ~bank->edge);
}

/* Bits of a bank whose group is forwarded at all. */
static inline uint32_t gic_forwarded(const struct gic *gic, const struct gic_bank *bank)
{
    uint32_t forwarded = 0;
    if ((gic->control & GIC_GROUP0_ENABLE) != 0) {
        forwarded |= ~bank->group;
    }
    if ((gic->control & GIC_GROUP1_ENABLE) != 0) {
        forwarded |= bank->group;
    }
    return forwarded & bank->enabled;
}

/* May the vCPU's page be touched now? */
static inline bool gic_accessible(const struct gic *gic, uint32_t vcpu)
{
    return !gic->vcpus[vcpu].in_guest || gic->config.ops->current(gic->config.context) == vcpu;
}

/* The vCPU must refill its list registers: at once if it runs elsewhere. */
void gic_notify(struct gic *gic, uint32_t vcpu);
/* Something about an interrupt changed that decides about its delivery. vcpu: whose, if it is private. */
void gic_changed(struct gic *gic, uint32_t vcpu, uint32_t intid);
void gic_changed_bits(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits);
/* Tells the kernel which private interrupts it may deliver by itself, and how. */
void gic_publish_private(struct gic *gic, uint32_t vcpu);
/* An SPI goes to `target` from now on (GIC_NO_VCPU: nowhere). */
void gic_route_spi(struct gic *gic, uint32_t spi, uint32_t target);
/* SGI `intid` from vCPU `source` becomes pending at `target`. */
void gic_pend_sgi(struct gic *gic, uint32_t target, uint32_t intid, uint32_t source);
/* The vCPU with this affinity (GICR_TYPER's layout), or GIC_NO_VCPU. */
uint32_t gic_find_affinity(const struct gic *gic, uint64_t affinity);

/* --- List registers (gic_lists.c) --- */

/* Reads a vCPU's list registers back into the model; it will refill them. It must be accessible. */
void gic_read_back(struct gic *gic, uint32_t vcpu);
/* Puts an SPI that has become deliverable at a vCPU into a list register at once; false: gic_changed() must be called.
 */
bool gic_list_now(struct gic *gic, uint32_t vcpu, uint32_t intid);
/* The line of a listed, level-triggered SPI was released: nothing is left to do if the guest has taken it; else false.
 */
bool gic_lower_now(struct gic *gic, uint32_t vcpu, uint32_t intid);
/* The list register in which the kernel has the virtual timer's interrupt, or NULL. */
uint64_t *gic_timer_register(const struct gic *gic, uint32_t vcpu);

/* --- What lies in list registers (gic_recall.c) --- */

/* Before bits of a bank are changed or shown: reads back the list registers that hold any of them, as far as they are
 * accessible. Returns the bits whose state is still with a vCPU that runs. vcpu: whose, if they are private. */
uint32_t gic_recall(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits);
/* For a read of the state of these bits: false if other vCPUs must look first; the access is to be made again. */
bool gic_recall_for_read(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits, uint64_t key);

/* --- LPIs (gic_lpi.c) --- */

static inline bool gic_test(const uint64_t *words, uint32_t index)
{
    return (words[index / 64u] & 1ull << (index & 63u)) != 0;
}

static inline void gic_assign(uint64_t *words, uint32_t index, bool value)
{
    uint64_t bit = 1ull << (index & 63u);
    words[index / 64u] = value ? words[index / 64u] | bit : words[index / 64u] & ~bit;
}

/* lpi: INTID - GIC_FIRST_LPI, below GIC_LPIS. */
void gic_lpi_assign_pending(struct gic *gic, uint32_t lpi, bool pending);
/* Enabled and forwarded; reads its configuration if need be. */
bool gic_lpi_enabled(struct gic *gic, uint32_t lpi);
static inline uint8_t gic_lpi_priority(const struct gic *gic, uint32_t lpi)
{
    return gic->lpi_configuration[lpi] & GIC_PRIORITY_MASK;
}
/* After its state or configuration changed. */
void gic_lpi_changed(struct gic *gic, uint32_t lpi);
/* It becomes pending at a vCPU whose redistributor has LPIs on; else it is lost. */
void gic_lpi_pend(struct gic *gic, uint32_t lpi, uint32_t vcpu);
void gic_lpi_clear(struct gic *gic, uint32_t lpi);
/* If it is pending, it is so at `vcpu` from now on. */
void gic_lpi_move(struct gic *gic, uint32_t lpi, uint32_t vcpu);
void gic_lpi_move_all(struct gic *gic, uint32_t from, uint32_t to);
/* The configuration in memory changed. */
void gic_lpi_invalidate(struct gic *gic, uint32_t lpi);
void gic_lpi_invalidate_all(struct gic *gic);
/* GICR_CTLR.EnableLPIs changes: pending state comes from memory, or goes there. */
void gic_lpi_enable(struct gic *gic, uint32_t vcpu);
void gic_lpi_disable(struct gic *gic, uint32_t vcpu);

/* --- Registers --- */

/* Of which interrupts a frame has registers; those of others read as zero and ignore writes. */
enum gic_scope {
    GIC_ALL,
    GIC_PRIVATE_ONLY,
    GIC_SHARED,
};

#define GIC_COMMON_FIRST 0x080u /* GICD_IGROUPR */
#define GIC_COMMON_END   0xd00u /* of GICD_ICFGR */

/* Registers with a bit, a byte or two bits per interrupt, which distributors and redistributors have in common. */
static inline bool gic_is_common(uint64_t offset)
{
    return offset - GIC_COMMON_FIRST < GIC_COMMON_END - GIC_COMMON_FIRST;
}

/* gic_is_common(offset), any width. vcpu: whose private interrupts (gic_registers.c). */
uint32_t gic_common_read(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width, enum gic_scope scope);
void gic_common_write(struct gic *gic, uint32_t vcpu, uint32_t offset, uint32_t width, uint32_t value,
                      enum gic_scope scope);
/* Identification registers; offset: from PIDR4. architecture: 2 or 3. */
uint32_t gic_identification(uint32_t offset, uint32_t architecture);

/* Fits the access a register of `size` bytes: whole, or a half of a 64-bit one? Aligned it must be. */
static inline bool gic_access_fits(uint64_t offset, uint32_t width, uint32_t size)
{
    return (offset & (width - 1u)) == 0 && (width == size || (size == 8 && width == 4));
}

/* A 64-bit register after a write of a whole or a half. */
static inline uint64_t gic_merge(uint64_t old, uint64_t offset, uint32_t width, uint64_t value)
{
    if (width == 8) {
        return value;
    }
    return (offset & 4u) != 0 ? (old & 0xffffffffull) | value << 32 : (old & ~0xffffffffull) | (value & 0xffffffffull);
}

extern const struct bus_ops gic_v2_distributor_ops;
extern const struct bus_ops gic_v3_distributor_ops;
extern const struct bus_ops gic_redistributor_ops;
extern const struct bus_ops gic_its_ops;

void gic_its_reset(struct gic *gic);
/* Carries out waiting commands, a bounded number; the rest at another time. */
void gic_its_run_commands(struct gic *gic);
bool gic_its_commands_wait(const struct gic *gic);
/* Looks an event up and makes its LPI pending. */
void gic_its_event(struct gic *gic, uint32_t device, uint32_t event);
