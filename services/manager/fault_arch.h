/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults as text: what depends on the architecture (arch/ARCH/fault_arch.c). */
#pragma once

#include <stdbool.h>

#include <microkit.h>

#include "text_output.h"

/* status: a seL4_VMFault_FSR. */
bool fault_was_write(seL4_Word status);
/* number, code: as in a seL4_UserException_Msg. */
void show_exception(struct text_output *out, seL4_Word number, seL4_Word code);
