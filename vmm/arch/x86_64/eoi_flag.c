/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of an interrupt without an exit: a word of the guest's for each vCPU, by the interface that KVM has for it
 * (Linux: Documentation/virt/kvm/x86/msr.rst, MSR_KVM_PV_EOI_EN). Bit 0 is set here when an interrupt is injected whose
 * end has no consequences; a guest that finds it set clears it and leaves the EOI register alone. What it did is seen
 * at the next exit. As soon as there are consequences, because another interrupt waits, the bit is taken away.
 */
#include <vmm/arch/execution.h>

#define ENABLED  1ull
#define RESERVED 2ull
#define SKIP_EOI 1u

bool eoi_flag_read(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    *value = vcpu->arch.eoi_flag.msr;
    return vcpu->vm->arch.cpuid.hypervisor;
}

bool eoi_flag_write(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    (void)index;
    struct eoi_flag flag = {.msr = value};
    if (!vcpu->vm->arch.cpuid.hypervisor || (value & RESERVED) != 0) {
        return false;
    }
    if ((value & ENABLED) != 0) {
        flag.word = guest_slice(&vcpu->vm->memory, GPA(value & ~3ull), sizeof(*flag.word));
        if (flag.word == NULL) {
            return false;
        }
    }
    vcpu->arch.eoi_flag = flag;
    return true;
}

void eoi_flag_offer(struct vcpu_context *vcpu)
{
    struct eoi_flag *flag = &vcpu->arch.eoi_flag;
    if (flag->word != NULL && lapic_ends_quietly(&vcpu->arch.lapic)) {
        __atomic_fetch_or(flag->word, SKIP_EOI, __ATOMIC_RELAXED);
        flag->offered = true;
    }
}

void eoi_flag_collect(struct vcpu_context *vcpu)
{
    struct eoi_flag *flag = &vcpu->arch.eoi_flag;
    if ((__atomic_load_n(flag->word, __ATOMIC_RELAXED) & SKIP_EOI) == 0) {
        flag->offered = false;
        lapic_eoi(&vcpu->arch.lapic);
    }
}

void eoi_flag_review(struct vcpu_context *vcpu)
{
    struct eoi_flag *flag = &vcpu->arch.eoi_flag;
    if (lapic_highest_request(&vcpu->arch.lapic) >= 0) {
        __atomic_fetch_and(flag->word, ~SKIP_EOI, __ATOMIC_RELAXED);
        flag->offered = false;
    }
}
