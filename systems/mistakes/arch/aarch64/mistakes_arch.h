/* SPDX-License-Identifier: BSD-2-Clause */
/* There are no I/O ports. */
#pragma once

static inline void make_arch_mistakes(void)
{
}
