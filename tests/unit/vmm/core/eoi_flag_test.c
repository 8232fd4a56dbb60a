/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts that a guest ends without an exit, by a word of its memory. */
#include "exits_fixture.h"

#define MSR_PV_EOI 0x4b564d04u
#define WORD       0x5000u
#define SELF_IPI   0x83fu
#define EOI        0x80bu

static uint32_t *word(void)
{
    return (uint32_t *)(void *)(f.ram + WORD);
}

static bool injected(uint8_t vector)
{
    return control()->event == (VCPU_EVENT_VALID | vector);
}

/* The guest has taken the interrupt, and exits for some reason. */
static void exit_again(void)
{
    fixture_exit(&f, VCPU_EXIT_INTERRUPT_WINDOW);
    control()->event = 0;
    handle();
}

static void start(void)
{
    assert_true(write_msr(0x1b, 0xfee00d00)); /* x2APIC */
    assert_true(write_msr(0x80f, 0x1ff));
    guest()->rflags = RFLAGS_RESERVED | RFLAGS_IF;
    *word() = 0xfffffff0;
    assert_true(write_msr(MSR_PV_EOI, WORD | 1));
    assert_int_equal(msr(MSR_PV_EOI), WORD | 1);
    assert_int_equal(*word(), 0xfffffff0);
}

static void offered_to_guests_that_know_it(void **state)
{
    (void)state;
    cpuid(0x40000100, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX], 0x40000101);
    uint32_t text[3] = {(uint32_t)guest()->gpr[VCPU_RBX], (uint32_t)guest()->gpr[VCPU_RCX],
                        (uint32_t)guest()->gpr[VCPU_RDX]};
    assert_memory_equal(text, "KVMKVMKVM\0\0", 12);
    cpuid(0x40000101, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX], 1u << 1 | 1u << 6);
    f.vm->arch.cpuid.hypervisor = false;
    cpuid(0x40000100, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX] | guest()->gpr[VCPU_RBX], 0);
    assert_false(write_msr(MSR_PV_EOI, WORD | 1));
    uint64_t value;
    assert_false(read_msr(MSR_PV_EOI, &value));
}

static void ended_by_the_word(void **state)
{
    (void)state;
    start();
    assert_true(write_msr(SELF_IPI, 0x41));
    assert_true(injected(0x41));
    assert_int_equal(*word(), 0xfffffff1);
    exit_again(); /* not ended yet */
    assert_int_equal(*word(), 0xfffffff1);
    *word() = 0xfffffff0;
    exit_again();
    assert_int_equal(msr(0x812) & 2, 0); /* not in service any more */
    /* The same class comes through. */
    assert_true(write_msr(SELF_IPI, 0x40));
    assert_true(injected(0x40));
    assert_int_equal(*word(), 0xfffffff1);
    /* An event that is no exit shows the end, too. */
    *word() = 0xfffffff0;
    control()->event = 0;
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_int_equal(msr(0x812) & 1, 0);
}

static void not_while_another_waits(void **state)
{
    (void)state;
    start();
    guest()->rflags = RFLAGS_RESERVED;
    assert_true(write_msr(SELF_IPI, 0x41));
    assert_true(write_msr(SELF_IPI, 0x51));
    guest()->rflags |= RFLAGS_IF;
    exit_again();
    assert_true(injected(0x51));
    assert_int_equal(*word(), 0xfffffff0);
    assert_true(write_msr(EOI, 0));
    assert_true(injected(0x41));
    assert_int_equal(*word(), 0xfffffff1);
}

static void taken_back_when_another_comes(void **state)
{
    (void)state;
    start();
    assert_true(write_msr(SELF_IPI, 0x51));
    assert_int_equal(*word(), 0xfffffff1);
    assert_true(write_msr(SELF_IPI, 0x52)); /* waits for the end of the first */
    assert_int_equal(control()->event, 0);
    assert_int_equal(*word(), 0xfffffff0);
    exit_again(); /* which is not there yet */
    assert_int_equal(control()->event, 0);
    assert_true(write_msr(EOI, 0));
    assert_true(injected(0x52));
    assert_int_equal(*word(), 0xfffffff1);
}

/* A higher one in between: the word speaks of the highest. */
static void nested(void **state)
{
    (void)state;
    start();
    assert_true(write_msr(SELF_IPI, 0x41));
    assert_true(write_msr(SELF_IPI, 0x91));
    assert_true(injected(0x91));
    assert_int_equal(*word(), 0xfffffff1);
    *word() = 0xfffffff0;
    exit_again();
    assert_int_equal(*word(), 0xfffffff0);
    assert_int_equal(msr(0x814) & 0x20000, 0); /* the higher one is over */
    assert_int_equal(msr(0x812) & 2, 2);       /* the lower one is not */
    assert_true(write_msr(EOI, 0));
    assert_int_equal(msr(0x812) & 2, 0);
}

static void not_for_levels(void **state)
{
    (void)state;
    start();
    assert_true(lapic_deliver(&f.vm->vcpus[0].arch.lapic, 0x61, true));
    exit_again();
    assert_true(injected(0x61));
    assert_int_equal(*word(), 0xfffffff0);
    assert_true(write_msr(EOI, 0));
}

static void bad_words(void **state)
{
    (void)state;
    start();
    assert_false(write_msr(MSR_PV_EOI, WORD | 3));              /* a reserved bit */
    assert_false(write_msr(MSR_PV_EOI, FIXTURE_RAM_SIZE | 1));  /* behind the RAM */
    assert_false(write_msr(MSR_PV_EOI, 0xfffffffffffffffdull)); /* nowhere */
    assert_int_equal(msr(MSR_PV_EOI), WORD | 1);
    assert_true(write_msr(MSR_PV_EOI, FIXTURE_RAM_SIZE)); /* off: the address means nothing */
    assert_true(write_msr(SELF_IPI, 0x41));
    assert_int_equal(*word(), 0xfffffff0);
    assert_true(write_msr(EOI, 0));
    assert_true(write_msr(MSR_PV_EOI, WORD | 1));
    reset_registers(&f.vm->vcpus[0]);
    assert_int_equal(msr(MSR_PV_EOI), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(offered_to_guests_that_know_it),
        TEST(ended_by_the_word),
        TEST(not_while_another_waits),
        TEST(taken_back_when_another_comes),
        TEST(nested),
        TEST(not_for_levels),
        TEST(bad_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
