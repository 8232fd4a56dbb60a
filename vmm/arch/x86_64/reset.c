/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's registers after power-on, INIT and STARTUP, and for a boot protocol. */
#include <base/memory.h>

#include <vmm/arch/execution.h>

#define DATA_SEGMENT 0x093u /* present, data, read and write, accessed */
#define CODE_SEGMENT 0x09bu
#define FLAT_DATA    0xc93u /* 32-bit, 4 KiB granularity */
#define LONG_CODE    0xa9bu /* 64-bit */
#define BUSY_TSS     0x08bu
#define LDT          0x082u
#define PAT_RESET    0x0007040600070406ull

#define ALL_GROUPS (VCPU_STATE_ALL)

static struct vcpu_segment segment(uint16_t selector, uint16_t attributes, uint32_t limit, uint64_t base)
{
    return (struct vcpu_segment){.selector = selector, .attributes = attributes, .limit = limit, .base = base};
}

void reset_registers(struct vcpu_context *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    uint32_t limits = state->limits; /* the kernel's word, once for all */
    memset(state, 0, sizeof(*state));
    state->limits = limits;
    state->rip = 0xfff0;
    state->rflags = RFLAGS_RESERVED;
    state->gpr[VCPU_RDX] = vcpu->vm->arch.cpuid.basic[1].eax; /* processor signature */
    state->cr0 = CR0_ET | CR0_CD | CR0_NW;
    state->cs = segment(0xf000, CODE_SEGMENT, 0xffff, 0xffff0000);
    state->ds = segment(0, DATA_SEGMENT, 0xffff, 0);
    state->es = state->ss = state->fs = state->gs = state->ds;
    state->gdtr.limit = 0xffff;
    state->idtr.limit = 0xffff;
    state->ldtr = segment(0, LDT, 0xffff, 0);
    state->tr = segment(0, BUSY_TSS, 0xffff, 0);
    state->dr6 = DR6_RESET;
    state->dr7 = DR7_RESET;
    state->pat = PAT_RESET;
    state->xcr0 = 1;
    state->tsc_offset = vcpu->arch.tsc_offset;
    state->tsc_aux = 0;
    state->intercepts = VCPU_INTERCEPT_HALT;
    vcpu->arch.eoi_flag = (struct eoi_flag){0};
    vcpu->page->control.event = 0;
    vcpu->page->control.interrupt_window = 0;
    vcpu->page->control.nmi_window = 0;
    vcpu->page->control.want = EXECUTION_WANT;
    execution_dirty(vcpu, ALL_GROUPS);
}

void reset_start_at(struct vcpu_context *vcpu, uint8_t vector)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    state->cs = segment((uint16_t)(vector << 8), CODE_SEGMENT, 0xffff, (uint64_t)vector << 12);
    state->rip = 0;
    execution_dirty(vcpu, VCPU_STATE_BASIC | VCPU_STATE_SEGMENTS);
}

void reset_long_mode(struct vcpu_context *vcpu, uint64_t gdt_gpa)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    state->gpr[VCPU_RDX] = 0;
    state->cr0 = CR0_PE | CR0_PG | CR0_ET | CR0_NE | CR0_WP;
    state->cr4 = CR4_PAE;
    state->efer = EFER_LME | EFER_LMA;
    state->cpl = 0;
    /* Selectors of the Linux boot protocol: __BOOT_CS and __BOOT_DS. */
    state->cs = segment(0x10, LONG_CODE, 0xffffffff, 0);
    state->ds = segment(0x18, FLAT_DATA, 0xffffffff, 0);
    state->es = state->ss = state->fs = state->gs = state->ds;
    state->gdtr = segment(0, 0, 0x1f, gdt_gpa);
    state->idtr = segment(0, 0, 0, 0);
    state->tr = segment(0, BUSY_TSS, 0xffff, 0);
    execution_dirty(vcpu, ALL_GROUPS);
}
