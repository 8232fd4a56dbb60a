/* SPDX-License-Identifier: BSD-2-Clause */
/* Stops, resumes and restarts its children, most of them on the other CPU, at
 * moments that nobody can foresee, and answers their faults. */
#include <skyscope.h>

#include <processor.h>

#include "../common/report.h"
#include "progress.h"

#define ROUNDS        2000u
#define ROUND_US      300u
#define ENTRY_POINT   0x200000u
#define FINAL_ADVANCE 3u

enum {
    CHILD_ECHO = 1,
    CHILD_STORM,
    CHILD_CRASHER,
    CHILD_CLIENT_1,
    CHILD_CLIENT_2,
    CHILD_SERVER,
    CHILD_BACKEND,
    CHILD_SPINNER,
    CHILD_LOCAL,
    CHILD_END
};

/* A restart forgets notifications, and the echo's partner waits for each. */
#define MAY_RESTART(child) ((child) != CHILD_ECHO)

uintptr_t shared; /* set by the system file */

static bool stopped[CHILD_END];
static unsigned int rounds, stops, resumes, restarts, faults_answered;
static uint64_t random_state;
static uint64_t ticks_per_round;
static uint64_t before_end[SLOT_COUNT];

static unsigned int random_below(unsigned int limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned int)((random_state >> 20) % limit);
}

static void pause_ticks(uint64_t ticks)
{
    uint64_t end = skyscope_clock() + ticks;
    while (skyscope_clock() < end) {
    }
}

static void must(int64_t result, const char *what, unsigned int child)
{
    if (result != 0) {
        report("WRONG %s of child %u: %d", what, child, (int)result);
    }
}

static void restart(unsigned int child)
{
    if (random_below(4) != 0) {
        /* Without stopping it first, as microkit_pd_restart() does. */
        must(raw_pd_control(child, SKYSCOPE_PD_RESTART, ENTRY_POINT), "restart", child);
    } else {
        microkit_pd_restart(child, ENTRY_POINT);
    }
    stopped[child] = false;
    restarts++;
}

static void look_at_registers(unsigned int child)
{
    seL4_UserContext registers = {0};
    must(seL4_TCB_ReadRegisters(BASE_TCB_CAP + child, seL4_False, 0, CONTEXT_WORDS, &registers), "reading registers",
         child);
    const seL4_Word ip = context_ip(&registers);
    if (ip < ENTRY_POINT || ip >= ENTRY_POINT + 0x100000 || !context_flags_valid(&registers)) {
        report("WRONG registers of child %u: ip 0x%llx", child, (unsigned long long)ip);
    }
}

static void stop(unsigned int child)
{
    must(seL4_TCB_Suspend(BASE_TCB_CAP + child), "stop", child);
    stopped[child] = true;
    stops++;
    uint64_t before = progress()->slots[SLOT_SPINNER];
    if (random_below(4) == 0) {
        look_at_registers(child);
        pause_ticks(ticks_per_round / 4);
    }
    if (child == CHILD_SPINNER && progress()->slots[SLOT_SPINNER] != before) {
        report("WRONG a stopped child goes on");
    }
}

static void resume(unsigned int child)
{
    must(seL4_TCB_Resume(BASE_TCB_CAP + child), "resume", child);
    stopped[child] = false;
    resumes++;
}

static void play(unsigned int child)
{
    unsigned int choice = random_below(8);
    if (choice == 0 && MAY_RESTART(child)) {
        restart(child);
    } else if (stopped[child] ? choice != 1 : choice == 1) {
        resume(child); /* one that runs or waits for us: nothing, or its fault is tried again */
    } else {
        stop(child);
    }
}

static void begin_end(void)
{
    for (unsigned int child = 1; child < CHILD_END; child++) {
        resume(child);
    }
    for (unsigned int slot = 0; slot < SLOT_COUNT; slot++) {
        before_end[slot] = progress()->slots[slot];
    }
}

/* Everyone must get on once more when all is quiet. */
static bool all_advanced(void)
{
    for (unsigned int slot = 0; slot < SLOT_CONTROLLER; slot++) {
        if (progress()->slots[slot] < before_end[slot] + FINAL_ADVANCE) {
            return false;
        }
    }
    return true;
}

static void end(void)
{
    for (unsigned int child = 1; child < CHILD_END; child++) {
        stop(child);
    }
    progress()->done = 1;
    report("%u stops, %u resumes, %u restarts, %u faults answered", stops, resumes, restarts, faults_answered);
    report("%llu calls failed with the server, %llu with its backend", (unsigned long long)progress()->peer_stopped,
           (unsigned long long)progress()->backend_stopped);
    for (unsigned int slot = 0; slot < SLOT_COUNT; slot++) {
        report("slot %u: %llu", slot, (unsigned long long)progress()->slots[slot]);
    }
    check(faults_answered > 0 && restarts > 0 && progress()->peer_stopped > 0, "something of everything");
    report("passed");
}

void init(void)
{
    random_state = skyscope_clock() | 1;
    ticks_per_round = skyscope_time().tick_frequency / 1000000 * ROUND_US;
    skyscope_timer_set(skyscope_clock() + ticks_per_round);
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)thread;
    (void)events;
    advance(SLOT_CONTROLLER);
    if (rounds < ROUNDS) {
        unsigned int child = 1 + random_below(CHILD_END + 2);
        play(child < CHILD_END ? child : CHILD_SPINNER); /* which never waits: more often */
        rounds++;
        if (rounds == ROUNDS) {
            begin_end();
        }
    } else if (all_advanced()) {
        end();
        return;
    }
    skyscope_timer_set(skyscope_clock() + ticks_per_round / 2 + random_below((unsigned int)ticks_per_round));
}

void notified(microkit_channel ch)
{
    report("WRONG notification %u", ch);
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    if (child != CHILD_CRASHER) {
        report("WRONG fault of child %u: kind %u, %llx %llx", child, (unsigned int)microkit_msginfo_get_label(info),
               (unsigned long long)microkit_mr_get(0), (unsigned long long)microkit_mr_get(1));
        return seL4_False;
    }
    faults_answered++;
    if (microkit_msginfo_get_label(info) == seL4_Fault_VMFault) {
        restart(child);
        return seL4_False;
    }
    if (random_below(16) == 0 && !stopped[child]) {
        resume(child); /* it faults again */
        return seL4_False;
    }
    /* Behind the instruction. */
    microkit_mr_set(seL4_UserException_FaultIP, microkit_mr_get(seL4_UserException_FaultIP) + INVALID_INSTRUCTION_SIZE);
    *reply = microkit_msginfo_new(0, 1);
    return seL4_True;
}
