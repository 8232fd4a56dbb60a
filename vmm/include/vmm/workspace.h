/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that devices take when the VM is created, and keep: there is no giving back. */
#pragma once

#include <stdint.h>

struct workspace {
    uint64_t next, end; /* virtual addresses */
};

/* address: of `size` bytes that nobody else uses. */
void workspace_init(struct workspace *workspace, uint64_t address, uint64_t size);
/* Zeroed memory, aligned to 64 bytes; NULL: there is not enough left. */
void *workspace_allocate(struct workspace *workspace, uint64_t size);
