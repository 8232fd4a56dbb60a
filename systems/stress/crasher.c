/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults without end: its parent makes it go on behind the instruction. After some
 * of these it writes where nothing is, and is restarted. */
#include <skyscope.h>

#include <processor.h>

#include "../common/report.h"
#include "progress.h"

uintptr_t shared; /* set by the system file */

void init(void)
{
    disturb_processor_state();
    for (unsigned int i = 0; i < 20; i++) {
        if (!invalid_instruction(skyscope_clock())) {
            report("WRONG registers after a fault");
        }
        advance(SLOT_CRASHER);
    }
    *(volatile int *)0x123000 = 1;
    report("WRONG went on");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
