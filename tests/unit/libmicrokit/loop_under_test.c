/* SPDX-License-Identifier: BSD-2-Clause */
/* Apart from the others, because the test replaces some of its functions. */
/* NOLINTBEGIN(bugprone-suspicious-include): compiled for the test */
#include "../../../libmicrokit/src/main_loop.c"
#include "../../../libmicrokit/src/sel4.c"
/* NOLINTEND(bugprone-suspicious-include) */
