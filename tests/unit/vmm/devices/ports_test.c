/* SPDX-License-Identifier: BSD-2-Clause */
/* Reset ports, keyboard controller, POST port. */
#include "pc.h"

static int setup(void **state)
{
    static struct pc pc;
    pc_create(&pc);
    *state = &pc;
    return 0;
}

static void reset_register_resets_on_the_rising_edge(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0xcf9, 0x02);
    assert_int_equal(pc->resets, 0);
    outb(pc, 0xcf9, 0x06);
    assert_int_equal(pc->resets, 1);
    assert_int_equal(pc->reset_kind, MACHINE_RESET_HARD);
    assert_int_equal(inb(pc, 0xcf9), 0x06);
    outb(pc, 0xcf9, 0x06);
    assert_int_equal(pc->resets, 1);
    outb(pc, 0xcf9, 0x00);
    outb(pc, 0xcf9, 0x04);
    assert_int_equal(pc->resets, 2);
    assert_int_equal(pc->reset_kind, MACHINE_RESET_INIT);
}

static void reset_register_does_not_disturb_the_pci_address(void **state)
{
    struct pc *pc = *state;
    out(pc, 0xcf8, 4, 0x80000604); /* bits 15:8 are where 0xcf9 is, and this is no reset */
    outb(pc, 0xcf9, 0x02);
    assert_int_equal(in(pc, 0xcf8, 4), 0x80000604);
    assert_int_equal(pc->resets, 0);
    out(pc, 0xcf8, 2, 0x0606);
    assert_int_equal(pc->resets, 0);
}

static void port_92_pulses_init_and_keeps_a20(void **state)
{
    struct pc *pc = *state;
    assert_int_equal(inb(pc, 0x92), 0x02);
    outb(pc, 0x92, 0x00);
    assert_int_equal(inb(pc, 0x92), 0x00);
    outb(pc, 0x92, 0x03);
    assert_int_equal(pc->resets, 1);
    assert_int_equal(pc->reset_kind, MACHINE_RESET_INIT);
    outb(pc, 0x92, 0x03);
    assert_int_equal(pc->resets, 1);
}

static void post_port_takes_codes(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x80, 0x5a);
    assert_int_equal(inb(pc, 0x80), 0x5a);
}

static void keyboard_controller_pulses_reset(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x64, 0xff);
    assert_int_equal(pc->resets, 0);
    outb(pc, 0x64, 0xf0);
    assert_int_equal(pc->resets, 1);
    pc->resets = 0;
    outb(pc, 0x64, 0xfe);
    assert_int_equal(pc->resets, 1);
    assert_int_equal(pc->reset_kind, MACHINE_RESET_INIT);
    outb(pc, 0x64, 0xd1);
    outb(pc, 0x60, 0xfe);
    assert_int_equal(pc->resets, 2);
    outb(pc, 0x64, 0xd1);
    outb(pc, 0x60, 0xdf);
    assert_int_equal(pc->resets, 2);
}

static uint8_t answer(struct pc *pc)
{
    assert_int_equal(inb(pc, 0x64) & 0x03, 0x01);
    uint8_t byte = inb(pc, 0x60);
    assert_int_equal(inb(pc, 0x64) & 0x01, 0);
    return byte;
}

static void keyboard_controller_passes_its_self_test(void **state)
{
    struct pc *pc = *state;
    assert_int_equal(inb(pc, 0x64) & 0x03, 0);
    outb(pc, 0x64, 0x60);
    outb(pc, 0x60, 0x00);
    assert_int_equal(inb(pc, 0x64) & 0x04, 0);
    outb(pc, 0x64, 0xaa);
    assert_int_equal(answer(pc), 0x55);
    assert_int_equal(inb(pc, 0x64) & 0x04, 0x04);
}

static void keyboard_controller_says_that_nothing_is_connected(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x64, 0xab);
    assert_int_equal(answer(pc), 0x01);
    outb(pc, 0x64, 0xa9);
    assert_int_equal(answer(pc), 0x01);
    outb(pc, 0x64, 0xd3); /* loop through an auxiliary port: comes back as the keyboard's */
    outb(pc, 0x60, 0x5a);
    assert_int_equal(inb(pc, 0x64) & 0x21, 0x01);
    assert_int_equal(answer(pc), 0x5a);
    outb(pc, 0x60, 0xff); /* reset the keyboard */
    assert_int_equal(inb(pc, 0x64) & 0x41, 0x41);
    assert_int_equal(answer(pc), 0xfe);
    outb(pc, 0x64, 0xd4);
    outb(pc, 0x60, 0xf2);
    assert_int_equal(answer(pc), 0xfe);
}

static void keyboard_controller_command_byte_and_ram(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x64, 0x60);
    outb(pc, 0x60, 0x47);
    outb(pc, 0x64, 0x20);
    assert_int_equal(inb(pc, 0x60), 0x47);
    outb(pc, 0x64, 0xad);
    outb(pc, 0x64, 0x20);
    assert_int_equal(inb(pc, 0x60), 0x57);
    outb(pc, 0x64, 0xae);
    outb(pc, 0x64, 0x20);
    assert_int_equal(inb(pc, 0x60), 0x47);
    outb(pc, 0x64, 0x7f);
    outb(pc, 0x60, 0xa5);
    outb(pc, 0x64, 0x3f);
    assert_int_equal(inb(pc, 0x60), 0xa5);
}

static void keyboard_interrupt_follows_the_output_buffer(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x64, 0xaa);
    assert_false(pc->lines[1]);
    inb(pc, 0x60);
    outb(pc, 0x64, 0x60);
    outb(pc, 0x60, 0x01);
    outb(pc, 0x60, 0xf2);
    assert_true(pc->lines[1]);
    outb(pc, 0x64, 0x60);
    outb(pc, 0x60, 0x00); /* switched off and on while a byte waits */
    assert_false(pc->lines[1]);
    outb(pc, 0x64, 0x60);
    outb(pc, 0x60, 0x01);
    assert_true(pc->lines[1]);
    pc->edges[1] = 1;
    outb(pc, 0x60, 0xf2); /* a new byte is a new edge */
    assert_int_equal(pc->edges[1], 2);
    inb(pc, 0x60);
    assert_false(pc->lines[1]);
}

static void a20_reads_back(void **state)
{
    struct pc *pc = *state;
    outb(pc, 0x64, 0xdd);
    outb(pc, 0x64, 0xd0);
    assert_int_equal(inb(pc, 0x60) & 2, 0);
    outb(pc, 0x64, 0xdf);
    outb(pc, 0x64, 0xd0);
    assert_int_equal(inb(pc, 0x60) & 2, 2);
}

static void every_command_is_harmless(void **state)
{
    struct pc *pc = *state;
    for (uint32_t command = 0; command < 256; command++) {
        for (uint32_t data = 0; data < 256; data += 15) {
            outb(pc, 0x64, (uint8_t)command);
            outb(pc, 0x60, (uint8_t)data);
            inb(pc, 0x60);
        }
    }
    i8042_reset(&pc->keyboard);
    assert_int_equal(inb(pc, 0x64), 0x14);
    assert_false(pc->lines[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reset_register_resets_on_the_rising_edge, setup),
        cmocka_unit_test_setup(reset_register_does_not_disturb_the_pci_address, setup),
        cmocka_unit_test_setup(port_92_pulses_init_and_keeps_a20, setup),
        cmocka_unit_test_setup(post_port_takes_codes, setup),
        cmocka_unit_test_setup(keyboard_controller_pulses_reset, setup),
        cmocka_unit_test_setup(keyboard_controller_passes_its_self_test, setup),
        cmocka_unit_test_setup(keyboard_controller_says_that_nothing_is_connected, setup),
        cmocka_unit_test_setup(keyboard_controller_command_byte_and_ram, setup),
        cmocka_unit_test_setup(keyboard_interrupt_follows_the_output_buffer, setup),
        cmocka_unit_test_setup(a20_reads_back, setup),
        cmocka_unit_test_setup(every_command_is_harmless, setup),
    };
    return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
