/* SPDX-License-Identifier: BSD-2-Clause */
/* Never waits, and watches its vector registers. Two programs are made of it, one
 * on each CPU. */
#include <skyscope.h>

#include <processor.h>

#include "../common/report.h"
#include "progress.h"

uintptr_t shared; /* set by the system file */

void init(void)
{
    enum slot slot = microkit_name[0] == 's' ? SLOT_SPINNER : SLOT_LOCAL;
    uint64_t pattern = skyscope_clock() | 1;
    keep_in_vector_register(pattern);
    for (;;) {
        advance(slot);
        if (!processor_state_clear()) {
            report("WRONG processor state of another program");
        }
        if (kept_in_vector_register() != pattern) {
            report("WRONG vector register");
            keep_in_vector_register(pattern);
        }
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
