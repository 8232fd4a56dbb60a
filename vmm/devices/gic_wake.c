/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an interrupt ends a WFI: one that its vCPU would take if it ran. */
#include <stddef.h>

#include "gic_internal.h"

#define VMCR_GROUP0_ENABLE       (1u << 0)
#define VMCR_GROUP1_ENABLE       (1u << 1)
#define VMCR_PRIORITY_MASK(vmcr) ((vmcr) >> 24 & GIC_PRIORITY_MASK)

static bool wakes(uint32_t priority, uint32_t mask, bool group1, uint32_t vmcr)
{
    return priority < mask && (vmcr & (group1 ? VMCR_GROUP1_ENABLE : VMCR_GROUP0_ENABLE)) != 0;
}

static bool bank_wakes(const struct gic *gic, const struct gic_bank *bank, uint32_t ready, uint32_t vmcr)
{
    if (__builtin_expect(ready == 0, 1)) {
        return false;
    }
    for (uint32_t bits = ready & gic_forwarded(gic, bank); bits != 0; bits &= bits - 1u) {
        uint32_t index = (uint32_t)__builtin_ctz(bits);
        if (wakes(bank->priority[index], VMCR_PRIORITY_MASK(vmcr), (bank->group & 1u << index) != 0, vmcr)) {
            return true;
        }
    }
    return false;
}

bool gic_wakes(struct gic *gic, uint32_t vcpu)
{
    struct gic_vcpu *state = &gic->vcpus[vcpu];
    uint32_t vmcr = state->hardware->vmcr;
    uint32_t private = gic_bank_pending(&state->bank) & ~state->bank.active;
    private |= __atomic_load_n(&state->hardware->private_pending, __ATOMIC_ACQUIRE);
    const uint64_t *timer = gic_timer_register(gic, vcpu);
    private |= timer != NULL && (*timer & LR_PENDING) != 0 ? GIC_TIMER_BIT : 0;
    if (bank_wakes(gic, &state->bank, private, vmcr)) {
        return true;
    }
    for (uint32_t busy = gic->busy; busy != 0; busy &= busy - 1u) {
        uint32_t i = (uint32_t)__builtin_ctz(busy);
        const struct gic_bank *bank = &gic->banks[i];
        if (bank_wakes(gic, bank, gic_bank_pending(bank) & ~bank->active & ~bank->listed & state->routed[i], vmcr)) {
            return true;
        }
    }
    if ((gic->lpi_pending_words[0] | gic->lpi_pending_words[1]) == 0) {
        return false;
    }
    for (uint32_t word = 0; word < GIC_LPI_WORDS; word++) {
        for (uint64_t bits = gic->lpi_pending[word] & ~gic->lpi_active[word]; bits != 0; bits &= bits - 1u) {
            uint32_t lpi = word * 64u + (uint32_t)__builtin_ctzll(bits);
            if (gic->lpi_vcpu[lpi] == vcpu && gic_lpi_enabled(gic, lpi) &&
                wakes(gic_lpi_priority(gic, lpi), VMCR_PRIORITY_MASK(vmcr), true, vmcr)) {
                return true;
            }
        }
    }
    return false;
}
