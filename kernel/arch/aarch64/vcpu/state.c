/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest state between the vCPU page and the registers, or what holds them meanwhile. */
#include "vcpu_hardware.h"

#include <base/memory.h>
#include <skyscope/guest_aarch64.h>

/* Reset values: DAIF masked, EL1h; stage 1 and caches off (DDI 0487, SCTLR_EL1: what older versions have as RES1). */
#define PSTATE_RESET (PSTATE_DAIF | PSTATE_EL1H)
#define SCTLR_RESET  0x30c50830ull
#define MPIDR_RES1   (1ull << 31)

#define HCR_GUEST                                                                                                      \
    (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_INNER | HCR_TID3 | HCR_TSC |         \
     HCR_TIDCP | HCR_TACR | HCR_RW | HCR_TLOR | HCR_TERR)

/* SGIs and the virtual timer. */
#define KERNEL_PRIVATE (0xffffu | 1u << GUEST_PPI_VIRTUAL_TIMER)

static void read_el1(const struct vcpu_hardware *hardware, struct vcpu_arch_state *state)
{
    const struct vcpu_registers *saved = &hardware->registers;
#define FROM_SAVED(name) state->name = saved->name;
#define FROM_CPU(name)   state->name = read_sysreg(name);
    if (vcpu_is_loaded(hardware)) {
        VCPU_LOADED_EL1_REGISTERS(FROM_CPU)
    } else {
        VCPU_LOADED_EL1_REGISTERS(FROM_SAVED)
    }
    if (vcpu_is_resident(hardware)) {
        VCPU_RESIDENT_REGISTERS(FROM_CPU)
    } else {
        VCPU_RESIDENT_REGISTERS(FROM_SAVED)
    }
    state->actlr_el1 = hardware->actlr;
}

static void read_timer(const struct vcpu_hardware *hardware, struct vcpu_arch_state *state)
{
    const struct vcpu_timer *timer = &hardware->timer;
    bool live = vcpu_is_resident(hardware) && !timer->stopped;
    state->cntv_ctl = live ? read_sysreg(cntv_ctl_el0) : timer->control;
    state->cntv_cval = live ? read_sysreg(cntv_cval_el0) : timer->compare;
    state->cntvoff = timer->offset;
}

void vcpu_read(struct vcpu *vcpu, uint32_t groups)
{
    const struct vcpu_hardware *hardware = vcpu->hardware;
    struct vcpu_arch_state *state = &vcpu->page->state;
    if ((groups & VCPU_STATE_TIMER) != 0) {
        read_timer(hardware, state);
    }
    if ((groups & VCPU_STATE_EL1) != 0) {
        read_el1(hardware, state);
    }
    if ((groups & VCPU_STATE_IDENTITY) != 0) {
        state->vmpidr = hardware->vmpidr;
        state->vpidr = hardware->vpidr;
    }
    if ((groups & VCPU_STATE_DEBUG) != 0) {
        state->mdscr_el1 = vcpu_is_loaded(hardware) ? read_sysreg(mdscr_el1) : hardware->registers.mdscr_el1;
    }
}

static void write_el1(struct vcpu_hardware *hardware, const struct vcpu_arch_state *state)
{
    struct vcpu_registers *saved = &hardware->registers;
#define TO_SAVED(name) saved->name = state->name;
#define TO_CPU(name)   write_sysreg(name, state->name);
    VCPU_LOADED_EL1_REGISTERS(TO_SAVED)
    if (vcpu_is_loaded(hardware)) {
        VCPU_LOADED_EL1_REGISTERS(TO_CPU)
    }
    if (vcpu_is_resident(hardware)) {
        VCPU_RESIDENT_REGISTERS(TO_CPU)
    } else {
        VCPU_RESIDENT_REGISTERS(TO_SAVED)
    }
    hardware->actlr = state->actlr_el1;
}

static void write_timer(struct vcpu_hardware *hardware, const struct vcpu_arch_state *state)
{
    struct vcpu_timer *timer = &hardware->timer;
    if (vcpu_is_resident(hardware)) {
        vcpu_timer_stop(hardware); /* the entry starts it with what it has now */
    }
    timer->control = (uint32_t)state->cntv_ctl & (TIMER_ENABLE | TIMER_MASK);
    timer->compare = state->cntv_cval;
    timer->offset = state->cntvoff;
}

static void write_identity(struct vcpu_hardware *hardware, const struct vcpu_arch_state *state)
{
    __atomic_store_n(&hardware->vmpidr, vcpu_mpidr_valid(state->vmpidr), __ATOMIC_RELAXED);
    hardware->vpidr = (uint32_t)state->vpidr;
    if (vcpu_is_resident(hardware)) {
        write_sysreg(vmpidr_el2, hardware->vmpidr);
        write_sysreg(vpidr_el2, hardware->vpidr);
    }
}

static void write_debug(struct vcpu_hardware *hardware, const struct vcpu_arch_state *state)
{
    hardware->registers.mdscr_el1 = state->mdscr_el1 & VCPU_MDSCR_MASK;
    if (vcpu_is_loaded(hardware)) {
        write_sysreg(mdscr_el1, hardware->registers.mdscr_el1);
    }
}

static void set_traps(struct vcpu_hardware *hardware, uint32_t traps)
{
    hardware->hcr = HCR_GUEST | ((traps & VCPU_TRAP_WFI) != 0 ? HCR_TWI : 0) |
                    ((traps & VCPU_TRAP_WFE) != 0 ? HCR_TWE : 0) | ((traps & VCPU_TRAP_CACHE_SETS) != 0 ? HCR_TSW : 0);
    if (vcpu_is_loaded(hardware)) {
        write_sysreg(hcr_el2, hardware->hcr);
    }
}

__attribute__((noinline)) void vcpu_write_state(struct vcpu *vcpu, uint32_t groups)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    /* Each value is read once: no combination of them matters. */
    const struct vcpu_arch_state *state = &vcpu->page->state;
    if ((groups & VCPU_STATE_EL1) != 0) {
        write_el1(hardware, state);
    }
    if ((groups & VCPU_STATE_TIMER) != 0) {
        write_timer(hardware, state);
    }
    if ((groups & VCPU_STATE_IDENTITY) != 0) {
        write_identity(hardware, state);
    }
    if ((groups & VCPU_STATE_DEBUG) != 0) {
        write_debug(hardware, state);
    }
    if ((groups & VCPU_STATE_FPU) != 0) {
        fpu_reset(hardware->fpu);
        if (vcpu_is_loaded(hardware)) {
            fpu_load(hardware->fpu);
        }
    }
    if ((groups & VCPU_STATE_INTERFACE) != 0) {
        vcpu_interface_clear(hardware, &vcpu->page->state.gic);
    }
    if ((groups & VCPU_STATE_TRAPS) != 0) {
        set_traps(hardware, READ_ONCE(state->traps));
    }
}

void vcpu_reset_state(struct vcpu *vcpu)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    struct vcpu_page *page = vcpu->page;
    if (vcpu_is_resident(hardware)) {
        vcpu_evict(hardware->cpu);
    }
    __atomic_store_n(&hardware->running, 0, __ATOMIC_SEQ_CST);
    hardware->registers = (struct vcpu_registers){.sctlr_el1 = SCTLR_RESET};
    hardware->timer = (struct vcpu_timer){.stopped = true};
    hardware->actlr = read_sysreg(actlr_el1);
    hardware->vpidr = read_sysreg(midr_el1);
    __atomic_store_n(&hardware->vmpidr, MPIDR_RES1 | hardware->id, __ATOMIC_RELAXED);
    vcpu_interface_reset(hardware);
    set_traps(hardware, VCPU_TRAP_WFI | VCPU_TRAP_CACHE_SETS);
    fpu_reset(hardware->fpu);
    memset(page, 0, sizeof(*page));
    page->state.pstate = PSTATE_RESET;
    page->state.gic.list_count = vcpu_platform.list_count;
    page->state.gic.version = vcpu_platform.gic_version;
    page->state.gic.kernel_private = KERNEL_PRIVATE;
    page->state.traps = VCPU_TRAP_WFI | VCPU_TRAP_CACHE_SETS;
    vcpu_read(vcpu, VCPU_STATE_ALL);
}
