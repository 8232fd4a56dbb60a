/* SPDX-License-Identifier: BSD-2-Clause */
/* The PL011 driver against a model of the device and a hostile device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <uart.h>

#define DATA       0x00u
#define FLAGS      0x18u
#define INTEGER    0x24u /* baud rate divisor */
#define FRACTION   0x28u
#define LINE       0x2cu
#define CONTROL    0x30u
#define LEVELS     0x34u
#define MASK       0x38u
#define RAISED     0x3cu
#define INTERRUPTS 0x40u
#define CLEAR      0x44u

#define INTERRUPT_RECEIVE  0x10u
#define INTERRUPT_TRANSMIT 0x20u
#define INTERRUPT_TIMEOUT  0x40u
#define INTERRUPT_FRAMING  0x80u
#define INTERRUPT_OVERRUN  0x400u

/* A PL011 as far as the driver uses it. */
struct model {
    uint32_t registers[0x50 / 4]; /* as written */
    uint32_t raised;
    uint16_t receive_fifo[64]; /* with error bits */
    unsigned int receive_count;
    unsigned int fifo_size, in_fifo;
    bool immediate; /* sends in no time, as an emulated one */
    unsigned int busy;
    unsigned int reads;
    char line[4096]; /* sent */
    unsigned int line_length;
    bool absent;
    bool hostile; /* always has an interrupt and data, and takes all */
    /* The client. */
    char input[256];
    unsigned int input_count;
    const char *output;
    unsigned int takes;
};

/* An eighth. */
static unsigned int transmit_level(const struct model *m)
{
    return m->fifo_size / 8;
}

static void took_one(struct model *m)
{
    const unsigned int before = m->in_fifo--;
    if (before > transmit_level(m) && m->in_fifo <= transmit_level(m)) {
        m->raised |= INTERRUPT_TRANSMIT;
    }
}

static uint32_t model_read(void *context, unsigned int offset)
{
    struct model *m = context;
    m->reads++;
    if (m->absent) {
        return 0xffffffff;
    }
    switch (offset) {
    case 0xfe0:
        return 0x11;
    case 0xfe4:
        return 0x10;
    case 0xff0:
        return 0x0d;
    case 0xff4:
        return 0xf0;
    default:
        break;
    }
    if (m->hostile) {
        return offset == FLAGS ? 0x80 : 0xffff;
    }
    switch (offset) {
    case DATA: {
        const uint16_t data = m->receive_fifo[0];
        assert_true(m->receive_count > 0);
        memmove(m->receive_fifo, m->receive_fifo + 1, --m->receive_count * sizeof(m->receive_fifo[0]));
        if (m->receive_count < m->fifo_size / 2) {
            m->raised &= ~INTERRUPT_RECEIVE;
        }
        if (m->receive_count == 0) {
            m->raised &= ~INTERRUPT_TIMEOUT;
        }
        return data;
    }
    case FLAGS:
        return (m->receive_count == 0 ? 0x10u : 0) | (m->in_fifo == m->fifo_size ? 0x20u : 0) |
               (m->in_fifo == 0 ? 0x80u : 0) | (m->busy > 0 && m->busy-- > 0 ? 0x08u : 0);
    case INTERRUPTS:
        return m->raised & m->registers[MASK / 4];
    default:
        return 0;
    }
}

static void model_write(void *context, unsigned int offset, uint32_t value)
{
    struct model *m = context;
    assert_true(offset < sizeof(m->registers));
    if (offset == DATA) {
        assert_true(m->in_fifo < m->fifo_size || m->hostile);
        assert_int_equal(m->registers[CONTROL / 4] & 0x101, 0x101);
        if (m->line_length < sizeof(m->line)) {
            m->line[m->line_length++] = (char)value;
        }
        m->in_fifo++;
        if (m->in_fifo > transmit_level(m)) {
            m->raised &= ~INTERRUPT_TRANSMIT;
        }
        while (m->immediate && m->in_fifo > 0) {
            took_one(m);
            m->raised |= INTERRUPT_TRANSMIT;
        }
        return;
    }
    if (offset == CLEAR) {
        m->raised &= ~value;
    }
    if (offset == LINE) {
        assert_int_equal(m->registers[CONTROL / 4] & 1, 0);
        assert_int_equal(m->busy, 0);
    }
    m->registers[offset / 4] = value;
}

/* The line sends so many characters. */
static void drain(struct model *m, unsigned int count)
{
    while (count-- > 0 && m->in_fifo > 0) {
        took_one(m);
    }
}

/* Characters arrive; the device raises what it does then. */
static void arrive(struct model *m, const char *text)
{
    for (; *text != '\0'; text++) {
        assert_true(m->receive_count < 64);
        m->receive_fifo[m->receive_count++] = (uint8_t)*text;
    }
    m->raised |= m->receive_count >= m->fifo_size / 2 ? INTERRUPT_RECEIVE : INTERRUPT_TIMEOUT;
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

static uint32_t take_for_ever(void *context, char *to, uint32_t limit)
{
    struct model *m = context;
    m->takes++;
    memset(to, 'x', limit);
    return limit;
}

static const struct uart_operations operations = {model_read, model_write, received, take};
static const struct uart_operations endless = {model_read, model_write, received, take_for_ever};

static void start(struct model *m, struct uart *uart)
{
    memset(m, 0, sizeof(*m));
    m->fifo_size = 16;
    assert_true(uart_initialise(uart, &operations, m, 115200));
}

static void initialises_8n1_with_fifos_and_the_firmwares_rate(void **state)
{
    (void)state;
    struct model m = {.fifo_size = 16, .busy = 100, .raised = 0x7ff};
    struct uart uart;
    m.registers[INTEGER / 4] = 13;
    m.registers[FRACTION / 4] = 1;
    m.registers[CONTROL / 4] = 0x301;
    assert_true(uart_initialise(&uart, &operations, &m, 9600));
    assert_int_equal(m.registers[INTEGER / 4], 13);
    assert_int_equal(m.registers[FRACTION / 4], 1);
    assert_int_equal(m.registers[LINE / 4], 0x70);
    assert_int_equal(m.registers[CONTROL / 4], 0xf01);
    assert_int_equal(m.raised, 0);
    assert_int_equal(m.registers[MASK / 4], 0x7d0); /* no transmitter interrupt while idle */
}

static void forgets_what_came_before(void **state)
{
    (void)state;
    struct model m = {.fifo_size = 16};
    struct uart uart;
    arrive(&m, "typed at the boot");
    assert_true(uart_initialise(&uart, &operations, &m, 115200));
    assert_int_equal(m.receive_count, 0); /* else a device that waits for that raises no interrupt ever */
    uart_interrupt(&uart);
    assert_int_equal(m.input_count, 0);
    arrive(&m, "a");
    uart_interrupt(&uart);
    assert_int_equal(m.input_count, 1);
}

static void does_not_wait_for_ever_for_the_transmitter(void **state)
{
    (void)state;
    struct model m = {.hostile = true};
    struct uart uart;
    assert_true(uart_initialise(&uart, &operations, &m, 115200));
    assert_true(m.reads < 1000000);
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
    arrive(&m, "hello"); /* fewer than the trigger: by the timeout */
    assert_int_equal(m.raised, INTERRUPT_TIMEOUT);
    uart_interrupt(&uart);
    assert_int_equal(m.input_count, 5);
    assert_memory_equal(m.input, "hello", 5);
    assert_int_equal(uart.received, 5);
    assert_int_equal(m.raised, 0);
    arrive(&m, "0123456789abcdef");
    assert_int_equal(m.raised, INTERRUPT_RECEIVE);
    uart_interrupt(&uart);
    assert_memory_equal(m.input + 5, "0123456789abcdef", 16);
    assert_int_equal(uart.stuck, 0);
}

static void counts_errors_and_drops_what_they_spoiled(void **state)
{
    (void)state;
    struct model m;
    struct uart uart;
    start(&m, &uart);
    m.receive_fifo[0] = 'a';
    m.receive_fifo[1] = 'b' | 0x100; /* framing */
    m.receive_fifo[2] = 0 | 0x400;   /* break */
    m.receive_fifo[3] = 'c' | 0x800; /* overrun: something before it is lost, this is right */
    m.receive_count = 4;
    m.raised = INTERRUPT_FRAMING | INTERRUPT_OVERRUN;
    uart_interrupt(&uart);
    assert_int_equal(m.input_count, 2);
    assert_memory_equal(m.input, "ac", 2);
    assert_int_equal(uart.overruns, 1);
    assert_int_equal(uart.line_errors, 2);
    assert_int_equal(m.raised, 0);
    assert_int_equal(uart.stuck, 0);
}

static void sends_as_room_comes_and_rests_when_done(void **state)
{
    (void)state;
    for (unsigned int size = 16; size <= 32; size += 16) {
        struct model m;
        struct uart uart;
        start(&m, &uart);
        m.fifo_size = size;
        static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"; /* 62 */
        m.output = text;
        uart_transmit(&uart);
        assert_int_equal(m.in_fifo, size);
        assert_true((m.registers[MASK / 4] & INTERRUPT_TRANSMIT) != 0);
        unsigned int takes = m.takes;
        uart_transmit(&uart); /* under way: nothing to do */
        assert_int_equal(m.takes, takes);
        for (unsigned int i = 0; i < 100 && (m.registers[MASK / 4] & INTERRUPT_TRANSMIT) != 0; i++) {
            drain(&m, 5);
            if ((m.raised & m.registers[MASK / 4]) != 0) {
                uart_interrupt(&uart);
            }
        }
        assert_int_equal(m.registers[MASK / 4] & INTERRUPT_TRANSMIT, 0);
        assert_int_equal(m.line_length, 62);
        assert_memory_equal(m.line, text, 62);
        assert_int_equal(uart.sent, 62);

        /* Something new while the last characters are still on their way. */
        m.output = "more";
        uart_transmit(&uart);
        assert_int_equal(m.line_length, 66);
        assert_memory_equal(m.line + 62, "more", 4);
    }
}

/* Whatever is in the FIFO when there is something new: nothing stays unsent. */
static void never_waits_for_an_interrupt_that_does_not_come(void **state)
{
    (void)state;
    static char text[200];
    memset(text, 'y', sizeof(text) - 1);
    for (unsigned int first = 0; first < 70; first++) {
        for (unsigned int drained = 0; drained <= 16; drained++) {
            struct model m;
            struct uart uart;
            start(&m, &uart);
            m.output = text + sizeof(text) - 1 - first;
            uart_transmit(&uart);
            drain(&m, drained);
            m.output = text;
            uart_transmit(&uart); /* only once */
            for (unsigned int i = 0; i < 1000 && *m.output != '\0'; i++) {
                if ((m.raised & m.registers[MASK / 4]) != 0) {
                    uart_interrupt(&uart);
                }
                drain(&m, 3);
            }
            assert_int_equal(*m.output, '\0');
        }
    }
}

static void a_device_that_sends_in_no_time_does_not_hold_the_driver(void **state)
{
    (void)state;
    struct model m = {.fifo_size = 16, .immediate = true};
    struct uart uart;
    assert_true(uart_initialise(&uart, &endless, &m, 115200));
    uart_transmit(&uart);
    assert_true(m.takes < 1000);
    /* And it goes on by itself. */
    assert_true((m.raised & m.registers[MASK / 4] & INTERRUPT_TRANSMIT) != 0);
    m.takes = 0;
    uart_interrupt(&uart);
    assert_true(m.takes > 0 && m.takes < 1000);
}

static void survives_a_device_that_never_rests(void **state)
{
    (void)state;
    struct model m;
    struct uart uart;
    start(&m, &uart);
    m.hostile = true;
    m.reads = 0;
    uart_interrupt(&uart);
    assert_true(m.reads < 10000);
    assert_int_equal(uart.stuck, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initialises_8n1_with_fifos_and_the_firmwares_rate),
        cmocka_unit_test(forgets_what_came_before),
        cmocka_unit_test(does_not_wait_for_ever_for_the_transmitter),
        cmocka_unit_test(notices_that_nothing_is_there),
        cmocka_unit_test(receives_all_that_waits),
        cmocka_unit_test(counts_errors_and_drops_what_they_spoiled),
        cmocka_unit_test(sends_as_room_comes_and_rests_when_done),
        cmocka_unit_test(never_waits_for_an_interrupt_that_does_not_come),
        cmocka_unit_test(a_device_that_sends_in_no_time_does_not_hold_the_driver),
        cmocka_unit_test(survives_a_device_that_never_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
