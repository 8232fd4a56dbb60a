/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts and notifications of virtqueues: by flags, by event indices, once for a batch. */
#include "virtqueue_fixture.h"

static void interrupts_by_flags(void **state)
{
    const struct ring_format *format = *state;
    struct virtqueue *queue = start(format->features, format->size);
    one_buffer(queue);
    assert_int_equal(fixture.machine.interrupts[0], 1);
    virtqueue_flush(queue); /* nothing new */
    assert_int_equal(fixture.machine.interrupts[0], 1);
    driver_want_interrupts(&fixture.machine, 0, false);
    one_buffer(queue);
    assert_int_equal(fixture.machine.interrupts[0], 1);
    assert_int_equal(fixture.machine.vm.queue_interrupts_saved, 1);
    driver_want_interrupts(&fixture.machine, 0, true);
    one_buffer(queue);
    assert_int_equal(fixture.machine.interrupts[0], 2);

    assert_true(driver_must_notify(&fixture.machine, 0, 1));
    assert_false(virtqueue_want_notification(queue, false));
    assert_false(driver_must_notify(&fixture.machine, 0, 1));
    add(1, 0, false);
    assert_true(virtqueue_want_notification(queue, true)); /* came meanwhile */
    assert_true(driver_must_notify(&fixture.machine, 0, 1));
}

/* The driver asks to hear when the buffer `ahead` of those to come is used. */
static void ask_interrupt(uint16_t ahead)
{
    struct driver_queue *q = &fixture.machine.queues[0];
    uint8_t *area = machine_memory(&fixture.machine, q->driver);
    uint16_t event;
    if (q->packed) {
        uint32_t position = q->last_used + ahead;
        bool wrap = q->used_wrap;
        if (position >= q->size) {
            position -= q->size;
            wrap = !wrap;
        }
        event = (uint16_t)(position | (wrap ? 0x8000u : 0));
        memcpy(area, &event, 2);
        event = 2;
        memcpy(area + 2, &event, 2);
    } else {
        event = (uint16_t)(q->last_used + ahead);
        memcpy(area + 4 + 2 * q->size, &event, 2);
    }
}

static void event_index(void **state)
{
    const struct ring_format *format = *state;
    struct virtqueue *queue = start(format->features | VIRTIO_F_EVENT_IDX, format->size);
    uint32_t expected = 0;
    for (uint32_t round = 0; round < 200; round++) {
        uint16_t ahead = (uint16_t)(round % 4);
        ask_interrupt(ahead);
        for (uint32_t i = 0; i < 4; i++) {
            one_buffer(queue);
            expected += i == ahead;
            assert_int_equal(fixture.machine.interrupts[0], expected);
        }
        /* The same for the other direction. */
        assert_false(virtqueue_want_notification(queue, true));
        fixture.machine.next_free = 0x100000;
        add(1, 0, false);
        assert_true(driver_must_notify(&fixture.machine, 0, 1));
        add(1, 0, false);
        assert_false(driver_must_notify(&fixture.machine, 0, 1)); /* once */
        for (uint32_t i = 0; i < 2; i++) {
            uint16_t id;
            uint32_t written;
            assert_int_equal(pop(), VIRTQUEUE_CHAIN);
            use(0);
            virtqueue_flush(queue);
            assert_true(driver_take(&fixture.machine, 0, &id, &written));
        }
        expected = fixture.machine.interrupts[0];
    }
}

/* Several buffers published at once: one interrupt, and none of them is seen before. */
static void a_batch_appears_at_once(void **state)
{
    const struct ring_format *format = *state;
    struct virtqueue *queue = start(format->features | VIRTIO_F_EVENT_IDX, format->size);
    ask_interrupt(2);
    uint16_t id;
    uint32_t written;
    for (uint32_t i = 0; i < 4; i++) {
        add(1, 1, false);
        assert_int_equal(pop(), VIRTQUEUE_CHAIN);
        use(i);
        assert_false(driver_take(&fixture.machine, 0, &id, &written));
    }
    virtqueue_flush(queue);
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(driver_take(&fixture.machine, 0, &id, &written));
        assert_int_equal(written, i);
    }
    assert_int_equal(fixture.machine.interrupts[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_SPLIT_AND_PACKED(interrupts_by_flags, 8, 8),
        TEST_SPLIT_AND_PACKED(event_index, 8, 7),
        TEST_SPLIT_AND_PACKED(a_batch_appears_at_once, 16, 16),
    };
    return cmocka_run_group_tests_name("virtqueue_events", tests, NULL, NULL);
}
