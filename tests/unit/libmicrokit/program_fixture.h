/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel that the test plays, and a program on it. The kernel notes each call, and
 * answers those that wait by a script; at its end it goes back to UNTIL_IT_WAITS().
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../libmicrokit/src/runtime.h"

struct call {
    uint64_t number;
    struct call_registers in;
};

struct answer {
    uint64_t number; /* to a call of this number */
    int64_t status;
    struct call_registers out;
};

/* What the program and the kernel are told to do. */
extern int64_t status_of[SYSCALL_COUNT]; /* of calls that the script does not answer */
extern unsigned int thread_index, thread_count;
extern bool has_vcpu;
extern microkit_msginfo protected_answer;
extern seL4_Bool fault_answer;
extern microkit_channel defer_in_notified; /* 99: none */
extern bool irq_in_notified;
extern unsigned int vcpu_off_after;
extern seL4_IPCBuffer ipc_buffer;

/* What came of it. */
#define MAX_CALLS 256
extern struct call calls[MAX_CALLS];
extern unsigned int call_count;
extern unsigned int script_length, script_position;
extern char debug_text[4096];
extern char story[512]; /* entry points that were called */
extern unsigned int restores;
extern int crashed_with;
extern jmp_buf end_of_script, crash;

/* Calls of that number, in order; index counts from 0. */
const struct call_registers *nth_call(uint64_t number, unsigned int index);
unsigned int count_of(uint64_t number);

/* Each test's. */
int set_up(void **state);
void play(const struct answer *answers, unsigned int count);

#define PLAY(answers) play(answers, sizeof(answers) / sizeof(answers[0]))

/* Runs until the library waits with nothing in the script. */
#define UNTIL_IT_WAITS(call)                                                                                           \
    do {                                                                                                               \
        if (setjmp(end_of_script) == 0) {                                                                              \
            call;                                                                                                      \
            fail_msg("returned");                                                                                      \
        }                                                                                                              \
        assert_int_equal(script_position, script_length);                                                              \
    } while (0)

#define CRASHES(call)                                                                                                  \
    do {                                                                                                               \
        if (setjmp(crash) == 0) {                                                                                      \
            call;                                                                                                      \
            fail_msg("went on");                                                                                       \
        }                                                                                                              \
    } while (0)
