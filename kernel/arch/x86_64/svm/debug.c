/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug registers. VMRUN switches DR6 and DR7 but not DR0..DR3, which the host
 * does not use: a CPU keeps those of the guest that used them last. All others'
 * accesses are intercepted, and make them the owner.
 */
#include "svm.h"

#include <base/memory.h>

static void save_registers(uint64_t dr[4])
{
    __asm__ volatile("movq %%dr0, %0" : "=r"(dr[0]));
    __asm__ volatile("movq %%dr1, %0" : "=r"(dr[1]));
    __asm__ volatile("movq %%dr2, %0" : "=r"(dr[2]));
    __asm__ volatile("movq %%dr3, %0" : "=r"(dr[3]));
}

static void load_registers(const uint64_t dr[4])
{
    __asm__ volatile("movq %0, %%dr0" : : "r"(dr[0]));
    __asm__ volatile("movq %0, %%dr1" : : "r"(dr[1]));
    __asm__ volatile("movq %0, %%dr2" : : "r"(dr[2]));
    __asm__ volatile("movq %0, %%dr3" : : "r"(dr[3]));
}

static void set_intercepts(struct vmcb *vmcb, uint16_t registers)
{
    vmcb->intercept_dr_read = registers;
    vmcb->intercept_dr_write = registers;
    vmcb->clean &= ~CLEAN_INTERCEPTS;
}

void svm_debug_load(struct vcpu_hardware *hardware)
{
    struct svm_cpu *cpu = hardware->cpu;
    hardware->attention &= ~(uint32_t)SVM_DEBUG_WANTED;
    if (cpu->debug_owner == hardware) {
        return;
    }
    if (cpu->debug_owner != NULL) {
        struct vcpu_hardware *previous = cpu->debug_owner;
        save_registers(previous->dr);
        set_intercepts(previous->vmcb, 0xffff);
        if ((previous->vmcb->dr7 & 0xff) != 0) {
            previous->attention |= SVM_DEBUG_WANTED;
        }
    }
    load_registers(hardware->dr);
    set_intercepts(hardware->vmcb, 0);
    cpu->debug_owner = hardware;
}

void svm_debug_read(const struct vcpu_hardware *hardware, uint64_t dr[4])
{
    if (hardware->cpu->debug_owner == hardware) {
        save_registers(dr);
    } else {
        memcpy(dr, hardware->dr, sizeof(hardware->dr));
    }
}

void svm_debug_write(struct vcpu_hardware *hardware, const uint64_t dr[4])
{
    memcpy(hardware->dr, dr, sizeof(hardware->dr));
    if (hardware->cpu->debug_owner == hardware) {
        load_registers(hardware->dr);
    }
}

void svm_debug_forget(struct vcpu_hardware *hardware)
{
    memset(hardware->dr, 0, sizeof(hardware->dr));
    if (hardware->cpu->debug_owner == hardware) {
        hardware->cpu->debug_owner = NULL;
    }
}
