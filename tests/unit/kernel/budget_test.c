/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <kernel/budget.h>

#include "fake/random.h"

static uint64_t total(const struct budget *b)
{
    uint64_t sum = 0;
    for (unsigned int i = 0; i < b->count; i++) {
        sum += b->refills[(b->head + i) % BUDGET_MAX_REFILLS].amount;
    }
    return sum;
}

static void check_list(const struct budget *b)
{
    assert_in_range(b->count, 1, BUDGET_MAX_REFILLS);
    assert_int_equal(total(b), b->budget);
    for (unsigned int i = 1; i < b->count; i++) {
        const struct budget_refill *previous = &b->refills[(b->head + i - 1) % BUDGET_MAX_REFILLS];
        const struct budget_refill *refill = &b->refills[(b->head + i) % BUDGET_MAX_REFILLS];
        assert_true(previous->time + previous->amount <= refill->time);
    }
}

static void test_whole_budget_at_once(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 100, 1000, 5, 5000);
    assert_true(budget_ready(&b, 5000));
    assert_int_equal(budget_remaining(&b), 100);
    budget_charge(&b, 100);
    assert_false(budget_ready(&b, 5100));
    assert_int_equal(budget_next(&b), 6000);
    assert_true(budget_ready(&b, 6000));
    assert_int_equal(budget_remaining(&b), 100);
}

static void test_used_in_parts_comes_back_in_parts(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 100, 1000, 5, 0);
    budget_charge(&b, 40);
    check_list(&b);
    assert_int_equal(budget_remaining(&b), 60);
    /* Blocks, comes back later: the rest counts from then. */
    budget_unblock(&b, 500);
    budget_charge(&b, 60);
    check_list(&b);
    assert_int_equal(budget_next(&b), 1000);
    assert_int_equal(budget_remaining(&b), 40);
    budget_charge(&b, 40);
    assert_int_equal(budget_next(&b), 1500);
    assert_int_equal(budget_remaining(&b), 60);
}

static void test_small_rests_wait(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 100, 1000, 10, 0);
    budget_charge(&b, 95); /* 5 are left: less than is worth a switch */
    check_list(&b);
    assert_false(budget_ready(&b, 95));
    assert_int_equal(budget_remaining(&b), 100);
}

static void test_round_robin(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 100, 100, 5, 0);
    budget_charge(&b, 99);
    assert_false(b.slice_expired);
    assert_int_equal(budget_remaining(&b), 1);
    budget_charge(&b, 1);
    assert_true(b.slice_expired);
    assert_int_equal(budget_remaining(&b), 100);
    assert_true(budget_ready(&b, 0));
}

static void test_yield(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 100, 1000, 5, 0);
    budget_yield(&b);
    assert_int_equal(budget_next(&b), 1000);
    budget_init(&b, 100, 100, 5, 0);
    budget_yield(&b);
    assert_true(b.slice_expired);
}

static void test_late_timer_is_bounded(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 1, 1000, 5, 0);
    budget_charge(&b, UINT64_MAX / 2); /* must not take for ever */
    check_list(&b);
    assert_int_equal(budget_next(&b), 1000);
}

#define STEPS 20000u

/* Whatever a thread does, it never gets more than its budget in any period. */
static void test_no_window_exceeds_the_budget(void **state)
{
    (void)state;
    static struct {
        uint64_t start, length;
    } runs[STEPS];

    for (unsigned int seed = 1; seed <= 40; seed++) {
        struct budget b;
        uint64_t now = 1000;
        uint64_t budget = 50 + seed * 7;
        uint64_t period = budget + 1 + seed * 37;
        uint64_t all = 0;
        unsigned int count = 0;
        struct fake_random random = {.state = seed};
        budget_init(&b, budget, period, seed % 20, now);
        for (unsigned int step = 0; step < STEPS; step++) {
            if (!budget_ready(&b, now)) {
                now = budget_next(&b);
            }
            assert_true(budget_remaining(&b) >= b.minimum);
            uint64_t length = 1 + fake_random_next(&random) % budget_remaining(&b);
            runs[count].start = now;
            runs[count++].length = length;
            now += length;
            all += length;
            budget_charge(&b, length);
            check_list(&b);
            if (fake_random_next(&random) % 3 == 0) {
                now += fake_random_next(&random) % (2 * period);
                budget_unblock(&b, now);
                check_list(&b);
            }
        }
        /* Windows that start where a run starts are the worst ones. */
        for (unsigned int i = 0; i < count; i++) {
            uint64_t used = 0;
            uint64_t end = runs[i].start + period;
            for (unsigned int j = i; j < count && runs[j].start < end; j++) {
                uint64_t rest = end - runs[j].start;
                used += runs[j].length < rest ? runs[j].length : rest;
            }
            assert_true(used <= budget);
        }
        assert_true(all > 0);
    }
}

/* And a thread that always wants to run gets nearly all of it: what it uses in more
 * pieces than the list holds is joined, later. */
static void test_nothing_is_lost(void **state)
{
    (void)state;
    struct budget b;
    uint64_t now = 0;
    uint64_t used = 0;
    struct fake_random random = {.state = 7};
    budget_init(&b, 300, 1000, 20, 0);
    while (now < 1000000) {
        if (!budget_ready(&b, now)) {
            now = budget_next(&b);
        }
        uint64_t length = 1 + fake_random_next(&random) % budget_remaining(&b);
        budget_charge(&b, length);
        now += length;
        used += length;
    }
    assert_in_range(used, 285000, 300300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_budget_at_once),
        cmocka_unit_test(test_used_in_parts_comes_back_in_parts),
        cmocka_unit_test(test_small_rests_wait),
        cmocka_unit_test(test_round_robin),
        cmocka_unit_test(test_yield),
        cmocka_unit_test(test_late_timer_is_bounded),
        cmocka_unit_test(test_no_window_exceeds_the_budget),
        cmocka_unit_test(test_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
