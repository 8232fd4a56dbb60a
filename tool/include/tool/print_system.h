/* SPDX-License-Identifier: BSD-2-Clause */
/* A system as XML again: Microkit's system description, plus attributes of ours only where
 * the system uses them. On seL4, nothing but what the Microkit knows. */
#pragma once

#include <stdio.h>
#include <tool/system.h>

/* found_paths: files that were found are named by their absolute paths, else as in the system file. */
void system_print(struct system *system, bool found_paths, FILE *to);
