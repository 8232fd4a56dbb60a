/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM's protection domain: one VM, one thread for each vCPU. */
#include <base/memory.h>

#include <skyscope.h>

#include <vmm/vm.h>

/* Written by the tool: address of a struct vm_config. */
uintptr_t skyscope_config;

static struct vm machine;

static void complain(const char *problem)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": ");
    microkit_dbg_puts(problem);
    microkit_dbg_puts("\n");
}

void init(void)
{
    if (skyscope_config == 0) {
        complain("no configuration");
        machine.state = VM_STATE_FAILED;
        return;
    }
    const char *problem = vm_create(&machine, (const struct vm_config *)skyscope_config);
    if (problem != NULL) {
        complain(problem);
        return;
    }
    vmm_begin(&machine);
}

static struct vcpu_context *vcpu_of(unsigned int thread)
{
    return thread < machine.vcpu_count ? &machine.vcpus[thread] : NULL;
}

void skyscope_thread_init(unsigned int thread)
{
    skyscope_event(thread, 0); /* it may have been started meanwhile */
}

void skyscope_vcpu_exit(unsigned int thread)
{
    vmm_handle_exit(&machine.vcpus[thread]); /* only a vCPU that was turned on exits */
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    (void)events; /* all are found by looking */
    struct vcpu_context *vcpu = vcpu_of(thread);
    if (vcpu != NULL) {
        vmm_handle_event(vcpu);
    }
}

void notified(microkit_channel channel)
{
    if (machine.vcpu_count != 0) {
        vmm_handle_notification(&machine, channel);
    }
}
