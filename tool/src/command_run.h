/* SPDX-License-Identifier: BSD-2-Clause */
/* `skyscope run` with Bochs, which has Intel's VT-x. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <tool/arena.h>

#define BOCHS_CPU "corei7_haswell_4770"

struct bochs_request {
    const char *file; /* an ISO image or a disk image */
    const char *cpu;  /* as Bochs names it */
    bool disk;
    uint64_t memory, cpus;
    bool verbose, dry_run; /* shows the configuration; and does nothing */
};

/* Boots the image; this terminal is the machine's serial port until Bochs ends or Ctrl-A x is typed. An exit status;
 * what is wrong was reported. */
int bochs_run(struct arena *arena, const struct bochs_request *request);
