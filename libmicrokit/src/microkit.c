/* SPDX-License-Identifier: BSD-2-Clause */
/* <microkit.h>: channels, interrupts, children. */
#include "runtime.h"

static bool has(seL4_Word set, unsigned int id)
{
    return id <= MICROKIT_MAX_CHANNEL_ID && (set & 1ull << id) != 0;
}

__attribute__((cold, noinline)) void microkit_report_invalid(const char *function, const char *kind,
                                                             unsigned int number)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(" ");
    microkit_dbg_puts(function);
    microkit_dbg_puts(": invalid ");
    microkit_dbg_puts(kind);
    microkit_dbg_puts(" given '");
    microkit_dbg_put32(number);
    microkit_dbg_puts("'\n");
}

void microkit_internal_crash(seL4_Error err)
{
    /* The lowest page is never mapped, so whoever handles the fault finds `err`
     * as its address. */
    volatile int *address = (volatile int *)(uintptr_t)err;
    *address = 0;
}

void microkit_notify(microkit_channel ch)
{
    if (!has(microkit_notifications, ch)) {
        microkit_report_invalid("microkit_notify", "channel", ch);
        return;
    }
    seL4_Signal(BASE_OUTPUT_NOTIFICATION_CAP + ch);
}

void microkit_irq_ack(microkit_channel ch)
{
    if (!has(microkit_irqs, ch)) {
        microkit_report_invalid("microkit_irq_ack", "channel", ch);
        return;
    }
    (void)seL4_IRQHandler_Ack(BASE_IRQ_CAP + ch);
}

/* Only the first thread defers: the variables belong to the program. */
static void defer(seL4_CPtr object)
{
    if (microkit_thread_index() != 0) {
        seL4_Send(object, seL4_MessageInfo_new(0, 0, 0, 0));
        return;
    }
    microkit_flush_deferred();
    microkit_signal_msg = seL4_MessageInfo_new(0, 0, 0, 0);
    microkit_signal_cap = object;
    microkit_have_signal = seL4_True;
}

void microkit_deferred_notify(microkit_channel ch)
{
    if (!has(microkit_notifications, ch)) {
        microkit_report_invalid("microkit_deferred_notify", "channel", ch);
        return;
    }
    defer(BASE_OUTPUT_NOTIFICATION_CAP + ch);
}

void microkit_deferred_irq_ack(microkit_channel ch)
{
    if (!has(microkit_irqs, ch)) {
        microkit_report_invalid("microkit_deferred_irq_ack", "channel", ch);
        return;
    }
    defer(BASE_IRQ_CAP + ch);
}

void microkit_flush_deferred(void)
{
    if (microkit_have_signal && microkit_thread_index() == 0) {
        microkit_have_signal = seL4_False;
        seL4_Send(microkit_signal_cap, microkit_signal_msg);
    }
}

microkit_msginfo microkit_ppcall(microkit_channel ch, microkit_msginfo msginfo)
{
    if (!has(microkit_pps, ch)) {
        microkit_report_invalid("microkit_ppcall", "channel", ch);
        return seL4_MessageInfo_new(0, 0, 0, 0);
    }
    return seL4_Call(BASE_ENDPOINT_CAP + ch, msginfo);
}

static void check_child(seL4_Error error, const char *function, const char *doing, microkit_child pd)
{
    if (error != seL4_NoError) {
        microkit_dbg_puts(function);
        microkit_dbg_puts(": error ");
        microkit_dbg_puts(doing);
        microkit_dbg_puts(" '");
        microkit_dbg_put32(pd);
        microkit_dbg_puts("'\n");
        microkit_internal_crash(error);
    }
}

void microkit_pd_restart(microkit_child pd, seL4_Word entry_point)
{
    /* First all its threads are stopped, so that none still runs on another CPU
     * while the first one prepares the data anew. */
    check_child(seL4_TCB_Suspend(BASE_TCB_CAP + pd), "microkit_pd_restart", "stopping child", pd);
    struct call_registers r = {.a0 = pd, .a1 = SKYSCOPE_PD_RESTART, .a2 = entry_point};
    check_child(microkit_error(system_call(SYSCALL_PD_CONTROL, &r)), "microkit_pd_restart", "restarting child", pd);
}

void microkit_pd_stop(microkit_child pd)
{
    check_child(seL4_TCB_Suspend(BASE_TCB_CAP + pd), "microkit_pd_stop", "stopping child", pd);
}

void microkit_pd_resume(microkit_child pd)
{
    check_child(seL4_TCB_Resume(BASE_TCB_CAP + pd), "microkit_pd_resume", "resuming child", pd);
}
