/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits on what the client of a port sends: it waits, loses nothing, and stops nobody. */
#include "switch_fixture.h"

#define LENGTH 1000u

static uint32_t sent[CLIENTS];

/* A client that always has something to send, a number in each frame. The buffers of the others are emptied; returns
 * how many frames of this one have come, none of them missing. */
static uint32_t keep_sending(struct fixture *f, unsigned int client, unsigned int to, uint32_t *arrived)
{
    uint8_t frame[LENGTH] = {0};
    uint32_t before = *arrived, number;
    ethernet(frame, mac_of(to), mac_of(client), 0x0800);
    memcpy(frame + 20, &sent[client], sizeof(number));
    while (put_frame(f, client, frame, sizeof(frame), NULL)) {
        sent[client]++;
        memcpy(frame + 20, &sent[client], sizeof(number));
    }
    while (receive_frame(f, to)) {
        memcpy(&number, f->clients[to].frame + 20, sizeof(number));
        assert_int_equal(number, *arrived);
        ++*arrived;
    }
    return *arrived - before;
}

/* Where everybody is, so that nothing is flooded. */
static void introduce_all(struct fixture *f)
{
    uint8_t frame[60] = {0};
    for (unsigned int i = 0; i < CLIENTS; i++) {
        send_frame(f, i, ethernet(frame, everybody, mac_of(i), 0x0806), sizeof(frame));
    }
    for (unsigned int i = 0; i < CLIENTS; i++) {
        (void)received_frames(f, i);
        sent[i] = 0;
    }
    f->now += FREQUENCY;
}

/* Frames that client 0 brings to 1 in a second, asleep between the ticks at which the switch wants to be woken. */
static uint32_t frames_in_a_second(struct fixture *f, uint32_t *wakes)
{
    uint64_t end = f->now + FREQUENCY;
    uint32_t arrived = sent[0] - net_queue_length(&f->s.ports[0].port.transmit_active), frames = 0;
    for (*wakes = 0; f->now < end; ++*wakes) {
        do {
            frames += keep_sending(f, 0, 1, &arrived);
            run(f);
            assert_true(frames < 100000);
        } while (f->status.ports[0].waits_now == 0);
        assert_true(f->s.deadline != SWITCH_NO_DEADLINE && f->s.deadline > f->now);
        f->now = f->s.deadline;
    }
    return frames + keep_sending(f, 0, 1, &arrived);
}

static void limit(struct fixture *f, uint32_t port, struct switch_limits limits, enum switch_result expected)
{
    f->request.command = SWITCH_COMMAND_LIMIT;
    f->request.port = port;
    f->request.limits = limits;
    f->request.sequence++;
    assert_true(switch_control(&f->s, f->now));
    assert_int_equal(f->status.sequence, f->request.sequence);
    assert_int_equal(f->status.result, expected);
}

static void bytes_are_limited(void **state)
{
    struct fixture *f = *state;
    uint32_t wakes;
    f->config.ports[0].limits.bytes_per_second = 1000000;
    start_fixture(f, 0x3f);
    introduce_all(f);
    /* A tenth at once, and one that has begun. */
    assert_in_range(frames_in_a_second(f, &wakes), 1099, 1101);
    assert_in_range(wakes, 500, 1000);
    assert_in_range(frames_in_a_second(f, &wakes), 999, 1001);
    assert_int_equal(f->status.ports[0].limits.bytes_per_second, 1000000);
    assert_true(f->status.ports[0].waits > 0 && f->status.ports[1].waits == 0);
    /* A limit of less than a frame: it comes whole, and is paid for. */
    limit(f, 0, (struct switch_limits){.bytes_per_second = 100}, SWITCH_RESULT_DONE);
    assert_int_equal(frames_in_a_second(f, &wakes), 1);
    assert_true(f->now > 9 * (uint64_t)FREQUENCY);
    assert_in_range(wakes, 1, 2);
}

static void frames_are_limited(void **state)
{
    struct fixture *f = *state;
    uint32_t wakes;
    f->config.ports[0].limits.frames_per_second = 20000;
    start_fixture(f, 0x3f);
    introduce_all(f);
    assert_in_range(frames_in_a_second(f, &wakes), 21960, 22040);
    /* Many at a time. */
    assert_in_range(wakes, 900, 1010);
    /* The stricter one holds. */
    limit(f, 0, (struct switch_limits){.frames_per_second = 500, .bytes_per_second = 10000000}, SWITCH_RESULT_DONE);
    assert_in_range(frames_in_a_second(f, &wakes), 549, 551 + CAPACITY);
    assert_in_range(frames_in_a_second(f, &wakes), 499, 501);
    limit(f, 0, (struct switch_limits){.frames_per_second = 20000, .bytes_per_second = 500000}, SWITCH_RESULT_DONE);
    assert_in_range(frames_in_a_second(f, &wakes), 549, 551 + CAPACITY);
    assert_in_range(frames_in_a_second(f, &wakes), 499, 501);
}

static void limits_change(void **state)
{
    struct fixture *f = *state;
    uint32_t wakes, arrived;
    f->config.ports[0].limits.frames_per_second = 1;
    start_fixture(f, 0x3f);
    introduce_all(f);
    (void)frames_in_a_second(f, &wakes);
    /* Who waits for the old limit does not wait for the new one. */
    limit(f, 0, (struct switch_limits){.frames_per_second = 10}, SWITCH_RESULT_DONE);
    assert_int_equal(f->status.ports[0].waits_now, 0);
    assert_in_range(frames_in_a_second(f, &wakes), 10, 12);
    assert_int_equal(f->status.ports[0].limits.frames_per_second, 10);
    limit(f, 0, (struct switch_limits){0}, SWITCH_RESULT_DONE);
    assert_false(f->s.ports[0].limited);
    arrived = sent[0] - net_queue_length(&f->s.ports[0].port.transmit_active);
    run(f);
    assert_int_equal(f->s.deadline, SWITCH_NO_DEADLINE);
    assert_true(keep_sending(f, 0, 1, &arrived) > 0);
    for (unsigned int i = 0; i < 100; i++) {
        run(f);
        assert_int_equal(keep_sending(f, 0, 1, &arrived), CAPACITY);
    }
    limit(f, CLIENTS, (struct switch_limits){0}, SWITCH_RESULT_NO_PORT);
    limit(f, UINT32_MAX, (struct switch_limits){0}, SWITCH_RESULT_NO_PORT);
    /* Those of what goes to everybody, too. */
    uint8_t frame[60] = {0};
    limit(f, 2, (struct switch_limits){.broadcasts_per_second = 200}, SWITCH_RESULT_DONE);
    for (unsigned int i = 0; i < 50; i++) {
        send_frame(f, 2, ethernet(frame, everybody, mac_of(2), 0x0806), sizeof(frame));
        (void)received_frames(f, 0);
        (void)received_frames(f, 1);
    }
    assert_int_equal(dropped(f, 2, SWITCH_DROP_BROADCAST_LIMIT), 30);
    assert_int_equal(f->status.ports[2].limits.broadcasts_per_second, 200);
}

static void any_limits_can_be_set(void **state)
{
    struct fixture *f = *state;
    static const uint64_t values[] = {0, 1, 2, 1u << 20, 1ull << 40, 1ull << 63, UINT64_MAX};
    introduce_all(f);
    uint32_t arrived = 0;
    for (unsigned int i = 0; i < 49; i++) {
        uint32_t small = (uint32_t)values[i % 7];
        limit(f, 0, (struct switch_limits){values[i / 7], values[i % 7], small, small}, SWITCH_RESULT_DONE);
        for (unsigned int j = 0; j < 10; j++) {
            (void)keep_sending(f, 0, 1, &arrived);
            run(f);
            f->now += FREQUENCY / 2;
        }
    }
    limit(f, 0, (struct switch_limits){0}, SWITCH_RESULT_DONE);
    run(f);
    assert_true(keep_sending(f, 0, 1, &arrived) > 0);
}

static void who_waits_stops_no_one(void **state)
{
    struct fixture *f = *state;
    uint32_t arrived[2] = {0}, frames = 0;
    f->config.ports[0].limits.bytes_per_second = 2000;
    start_fixture(f, 0x3f);
    introduce_all(f);
    for (unsigned int i = 0; i < 1000; i++) {
        (void)keep_sending(f, 0, 1, &arrived[0]);
        frames += keep_sending(f, 2, 0, &arrived[1]);
        run(f);
    }
    assert_true(arrived[0] <= 1);
    assert_true(frames > 900 * CAPACITY);
    /* What comes to it is not what it sends. */
    assert_true(f->status.ports[0].counters.frames_out >= frames);
    assert_int_equal(f->status.ports[0].waits, 1);
}

static void who_waits_is_not_asked_to_notify(void **state)
{
    struct fixture *f = *state;
    uint32_t arrived = 0;
    f->config.ports[0].limits.frames_per_second = 100;
    start_fixture(f, 0x3f);
    introduce_all(f);
    const struct net_queue *queue = f->clients[0].transmit_active.queue;
    assert_int_equal(queue->consumer_signalled, 0);
    (void)keep_sending(f, 0, 1, &arrived);
    assert_true(net_queue_take_signal(&f->clients[0].transmit_active));
    run(f);
    assert_int_equal(f->status.ports[0].waits_now, 1);
    assert_int_equal(queue->consumer_signalled, 1);
    /* Woken early, it goes on waiting, once. */
    run(f);
    assert_int_equal(f->status.ports[0].waits, 1);
    assert_int_equal(queue->consumer_signalled, 1);
    /* When it has nothing more it is asked. */
    f->now += 10ull * FREQUENCY;
    for (unsigned int i = 0; i < 100 && f->s.ports[0].waiting; i++) {
        run(f);
        f->now += FREQUENCY;
    }
    assert_int_equal(f->status.ports[0].waits_now, 0);
    assert_int_equal(f->s.deadline, SWITCH_NO_DEADLINE);
    assert_int_equal(queue->consumer_signalled, 0);
}

/* --- Clients that break the rules --- */

static void nonsense_is_charged(void **state)
{
    struct fixture *f = *state;
    struct net_queue_handle *queue = &f->clients[0].transmit_active;
    f->config.ports[0].limits.frames_per_second = 10;
    start_fixture(f, 0x3f);
    introduce_all(f);
    for (unsigned int i = 0; i < 100; i++) {
        struct net_buffer outside = {.offset = UINT64_MAX, .length = 60, .flags = NET_BUFFER_OFFLOAD};
        while (net_queue_put(queue, &outside)) {
        }
        net_queue_publish(queue);
        run(f);
    }
    assert_in_range(dropped(f, 0, SWITCH_DROP_DESCRIPTOR), 1, 2);
    /* Chains of as much as can be said to be there. */
    limit(f, 0, (struct switch_limits){.bytes_per_second = 1 << 20}, SWITCH_RESULT_DONE);
    for (unsigned int i = 0; i < 100; i++) {
        struct net_buffer long_chain = {.length = 65535, .flags = NET_BUFFER_OFFLOAD | NET_BUFFER_MORE};
        while (net_queue_put(queue, &long_chain)) {
        }
        net_queue_publish(queue);
        run(f);
        f->now += FREQUENCY / 100;
    }
    assert_true(f->status.ports[0].counters.bytes_in < 5u << 20);
}

static void who_begins_anew_does_not_wait_on(void **state)
{
    struct fixture *f = *state;
    uint32_t arrived = 0;
    f->config.ports[0].limits.frames_per_second = 1;
    start_fixture(f, 0x3f);
    introduce_all(f);
    (void)keep_sending(f, 0, 1, &arrived);
    run(f);
    assert_int_equal(f->status.ports[0].waits_now, 1);
    client_connect(f, 0);
    assert_int_equal(f->status.ports[0].waits_now, 0);
    assert_int_equal(f->clients[0].transmit_active.queue->consumer_signalled, 0);
    assert_int_equal(f->s.deadline, SWITCH_NO_DEADLINE);
    /* What it has sent before is not forgiven. */
    (void)received_frames(f, 1);
    sent[0] = arrived = 0;
    (void)keep_sending(f, 0, 1, &arrived);
    run(f);
    assert_int_equal(keep_sending(f, 0, 1, &arrived), 0);
    /* A queue that is broken while its client waits. */
    f->clients[0].transmit_active.queue->tail = (uint16_t)(f->clients[0].transmit_active.queue->tail + 30000);
    run(f);
    assert_int_equal(f->status.ports[0].waits_now, 0);
    f->now += FREQUENCY;
    run(f);
    assert_int_equal(received_frames(f, 1), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define OWN(name)  cmocka_unit_test_setup_teardown(name, prepare, tear_down)
    static const struct CMUnitTest tests[] = {
        OWN(bytes_are_limited),      OWN(frames_are_limited),
        OWN(limits_change),          TEST(any_limits_can_be_set),
        OWN(who_waits_stops_no_one), OWN(who_waits_is_not_asked_to_notify),
        OWN(nonsense_is_charged),    OWN(who_begins_anew_does_not_wait_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
