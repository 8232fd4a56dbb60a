/* SPDX-License-Identifier: BSD-2-Clause */
/* NOLINTBEGIN(bugprone-suspicious-include): compiled for the test */
#include "../../../libmicrokit/src/random.c"
/* NOLINTEND(bugprone-suspicious-include) */

void test_restart(void);

/* What data_restore.c does to all data but the seed. */
void test_restart(void)
{
    memset(&generator, 0, sizeof(generator));
    seeded_before = false;
}
