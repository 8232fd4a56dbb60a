/* SPDX-License-Identifier: BSD-2-Clause */
/* The console device: characters both ways, ports and their messages, the terminal's size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtio_machine.h"

#include <vmm/hv.h>
#include <vmm/virtio/virtio_console.h>

#define FREQUENCY 1000000u
#define PORTS     3u
#define CAPACITY  64u
#define BASIC     (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_CONSOLE_F_SIZE)
#define FEATURES  (BASIC | VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_CONSOLE_F_EMERG_WRITE)

/* One direction of a port, and the page that its indices are in. */
struct line {
    struct serial_queue_page *page;
    char data[CAPACITY];
};

struct fixture {
    struct virtio_machine machine;
    struct virtio_console console;
    struct line out[PORTS], in[PORTS]; /* from the guest, to the guest */
    struct vm_device_config config;
    uint64_t control; /* a message that the driver writes */
};

struct message {
    uint32_t port;
    uint16_t event, value;
};

static uint64_t clock_value;
static uint32_t notified[VM_CHANNELS];

uint64_t hv_now(void)
{
    return clock_value;
}

void hv_notify(uint32_t channel)
{
    notified[channel]++;
}

void *device_allocate(struct vm *vm, uint64_t size)
{
    (void)vm;
    (void)size;
    return NULL;
}

int device_listen(struct vm *vm, uint32_t channel, void (*called)(void *context), void *context)
{
    (void)vm;
    (void)channel;
    (void)called;
    (void)context;
    return -1;
}

static void make_line(struct line *line)
{
    line->page = aligned_alloc(SERIAL_PAGE_SIZE, SERIAL_PAGE_SIZE);
    assert_non_null(line->page);
    memset(line->page, 0, SERIAL_PAGE_SIZE);
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    machine_create(&f->machine);
    clock_value = 1;
    memset(notified, 0, sizeof(notified));
    f->machine.vm.clock.frequency = FREQUENCY;
    f->config = (struct vm_device_config){.kind = VM_DEVICE_CONSOLE, .name = "console0", .queues = PORTS};
    for (uint32_t i = 0; i < PORTS; i++) {
        make_line(&f->out[i]);
        make_line(&f->in[i]);
        f->config.console.ports[i].queue = (struct queue_pair_config){
            .transmit_queue = (uintptr_t)f->out[i].page,
            .transmit_data = (uintptr_t)f->out[i].data,
            .receive_queue = (uintptr_t)f->in[i].page,
            .receive_data = (uintptr_t)f->in[i].data,
            .transmit_capacity = CAPACITY,
            .receive_capacity = CAPACITY,
            .channel = 10 + i,
            .present = 1,
        };
        snprintf(f->config.console.ports[i].name, VM_DEVICE_NAME, "org.example.%u", i);
    }
    assert_null(virtio_console_init(&f->console, &f->machine.vm, &f->config));
    machine_attach(&f->machine, &f->console.device);
    f->control = machine_allocate(&f->machine, 4096, 4096);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < PORTS; i++) {
        free(f->out[i].page);
        free(f->in[i].page);
    }
    test_free(f);
    return 0;
}

/* --- The peer --- */

static struct serial_queue_handle handle(struct line *line)
{
    return (struct serial_queue_handle){.queue = &line->page->queue, .capacity = CAPACITY, .data = line->data};
}

static void type(struct fixture *f, uint32_t port, const char *text)
{
    struct serial_queue_handle h = handle(&f->in[port]);
    assert_int_equal(serial_queue_write(&h, text, (uint32_t)strlen(text)), strlen(text));
    if (serial_queue_take_signal(&h)) {
        console_port_notified(&f->console.ports[port]);
    }
}

/* Takes what the guest has said. */
static const char *hear(struct fixture *f, uint32_t port)
{
    static char text[CAPACITY + 1];
    struct serial_queue_handle h = handle(&f->out[port]);
    uint32_t length = serial_queue_read(&h, text, CAPACITY);
    text[length] = '\0';
    serial_queue_request_signal(&h);
    if (serial_queue_take_space_request(&h)) {
        console_port_notified(&f->console.ports[port]);
    }
    return text;
}

static void terminal(struct fixture *f, uint16_t columns, uint16_t rows)
{
    struct serial_queue_handle h = handle(&f->in[0]);
    if (serial_queue_set_terminal(&h, columns, rows)) {
        console_port_notified(&f->console.ports[0]);
    }
}

/* --- The driver --- */

static uint32_t receive_queue(uint32_t port)
{
    return port == 0 ? 0 : 2 + port * 2;
}

static void kick(struct fixture *f, uint32_t queue)
{
    if (driver_must_notify(&f->machine, queue, 1)) {
        virtio_notify(&f->console.device, queue);
    }
}

static uint64_t offer(struct fixture *f, uint32_t queue, uint32_t length)
{
    struct piece piece = {.address = machine_allocate(&f->machine, length, 8), .length = length, .writable = true};
    driver_add(&f->machine, queue, &piece, 1, false);
    kick(f, queue);
    return piece.address;
}

static void say_to(struct fixture *f, uint32_t queue, const void *bytes, uint32_t length)
{
    struct piece pieces[2] = {{.address = machine_allocate(&f->machine, length, 8), .length = length}};
    memcpy(machine_memory(&f->machine, pieces[0].address), bytes, length);
    uint32_t count = 1;
    if (length > 1) { /* in two pieces */
        pieces[0].length = 1;
        pieces[1] = (struct piece){.address = pieces[0].address + 1, .length = length - 1};
        count = 2;
    }
    driver_add(&f->machine, queue, pieces, count, false);
    if (driver_must_notify(&f->machine, queue, 1)) {
        virtio_notify(&f->console.device, queue);
    }
}

static void say(struct fixture *f, uint32_t port, const char *text)
{
    say_to(f, receive_queue(port) + 1, text, (uint32_t)strlen(text));
}

static bool used(struct fixture *f, uint32_t queue, uint32_t *written)
{
    uint16_t id;
    return driver_take(&f->machine, queue, &id, written);
}

static void control(struct fixture *f, uint32_t port, uint16_t event, uint16_t value)
{
    struct message message = {port, event, value};
    say_to(f, CONSOLE_QUEUE_CONTROL_TRANSMIT, &message, sizeof(message));
}

static void run_later(struct fixture *f)
{
    clock_value += 10;
    timer_run(&f->machine.vm.vcpus[0].timers, clock_value);
}

/* Expects the next message, for which there is a buffer at `at`. */
static void expect_message(struct fixture *f, uint64_t at, uint32_t port, uint16_t event, const char *more,
                           uint32_t length)
{
    uint32_t written;
    assert_true(used(f, CONSOLE_QUEUE_CONTROL_RECEIVE, &written));
    assert_int_equal(written, sizeof(struct message) + length);
    struct message message;
    memcpy(&message, machine_memory(&f->machine, at), sizeof(message));
    assert_int_equal(message.port, port);
    assert_int_equal(message.event, event);
    assert_int_equal(message.value, 1);
    assert_memory_equal((const char *)machine_memory(&f->machine, at) + sizeof(message), more, length);
}

static void no_message(struct fixture *f)
{
    uint32_t written;
    assert_false(used(f, CONSOLE_QUEUE_CONTROL_RECEIVE, &written));
}

/* Sets up the ports as Linux does, without looking at the answers. */
static void start_all(struct fixture *f)
{
    driver_start(&f->machine, &f->console.device, FEATURES, 64);
    for (uint32_t i = 0; i < 16; i++) {
        offer(f, CONSOLE_QUEUE_CONTROL_RECEIVE, 64);
    }
    control(f, UINT32_MAX, CONSOLE_DEVICE_READY, 1);
    for (uint32_t i = 0; i < PORTS; i++) {
        control(f, i, CONSOLE_PORT_READY, 1);
        control(f, i, CONSOLE_PORT_OPEN, 1);
    }
    uint32_t written;
    while (used(f, CONSOLE_QUEUE_CONTROL_RECEIVE, &written)) {
    }
}

/* --- Tests --- */

static void test_a_driver_without_ports(void **state)
{
    struct fixture *f = *state;
    uint32_t written;
    driver_start(&f->machine, &f->console.device, BASIC, 8);
    say(f, 0, "hello");
    assert_string_equal(hear(f, 0), "hello");
    assert_true(used(f, 1, &written));
    uint64_t at = offer(f, 0, 100);
    type(f, 0, "keys");
    assert_true(used(f, 0, &written));
    assert_int_equal(written, 4);
    assert_memory_equal(machine_memory(&f->machine, at), "keys", 4);
    /* The control queues are none of its business. */
    offer(f, CONSOLE_QUEUE_CONTROL_RECEIVE, 64);
    control(f, UINT32_MAX, CONSOLE_DEVICE_READY, 1);
    no_message(f);
    assert_false(f->console.device.broken);
}

static void test_ports_are_told_of_in_order(void **state)
{
    struct fixture *f = *state;
    uint64_t at[16];
    driver_start(&f->machine, &f->console.device, FEATURES, 64);
    assert_int_equal(virtio_read_config(&f->console.device, 4, 4), PORTS);
    for (uint32_t i = 0; i < 16; i++) {
        at[i] = offer(f, CONSOLE_QUEUE_CONTROL_RECEIVE, 64);
    }
    no_message(f);
    control(f, UINT32_MAX, CONSOLE_DEVICE_READY, 1);
    for (uint32_t i = 0; i < PORTS; i++) {
        expect_message(f, at[i], i, CONSOLE_PORT_ADD, "", 0);
    }
    no_message(f);
    control(f, 0, CONSOLE_PORT_READY, 1);
    expect_message(f, at[3], 0, CONSOLE_CONSOLE_PORT, "", 0);
    expect_message(f, at[4], 0, CONSOLE_RESIZE, "\x50\0\x18\0", 4); /* 80 columns, 24 rows */
    expect_message(f, at[5], 0, CONSOLE_PORT_NAME, "org.example.0", 13);
    expect_message(f, at[6], 0, CONSOLE_PORT_OPEN, "", 0);
    no_message(f);
    control(f, 2, CONSOLE_PORT_READY, 1);
    expect_message(f, at[7], 2, CONSOLE_PORT_NAME, "org.example.2", 13);
    expect_message(f, at[8], 2, CONSOLE_PORT_OPEN, "", 0);
    no_message(f);
}

static void test_messages_wait_for_buffers(void **state)
{
    struct fixture *f = *state;
    driver_start(&f->machine, &f->console.device, FEATURES, 64);
    control(f, UINT32_MAX, CONSOLE_DEVICE_READY, 1);
    uint32_t written;
    assert_true(used(f, CONSOLE_QUEUE_CONTROL_TRANSMIT, &written));
    for (uint32_t i = 0; i < 100; i++) { /* asked for often, told once */
        control(f, 1, CONSOLE_PORT_READY, 1);
        assert_true(used(f, CONSOLE_QUEUE_CONTROL_TRANSMIT, &written));
    }
    expect_message(f, offer(f, CONSOLE_QUEUE_CONTROL_RECEIVE, 64), 0, CONSOLE_PORT_ADD, "", 0);
    expect_message(f, offer(f, CONSOLE_QUEUE_CONTROL_RECEIVE, 64), 1, CONSOLE_PORT_NAME, "org.example.1", 13);
    expect_message(f, offer(f, CONSOLE_QUEUE_CONTROL_RECEIVE, 64), 1, CONSOLE_PORT_OPEN, "", 0);
    expect_message(f, offer(f, CONSOLE_QUEUE_CONTROL_RECEIVE, 64), 2, CONSOLE_PORT_ADD, "", 0);
    offer(f, CONSOLE_QUEUE_CONTROL_RECEIVE, 64);
    no_message(f);
}

static void test_nothing_is_lost_when_the_peer_is_slow(void **state)
{
    struct fixture *f = *state;
    char text[3 * CAPACITY + 1];
    uint32_t written;
    start_all(f);
    for (uint32_t i = 0; i < 3 * CAPACITY; i++) {
        text[i] = (char)('a' + i % 26);
    }
    text[3 * CAPACITY] = '\0';
    say(f, 1, text);
    say(f, 1, "the end");
    assert_false(used(f, 5, &written)); /* queue 5: port 1's transmit queue */
    char heard[4 * CAPACITY] = "";
    for (uint32_t i = 0; i < 4; i++) {
        size_t length = strlen(heard);
        const char *more = hear(f, 1);
        assert_true(length + strlen(more) < sizeof(heard));
        memcpy(heard + length, more, strlen(more) + 1);
    }
    assert_int_equal(strlen(heard), 3 * CAPACITY + 7);
    assert_memory_equal(heard, text, 3 * CAPACITY);
    assert_string_equal(heard + 3 * CAPACITY, "the end");
    assert_true(used(f, 5, &written));
    assert_true(used(f, 5, &written));
    assert_string_equal(hear(f, 0), "");
    say(f, 1, "again");
    assert_string_equal(hear(f, 1), "again");
}

static void test_input_waits_until_the_port_is_open(void **state)
{
    struct fixture *f = *state;
    uint32_t written;
    start_all(f);
    control(f, 1, CONSOLE_PORT_OPEN, 0);
    offer(f, 4, 4);
    type(f, 1, "abcdef");
    assert_false(used(f, 4, &written));
    control(f, 1, CONSOLE_PORT_OPEN, 1);
    assert_true(used(f, 4, &written));
    assert_int_equal(written, 4);
    assert_false(used(f, 4, &written));
    uint64_t at = offer(f, 4, 4); /* what is left has to wait for a buffer, and the device to hear of it */
    assert_true(used(f, 4, &written));
    assert_int_equal(written, 2);
    assert_memory_equal(machine_memory(&f->machine, at), "ef", 2);
}

static void test_a_full_ring_is_taken_whole(void **state)
{
    struct fixture *f = *state;
    uint32_t written, taken = 0;
    driver_start(&f->machine, &f->console.device, BASIC, CONSOLE_QUEUE_SIZE);
    struct piece piece = {.address = f->control, .length = 1, .writable = false};
    for (uint32_t i = 0; i < CONSOLE_QUEUE_SIZE; i++) {
        driver_add(&f->machine, 1, &piece, 1, false);
    }
    virtio_notify(&f->console.device, 1);
    for (uint32_t i = 0; i < 4; i++) {
        hear(f, 0);
        run_later(f);
        while (used(f, 1, &written)) {
            taken++;
        }
    }
    assert_int_equal(taken, CONSOLE_QUEUE_SIZE);
}

static void test_the_size_is_announced(void **state)
{
    struct fixture *f = *state;
    start_all(f);
    assert_int_equal(virtio_read_config(&f->console.device, 0, 4), 24u << 16 | 80);
    terminal(f, 132, 50);
    assert_int_equal(virtio_read_config(&f->console.device, 0, 4), 50u << 16 | 132);
    uint32_t written;
    assert_true(used(f, CONSOLE_QUEUE_CONTROL_RECEIVE, &written));
    assert_int_equal(written, sizeof(struct message) + 4);
    /* A second time it is no news. */
    console_port_notified(&f->console.ports[0]);
    assert_int_equal(f->console.ports[0].owed, 0);
    /* Nonsense is not believed. */
    terminal(f, 0, 50);
    assert_int_equal(virtio_read_config(&f->console.device, 0, 4), 50u << 16 | 132);
}

static void test_the_size_without_ports_is_in_the_configuration(void **state)
{
    struct fixture *f = *state;
    terminal(f, 100, 30);
    driver_start(&f->machine, &f->console.device, BASIC, 8);
    assert_int_equal(virtio_read_config(&f->console.device, 0, 4), 30u << 16 | 100);
    uint32_t before = f->machine.config_interrupts;
    assert_int_not_equal(before, 0);
    terminal(f, 101, 30);
    assert_int_equal(f->machine.config_interrupts, before + 1);
    say(f, 0, "early");
    assert_int_equal(f->machine.config_interrupts, before + 1);
    clock_value += FREQUENCY;
    say(f, 0, "later");
    say(f, 0, "and later");
    assert_int_equal(f->machine.config_interrupts, before + 2);
}

static void test_a_console_alone_has_no_other_queues(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(f->console.device.queue_count, 2 * (PORTS + 1));
    f->config.queues = 1;
    f->machine.vm.vcpus[0].timers.count = 0;
    assert_null(virtio_console_init(&f->console, &f->machine.vm, &f->config));
    assert_int_equal(f->console.device.queue_count, 2);
    assert_int_equal(f->console.device.offered & VIRTIO_CONSOLE_F_MULTIPORT, 0);
}

static void test_emergency_characters_come_before_any_driver(void **state)
{
    struct fixture *f = *state;
    virtio_write_config(&f->console.device, 8, 4, 'X');
    virtio_write_config(&f->console.device, 8, 1, 'Y');
    virtio_write_config(&f->console.device, 0, 4, 'Z'); /* read-only */
    assert_string_equal(hear(f, 0), "XY");
    assert_int_equal(virtio_read_config(&f->console.device, 0, 4), 24u << 16 | 80);
    for (uint32_t i = 0; i < CAPACITY + 5; i++) {
        virtio_write_config(&f->console.device, 8, 4, 'E');
    }
    assert_int_equal(f->console.emergency_dropped, 5);
    assert_int_equal(strlen(hear(f, 0)), CAPACITY);
}

static void test_messages_that_break_the_rules_are_ignored(void **state)
{
    struct fixture *f = *state;
    start_all(f);
    control(f, 2, CONSOLE_PORT_READY, 0);
    uint32_t errors = machine_guest_errors();
    control(f, PORTS, CONSOLE_PORT_OPEN, 1);
    control(f, PORTS, CONSOLE_PORT_READY, 1);
    assert_false(f->console.ports[PORTS].ready);
    control(f, UINT32_MAX, CONSOLE_PORT_READY, 1);
    control(f, 0, CONSOLE_PORT_ADD, 1);
    control(f, 0, CONSOLE_RESIZE, 1);
    control(f, 0, 999, 1);
    control(f, 2, CONSOLE_PORT_OPEN, 1); /* not ready */
    say_to(f, CONSOLE_QUEUE_CONTROL_TRANSMIT, "short", 5);
    assert_int_equal(machine_guest_errors() - errors, 8);
    assert_false(f->console.ports[2].open);
    assert_false(f->console.device.broken);
    say(f, 0, "alive");
    assert_string_equal(hear(f, 0), "alive");
    control(f, UINT32_MAX, CONSOLE_DEVICE_READY, 0);
    assert_false(f->console.ports[0].open);
}

static void test_a_message_that_does_not_fit_breaks_the_device(void **state)
{
    struct fixture *f = *state;
    driver_start(&f->machine, &f->console.device, FEATURES, 64);
    offer(f, CONSOLE_QUEUE_CONTROL_RECEIVE, 7);
    control(f, UINT32_MAX, CONSOLE_DEVICE_READY, 1);
    assert_true(f->console.device.broken);
    type(f, 0, "x"); /* harmless */
    virtio_write_status(&f->console.device, 0);
    assert_int_equal(f->console.ports[0].owed, 0);
}

static void test_a_buffer_for_input_that_cannot_be_written_breaks_the_device(void **state)
{
    struct fixture *f = *state;
    driver_start(&f->machine, &f->console.device, BASIC, 8);
    say_to(f, 0, "x", 1);
    type(f, 0, "x");
    assert_true(f->console.device.broken);
}

static void test_reset_forgets_what_is_held(void **state)
{
    struct fixture *f = *state;
    char text[CAPACITY + 2];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    start_all(f);
    say(f, 2, text);
    assert_true(f->console.ports[2].held);
    virtio_stop_queue(&f->console.device, 7); /* port 2's transmit queue */
    assert_false(f->console.ports[2].held);
    say(f, 0, text);
    assert_true(f->console.ports[0].held);
    virtio_write_status(&f->console.device, 0);
    assert_false(f->console.ports[0].held || f->console.ports[0].open || f->console.ports[0].ready);
    hear(f, 0);
    assert_string_equal(hear(f, 0), "");
    assert_int_equal(f->machine.vm.vcpus[0].timers.next, 0);
}

static void test_a_peer_that_lies_harms_nobody(void **state)
{
    struct fixture *f = *state;
    uint32_t written;
    driver_start(&f->machine, &f->console.device, BASIC, 8);
    offer(f, 0, 64);
    f->in[0].page->queue.tail = 12345; /* more than there can be */
    console_port_notified(&f->console.ports[0]);
    assert_false(used(f, 0, &written));
    f->out[0].page->queue.head = 999;
    say(f, 0, "waits");
    assert_false(used(f, 1, &written));
    for (uint32_t i = 0; i < 5; i++) {
        run_later(f);
    }
    assert_false(f->console.device.broken);
}

static void test_bad_configurations_are_refused(void **state)
{
    struct fixture *f = *state;
    struct virtio_console *console = test_calloc(1, sizeof(*console));
    struct vm_device_config config = f->config;
    config.queues = 0;
    assert_non_null(virtio_console_init(console, &f->machine.vm, &config));
    config.queues = VM_CONSOLE_MAX_PORTS + 1;
    assert_non_null(virtio_console_init(console, &f->machine.vm, &config));
    config = f->config;
    config.console.ports[2].queue.receive_capacity = 100;
    assert_non_null(virtio_console_init(console, &f->machine.vm, &config));
    config = f->config;
    config.console.ports[1].queue.receive_queue += 8;
    assert_non_null(virtio_console_init(console, &f->machine.vm, &config));
    config = f->config;
    config.console.ports[1].queue.channel = VM_CHANNELS;
    assert_non_null(virtio_console_init(console, &f->machine.vm, &config));
    config = f->config;
    memset(config.console.ports[1].name, 'x', VM_DEVICE_NAME);
    assert_non_null(virtio_console_init(console, &f->machine.vm, &config));
    test_free(console);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_driver_without_ports),
        TEST(ports_are_told_of_in_order),
        TEST(messages_wait_for_buffers),
        TEST(nothing_is_lost_when_the_peer_is_slow),
        TEST(input_waits_until_the_port_is_open),
        TEST(a_full_ring_is_taken_whole),
        TEST(the_size_is_announced),
        TEST(the_size_without_ports_is_in_the_configuration),
        TEST(a_console_alone_has_no_other_queues),
        TEST(emergency_characters_come_before_any_driver),
        TEST(messages_that_break_the_rules_are_ignored),
        TEST(a_message_that_does_not_fit_breaks_the_device),
        TEST(a_buffer_for_input_that_cannot_be_written_breaks_the_device),
        TEST(reset_forgets_what_is_held),
        TEST(a_peer_that_lies_harms_nobody),
        TEST(bad_configurations_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
