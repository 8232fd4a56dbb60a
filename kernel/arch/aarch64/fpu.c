/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vector registers (Arm ARM DDI 0487, chapters B1.2 and A1.6). A guest's state is that
 * of SVE at the longest vector length, where the CPUs have it; the length that the guest
 * chose for itself, ZCR_EL1, is part of the state. ZCR_EL2 is always the longest.
 */
#include <arch/cpu.h>
#include <arch/cpu_features.h>
#include <arch/fpu.h>
#include <arch/percpu.h>
#include <base/memory.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <skyscope/plan.h>

#define SIMD_SIZE      512u /* 32 registers of 16 bytes */
#define AREA_ALIGNMENT 64u
#define SVE_VECTORS    32u
#define SVE_PREDICATES 17u /* with FFR; an eighth of a vector each */

struct fpu_control {
    uint64_t fpcr, fpsr;
};

struct fpu_state {
    uint64_t zcr; /* ZCR_EL1, while it owns the registers of a CPU with SVE */
    bool sve;
    struct fpu_control control; /* SVE: the other state has it in its area */
    uint8_t area[] __attribute__((aligned(AREA_ALIGNMENT)));
};

/* In fpu_registers.S. */
void fpu_save_simd(uint8_t *area);
void fpu_load_simd(const uint8_t *area);
void fpu_exchange_simd(uint8_t *save, const uint8_t *load);
void fpu_save_sve(uint8_t *area, struct fpu_control *control);
void fpu_load_sve(const uint8_t *area, const struct fpu_control *control);
uint32_t fpu_read_vector_length(void);

static uint32_t vector_length; /* bytes; 0: no SVE */

static size_t area_size(bool sve)
{
    return sve ? SVE_VECTORS * vector_length + SVE_PREDICATES * (vector_length / 8)
               : SIMD_SIZE + sizeof(struct fpu_control);
}

static void save(struct fpu_state *state)
{
    if (state->sve) {
        state->zcr = read_sysreg_s(SYSREG_ZCR_EL1);
        fpu_save_sve(state->area, &state->control);
    } else {
        fpu_save_simd(state->area);
    }
}

static void load(const struct fpu_state *state)
{
    if (state->sve) {
        write_sysreg_s(SYSREG_ZCR_EL1, state->zcr);
        fpu_load_sve(state->area, &state->control);
    } else {
        /* The vectors' upper parts become 0; predicates stay, but only guests use them. */
        fpu_load_simd(state->area);
    }
}

static void change_owner(struct percpu *percpu, struct fpu_state *state)
{
    struct fpu_state *owner = percpu->fpu_owner;
    bool sve = state->sve || (owner != NULL && owner->sve);
    uint64_t cptr = read_sysreg(cptr_el2);
    /* From one PD to another nothing is in the way. */
    bool trapped = (cptr & (sve ? CPTR_TFP | CPTR_TZ : CPTR_TFP)) != 0;

    if (trapped) {
        write_sysreg(cptr_el2, CPTR_BASE | (sve ? 0 : CPTR_TZ));
        isb();
    }
    if (owner != NULL) {
        save(owner);
    }
    load(state);
    percpu->fpu_owner = state;
    if (trapped) {
        write_sysreg(cptr_el2, cptr);
    }
}

__attribute__((noinline)) static void switch_slowly(struct percpu *percpu, struct fpu_state *state, uint64_t cptr)
{
    if (state != NULL && percpu->fpu_owner != state) {
        change_owner(percpu, state);
    }
    if (percpu->cptr != cptr) {
        percpu->cptr = cptr;
        if (!percpu->guest_loaded) {
            write_sysreg(cptr_el2, cptr);
        }
    }
}

void fpu_switch(struct fpu_state *state)
{
    struct percpu *percpu = current_percpu();
    struct fpu_state *owner = percpu->fpu_owner;
    uint64_t cptr = state != NULL ? CPTR_BASE | CPTR_TZ : CPTR_NONE;

    /* The way of a procedure call, from one PD to another, is kept short: nothing traps. */
    if (percpu->cptr == cptr && !percpu->guest_loaded && owner != NULL && !owner->sve) {
        if (state != NULL && state != owner) {
            percpu->fpu_owner = state;
            fpu_exchange_simd(owner->area, state->area);
        }
        return;
    }
    switch_slowly(percpu, state, cptr);
}

void fpu_load(struct fpu_state *state)
{
    struct percpu *percpu = current_percpu();

    if (percpu->fpu_owner != state) {
        change_owner(percpu, state);
    }
}

static struct fpu_state *create(bool sve)
{
    struct fpu_state *state = pool_alloc(sizeof(*state) + area_size(sve), AREA_ALIGNMENT);

    state->sve = sve;
    fpu_reset(state);
    return state;
}

struct fpu_state *fpu_create(void)
{
    return create(false);
}

struct fpu_state *fpu_create_guest(void)
{
    return create(vector_length != 0);
}

void fpu_reset(struct fpu_state *state)
{
    struct percpu *percpu = current_percpu();

    if (percpu->fpu_owner == state) {
        /* What the registers hold is worth nothing any more. */
        percpu->fpu_owner = NULL;
    }
    memset(state->area, 0, area_size(state->sve));
    state->control = (struct fpu_control){0};
    state->zcr = 0;
}

uint64_t fpu_guest_cptr(void)
{
    return CPTR_BASE | (vector_length == 0 ? CPTR_TZ : 0);
}

uint32_t fpu_vector_length(void)
{
    return vector_length;
}

void fpu_cpu_init(cpu_id_t cpu)
{
    struct percpu *percpu = current_percpu();

    if (cpu_features.sve) {
        write_sysreg(cptr_el2, CPTR_BASE);
        isb();
        write_sysreg_s(SYSREG_ZCR_EL2, 15); /* the longest */
        isb();
        uint32_t length = fpu_read_vector_length();
        if (cpu.value == 0) {
            vector_length = length;
            kernel_log("fpu: SVE, vectors of %u bits\n", length * 8);
        } else if (length != vector_length) {
            kernel_refuse("CPU %u has vectors of %u bits, the first CPU of %u", cpu.value, length * 8,
                          vector_length * 8);
        }
    }
    percpu->fpu_owner = NULL;
    percpu->cptr = CPTR_NONE;
    write_sysreg(cptr_el2, CPTR_NONE);
    isb();
}
