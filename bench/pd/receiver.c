/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes when it is notified. */
#include <skyscope.h>

#include <stdint.h>

uintptr_t shared_page;

void init(void)
{
}

void notified(microkit_channel ch)
{
    (void)ch;
    *(volatile uint64_t *)shared_page = skyscope_clock();
}
