/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16550 driver against a model of the device, a hostile device, and hostile queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <skyscope/serial_queue.h>
#include <uart.h>

#define UART_FIFO_SIZE 16u

/* A 16550 as far as the driver uses it. */
struct model {
    uint8_t registers[8]; /* as written */
    uint8_t divisor_low, divisor_high;
    char receive_fifo[64];
    unsigned int receive_count;
    bool transmit_pending; /* transmitter-empty interrupt */
    bool transmitter_busy;
    bool overrun;
    unsigned int port_reads;
    char line[4096]; /* sent */
    unsigned int line_length, in_fifo;
    bool absent;
    bool hostile;   /* always has an interrupt and data */
    bool forgetful; /* any reading of IIR clears the transmitter's interrupt, whatever it tells of */
    /* The client. */
    char input[256];
    unsigned int input_count;
    const char *output;
    unsigned int takes;
};

static uint8_t interrupt_id(struct model *m)
{
    uint8_t enabled = m->registers[1];
    bool transmit = m->transmit_pending;
    m->transmit_pending = transmit && !m->forgetful;
    if (m->overrun && (enabled & 4) != 0) {
        return 0x06;
    }
    if (m->receive_count > 0 && (enabled & 1) != 0) {
        return 0x04;
    }
    if (transmit && (enabled & 2) != 0) {
        m->transmit_pending = false; /* reading clears it */
        return 0x02;
    }
    return 0x01;
}

static uint32_t model_read(void *context, unsigned int offset)
{
    struct model *m = context;
    m->port_reads++;
    if (m->absent) {
        return 0xff;
    }
    if (m->hostile) {
        return offset == 2 ? 0x04 : (offset == 5 ? 0x61 : 0xaa);
    }
    switch (offset) {
    case 0: {
        uint8_t c = (uint8_t)m->receive_fifo[0];
        assert_true(m->receive_count > 0);
        memmove(m->receive_fifo, m->receive_fifo + 1, --m->receive_count);
        return c;
    }
    case 2:
        return interrupt_id(m);
    case 5: {
        uint8_t status =
            (uint8_t)((m->receive_count > 0 ? 1 : 0) | (m->overrun ? 2 : 0) | (m->transmitter_busy ? 0 : 0x60));
        m->overrun = false;
        return status;
    }
    case 7:
        return m->registers[7];
    default:
        return 0;
    }
}

static void model_write(void *context, unsigned int offset, uint32_t written)
{
    struct model *m = context;
    const uint8_t value = (uint8_t)written;
    assert_int_equal(value, written);
    if (offset >= 8) {
        fail();
        return;
    }
    bool latch = (m->registers[3] & 0x80) != 0;
    if (latch && offset <= 1) {
        *(offset == 0 ? &m->divisor_low : &m->divisor_high) = value;
        return;
    }
    if (offset == 0) {
        assert_true(m->in_fifo < UART_FIFO_SIZE || m->hostile);
        m->in_fifo++;
        m->transmitter_busy = true;
        if (m->line_length < sizeof(m->line)) {
            m->line[m->line_length++] = (char)value;
        }
        return;
    }
    if (offset == 1 && (value & 2) != 0 && (m->registers[1] & 2) == 0 && !m->transmitter_busy) {
        m->transmit_pending = true; /* enabling it with the FIFO empty interrupts at once */
    }
    m->registers[offset & 7] = value;
}

/* The FIFO has been sent. */
static void drain(struct model *m)
{
    m->in_fifo = 0;
    m->transmitter_busy = false;
    m->transmit_pending = true;
}

static void received(void *context, char c)
{
    struct model *m = context;
    if (m->input_count < sizeof(m->input)) {
        m->input[m->input_count++] = c;
    }
}

static uint32_t take(void *context, char *to, uint32_t limit)
{
    struct model *m = context;
    uint32_t n = 0;
    m->takes++;
    while (n < limit && m->output != NULL && *m->output != '\0') {
        to[n++] = *m->output++;
    }
    return n;
}

static const struct uart_operations operations = {model_read, model_write, received, take};

static void start(struct model *m, struct uart *uart)
{
    memset(m, 0, sizeof(*m));
    assert_true(uart_initialise(uart, &operations, m, 115200));
}

static void initialises_8n1_with_fifos(void **state)
{
    (void)state;
    struct model m;
    struct uart uart;
    start(&m, &uart);
    assert_int_equal(m.divisor_low, 1);
    assert_int_equal(m.divisor_high, 0);
    assert_int_equal(m.registers[3], 0x03);
    assert_int_equal(m.registers[2] & 0x07, 0x07);
    assert_int_equal(m.registers[4], 0x0b);
    assert_int_equal(m.registers[1], 0x05); /* no transmitter interrupt while idle */

    memset(&m, 0, sizeof(m));
    assert_true(uart_initialise(&uart, &operations, &m, 300));
    assert_int_equal(m.divisor_low | m.divisor_high << 8, 384);
}

static void notices_that_nothing_is_there(void **state)
{
    (void)state;
    struct model m = {.absent = true};
    struct uart uart;
    assert_false(uart_initialise(&uart, &operations, &m, 115200));
}

static void receives_all_that_waits(void **state)
{
    (void)state;
    struct model m;
    struct uart uart;
    start(&m, &uart);
    memcpy(m.receive_fifo, "hello", 5);
    m.receive_count = 5;
    uart_interrupt(&uart);
    assert_int_equal(m.input_count, 5);
    assert_memory_equal(m.input, "hello", 5);
    assert_int_equal(uart.received, 5);
}

static void counts_overruns_whoever_reads_the_status(void **state)
{
    (void)state;
    struct model m;
    struct uart uart;
    start(&m, &uart);
    m.overrun = true;
    m.receive_fifo[0] = 'x';
    m.receive_count = 1;
    uart_interrupt(&uart);
    assert_int_equal(uart.overruns, 1);
    assert_int_equal(m.input_count, 1);
}

static void sends_by_sixteen_and_rests_when_done(void **state)
{
    (void)state;
    struct model m;
    struct uart uart;
    start(&m, &uart);
    static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz"; /* 36 */
    m.output = text;
    uart_transmit(&uart);
    assert_int_equal(m.in_fifo, 16);
    assert_true((m.registers[1] & 2) != 0);
    unsigned int takes = m.takes;
    uart_transmit(&uart); /* under way: nothing to do */
    assert_int_equal(m.takes, takes);
    drain(&m);
    uart_interrupt(&uart);
    assert_int_equal(m.line_length, 32);
    drain(&m);
    uart_interrupt(&uart);
    assert_int_equal(m.line_length, 36);
    assert_int_equal(m.registers[1] & 2, 0);
    assert_memory_equal(m.line, text, 36);
    assert_int_equal(uart.sent, 36);

    /* Something new while the last characters are still on their way. */
    m.output = "more";
    uart_transmit(&uart);
    assert_int_equal(m.line_length, 36);
    assert_true((m.registers[1] & 2) != 0);
    drain(&m);
    uart_interrupt(&uart);
    assert_memory_equal(m.line + 36, "more", 4);
    assert_int_equal(m.registers[1] & 2, 0);
}

static void goes_on_sending_when_the_device_forgets(void **state)
{
    (void)state;
    struct model m;
    struct uart uart;
    start(&m, &uart);
    m.forgetful = true;
    m.output = "0123456789abcdefghijklmnopqrstuvwxyz";
    uart_transmit(&uart);
    m.receive_fifo[0] = 'x';
    m.receive_count = 1;
    uart_interrupt(&uart); /* still busy: no character may follow */
    assert_int_equal(m.line_length, 16);
    drain(&m);
    m.receive_fifo[0] = 'y';
    m.receive_count = 1;
    uart_interrupt(&uart); /* tells of the character received only */
    assert_int_equal(m.input_count, 2);
    assert_int_equal(m.line_length, 32);
    drain(&m);
    uart_interrupt(&uart);
    assert_int_equal(m.line_length, 36);
    assert_int_equal(m.registers[1] & 2, 0);
}

static void survives_a_device_that_never_rests(void **state)
{
    (void)state;
    struct model m;
    struct uart uart;
    start(&m, &uart);
    m.hostile = true;
    m.port_reads = 0;
    uart_interrupt(&uart);
    assert_true(m.port_reads < 10000);
    assert_int_equal(uart.stuck, 1);
}

/* --- Queues --- */

static void queue_moves_characters_across_the_wrap(void **state)
{
    (void)state;
    struct serial_queue shared = {.tail = 0xfffffffcu, .head = 0xfffffffcu};
    char data[16], out[16];
    struct serial_queue_handle h;
    assert_true(serial_queue_attach(&h, (uintptr_t)&shared, (uintptr_t)data, sizeof(data)));
    assert_int_equal(serial_queue_write(&h, "0123456789abcdefXYZ", 19), 16);
    assert_int_equal(serial_queue_length(&h), 16);
    assert_int_equal(serial_queue_free(&h), 0);
    assert_false(serial_queue_put(&h, '!'));
    assert_int_equal(serial_queue_read(&h, out, 10), 10);
    assert_memory_equal(out, "0123456789", 10);
    assert_int_equal(serial_queue_read(&h, out, 16), 6);
    assert_memory_equal(out, "abcdef", 6);
}

static void queue_with_hostile_indices_stays_inside(void **state)
{
    (void)state;
    static const uint32_t indices[] = {0, 1, 15, 16, 17, 31, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    struct serial_queue shared;
    char *data = test_malloc(16); /* the sanitizer watches its ends */
    char out[64] = {0};
    struct serial_queue_handle h;
    assert_true(serial_queue_attach(&h, (uintptr_t)&shared, (uintptr_t)data, 16));
    memset(data, 0, 16);
    for (unsigned int i = 0; i < 10; i++) {
        for (unsigned int j = 0; j < 10; j++) {
            shared = (struct serial_queue){.tail = indices[i], .head = indices[j]};
            assert_true(serial_queue_length(&h) <= 16);
            assert_true(serial_queue_free(&h) <= 16);
            assert_true(serial_queue_read(&h, out, sizeof(out)) <= 16);
            shared = (struct serial_queue){.tail = indices[i], .head = indices[j]};
            assert_true(serial_queue_write(&h, out, sizeof(out)) <= 16);
        }
    }
    test_free(data);
}

static void queue_attachment_is_checked(void **state)
{
    (void)state;
    struct serial_queue shared;
    char data[16];
    struct serial_queue_handle h;
    assert_false(serial_queue_attach(&h, 0, (uintptr_t)data, 16));
    assert_false(serial_queue_attach(&h, (uintptr_t)&shared, 0, 16));
    assert_false(serial_queue_attach(&h, (uintptr_t)&shared, (uintptr_t)data, 0));
    assert_false(serial_queue_attach(&h, (uintptr_t)&shared, (uintptr_t)data, 24));
    assert_false(serial_queue_attach(&h, (uintptr_t)&shared + 1, (uintptr_t)data, 16));
}

static void queue_requests_are_taken_once(void **state)
{
    (void)state;
    struct serial_queue shared = {0};
    char data[16];
    struct serial_queue_handle h;
    assert_true(serial_queue_attach(&h, (uintptr_t)&shared, (uintptr_t)data, 16));
    assert_false(serial_queue_take_signal(&h));
    serial_queue_request_signal(&h);
    assert_true(serial_queue_take_signal(&h));
    assert_false(serial_queue_take_signal(&h));
    assert_false(serial_queue_take_space_request(&h));
    serial_queue_request_space(&h);
    assert_true(serial_queue_take_space_request(&h));
    assert_false(serial_queue_take_space_request(&h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initialises_8n1_with_fifos),
        cmocka_unit_test(notices_that_nothing_is_there),
        cmocka_unit_test(receives_all_that_waits),
        cmocka_unit_test(counts_overruns_whoever_reads_the_status),
        cmocka_unit_test(sends_by_sixteen_and_rests_when_done),
        cmocka_unit_test(goes_on_sending_when_the_device_forgets),
        cmocka_unit_test(survives_a_device_that_never_rests),
        cmocka_unit_test(queue_moves_characters_across_the_wrap),
        cmocka_unit_test(queue_with_hostile_indices_stays_inside),
        cmocka_unit_test(queue_attachment_is_checked),
        cmocka_unit_test(queue_requests_are_taken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
