/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FPU state by XSAVE (AMD APM vol. 2 chapter 11.5, Intel SDM vol. 1 chapter 13),
 * or by FXSAVE where there is no XSAVE.
 *
 * XCR0 is part of the state: a guest chooses its own. States are always saved
 * and restored with XCR0 = all features that we switch, so that a component that
 * a guest turned off keeps its value and leaks to nobody.
 *
 * IA32_XSS stays 0: no supervisor state components.
 */
#include <arch/cpu.h>
#include <arch/cpuid.h>
#include <arch/fpu.h>
#include <arch/percpu.h>
#include <kernel/log.h>
#include <kernel/pool.h>

#include <base/memory.h>
#include <skyscope/plan.h>

#define XCR0_X87    (1ull << 0)
#define XCR0_SSE    (1ull << 1)
#define XCR0_AVX    (1ull << 2)
#define XCR0_AVX512 (7ull << 5)
#define XCR0_PKRU   (1ull << 9)
/* What we know how to switch: components whose only state is in the XSAVE area. */
#define XCR0_KNOWN  (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU)

#define FXSAVE_SIZE        512u
#define XSAVE_HEADER_SIZE  64u
#define FPU_AREA_ALIGNMENT 64u
#define FCW_INITIAL        0x037fu
#define FCW_OFFSET         0u
#define MXCSR_INITIAL      0x1f80u
#define MXCSR_OFFSET       24u

struct fpu_cpu {
    struct fpu_state *owner; /* whose values the registers hold, or NULL */
};

struct fpu_state {
    struct fpu_cpu *cpu; /* where it is used; known from the first use on */
    uint64_t xcr0;       /* while it owns the registers */
    bool own_xcr0;       /* a guest's, else all features */
    uint8_t reserved[47];
    uint8_t area[] __attribute__((aligned(FPU_AREA_ALIGNMENT)));
};
_Static_assert(sizeof(struct fpu_state) == FPU_AREA_ALIGNMENT, "the area follows a header of one cache line");

static struct fpu_cpu fpu_cpus[PLAN_MAX_CPUS];

/* Found by the boot CPU, constant afterwards. */
static struct {
    uint64_t features;  /* 0: FXSAVE */
    uint32_t low, high; /* the same, as instructions take it */
    uint32_t area_size;
    bool xsaveopt;
    bool leaks_error_pointers; /* FXSAVE and XSAVE skip FIP, FDP and FOP (AMD before Zen) */
} fpu;

/* QEMU's TCG lets guests write XCR0 without an exit: what counts is the register. */
static uint64_t live_xcr0(void)
{
    return read_xcr0() & fpu.features;
}

static void save_extended(struct fpu_state *state)
{
    if (state->own_xcr0) {
        state->xcr0 = live_xcr0();
        write_xcr0(fpu.features);
    }
    if (fpu.xsaveopt) {
        __asm__ volatile("xsaveopt64 %0" : "+m"(state->area[0]) : "a"(fpu.low), "d"(fpu.high) : "memory");
    } else {
        __asm__ volatile("xsave64 %0" : "+m"(state->area[0]) : "a"(fpu.low), "d"(fpu.high) : "memory");
    }
}

/* Loads our own error pointers over the previous owner's, where restoring does
 * that only with an exception pending. */
static inline void hide_error_pointers(void)
{
    static const uint32_t zero = 0;
    if (fpu.leaks_error_pointers) {
        __asm__ volatile("fnclex\n\temms\n\tfildl %0" : : "m"(zero));
    }
}

/* CR0.TS is clear here. */
static void change_owner(struct fpu_state *state)
{
    if (state->cpu == NULL) {
        state->cpu = &fpu_cpus[current_cpu_index()];
    }
    struct fpu_state *owner = state->cpu->owner;
    state->cpu->owner = state;
    if (fpu.features == 0) {
        if (owner != NULL) {
            __asm__ volatile("fxsave64 %0" : "=m"(owner->area[0]) : : "memory");
        }
        hide_error_pointers();
        __asm__ volatile("fxrstor64 %0" : : "m"(state->area[0]) : "memory");
        return;
    }
    if (owner != NULL) {
        save_extended(owner);
    } else {
        write_xcr0(fpu.features);
    }
    hide_error_pointers();
    __asm__ volatile("xrstor64 %0" : : "m"(state->area[0]), "a"(fpu.low), "d"(fpu.high) : "memory");
    if (state->own_xcr0) {
        write_xcr0(state->xcr0);
    }
}

static inline bool owns(const struct fpu_state *state)
{
    return state->cpu != NULL && state->cpu->owner == state;
}

void fpu_switch(struct fpu_state *state)
{
    if (state == NULL) {
        uint64_t cr0 = read_cr0();
        if ((cr0 & CR0_TS) == 0) {
            write_cr0(cr0 | CR0_TS);
        }
        return;
    }
    clear_task_switched();
    if (!owns(state)) {
        change_owner(state);
    }
}

void fpu_load(struct fpu_state *state)
{
    if (owns(state)) {
        return;
    }
    uint64_t cr0 = read_cr0();
    clear_task_switched();
    change_owner(state);
    if ((cr0 & CR0_TS) != 0) {
        write_cr0(cr0);
    }
}

struct fpu_state *fpu_create(void)
{
    struct fpu_state *state = pool_alloc(sizeof(*state) + fpu.area_size, FPU_AREA_ALIGNMENT);
    fpu_reset(state);
    return state;
}

void fpu_reset(struct fpu_state *state)
{
    const uint16_t fcw = FCW_INITIAL;
    const uint32_t mxcsr = MXCSR_INITIAL;
    if (owns(state)) {
        /* What the registers hold is worth nothing any more. */
        state->cpu->owner = NULL;
    }
    /* The XSAVE header is zero: every component is in its initial configuration. */
    memset(state->area, 0, fpu.area_size);
    memcpy(&state->area[FCW_OFFSET], &fcw, sizeof(fcw));
    memcpy(&state->area[MXCSR_OFFSET], &mxcsr, sizeof(mxcsr));
    state->xcr0 = fpu.features;
}

uint64_t fpu_features(void)
{
    return fpu.features;
}

bool fpu_xcr0_valid(uint64_t xcr0)
{
    if ((xcr0 & ~fpu.features) != 0 || (xcr0 & XCR0_X87) == 0) {
        return false;
    }
    if ((xcr0 & XCR0_AVX) != 0 && (xcr0 & XCR0_SSE) == 0) {
        return false;
    }
    uint64_t avx512 = xcr0 & XCR0_AVX512;
    return avx512 == 0 || (avx512 == XCR0_AVX512 && (xcr0 & XCR0_AVX) != 0);
}

void fpu_set_xcr0(struct fpu_state *state, uint64_t xcr0)
{
    if (fpu.features == 0) {
        return;
    }
    state->xcr0 = xcr0;
    state->own_xcr0 = true;
    if (owns(state)) {
        write_xcr0(xcr0);
    }
}

uint64_t fpu_xcr0(const struct fpu_state *state)
{
    return fpu.features != 0 && owns(state) ? live_xcr0() : state->xcr0;
}

static void find_features(void)
{
    struct cpuid_result leaf1 = cpuid(1, 0);
    fpu.area_size = FXSAVE_SIZE;
    struct cpuid_result extended = cpuid(0x80000000u, 0);
    struct cpuid_result leaf0 = cpuid(0, 0);
    bool amd = leaf0.ebx == 0x68747541u || leaf0.ebx == 0x6f677948u; /* "Auth", "Hygo" */
    fpu.leaks_error_pointers = amd && (extended.eax < 0x80000008u || (cpuid(0x80000008u, 0).ebx & (1u << 2)) == 0);
    if ((leaf1.ecx & (1u << 26)) == 0) {
        return;
    }
    write_cr4(read_cr4() | CR4_OSXSAVE);
    struct cpuid_result xsave = cpuid(0xd, 0);
    fpu.features = ((uint64_t)xsave.edx << 32 | xsave.eax) & XCR0_KNOWN;
    if ((fpu.features & XCR0_AVX512) != XCR0_AVX512) {
        fpu.features &= ~XCR0_AVX512;
    }
    fpu.low = (uint32_t)fpu.features;
    fpu.high = (uint32_t)(fpu.features >> 32);
    write_xcr0(fpu.features);
    /* EBX: bytes for the features enabled in XCR0 now. */
    fpu.area_size = cpuid(0xd, 0).ebx;
    if (fpu.area_size < FXSAVE_SIZE + XSAVE_HEADER_SIZE) {
        fpu.area_size = FXSAVE_SIZE + XSAVE_HEADER_SIZE;
    }
    fpu.xsaveopt = (cpuid(0xd, 1).eax & 1u) != 0;
    kernel_log("fpu: XSAVE%s, features 0x%llx, %u bytes\n", fpu.xsaveopt ? "OPT" : "", (unsigned long long)fpu.features,
               fpu.area_size);
}

void fpu_cpu_init(cpu_id_t cpu)
{
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    uint64_t cr0 = read_cr0();
    cr0 &= ~(CR0_EM | CR0_TS);
    cr0 |= CR0_MP | CR0_NE;
    write_cr0(cr0);
    if (fpu.area_size == 0) {
        find_features();
    }
    if (fpu.features != 0) {
        write_cr4(read_cr4() | CR4_OSXSAVE);
        write_xcr0(fpu.features);
    }
    fpu_cpus[cpu.value].owner = NULL;
    write_cr0(cr0 | CR0_TS);
}
