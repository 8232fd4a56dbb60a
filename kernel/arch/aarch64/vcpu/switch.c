/* SPDX-License-Identifier: BSD-2-Clause */
/* Which guest's registers a CPU holds. */
#include "vcpu_hardware.h"

#include <kernel/log.h>

static void save_loaded(struct vcpu_registers *registers)
{
#define SAVE(name) registers->name = read_sysreg(name);
    VCPU_LOADED_REGISTERS(SAVE)
}

static void restore_loaded(const struct vcpu_registers *registers)
{
#define RESTORE(name) write_sysreg(name, registers->name);
    VCPU_LOADED_REGISTERS(RESTORE)
}

static void save_resident(struct vcpu_registers *registers)
{
    VCPU_RESIDENT_REGISTERS(SAVE)
}

static void restore_resident(const struct vcpu_registers *registers)
{
    VCPU_RESIDENT_REGISTERS(RESTORE)
}

/*
 * CPUs that walk early may do so with what they find in the registers between two
 * steps of a switch, and keep a translation that is neither's: under a PD's VMID with
 * tables of the guest's, under the guest's with none. There, each step must have taken
 * effect before the next, and in between walks fail at once: SCTLR_EL1.M is set, and
 * TCR_EL1 forbids both tables. With the host's HCR_EL2 (TGE, DC), M has no effect.
 */
static void forbid_walks(void)
{
    write_sysreg(tcr_el1, TCR_EL1_HOST);
    isb();
    write_sysreg(sctlr_el1, SCTLR_EL1_HOST | SCTLR_EL1_M);
    isb();
}

static __attribute__((noinline)) void load_step_by_step(const struct vcpu_hardware *hardware)
{
    forbid_walks();
    write_sysreg(hcr_el2, hardware->hcr);
    isb();
    write_sysreg(vttbr_el2, hardware->vttbr);
    isb();
    write_sysreg(sctlr_el1, hardware->registers.sctlr_el1);
    isb();
}

static __attribute__((noinline)) void unload_step_by_step(uint64_t vttbr)
{
    forbid_walks();
    write_sysreg(vttbr_el2, vttbr);
    isb();
    write_sysreg(hcr_el2, HCR_HOST);
    isb();
}

void vcpu_load(struct vcpu_hardware *hardware, struct percpu *percpu)
{
    if (__builtin_expect(percpu->vcpu->walks_early, 0)) {
        load_step_by_step(hardware);
    }
    write_sysreg(hcr_el2, hardware->hcr);
    write_sysreg(vttbr_el2, hardware->vttbr);
    restore_loaded(&hardware->registers);
    write_sysreg(tcr_el1, hardware->registers.tcr_el1);
    vcpu_interface_load(hardware);
    fpu_load(hardware->fpu);
    write_sysreg(cptr_el2, fpu_guest_cptr());
    write_sysreg(cnthctl_el2, CNTHCTL_EL2_GUEST);
    percpu->guest_loaded = true;
}

void vcpu_unload(struct percpu *percpu)
{
    struct vcpu_hardware *hardware = percpu->vcpu->current;
    save_loaded(&hardware->registers);
    hardware->registers.tcr_el1 = read_sysreg(tcr_el1);
    vcpu_interface_unload(hardware);
    if (__builtin_expect(percpu->vcpu->walks_early, 0)) {
        unload_step_by_step(percpu->vttbr);
    }
    write_sysreg(tcr_el1, TCR_EL1_HOST);
    write_sysreg(sctlr_el1, SCTLR_EL1_HOST);
    write_sysreg(cpacr_el1, CPACR_EL1_HOST);
    write_sysreg(cntkctl_el1, CNTKCTL_EL1_HOST);
    write_sysreg(cnthctl_el2, CNTHCTL_EL2_HOST);
    write_sysreg(mdscr_el1, MDSCR_EL1_HOST);
    write_sysreg(cptr_el2, percpu->cptr);
    write_sysreg(vttbr_el2, percpu->vttbr);
    write_sysreg(hcr_el2, HCR_HOST);
    percpu->guest_loaded = false;
}

void vcpu_evict(struct vcpu_cpu *cpu)
{
    struct vcpu_hardware *hardware = cpu->current;
    vcpu_leave(current_percpu());
    save_resident(&hardware->registers);
    vcpu_timer_stop(hardware);
    vcpu_interface_evict(hardware);
    cpu->current = NULL;
}

/* Another vCPU of the VM ran here: it may have other translations at the same addresses, under the same VMID,
 * which it need not have shared with anybody (DDI 0487 D8.13). */
static void forget_translations(const struct vcpu_hardware *hardware)
{
    if (hardware->cpu->walks_early) {
        forbid_walks();
        write_sysreg(hcr_el2, hardware->hcr);
        isb();
    }
    write_sysreg(vttbr_el2, hardware->vttbr);
    write_sysreg(hcr_el2, hardware->hcr);
    __asm__ volatile("isb\n\ttlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb" : : : "memory");
}

__attribute__((noinline)) void vcpu_make_resident(struct vcpu *vcpu, struct percpu *percpu)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    struct vcpu_cpu *cpu = percpu->vcpu;
    if (cpu->current != NULL) {
        vcpu_evict(cpu);
    }
    hardware->cpu = cpu;
    cpu->current = hardware;
    restore_resident(&hardware->registers);
    write_sysreg(vmpidr_el2, hardware->vmpidr);
    write_sysreg(vpidr_el2, hardware->vpidr);
    vcpu_interface_make_resident(hardware);
    struct vcpu_hardware **last = &cpu->last_of_vm[hardware->vm];
    if (*last != hardware) {
        if (*last != NULL) {
            forget_translations(hardware);
            /* Until it is loaded, which follows, the kernel runs with neither's or the host's values. */
        }
        *last = hardware;
    }
    if (vcpu->statistics->first_entry == 0) {
        vcpu->statistics->first_entry = read_counter();
    }
}

void vcpu_hide(void)
{
    /* Nothing of a guest's is left where a PD could read it: see vcpu_unload(). */
}
