/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Skyscope's additions to the Microkit interface. A program that includes this
 * header needs the built-in kernel; one that includes only <microkit.h> runs on
 * seL4 as well.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>
#include <skyscope/syscall.h>
#include <skyscope/vcpu.h>
#include <skyscope_arch.h>

/* --- Virtual CPUs: each is run by one thread of the VMM, on that thread's CPU. ---
 *
 * After every entry point of a thread that owns a vCPU, libmicrokit runs the
 * guest (if the vCPU is on) or sleeps with the vCPU page's deadline armed (if it
 * is off), and calls the entry point for whatever ends that:
 *   skyscope_vcpu_exit()  the guest needs its VMM; see exit in the vCPU page
 *   notified(ch)          a notification (thread 0, or the thread a channel names)
 *   skyscope_event()      the deadline passed, or another thread signalled
 */

/* Provided by the program. thread: index of the calling thread in its PD. */
void skyscope_vcpu_exit(unsigned int thread);
void skyscope_event(unsigned int thread, unsigned int events);
/* Provided by a program with more than one thread: called once on each thread
 * but the first, instead of init(), after the first thread's init() returned. */
void skyscope_thread_init(unsigned int thread);

/* Choose whether `thread` (the caller's own) runs its vCPU. Off at start. */
void skyscope_vcpu_on(unsigned int thread);
void skyscope_vcpu_off(unsigned int thread);
/* Reads VCPU_STATE_* groups of the calling thread's vCPU into its page. 0 or a
 * negated enum skyscope_status. */
int skyscope_vcpu_read(uint32_t groups);

/* Raises SKYSCOPE_EVENT_SIGNAL in a thread of the same PD: it leaves the guest or
 * wakes. The library itself signals the first thread while threads start. 0 or a negated enum skyscope_status. */
int skyscope_thread_signal(unsigned int thread);

/* --- Calls --- */

/* Label of the empty message that microkit_ppcall() returns when the callee was
 * stopped or restarted before it replied (on seL4 the caller would wait for ever). */
#define SKYSCOPE_LABEL_PEER_STOPPED 0xfffffffffffffull

/* --- Time: skyscope_clock() in <skyscope_arch.h> reads the clock. --- */

/* Arms the calling thread's one-shot timer for an absolute clock value; 0 disarms.
 * Calls skyscope_event(SKYSCOPE_EVENT_TIMER). For threads without a vCPU. */
int skyscope_timer_set(uint64_t deadline);

struct skyscope_time {
    uint64_t tick_frequency; /* Hz */
    uint64_t wall_clock;     /* seconds since 1970 at wall_clock_ticks */
    uint64_t wall_clock_ticks;
};
struct skyscope_time skyscope_time(void);

/* --- Random numbers --- */

/* Fills the buffer with random numbers that are fit for cryptographic keys; what was given out before cannot be told
 * from what the program knows afterwards. From one thread at a time. 0, or -SKYSCOPE_NO_RANDOM (and zeros): neither
 * the loader nor the program has found 256 bits of entropy on this machine. Takes up to 3 KiB of stack. */
int skyscope_random(void *buffer, size_t size);

/* --- Console and machine --- */

/* Writes text to the kernel's console and log. */
void skyscope_debug_write(const char *text, size_t length);
/* Powers off or resets the machine; returns a negated enum skyscope_status if
 * this PD may not. */
int skyscope_system(enum skyscope_system_operation operation);
