/* SPDX-License-Identifier: BSD-2-Clause */
#include "pc.h"

#define MASTER_COMMAND 0x20
#define MASTER_DATA    0x21
#define SLAVE_COMMAND  0xa0
#define SLAVE_DATA     0xa1

static void initialise(struct pc *pc, uint8_t master_icw4, uint8_t slave_icw4)
{
    outb(pc, MASTER_COMMAND, 0x11);
    outb(pc, MASTER_DATA, 0x30);
    outb(pc, MASTER_DATA, 0x04);
    outb(pc, MASTER_DATA, master_icw4);
    outb(pc, SLAVE_COMMAND, 0x11);
    outb(pc, SLAVE_DATA, 0x38);
    outb(pc, SLAVE_DATA, 0x02);
    outb(pc, SLAVE_DATA, slave_icw4);
}

static int setup(void **state)
{
    static struct pc pc;
    pc_create(&pc);
    initialise(&pc, 0x01, 0x01);
    *state = &pc;
    return 0;
}

static void pulse(struct pc *pc, uint32_t irq)
{
    i8259_set_line(&pc->pic, irq, true);
    i8259_set_line(&pc->pic, irq, false);
}

static void eoi(struct pc *pc)
{
    outb(pc, MASTER_COMMAND, 0x20);
}

static void nothing_is_requested_before_initialisation(void **state)
{
    (void)state;
    struct pc pc;
    pc_create(&pc);
    for (uint32_t irq = 0; irq < 16; irq++) {
        pulse(&pc, irq);
    }
    assert_false(i8259_output(&pc.pic));
}

static void request_gives_its_vector_and_goes_into_service(void **state)
{
    struct pc *pc = *state;
    pulse(pc, 3);
    assert_true(i8259_output(&pc->pic));
    assert_true(pc->lapics[0].lint_level[0]);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x08);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x33);
    assert_false(i8259_output(&pc->pic));
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x00);
    outb(pc, MASTER_COMMAND, 0x0b); /* read ISR */
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x08);
    eoi(pc);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x00);
    pulse(pc, 0);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x30);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x01);
    eoi(pc);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x00);
}

static void slave_request_comes_through_the_cascade(void **state)
{
    struct pc *pc = *state;
    pulse(pc, 12);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x3c);
    outb(pc, MASTER_COMMAND, 0x0b);
    outb(pc, SLAVE_COMMAND, 0x0b);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x04);
    assert_int_equal(inb(pc, SLAVE_COMMAND), 0x10);
    pulse(pc, 3); /* lower priority than the cascade */
    assert_false(i8259_output(&pc->pic));
    outb(pc, SLAVE_COMMAND, 0x20);
    eoi(pc);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x33);
}

static void second_slave_request_waits_for_both_eois(void **state)
{
    struct pc *pc = *state;
    pulse(pc, 14);
    pulse(pc, 15);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x3e);
    assert_false(i8259_output(&pc->pic));
    outb(pc, SLAVE_COMMAND, 0x20);
    assert_false(i8259_output(&pc->pic)); /* the master still serves the cascade */
    eoi(pc);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x3f);
}

static void higher_priority_interrupts_lower_one_only(void **state)
{
    struct pc *pc = *state;
    pulse(pc, 4);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x34);
    pulse(pc, 5);
    assert_false(i8259_output(&pc->pic));
    pulse(pc, 1);
    assert_true(i8259_output(&pc->pic));
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x31);
    eoi(pc); /* ends 1, the highest in service */
    assert_false(i8259_output(&pc->pic));
    eoi(pc);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x35);
}

static void request_that_went_away_is_spurious_irq_7(void **state)
{
    struct pc *pc = *state;
    outb(pc, PC_PORT_PIC_ELCR, 0x20); /* IRQ 5 level */
    i8259_set_line(&pc->pic, 5, true);
    assert_true(i8259_output(&pc->pic));
    i8259_set_line(&pc->pic, 5, false);
    assert_false(i8259_output(&pc->pic));
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x37);
    outb(pc, MASTER_COMMAND, 0x0b);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0); /* nothing in service */
}

static void masked_request_waits(void **state)
{
    struct pc *pc = *state;
    outb(pc, MASTER_DATA, 0x40);
    assert_int_equal(inb(pc, MASTER_DATA), 0x40);
    pulse(pc, 6);
    assert_false(i8259_output(&pc->pic));
    outb(pc, MASTER_DATA, 0);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x36);
}

static void edge_line_that_stays_high_requests_once(void **state)
{
    struct pc *pc = *state;
    i8259_set_line(&pc->pic, 4, true);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x34);
    eoi(pc);
    assert_false(i8259_output(&pc->pic));
    i8259_set_line(&pc->pic, 4, true);
    assert_false(i8259_output(&pc->pic));
    i8259_set_line(&pc->pic, 4, false);
    i8259_set_line(&pc->pic, 4, true);
    assert_true(i8259_output(&pc->pic));
}

static void level_line_requests_until_it_falls(void **state)
{
    struct pc *pc = *state;
    outb(pc, PC_PORT_PIC_ELCR + 1, 0x02); /* IRQ 9 */
    i8259_set_line(&pc->pic, 9, true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(i8259_acknowledge(&pc->pic), 0x39);
        outb(pc, SLAVE_COMMAND, 0x20);
        eoi(pc);
        assert_true(i8259_output(&pc->pic));
    }
    i8259_set_line(&pc->pic, 9, false);
    assert_false(i8259_output(&pc->pic));
}

static void elcr_cannot_make_system_interrupts_level(void **state)
{
    struct pc *pc = *state;
    out(pc, PC_PORT_PIC_ELCR, 2, 0xffff);
    assert_int_equal(in(pc, PC_PORT_PIC_ELCR, 2), 0xdef8);
}

static void initialisation_clears_edges_mask_and_service(void **state)
{
    struct pc *pc = *state;
    i8259_set_line(&pc->pic, 4, true);
    pulse(pc, 6);
    i8259_acknowledge(&pc->pic);
    outb(pc, MASTER_DATA, 0xff);
    initialise(pc, 0x01, 0x01);
    assert_int_equal(inb(pc, MASTER_DATA), 0);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0);
    assert_false(i8259_output(&pc->pic)); /* the line is still high, but makes no new edge */
}

static void automatic_eoi_leaves_nothing_in_service(void **state)
{
    struct pc *pc = *state;
    initialise(pc, 0x03, 0x03);
    pulse(pc, 5);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x35);
    outb(pc, MASTER_COMMAND, 0x0b);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0);
    outb(pc, MASTER_COMMAND, 0x80); /* rotate in automatic EOI mode */
    pulse(pc, 5);
    i8259_acknowledge(&pc->pic);
    pulse(pc, 5);
    pulse(pc, 6);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x36); /* 5 is the lowest now */
}

static void specific_eoi_ends_the_level_it_names(void **state)
{
    struct pc *pc = *state;
    pulse(pc, 4);
    i8259_acknowledge(&pc->pic);
    pulse(pc, 1);
    i8259_acknowledge(&pc->pic);
    outb(pc, MASTER_COMMAND, 0x64); /* specific EOI of 4 */
    outb(pc, MASTER_COMMAND, 0x0b);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x02);
}

static void rotation_makes_the_ended_level_the_lowest(void **state)
{
    struct pc *pc = *state;
    pulse(pc, 3);
    i8259_acknowledge(&pc->pic);
    outb(pc, MASTER_COMMAND, 0xa0); /* rotate on non-specific EOI */
    pulse(pc, 3);
    pulse(pc, 4);
    pulse(pc, 1);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x34);
    outb(pc, MASTER_COMMAND, 0xe4); /* rotate on specific EOI of 4 */
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x31);
    eoi(pc);
    outb(pc, MASTER_COMMAND, 0xc2); /* set priority: 2 is the lowest */
    pulse(pc, 1);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x33);
}

static void special_mask_mode_lets_lower_levels_through(void **state)
{
    struct pc *pc = *state;
    pulse(pc, 3);
    i8259_acknowledge(&pc->pic);
    pulse(pc, 6);
    assert_false(i8259_output(&pc->pic));
    outb(pc, MASTER_DATA, 0x08);
    assert_false(i8259_output(&pc->pic));
    outb(pc, MASTER_COMMAND, 0x68); /* set special mask mode */
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x36);
    eoi(pc); /* ends 6: the masked 3 is not touched */
    outb(pc, MASTER_COMMAND, 0x0b);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x08);
    outb(pc, MASTER_COMMAND, 0x48); /* reset special mask mode */
    pulse(pc, 6);
    assert_false(i8259_output(&pc->pic));
}

static void special_fully_nested_master_takes_higher_slave_request(void **state)
{
    struct pc *pc = *state;
    initialise(pc, 0x11, 0x01);
    pulse(pc, 12);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x3c);
    pulse(pc, 13);
    assert_false(i8259_output(&pc->pic));
    pulse(pc, 8);
    assert_true(i8259_output(&pc->pic));
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x38);
}

static void poll_acknowledges_by_reading(void **state)
{
    struct pc *pc = *state;
    outb(pc, MASTER_COMMAND, 0x0c);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0);
    pulse(pc, 6);
    outb(pc, MASTER_COMMAND, 0x0c);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x86);
    assert_false(i8259_output(&pc->pic));
    outb(pc, MASTER_COMMAND, 0x0b);
    assert_int_equal(inb(pc, MASTER_COMMAND), 0x40);
}

static void single_mode_has_no_icw3_and_no_cascade(void **state)
{
    struct pc *pc = *state;
    outb(pc, MASTER_COMMAND, 0x12);
    outb(pc, MASTER_DATA, 0x50);
    outb(pc, MASTER_DATA, 0x02); /* the mask already */
    assert_int_equal(inb(pc, MASTER_DATA), 0x02);
    pulse(pc, 12);
    assert_false(i8259_output(&pc->pic));
    pulse(pc, 7);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x57);
}

static void cascade_line_and_lines_beyond_are_ignored(void **state)
{
    struct pc *pc = *state;
    i8259_set_line(&pc->pic, 2, true);
    i8259_set_line(&pc->pic, 16, true);
    i8259_set_line(&pc->pic, UINT32_MAX, true);
    assert_false(i8259_output(&pc->pic));
}

static void unacknowledged_eoi_does_no_harm(void **state)
{
    struct pc *pc = *state;
    for (uint32_t command = 0; command < 256; command++) {
        outb(pc, MASTER_COMMAND, (uint8_t)command & 0xef);
        outb(pc, SLAVE_COMMAND, (uint8_t)command & 0xef);
    }
    initialise(pc, 0x01, 0x01);
    pulse(pc, 0);
    assert_int_equal(i8259_acknowledge(&pc->pic), 0x30);
}

static void reset_keeps_lines_and_forgets_the_rest(void **state)
{
    struct pc *pc = *state;
    i8259_set_line(&pc->pic, 4, true);
    i8259_reset(&pc->pic);
    assert_false(i8259_output(&pc->pic));
    assert_false(pc->lapics[0].lint_level[0]);
    assert_int_equal(inb(pc, MASTER_DATA), 0xff);
    assert_int_equal(pc->pic.chips[0].lines, 0x10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_requested_before_initialisation),
        cmocka_unit_test_setup(request_gives_its_vector_and_goes_into_service, setup),
        cmocka_unit_test_setup(slave_request_comes_through_the_cascade, setup),
        cmocka_unit_test_setup(second_slave_request_waits_for_both_eois, setup),
        cmocka_unit_test_setup(higher_priority_interrupts_lower_one_only, setup),
        cmocka_unit_test_setup(request_that_went_away_is_spurious_irq_7, setup),
        cmocka_unit_test_setup(masked_request_waits, setup),
        cmocka_unit_test_setup(edge_line_that_stays_high_requests_once, setup),
        cmocka_unit_test_setup(level_line_requests_until_it_falls, setup),
        cmocka_unit_test_setup(elcr_cannot_make_system_interrupts_level, setup),
        cmocka_unit_test_setup(initialisation_clears_edges_mask_and_service, setup),
        cmocka_unit_test_setup(automatic_eoi_leaves_nothing_in_service, setup),
        cmocka_unit_test_setup(specific_eoi_ends_the_level_it_names, setup),
        cmocka_unit_test_setup(rotation_makes_the_ended_level_the_lowest, setup),
        cmocka_unit_test_setup(special_mask_mode_lets_lower_levels_through, setup),
        cmocka_unit_test_setup(special_fully_nested_master_takes_higher_slave_request, setup),
        cmocka_unit_test_setup(poll_acknowledges_by_reading, setup),
        cmocka_unit_test_setup(single_mode_has_no_icw3_and_no_cascade, setup),
        cmocka_unit_test_setup(cascade_line_and_lines_beyond_are_ignored, setup),
        cmocka_unit_test_setup(unacknowledged_eoi_does_no_harm, setup),
        cmocka_unit_test_setup(reset_keeps_lines_and_forgets_the_rest, setup),
    };
    return cmocka_run_group_tests_name("i8259", tests, NULL, NULL);
}
