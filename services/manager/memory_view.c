/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory_view.h"

static void show_size(struct text_output *out, const char *what, uint64_t bytes)
{
    print(out, "  %-22s %8llu MiB\n", what, (unsigned long long)(bytes >> 20));
}

void show_vm_memory(struct text_output *out, const struct virtual_machine *vm)
{
    /* Each field of the VMM's page is read once. */
    const volatile struct vm_memory_status *memory = &vm->control->status.memory;
    uint64_t total = memory->total;
    print(out, "%s:\n", vm->config.name);
    show_size(out, "memory", vm->config.memory);
    show_size(out, "to be enough", memory->wanted);
    show_size(out, "given up by the guest", memory->given_up);
    if (total == 0) {
        print(out, "  the guest has told nothing of its memory: it has no driver for the balloon, or not yet\n");
        return;
    }
    show_size(out, "seen by its kernel", total);
    show_size(out, "free", memory->free);
    show_size(out, "available", memory->available);
    show_size(out, "reported free so far", memory->reported);
}
