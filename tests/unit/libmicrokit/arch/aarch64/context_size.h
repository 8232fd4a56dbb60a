/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* pc sp spsr, x0 to x30, two thread registers */
#define SEL4_USER_CONTEXT_SIZE (36 * 8)
