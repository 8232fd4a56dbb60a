/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls protected procedures with messages of every length. */
#include <microkit.h>

#include "../common/report.h"

#define DOUBLER 0
#define RELAY   1

#define MAX_WORDS 64

static bool call_with(unsigned int count)
{
    for (unsigned int i = 0; i < 120; i++) {
        seL4_SetMR((int)i, i < count ? 1000 + i : 0xbad);
    }
    seL4_Word label = 0xfedcba9876543ull + count;
    microkit_msginfo answer = microkit_ppcall(DOUBLER, microkit_msginfo_new(label, (seL4_Uint16)count));
    bool right = microkit_msginfo_get_label(answer) == label - 1 && microkit_msginfo_get_count(answer) == count;
    for (unsigned int i = 0; i < count; i++) {
        right = right && microkit_mr_get((seL4_Uint8)i) == 2 * (1000 + i);
    }
    return right;
}

void init(void)
{
    bool right = true;
    for (unsigned int count = 0; count <= MAX_WORDS; count++) {
        right = right && call_with(count);
    }
    check(right, "0 to 64 words both ways, label kept");

    /* More than can be transferred: cut to 64. */
    for (int i = 0; i < 120; i++) {
        seL4_SetMR(i, 7);
    }
    microkit_msginfo answer = microkit_ppcall(DOUBLER, microkit_msginfo_new(9, 100));
    check(microkit_msginfo_get_count(answer) <= MAX_WORDS && microkit_mr_get(63) == 14 && microkit_mr_get(64) == 7,
          "longer messages are cut");

    /* Through a second server, which calls the first. */
    microkit_mr_set(0, 5);
    answer = microkit_ppcall(RELAY, microkit_msginfo_new(1, 1));
    check(microkit_msginfo_get_count(answer) == 1 && microkit_mr_get(0) == 11, "nested call");
    check(seL4_GetMR(-1) == 0 && seL4_GetMR(120) == 0, "no message registers beyond the buffer");

    for (unsigned int i = 0; i < 10000; i++) {
        microkit_mr_set(0, i);
        (void)microkit_ppcall(DOUBLER, microkit_msginfo_new(1, 1));
        if (microkit_mr_get(0) != 2 * (seL4_Word)i) {
            report("WRONG call %u", i);
            return;
        }
    }
    report("passed");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
