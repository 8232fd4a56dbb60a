/* SPDX-License-Identifier: BSD-2-Clause */
#include <microkit.h>

#include <processor.h>

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
              is_fpu_not_available(microkit_mr_get(seL4_UserException_Number)),
          "no FPU unpermitted");
    return seL4_False;
}
