/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/machine.h>

/* seL4 wants a Multiboot 2 boot loader here, with an information structure of its own. */
const bool foreign_supported = false;

void foreign_enter(uint64_t entry, const struct hardware_info *hardware)
{
    (void)hardware;
    loader_fail("the kernel at 0x%llx cannot be entered", (unsigned long long)entry);
}
