/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands between libmicrokit and the VMM's handler of exits (which the build has
 * renamed), and lets the VMM fault when its guest writes to a certain address
 * where nothing is: as if the guest had found a bug in it.
 */
#include <skyscope.h>
#include <skyscope/vm_config.h>

#define FATAL_ADDRESS 0xd0004f48ull

extern uintptr_t skyscope_config;
void vmm_vcpu_exit(unsigned int thread);

void skyscope_vcpu_exit(unsigned int thread)
{
    const struct vm_config *config = (const struct vm_config *)skyscope_config;
    const struct vcpu_page *page = (const struct vcpu_page *)config->vcpu_page[thread];
    if (page->exit.kind == VCPU_EXIT_MEMORY && page->exit.memory.gpa == FATAL_ADDRESS) {
        *(volatile int *)0xdead0 = 0;
    }
    vmm_vcpu_exit(thread);
}
