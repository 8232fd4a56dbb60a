/* SPDX-License-Identifier: BSD-2-Clause */
/* What the GIC has besides list registers that it fills: sleeping vCPUs, the kernel's SGIs, the virtual timer. */
#include "gic_lists_fixture.h"

static void sleeping_and_waking(void **state)
{
    (void)state;
    prepare(40, 1, 0x80, true);
    assert_false(machine_sleep(&machine, 1));
    assert_false(machine.cpus[1].running);
    machine_line(&machine, 8, true);
    assert_true(machine.cpus[1].running);
    assert_int_equal(machine_take(&machine, 1), 40);
    assert_false(machine_sleep(&machine, 1));
    machine_line(&machine, 8, false);
    assert_false(machine.cpus[1].running);
    /* What is pending already. */
    wr(0, ISPENDR + 4, 1u << 8);
    assert_true(machine.cpus[1].running);
    assert_true(machine_sleep(&machine, 1));
    assert_int_equal(machine_take(&machine, 1), 40);
    /* Not what is masked, disabled or for another one. */
    machine.cpus[1].page.vmcr = 0x80000003;
    wr(0, ISPENDR + 4, 1u << 8);
    assert_false(machine_sleep(&machine, 1));
    machine_write(&machine, 0, GICD(IPRIORITYR + 40), 1, 0x78);
    assert_true(machine.cpus[1].running);
    machine.cpus[1].page.vmcr = 0xf8000000;
    assert_false(machine_sleep(&machine, 1));
    machine.cpus[1].page.vmcr = 0xf8000003;
    wr(0, ICENABLER + 4, 1u << 8);
    assert_false(machine_sleep(&machine, 1));
    machine_line(&machine, 9, true);
    assert_false(machine.cpus[1].running);
    wr(0, ISENABLER + 4, 1u << 8);
    assert_true(machine.cpus[1].running);
    assert_int_equal(machine_take(&machine, 1), 40);
}

/* Interrupts that were taken, not how often they were in a list register; the kernel counts its own. */
static void deliveries_are_counted(void **state)
{
    (void)state;
    prepare(40, 1, 0x80, true);
    machine_line(&machine, 8, true);
    assert_int_equal(machine.gic.delivered, 1);
    machine_write(&machine, 1, GICD(IPRIORITYR + 100), 1, 0x70); /* is looked at again, and still pending */
    gic_leave(&machine.gic, 1);
    assert_int_equal(machine.gic.delivered, 0);
    gic_enter(&machine.gic, 1);
    assert_int_equal(machine.gic.delivered, 1);
    assert_int_equal(machine_take(&machine, 1), 40);
    machine_line(&machine, 8, false);
    assert_int_equal(machine.gic.delivered, 1);
    machine_line(&machine, 8, true);
    assert_int_equal(machine_take(&machine, 1), 40);
    assert_int_equal(machine.gic.delivered, 2);
}

/* A second interrupt wakes although a first, masked one has been told already. */
static void every_interrupt_wakes_anew(void **state)
{
    (void)state;
    prepare(40, 1, 0x80, true);
    prepare(41, 1, 0x10, true);
    machine.cpus[1].page.vmcr = 0x40000003;
    assert_false(machine_sleep(&machine, 1));
    machine_line(&machine, 8, true);
    assert_false(machine.cpus[1].running);
    machine_line(&machine, 9, true);
    assert_true(machine.cpus[1].running);
    assert_int_equal(machine_take(&machine, 1), 41);
}

static void state_of_a_sleeping_vcpu_is_at_hand(void **state)
{
    (void)state;
    prepare(40, 1, 0x80, true);
    machine_line(&machine, 8, true);
    assert_int_equal(machine_acknowledge(&machine, 1), 40);
    assert_false(machine_sleep(&machine, 1));
    uint32_t retries = machine.retries;
    assert_int_equal(rd(0, ISACTIVER + 4), 1u << 8);
    wr(0, ICACTIVER + 4, 1u << 8);
    assert_int_equal(rd(0, ISACTIVER + 4), 0);
    assert_int_equal(machine.retries, retries);
}

static void kernels_sgis_are_seen_and_kept(void **state)
{
    (void)state;
    struct vcpu_gic *page = &machine.cpus[1].page;
    uint64_t group = machine.gic.config.version == 3 ? LR_GROUP1 : 0;
    prepare(40, 1, 0x20, true);
    prepare(5, 1, 0x80, true);
    prepare(6, 1, 0x80, true);
    page->list[2] = LR_PENDING | group | 0x80ull << 48 | 2ull << 32 | 5;
    page->private_pending = 1u << 6;
    assert_int_equal((uint32_t)machine_read(&machine, 1, private_register(1, ISPENDR), 4), 1u << 5 | 1u << 6);
    machine_line(&machine, 8, true);
    assert_int_equal(page->private_pending, 1u << 6);
    assert_int_equal(machine_take(&machine, 1), 40);
    assert_int_equal(machine_acknowledge(&machine, 1) & 0x3ff, 5);
    /* Sent again while active: the kernel marks it in whatever list register it is in. */
    for (uint32_t i = 0; i < MACHINE_LISTS; i++) {
        page->list[i] |= (uint32_t)page->list[i] == 5 ? LR_PENDING : 0;
    }
    machine_line(&machine, 8, false);
    machine_line(&machine, 8, true);
    assert_int_equal(machine_take(&machine, 1), 40);
    machine_end(&machine, 1, machine.gic.config.version == 2 ? 5 | 2 << 10 : 5);
    assert_int_equal(machine_take(&machine, 1) & 0x3ff, 5);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    if (machine.gic.config.version == 3) {
        machine_write(&machine, 0, private_register(1, ICPENDR), 4, 1u << 6);
        assert_int_equal(page->private_pending, 0);
    }
    page->private_pending = 1u << 6;
    assert_true(machine_sleep(&machine, 1));
}

/* A list register of ours whose interrupt has ended is free for the kernel. */
static void kernel_reuses_an_ended_list_register(void **state)
{
    (void)state;
    struct vcpu_gic *page = &machine.cpus[1].page;
    uint64_t group = machine.gic.config.version == 3 ? LR_GROUP1 : 0;
    prepare(40, 1, 0x80, true);
    prepare(5, 1, 0x80, true);
    machine_line(&machine, 8, true);
    assert_int_equal(machine_take(&machine, 1), 40);
    for (uint32_t i = 0; i < MACHINE_LISTS; i++) {
        if ((uint32_t)page->list[i] == 40) {
            page->list[i] = LR_PENDING | group | 0x80ull << 48 | 5;
        }
    }
    assert_int_equal(rd(0, ISPENDR + 4), 0);
    assert_int_equal(rd(0, ISACTIVER + 4), 0);
    assert_int_equal(machine_take(&machine, 1) & 0x3ff, 5);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
}

static void timer_stays_in_its_list_register(void **state)
{
    (void)state;
    struct vcpu_gic *page = &machine.cpus[1].page;
    uint64_t group = machine.gic.config.version == 3 ? LR_GROUP1 : 0;
    prepare(TIMER, 1, 0x20, false);
    prepare(40, 1, 0x80, true);
    page->list[3] = TIMER_REGISTER | group | LR_PENDING;
    for (uint32_t i = 0; i < 3; i++) {
        machine_line(&machine, 8, true);
        machine_line(&machine, 8, false);
        assert_true(page->list[3] == (TIMER_REGISTER | group | LR_PENDING));
        assert_int_equal((uint32_t)machine_read(&machine, 1, private_register(1, ISPENDR), 4), 1u << TIMER);
    }
    assert_int_equal(machine_acknowledge(&machine, 1), TIMER);
    assert_int_equal((uint32_t)machine_read(&machine, 1, private_register(1, ISACTIVER), 4), 1u << TIMER);
    machine_line(&machine, 8, true);
    assert_true(page->list[3] == (TIMER_REGISTER | group | LR_ACTIVE));
    machine_end(&machine, 1, TIMER);
    assert_int_equal(machine_take(&machine, 1), 40);
    assert_int_equal((uint32_t)machine_read(&machine, 1, private_register(1, ISACTIVER), 4), 0);
    /* It wakes. */
    page->list[3] = TIMER_REGISTER | group | LR_PENDING;
    assert_true(machine_sleep(&machine, 1));
    /* Disabled: it is taken away, what is active stays. */
    machine_write(&machine, 1, private_register(1, ICENABLER), 4, 1u << TIMER);
    assert_true((page->list[3] & (LR_PENDING | LR_ACTIVE)) == 0);
    machine_write(&machine, 1, private_register(1, ISENABLER), 4, 1u << TIMER);
    page->list[3] = TIMER_REGISTER | group | LR_PENDING | LR_ACTIVE;
    machine_write(&machine, 1, private_register(1, ICENABLER), 4, 1u << TIMER);
    assert_true(page->list[3] == (TIMER_REGISTER | group | LR_ACTIVE));
    machine_write(&machine, 1, private_register(1, ICACTIVER), 4, 1u << TIMER);
    assert_true((page->list[3] & (LR_PENDING | LR_ACTIVE)) == 0);
}

static uint32_t timers_listed(uint32_t vcpu)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MACHINE_LISTS; i++) {
        uint64_t lr = machine.cpus[vcpu].page.list[i];
        count += (lr & (LR_PENDING | LR_ACTIVE)) != 0 && (uint32_t)lr == TIMER;
    }
    return count;
}

/* Made pending and active by writes while the kernel has it: never in two list registers. */
static void timer_is_listed_once(void **state)
{
    (void)state;
    struct vcpu_gic *page = &machine.cpus[1].page;
    uint64_t group = machine.gic.config.version == 3 ? LR_GROUP1 : 0;
    prepare(TIMER, 1, 0x20, false);
    page->list[3] = TIMER_REGISTER | group | LR_PENDING;
    machine_write(&machine, 1, private_register(1, ISPENDR), 4, 1u << TIMER);
    assert_int_equal(timers_listed(1), 1);
    machine_write(&machine, 1, private_register(1, ISACTIVER), 4, 1u << TIMER);
    assert_int_equal(timers_listed(1), 1);
    machine_write(&machine, 1, private_register(1, ICACTIVER), 4, 1u << TIMER);
    assert_int_equal(machine_take(&machine, 1), TIMER);
    machine_exit(&machine, 1);
    page->list[3] = TIMER_REGISTER | group | LR_ACTIVE;
    if (machine.gic.config.version == 3) {
        machine_write(&machine, 0, private_register(1, ICACTIVER), 4, 1u << TIMER); /* by another vCPU */
        assert_true((page->list[3] & LR_ACTIVE) == 0);
    }
}

/* The kernel says that the timer fired and it may not deliver that. */
static void timer_by_the_vmm(void **state)
{
    (void)state;
    uint64_t group = machine.gic.config.version == 3 ? 0 : 0xffffffff;
    prepare(TIMER, 1, 0x20, false);
    machine_write(&machine, 1, private_register(1, IGROUPR), 4, group); /* not the kernel's */
    assert_int_equal(machine.cpus[1].page.private_enabled, 0);
    machine.current = 1;
    gic_set_ppi(&machine.gic, 1, TIMER, true);
    machine.current = GIC_NO_VCPU;
    machine_exit(&machine, 1);
    assert_int_equal(machine_take(&machine, 1), TIMER);
    assert_int_equal(machine_acknowledge(&machine, 1), TIMER);
    machine.current = 1;
    gic_set_ppi(&machine.gic, 1, TIMER, false);
    machine.current = GIC_NO_VCPU;
    machine_exit(&machine, 1);
    machine_end(&machine, 1, TIMER);
    assert_int_equal(machine_take(&machine, 1), NOTHING);
    /* Lines that there are not. */
    gic_set_ppi(&machine.gic, 4, TIMER, true);
    gic_set_ppi(&machine.gic, 0, 15, true);
    gic_set_ppi(&machine.gic, 0, 32, true);
    gic_set_spi(&machine.gic, GIC_SPIS, true);
    machine_settle(&machine);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(machine_take(&machine, i), NOTHING);
    }
}

static void ppis_are_each_vcpus_own(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        prepare(23, i, 0x80, false);
    }
    gic_set_ppi(&machine.gic, 2, 23, true);
    machine_settle(&machine);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(machine_acknowledge(&machine, i), i == 2 ? 23 : NOTHING);
    }
}

static void nothing_to_do_costs_nothing(void **state)
{
    (void)state;
    prepare(40, 0, 0x80, false);
    machine_line(&machine, 8, true);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(machine.gic.vcpus[i].attention, 0);
    }
    uint64_t before[MACHINE_LISTS];
    for (uint32_t i = 0; i < MACHINE_LISTS; i++) {
        before[i] = machine.cpus[0].page.list[i];
    }
    rd(0, CTLR);
    rd(0, ISENABLER + 4);
    wr(0, ISENABLER + 4, 1u << 8); /* as it was */
    assert_int_equal(machine.gic.vcpus[0].attention, 0);
    for (uint32_t i = 0; i < MACHINE_LISTS; i++) {
        assert_true(before[i] == machine.cpus[0].page.list[i]);
    }
    /* Who is not concerned is not kicked. */
    uint32_t kicks = machine.kicks;
    machine_line(&machine, 9, true);
    prepare(42, 0, 0x80, true);
    assert_int_equal(machine.kicks, kicks);
    machine_line(&machine, 10, true);
    assert_int_equal(machine.kicks, kicks + 1);
    /* Nor who cannot have it yet: it is active elsewhere, and not listed there. */
    wr(0, ISACTIVER + 4, 1u << 12);
    machine.cpus[0].page.vmcr = 0;
    machine_sleep(&machine, 0);
    prepare(44, 1, 0x80, true);
    kicks = machine.kicks;
    machine_line(&machine, 12, true);
    assert_int_equal(machine.kicks, kicks);
    machine_line_by(&machine, 1, 12, false);
    machine_line_by(&machine, 1, 12, true);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(sleeping_and_waking),
        BOTH(deliveries_are_counted),
        BOTH(every_interrupt_wakes_anew),
        BOTH(state_of_a_sleeping_vcpu_is_at_hand),
        BOTH(kernels_sgis_are_seen_and_kept),
        BOTH(kernel_reuses_an_ended_list_register),
        BOTH(timer_stays_in_its_list_register),
        BOTH(timer_is_listed_once),
        BOTH(timer_by_the_vmm),
        BOTH(ppis_are_each_vcpus_own),
        BOTH(nothing_to_do_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
