/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs' devices as their VMMs tell of them. */
#pragma once

#include "manager.h"

/* Whether the VM has a device of that kind (enum vm_device_kind) and name. */
bool vm_has_device(const struct virtual_machine *vm, uint32_t kind, const char *name);
/* " unplugged" or " leaving" of the device that "VM/DEVICE" names, in memory of `size` bytes that another program
 * writes; "" if it is there, and plugged or fixed. */
const char *plug_state_text(const struct manager *manager, const char *name, size_t size);
