/* SPDX-License-Identifier: BSD-2-Clause */
/* A system as XML again: Microkit's system description, plus attributes of ours only where
 * the system uses them. */
#pragma once

#include <stdio.h>
#include <tool/system.h>

void system_print(const struct system *system, FILE *to);
