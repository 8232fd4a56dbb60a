/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LPIs (Arm IHI 0069 §5.1): edge-triggered, configured by a byte each in guest memory,
 * which is read when an LPI first becomes pending and after that only when the guest
 * says that it changed it. An LPI is pending at one vCPU at most.
 */
#include <stddef.h>

#include <base/memory.h>

#include "gic_internal.h"

#define CONFIGURATION_ENABLED 1u

#define BASER_ADDRESS     0x000ffffffffff000ull /* GICR_PROPBASER */
#define PENDBASER_ADDRESS 0x000fffffffff0000ull
#define PENDBASER_ZERO    (1ull << 62)
#define PROPBASER_IDBITS  0x1full

void gic_lpi_assign_pending(struct gic *gic, uint32_t lpi, bool pending)
{
    uint32_t word = lpi / 64u;
    gic_assign(gic->lpi_pending, lpi, pending);
    gic_assign(gic->lpi_pending_words, word, gic->lpi_pending[word] != 0);
}

static void read_configuration(struct gic *gic, uint32_t lpi)
{
    uint64_t propbaser = gic->vcpus[gic->lpi_vcpu[lpi]].propbaser;
    uint64_t intids = 2ull << (propbaser & PROPBASER_IDBITS);
    gpa_t at = {(propbaser & BASER_ADDRESS) + lpi};
    uint8_t configuration = 0;
    if (GIC_FIRST_LPI + lpi >= intids || !guest_read(gic->memory, at, &configuration, 1)) {
        configuration = 0;
    }
    gic->lpi_configuration[lpi] = configuration;
    gic_assign(gic->lpi_cached, lpi, true);
}

bool gic_lpi_enabled(struct gic *gic, uint32_t lpi)
{
    if (!gic_test(gic->lpi_cached, lpi)) {
        read_configuration(gic, lpi);
    }
    return (gic->lpi_configuration[lpi] & CONFIGURATION_ENABLED) != 0 && (gic->control & GIC_GROUP1_ENABLE) != 0;
}

void gic_lpi_changed(struct gic *gic, uint32_t lpi)
{
    if (gic_test(gic->lpi_listed, lpi)) {
        gic_notify(gic, gic->lpi_holder[lpi]); /* which tells the target, if that is another one */
    } else if (gic_test(gic->lpi_pending, lpi) && gic_lpi_enabled(gic, lpi)) {
        gic_notify(gic, gic->lpi_vcpu[lpi]);
    }
}

void gic_lpi_pend(struct gic *gic, uint32_t lpi, uint32_t vcpu)
{
    if ((gic->vcpus[vcpu].control & GICR_CTLR_ENABLE_LPIS) == 0) {
        return;
    }
    gic->lpi_vcpu[lpi] = (uint8_t)vcpu;
    gic_lpi_assign_pending(gic, lpi, true);
    gic_lpi_changed(gic, lpi);
}

/* Takes it out of its list register, as far as that may be touched. */
static void recall(struct gic *gic, uint32_t lpi)
{
    if (gic_test(gic->lpi_listed, lpi) && gic_accessible(gic, gic->lpi_holder[lpi])) {
        gic_read_back(gic, gic->lpi_holder[lpi]);
    }
}

void gic_lpi_clear(struct gic *gic, uint32_t lpi)
{
    recall(gic, lpi);
    gic_lpi_assign_pending(gic, lpi, false);
    if (gic_test(gic->lpi_listed, lpi)) {
        gic_assign(gic->lpi_drop, lpi, true);
        gic_lpi_changed(gic, lpi);
    }
}

void gic_lpi_move(struct gic *gic, uint32_t lpi, uint32_t vcpu)
{
    gic->lpi_vcpu[lpi] = (uint8_t)vcpu;
    gic_lpi_changed(gic, lpi);
}

void gic_lpi_move_all(struct gic *gic, uint32_t from, uint32_t to)
{
    for (uint32_t word = 0; word < GIC_LPI_WORDS; word++) {
        for (uint64_t bits = gic->lpi_pending[word] | gic->lpi_listed[word]; bits != 0; bits &= bits - 1u) {
            uint32_t lpi = word * 64u + (uint32_t)__builtin_ctzll(bits);
            if (gic->lpi_vcpu[lpi] == from) {
                gic_lpi_move(gic, lpi, to);
            }
        }
    }
}

void gic_lpi_invalidate(struct gic *gic, uint32_t lpi)
{
    gic_assign(gic->lpi_cached, lpi, false);
    gic_lpi_changed(gic, lpi);
}

void gic_lpi_invalidate_all(struct gic *gic)
{
    memset(gic->lpi_cached, 0, sizeof(gic->lpi_cached));
    for (uint32_t i = 0; i < gic->config.vcpu_count; i++) {
        gic_notify(gic, i);
    }
}

/* The part of a vCPU's pending table that LPIs have; all bits of it. */
#define PENDING_BYTES (GIC_LPIS / 8u)

void gic_lpi_enable(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    uint64_t table[GIC_LPI_WORDS];
    gpa_t at = {(state->pendbaser & PENDBASER_ADDRESS) + GIC_FIRST_LPI / 8u};
    state->control |= GICR_CTLR_ENABLE_LPIS;
    gic_lpi_invalidate_all(gic);
    if ((state->pendbaser & PENDBASER_ZERO) != 0) {
        return;
    }
    if (!guest_read(gic->memory, at, table, PENDING_BYTES)) {
        log_guest_error(gic->vm, &gic->errors, "gic", "LPI pending table of vCPU %u is not in RAM", vcpu);
        return;
    }
    for (uint32_t word = 0; word < GIC_LPI_WORDS; word++) {
        for (uint64_t bits = table[word]; bits != 0; bits &= bits - 1u) {
            gic_lpi_pend(gic, word * 64u + (uint32_t)__builtin_ctzll(bits), vcpu);
        }
    }
}

void gic_lpi_disable(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    uint64_t table[GIC_LPI_WORDS] = {0};
    gpa_t at = {(state->pendbaser & PENDBASER_ADDRESS) + GIC_FIRST_LPI / 8u};
    if (gic_accessible(gic, vcpu)) {
        gic_read_back(gic, vcpu);
    }
    state->control &= ~GICR_CTLR_ENABLE_LPIS;
    for (uint32_t word = 0; word < GIC_LPI_WORDS; word++) {
        for (uint64_t bits = gic->lpi_pending[word]; bits != 0; bits &= bits - 1u) {
            uint32_t lpi = word * 64u + (uint32_t)__builtin_ctzll(bits);
            if (gic->lpi_vcpu[lpi] == vcpu) {
                gic_assign(table, lpi, true);
                gic_lpi_assign_pending(gic, lpi, false);
            }
        }
    }
    if (!guest_write(gic->memory, at, table, PENDING_BYTES)) {
        log_guest_error(gic->vm, &gic->errors, "gic", "LPI pending table of vCPU %u is not in RAM", vcpu);
    }
}
