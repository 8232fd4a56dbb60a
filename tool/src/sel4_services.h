/* SPDX-License-Identifier: BSD-2-Clause */
/* What a system with <vm> has on seL4 besides. */
#pragma once

#include <tool/system.h>

/* Adds the timer driver, and a channel to it for each protection domain that the tool added. */
void sel4_add_services(struct system *system);
