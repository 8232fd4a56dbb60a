/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device asks of the machine as a whole. The functions are called in the
 * middle of a register write: they only take note, and act when the access that
 * caused them is finished.
 */
#pragma once

enum machine_reset_kind {
    MACHINE_RESET_HARD = 0, /* all of the machine: 0xCF9, ACPI reset register */
    MACHINE_RESET_INIT = 1, /* INIT of the processor: keyboard controller, port 0x92 */
};

struct machine_control {
    void (*reset)(void *context, enum machine_reset_kind kind, const char *cause);
    void (*power_off)(void *context);
    void *context;
};
