/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* rip rsp rflags, 15 more general registers, fs_base gs_base */
#define SEL4_USER_CONTEXT_SIZE (20 * 8)
