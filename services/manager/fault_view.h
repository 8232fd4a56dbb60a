/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <microkit.h>

#include "text_output.h"

/* A child's fault in words, without a line end: what happened, where. The
 * message registers are those that fault() was called with. */
void show_fault(struct text_output *out, microkit_msginfo info);
