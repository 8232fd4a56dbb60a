/* SPDX-License-Identifier: BSD-2-Clause */
/* Stops, resumes and restarts a child that never waits, on another CPU, and
 * exchanges notifications with a second one there. */
#include <skyscope.h>

#include <processor.h>

#include "../common/report.h"

#define SPINNER 7
#define ECHO    8

#define ECHO_CHANNEL 1

#define ROUNDS 2000u

uintptr_t counter; /* the spinner's; set by the system file */

static unsigned int rounds;

static uint64_t count(void)
{
    return *(volatile uint64_t *)counter;
}

/* The clock counts on all CPUs alike: this ends. */
static bool moves_within(uint64_t milliseconds)
{
    uint64_t before = count();
    uint64_t end = skyscope_clock() + milliseconds * skyscope_time().tick_frequency / 1000;
    while (skyscope_clock() < end) {
        if (count() != before) {
            return true;
        }
    }
    return false;
}

void init(void)
{
    check(moves_within(5000), "the child runs on the other CPU");
    microkit_pd_stop(SPINNER);
    check(!moves_within(50), "stopped");
    microkit_pd_stop(SPINNER);
    check(!moves_within(5), "stopped twice is stopped");
    seL4_UserContext registers = {0};
    check(seL4_TCB_ReadRegisters(BASE_TCB_CAP + SPINNER, seL4_False, 0, CONTEXT_WORDS, &registers) == seL4_NoError &&
              context_ip(&registers) >= 0x200000 && context_ip(&registers) < 0x300000 &&
              context_flags_valid(&registers),
          "registers of a child stopped in its loop");
    microkit_pd_resume(SPINNER);
    check(moves_within(5000), "resumed");
    check(seL4_TCB_ReadRegisters(BASE_TCB_CAP + SPINNER, seL4_False, 0, CONTEXT_WORDS, &registers) ==
              seL4_IllegalOperation,
          "no registers of a running child");
    for (unsigned int i = 0; i < 100; i++) {
        microkit_pd_stop(SPINNER);
        microkit_pd_resume(SPINNER);
    }
    check(moves_within(5000), "stopped and resumed a hundred times");
    for (unsigned int i = 0; i < 20; i++) {
        microkit_pd_restart(SPINNER, 0x200000);
    }
    check(moves_within(5000), "restarted twenty times");
    microkit_pd_stop(SPINNER);
    microkit_notify(ECHO_CHANNEL);
}

void notified(microkit_channel ch)
{
    if (ch != ECHO_CHANNEL) {
        report("WRONG channel %u", ch);
        return;
    }
    rounds++;
    if (rounds == ROUNDS) {
        report("%u rounds with the other CPU", rounds);
    }
    microkit_notify(ECHO_CHANNEL);
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    (void)reply;
    check(child == ECHO && rounds == ROUNDS && microkit_msginfo_get_label(info) == seL4_Fault_VMFault &&
              microkit_mr_get(seL4_VMFault_Addr) == 0x777000,
          "fault on the other CPU");
    microkit_pd_stop(child);
    report("passed");
    return seL4_False;
}
