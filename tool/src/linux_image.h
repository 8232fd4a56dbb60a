/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux kernel images: what their headers say of their VM. */
#pragma once

#include <tool/system.h>

/* A VM with a bzImage. */
void check_linux_x86_64(struct system *system, const struct vm_element *vm);
/* A VM with an arm64 Image. */
void check_linux_aarch64(struct system *system, const struct vm_element *vm);
