/* SPDX-License-Identifier: BSD-2-Clause */
/* What libfdt takes from the C library's <stdlib.h>: nothing. */
#pragma once
