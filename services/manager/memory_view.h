/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "virtual_machine.h"

/* What a VM has of memory and what its guest says of it, after an answer to VM_COMMAND_MEMORY. */
void show_vm_memory(struct text_output *out, const struct virtual_machine *vm);
