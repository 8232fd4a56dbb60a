/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the VMM needs from the kernel underneath. One implementation is linked
 * in: hv/skyscope.c on the built-in kernel, a fake in unit tests; others fit
 * because the VMM is event-driven: it never runs the guest by itself, it only
 * says whether a vCPU may run, and is called for whatever ends that.
 *
 * Registers and events travel in the vCPU page (<skyscope/vcpu.h>): to inject,
 * the VMM writes control.event or asks for a window there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu_context;

/* Whether the calling thread's own vCPU runs when the handler returns. */
void hv_vcpu_on(struct vcpu_context *vcpu);
void hv_vcpu_off(struct vcpu_context *vcpu);
/* Reads VCPU_STATE_* groups of the calling thread's vCPU into its page. False
 * if the kernel refused. */
bool hv_vcpu_read(struct vcpu_context *vcpu, uint32_t groups);
/* Makes the thread of any vCPU leave the guest, or wake, and call
 * vmm_handle_event(). */
void hv_vcpu_kick(struct vcpu_context *vcpu);
/* Notifies the other end of a channel. */
void hv_notify(unsigned int channel);

/* Host clock. */
uint64_t hv_now(void);
struct hv_time {
    uint64_t tick_frequency; /* Hz */
    uint64_t wall_clock;     /* seconds since 1970 at wall_clock_ticks */
    uint64_t wall_clock_ticks;
};
struct hv_time hv_time(void);

/* Fills the buffer with random numbers that are fit for keys; false if there are none. From one thread at a time. */
bool hv_random(void *buffer, size_t size);

/* Text for whoever debugs the VMM itself, where a VM has no log. */
void hv_debug_write(const char *text, size_t length);
