/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack canary and what happens when it has been overwritten. Compiled
 * without stack protector. */
#include "runtime.h"

void __stack_chk_fail(void);

/* Not restored at a restart: functions that are active then would find another one. */
__attribute__((section(".bss.kept"))) uintptr_t __stack_chk_guard;

void microkit_seed_stack_guard(void)
{
    /* The lowest byte is zero: no string operation can write past it. */
    uint64_t unpredictable = microkit_random_seed();
    __stack_chk_guard = (unpredictable ^ microkit_random_start(unpredictable)) & ~(uintptr_t)0xff;
}

void __stack_chk_fail(void)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": stack overflow detected\n");
    __builtin_trap();
}
