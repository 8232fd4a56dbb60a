/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses the FPU without being allowed to. */
#include <microkit.h>

#include <vector_registers.h>

void init(void)
{
    use_vector_register();
    microkit_dbg_puts("WRONG used the FPU\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
