/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's page, and what seL4 knows of the vCPU, after VT-x's exits and for its entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vmm/arch/registers.h>

#include "../../../../vmm/hv/sel4/vcpu.h"
#include "fake_vtx.h"
#include <vmcs.h>

#define INTERRUPT(vector) (VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_INTERRUPT) | (vector))
#define EXCEPTION(vector) (VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_EXCEPTION) | (vector))
#define RIP               0xffffffff81000000ull

static struct sel4_vcpu vcpu;
static struct vcpu_arch_state *const state = &vcpu.page.state;
static struct vcpu_control *const control = &vcpu.page.control;
static const struct vcpu_exit *const vcpu_exit = &vcpu.page.exit;

static struct vcpu_segment segment(uint16_t selector, uint16_t attributes, uint32_t limit, uint64_t base)
{
    return (struct vcpu_segment){.selector = selector, .attributes = attributes, .limit = limit, .base = base};
}

/* The state that the VMM gives a Linux kernel, entered. */
static void start(void)
{
    for (uint32_t i = 0; i < VCPU_GPR_COUNT; i++) {
        state->gpr[i] = 0x2000 + i;
    }
    state->rip = RIP;
    state->rflags = 2;
    state->cr0 = CR0_PE | CR0_PG | CR0_ET | CR0_NE | CR0_WP;
    state->cr3 = 0x2000;
    state->cr4 = CR4_PAE;
    state->efer = EFER_LME | EFER_LMA;
    state->cs = segment(0x10, 0xa9b, 0xffffffff, 0);
    state->ds = state->es = state->ss = state->fs = state->gs = segment(0x18, 0xc93, 0xffffffff, 0);
    state->ldtr = segment(0, 0, 0, 0);
    state->tr = segment(0, 0x8b, 0xffff, 0);
    state->gdtr = segment(0, 0, 0x1f, 0x1000);
    state->pat = 0x0007040600070406ull;
    state->lstar = 0x1234;
    state->sysenter_eip = 0x5678;
    control->dirty = VCPU_STATE_ALL;
    vcpu.on = true;
    assert_true(sel4_vcpu_settle(&vcpu, false));
    assert_true(vtx.on);
}

static int set_up(void **unused)
{
    (void)unused;
    fake_vtx_reset();
    sel4_vcpu_init(&vcpu, FAKE_CHILD);
    start();
    return 0;
}

static bool exits(uint32_t reason, uint64_t qualification, uint32_t length)
{
    fake_vtx_exit(reason, qualification, length, 0xfee000b0);
    return sel4_vcpu_exit(&vcpu, 0);
}

/* The VMM is done; the guest goes on. */
static void goes_on(void)
{
    assert_true(sel4_vcpu_settle(&vcpu, false));
    assert_true(vtx.on);
}

/* --- Entries --- */

static void test_start(void **unused)
{
    (void)unused;
    assert_int_equal(state->limits, VCPU_LIMIT_TSC | VCPU_LIMIT_XSAVE);
    assert_int_equal(vtx.vmcs[VMCS_RIP], RIP);
    assert_int_equal(vtx.vmcs[VMCS_RSP], 0x2000 + VCPU_RSP);
    assert_int_equal(vtx.registers.rax, 0x2000 + VCPU_RAX);
    assert_int_equal(vtx.registers.rbx, 0x2000 + VCPU_RBX);
    assert_int_equal(vtx.registers.rsi, 0x2000 + VCPU_RSI);
    assert_int_equal(vtx.registers.r15, 0x2000 + VCPU_R15);
    assert_int_equal(vtx.vmcs[VMCS_CR3], 0x2000);
    assert_int_equal(vtx.vmcs[VMCS_EFER], EFER_LME | EFER_LMA);
    assert_int_not_equal(vtx.vmcs[VMCS_ENTRY_CONTROLS] & ENTRY_LONG_MODE, 0);
    assert_int_equal(vtx.vmcs[VMCS_ES_ACCESS + 2], 0xa09b);           /* CS: long, 4 KiB */
    assert_int_equal(vtx.vmcs[VMCS_ES_ACCESS + 12], ACCESS_UNUSABLE); /* LDTR: not present */
    assert_int_equal(vtx.vmcs[VMCS_ES_ACCESS + 14], 0x8b);            /* TR */
    assert_int_equal(vtx.vmcs[VMCS_GDTR_BASE], 0x1000);
    assert_int_equal(vtx.msr[1], 0x1234);
    assert_int_equal(vtx.vmcs[VMCS_SYSENTER_EIP], 0x5678);
    assert_int_equal(vtx.vmcs[VMCS_PAT], 0x0007040600070406ull);
    assert_int_equal(control->dirty, 0);
    /* What the guest may not have without its VMM. */
    uint32_t controls = (uint32_t)vtx.vmcs[VMCS_PROCESSOR_CONTROLS];
    assert_int_not_equal(controls & PROCESSOR_HLT, 0);
    assert_int_not_equal(controls & PROCESSOR_MOV_DR, 0);
    assert_int_not_equal(controls & PROCESSOR_CR8_LOAD, 0);
    assert_int_not_equal(controls & PROCESSOR_CR8_STORE, 0);
    assert_int_equal(vtx.vmcs[VMCS_CR4_MASK] & CR4_OSXSAVE, CR4_OSXSAVE);
    assert_int_equal(vtx.vmcs[VMCS_CR0_MASK] & (CR0_PG | CR0_PE), CR0_PG | CR0_PE);
}

static void test_real_mode(void **unused)
{
    (void)unused;
    state->cr0 = CR0_ET | CR0_CD | CR0_NW;
    state->efer = 0;
    control->dirty = VCPU_STATE_CONTROL;
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_CR0], CR0_ET); /* its caches stay on */
    assert_int_equal(vtx.vmcs[VMCS_CR0_SHADOW], CR0_ET | CR0_CD | CR0_NW);
    assert_int_equal(vtx.vmcs[VMCS_ENTRY_CONTROLS] & ENTRY_LONG_MODE, 0);
}

/* Only what is new is written. */
static void test_cost_of_an_exit(void **unused)
{
    (void)unused;
    assert_true(exits(EXIT_PORT_IO, 0x3f8u << 16 | 0, 2));
    state->rip += 2;
    control->dirty = VCPU_STATE_BASIC;
    goes_on();
    assert_int_equal(vtx.reads + vtx.writes + vtx.register_writes, 0);
    assert_int_equal(vtx.vmcs[VMCS_RIP], RIP + 2);
    assert_true(exits(EXIT_PORT_IO, 0x3fdu << 16 | 8, 1));
    state->gpr[VCPU_RAX] = 0x60;
    goes_on();
    assert_int_equal(vtx.register_writes, 1);
    assert_int_equal(vtx.registers.rax, 0x60);
    assert_int_equal(vtx.registers.rbx, 0x2000 + VCPU_RBX);
    assert_int_equal(vtx.reads + vtx.writes, 0);
}

static void test_off_and_on(void **unused)
{
    (void)unused;
    vtx.vmcs[VMCS_INTERRUPTIBILITY] = BLOCKED_BY_STI;
    assert_true(exits(EXIT_HLT, 0, 1));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_HALT);
    assert_int_equal(state->interrupt_shadow, 1);
    state->rip += 1;
    state->interrupt_shadow = 0;
    control->dirty = VCPU_STATE_BASIC;
    vcpu.on = false;
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_false(vtx.on);
    /* What comes while it is off does not take its page for another's. */
    vtx.vmcs[VMCS_RIP] = 0xbad;
    sel4_vcpu_interrupted(&vcpu);
    assert_int_equal(state->rip, RIP + 1);
    control->event = INTERRUPT(0x30);
    vcpu.on = true;
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_RIP], RIP + 1);
    assert_int_equal(vtx.vmcs[VMCS_INTERRUPTIBILITY], 0);
    assert_int_equal(vtx.vmcs[VMCS_ENTRY_EVENT], INTERRUPT(0x30));
}

/* --- Notifications --- */

static void test_notification(void **unused)
{
    (void)unused;
    assert_true(exits(EXIT_CPUID, 0, 2));
    goes_on();
    /* The guest ran on and changed everything; none of it is an exit. */
    vtx.vmcs[VMCS_RIP] = 0x777000;
    vtx.vmcs[VMCS_RFLAGS] = 0x202;
    vtx.vmcs[VMCS_RSP] = 0x888000;
    vtx.registers.rdi = 0x999000;
    vcpu.touched = false;
    sel4_vcpu_interrupted(&vcpu);
    assert_true(vcpu.touched); /* the page is to be written again, or it lags behind with the next one */
    assert_int_equal(state->rip, 0x777000);
    assert_int_equal(state->rflags, 0x202);
    control->event = INTERRUPT(0xec);
    state->gpr[VCPU_RAX] = 1; /* all registers are written at once, and the others are not known: none is */
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_RIP], 0x777000);
    assert_int_equal(vtx.vmcs[VMCS_RSP], 0x888000);
    assert_int_equal(vtx.registers.rdi, 0x999000); /* not what it was at the last exit */
    assert_int_equal(vtx.vmcs[VMCS_ENTRY_EVENT], INTERRUPT(0xec));
}

static void test_event_that_waits(void **unused)
{
    (void)unused;
    control->event = INTERRUPT(0x40);
    goes_on();
    /* A notification was there before the entry. */
    sel4_vcpu_interrupted(&vcpu);
    assert_int_equal(control->event, INTERRUPT(0x40));
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_ENTRY_EVENT], INTERRUPT(0x40));
    vtx.vmcs[VMCS_ENTRY_EVENT] &= ~(uint64_t)EVENT_VALID; /* entered */
    sel4_vcpu_interrupted(&vcpu);
    assert_int_equal(control->event, 0);
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_ENTRY_EVENT], 0);
}

static void test_reset_while_it_runs(void **unused)
{
    (void)unused;
    vtx.registers.rdi = 0x999000;
    sel4_vcpu_interrupted(&vcpu);
    start();
    assert_int_equal(vtx.registers.rdi, 0x2000 + VCPU_RDI);
    assert_int_equal(vtx.vmcs[VMCS_RSP], 0x2000 + VCPU_RSP);
    assert_int_equal(vtx.vmcs[VMCS_RIP], RIP);
}

/* --- Exits --- */

static void test_port_io(void **unused)
{
    (void)unused;
    assert_true(exits(EXIT_PORT_IO, 0xcfcu << 16 | 8 | 3, 1));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_PORT_IO);
    assert_int_equal(vcpu_exit->port_io.port, 0xcfc);
    assert_int_equal(vcpu_exit->port_io.width, 4);
    assert_int_equal(vcpu_exit->port_io.write, 0);
    assert_int_equal(vcpu_exit->instruction_length, 1);
    assert_int_equal(state->gpr[VCPU_RDX], 0x2000 + VCPU_RDX);
    vtx.vmcs[VMCS_RSP] = 0x4440;
    vtx.vmcs[VMCS_CS_ACCESS] = 0xa09b;
    vtx.vmcs[VMCS_SS_ACCESS] = 0xc0f3;
    assert_true(exits(EXIT_PORT_IO, 0x1f0u << 16 | 32 | 16 | 1, 3)); /* REP OUTSW */
    assert_int_equal(vcpu_exit->port_io.write, 1);
    assert_int_equal(vcpu_exit->port_io.string, 1);
    assert_int_equal(vcpu_exit->port_io.repeat, 1);
    assert_int_equal(state->gpr[VCPU_RSP], 0x4440);
    assert_int_equal(state->cs_attributes, 0xa9b);
    assert_int_equal(state->cpl, 3);
}

static void test_memory(void **unused)
{
    (void)unused;
    vtx.vmcs[VMCS_RSP] = 0x4440;
    assert_true(exits(EXIT_EPT_VIOLATION, 0x182, 99));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_MEMORY);
    assert_int_equal(vcpu_exit->memory.gpa, 0xfee000b0);
    assert_int_equal(vcpu_exit->memory.access, VCPU_ACCESS_WRITE);
    assert_int_equal(vcpu_exit->memory.width, 0);
    assert_int_equal(vcpu_exit->instruction_length, 0); /* VT-x tells none with this exit */
    assert_int_equal(control->event, 0);
    state->gpr[VCPU_RSP] = 0x4448; /* a POP */
    control->dirty = VCPU_STATE_BASIC;
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_RSP], 0x4448);
    assert_true(exits(EXIT_EPT_VIOLATION, 0x81, 0));
    assert_int_equal(vcpu_exit->memory.access, VCPU_ACCESS_READ | VCPU_ACCESS_PAGE_WALK);
    assert_true(exits(EXIT_EPT_VIOLATION, 0x184, 0));
    assert_int_equal(vcpu_exit->memory.access, VCPU_ACCESS_FETCH);
}

static void test_interrupted_delivery(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t delivered, owed;
        uint32_t error;
    } cases[] = {
        {INTERRUPT(0x31), INTERRUPT(0x31), 0},
        {INTERRUPT(0x31) | 1u << 12, INTERRUPT(0x31), 0}, /* a bit without meaning */
        {EXCEPTION(14) | VCPU_EVENT_ERROR_CODE, EXCEPTION(14) | VCPU_EVENT_ERROR_CODE | 6ull << 32, 6},
        {EXCEPTION(6), EXCEPTION(6), 6},
        {VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_SOFTWARE) | 0x80, 0, 0}, /* INT 0x80 is carried out again */
        {VCPU_EVENT_VALID | VCPU_EVENT_TYPE(6) | 3, 0, 0},                      /* INT3 too */
        {0x31, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vtx.vmcs[VMCS_DELIVERED_EVENT] = cases[i].delivered;
        vtx.vmcs[VMCS_DELIVERED_ERROR_CODE] = cases[i].error;
        assert_true(exits(EXIT_EPT_VIOLATION, 0x182, 0));
        assert_true(control->event == cases[i].owed);
        goes_on();
        assert_int_equal(vtx.vmcs[VMCS_ENTRY_EVENT], (uint32_t)cases[i].owed);
        if ((cases[i].owed & VCPU_EVENT_ERROR_CODE) != 0) {
            assert_int_equal(vtx.vmcs[VMCS_ENTRY_ERROR_CODE], cases[i].error);
        }
    }
}

static void test_nmi(void **unused)
{
    (void)unused;
    /* One whose delivery was interrupted can be injected again. */
    vtx.vmcs[VMCS_INTERRUPTIBILITY] = BLOCKED_BY_NMI;
    vtx.vmcs[VMCS_DELIVERED_EVENT] = VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_NMI) | 2;
    assert_true(exits(EXIT_EPT_VIOLATION, 0x182, 0));
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_INTERRUPTIBILITY] & BLOCKED_BY_NMI, 0);
    /* An IRET that faulted has not ended its NMI. */
    vtx.vmcs[VMCS_DELIVERED_EVENT] = 0;
    assert_true(exits(EXIT_EPT_VIOLATION, 0x1181, 0));
    assert_int_equal(vtx.vmcs[VMCS_INTERRUPTIBILITY], BLOCKED_BY_NMI);
    control->nmi_window = 1;
    goes_on();
    assert_int_not_equal(vtx.vmcs[VMCS_PROCESSOR_CONTROLS] & PROCESSOR_NMI_WINDOW, 0);
    assert_true(exits(EXIT_NMI_WINDOW, 0, 0));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_NMI_WINDOW);
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_PROCESSOR_CONTROLS] & PROCESSOR_NMI_WINDOW, 0);
    /* One of the host's is none of the guest's. */
    vtx.vmcs[VMCS_EXIT_EVENT] = VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_NMI) | 2;
    assert_false(exits(EXIT_EXCEPTION, 0, 0));
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_ENTRY_EVENT], 0);
}

static void test_interrupt_window(void **unused)
{
    (void)unused;
    control->interrupt_window = 1;
    goes_on();
    assert_int_not_equal(vtx.vmcs[VMCS_PROCESSOR_CONTROLS] & PROCESSOR_INTERRUPT_WINDOW, 0);
    assert_true(exits(EXIT_INTERRUPT_WINDOW, 0, 0));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_INTERRUPT_WINDOW);
    assert_int_equal(control->interrupt_window, 0);
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_PROCESSOR_CONTROLS] & PROCESSOR_INTERRUPT_WINDOW, 0);
}

static void test_msr(void **unused)
{
    (void)unused;
    vtx.registers.rcx = 0xc0000080;
    assert_true(exits(EXIT_WRMSR, 0, 2));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_MSR);
    assert_int_equal(vcpu_exit->msr.index, 0xc0000080);
    assert_int_equal(vcpu_exit->msr.write, 1);
    state->efer |= EFER_NXE;
    control->dirty = VCPU_STATE_CONTROL | VCPU_STATE_BASIC;
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_EFER], EFER_LME | EFER_LMA | EFER_NXE);
    vtx.registers.rcx = 0xc0000082;
    assert_true(exits(EXIT_RDMSR, 0, 2));
    assert_int_equal(vcpu_exit->msr.write, 0);
    state->lstar = 0xffffffff80001000ull;
    control->dirty = VCPU_STATE_SYSCALL;
    goes_on();
    assert_int_equal(vtx.msr[1], 0xffffffff80001000ull);
}

static void test_control_register(void **unused)
{
    (void)unused;
    vtx.registers.r9 = 0x1234;
    assert_true(exits(EXIT_CONTROL_REGISTER, 9u << 8 | 4, 4)); /* MOV CR4, R9 */
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_CONTROL_REGISTER);
    assert_int_equal(vcpu_exit->control_register.number, 4);
    assert_int_equal(vcpu_exit->control_register.write, 1);
    assert_int_equal(vcpu_exit->control_register.gpr, VCPU_R9);
    state->cr4 = CR4_PAE | CR4_PGE;
    control->dirty = VCPU_STATE_CONTROL;
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_CR4], CR4_PAE | CR4_PGE);
    assert_int_equal(vtx.vmcs[VMCS_CR4_SHADOW], CR4_PAE | CR4_PGE);
    assert_true(exits(EXIT_CONTROL_REGISTER, 1u << 4 | 8, 4)); /* MOV RAX, CR8 */
    assert_int_equal(vcpu_exit->control_register.write, 0);
    assert_int_equal(vcpu_exit->control_register.number, 8);
    assert_true(exits(EXIT_CONTROL_REGISTER, 3u << 4, 3)); /* LMSW */
    assert_int_equal(vcpu_exit->control_register.gpr, 0xff);
}

/* They are the guest's to keep, and never the host's. */
static void test_debug_registers(void **unused)
{
    (void)unused;
    vtx.registers.rdx = 0xffffffff81234567ull;
    assert_false(exits(EXIT_DEBUG_REGISTER, (uint64_t)VCPU_RDX << 8 | 3, 3)); /* MOV DR3, RDX */
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_RIP], RIP + 3);
    assert_false(exits(EXIT_DEBUG_REGISTER, (uint64_t)VCPU_RSI << 8 | 1u << 4 | 3, 3));
    goes_on();
    assert_int_equal(vtx.registers.rsi, 0xffffffff81234567ull);
    vtx.registers.rdx = 0xffff;
    assert_false(exits(EXIT_DEBUG_REGISTER, (uint64_t)VCPU_RDX << 8 | 7, 3));
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_DR7], DR7_RESET);
    assert_false(exits(EXIT_DEBUG_REGISTER, (uint64_t)VCPU_RBX << 8 | 1u << 4 | 5, 3)); /* DR5: the same */
    goes_on();
    assert_int_equal(vtx.registers.rbx, 0x2fff);
    vtx.registers.rdx = 1ull << 32;
    assert_true(exits(EXIT_DEBUG_REGISTER, (uint64_t)VCPU_RDX << 8 | 6, 3));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_EXCEPTION);
    assert_int_equal(vcpu_exit->exception.vector, EXCEPTION_GP);
    assert_false(exits(EXIT_DEBUG_REGISTER, (uint64_t)VCPU_RSP << 8 | 1u << 4 | 3, 3)); /* MOV RSP, DR3 */
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_RSP], 0xffffffff81234567ull);
}

static void test_exceptions(void **unused)
{
    (void)unused;
    vtx.vmcs[VMCS_EXIT_EVENT] = EXCEPTION(1);
    assert_true(exits(EXIT_EXCEPTION, 1u << 14, 1));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_EXCEPTION);
    assert_int_equal(vcpu_exit->exception.vector, EXCEPTION_DB);
    assert_int_equal(state->dr6 & DR6_BS, DR6_BS);
    vtx.vmcs[VMCS_EXIT_EVENT] = EXCEPTION(17) | VCPU_EVENT_ERROR_CODE;
    vtx.vmcs[VMCS_EXIT_ERROR_CODE] = 0;
    assert_true(exits(EXIT_EXCEPTION, 0, 1));
    assert_int_equal(vcpu_exit->exception.vector, 17);
    assert_int_equal(state->rip, RIP);
    vtx.vmcs[VMCS_EXIT_EVENT] = VCPU_EVENT_VALID | VCPU_EVENT_TYPE(5) | 1; /* INT1 */
    assert_true(exits(EXIT_EXCEPTION, 0, 1));
    assert_int_equal(vcpu_exit->exception.vector, EXCEPTION_DB);
    assert_int_equal(state->rip, RIP + 1);
}

static void test_error_codes(void **unused)
{
    (void)unused;
    control->event = EXCEPTION(13) | VCPU_EVENT_ERROR_CODE | 0x18ull << 32;
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_ENTRY_EVENT], EXCEPTION(13) | VCPU_EVENT_ERROR_CODE);
    assert_int_equal(vtx.vmcs[VMCS_ENTRY_ERROR_CODE], 0x18);
    state->cr0 = CR0_ET; /* real mode has none */
    control->dirty = VCPU_STATE_CONTROL;
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_ENTRY_EVENT], EXCEPTION(13));
}

static void test_other_exits(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t reason, kind;
    } cases[] = {
        {EXIT_TRIPLE_FAULT, VCPU_EXIT_SHUTDOWN},
        {EXIT_TASK_SWITCH, VCPU_EXIT_TASK_SWITCH},
        {EXIT_CPUID, VCPU_EXIT_CPUID},
        {EXIT_VMCALL, VCPU_EXIT_HYPERCALL},
        {EXIT_XSETBV, VCPU_EXIT_SET_XCR},
        {EXIT_PAUSE, VCPU_EXIT_PAUSE},
        {EXIT_BAD_GUEST_STATE, VCPU_EXIT_BAD_STATE},
        {EXIT_EPT_MISCONFIGURED, VCPU_EXIT_BAD_STATE},
        {EXIT_NO_ENTRY, VCPU_EXIT_BAD_STATE},
        {54, VCPU_EXIT_INSTRUCTION}, /* WBINVD */
        {27, VCPU_EXIT_INSTRUCTION}, /* VMXON */
        {999, VCPU_EXIT_INSTRUCTION},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(exits(cases[i].reason, UINT64_MAX, UINT32_MAX));
        assert_int_equal(vcpu_exit->kind, cases[i].kind);
        assert_int_equal(vcpu_exit->hardware_code, cases[i].reason);
        goes_on();
    }
}

/* --- Reading state --- */

static void test_segments(void **unused)
{
    (void)unused;
    vtx.vmcs[VMCS_ES_SELECTOR + 8] = 0x33; /* FS */
    vtx.vmcs[VMCS_ES_BASE + 8] = 0x7f0000000000ull;
    vtx.vmcs[VMCS_ES_ACCESS + 8] = 0xc0f3;
    vtx.vmcs[VMCS_ES_ACCESS] = ACCESS_UNUSABLE | 0xf3; /* ES */
    vtx.vmcs[VMCS_IDTR_BASE] = 0xfffffe0000000000ull;
    assert_true(exits(EXIT_EPT_VIOLATION, 0x181, 0));
    sel4_vcpu_read(&vcpu, VCPU_STATE_SEGMENTS);
    assert_int_equal(state->fs.selector, 0x33);
    assert_int_equal(state->fs.base, 0x7f0000000000ull);
    assert_int_equal(state->fs.attributes, 0xcf3);
    assert_int_equal(state->es.attributes & SEGMENT_PRESENT, 0);
    assert_int_equal(state->idtr.base, 0xfffffe0000000000ull);
    state->fs.base = 0x1000;
    control->dirty = VCPU_STATE_SEGMENTS;
    sel4_vcpu_read(&vcpu, VCPU_STATE_SEGMENTS); /* what the VMM has changed stays */
    assert_int_equal(state->fs.base, 0x1000);
    goes_on();
    assert_int_equal(vtx.vmcs[VMCS_ES_BASE + 8], 0x1000);
    assert_int_equal(vtx.vmcs[VMCS_ES_ACCESS + 8], 0xc0f3);
    assert_int_equal(vtx.vmcs[VMCS_ES_ACCESS] & ACCESS_UNUSABLE, ACCESS_UNUSABLE);
}

static void test_sysenter(void **unused)
{
    (void)unused;
    vtx.vmcs[VMCS_SYSENTER_ESP] = 0x4321; /* the guest writes it by itself */
    assert_true(exits(EXIT_RDMSR, 0, 2));
    sel4_vcpu_read(&vcpu, VCPU_STATE_SYSCALL);
    assert_int_equal(state->sysenter_esp, 0x4321);
    assert_int_equal(state->lstar, 0x1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_start, set_up),
        cmocka_unit_test_setup(test_real_mode, set_up),
        cmocka_unit_test_setup(test_cost_of_an_exit, set_up),
        cmocka_unit_test_setup(test_off_and_on, set_up),
        cmocka_unit_test_setup(test_notification, set_up),
        cmocka_unit_test_setup(test_event_that_waits, set_up),
        cmocka_unit_test_setup(test_reset_while_it_runs, set_up),
        cmocka_unit_test_setup(test_port_io, set_up),
        cmocka_unit_test_setup(test_memory, set_up),
        cmocka_unit_test_setup(test_interrupted_delivery, set_up),
        cmocka_unit_test_setup(test_nmi, set_up),
        cmocka_unit_test_setup(test_interrupt_window, set_up),
        cmocka_unit_test_setup(test_msr, set_up),
        cmocka_unit_test_setup(test_control_register, set_up),
        cmocka_unit_test_setup(test_debug_registers, set_up),
        cmocka_unit_test_setup(test_exceptions, set_up),
        cmocka_unit_test_setup(test_error_codes, set_up),
        cmocka_unit_test_setup(test_other_exits, set_up),
        cmocka_unit_test_setup(test_segments, set_up),
        cmocka_unit_test_setup(test_sysenter, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
