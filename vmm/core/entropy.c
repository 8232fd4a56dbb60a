/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/entropy.h>

#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

bool vmm_entropy(struct vm *vm, void *buffer, size_t size)
{
    if (hv_random(buffer, size)) {
        return true;
    }
    memset(buffer, 0, size);
    if (!vm->told_no_entropy) {
        vm->told_no_entropy = true;
        vmm_log(vm, "%s: this machine has no random numbers for guests", vm->config.name);
    }
    return false;
}
