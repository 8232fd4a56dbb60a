/* SPDX-License-Identifier: BSD-2-Clause */
#include <tool/symbols.h>
void system_check(struct system *system, uint64_t machine_memory)
{
    (void)machine_memory;
    symbols_check(system);
}
