/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generic timer's EL1 physical timer (Arm ARM D11.2), which Microkit's kernels
 * leave to user programs. Its interrupt is a level, high as long as the clock is past
 * the deadline and the timer enabled.
 */
#include "../../timer_device.h"

#define CONTROL_ENABLE 1u

void timer_device_init(void)
{
    timer_device_arm(0);
}

void timer_device_arm(uint64_t deadline)
{
    if (deadline != 0) {
        __asm__ volatile("msr cntp_cval_el0, %0" : : "r"(deadline));
    }
    __asm__ volatile("msr cntp_ctl_el0, %0\n\tisb" : : "r"((uint64_t)(deadline != 0 ? CONTROL_ENABLE : 0)));
}
