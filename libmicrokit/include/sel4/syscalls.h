/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of seL4's functions that Microkit programs use, carried out by the
 * built-in kernel. A "capability" is one of the numbers that <microkit.h>
 * defines (BASE_..._CAP plus an identifier). Where seL4 raises a capability
 * fault, the program is stopped with a message on the debug console.
 */
#pragma once

#include <sel4/errors.h>
#include <sel4/types.h>

/* The IPC buffer of the program's first thread. */
extern seL4_IPCBuffer *__sel4_ipc_buffer;

/* The calling thread's IPC buffer. */
seL4_IPCBuffer *seL4_GetIPCBuffer(void);

/* Message register `i`, 0..119; others read as 0 and are not written. */
static inline seL4_Word seL4_GetMR(int i)
{
    return i >= 0 && i < seL4_MsgMaxLength ? seL4_GetIPCBuffer()->msg[i] : 0;
}

static inline void seL4_SetMR(int i, seL4_Word mr)
{
    if (i >= 0 && i < seL4_MsgMaxLength) {
        seL4_GetIPCBuffer()->msg[i] = mr;
    }
}

/* Notify: BASE_OUTPUT_NOTIFICATION_CAP + channel. */
void seL4_Signal(seL4_CPtr dest);
/* Notify, or with a BASE_IRQ_CAP acknowledge an interrupt; the message has no effect. */
void seL4_Send(seL4_CPtr dest, seL4_MessageInfo_t msgInfo);
void seL4_NBSend(seL4_CPtr dest, seL4_MessageInfo_t msgInfo);
/* Protected procedure call: BASE_ENDPOINT_CAP + channel. Message in the IPC buffer. */
seL4_MessageInfo_t seL4_Call(seL4_CPtr dest, seL4_MessageInfo_t msgInfo);
void seL4_Yield(void);
/* BASE_IRQ_CAP + interrupt id. */
seL4_Error seL4_IRQHandler_Ack(seL4_CPtr service);

void seL4_DebugPutChar(char c);
void seL4_DebugPutString(char *s);

/* Children: BASE_TCB_CAP + child id; their first thread's registers. */
seL4_Error seL4_TCB_Suspend(seL4_CPtr service);
seL4_Error seL4_TCB_Resume(seL4_CPtr service);
/* count: words of *regs to transfer, from 1 on. The child must be stopped or faulted, or
 * suspend_source must be true. */
seL4_Error seL4_TCB_ReadRegisters(seL4_CPtr service, seL4_Bool suspend_source, seL4_Uint8 arch_flags, seL4_Word count,
                                  seL4_UserContext *regs);
/* Suspends the child, writes, and resumes it if resume_target is true. */
seL4_Error seL4_TCB_WriteRegisters(seL4_CPtr service, seL4_Bool resume_target, seL4_Uint8 arch_flags, seL4_Word count,
                                   seL4_UserContext *regs);

#include <sel4/arch/syscalls.h>
