/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits and entries of an x86-64 vCPU on seL4 (Intel VT-x; SDM vol. 3 ch. 24 to 28).
 *
 * The guest runs while the VMM's thread would wait for a message, until it needs its
 * VMM or the thread is notified. What the guest's RIP, the processor controls and the
 * event to inject are goes to the kernel with each entry; general registers only if
 * one of them is new, and all of them at once.
 *
 * Software interrupts and INT3 whose delivery was interrupted are not injected anew:
 * RIP is still at their instruction.
 */
#include <base/memory.h>

#include <vmm/arch/registers.h>

#include "vcpu_x86_64.h"
#include <vmcs.h>

#define VECTOR_DB 1u

/* Bits of DR6 that a #DB's qualification shows: B0 to B3, BD, BS. */
#define DR6_CAUSES 0x600full

/* MOV to and from control and debug registers: bits of the qualification. */
#define ACCESS_NUMBER(q)   ((uint32_t)(q)&15u)
#define ACCESS_TYPE(q)     ((uint32_t)(q) >> 4 & 3u)
#define ACCESS_REGISTER(q) ((uint8_t)((q) >> 8 & 15u))
#define ACCESS_TO          0u
#define ACCESS_FROM        1u
#define REGISTER_UNKNOWN   0xffu

#define CONTROLS                                                                                                       \
    (PROCESSOR_HLT | PROCESSOR_MWAIT | PROCESSOR_RDPMC | PROCESSOR_CR8_LOAD | PROCESSOR_CR8_STORE | PROCESSOR_MOV_DR | \
     PROCESSOR_IO_BITMAPS | PROCESSOR_MSR_BITMAPS | PROCESSOR_MONITOR | PROCESSOR_SECONDARY)

/* seL4's order of the general registers. */
static const uint8_t gpr_order[SEL4_VCPU_GPRS] = {VCPU_RAX, VCPU_RBX, VCPU_RCX, VCPU_RDX, VCPU_RSI,
                                                  VCPU_RDI, VCPU_RBP, VCPU_R8,  VCPU_R9,  VCPU_R10,
                                                  VCPU_R11, VCPU_R12, VCPU_R13, VCPU_R14, VCPU_R15};
_Static_assert(SEL4_VMENTER_FAULT_R15 - SEL4_VMENTER_FAULT_EAX + 1 == SEL4_VCPU_GPRS, "seL4's kernel of 64-bit guests");
_Static_assert(sizeof(seL4_VCPUContext) == SEL4_VCPU_GPRS * sizeof(uint64_t), "the same registers to write");

/* --- Exits --- */

/* What all exits tell, before any invocation overwrites the message. */
static void take_message(struct sel4_vcpu *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page.state;
    struct vcpu_exit *exit = &vcpu->page.exit;
    struct sel4_vcpu_arch *kernel = &vcpu->arch;

    memset(exit, 0, sizeof(*exit));
    exit->hardware_code = (uint32_t)microkit_mr_get(SEL4_VMENTER_FAULT_REASON_MR);
    exit->hardware_info = microkit_mr_get(SEL4_VMENTER_FAULT_QUALIFICATION_MR);
    exit->instruction_length = (uint32_t)microkit_mr_get(SEL4_VMENTER_FAULT_INSTRUCTION_LEN_MR);
    exit->memory.gpa = microkit_mr_get(SEL4_VMENTER_FAULT_GUEST_PHYSICAL_MR); /* others overwrite it */
    state->rip = microkit_mr_get(SEL4_VMENTER_CALL_EIP_MR);
    kernel->rflags = microkit_mr_get(SEL4_VMENTER_FAULT_RFLAGS_MR);
    kernel->interruptibility = (uint32_t)microkit_mr_get(SEL4_VMENTER_FAULT_GUEST_INT_MR);
    kernel->cr3 = microkit_mr_get(SEL4_VMENTER_FAULT_CR3_MR);
    for (uint32_t i = 0; i < SEL4_VCPU_GPRS; i++) {
        kernel->gprs[i] = microkit_mr_get((uint8_t)(SEL4_VMENTER_FAULT_EAX + i));
        state->gpr[gpr_order[i]] = kernel->gprs[i];
    }
    state->rflags = kernel->rflags;
    state->interrupt_shadow = (kernel->interruptibility & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)) != 0;
    state->cr3 = kernel->cr3;
    exit->next_ip = state->rip + exit->instruction_length;
    kernel->gprs_known = true;
    kernel->rsp_known = false;
    kernel->runs = false;
}

static void block_nmi(struct sel4_vcpu *vcpu, bool blocked)
{
    uint32_t now = blocked ? vcpu->arch.interruptibility | BLOCKED_BY_NMI
                           : vcpu->arch.interruptibility & ~(uint32_t)BLOCKED_BY_NMI;
    if (now != vcpu->arch.interruptibility) {
        vcpu->arch.interruptibility = now;
        vmcs_write(vcpu, VMCS_INTERRUPTIBILITY, now);
    }
}

/* An event whose delivery made the exit is owed to the guest. */
static void take_interrupted_event(struct sel4_vcpu *vcpu)
{
    uint64_t event = vmcs_read(vcpu, VMCS_DELIVERED_EVENT) & EVENT_FIELDS;
    if ((event & EVENT_VALID) == 0) {
        /* An IRET that ended an NMI, as it thinks. */
        if (vcpu->page.exit.kind == VCPU_EXIT_MEMORY && (vcpu->page.exit.hardware_info & 1u << 12) != 0) {
            block_nmi(vcpu, true);
        }
        return;
    }
    switch (event >> 8 & 7) {
    case VCPU_EVENT_NMI:
        block_nmi(vcpu, false);
        break;
    case VCPU_EVENT_INTERRUPT:
        break;
    case VCPU_EVENT_EXCEPTION:
        if ((event & EVENT_ERROR) != 0) {
            event |= vmcs_read(vcpu, VMCS_DELIVERED_ERROR_CODE) << 32;
        }
        break;
    default:
        return; /* by an instruction, which is carried out again */
    }
    vcpu->page.control.event = event;
}

/* False: an NMI of the host's. */
static bool exit_exception(struct sel4_vcpu *vcpu)
{
    struct vcpu_page *page = &vcpu->page;
    uint64_t qualification = page->exit.hardware_info;
    uint64_t event = vmcs_read(vcpu, VMCS_EXIT_EVENT);
    if ((event >> 8 & 7) == VCPU_EVENT_NMI) {
        return false;
    }
    if ((event >> 8 & 7) == EVENT_TYPE_INT1) {
        page->state.rip = page->exit.next_ip; /* a trap, which is injected as what it means */
    }
    page->exit.kind = VCPU_EXIT_EXCEPTION;
    page->exit.instruction_length = 0;
    page->exit.exception.vector = (uint32_t)(event & 0xff);
    page->exit.exception.error_code = (event & EVENT_ERROR) != 0 ? (uint32_t)vmcs_read(vcpu, VMCS_EXIT_ERROR_CODE) : 0;
    page->exit.exception.fault_address = qualification;
    if (page->exit.exception.vector == VECTOR_DB) {
        page->state.dr6 |= qualification & DR6_CAUSES;
    }
    take_interrupted_event(vcpu);
    return true;
}

static void exit_memory(struct sel4_vcpu *vcpu)
{
    struct vcpu_exit *exit = &vcpu->page.exit;
    uint64_t qualification = exit->hardware_info;
    exit->kind = VCPU_EXIT_MEMORY;
    exit->instruction_length = 0; /* not valid with this exit */
    exit->memory.access = (uint32_t)qualification & (VCPU_ACCESS_READ | VCPU_ACCESS_WRITE | VCPU_ACCESS_FETCH);
    if ((qualification & 0x180) == 0x80) { /* with a linear address, and not for its translation's result */
        exit->memory.access |= VCPU_ACCESS_PAGE_WALK;
    }
    take_interrupted_event(vcpu);
    vmcs_read_code(vcpu);
}

static void exit_port_io(struct sel4_vcpu *vcpu)
{
    struct vcpu_exit *exit = &vcpu->page.exit;
    uint64_t qualification = exit->hardware_info;
    exit->kind = VCPU_EXIT_PORT_IO;
    exit->port_io = (struct vcpu_exit_port_io){
        .port = (uint16_t)(qualification >> 16),
        .width = (uint8_t)((qualification & 7) + 1),
        .write = (qualification & 8) == 0,
        .string = (qualification & 16) != 0,
        .repeat = (qualification & 32) != 0,
        .segment = 0xff,
    };
    if (exit->port_io.string != 0) {
        vmcs_read_code(vcpu);
    }
}

static void exit_control_register(struct sel4_vcpu *vcpu)
{
    struct vcpu_exit *exit = &vcpu->page.exit;
    uint64_t qualification = exit->hardware_info;
    bool move = ACCESS_TYPE(qualification) <= ACCESS_FROM;
    exit->kind = VCPU_EXIT_CONTROL_REGISTER;
    exit->control_register = (struct vcpu_exit_control_register){
        .number = (uint8_t)ACCESS_NUMBER(qualification),
        .write = ACCESS_TYPE(qualification) != ACCESS_FROM,
        .gpr = move ? ACCESS_REGISTER(qualification) : REGISTER_UNKNOWN,
    };
    vmcs_read_code(vcpu);
}

/* Debug registers are kept for the guest, without effect. */
static uint64_t *debug_register(struct sel4_vcpu *vcpu, uint32_t number)
{
    struct vcpu_arch_state *state = &vcpu->page.state;
    if (number < 4) {
        return &state->dr[number];
    }
    /* DR4 and DR5 are other names, or with CR4.DE #UD, which comes before an exit. */
    return (number & 1u) != 0 ? &state->dr7 : &state->dr6;
}

/* False: done. */
static bool exit_debug_register(struct sel4_vcpu *vcpu)
{
    struct vcpu_page *page = &vcpu->page;
    uint64_t qualification = page->exit.hardware_info;
    uint32_t number = ACCESS_NUMBER(qualification) & 7u;
    uint8_t gpr = ACCESS_REGISTER(qualification);
    uint64_t *value = debug_register(vcpu, number);
    if (gpr == VCPU_RSP) {
        vmcs_read_rsp(vcpu);
    }
    if (ACCESS_TYPE(qualification) == ACCESS_FROM) {
        page->state.gpr[gpr] = *value;
    } else {
        uint64_t written = page->state.gpr[gpr];
        if (number >= 4 && written >> 32 != 0 && (page->state.efer & EFER_LMA) != 0) {
            page->exit.kind = VCPU_EXIT_EXCEPTION;
            page->exit.exception = (struct vcpu_exit_exception){.vector = EXCEPTION_GP};
            return true;
        }
        if (number < 4) {
            *value = written;
        } else if ((number & 1u) == 0) {
            *value = (written & (DR6_CAUSES | 1ull << 15)) | DR6_RESET; /* BT, and what is always 1 */
        } else {
            *value = (written & 0xffff2fffull) | DR7_RESET;
        }
    }
    page->state.rip = page->exit.next_ip;
    page->state.interrupt_shadow = 0;
    return false;
}

static bool exit_other(struct sel4_vcpu *vcpu, uint32_t reason)
{
    struct vcpu_exit *exit = &vcpu->page.exit;
    switch (reason) {
    case EXIT_TRIPLE_FAULT:
        exit->kind = VCPU_EXIT_SHUTDOWN;
        return true;
    case EXIT_TASK_SWITCH:
        exit->kind = VCPU_EXIT_TASK_SWITCH;
        return true;
    case EXIT_VMCALL:
        exit->kind = VCPU_EXIT_HYPERCALL;
        vmcs_read_code(vcpu);
        return true;
    case EXIT_XSETBV:
        exit->kind = VCPU_EXIT_SET_XCR;
        vmcs_read_code(vcpu);
        return true;
    case EXIT_PAUSE:
        exit->kind = VCPU_EXIT_PAUSE;
        return true;
    case EXIT_BAD_GUEST_STATE:
    case EXIT_BAD_MSR_LOAD:
    case EXIT_MACHINE_CHECK_AT_ENTRY:
    case EXIT_EPT_MISCONFIGURED:
    case EXIT_NO_ENTRY:
        exit->kind = VCPU_EXIT_BAD_STATE;
        return true;
    default:
        exit->kind = VCPU_EXIT_INSTRUCTION;
        vmcs_read_code(vcpu);
        return true;
    }
}

bool sel4_vcpu_exit(struct sel4_vcpu *vcpu, microkit_msginfo message)
{
    struct vcpu_page *page = &vcpu->page;

    (void)message;
    vcpu->touched = true;
    take_message(vcpu);
    page->control.event = 0; /* delivered, or said to be owed below */
    uint64_t gpa = page->exit.memory.gpa;
    page->exit.memory.gpa = 0;
    switch (page->exit.hardware_code) {
    case EXIT_PORT_IO:
        exit_port_io(vcpu);
        return true;
    case EXIT_RDMSR:
    case EXIT_WRMSR:
        page->exit.kind = VCPU_EXIT_MSR;
        page->exit.msr.index = (uint32_t)page->state.gpr[VCPU_RCX];
        page->exit.msr.write = page->exit.hardware_code == EXIT_WRMSR;
        return true;
    case EXIT_CPUID:
        page->exit.kind = VCPU_EXIT_CPUID;
        return true;
    case EXIT_HLT:
        page->exit.kind = VCPU_EXIT_HALT;
        return true;
    case EXIT_EPT_VIOLATION:
        page->exit.memory.gpa = gpa;
        exit_memory(vcpu);
        return true;
    case EXIT_INTERRUPT_WINDOW:
        page->exit.kind = VCPU_EXIT_INTERRUPT_WINDOW;
        page->control.interrupt_window = 0;
        return true;
    case EXIT_NMI_WINDOW:
        page->exit.kind = VCPU_EXIT_NMI_WINDOW;
        page->control.nmi_window = 0;
        return true;
    case EXIT_CONTROL_REGISTER:
        exit_control_register(vcpu);
        return true;
    case EXIT_DEBUG_REGISTER:
        return exit_debug_register(vcpu);
    case EXIT_EXCEPTION:
        return exit_exception(vcpu);
    default:
        return exit_other(vcpu, (uint32_t)page->exit.hardware_code);
    }
}

void sel4_vcpu_interrupted(struct sel4_vcpu *vcpu)
{
    struct vcpu_page *page = &vcpu->page;
    struct sel4_vcpu_arch *kernel = &vcpu->arch;
    if (!kernel->runs) {
        return;
    }
    kernel->runs = false;
    vcpu->touched = true;       /* for the page is true only until the next entry */
    kernel->gprs_known = false; /* seL4 does not show them */
    kernel->rsp_known = false;
    page->state.rip = vmcs_read(vcpu, VMCS_RIP);
    kernel->rflags = vmcs_read(vcpu, VMCS_RFLAGS);
    page->state.rflags = kernel->rflags;
    kernel->interruptibility = (uint32_t)vmcs_read(vcpu, VMCS_INTERRUPTIBILITY);
    page->state.interrupt_shadow = (kernel->interruptibility & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)) != 0;
    if ((vmcs_read(vcpu, VMCS_ENTRY_EVENT) & EVENT_VALID) == 0) {
        page->control.event = 0;
    }
}

/* --- Entries --- */

static void write_gprs(struct sel4_vcpu *vcpu, bool all)
{
    const struct vcpu_arch_state *state = &vcpu->page.state;
    struct sel4_vcpu_arch *kernel = &vcpu->arch;
    seL4_VCPUContext context;
    seL4_Word *values = (seL4_Word *)&context;
    bool changed = all;

    if (!all && !kernel->gprs_known) {
        return;
    }
    for (uint32_t i = 0; i < SEL4_VCPU_GPRS; i++) {
        values[i] = state->gpr[gpr_order[i]];
        changed = changed || values[i] != kernel->gprs[i];
        kernel->gprs[i] = values[i];
    }
    if (changed) {
        microkit_vcpu_x86_write_regs(vcpu->child, &context);
    }
    kernel->gprs_known = true;
}

static void write_basic(struct sel4_vcpu *vcpu, bool all)
{
    const struct vcpu_arch_state *state = &vcpu->page.state;
    struct sel4_vcpu_arch *kernel = &vcpu->arch;
    uint32_t shadow = kernel->interruptibility & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);

    vmcs_write(vcpu, VMCS_RIP, state->rip);
    if (all || state->rflags != kernel->rflags) {
        kernel->rflags = state->rflags;
        vmcs_write(vcpu, VMCS_RFLAGS, state->rflags);
    }
    if (all || (kernel->rsp_known && state->gpr[VCPU_RSP] != kernel->rsp)) {
        kernel->rsp = state->gpr[VCPU_RSP];
        kernel->rsp_known = true;
        vmcs_write(vcpu, VMCS_RSP, kernel->rsp);
    }
    if (all || (state->interrupt_shadow == 0 && shadow != 0)) {
        kernel->interruptibility = all ? 0 : kernel->interruptibility & ~shadow;
        vmcs_write(vcpu, VMCS_INTERRUPTIBILITY, kernel->interruptibility);
    }
}

static void write_event(struct sel4_vcpu *vcpu)
{
    const struct vcpu_control *control = &vcpu->page.control;
    uint32_t controls = CONTROLS;
    uint64_t event = (control->event & EVENT_VALID) != 0 ? control->event : 0;

    controls |= control->interrupt_window != 0 ? PROCESSOR_INTERRUPT_WINDOW : 0;
    controls |= control->nmi_window != 0 ? PROCESSOR_NMI_WINDOW : 0;
    controls |= (vcpu->page.state.intercepts & VCPU_INTERCEPT_PAUSE) != 0 ? PROCESSOR_PAUSE : 0;
    controls |= (vcpu->page.state.intercepts & VCPU_INTERCEPT_RDTSC) != 0 ? PROCESSOR_RDTSC : 0;
    if ((vcpu->page.state.cr0 & CR0_PE) == 0) {
        event &= ~(uint64_t)EVENT_ERROR; /* in real mode none has an error code, and an entry with one fails */
    }
    if ((event & EVENT_ERROR) != 0) {
        vmcs_write(vcpu, VMCS_ENTRY_ERROR_CODE, event >> 32);
    }
    vmcs_write(vcpu, VMCS_ENTRY_EVENT, event & EVENT_FIELDS);
    vmcs_write(vcpu, VMCS_PROCESSOR_CONTROLS, controls);
}

bool sel4_vcpu_settle(struct sel4_vcpu *vcpu, bool timer_asserted)
{
    (void)timer_asserted;
    vcpu->touched = false;
    if (!vcpu->on) {
        microkit_vcpu_x86_off(); /* what is new in the page waits */
        return false;
    }
    bool all = vcpu->page.control.dirty == VCPU_STATE_ALL;
    if (all) {
        vmcs_set_up(vcpu);
    }
    write_basic(vcpu, all);
    write_gprs(vcpu, all);
    vmcs_write_dirty(vcpu);
    write_event(vcpu);
    vcpu->arch.runs = true;
    microkit_vcpu_x86_on();
    return true;
}

void sel4_vcpu_init(struct sel4_vcpu *vcpu, microkit_child child)
{
    memset(vcpu, 0, sizeof(*vcpu));
    vcpu->child = child;
    vcpu->page.state.limits = VCPU_LIMIT_TSC | VCPU_LIMIT_XSAVE;
}
