/* SPDX-License-Identifier: BSD-2-Clause */
/* What the CPUs can do, as found on the boot CPU, and what of it is in force. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/boot_info.h>

struct cpu_features {
    bool secure_calls; /* the firmware answers SMC */
    bool ras;          /* SErrors are classified */
    bool sve;
    bool rndr; /* random numbers by instruction */
    bool trng; /* by the firmware (SMCCC TRNG) */
    bool ssbs; /* PSTATE.SSBS: 0 from reset on, which forbids speculative store bypass */
    bool amu;  /* activity monitors */
    bool pmu;
    uint32_t branch_workaround; /* the firmware's function that hides branch predictions, 0: none or not needed */
};

extern struct cpu_features cpu_features;

/* Boot CPU. Refuses a CPU that lacks what the kernel cannot do without. */
void cpu_features_detect(const struct hardware_arch *hardware);
/* Each CPU: registers of EL2, and those that reach EL0, as the kernel wants them. */
void cpu_features_enable(void);
/* enum kernel_feature bits that this file puts in force. */
uint64_t cpu_features_in_force(void);
/* One line in the log. */
void cpu_features_report(uint64_t in_force);
/* Another PD runs from now on: it finds nothing of the last one's branch predictions. */
void cpu_features_hide_branches(void);
/* Unpredictable, as far as the machine can. */
uint64_t cpu_random(void);
