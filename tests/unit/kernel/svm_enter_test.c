/* SPDX-License-Identifier: BSD-2-Clause */
/* The way into the guest: an event is delivered once, whatever the exit says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <asm/prctl.h>
#include <cmocka.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../kernel/arch/x86_64/include/arch/percpu.h"
#include "../../../kernel/arch/x86_64/svm/svm.h"

#define INTERRUPT(vector)       (VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_INTERRUPT) | (vector))
#define EXCEPTION(vector)       (VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_EXCEPTION) | (vector))
#define PAGE_FAULT              (EXCEPTION(14) | VCPU_EVENT_ERROR_CODE | 2ull << 32)
#define VECTOR_OF_REQUEST(vmcb) ((vmcb)->virtual_interrupt >> 32 & 0xff)

/* What enter.c needs from the rest of the kernel. */
struct svm_platform svm_platform;
static struct percpu percpu;
static struct vcpu_page page;
static struct vmcb vmcb;

void svm_debug_load(struct vcpu_hardware *hardware)
{
    (void)hardware;
}

void svm_write_state(struct vcpu *vcpu, uint32_t groups)
{
    (void)vcpu;
    (void)groups;
}

void fpu_load(struct fpu_state *state)
{
    (void)state;
}

enum vcpu_enter_result svm_exit_to_vmm(struct vcpu *vcpu, enum vcpu_exit_kind kind)
{
    vcpu->page->exit.kind = kind;
    return VCPU_ENTER_EXIT;
}

enum vcpu_enter_result svm_handle_exit(struct vcpu *vcpu)
{
    (void)vcpu;
    return VCPU_ENTER_INTERRUPTED;
}

/* The processor. It tells what it was asked for, and comes out of the guest as the test wants. */
static struct {
    bool takes_request;  /* the guest is open for a virtual interrupt: RFLAGS.IF */
    uint64_t exit_event; /* EXITINTINFO */
    struct vmcb entered;
    uint32_t runs;
} processor;

void svm_run(uint64_t gpr[VCPU_GPR_COUNT], uint64_t vmcb_address, uint64_t host_address)
{
    (void)gpr;
    (void)vmcb_address;
    (void)host_address;
    processor.runs++;
    processor.entered = vmcb;
    vmcb.event = 0;
    vmcb.exit_event = processor.exit_event;
    if (processor.takes_request && (vmcb.intercept3 & INTERCEPT_VINTR) == 0) {
        vmcb.virtual_interrupt &= ~VIRTUAL_IRQ;
    }
}

static struct vcpu_statistics statistics;
static struct svm_cpu cpu;
static struct vcpu_hardware hardware;
static struct vcpu vcpu;

static int setup(void **state)
{
    (void)state;
    memset(&svm_platform, 0, sizeof(svm_platform));
    memset(&processor, 0, sizeof(processor));
    memset(&vmcb, 0, sizeof(vmcb));
    memset(&page, 0, sizeof(page));
    memset(&statistics, 0, sizeof(statistics));
    hardware = (struct vcpu_hardware){.vmcb = &vmcb, .cpu = &cpu, .shadow_rip = SVM_NO_SHADOW};
    cpu.current = &hardware;
    vcpu = (struct vcpu){.page = &page, .statistics = &statistics, .hardware = &hardware};
    vmcb.virtual_interrupt = VIRTUAL_INTERRUPT_MASKING | 5; /* and the guest's TPR */
    percpu.self = &percpu;
    return syscall(SYS_arch_prctl, ARCH_SET_GS, &percpu) == 0 ? 0 : -1;
}

static void enter(uint64_t event)
{
    page.control.event = event;
    vmcb.clean = CLEAN_ALL;
    assert_int_equal(vcpu_enter(&vcpu), VCPU_ENTER_INTERRUPTED);
}

static bool requested(void)
{
    return (processor.entered.virtual_interrupt & VIRTUAL_IRQ) != 0;
}

static void processors_inject_interrupts(void **state)
{
    (void)state;
    enter(INTERRUPT(0x23));
    assert_int_equal(processor.entered.event, INTERRUPT(0x23));
    assert_false(requested());
    assert_int_equal(page.control.event, 0);
    /* Its delivery met a nested page fault: owed, and given again once. */
    processor.exit_event = INTERRUPT(0x23);
    enter(INTERRUPT(0x23));
    assert_int_equal(page.control.event, INTERRUPT(0x23));
    processor.exit_event = 0;
    enter(page.control.event);
    assert_int_equal(processor.entered.event, INTERRUPT(0x23));
    assert_int_equal(page.control.event, 0);
    enter(page.control.event);
    assert_int_equal(processor.entered.event, 0);
}

static void tcg_is_asked_for_interrupts(void **state)
{
    (void)state;
    svm_platform.injects_twice = true;
    processor.takes_request = true;
    enter(INTERRUPT(0x23));
    assert_int_equal(processor.entered.event, 0); /* or the guest may see it twice */
    assert_true(requested());
    assert_int_equal(VECTOR_OF_REQUEST(&processor.entered), 0x23);
    assert_true((processor.entered.virtual_interrupt & VIRTUAL_IGNORE_TPR) != 0);
    assert_int_equal(processor.entered.virtual_interrupt & VIRTUAL_TPR_MASK, 5);
    assert_int_equal(processor.entered.intercept3 & INTERCEPT_VINTR, 0);
    assert_int_equal(processor.entered.clean & (CLEAN_INTERCEPTS | CLEAN_TPR), 0);
    assert_int_equal(page.control.event, 0);
    assert_int_equal(vmcb.virtual_interrupt, VIRTUAL_INTERRUPT_MASKING | 5);
    assert_int_equal(vmcb.clean & CLEAN_TPR, 0);
    /* Nothing is left for the next entry. */
    enter(0);
    assert_int_equal(processor.runs, 2);
    assert_false(requested());
    assert_int_equal(processor.entered.event, 0);
}

static void what_tcg_did_not_take_is_owed(void **state)
{
    (void)state;
    svm_platform.injects_twice = true;
    /* A host's interrupt came first. */
    enter(INTERRUPT(0x23));
    assert_int_equal(page.control.event, INTERRUPT(0x23));
    assert_int_equal(vmcb.virtual_interrupt, VIRTUAL_INTERRUPT_MASKING | 5);
    /* Its delivery met a nested page fault, which TCG reports as that of an exception. */
    processor.exit_event = EXCEPTION(0x23);
    enter(page.control.event);
    assert_int_equal(page.control.event, INTERRUPT(0x23));
    /* An exception comes again by itself. */
    processor.exit_event = PAGE_FAULT;
    enter(page.control.event);
    assert_int_equal(page.control.event, INTERRUPT(0x23));
    /* Taken; and then a guest's exception is interrupted in its delivery. */
    processor.takes_request = true;
    enter(page.control.event);
    assert_int_equal(page.control.event, PAGE_FAULT);
    processor.exit_event = 0;
    enter(page.control.event);
    assert_int_equal(processor.entered.event, PAGE_FAULT);
    assert_int_equal(page.control.event, 0);
}

static void tcg_injects_other_events(void **state)
{
    (void)state;
    svm_platform.injects_twice = true;
    static const uint64_t events[] = {PAGE_FAULT, EXCEPTION(6), VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_NMI) | 2,
                                      VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_SOFTWARE) | 0x80};
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        setup(NULL);
        svm_platform.injects_twice = true;
        enter(events[i]);
        assert_int_equal(processor.entered.event, events[i]);
        assert_false(requested());
        assert_int_equal(page.control.event, 0);
    }
}

static void a_window_beside_a_request_waits(void **state)
{
    (void)state;
    svm_platform.injects_twice = true;
    processor.takes_request = true;
    page.control.interrupt_window = 1;
    enter(0);
    assert_true((processor.entered.intercept3 & INTERCEPT_VINTR) != 0);
    enter(INTERRUPT(0x31));
    assert_int_equal(processor.entered.intercept3 & INTERCEPT_VINTR, 0);
    assert_int_equal(VECTOR_OF_REQUEST(&processor.entered), 0x31);
    assert_int_equal(page.control.event, 0);
    enter(0);
    assert_true(requested());
    assert_true((processor.entered.intercept3 & INTERCEPT_VINTR) != 0);
    assert_int_equal(VECTOR_OF_REQUEST(&processor.entered), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(processors_inject_interrupts, setup),
        cmocka_unit_test_setup(tcg_is_asked_for_interrupts, setup),
        cmocka_unit_test_setup(what_tcg_did_not_take_is_owed, setup),
        cmocka_unit_test_setup(tcg_injects_other_events, setup),
        cmocka_unit_test_setup(a_window_beside_a_request_waits, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
