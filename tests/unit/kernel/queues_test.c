/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kernel/ready_queue.h>
#include <kernel/thread.h>
#include <kernel/timer_queue.h>

#include "fake/random.h"

static struct thread threads[16];
static struct ready_queue queue;

static int setup(void **state)
{
    (void)state;
    memset(threads, 0, sizeof(threads));
    memset(&queue, 0, sizeof(queue));
    return 0;
}

static void test_empty(void **state)
{
    (void)state;
    assert_null(ready_queue_first(&queue));
    assert_int_equal(ready_queue_priority(&queue), -1);
}

static void test_highest_first(void **state)
{
    static const uint8_t priorities[] = {0, 63, 64, 127, 128, 254, 255, 1};
    (void)state;
    for (unsigned int i = 0; i < sizeof(priorities); i++) {
        threads[i].priority = priorities[i];
        ready_queue_push_back(&queue, &threads[i]);
    }
    static const uint8_t order[] = {255, 254, 128, 127, 64, 63, 1, 0};
    for (unsigned int i = 0; i < sizeof(order); i++) {
        struct thread *first = ready_queue_first(&queue);
        assert_non_null(first);
        assert_int_equal(first->priority, order[i]);
        assert_int_equal(ready_queue_priority(&queue), order[i]);
        assert_true(first->queued);
        ready_queue_remove(&queue, first);
        assert_false(first->queued);
    }
    assert_null(ready_queue_first(&queue));
}

static void test_first_in_first_out(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        threads[i].priority = 9;
        ready_queue_push_back(&queue, &threads[i]);
    }
    threads[3].priority = 9;
    ready_queue_push_front(&queue, &threads[3]);
    ready_queue_remove(&queue, &threads[1]); /* from the middle */
    assert_ptr_equal(ready_queue_first(&queue), &threads[3]);
    ready_queue_remove(&queue, &threads[3]);
    assert_ptr_equal(ready_queue_first(&queue), &threads[0]);
    ready_queue_remove(&queue, &threads[0]);
    assert_ptr_equal(ready_queue_first(&queue), &threads[2]);
    ready_queue_remove(&queue, &threads[2]);
    assert_int_equal(ready_queue_priority(&queue), -1);
}

static void test_timers_are_sorted(void **state)
{
    (void)state;
    struct timer timers[64];
    struct timer_queue timer_queue = {0};
    memset(timers, 0, sizeof(timers));
    struct fake_random random = {.state = 3};
    for (unsigned int round = 0; round < 1000; round++) {
        struct timer *timer = &timers[fake_random_next(&random) % 64];
        if (timer->armed) {
            timer_queue_remove(&timer_queue, timer);
        } else {
            timer->deadline = fake_random_next(&random) % 100;
            timer_queue_insert(&timer_queue, timer);
        }
        unsigned int armed = 0, listed = 0;
        for (unsigned int i = 0; i < 64; i++) {
            armed += timers[i].armed;
        }
        for (const struct timer *t = timer_queue.first; t != NULL; t = t->next) {
            assert_true(t->next == NULL || (t->deadline <= t->next->deadline && t->next->previous == t));
            listed++;
        }
        assert_int_equal(armed, listed);
    }
    timer_queue_remove(&timer_queue, &(struct timer){0}); /* not armed: nothing happens */
}

static void test_equal_deadlines_in_order(void **state)
{
    (void)state;
    struct timer a = {.deadline = 5}, b = {.deadline = 5};
    struct timer_queue timer_queue = {0};
    assert_true(timer_queue_deadline(&timer_queue) == UINT64_MAX);
    timer_queue_insert(&timer_queue, &a);
    timer_queue_insert(&timer_queue, &b);
    assert_ptr_equal(timer_queue.first, &a);
    assert_int_equal(timer_queue_deadline(&timer_queue), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty, setup),
        cmocka_unit_test_setup(test_highest_first, setup),
        cmocka_unit_test_setup(test_first_in_first_out, setup),
        cmocka_unit_test_setup(test_timers_are_sorted, setup),
        cmocka_unit_test_setup(test_equal_deadlines_in_order, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
