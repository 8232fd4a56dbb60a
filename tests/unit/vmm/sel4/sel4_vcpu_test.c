/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's page, and what seL4 knows of the vCPU, after faults and for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../../vmm/hv/sel4/vcpu.h"
#include "fake_kernel.h"

#define TIMER      27u
#define PENDING    (1ull << 62)
#define ACTIVE     (1ull << 63)
#define GROUP1     (1ull << 60)
#define TIMER_DUE  5u /* ENABLE, ISTATUS */
#define ISV        (1u << 24)
#define WRITE      (1u << 6)
#define WFI        (1u << 26)
#define WFE        (1u << 26 | 1u)
#define SMC(imm)   (0x17u << 26 | (imm))
#define LIST(i, p) ((uint64_t)(i) | (uint64_t)(p) << 48 | GROUP1 | PENDING)

static struct sel4_vcpu vcpu;
static struct vcpu_arch_state *const state = &vcpu.page.state;
static const struct vcpu_exit *const vcpu_exit = &vcpu.page.exit;

/* The vCPU runs, as after a start that has nothing to do with the test. */
static int set_up(void **unused)
{
    (void)unused;
    fake_kernel_reset();
    sel4_vcpu_init(&vcpu, FAKE_CHILD);
    vcpu.on = true;
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_true(kernel.running && kernel.resumes == 1);
    kernel.resumes = 0;
    return 0;
}

static bool fault(uint64_t label, seL4_Word first)
{
    kernel.message[0] = first;
    return sel4_vcpu_exit(&vcpu, label);
}

static bool memory_fault(uint64_t address, uint32_t syndrome, bool fetch)
{
    const seL4_Word message[] = {kernel.thread.pc, address, fetch, syndrome};
    memcpy(kernel.message, message, sizeof(message));
    return sel4_vcpu_exit(&vcpu, seL4_Fault_VMFault);
}

/* Runs on with the reply to its fault. */
static void goes_on(bool timer_asserted)
{
    unsigned int stops = kernel.stops;
    assert_true(sel4_vcpu_settle(&vcpu, timer_asserted));
    assert_int_equal(kernel.stops, stops);
    assert_int_equal(kernel.resumes, 0);
}

static seL4_Word *thread_gpr(uint32_t index)
{
    seL4_UserContext *t = &kernel.thread;
    seL4_Word *const places[] = {&t->x0,  &t->x1,  &t->x2,  &t->x3,  &t->x4,  &t->x5,  &t->x6,  &t->x7,
                                 &t->x8,  &t->x9,  &t->x10, &t->x11, &t->x12, &t->x13, &t->x14, &t->x15,
                                 &t->x16, &t->x17, &t->x18, &t->x19, &t->x20, &t->x21, &t->x22, &t->x23,
                                 &t->x24, &t->x25, &t->x26, &t->x27, &t->x28, &t->x29, &t->x30};
    return places[index];
}

/* --- Memory --- */

static void test_load_into_each_register(void **unused)
{
    (void)unused;
    for (uint32_t gpr = 0; gpr < 31; gpr++) {
        fake_kernel_reset();
        seL4_UserContext before = kernel.thread;
        assert_true(memory_fault(0x9000018, ISV | 2u << 22 | gpr << 16, false));
        assert_int_equal(vcpu_exit->kind, VCPU_EXIT_MEMORY);
        assert_int_equal(vcpu_exit->memory.gpa, 0x9000018);
        assert_int_equal(vcpu_exit->memory.access, VCPU_ACCESS_READ);
        assert_int_equal(vcpu_exit->memory.width, 4);
        assert_int_equal(vcpu_exit->memory.gpr, gpr);
        assert_int_equal(vcpu_exit->memory.register_width, 4);
        assert_int_equal(state->gpr[gpr], *thread_gpr(gpr));
        assert_int_equal(state->pc, before.pc);
        assert_int_equal(state->pstate, before.spsr);
        state->gpr[gpr] = 0xabcd;
        state->pc += 4;
        goes_on(false);
        assert_int_equal(*thread_gpr(gpr), 0xabcd);
        assert_int_equal(kernel.thread.pc, before.pc + 4);
        /* Nothing else has changed. */
        before.pc += 4;
        *thread_gpr(gpr) = 0;
        seL4_UserContext after = kernel.thread;
        kernel.thread = before;
        *thread_gpr(gpr) = 0;
        assert_memory_equal(&after, &kernel.thread, sizeof(after));
    }
}

static void test_store(void **unused)
{
    (void)unused;
    assert_true(memory_fault(0x9000000, ISV | WRITE | 3u << 16 | 1u << 15 | 1u << 21, false));
    assert_int_equal(vcpu_exit->memory.access, VCPU_ACCESS_WRITE);
    assert_int_equal(vcpu_exit->memory.width, 1);
    assert_int_equal(vcpu_exit->memory.register_width, 8);
    assert_true(vcpu_exit->memory.sign_extend);
    assert_int_equal(state->gpr[3], kernel.thread.x3);
    state->pc += 4;
    goes_on(false);
    assert_int_equal(kernel.registers_written, 3); /* pc, sp, spsr: what an exception would change */
    assert_int_equal(kernel.thread.pc, 0x1004);
}

static void test_store_of_zero_register(void **unused)
{
    (void)unused;
    assert_true(memory_fault(0x9000000, ISV | WRITE | 31u << 16, false));
    assert_int_equal(vcpu_exit->memory.gpr, 31);
    assert_int_equal(kernel.registers_read, 3);
}

static void test_fetch_and_page_walk(void **unused)
{
    (void)unused;
    assert_true(memory_fault(0x123000, 1u << 7 | ISV, true));
    assert_int_equal(vcpu_exit->memory.access, VCPU_ACCESS_FETCH | VCPU_ACCESS_PAGE_WALK);
    assert_int_equal(vcpu_exit->memory.width, 0);
    assert_int_equal(kernel.registers_read, 36); /* whatever the VMM wants to know */
}

static void test_instruction_without_syndrome(void **unused)
{
    (void)unused;
    assert_true(memory_fault(0x9000000, WRITE, false));
    assert_int_equal(vcpu_exit->memory.width, 0);
    for (uint32_t gpr = 0; gpr < 31; gpr++) {
        assert_int_equal(state->gpr[gpr], *thread_gpr(gpr));
    }
    assert_int_equal(state->tpidr_el0, kernel.thread.tpidr_el0);
    assert_int_equal(state->tpidrro_el0, kernel.thread.tpidrro_el0);
}

/* An exception into the guest: the EL1 registers are asked for, and written, with what the page had already. */
static void test_el1_registers(void **unused)
{
    (void)unused;
    kernel.vcpu[seL4_VCPUReg_VBAR] = 0x777000;
    assert_true(memory_fault(0x1234, ISV | WRITE, false));
    state->pc = 0x42;
    sel4_vcpu_read(&vcpu, VCPU_STATE_EL1);
    assert_int_equal(state->vbar_el1, 0x777000);
    assert_int_equal(state->gpr[30], kernel.thread.x30);
    assert_int_equal(state->pc, 0x42); /* not overwritten */
    state->elr_el1 = 0x99;
    state->sp_el0 = 0x55;
    vcpu.page.control.dirty = VCPU_STATE_EL1;
    goes_on(false);
    assert_int_equal(vcpu.page.control.dirty, 0);
    assert_int_equal(kernel.vcpu[seL4_VCPUReg_ELR_EL1], 0x99);
    assert_int_equal(kernel.vcpu[seL4_VCPUReg_VBAR], 0x777000);
    assert_int_equal(kernel.thread.sp, 0x55);
    assert_int_equal(kernel.thread.pc, 0x42);
    assert_int_equal(kernel.thread.x30, 0x1010);
}

/* --- Other exits --- */

static void test_secure_call(void **unused)
{
    (void)unused;
    assert_true(fault(seL4_Fault_VCPUFault, SMC(7)));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_SECURE_CALL);
    assert_int_equal(vcpu_exit->call.immediate, 7);
    for (uint32_t gpr = 0; gpr <= 8; gpr++) {
        assert_int_equal(state->gpr[gpr], *thread_gpr(gpr));
    }
    assert_int_equal(state->gpr[17], kernel.thread.x17);
    state->gpr[0] = 1;
    state->gpr[3] = 4;
    state->pc += 4;
    goes_on(false);
    assert_int_equal(kernel.thread.x0, 1);
    assert_int_equal(kernel.thread.x3, 4);
    assert_int_equal(kernel.thread.pc, 0x1004);
    assert_int_equal(kernel.thread.x28, 0x1021);
}

static void test_system_register(void **unused)
{
    (void)unused;
    assert_true(fault(seL4_Fault_VCPUFault, 0x18u << 26 | 0x300010u | 9u << 5));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_SYSTEM_REGISTER);
    assert_int_equal(vcpu_exit->system_register.encoding, 0x300010);
    assert_int_equal(vcpu_exit->system_register.write, 1);
    assert_int_equal(vcpu_exit->system_register.gpr, 9);
    assert_int_equal(state->gpr[9], kernel.thread.x9);
}

/* HVC is a system call of seL4: the guest gets an undefined instruction. Labels that no seL4 sends as well. */
static void test_unknown_faults(void **unused)
{
    (void)unused;
    static const uint64_t labels[] = {seL4_Fault_UnknownSyscall, 0, 1, 99, UINT64_MAX};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        assert_true(fault(labels[i], UINT64_MAX));
        assert_int_equal(vcpu_exit->kind, VCPU_EXIT_INSTRUCTION);
        assert_int_equal(state->gpr[28], kernel.thread.x28);
        goes_on(false);
    }
    assert_true(fault(seL4_Fault_VCPUFault, UINT64_MAX));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_EXCEPTION);
    assert_int_equal(vcpu_exit->exception.vector, 0x3f);
}

/* --- WFI, and stopping --- */

static void test_halt_and_wake(void **unused)
{
    (void)unused;
    kernel.vcpu[seL4_VCPUReg_CNTV_CTL] = 1;
    kernel.vcpu[seL4_VCPUReg_CNTV_CVAL] = 12345;
    assert_true(fault(seL4_Fault_VCPUFault, WFI));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_HALT);
    assert_int_equal(state->cntv_ctl, 1);
    assert_int_equal(state->cntv_cval, 12345);
    state->pc += 4;
    vcpu.on = false;
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_int_equal(kernel.stops, 1);
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_int_equal(kernel.stops, 1); /* once is enough */
    vcpu.on = true;
    assert_false(sel4_vcpu_settle(&vcpu, false)); /* no reply: it waits for none */
    assert_true(kernel.running);
    assert_int_equal(kernel.thread.pc, 0x1004);
}

static void test_wait_for_event_goes_on(void **unused)
{
    (void)unused;
    assert_true(fault(seL4_Fault_VCPUFault, WFE));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_PAUSE);
}

/* The interrupt under way may be one that is to end the wait. */
static void test_halt_with_an_interrupt_under_way(void **unused)
{
    (void)unused;
    state->gic.list[0] = LIST(40, 0xa0);
    (void)sel4_vcpu_settle(&vcpu, false);
    assert_false(fault(seL4_Fault_VCPUFault, WFI));
    goes_on(false);
    assert_int_equal(kernel.thread.pc, 0x1004);
}

static void test_pause_of_a_running_vcpu(void **unused)
{
    (void)unused;
    vcpu.on = false;
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_false(kernel.running);
    seL4_UserContext before = kernel.thread;
    vcpu.on = true;
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_true(kernel.running);
    assert_int_equal(kernel.writes, 0); /* the kernel has what it needs */
    assert_memory_equal(&kernel.thread, &before, sizeof(before));
}

static void test_reset_of_a_running_vcpu(void **unused)
{
    (void)unused;
    state->gic.list[0] = LIST(40, 0xa0);
    (void)sel4_vcpu_settle(&vcpu, false);
    memset(state->gpr, 0, sizeof(state->gpr));
    state->pc = 0x40200000;
    state->pstate = 0x3c5;
    state->sctlr_el1 = 0xc50838;
    state->gic.list[0] = 0;
    vcpu.page.control.dirty = VCPU_STATE_ALL;
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_int_equal(kernel.stops, 1);
    assert_true(kernel.running);
    assert_int_equal(kernel.registers_written, 36);
    assert_int_equal(kernel.thread.pc, 0x40200000);
    assert_int_equal(kernel.thread.x28, 0);
    assert_int_equal(kernel.vcpu[seL4_VCPUReg_SCTLR], 0xc50838);
}

/* seL4 keeps the list registers: the same interrupt must not get into a second one. */
static void reset_with_an_interrupt_under_way(uint32_t intid)
{
    state->gic.list[0] = LIST(intid + 1, 0xa0);
    state->gic.list[1] = LIST(intid, 0xa0);
    (void)sel4_vcpu_settle(&vcpu, false);
    kernel.list[0] = 0;
    (void)fault(seL4_Fault_VGICMaintenance, 0);
    memset(state->gic.list, 0, sizeof(state->gic.list));
    vcpu.page.control.dirty = VCPU_STATE_ALL;
    goes_on(false);
    assert_int_equal(kernel.list[1], intid);
}

static void test_interrupts_from_before_a_reset(void **unused)
{
    (void)unused;
    reset_with_an_interrupt_under_way(40);
    state->gic.list[0] = LIST(40, 0xa0);
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_int_equal(kernel.list[1], 40); /* in its place */
    assert_true(fault(seL4_Fault_VGICMaintenance, 1));
    assert_int_equal(state->gic.end_of_interrupt_status, 1);
}

static void test_end_of_an_interrupt_from_before_a_reset(void **unused)
{
    (void)unused;
    reset_with_an_interrupt_under_way(40);
    assert_true(fault(seL4_Fault_VGICMaintenance, 1));
    assert_int_equal(state->gic.end_of_interrupt_status, 0);
    goes_on(false);
    state->gic.list[0] = LIST(41, 0xa0);
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_int_equal(kernel.list[0], 41);
}

/* It is known to be active: the kernel takes no other there, and the guest's end of the new one may be told as its. */
static void test_active_from_before_a_reset(void **unused)
{
    (void)unused;
    reset_with_an_interrupt_under_way(40);
    kernel.refuses[1] = true;
    kernel.list[1] = 0; /* for the fake, which knows no such state */
    state->gic.list[0] = LIST(40, 0xa0);
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_int_equal(kernel.list[0], 40);
    assert_true(fault(seL4_Fault_VGICMaintenance, 1));
    assert_int_equal(state->gic.end_of_interrupt_status, 1);
    assert_int_equal(state->gic.list[0], 0);
}

static void test_reset_by_its_own_exit(void **unused)
{
    (void)unused;
    assert_true(fault(seL4_Fault_VCPUFault, SMC(0)));
    memset(state->gpr, 0, sizeof(state->gpr));
    state->pc = 0x40200000;
    vcpu.page.control.dirty = VCPU_STATE_ALL;
    goes_on(false);
    assert_int_equal(kernel.registers_written, 36);
    assert_int_equal(kernel.thread.pc, 0x40200000);
}

/* --- Interrupts --- */

static void test_injection_and_end(void **unused)
{
    (void)unused;
    state->gic.list[2] = LIST(33, 0xa8);
    assert_false(sel4_vcpu_settle(&vcpu, false));
    assert_int_equal(kernel.list[0], 33); /* the kernel's need not be the same as the VMM's */
    assert_int_equal(kernel.priority[0], 0x15);
    assert_int_equal(kernel.group[0], 1);
    assert_int_equal(state->gic.list[2] & (PENDING | ACTIVE), ACTIVE);
    (void)sel4_vcpu_settle(&vcpu, false);
    assert_int_equal(kernel.injections, 1);
    assert_true(fault(seL4_Fault_VGICMaintenance, 0));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_INTERRUPT_WINDOW);
    assert_int_equal(state->gic.end_of_interrupt_status, 1u << 2);
    assert_int_equal(state->gic.list[2], 0);
    assert_int_equal(kernel.reads, 0); /* no register is needed for that */
    goes_on(false);
    assert_int_equal(kernel.writes, 0);
}

static void test_pending_once_more(void **unused)
{
    (void)unused;
    state->gic.list[0] = LIST(33, 0xa0);
    (void)sel4_vcpu_settle(&vcpu, false);
    state->gic.list[0] |= PENDING; /* and active */
    (void)sel4_vcpu_settle(&vcpu, false);
    assert_int_equal(kernel.injections, 1);
    kernel.list[0] = 0;
    assert_true(fault(seL4_Fault_VGICMaintenance, 0));
    assert_int_equal(state->gic.list[0] & (PENDING | ACTIVE), PENDING);
    goes_on(false);
    assert_int_equal(kernel.injections, 2);
    assert_int_equal(kernel.list[0], 33);
}

/* The VMM fills its list registers anew each time, and moves what is active. */
static void test_list_registers_that_move(void **unused)
{
    (void)unused;
    state->gic.list[0] = LIST(33, 0xa0);
    state->gic.list[1] = LIST(34, 0xa0);
    (void)sel4_vcpu_settle(&vcpu, false);
    kernel.list[0] = 0;
    assert_true(fault(seL4_Fault_VGICMaintenance, 0));
    state->gic.list[0] = state->gic.list[1]; /* 34, active */
    state->gic.list[1] = LIST(35, 0xa0);
    goes_on(false);
    assert_int_equal(kernel.list[0], 35);
    assert_int_equal(kernel.list[1], 34);
    assert_int_equal(kernel.injections, 3);
    kernel.list[1] = 0;
    assert_true(fault(seL4_Fault_VGICMaintenance, 1));
    assert_int_equal(state->gic.end_of_interrupt_status, 1u << 0);
    assert_int_equal(state->gic.list[0], 0);
}

static void test_no_room_in_the_kernel(void **unused)
{
    (void)unused;
    memset(kernel.refuses, 1, sizeof(kernel.refuses));
    state->gic.list[0] = LIST(33, 0xa0);
    (void)sel4_vcpu_settle(&vcpu, false);
    assert_int_equal(state->gic.list[0] & (PENDING | ACTIVE), PENDING); /* it waits */
    kernel.refuses[3] = false;
    (void)sel4_vcpu_settle(&vcpu, false);
    assert_int_equal(kernel.list[3], 33);
}

static void test_wild_indices(void **unused)
{
    (void)unused;
    static const seL4_Word indices[] = {1, 4, 16, 64, UINT32_MAX, UINT64_MAX};
    state->gic.list[0] = LIST(33, 0xa0);
    (void)sel4_vcpu_settle(&vcpu, false);
    for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
        assert_true(fault(seL4_Fault_VGICMaintenance, indices[i]));
        assert_int_equal(state->gic.end_of_interrupt_status, 0);
        goes_on(false);
    }
    assert_int_equal(state->gic.list[0] & ACTIVE, ACTIVE);
}

/* --- The virtual timer --- */

static void test_timer(void **unused)
{
    (void)unused;
    assert_true(fault(seL4_Fault_VPPIEvent, TIMER));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_TIMER);
    assert_true(state->cntv_ctl == 1 && state->cntv_cval == 0); /* due, whatever the clock says */
    state->gic.list[0] = LIST(TIMER, 0xa0);
    goes_on(true);
    assert_int_equal(kernel.list[0], TIMER);
    assert_int_equal(kernel.acknowledged, 0);
    assert_int_equal(kernel.reads + kernel.writes + kernel.timer_reads, 0);
    /* Other exits meanwhile do not look at it. */
    assert_true(fault(seL4_Fault_VCPUFault, SMC(0)));
    goes_on(true);
    assert_int_equal(kernel.timer_reads, 0);
    /* Its end with the line still up. */
    kernel.list[0] = 0;
    kernel.vcpu[seL4_VCPUReg_CNTV_CTL] = TIMER_DUE;
    assert_true(fault(seL4_Fault_VGICMaintenance, 0));
    assert_int_equal(state->cntv_ctl, 1);
    state->gic.list[0] = LIST(TIMER, 0xa0);
    goes_on(true);
    assert_int_equal(kernel.acknowledged, 0);
    /* And with the line released: masked by the guest, off, or set for later. */
    kernel.list[0] = 0;
    kernel.vcpu[seL4_VCPUReg_CNTV_CTL] = TIMER_DUE | 2;
    assert_true(fault(seL4_Fault_VGICMaintenance, 0));
    assert_int_equal(state->cntv_ctl, 0);
    goes_on(false);
    assert_int_equal(kernel.acknowledged, 1);
}

/* The guest does not take the interrupt: nothing says when its line is released, so each exit looks. */
static void test_timer_that_is_disabled(void **unused)
{
    (void)unused;
    assert_true(fault(seL4_Fault_VPPIEvent, TIMER));
    goes_on(true);
    kernel.vcpu[seL4_VCPUReg_CNTV_CTL] = 1;
    assert_true(fault(seL4_Fault_VCPUFault, SMC(0)));
    assert_int_equal(kernel.timer_reads, 1);
    assert_int_equal(state->cntv_ctl, 0);
    goes_on(false);
    assert_int_equal(kernel.acknowledged, 1);
}

static void test_other_private_interrupts(void **unused)
{
    (void)unused;
    assert_true(fault(seL4_Fault_VPPIEvent, 26));
    assert_int_equal(vcpu_exit->kind, VCPU_EXIT_NONE);
    goes_on(false);
    assert_int_equal(kernel.acknowledged, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_load_into_each_register, set_up),
        cmocka_unit_test_setup(test_store, set_up),
        cmocka_unit_test_setup(test_store_of_zero_register, set_up),
        cmocka_unit_test_setup(test_fetch_and_page_walk, set_up),
        cmocka_unit_test_setup(test_instruction_without_syndrome, set_up),
        cmocka_unit_test_setup(test_el1_registers, set_up),
        cmocka_unit_test_setup(test_secure_call, set_up),
        cmocka_unit_test_setup(test_system_register, set_up),
        cmocka_unit_test_setup(test_unknown_faults, set_up),
        cmocka_unit_test_setup(test_halt_and_wake, set_up),
        cmocka_unit_test_setup(test_wait_for_event_goes_on, set_up),
        cmocka_unit_test_setup(test_halt_with_an_interrupt_under_way, set_up),
        cmocka_unit_test_setup(test_pause_of_a_running_vcpu, set_up),
        cmocka_unit_test_setup(test_reset_of_a_running_vcpu, set_up),
        cmocka_unit_test_setup(test_interrupts_from_before_a_reset, set_up),
        cmocka_unit_test_setup(test_end_of_an_interrupt_from_before_a_reset, set_up),
        cmocka_unit_test_setup(test_active_from_before_a_reset, set_up),
        cmocka_unit_test_setup(test_reset_by_its_own_exit, set_up),
        cmocka_unit_test_setup(test_injection_and_end, set_up),
        cmocka_unit_test_setup(test_pending_once_more, set_up),
        cmocka_unit_test_setup(test_list_registers_that_move, set_up),
        cmocka_unit_test_setup(test_no_room_in_the_kernel, set_up),
        cmocka_unit_test_setup(test_wild_indices, set_up),
        cmocka_unit_test_setup(test_timer, set_up),
        cmocka_unit_test_setup(test_timer_that_is_disabled, set_up),
        cmocka_unit_test_setup(test_other_private_interrupts, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
