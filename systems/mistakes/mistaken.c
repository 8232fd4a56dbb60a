/* SPDX-License-Identifier: BSD-2-Clause */
/* Names channels, interrupts and ports that it does not have. */
#include <skyscope.h>

#include "../common/report.h"

#include <mistakes_arch.h>

void init(void)
{
    microkit_notify(1);
    microkit_notify(61);
    microkit_notify(62);
    microkit_notify(10000);
    microkit_deferred_notify(2);
    microkit_irq_ack(3);
    microkit_deferred_irq_ack(64);
    microkit_msginfo answer = microkit_ppcall(4, microkit_msginfo_new(7, 1));
    check(microkit_msginfo_get_label(answer) == 0 && microkit_msginfo_get_count(answer) == 0, "an empty answer");
    make_arch_mistakes();
    check(seL4_IRQHandler_Ack(BASE_IRQ_CAP + 70) == seL4_InvalidCapability, "no such interrupt");
    check(skyscope_system(SKYSCOPE_SYSTEM_POWER_OFF) == -SKYSCOPE_NOT_PERMITTED, "may not power off");
    check(skyscope_vcpu_read(1) == -SKYSCOPE_NO_VCPU, "has no vCPU");
    check(skyscope_thread_signal(1) == -SKYSCOPE_INVALID_ARGUMENT, "has no second thread");
    report("calls a server that has no protected entry point");
    answer = microkit_ppcall(0, microkit_msginfo_new(0, 0));
    check(microkit_msginfo_get_label(answer) == SKYSCOPE_LABEL_PEER_STOPPED, "hears that it was stopped");
    report("sends a signal that it may not");
    seL4_Signal(BASE_OUTPUT_NOTIFICATION_CAP + 33);
    report("WRONG went on");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
