/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages between vCPUs, from the I/O APIC and from devices. */
#include "pc.h"

#define PAGE   0xfee00000ull
#define IOAPIC 0xfec00000ull

static int setup(void **state)
{
    static struct pc pc;
    pc_create(&pc);
    for (uint32_t i = 0; i < PC_VCPUS; i++) {
        mmio_write(&pc, i, PAGE + 0xf0, 4, 0x1ff);
    }
    *state = &pc;
    return 0;
}

static void send(struct pc *pc, uint32_t from, uint32_t high, uint32_t low)
{
    mmio_write(pc, from, PAGE + 0x310, 4, high);
    mmio_write(pc, from, PAGE + 0x300, 4, low);
}

/* Bit i: vCPU i has a request, which is forgotten. */
static uint32_t receivers(struct pc *pc, int vector)
{
    uint32_t set = 0;
    for (uint32_t i = 0; i < PC_VCPUS; i++) {
        int pending = lapic_highest_pending(&pc->lapics[i]);
        if (pending >= 0) {
            assert_int_equal(pending, vector);
            set |= 1u << i;
            lapic_accept(&pc->lapics[i], (uint8_t)pending);
            mmio_write(pc, i, PAGE + 0xb0, 4, 0);
            lapic_msr_write(&pc->lapics[i], 0x80b, 0);
        }
    }
    return set;
}

static void x2apic(struct pc *pc)
{
    for (uint32_t i = 0; i < PC_VCPUS; i++) {
        assert_int_equal(lapic_msr_write(&pc->lapics[i], 0x1b, PAGE | 0xc00), 0);
    }
}

static void shorthands(void **state)
{
    struct pc *pc = *state;
    send(pc, 1, 0, 0x00044 | 1 << 18);
    assert_int_equal(receivers(pc, 0x44), 2);
    send(pc, 1, 0, 0x00044 | 2 << 18);
    assert_int_equal(receivers(pc, 0x44), 7);
    send(pc, 1, 0, 0x00044 | 3 << 18);
    assert_int_equal(receivers(pc, 0x44), 5);
    assert_int_equal(mmio_read(pc, 1, PAGE + 0x300, 4), 0x00044 | 3 << 18); /* idle */
}

static void physical_destinations(void **state)
{
    struct pc *pc = *state;
    uint32_t wakes = pc->wakes[2];
    send(pc, 0, 2u << 24, 0x44);
    assert_int_equal(pc->wakes[2], wakes + 1);
    assert_int_equal(receivers(pc, 0x44), 4);
    send(pc, 0, 7u << 24, 0x44);
    assert_int_equal(receivers(pc, 0x44), 0);
    send(pc, 0, 0xffu << 24, 0x44);
    assert_int_equal(receivers(pc, 0x44), 7);
}

static void logical_destinations_flat_and_cluster(void **state)
{
    struct pc *pc = *state;
    for (uint32_t i = 0; i < PC_VCPUS; i++) {
        mmio_write(pc, i, PAGE + 0xd0, 4, 1u << (24 + i));
    }
    send(pc, 0, 6u << 24, 0x844);
    assert_int_equal(receivers(pc, 0x44), 6);
    send(pc, 0, 0x80u << 24, 0x844);
    assert_int_equal(receivers(pc, 0x44), 0);
    for (uint32_t i = 0; i < PC_VCPUS; i++) {
        mmio_write(pc, i, PAGE + 0xe0, 4, 0x0fffffff);
        mmio_write(pc, i, PAGE + 0xd0, 4, (0x10 + 0x10 * (i / 2) + (1u << i % 2)) << 24);
    }
    send(pc, 0, 0x13u << 24, 0x844);
    assert_int_equal(receivers(pc, 0x44), 3);
    send(pc, 0, 0x2fu << 24, 0x844);
    assert_int_equal(receivers(pc, 0x44), 4);
    mmio_write(pc, 2, PAGE + 0xe0, 4, 0x5fffffff); /* no such model */
    send(pc, 0, 0x2fu << 24, 0x844);
    assert_int_equal(receivers(pc, 0x44), 0);
}

static void x2apic_destinations(void **state)
{
    struct pc *pc = *state;
    x2apic(pc);
    struct lapic *lapic = &pc->lapics[0];
    assert_int_equal(lapic_msr_write(lapic, 0x830, 2ull << 32 | 0x44), 0);
    assert_int_equal(receivers(pc, 0x44), 4);
    assert_int_equal(lapic_msr_write(lapic, 0x830, 0xffffffffull << 32 | 0x44), 0);
    assert_int_equal(receivers(pc, 0x44), 7);
    assert_int_equal(lapic_msr_write(lapic, 0x830, 0xffull << 32 | 0x44), 0); /* an ID, no broadcast */
    assert_int_equal(receivers(pc, 0x44), 0);
    assert_int_equal(lapic_msr_write(lapic, 0x830, 5ull << 32 | 0x844), 0);
    assert_int_equal(receivers(pc, 0x44), 5);
    assert_int_equal(lapic_msr_write(lapic, 0x830, 0x10005ull << 32 | 0x844), 0); /* cluster 1 */
    assert_int_equal(receivers(pc, 0x44), 0);
    uint64_t icr;
    assert_int_equal(lapic_msr_read(lapic, 0x830, &icr), 0);
    assert_int_equal(icr, 0x10005ull << 32 | 0x844);
}

static void x2apic_sender_reaches_xapic_receiver(void **state)
{
    struct pc *pc = *state;
    assert_int_equal(lapic_msr_write(&pc->lapics[0], 0x1b, PAGE | 0xc00), 0);
    assert_int_equal(lapic_msr_write(&pc->lapics[0], 0x830, 1ull << 32 | 0x44), 0);
    assert_int_equal(receivers(pc, 0x44), 2);
    send(pc, 1, 0, 0x44);
    assert_int_equal(receivers(pc, 0x44), 1);
}

static void lowest_priority_goes_to_one_and_takes_turns(void **state)
{
    struct pc *pc = *state;
    uint32_t count[PC_VCPUS] = {0};
    for (int i = 0; i < 30; i++) {
        send(pc, 0, 0xffu << 24, 0x144);
        uint32_t set = receivers(pc, 0x44);
        assert_true(set == 1 || set == 2 || set == 4);
        count[set >> 1]++;
    }
    for (uint32_t i = 0; i < PC_VCPUS; i++) {
        assert_int_equal(count[i], 10);
    }
    mmio_write(pc, 0, PAGE + 0x80, 4, 0x20);
    mmio_write(pc, 2, PAGE + 0x80, 4, 0x10);
    for (int i = 0; i < 5; i++) {
        send(pc, 0, 0xffu << 24, 0x144);
        assert_int_equal(receivers(pc, 0x44), 2);
    }
    mmio_write(pc, 1, PAGE + 0xf0, 4, 0xff); /* software-disabled: not asked */
    send(pc, 0, 0xffu << 24, 0x144);
    assert_int_equal(receivers(pc, 0x44), 4);
}

static void init_startup_nmi_and_smi_are_events(void **state)
{
    struct pc *pc = *state;
    mmio_write(pc, 1, PAGE + 0xf0, 4, 0xff); /* these reach a software-disabled APIC as well */
    send(pc, 0, 1u << 24, 0x4500);
    send(pc, 0, 1u << 24, 0x8500); /* level de-assert: nothing */
    send(pc, 0, 1u << 24, 0x4699);
    send(pc, 0, 1u << 24, 0x4400);
    send(pc, 0, 1u << 24, 0x4200);
    assert_int_equal(pc->event_count, 4);
    static const enum apic_event expected[] = {APIC_EVENT_INIT, APIC_EVENT_STARTUP, APIC_EVENT_NMI, APIC_EVENT_SMI};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(pc->events[i].vcpu, 1);
        assert_int_equal(pc->events[i].event, expected[i]);
    }
    assert_int_equal(pc->events[1].vector, 0x99);
}

static void reserved_modes_go_nowhere(void **state)
{
    struct pc *pc = *state;
    send(pc, 0, 1u << 24, 0x344);
    send(pc, 0, 1u << 24, 0x744);
    assert_int_equal(pc->event_count, 0);
    assert_int_equal(receivers(pc, 0), 0);
    assert_false(lapic_extint_pending(&pc->lapics[1]));
}

static void globally_disabled_apic_takes_nothing(void **state)
{
    struct pc *pc = *state;
    assert_int_equal(lapic_msr_write(&pc->lapics[1], 0x1b, PAGE), 0);
    send(pc, 0, 0, 0x44 | 3 << 18);
    assert_int_equal(receivers(pc, 0x44), 4);
    send(pc, 0, 1u << 24, 0x4400);
    assert_int_equal(pc->event_count, 0);
}

static void msi_reaches_its_destination(void **state)
{
    struct pc *pc = *state;
    irq_send_msi(&pc->router, 0, PAGE | 2 << 12, 0x44);
    assert_int_equal(receivers(pc, 0x44), 4);
    irq_send_msi(&pc->router, 0, PAGE | 0xff << 12, 0x44);
    assert_int_equal(receivers(pc, 0x44), 7);
    irq_send_msi(&pc->router, 0, PAGE | 0xff << 12 | 0xc, 0x44); /* redirection hint, logical: lowest priority */
    uint32_t set = receivers(pc, 0x44);
    assert_true(set == 1 || set == 2 || set == 4);
    irq_send_msi(&pc->router, 0, 0xfed00000, 0x44);
    irq_send_msi(&pc->router, 0, UINT64_MAX, 0xffffffff);
    irq_send_msi(&pc->router, 0, PAGE | 1ull << 32, 0x44);
    irq_send_msi(&pc->router, 0, PAGE, 0x644);  /* no startup by MSI */
    irq_send_msi(&pc->router, 0, PAGE, 0x8044); /* level de-assertion */
    assert_int_equal(receivers(pc, 0x44), 0);
    assert_int_equal(pc->event_count, 0);
}

/* --- I/O APIC --- */

static uint32_t ioapic_read(struct pc *pc, uint32_t index)
{
    mmio_write(pc, 0, IOAPIC, 4, index);
    return (uint32_t)mmio_read(pc, 0, IOAPIC + 0x10, 4);
}

static void ioapic_write(struct pc *pc, uint32_t index, uint32_t value)
{
    mmio_write(pc, 0, IOAPIC, 4, index);
    mmio_write(pc, 0, IOAPIC + 0x10, 4, value);
}

static void route(struct pc *pc, uint32_t pin, uint32_t destination, uint32_t low)
{
    ioapic_write(pc, 0x11 + 2 * pin, destination << 24);
    ioapic_write(pc, 0x10 + 2 * pin, low);
}

static void ioapic_identification(void **state)
{
    struct pc *pc = *state;
    assert_int_equal(ioapic_read(pc, 1), 0x00170020);
    ioapic_write(pc, 0, 0xffffffff);
    assert_int_equal(ioapic_read(pc, 0), 0x0f000000);
    assert_int_equal(ioapic_read(pc, 2), 0x0f000000);
    assert_int_equal(mmio_read(pc, 0, IOAPIC, 4), 2);
    assert_int_equal(ioapic_read(pc, 0x40), 0xffffffff);
    assert_int_equal(ioapic_read(pc, 0xff), 0xffffffff);
    for (uint32_t pin = 0; pin < 24; pin++) {
        assert_int_equal(ioapic_read(pc, 0x10 + 2 * pin), 0x10000);
        ioapic_write(pc, 0x10 + 2 * pin, 0xffffffff);
        ioapic_write(pc, 0x11 + 2 * pin, 0xffffffff);
        assert_int_equal(ioapic_read(pc, 0x10 + 2 * pin), 0x1afff);
        assert_int_equal(ioapic_read(pc, 0x11 + 2 * pin), 0xff000000);
    }
}

static void edge_is_delivered_once(void **state)
{
    struct pc *pc = *state;
    route(pc, 4, 1, 0x44);
    irq_set_line(&pc->router, 4, true);
    assert_int_equal(receivers(pc, 0x44), 2);
    irq_set_line(&pc->router, 4, true);
    assert_int_equal(receivers(pc, 0x44), 0);
    irq_set_line(&pc->router, 4, false);
    irq_set_line(&pc->router, 4, true);
    assert_int_equal(receivers(pc, 0x44), 2);
}

static void masked_edge_is_lost_and_masked_level_waits(void **state)
{
    struct pc *pc = *state;
    route(pc, 4, 0, 0x10044);
    irq_set_line(&pc->router, 4, true);
    ioapic_write(pc, 0x18, 0x44);
    assert_int_equal(receivers(pc, 0x44), 0);
    route(pc, 9, 0, 0x18049);
    irq_set_line(&pc->router, 9, true);
    assert_int_equal(receivers(pc, 0x49), 0);
    ioapic_write(pc, 0x22, 0x8049);
    assert_int_equal(ioapic_read(pc, 0x22), 0xc049); /* remote IRR */
    assert_int_equal(lapic_highest_pending(&pc->lapics[0]), 0x49);
}

static void isa_timer_is_on_pin_2(void **state)
{
    struct pc *pc = *state;
    route(pc, 0, 0, 0x40);
    route(pc, 2, 0, 0x42);
    irq_set_line(&pc->router, 0, true);
    assert_int_equal(receivers(pc, 0x42), 1);
    irq_set_line(&pc->router, 2, true); /* nothing is on the cascade */
    ioapic_set_pin(&pc->ioapic, IOAPIC_PINS, true);
    ioapic_set_pin(&pc->ioapic, 200, true);
    assert_int_equal(receivers(pc, 0x42), 0);
}

static void level_comes_again_after_eoi_while_asserted(void **state)
{
    struct pc *pc = *state;
    route(pc, 9, 0, 0x8049);
    irq_set_line(&pc->router, 9, true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lapic_highest_pending(&pc->lapics[0]), 0x49);
        lapic_accept(&pc->lapics[0], 0x49);
        assert_int_equal(mmio_read(pc, 0, PAGE + 0x1a0, 4), 1u << 9); /* TMR */
        assert_int_equal(lapic_highest_request(&pc->lapics[0]), -1);
        mmio_write(pc, 0, PAGE + 0xb0, 4, 0);
    }
    lapic_accept(&pc->lapics[0], 0x49);
    irq_set_line(&pc->router, 9, false);
    mmio_write(pc, 0, PAGE + 0xb0, 4, 0);
    assert_int_equal(lapic_highest_request(&pc->lapics[0]), -1);
    assert_int_equal(ioapic_read(pc, 0x22), 0x8049);
}

static void eoi_register_and_suppressed_broadcast(void **state)
{
    struct pc *pc = *state;
    mmio_write(pc, 0, PAGE + 0xf0, 4, 0x11ff);
    route(pc, 9, 0, 0x8049);
    irq_set_line(&pc->router, 9, true);
    irq_set_line(&pc->router, 9, false);
    lapic_accept(&pc->lapics[0], 0x49);
    mmio_write(pc, 0, PAGE + 0xb0, 4, 0);
    assert_int_equal(ioapic_read(pc, 0x22), 0xc049); /* no broadcast */
    mmio_write(pc, 0, IOAPIC + 0x40, 4, 0x48);
    assert_int_equal(ioapic_read(pc, 0x22), 0xc049);
    mmio_write(pc, 0, IOAPIC + 0x40, 4, 0x49);
    assert_int_equal(ioapic_read(pc, 0x22), 0x8049);
}

static void becoming_edge_clears_remote_irr(void **state)
{
    struct pc *pc = *state;
    route(pc, 9, 0, 0x8049);
    irq_set_line(&pc->router, 9, true);
    irq_set_line(&pc->router, 9, false);
    ioapic_write(pc, 0x22, 0x10049);
    ioapic_write(pc, 0x22, 0x8049);
    assert_int_equal(ioapic_read(pc, 0x22), 0x8049);
}

static void level_that_nobody_takes_is_offered_again(void **state)
{
    struct pc *pc = *state;
    route(pc, 9, 99, 0x8049);
    irq_set_line(&pc->router, 9, true);
    assert_int_equal(ioapic_read(pc, 0x22), 0x8049);
    ioapic_write(pc, 0x23, 0);
    assert_int_equal(lapic_highest_pending(&pc->lapics[0]), 0x49);
}

static void other_delivery_modes(void **state)
{
    struct pc *pc = *state;
    route(pc, 5, 1, 0x400);
    irq_set_line(&pc->router, 5, true);
    route(pc, 6, 2, 0x500);
    irq_set_line(&pc->router, 6, true);
    route(pc, 10, 2, 0x200);
    irq_set_line(&pc->router, 10, true);
    assert_int_equal(pc->event_count, 3);
    assert_int_equal(pc->events[0].event, APIC_EVENT_NMI);
    assert_int_equal(pc->events[1].event, APIC_EVENT_INIT);
    assert_int_equal(pc->events[2].event, APIC_EVENT_SMI);
    route(pc, 11, 1, 0x700);
    irq_set_line(&pc->router, 11, true);
    assert_true(lapic_extint_pending(&pc->lapics[1]));
    lapic_accept_extint(&pc->lapics[1]);
    assert_false(lapic_extint_pending(&pc->lapics[1]));
    route(pc, 12, 0xff, 0x14c);
    irq_set_line(&pc->router, 12, true);
    uint32_t set = receivers(pc, 0x4c);
    assert_true(set == 1 || set == 2 || set == 4);
    route(pc, 13, 1, 0x600); /* reserved */
    irq_set_line(&pc->router, 13, true);
    assert_int_equal(pc->event_count, 3);
}

static void whole_path_from_timer_to_vcpu_by_ioapic_and_by_8259(void **state)
{
    struct pc *pc = *state;
    route(pc, 2, 0, 0x30);
    outb(pc, 0x43, 0x34);
    outb(pc, 0x40, 0xa9);
    outb(pc, 0x40, 0x04);
    receivers(pc, 0x30);
    pc_advance_us(pc, 1100);
    assert_int_equal(receivers(pc, 0x30), 1);
    lapic_reset(&pc->lapics[0], true);
    outb(pc, 0x20, 0x11);
    outb(pc, 0x21, 0x20);
    outb(pc, 0x21, 0x04);
    outb(pc, 0x21, 0x01);
    assert_false(lapic_extint_pending(&pc->lapics[0]));
    pc_advance_us(pc, 1000);
    assert_true(lapic_extint_pending(&pc->lapics[0]));
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x20);
    assert_false(lapic_extint_pending(&pc->lapics[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shorthands, setup),
        cmocka_unit_test_setup(physical_destinations, setup),
        cmocka_unit_test_setup(logical_destinations_flat_and_cluster, setup),
        cmocka_unit_test_setup(x2apic_destinations, setup),
        cmocka_unit_test_setup(x2apic_sender_reaches_xapic_receiver, setup),
        cmocka_unit_test_setup(lowest_priority_goes_to_one_and_takes_turns, setup),
        cmocka_unit_test_setup(init_startup_nmi_and_smi_are_events, setup),
        cmocka_unit_test_setup(reserved_modes_go_nowhere, setup),
        cmocka_unit_test_setup(globally_disabled_apic_takes_nothing, setup),
        cmocka_unit_test_setup(msi_reaches_its_destination, setup),
        cmocka_unit_test_setup(ioapic_identification, setup),
        cmocka_unit_test_setup(edge_is_delivered_once, setup),
        cmocka_unit_test_setup(masked_edge_is_lost_and_masked_level_waits, setup),
        cmocka_unit_test_setup(isa_timer_is_on_pin_2, setup),
        cmocka_unit_test_setup(level_comes_again_after_eoi_while_asserted, setup),
        cmocka_unit_test_setup(eoi_register_and_suppressed_broadcast, setup),
        cmocka_unit_test_setup(becoming_edge_clears_remote_irr, setup),
        cmocka_unit_test_setup(level_that_nobody_takes_is_offered_again, setup),
        cmocka_unit_test_setup(other_delivery_modes, setup),
        cmocka_unit_test_setup(whole_path_from_timer_to_vcpu_by_ioapic_and_by_8259, setup),
    };
    return cmocka_run_group_tests_name("apic_bus", tests, NULL, NULL);
}
