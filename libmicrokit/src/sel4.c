/* SPDX-License-Identifier: BSD-2-Clause */
/* <sel4/sel4.h>: what Microkit programs use of it, by the built-in kernel's calls. */
#include <base/memory.h>

#include "runtime.h"

_Static_assert(BASE_ENDPOINT_CAP - BASE_OUTPUT_NOTIFICATION_CAP >= MICROKIT_MAX_CHANNELS, "ranges do not overlap");

/* The identifier in a number such as BASE_IRQ_CAP + id, or false if it is none. */
static bool identifier_of(seL4_CPtr object, seL4_CPtr base, uint64_t *id)
{
    *id = object - base;
    return object >= base && *id <= MICROKIT_MAX_CHANNEL_ID;
}

seL4_Error microkit_error(int64_t status)
{
    switch (-status) {
    case SKYSCOPE_OK:
        return seL4_NoError;
    case SKYSCOPE_INVALID_ARGUMENT:
        return seL4_InvalidArgument;
    case SKYSCOPE_INVALID_CHANNEL:
        return seL4_InvalidCapability;
    default:
        return seL4_IllegalOperation;
    }
}

/* seL4 raises a capability fault; the nearest thing is to stop the program, with
 * the error as the address of the fault. */
static __attribute__((noreturn, cold, noinline)) void capability_fault(const char *function, seL4_CPtr object)
{
    microkit_report_invalid(function, "capability", (unsigned int)object);
    for (;;) {
        microkit_internal_crash(seL4_InvalidCapability);
    }
}

void seL4_Signal(seL4_CPtr dest)
{
    struct call_registers r = {0};
    if (!identifier_of(dest, BASE_OUTPUT_NOTIFICATION_CAP, &r.a0) || system_call(SYSCALL_NOTIFY, &r) != 0) {
        capability_fault("seL4_Signal", dest);
    }
}

seL4_Error seL4_IRQHandler_Ack(seL4_CPtr service)
{
    struct call_registers r = {0};
    if (!identifier_of(service, BASE_IRQ_CAP, &r.a0)) {
        return seL4_InvalidCapability;
    }
    return microkit_error(system_call(SYSCALL_IRQ_ACK, &r));
}

void seL4_Send(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
    (void)msgInfo;
    uint64_t id;
    if (!identifier_of(dest, BASE_IRQ_CAP, &id)) {
        seL4_Signal(dest);
    } else if (seL4_IRQHandler_Ack(dest) != seL4_NoError) {
        capability_fault("seL4_Send", dest);
    }
}

void seL4_NBSend(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
    /* Neither a notification nor an acknowledgement ever blocks. */
    seL4_Send(dest, msgInfo);
}

seL4_MessageInfo_t seL4_Call(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
    seL4_Word *message = microkit_ipc_buffer()->msg;
    struct call_registers r = {
        .a1 = msgInfo.words[0], .m0 = message[0], .m1 = message[1], .m2 = message[2], .m3 = message[3]};
    if (!identifier_of(dest, BASE_ENDPOINT_CAP, &r.a0)) {
        capability_fault("seL4_Call", dest);
    }
    int64_t status = system_call(SYSCALL_CALL, &r);
    if (__builtin_expect(status != 0, 0)) {
        if (status != -(int64_t)SKYSCOPE_PEER_STOPPED) {
            capability_fault("seL4_Call", dest);
        }
        return seL4_MessageInfo_new(SKYSCOPE_LABEL_PEER_STOPPED, 0, 0, 0);
    }
    message[0] = r.m0;
    message[1] = r.m1;
    message[2] = r.m2;
    message[3] = r.m3;
    return (seL4_MessageInfo_t){{r.a1}};
}

void seL4_Yield(void)
{
    struct call_registers r = {0};
    system_call(SYSCALL_YIELD, &r);
}

static seL4_Error pd_control(seL4_CPtr service, enum skyscope_pd_operation operation)
{
    struct call_registers r = {.a1 = operation};
    if (!identifier_of(service, BASE_TCB_CAP, &r.a0)) {
        return seL4_InvalidCapability;
    }
    return microkit_error(system_call(SYSCALL_PD_CONTROL, &r));
}

seL4_Error seL4_TCB_Suspend(seL4_CPtr service)
{
    return pd_control(service, SKYSCOPE_PD_STOP);
}

seL4_Error seL4_TCB_Resume(seL4_CPtr service)
{
    return pd_control(service, SKYSCOPE_PD_RESUME);
}

#define CONTEXT_WORDS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

seL4_Error seL4_TCB_ReadRegisters(seL4_CPtr service, seL4_Bool suspend_source, seL4_Uint8 arch_flags, seL4_Word count,
                                  seL4_UserContext *regs)
{
    (void)arch_flags;
    struct call_registers r = {0};
    if (!identifier_of(service, BASE_TCB_CAP, &r.a0)) {
        return seL4_InvalidCapability;
    }
    if (count < 1 || count > CONTEXT_WORDS) {
        return seL4_RangeError;
    }
    if (suspend_source) {
        seL4_Error error = seL4_TCB_Suspend(service);
        if (error != seL4_NoError) {
            return error;
        }
    }
    seL4_Error error = microkit_error(system_call(SYSCALL_PD_READ_REGISTERS, &r));
    if (error == seL4_NoError) {
        memcpy(regs, microkit_ipc_buffer()->msg, count * sizeof(seL4_Word));
    }
    return error;
}

seL4_Error seL4_TCB_WriteRegisters(seL4_CPtr service, seL4_Bool resume_target, seL4_Uint8 arch_flags, seL4_Word count,
                                   seL4_UserContext *regs)
{
    (void)arch_flags;
    struct call_registers r = {.a2 = count};
    if (!identifier_of(service, BASE_TCB_CAP, &r.a0)) {
        return seL4_InvalidCapability;
    }
    if (count < 1 || count > CONTEXT_WORDS) {
        return seL4_RangeError;
    }
    seL4_Error error = seL4_TCB_Suspend(service);
    if (error != seL4_NoError) {
        return error;
    }
    memcpy(microkit_ipc_buffer()->msg, regs, count * sizeof(seL4_Word));
    error = microkit_error(system_call(SYSCALL_PD_WRITE_REGISTERS, &r));
    if (error == seL4_NoError && resume_target) {
        error = seL4_TCB_Resume(service);
    }
    return error;
}
