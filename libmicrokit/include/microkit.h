/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Microkit interface on the built-in kernel: the same names, types and
 * behaviour as the seL4 Microkit's, so that a program compiles for either. See
 * its manual for the model; <skyscope.h> has what goes beyond it.
 */
#pragma once

#include <sel4/sel4.h>

typedef unsigned int microkit_channel;
typedef unsigned int microkit_child;
typedef unsigned int microkit_ioport;
typedef seL4_MessageInfo_t microkit_msginfo;

/* What the seL4_ functions take to name a channel, interrupt, child or port:
 * one of these plus its identifier. */
#define BASE_OUTPUT_NOTIFICATION_CAP 10
#define BASE_ENDPOINT_CAP            74
#define BASE_IRQ_CAP                 138
#define BASE_TCB_CAP                 202
#define BASE_VM_TCB_CAP              266
#define BASE_VCPU_CAP                330
#define BASE_IOPORT_CAP              394

#define MICROKIT_MAX_CHANNELS   62
#define MICROKIT_MAX_CHANNEL_ID (MICROKIT_MAX_CHANNELS - 1)
#define MICROKIT_MAX_IOPORT_ID  MICROKIT_MAX_CHANNELS
#define MICROKIT_PD_NAME_LENGTH 64

/* --- Entry points: provided by the program. init and notified always,
 * protected if it is called, fault if it has children. --- */

void init(void);
void notified(microkit_channel ch);
microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo);
seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo);

/* --- Written into the program image by the tool. --- */

extern char microkit_name[MICROKIT_PD_NAME_LENGTH];
/* One bit for each identifier that is in use. */
extern seL4_Word microkit_irqs;
extern seL4_Word microkit_notifications;
extern seL4_Word microkit_pps;
extern seL4_Word microkit_ioports;

/* The deferred call, carried out when the entry point returns. */
extern seL4_Bool microkit_have_signal;
extern seL4_CPtr microkit_signal_cap;
extern seL4_MessageInfo_t microkit_signal_msg;

/* --- Debug console --- */

void microkit_dbg_putc(int c);
void microkit_dbg_puts(const char *s);
/* In decimal. */
void microkit_dbg_put8(seL4_Uint8 x);
void microkit_dbg_put32(seL4_Uint32 x);

/* Stops the program: it faults at the address `err`. */
void microkit_internal_crash(seL4_Error err);

/* --- Channels and interrupts. An identifier that the system file does not give
 * to this program is reported on the debug console and has no other effect. --- */

void microkit_notify(microkit_channel ch);
void microkit_irq_ack(microkit_channel ch);
/* As the two above, but when the entry point returns: together with waiting in
 * one system call. One deferred call per entry point. */
void microkit_deferred_notify(microkit_channel ch);
void microkit_deferred_irq_ack(microkit_channel ch);

/* Calls the other side's protected(); at most 64 message registers each way. */
microkit_msginfo microkit_ppcall(microkit_channel ch, microkit_msginfo msginfo);

/* --- Children --- */

/* Begins again at entry_point. */
void microkit_pd_restart(microkit_child pd, seL4_Word entry_point);
void microkit_pd_stop(microkit_child pd);
void microkit_pd_resume(microkit_child pd);

/* --- Messages --- */

static inline microkit_msginfo microkit_msginfo_new(seL4_Word label, seL4_Uint16 count)
{
    return seL4_MessageInfo_new(label, 0, 0, count);
}

static inline seL4_Word microkit_msginfo_get_label(microkit_msginfo msginfo)
{
    return seL4_MessageInfo_get_label(msginfo);
}

static inline seL4_Word microkit_msginfo_get_count(microkit_msginfo msginfo)
{
    return seL4_MessageInfo_get_length(msginfo);
}

static inline void microkit_mr_set(seL4_Uint8 mr, seL4_Word value)
{
    seL4_SetMR(mr, value);
}

static inline seL4_Word microkit_mr_get(seL4_Uint8 mr)
{
    return seL4_GetMR(mr);
}

#include <microkit_arch.h>
