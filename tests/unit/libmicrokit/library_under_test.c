/* SPDX-License-Identifier: BSD-2-Clause */
/* Sources of libmicrokit on the test's kernel. */
/* NOLINTBEGIN(bugprone-suspicious-include): compiled for the test */
#include "../../../libmicrokit/src/debug.c"
#include "../../../libmicrokit/src/microkit.c"
#include "../../../libmicrokit/src/skyscope.c"
#include "../../../libmicrokit/src/thread_main.c"
#include "../../../libmicrokit/src/variables.c"
/* NOLINTEND(bugprone-suspicious-include) */
