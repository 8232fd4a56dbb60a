/* SPDX-License-Identifier: BSD-2-Clause */
#include <microkit.h>

#include "../common/report.h"

#define MISTAKEN   1
#define UNFINISHED 2
#define OVERFLOW   3

static unsigned int faults;

void init(void)
{
}

void notified(microkit_channel ch)
{
    (void)ch;
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    (void)reply;
    seL4_Word label = microkit_msginfo_get_label(info);
    faults++;
    switch (child) {
    case OVERFLOW:
        check(label == seL4_Fault_UserException, "the overflow ended in an exception");
        break;
    case UNFINISHED:
        check(label == seL4_Fault_VMFault && microkit_mr_get(seL4_VMFault_Addr) == 0, "the server crashed");
        break;
    case MISTAKEN:
        check(label == seL4_Fault_VMFault && microkit_mr_get(seL4_VMFault_Addr) == seL4_InvalidCapability,
              "an invalid capability is a fault at its error's number");
        break;
    default:
        report("WRONG child");
    }
    microkit_pd_stop(child);
    if (faults == 3) {
        report("passed");
    }
    return seL4_False;
}
