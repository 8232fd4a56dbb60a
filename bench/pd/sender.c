/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures a notification to, and a protected procedure call of, PDs of higher
 * priority on the same CPU. Prints lines "bench NAME MINIMUM MEAN", in nanoseconds: where instructions are
 * counted, one each. A clock that ticks more seldom makes the minimum coarse. */
#include <skyscope.h>

#include <stdint.h>

#define ITERATIONS       1000u
#define RECEIVER_CHANNEL 1
#define SERVER_CHANNEL   2

/* Where the receiver notes the clock on being notified. Set by the tool. */
uintptr_t shared_page;

static uint64_t nothing(void)
{
    uint64_t start = skyscope_clock();
    return skyscope_clock() - start;
}

/* To the first instruction of the receiver's notified(). */
static uint64_t notification(void)
{
    uint64_t start = skyscope_clock();
    microkit_notify(RECEIVER_CHANNEL);
    return *(volatile uint64_t *)shared_page - start;
}

/* Until the receiver waits again and the sender goes on. */
static uint64_t notification_round_trip(void)
{
    uint64_t start = skyscope_clock();
    microkit_notify(RECEIVER_CHANNEL);
    return skyscope_clock() - start;
}

static uint64_t procedure_call(void)
{
    uint64_t start = skyscope_clock();
    (void)microkit_ppcall(SERVER_CHANNEL, microkit_msginfo_new(0, 0));
    return skyscope_clock() - start;
}

struct result {
    const char *name;
    uint32_t minimum, mean;
};

/* Nanoseconds of a tick. */
static uint64_t scale;

static struct result measure(const char *name, uint64_t (*one)(void), uint64_t empty)
{
    uint64_t minimum = ~0ull, sum = 0;
    for (uint32_t i = 0; i < 10; i++) {
        (void)one();
    }
    for (uint32_t i = 0; i < ITERATIONS; i++) {
        uint64_t ticks = one() - empty;
        minimum = ticks < minimum ? ticks : minimum;
        sum += ticks;
    }
    return (struct result){name, (uint32_t)(minimum * scale), (uint32_t)(sum * scale / ITERATIONS)};
}

void init(void)
{
    uint64_t frequency = skyscope_time().tick_frequency;
    scale = (1000000000ull + frequency / 2) / frequency;
    scale = scale != 0 ? scale : 1;
    uint64_t empty = measure("nothing", nothing, 0).minimum / scale;
    struct result results[] = {
        measure("notification", notification, empty),
        measure("notification_round_trip", notification_round_trip, empty),
        measure("procedure_call", procedure_call, empty),
    };
    for (unsigned int i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        microkit_dbg_puts("bench ");
        microkit_dbg_puts(results[i].name);
        microkit_dbg_puts(" ");
        microkit_dbg_put32(results[i].minimum);
        microkit_dbg_puts(" ");
        microkit_dbg_put32(results[i].mean);
        microkit_dbg_puts("\n");
    }
    microkit_dbg_puts("bench-done\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
