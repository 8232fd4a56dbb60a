/* SPDX-License-Identifier: BSD-2-Clause */
/* PL011, PL031 and PL061 alone on a bus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <vmm/devices/pl011.h>
#include <vmm/devices/pl031.h>
#include <vmm/devices/pl061.h>

#define FREQUENCY 24000000ull
#define BASE      0x9000000ull
#define LINE      7u

/* PL011 */
#define DR    0x00u
#define RSR   0x04u
#define FR    0x18u
#define IBRD  0x24u
#define FBRD  0x28u
#define LCR_H 0x2cu
#define CR    0x30u
#define IFLS  0x34u
#define IMSC  0x38u
#define RIS   0x3cu
#define MIS   0x40u
#define ICR   0x44u

#define TXFE 0x80u
#define RXFF 0x40u
#define TXFF 0x20u
#define RXFE 0x10u
#define RX   0x10u
#define TX   0x20u
#define RT   0x40u
#define OE   0x400u

struct bench {
    struct bus bus;
    struct irq_router router;
    struct timer_set timers;
    struct vm_clock clock;
    uint64_t now;
    bool line;
    uint32_t changes;
    char sent[256], input[256];
    uint32_t sent_count, room, input_first, input_count;
    struct pl011 uart;
    struct pl031 rtc;
    struct pl061 gpio;
};

static struct bench bench;

static void line_changed(void *controller, uint32_t number, bool level)
{
    struct bench *b = controller;
    assert_int_equal(number, LINE);
    b->line = level;
    b->changes++;
}

static uint64_t now(void *context)
{
    return ((struct bench *)context)->now;
}

static bool put(void *context, uint8_t byte)
{
    struct bench *b = context;
    if (b->room == 0) {
        return false;
    }
    b->room--;
    b->sent[b->sent_count++ % sizeof(b->sent)] = (char)byte;
    return true;
}

static bool get(void *context, uint8_t *byte)
{
    struct bench *b = context;
    if (b->input_first == b->input_count) {
        return false;
    }
    *byte = (uint8_t)b->input[b->input_first++];
    return true;
}

static void prepare(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    b->now = 1000;
    b->room = 1000;
    b->clock = (struct vm_clock){
        .frequency = FREQUENCY, .now = now, .context = b, .wall_clock = 1700000000, .wall_clock_ticks = 1000};
    irq_add_sink(&b->router, (struct irq_sink){.line = line_changed, .controller = b});
}

static int set_up_uart(void **state)
{
    struct bench *b = &bench;
    prepare(b);
    struct uart_backend backend = {.put = put, .get = get, .context = b};
    *state = b;
    int result = pl011_init(&b->uart, &b->bus, BASE, LINE, &b->router, &b->timers, &b->clock, &backend);
    pl011_set_up(&b->uart);
    return result;
}

static uint32_t in(struct bench *b, uint32_t offset)
{
    uint64_t value;
    assert_true(bus_read(&b->bus, BASE + offset, 4, &value));
    return (uint32_t)value;
}

static void out(struct bench *b, uint32_t offset, uint32_t value)
{
    assert_true(bus_write(&b->bus, BASE + offset, 4, value));
}

static void type(struct bench *b, const char *text)
{
    b->input_first = 0;
    b->input_count = (uint32_t)strlen(text);
    memcpy(b->input, text, b->input_count);
    pl011_backend_ready(&b->uart);
}

static void identification(void **state)
{
    struct bench *b = *state;
    static const uint8_t expected[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(in(b, 0xfe0 + 4 * i), expected[i]);
    }
}

static void uart_reset_state(void **state)
{
    struct bench *b = *state;
    pl011_reset(&b->uart);
    assert_int_equal(in(b, CR), 0x300);
    assert_int_equal(in(b, IFLS), 0x12);
    assert_int_equal(in(b, LCR_H), 0);
    assert_int_equal(in(b, IMSC), 0);
    assert_int_equal(in(b, FR) & (TXFE | RXFE | TXFF | RXFF), TXFE | RXFE);
}

static void bytes_go_out(void **state)
{
    struct bench *b = *state;
    out(b, DR, 'h');
    out(b, DR, 'i');
    assert_int_equal(b->sent_count, 2);
    assert_memory_equal(b->sent, "hi", 2);
    assert_int_equal(in(b, FR) & (TXFE | TXFF | 8), TXFE); /* and not busy */
    assert_int_equal(in(b, RIS), TX);
    assert_false(b->line);
    out(b, IMSC, TX);
    assert_true(b->line);
    assert_int_equal(in(b, MIS), TX);
    out(b, ICR, TX);
    assert_false(b->line);
    out(b, DR, '!');
    assert_true(b->line);
}

static void transmitter_fills_up_and_drains(void **state)
{
    struct bench *b = *state;
    out(b, IMSC, TX);
    out(b, ICR, TX);
    b->room = 0;
    for (uint32_t i = 0; i < PL011_FIFO_SIZE; i++) {
        assert_int_equal(in(b, FR) & TXFF, 0);
        out(b, DR, 'a' + i % 26);
    }
    assert_int_equal(in(b, FR) & (TXFE | TXFF), TXFF);
    assert_false(b->line);
    out(b, DR, '!');
    assert_int_equal(b->uart.bytes_dropped, 1);
    b->room = 1; /* 31 left: above the trigger level of 16 */
    pl011_backend_ready(&b->uart);
    assert_false(b->line);
    assert_int_equal(in(b, FR) & (TXFE | TXFF), 0);
    assert_true(pl011_waiting_for_room(&b->uart));
    b->room = 15;
    pl011_backend_ready(&b->uart);
    assert_true(b->line);
    b->room = 100;
    assert_int_equal(in(b, FR) & TXFE, TXFE); /* polling drains, too */
    assert_int_equal(b->sent_count, 32);
    assert_memory_equal(b->sent, "abcdefghijklmnopqrstuvwxyzabcdef", 32);
}

static void without_fifo(void **state)
{
    struct bench *b = *state;
    out(b, LCR_H, 0x60);
    b->room = 0;
    out(b, DR, 'x');
    assert_int_equal(in(b, FR) & TXFF, TXFF);
    type(b, "abc");
    assert_int_equal(in(b, FR) & RXFF, RXFF);
    assert_int_equal(in(b, RIS) & RX, RX);
    assert_int_equal(in(b, DR), 'a');
    assert_int_equal(in(b, DR), 'b');
    assert_int_equal(in(b, DR), 'c');
    assert_int_equal(in(b, FR) & RXFE, RXFE);
    assert_int_equal(in(b, RIS) & RX, 0);
}

static void disabled_uart_holds_its_bytes(void **state)
{
    struct bench *b = *state;
    out(b, CR, 0x300);
    out(b, DR, 'x');
    assert_int_equal(b->sent_count, 0);
    type(b, "y");
    assert_int_equal(in(b, FR) & RXFE, RXFE);
    out(b, CR, 0x301);
    assert_int_equal(b->sent_count, 1);
    assert_int_equal(in(b, DR), 'y');
}

static void receive_interrupt_at_the_level(void **state)
{
    struct bench *b = *state;
    out(b, IMSC, RX);
    type(b, "123456789012345");
    assert_false(b->line);
    type(b, "6");
    assert_true(b->line);
    in(b, DR);
    assert_false(b->line);
    out(b, IFLS, 0); /* an eighth: 4 */
    while ((in(b, FR) & RXFE) == 0) {
        in(b, DR);
    }
    type(b, "123");
    assert_false(b->line);
    type(b, "4");
    assert_true(b->line);
    out(b, ICR, RX);
    assert_false(b->line);
}

static void receive_timeout(void **state)
{
    struct bench *b = *state;
    out(b, IMSC, RT);
    type(b, "x");
    assert_false(b->line);
    uint64_t deadline = b->timers.next;
    /* 32 bits at 115200 baud */
    assert_true(deadline - b->now > 6600 && deadline - b->now < 6750);
    b->now = deadline;
    timer_run(&b->timers, b->now);
    assert_true(b->line);
    assert_int_equal(in(b, DR), 'x');
    assert_false(b->line);
    assert_int_equal(b->timers.next, 0);
}

static void no_divisor_is_no_division(void **state)
{
    struct bench *b = *state;
    out(b, IBRD, 0);
    out(b, FBRD, 0);
    type(b, "x");
    assert_true(b->timers.next > b->now);
}

static void more_input_than_room(void **state)
{
    struct bench *b = *state;
    char text[101];
    memset(text, 'q', 100);
    text[100] = '\0';
    type(b, text);
    assert_int_equal(in(b, FR) & RXFF, RXFF);
    uint32_t count = 0;
    while ((in(b, FR) & RXFE) == 0) {
        assert_int_equal(in(b, DR), 'q');
        count++;
    }
    assert_int_equal(count, 100);
}

static void loopback(void **state)
{
    struct bench *b = *state;
    out(b, CR, 0x381);
    for (uint32_t i = 0; i < PL011_FIFO_SIZE; i++) {
        out(b, DR, i);
    }
    assert_int_equal(b->sent_count, 0);
    assert_int_equal(in(b, RIS) & OE, 0);
    out(b, DR, 99); /* one too many */
    assert_int_equal(in(b, RIS) & OE, OE);
    assert_int_equal(in(b, DR), 0x800);
    assert_int_equal(in(b, RSR), 8);
    out(b, RSR, 0);
    assert_int_equal(in(b, RSR), 0);
    assert_int_equal(in(b, DR), 1);
    /* Modem lines: DTR is DSR, RTS CTS, OUT1 DCD, OUT2 RI. */
    out(b, ICR, 0x7ff);
    assert_int_equal(in(b, FR) & 0x107, 0);
    out(b, CR, 0x381 | 0x3c00);
    assert_int_equal(in(b, FR) & 0x107, 0x107);
    assert_int_equal(in(b, RIS) & 0xf, 0xf);
}

static void fifo_switch_flushes(void **state)
{
    struct bench *b = *state;
    type(b, "abc");
    b->room = 0;
    out(b, DR, 'x');
    out(b, LCR_H, 0x60);
    assert_int_equal(in(b, FR) & (RXFE | TXFE), RXFE | TXFE);
    assert_int_equal(b->uart.bytes_dropped, 1);
    assert_int_equal(b->timers.next, 0);
}

static void odd_accesses(void **state)
{
    struct bench *b = *state;
    uint64_t value;
    assert_true(bus_read(&b->bus, BASE + 0xfe1, 1, &value));
    assert_int_equal(value, 0);
    assert_true(bus_read(&b->bus, BASE + 0xfe0, 8, &value));
    assert_int_equal(value, 0x1000000011ull);
    assert_true(bus_read(&b->bus, BASE + 0xfe2, 4, &value));
    assert_int_equal(value, 0x100000);
    assert_true(bus_read(&b->bus, BASE + 0xffd, 1, &value));
    assert_false(bus_read(&b->bus, BASE + 0xffd, 4, &value));
    assert_true(bus_write(&b->bus, BASE + 1, 1, 'x')); /* lost */
    assert_int_equal(b->sent_count, 0);
    assert_true(bus_write(&b->bus, BASE + IMSC, 8, 0xffffffff00000010ull));
    assert_int_equal(in(b, IMSC), 0x10);
    for (uint32_t offset = 0; offset < 0x1000; offset++) {
        for (uint32_t width = 1; width <= 8 && offset + width <= 0x1000; width *= 2) {
            bus_read(&b->bus, BASE + offset, width, &value);
            bus_write(&b->bus, BASE + offset, width, 0xa5a5a5a5a5a5a5a5ull);
        }
    }
}

static void masks(void **state)
{
    struct bench *b = *state;
    static const struct {
        uint32_t offset, mask;
    } registers[] = {{0x20, 0xff}, {IBRD, 0xffff}, {FBRD, 0x3f},  {LCR_H, 0xff},
                     {CR, 0xff87}, {IFLS, 0x3f},   {IMSC, 0x7ff}, {0x48, 7}};
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        out(b, registers[i].offset, 0xffffffff);
        assert_int_equal(in(b, registers[i].offset), registers[i].mask);
    }
}

/* --- PL031 --- */

static int set_up_rtc(void **state)
{
    struct bench *b = &bench;
    prepare(b);
    *state = b;
    return pl031_init(&b->rtc, &b->bus, BASE, LINE, &b->router, &b->timers, &b->clock);
}

static void clock_runs(void **state)
{
    struct bench *b = *state;
    assert_int_equal(in(b, 0x00), 1700000000);
    b->now += FREQUENCY - 1;
    assert_int_equal(in(b, 0x00), 1700000000);
    b->now += 1;
    assert_int_equal(in(b, 0x00), 1700000001);
    out(b, 0x08, 5);
    assert_int_equal(in(b, 0x00), 5);
    assert_int_equal(in(b, 0x08), 5);
    b->now += 10 * FREQUENCY;
    assert_int_equal(in(b, 0x00), 15);
    out(b, 0x0c, 1); /* enabled already */
    assert_int_equal(in(b, 0x00), 15);
    assert_int_equal(in(b, 0x0c), 1);
    pl031_reset(&b->rtc);
    assert_int_equal(in(b, 0x00), 15);
    assert_int_equal(in(b, 0xfe0), 0x31);
}

static void alarm_rings(void **state)
{
    struct bench *b = *state;
    b->now += FREQUENCY / 4;
    out(b, 0x10, 1);
    out(b, 0x04, 1700000003);
    assert_false(b->line);
    assert_int_equal(b->timers.next, 1000 + 3 * FREQUENCY);
    b->now = b->timers.next - 1;
    timer_run(&b->timers, b->now);
    assert_false(b->line);
    b->now++;
    timer_run(&b->timers, b->now);
    assert_true(b->line);
    assert_int_equal(in(b, 0x14), 1);
    assert_int_equal(in(b, 0x18), 1);
    out(b, 0x10, 0);
    assert_false(b->line);
    assert_int_equal(in(b, 0x18), 0);
    out(b, 0x10, 1);
    out(b, 0x1c, 1);
    assert_false(b->line);
    assert_int_equal(in(b, 0x14), 0);
}

static void alarm_now_and_alarm_far(void **state)
{
    struct bench *b = *state;
    out(b, 0x10, 1);
    out(b, 0x04, 1700000000);
    assert_true(b->line);
    out(b, 0x1c, 1);
    out(b, 0x04, 1699999999); /* in 136 years */
    assert_false(b->line);
    assert_int_equal(b->timers.next, 1000 + 0xffffffffull * FREQUENCY);
}

static void clock_without_frequency(void **state)
{
    struct bench *b = *state;
    b->clock.frequency = 0;
    in(b, 0);
    out(b, 0x04, 1);
    out(b, 0x08, 1);
}

/* --- PL061 --- */

static int set_up_gpio(void **state)
{
    struct bench *b = &bench;
    prepare(b);
    *state = b;
    return pl061_init(&b->gpio, &b->bus, BASE, LINE, &b->router, &b->timers, &b->clock);
}

static void gpio_data_is_masked_by_its_address(void **state)
{
    struct bench *b = *state;
    out(b, 0x400, 0x0f); /* lower half: outputs */
    out(b, 0x3fc, 0xff);
    assert_int_equal(in(b, 0x3fc), 0x0f);
    out(b, 0x004 << 1, 0); /* line 1 only */
    assert_int_equal(in(b, 0x3fc), 0x0d);
    pl061_set_input(&b->gpio, 6, true);
    assert_int_equal(in(b, 0x3fc), 0x4d);
    assert_int_equal(in(b, 0x40 << 2), 0x40);
    assert_int_equal(in(b, 0x000), 0);
    assert_int_equal(in(b, 0xfe0), 0x61);
}

static void gpio_edges(void **state)
{
    struct bench *b = *state;
    out(b, 0x410, 0xff);
    pl061_set_input(&b->gpio, 2, true); /* falling edges are wanted */
    assert_false(b->line);
    pl061_set_input(&b->gpio, 2, false);
    assert_true(b->line);
    assert_int_equal(in(b, 0x418), 4);
    out(b, 0x41c, 4);
    assert_false(b->line);
    out(b, 0x408, 4); /* both */
    pl061_set_input(&b->gpio, 2, true);
    assert_true(b->line);
    out(b, 0x41c, 4);
    pl061_set_input(&b->gpio, 2, true);
    assert_false(b->line);
}

static void gpio_levels(void **state)
{
    struct bench *b = *state;
    out(b, 0x404, 8);
    out(b, 0x40c, 8);
    out(b, 0x410, 8);
    assert_false(b->line);
    pl061_set_input(&b->gpio, 3, true);
    assert_true(b->line);
    out(b, 0x41c, 8); /* clears edges only */
    assert_true(b->line);
    assert_int_equal(in(b, 0x414), 8);
    pl061_set_input(&b->gpio, 3, false);
    assert_false(b->line);
}

static void gpio_button(void **state)
{
    struct bench *b = *state;
    assert_false(pl061_press(&b->gpio, 3));
    assert_int_equal(in(b, 0x3fc), 8);
    b->now = b->timers.next;
    timer_run(&b->timers, b->now);
    assert_int_equal(in(b, 0x3fc), 0);
    out(b, 0x410, 8);
    assert_true(pl061_press(&b->gpio, 3));
    pl061_reset(&b->gpio);
    assert_int_equal(in(b, 0x3fc), 0);
    assert_int_equal(b->timers.next, 0);
}

int main(void)
{
#define UART(name) cmocka_unit_test_setup(name, set_up_uart)
#define RTC(name)  cmocka_unit_test_setup(name, set_up_rtc)
#define GPIO(name) cmocka_unit_test_setup(name, set_up_gpio)
    const struct CMUnitTest tests[] = {
        UART(identification),
        UART(uart_reset_state),
        UART(bytes_go_out),
        UART(transmitter_fills_up_and_drains),
        UART(without_fifo),
        UART(disabled_uart_holds_its_bytes),
        UART(receive_interrupt_at_the_level),
        UART(receive_timeout),
        UART(no_divisor_is_no_division),
        UART(more_input_than_room),
        UART(loopback),
        UART(fifo_switch_flushes),
        UART(odd_accesses),
        UART(masks),
        RTC(clock_runs),
        RTC(alarm_rings),
        RTC(alarm_now_and_alarm_far),
        RTC(clock_without_frequency),
        GPIO(gpio_data_is_masked_by_its_address),
        GPIO(gpio_edges),
        GPIO(gpio_levels),
        GPIO(gpio_button),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
