/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * <skyscope.h> for programs that run on seL4: those of Skyscope's additions to the
 * Microkit interface that can be had there. See libmicrokit/include/skyscope.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <microkit.h>
#include <skyscope/syscall.h>
#include <skyscope_arch.h>

/* Provided by a program that sets timers. Called by a timer, with thread 0. */
void skyscope_event(unsigned int thread, unsigned int events);

/* Arms the PD's one-shot timer for an absolute clock value; 0 disarms. By the timer
 * service, whose channel the tool writes to skyscope_timer_channel. */
int skyscope_timer_set(uint64_t deadline);

struct skyscope_time {
    uint64_t tick_frequency; /* Hz */
    uint64_t wall_clock;     /* 0: Microkit tells no time of day */
    uint64_t wall_clock_ticks;
};
struct skyscope_time skyscope_time(void);

/* Fills the buffer with random numbers that are fit for cryptographic keys: by the processor's instruction, where a
 * program can find out that there is one (x86-64). 0, or -SKYSCOPE_NO_RANDOM (and zeros). */
int skyscope_random(void *buffer, size_t size);

/* Writes text to the kernel's console: with the SDK's debug configuration only. */
void skyscope_debug_write(const char *text, size_t length);
/* By the secure firmware, where the SDK's kernel lets the PD call it; else -SKYSCOPE_NOT_PERMITTED. */
int skyscope_system(enum skyscope_system_operation operation);
