/* SPDX-License-Identifier: BSD-2-Clause */
/* The manager's commands. */
#pragma once

#include "manager.h"

/* Carries out a command line, which is changed. Sets manager->busy if the prompt
 * must wait for an answer. */
void run_command(struct manager *manager, char *line);

/* For the line editor; context is the struct manager. */
const char *command_candidates(void *context, const char *before, unsigned int index);
