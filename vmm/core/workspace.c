/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/workspace.h>

#include <stdbool.h>
#include <stddef.h>

#include <base/memory.h>

#define ALIGNMENT 64ull

void workspace_init(struct workspace *workspace, uint64_t address, uint64_t size)
{
    uint64_t padding = (0 - address) & (ALIGNMENT - 1);
    bool fits = address != 0 && size >= padding && address + size >= address;
    workspace->next = fits ? address + padding : 0;
    workspace->end = fits ? address + size : 0;
}

void *workspace_allocate(struct workspace *workspace, uint64_t size)
{
    uint64_t left = workspace->end - workspace->next;
    if (size == 0 || size > left) {
        return NULL;
    }
    uint64_t rounded = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    uint64_t at = workspace->next;
    workspace->next = rounded < left ? at + rounded : workspace->end;
    /* Not zero if this VMM was restarted. */
    return memset((void *)(uintptr_t)at, 0, size);
}
