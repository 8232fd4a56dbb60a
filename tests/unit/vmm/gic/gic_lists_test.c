/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts in list registers: levels and edges, priorities, nesting, and who may look at them. */
#include "gic_lists_fixture.h"

static void edge_is_taken_once_and_counts_again_while_active(void **state)
{
    (void)state;
    prepare(40, 0, 0x80, true);
    machine_line(&machine, 8, true);
    assert_int_equal(rd(0, ISPENDR + 4), 1u << 8);
    machine_line(&machine, 8, false);
    assert_int_equal(rd(0, ISPENDR + 4), 1u << 8);
    machine_line(&machine, 8, true); /* still pending: the same */
    assert_int_equal(machine_acknowledge(&machine, 0), 40);
    assert_int_equal(rd(0, ISPENDR + 4), 0);
    assert_int_equal(rd(0, ISACTIVER + 4), 1u << 8);
    machine_line(&machine, 8, false);
    machine_line(&machine, 8, true);
    assert_int_equal(rd(0, ISPENDR + 4), 1u << 8);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    machine_end(&machine, 0, 40);
    assert_int_equal(machine_take(&machine, 0), 40);
    assert_int_equal(machine_take(&machine, 0), NOTHING);
    assert_int_equal(rd(0, ISACTIVER + 4), 0);
    assert_int_equal(machine.maintenance_exits, 0);
}

static void level_comes_as_long_as_the_line_is_asserted(void **state)
{
    (void)state;
    prepare(40, 0, 0x80, false);
    machine_line(&machine, 8, true);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(machine_take(&machine, 0), 40);
    }
    assert_int_equal(machine_acknowledge(&machine, 0), 40);
    machine_line(&machine, 8, false);
    machine_end(&machine, 0, 40);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    machine_line(&machine, 8, true);
    machine_line(&machine, 8, false); /* a level that nobody took is gone */
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    assert_int_equal(rd(0, ISPENDR + 4), 0);
}

/* The usual course: handler makes the device release its line, and ends. */
static void level_costs_no_maintenance_if_its_device_is_served(void **state)
{
    (void)state;
    prepare(40, 0, 0x80, false);
    for (uint32_t i = 0; i < 10; i++) {
        machine_line(&machine, 8, true);
        assert_int_equal(machine_acknowledge(&machine, 0), 40);
        machine_line_by(&machine, 0, 8, false);
        machine_end(&machine, 0, 40);
        assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    }
    assert_int_equal(machine.maintenance_exits, 0);
    /* If not, one. */
    machine_line(&machine, 8, true);
    machine_take(&machine, 0);
    assert_int_equal(machine.maintenance_exits, 1);
}

/* Lines that change in exits of the vCPU that they go to. */
static void lines_on_the_targets_own_thread(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 6; i++) {
        prepare(40 + i, 0, (uint8_t)(0x80 + 8 * i), i % 2 != 0);
    }
    for (uint32_t round = 0; round < 10; round++) {
        for (uint32_t i = 6; i-- > 0;) {
            machine_line_by(&machine, 0, 8 + i, true);
        }
        for (uint32_t i = 0; i < 6; i++) {
            assert_int_equal(machine_acknowledge(&machine, 0), 40 + i);
            machine_line_by(&machine, 0, 8 + i, false);
            machine_end(&machine, 0, 40 + i);
        }
        assert_int_equal(machine_take(&machine, 0), NOTHING);
        assert_int_equal(rd(0, ISPENDR + 4), 0);
        /* Gone before it is taken, and again while it is active. */
        machine_line_by(&machine, 0, 8, true);
        machine_line_by(&machine, 0, 8, false);
        assert_int_equal(machine_take(&machine, 0), NOTHING);
        machine_line_by(&machine, 0, 8, true);
        assert_int_equal(machine_acknowledge(&machine, 0), 40);
        machine_line_by(&machine, 0, 8, false);
        machine_line_by(&machine, 0, 8, true);
        machine_end(&machine, 0, 40);
        assert_int_equal(machine_acknowledge(&machine, 0), 40);
        machine_line_by(&machine, 0, 8, false);
        machine_end(&machine, 0, 40);
    }
    /* In a list register that an edge was in. */
    machine_exit(&machine, 0);
    machine_line_by(&machine, 0, 9, true);
    assert_int_equal(machine_take(&machine, 0), 41);
    machine_line_by(&machine, 0, 8, true);
    machine_line_by(&machine, 0, 8, false);
    assert_int_equal(machine_take(&machine, 0), NOTHING);
}

/* Active, made pending by a write, and with so many waiting that it is listed as active only. */
static void latched_level_outlives_its_line(void **state)
{
    (void)state;
    prepare(40, 0, 0x40, false);
    machine_line_by(&machine, 0, 8, true);
    assert_int_equal(machine_acknowledge(&machine, 0), 40);
    for (uint32_t i = 0; i < 6; i++) {
        prepare(48 + i, 0, 0x80, true);
        machine_line_by(&machine, 0, 16 + i, true);
    }
    wr(0, ISPENDR + 4, 1u << 8);
    assert_true((machine_list(&machine, 0, 40) & LR_PENDING) == 0);
    machine_line_by(&machine, 0, 8, false);
    machine_end(&machine, 0, 40);
    assert_int_equal(machine_take(&machine, 0), 40);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(machine_take(&machine, 0), 48 + i);
    }
}

static void level_made_pending_by_a_write_is_taken_once(void **state)
{
    (void)state;
    prepare(40, 0, 0x80, false);
    wr(0, ISPENDR + 4, 1u << 8);
    assert_int_equal(machine_take(&machine, 0), 40);
    assert_int_equal(machine_take(&machine, 0), NOTHING);
    wr(0, ISPENDR + 4, 1u << 8);
    machine_exit(&machine, 0);
    assert_int_equal(rd(0, ISPENDR + 4), 1u << 8); /* read back: still latched */
    wr(0, ICPENDR + 4, 1u << 8);
    assert_int_equal(machine_take(&machine, 0), NOTHING);
    /* Of an asserted line it clears nothing. */
    machine_line(&machine, 8, true);
    wr(0, ICPENDR + 4, 1u << 8);
    assert_int_equal(rd(0, ISPENDR + 4), 1u << 8);
    assert_int_equal(machine_take(&machine, 0), 40);
}

static void change_of_trigger(void **state)
{
    (void)state;
    prepare(40, 0, 0x80, false);
    machine_line(&machine, 8, true);
    wr(0, ICFGR + 8, 2u << 16);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING); /* no edge was seen */
    wr(0, ICFGR + 8, 0);
    assert_int_equal(machine_acknowledge(&machine, 0), 40);
}

static void disabled_and_pending(void **state)
{
    (void)state;
    prepare(40, 0, 0x80, true);
    machine_line(&machine, 8, true);
    wr(1, ICENABLER + 4, 1u << 8);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    assert_int_equal(rd(1, ISPENDR + 4), 1u << 8);
    wr(1, ISENABLER + 4, 1u << 8);
    assert_int_equal(machine_acknowledge(&machine, 0), 40);
    /* Disabled while active: it can be ended, and counts meanwhile. */
    wr(1, ICENABLER + 4, 1u << 8);
    machine_line(&machine, 8, false);
    machine_line(&machine, 8, true);
    machine_end(&machine, 0, 40);
    assert_int_equal(rd(1, ISACTIVER + 4), 0);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    wr(1, ISENABLER + 4, 1u << 8);
    assert_int_equal(machine_acknowledge(&machine, 0), 40);
    /* The distributor off and on. */
    machine_end(&machine, 0, 40);
    wr(2, ISPENDR + 4, 1u << 8);
    wr(2, CTLR, 0);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    wr(2, CTLR, EVERYTHING_ON);
    assert_int_equal(machine_acknowledge(&machine, 0), 40);
}

static void higher_priority_preempts(void **state)
{
    (void)state;
    prepare(40, 0, 0x80, true);
    prepare(41, 0, 0x40, true);
    prepare(42, 0, 0x40, true);
    prepare(43, 0, 0x90, true);
    machine_line(&machine, 8, true);
    assert_int_equal(machine_acknowledge(&machine, 0), 40);
    machine_line(&machine, 11, true);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    machine_line(&machine, 9, true);
    machine_line(&machine, 10, true);
    assert_int_equal(machine_acknowledge(&machine, 0), 41);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    machine_end(&machine, 0, 41);
    assert_int_equal(machine_take(&machine, 0), 42);
    assert_int_equal(machine_acknowledge(&machine, 0), NOTHING);
    machine_end(&machine, 0, 40);
    assert_int_equal(machine_take(&machine, 0), 43);
}

static void priority_changes_while_pending(void **state)
{
    (void)state;
    prepare(40, 0, 0x80, true);
    prepare(41, 0, 0x90, true);
    machine_line(&machine, 8, true);
    machine_line(&machine, 9, true);
    machine_write(&machine, 3, GICD(IPRIORITYR + 41), 1, 0x10);
    assert_int_equal(LR_PRIORITY(machine_list(&machine, 0, 41)), 0x10);
    assert_int_equal(machine_take(&machine, 0), 41);
    assert_int_equal(machine_take(&machine, 0), 40);
}

static void more_pending_than_list_registers(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        prepare(32 + i, 0, (uint8_t)((i * 7 + 3) % 20 * 8), true);
    }
    for (uint32_t i = 0; i < 20; i++) {
        machine_line(&machine, i, true);
    }
    assert_true((machine.cpus[0].page.control & VCPU_GIC_UNDERFLOW) != 0);
    uint32_t last = 0;
    for (uint32_t i = 0; i < 20; i++) {
        uint32_t intid = machine_take(&machine, 0);
        assert_int_not_equal(intid, NOTHING);
        uint32_t priority = ((intid - 32) * 7 + 3) % 20 * 8;
        assert_true(priority >= last);
        last = priority;
    }
    assert_int_equal(machine_take(&machine, 0), NOTHING);
    assert_int_equal(machine.cpus[0].page.control, 0);
    assert_true(machine.maintenance_exits <= 20 / 3 + 1);
}

/* List registers full of lesser ones make room. */
static void highest_priority_gets_a_list_register(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        prepare(32 + i, 0, (uint8_t)(0xf0 - 8 * i), true);
        machine_line(&machine, i, true);
        assert_true(machine_list(&machine, 0, 32 + i) != 0);
    }
    for (uint32_t i = 10; i-- > 0;) {
        assert_int_equal(machine_take(&machine, 0), 32 + i);
    }
}

static void nested_deeper_than_there_are_list_registers(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 12; i++) {
        prepare(32 + i, 0, (uint8_t)(0xe0 - 8 * i), true);
    }
    for (uint32_t i = 0; i < 12; i++) {
        machine_line(&machine, i, true);
        assert_int_equal(machine_acknowledge(&machine, 0), 32 + i);
    }
    assert_int_equal(rd(0, ISACTIVER + 4), 0xfff);
    for (uint32_t i = 12; i-- > 0;) {
        machine_end(&machine, 0, 32 + i);
        assert_int_equal(rd(0, ISACTIVER + 4), (1u << i) - 1);
    }
    assert_int_equal(machine_take(&machine, 0), NOTHING);
    assert_int_equal(machine.cpus[0].page.control, 0);
}

/* What another vCPU has active is not ended. */
static void nested_on_two_vcpus(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 8; i++) {
        prepare(32 + i, 0, (uint8_t)(0xe0 - 8 * i), true);
        prepare(48 + i, 1, (uint8_t)(0x90 - 8 * i), true);
    }
    for (uint32_t i = 0; i < 8; i++) {
        machine_line(&machine, i, true);
        machine_line(&machine, 16 + i, true);
        assert_int_equal(machine_acknowledge(&machine, 0), 32 + i);
        assert_int_equal(machine_acknowledge(&machine, 1), 48 + i);
    }
    /* Nobody looks in between, which would bring more of them into list registers. */
    for (uint32_t i = 8; i-- > 0;) {
        machine_end(&machine, 0, 32 + i);
    }
    assert_int_equal(rd(0, ISACTIVER + 4), 0xff0000);
    for (uint32_t i = 8; i-- > 0;) {
        machine_end(&machine, 1, 48 + i);
    }
    assert_int_equal(rd(0, ISACTIVER + 4), 0);
}

static void waiting_lesser_ones_come_after_nesting(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 12; i++) {
        prepare(32 + i, 0, (uint8_t)(0xe0 - 8 * i), false);
        prepare(48 + i, 0, 0xe8, true);
        machine_line(&machine, 16 + i, true);
    }
    for (uint32_t i = 0; i < 12; i++) {
        machine_line(&machine, i, true);
        assert_int_equal(machine_acknowledge(&machine, 0), 32 + i);
    }
    for (uint32_t i = 12; i-- > 0;) {
        machine_line(&machine, i, false);
        machine_end(&machine, 0, 32 + i);
    }
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(machine_take(&machine, 0), 48 + i);
    }
    assert_int_equal(machine_take(&machine, 0), NOTHING);
}

static void active_by_a_write(void **state)
{
    (void)state;
    prepare(40, 2, 0x80, true);
    wr(0, ISACTIVER + 4, 1u << 8);
    machine_line(&machine, 8, true);
    assert_int_equal(machine_acknowledge(&machine, 2), NOTHING);
    wr(0, ICACTIVER + 4, 1u << 8);
    assert_int_equal(machine_acknowledge(&machine, 2), 40);
    wr(1, ICACTIVER + 4, 1u << 8); /* in a list register of a vCPU that runs */
    assert_int_equal(rd(0, ISACTIVER + 4), 0);
    assert_true(machine_list(&machine, 2, 40) == 0);
    machine_end(&machine, 2, 40); /* ended all the same */
    wr(1, ISACTIVER + 4, 1u << 8);
    assert_true((machine_list(&machine, 2, 40) & LR_ACTIVE) != 0);
}

/* A vCPU reads and writes what another one, that runs, has in list registers and went on with. */
static void state_in_another_vcpus_list_registers(void **state)
{
    (void)state;
    prepare(40, 1, 0x80, true);
    machine_line(&machine, 8, true);
    assert_int_equal(machine_acknowledge(&machine, 1), 40);
    uint32_t retries = machine.retries;
    assert_int_equal(rd(0, ISACTIVER + 4), 1u << 8);
    assert_int_equal(machine.retries, retries + 1);
    assert_int_equal(rd(0, ISPENDR + 4), 0);
    machine_end(&machine, 1, 40);
    assert_int_equal(rd(0, ISACTIVER + 4), 0);
    assert_int_equal(rd(1, ISACTIVER + 4), 0);
    /* Written while it is pending there, and taken before the kick arrives. */
    machine_line(&machine, 8, false);
    machine_line(&machine, 8, true);
    machine.deaf = true;
    wr(0, ICPENDR + 4, 1u << 8);
    assert_int_equal(machine_acknowledge(&machine, 1), 40);
    machine_settle(&machine);
    assert_true((machine_list(&machine, 1, 40) & LR_ACTIVE) != 0); /* it was too late, which the guest cannot tell */
    machine_end(&machine, 1, 40);
    machine_settle(&machine);
    machine_line(&machine, 8, false);
    machine_line(&machine, 8, true);
    machine_settle(&machine);
    wr(0, ICPENDR + 4, 1u << 8);
    machine_settle(&machine);
    assert_int_equal(machine_acknowledge(&machine, 1), NOTHING);
    assert_int_equal(rd(0, ISPENDR + 4), 0);
    /* Cleared and then pending again. */
    wr(1, ISPENDR + 4, 1u << 8);
    wr(0, ICPENDR + 4, 1u << 8);
    wr(0, ISPENDR + 4, 1u << 8);
    machine_settle(&machine);
    assert_int_equal(machine_acknowledge(&machine, 1), 40);
    /* Active: cleared and set again, the last one counts. */
    wr(0, ICACTIVER + 4, 1u << 8);
    wr(0, ISACTIVER + 4, 1u << 8);
    machine_settle(&machine);
    assert_true((machine_list(&machine, 1, 40) & LR_ACTIVE) != 0);
    wr(0, ISACTIVER + 4, 1u << 8);
    wr(0, ICACTIVER + 4, 1u << 8);
    machine_settle(&machine);
    assert_true(machine_list(&machine, 1, 40) == 0);
}

/* A read that was made to wait, and not made again. */
static void forgotten_read_does_not_get_old_state(void **state)
{
    (void)state;
    uint64_t value;
    prepare(40, 1, 0x80, true);
    machine_line(&machine, 8, true);
    machine.current = 0;
    assert_true(bus_read(&machine.bus, GICD(ISACTIVER + 4), 4, &value));
    assert_true(gic_take_retry(&machine.gic));
    gic_enter(&machine.gic, 0);
    machine.current = GIC_NO_VCPU;
    machine_settle(&machine);
    machine_exit(&machine, 0); /* something else */
    machine_exit(&machine, 0);
    assert_int_equal(machine_acknowledge(&machine, 1), 40);
    assert_int_equal(rd(0, ISACTIVER + 4), 1u << 8);
    assert_int_equal(machine.gic.waiting, 0);
    /* Another read is not answered by what was asked for the first. */
    static const uint32_t offsets[] = {ISACTIVER + 4, ISPENDR + 4};
    for (uint32_t i = 0; i < 2; i++) {
        machine.current = 0;
        assert_true(bus_read(&machine.bus, GICD(offsets[i]), 4, &value));
        assert_true(gic_take_retry(&machine.gic));
        gic_enter(&machine.gic, 0);
        machine.current = GIC_NO_VCPU;
        machine_settle(&machine);
    }
}

static void without_a_vcpu_the_view_is_read(void **state)
{
    (void)state;
    uint64_t value;
    prepare(40, 1, 0x80, true);
    machine_line(&machine, 8, true);
    if (machine.gic.config.version == 3) {
        assert_true(bus_read(&machine.bus, GICD(ISPENDR + 4), 4, &value));
        assert_int_equal(value, 1u << 8);
    } else {
        bus_read(&machine.bus, GICD(ISPENDR + 4), 4, &value);
        assert_int_equal(value, 0); /* banked, and nobody's */
        bus_write(&machine.bus, GICD(ICENABLER + 4), 4, 0xffffffff);
    }
    assert_false(gic_take_retry(&machine.gic));
}

static void disabling_is_in_progress_until_the_vcpu_has_looked(void **state)
{
    (void)state;
    prepare(40, 1, 0x80, true);
    machine_line(&machine, 8, true);
    machine.deaf = true;
    wr(0, ICENABLER + 4, 1u << 8);
    assert_true((rd(0, CTLR) & CTLR_RWP) != 0);
    machine_settle(&machine);
    assert_true((rd(0, CTLR) & CTLR_RWP) == 0);
    prepare(20, 1, 0x80, false);
    machine_settle(&machine);
    gic_set_ppi(&machine.gic, 1, 20, true);
    machine_settle(&machine);
    machine_write(&machine, 0, PRIVATE(1) + ICENABLER, 4, 1u << 20);
    assert_true((machine_read(&machine, 0, GICR(1), 4) & 8) != 0);
    machine_settle(&machine);
    assert_true((machine_read(&machine, 0, GICR(1), 4) & 8) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(edge_is_taken_once_and_counts_again_while_active),
        BOTH(level_comes_as_long_as_the_line_is_asserted),
        BOTH(level_costs_no_maintenance_if_its_device_is_served),
        BOTH(lines_on_the_targets_own_thread),
        BOTH(latched_level_outlives_its_line),
        BOTH(level_made_pending_by_a_write_is_taken_once),
        BOTH(change_of_trigger),
        BOTH(disabled_and_pending),
        BOTH(higher_priority_preempts),
        BOTH(priority_changes_while_pending),
        BOTH(more_pending_than_list_registers),
        BOTH(highest_priority_gets_a_list_register),
        BOTH(nested_deeper_than_there_are_list_registers),
        BOTH(nested_on_two_vcpus),
        BOTH(waiting_lesser_ones_come_after_nesting),
        BOTH(active_by_a_write),
        BOTH(state_in_another_vcpus_list_registers),
        BOTH(forgotten_read_does_not_get_old_state),
        BOTH(without_a_vcpu_the_view_is_read),
        cmocka_unit_test_setup(disabling_is_in_progress_until_the_vcpu_has_looked, setup_v3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
