/* SPDX-License-Identifier: BSD-2-Clause */
#include <microkit.h>

#include "../common/report.h"

#define SERVER 0

void init(void)
{
    (void)microkit_ppcall(SERVER, microkit_msginfo_new(0, 0));
    report("first call returned");
    (void)microkit_ppcall(SERVER, microkit_msginfo_new(1, 0));
    check(microkit_mr_get(0) == 3, "the server ran on this client's budget");
    microkit_notify(SERVER);
    (void)microkit_ppcall(SERVER, microkit_msginfo_new(0, 0));
    report("passed");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
