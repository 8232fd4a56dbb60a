/* SPDX-License-Identifier: BSD-2-Clause */
/* What the CPUs can do, as found on the boot CPU. All CPUs must have the same. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpu_features {
    bool pages_1g;
    bool smep, smap, umip;
    bool pcid;
    bool x2apic; /* the local APICs are in x2APIC mode */
    bool tsc_deadline;
    bool spec_ctrl; /* MSR_SPEC_CTRL is there */
    bool ibpb;      /* branch prediction barrier between PDs */
    bool stibp;
    bool enhanced_ibrs;  /* set once, in MSR_SPEC_CTRL */
    bool automatic_ibrs; /* set once, in EFER */
    bool verw;           /* buffers are cleared by VERW, and need it */
    bool rdrand;
};

extern struct cpu_features cpu_features;

/* Boot CPU. Refuses a CPU that lacks what the kernel cannot do without. */
void cpu_features_detect(bool x2apic);
/* Each CPU: control registers, EFER, speculation controls. Returns the value of
 * MSR_SPEC_CTRL that is now in force. */
uint64_t cpu_features_enable(void);
/* enum kernel_feature bits that this file puts in force. */
uint64_t cpu_features_in_force(void);
/* One line in the log. */
void cpu_features_report(uint64_t in_force);
/* Unpredictable, as far as the CPU can. */
uint64_t cpu_random(void);
