/* SPDX-License-Identifier: BSD-2-Clause */
#include <microkit.h>

#include "../common/report.h"

void init(void)
{
}

void notified(microkit_channel ch)
{
    (void)ch;
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    (void)child;
    (void)reply;
    check(microkit_msginfo_get_label(info) == seL4_Fault_UserException &&
              microkit_mr_get(seL4_UserException_Number) == 7,
          "no FPU unpermitted");
    return seL4_False;
}
