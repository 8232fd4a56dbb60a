/* SPDX-License-Identifier: BSD-2-Clause */
#include "pc.h"

#include <string.h>

enum {
    DATA = 0x3f8,
    IER = 0x3f9,
    IIR = 0x3fa,
    FCR = 0x3fa,
    LCR = 0x3fb,
    MCR = 0x3fc,
    LSR = 0x3fd,
    MSR = 0x3fe,
    SCR = 0x3ff,
};

static int setup(void **state)
{
    static struct pc pc;
    pc_create(&pc);
    outb(&pc, MCR, 0x0b); /* DTR, RTS, OUT2 */
    outb(&pc, FCR, 0x07);
    *state = &pc;
    return 0;
}

static void reset_state(void **state)
{
    (void)state;
    struct pc pc;
    pc_create(&pc);
    assert_int_equal(inb(&pc, LSR), 0x60);
    assert_int_equal(inb(&pc, IIR), 0x01);
    assert_int_equal(inb(&pc, IER), 0x00);
    assert_int_equal(inb(&pc, MCR), 0x00);
    assert_int_equal(inb(&pc, MSR), 0xb0);
    assert_int_equal(inb(&pc, SCR), 0x00);
}

static void written_bytes_go_out_in_order(void **state)
{
    struct pc *pc = *state;
    const char *text = "Hello";
    for (const char *c = text; *c != '\0'; c++) {
        assert_int_equal(inb(pc, LSR), 0x60);
        outb(pc, DATA, (uint8_t)*c);
    }
    assert_int_equal(pc->sent_count, 5);
    assert_memory_equal(pc->sent, text, 5);
}

static void full_backend_takes_thre_away_until_there_is_room(void **state)
{
    struct pc *pc = *state;
    pc->room = 2;
    for (uint8_t i = 0; i < 18; i++) { /* 2 for the backend and 16 for the FIFO */
        outb(pc, DATA, i);
    }
    assert_int_equal(pc->sent_count, 2);
    assert_true(uart16550_waiting_for_room(&pc->uart));
    assert_int_equal(inb(pc, LSR), 0x00);
    outb(pc, DATA, 99); /* against the rules: lost */
    assert_int_equal(pc->uart.bytes_dropped, 1);
    pc->room = 10;
    uart16550_backend_ready(&pc->uart);
    assert_int_equal(pc->sent_count, 12);
    assert_int_equal(inb(pc, LSR), 0x00);
    pc->room = 10;
    assert_int_equal(inb(pc, LSR), 0x60); /* a look finds the room without being told, too */
    assert_int_equal(pc->sent_count, 18);
    for (uint8_t i = 0; i < 18; i++) {
        assert_int_equal(pc->sent[i], i);
    }
    assert_false(uart16550_waiting_for_room(&pc->uart));
}

static void room_again_raises_the_thre_interrupt(void **state)
{
    struct pc *pc = *state;
    outb(pc, IER, 0x02);
    assert_int_equal(inb(pc, IIR) & 0x0f, 0x02);
    assert_false(pc->lines[4]);
    pc->room = 0;
    outb(pc, DATA, 'x');
    assert_false(pc->lines[4]);
    pc->room = 1;
    uart16550_backend_ready(&pc->uart);
    assert_true(pc->lines[4]);
    assert_int_equal(inb(pc, IIR) & 0x0f, 0x02);
}

static void without_fifo_one_byte_waits(void **state)
{
    struct pc *pc = *state;
    outb(pc, FCR, 0);
    pc->room = 0;
    outb(pc, DATA, 'a');
    outb(pc, DATA, 'b');
    assert_int_equal(pc->uart.bytes_dropped, 1);
    pc->room = 5;
    uart16550_backend_ready(&pc->uart);
    assert_int_equal(pc->sent_count, 1);
    assert_int_equal(pc->sent[0], 'a');
}

static void enabling_thre_interrupt_with_thr_empty_interrupts(void **state)
{
    struct pc *pc = *state;
    outb(pc, IER, 0x02);
    assert_true(pc->lines[4]);
    assert_int_equal(inb(pc, IIR), 0xc2);
    assert_false(pc->lines[4]); /* reading IIR acknowledged it */
    assert_int_equal(inb(pc, IIR), 0xc1);
    outb(pc, IER, 0x02); /* was enabled already: nothing new */
    assert_int_equal(inb(pc, IIR), 0xc1);
    outb(pc, IER, 0x00);
    outb(pc, IER, 0x02); /* as drivers test for broken chips */
    assert_int_equal(inb(pc, IIR), 0xc2);
}

static void each_written_byte_makes_a_new_thre_interrupt(void **state)
{
    struct pc *pc = *state;
    outb(pc, IER, 0x02);
    inb(pc, IIR);
    for (int i = 0; i < 3; i++) {
        outb(pc, DATA, 'x');
        assert_true(pc->lines[4]);
        assert_int_equal(inb(pc, IIR) & 0x0f, 0x02);
        assert_false(pc->lines[4]);
    }
}

static void received_byte_interrupts_at_the_trigger_level(void **state)
{
    static const uint32_t levels[4] = {1, 4, 8, 14};
    struct pc *pc = *state;
    for (uint8_t code = 0; code < 4; code++) {
        outb(pc, FCR, (uint8_t)(0x03 | code << 6));
        outb(pc, IER, 0x01);
        for (uint32_t i = 1; i <= levels[code]; i++) {
            assert_false(pc->lines[4]);
            pc_type(pc, "x");
        }
        assert_true(pc->lines[4]);
        assert_int_equal(inb(pc, IIR), 0xc4);
        assert_int_equal(inb(pc, LSR), 0x61);
        inb(pc, DATA);
        assert_false(pc->lines[4]); /* below the level again */
        while ((inb(pc, LSR) & 1) != 0) {
            inb(pc, DATA);
        }
        outb(pc, IER, 0x00);
    }
}

static void bytes_below_the_trigger_level_time_out(void **state)
{
    struct pc *pc = *state;
    outb(pc, FCR, 0xc1);
    outb(pc, LCR, 0x03); /* 8N1: 40 bit times at 115200 baud are 347 us */
    outb(pc, IER, 0x01);
    pc_type(pc, "ab");
    pc_advance_us(pc, 340);
    assert_false(pc->lines[4]);
    pc_advance_us(pc, 10);
    assert_true(pc->lines[4]);
    assert_int_equal(inb(pc, IIR), 0xcc);
    assert_int_equal(inb(pc, DATA), 'a');
    assert_false(pc->lines[4]); /* an access restarts the time */
    pc_advance_us(pc, 350);
    assert_int_equal(inb(pc, IIR), 0xcc);
    assert_int_equal(inb(pc, DATA), 'b');
    pc_advance_us(pc, 100000);
    assert_int_equal(inb(pc, IIR), 0xc1);
    assert_int_equal(inb(pc, LSR), 0x60);
}

static void receiver_never_overruns_the_backend_waits(void **state)
{
    struct pc *pc = *state;
    const char *text = "abcdefghijklmnopqrstuvwxyz0123456789";
    pc_type(pc, text);
    assert_int_equal(pc->uart.receive.count, 16);
    for (const char *c = text; *c != '\0'; c++) {
        assert_int_equal(inb(pc, LSR), 0x61);
        assert_int_equal(inb(pc, DATA), *c);
    }
    assert_int_equal(inb(pc, LSR), 0x60);
}

static void interrupt_sources_have_their_order(void **state)
{
    struct pc *pc = *state;
    outb(pc, FCR, 0x01);
    outb(pc, MCR, 0x10); /* loopback changes the modem lines */
    for (int i = 0; i < 17; i++) {
        outb(pc, DATA, 'x'); /* and overruns the receiver */
    }
    outb(pc, MCR, 0x08);
    outb(pc, IER, 0x0f);
    assert_true(pc->lines[4]);
    assert_int_equal(inb(pc, IIR), 0xc6);
    assert_int_equal(inb(pc, LSR), 0x63);
    assert_int_equal(inb(pc, LSR), 0x61); /* reading clears the error */
    assert_int_equal(inb(pc, IIR), 0xc4);
    while ((inb(pc, LSR) & 1) != 0) {
        inb(pc, DATA);
    }
    assert_int_equal(inb(pc, IIR), 0xc2);
    assert_int_equal(inb(pc, IIR), 0xc0);
    inb(pc, MSR);
    assert_int_equal(inb(pc, IIR), 0xc1);
    assert_false(pc->lines[4]);
}

static void loopback_returns_bytes_and_modem_outputs(void **state)
{
    struct pc *pc = *state;
    inb(pc, MSR);
    outb(pc, MCR, 0x1a);                         /* loop, RTS, OUT2 */
    assert_int_equal(inb(pc, MSR), 0x90 | 0x02); /* CTS and DCD; DSR changed */
    outb(pc, DATA, 0x5a);
    assert_int_equal(pc->sent_count, 0);
    assert_int_equal(inb(pc, DATA), 0x5a);
    pc_type(pc, "q"); /* the line is cut */
    assert_int_equal(inb(pc, LSR), 0x60);
    outb(pc, MCR, 0x14);
    inb(pc, MSR);
    outb(pc, MCR, 0x10);
    assert_int_equal(inb(pc, MSR), 0x04); /* end of ring */
    outb(pc, MCR, 0x0b);
    assert_int_equal(inb(pc, MSR) & 0xf0, 0xb0);
    assert_int_equal(inb(pc, DATA), 'q');
}

static void out2_gates_the_interrupt(void **state)
{
    struct pc *pc = *state;
    outb(pc, MCR, 0x03);
    outb(pc, IER, 0x02);
    assert_false(pc->lines[4]);
    outb(pc, MCR, 0x0b);
    assert_true(pc->lines[4]);
    outb(pc, MCR, 0x1b);
    assert_false(pc->lines[4]);
}

static void divisor_latch_hides_data_and_ier(void **state)
{
    struct pc *pc = *state;
    outb(pc, IER, 0x05);
    outb(pc, LCR, 0x83);
    outb(pc, DATA, 0x0c);
    outb(pc, IER, 0x01);
    assert_int_equal(inb(pc, DATA), 0x0c);
    assert_int_equal(inb(pc, IER), 0x01);
    assert_int_equal(pc->sent_count, 0);
    outb(pc, LCR, 0x03);
    assert_int_equal(inb(pc, IER), 0x05);
    assert_int_equal(inb(pc, LCR), 0x03);
    assert_int_equal(pc->uart.divisor, 0x010c);
}

static void fifo_control_clears_and_switches(void **state)
{
    struct pc *pc = *state;
    pc_type(pc, "abc");
    outb(pc, FCR, 0x03);
    assert_int_equal(inb(pc, LSR), 0x60);
    pc_type(pc, "abc");
    outb(pc, FCR, 0x00); /* off: cleared, and IIR shows no FIFOs */
    assert_int_equal(inb(pc, LSR), 0x60);
    assert_int_equal(inb(pc, IIR), 0x01);
    outb(pc, FCR, 0xc0); /* without the enable bit the trigger level is not taken */
    assert_int_equal(pc->uart.fcr, 0);
    outb(pc, FCR, 0x01);
    assert_int_equal(inb(pc, IIR), 0xc1);
    pc->room = 0;
    outb(pc, DATA, 'x');
    outb(pc, FCR, 0x05);
    assert_int_equal(inb(pc, LSR), 0x60);
    assert_int_equal(pc->uart.bytes_dropped, 1);
}

static void scratch_and_read_only_registers(void **state)
{
    struct pc *pc = *state;
    outb(pc, SCR, 0xa5);
    outb(pc, LSR, 0xff);
    outb(pc, MSR, 0xff);
    outb(pc, IER, 0xf0);
    outb(pc, MCR, 0xe0);
    assert_int_equal(inb(pc, SCR), 0xa5);
    assert_int_equal(inb(pc, LSR), 0x60);
    assert_int_equal(inb(pc, MSR) & 0xf0, 0xb0);
    assert_int_equal(inb(pc, IER), 0x00);
    assert_int_equal(inb(pc, MCR), 0x00);
}

static void wide_accesses_are_bytes_in_order(void **state)
{
    struct pc *pc = *state;
    out(pc, LCR, 2, 0x0b03); /* LCR, MCR */
    assert_int_equal(inb(pc, LCR), 0x03);
    assert_int_equal(inb(pc, MCR), 0x0b);
    assert_int_equal(in(pc, LCR, 2), 0x0b03);
    out(pc, DATA, 2, 0x0241);
    assert_int_equal(pc->sent[0], 'A');
    assert_int_equal(inb(pc, IER), 0x02);
}

static void zero_divisor_does_no_harm(void **state)
{
    struct pc *pc = *state;
    outb(pc, LCR, 0x83);
    out(pc, DATA, 2, 0);
    outb(pc, LCR, 0x03);
    outb(pc, FCR, 0xc1);
    outb(pc, IER, 1);
    pc_type(pc, "x");
    pc_advance_us(pc, 350);
    assert_int_equal(inb(pc, IIR), 0xcc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_state),
        cmocka_unit_test_setup(written_bytes_go_out_in_order, setup),
        cmocka_unit_test_setup(full_backend_takes_thre_away_until_there_is_room, setup),
        cmocka_unit_test_setup(room_again_raises_the_thre_interrupt, setup),
        cmocka_unit_test_setup(without_fifo_one_byte_waits, setup),
        cmocka_unit_test_setup(enabling_thre_interrupt_with_thr_empty_interrupts, setup),
        cmocka_unit_test_setup(each_written_byte_makes_a_new_thre_interrupt, setup),
        cmocka_unit_test_setup(received_byte_interrupts_at_the_trigger_level, setup),
        cmocka_unit_test_setup(bytes_below_the_trigger_level_time_out, setup),
        cmocka_unit_test_setup(receiver_never_overruns_the_backend_waits, setup),
        cmocka_unit_test_setup(interrupt_sources_have_their_order, setup),
        cmocka_unit_test_setup(loopback_returns_bytes_and_modem_outputs, setup),
        cmocka_unit_test_setup(out2_gates_the_interrupt, setup),
        cmocka_unit_test_setup(divisor_latch_hides_data_and_ier, setup),
        cmocka_unit_test_setup(fifo_control_clears_and_switches, setup),
        cmocka_unit_test_setup(scratch_and_read_only_registers, setup),
        cmocka_unit_test_setup(wide_accesses_are_bytes_in_order, setup),
        cmocka_unit_test_setup(zero_divisor_does_no_harm, setup),
    };
    return cmocka_run_group_tests_name("uart16550", tests, NULL, NULL);
}
