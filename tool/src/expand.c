/* SPDX-License-Identifier: BSD-2-Clause */
#include <tool/system.h>
void system_expand(struct system *system)
{
    (void)system;
}
