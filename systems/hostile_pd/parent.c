/* SPDX-License-Identifier: BSD-2-Clause */
/* Parent of the attackers: each must come to the end that the table names, and
 * nothing else may be harmed. */
#include <skyscope.h>
#include <stdint.h>

#include <attacks.h>

#include "../common/report.h"

struct attack {
    const char *name;
    unsigned int expectation;
};

#define ENTRY(function, expectation) {#function, expectation},
static const struct attack attacks[] = {ATTACKS(ENTRY)};
#define ATTACK_COUNT (sizeof(attacks) / sizeof(attacks[0]))

uintptr_t heartbeat; /* of an innocent program; set by the system file */

static unsigned int ended, wrong;
static uint64_t last_heartbeat;

void init(void)
{
    report("%u attacks", (unsigned int)ATTACK_COUNT);
}

void notified(microkit_channel ch)
{
    (void)ch;
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    (void)reply;
    if (child >= ATTACK_COUNT) {
        report("WRONG child %u", child);
        return seL4_False;
    }
    if (!attack_ended_as_expected(attacks[child].expectation, info)) {
        wrong++;
        report("WRONG %s: label %u: %lx %lx %lx %lx", attacks[child].name,
               (unsigned int)microkit_msginfo_get_label(info), microkit_mr_get(0), microkit_mr_get(1),
               microkit_mr_get(2), microkit_mr_get(3));
    } else {
        report("ok %s", attacks[child].name);
    }
    if (++ended == ATTACK_COUNT) {
        last_heartbeat = *(volatile uint64_t *)heartbeat;
        skyscope_timer_set(skyscope_clock() + skyscope_time().tick_frequency / 20);
    }
    return seL4_False;
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
    check(*(volatile uint64_t *)heartbeat != last_heartbeat, "an innocent program goes on");
    if (check(wrong == 0, "all attacks ended as they must")) {
        report("passed");
    }
}
