/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing what lies in list registers: it is taken back first. Those of a
 * vCPU that runs on another CPU are out of reach; it is asked, and whoever reads waits.
 */
#include "gic_internal.h"

uint32_t gic_recall(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits)
{
    if (first_intid < GIC_PRIVATE) {
        /* The kernel may have listed any of them. */
        if (!gic_accessible(gic, vcpu)) {
            return bits;
        }
        gic_read_back(gic, vcpu);
        return 0;
    }
    struct gic_bank *bank = gic_bank_of(gic, vcpu, first_intid);
    uint32_t remaining = 0;
    for (uint32_t listed; (listed = bits & bank->listed & ~remaining) != 0;) {
        uint32_t index = (uint32_t)__builtin_ctz(listed);
        uint32_t holder = bank->holder[index];
        if (gic_accessible(gic, holder)) {
            gic_read_back(gic, holder); /* clears its bit */
        } else {
            remaining |= 1u << index;
        }
    }
    return remaining;
}

bool gic_recall_for_read(struct gic *gic, uint32_t vcpu, uint32_t first_intid, uint32_t bits, uint64_t key)
{
    uint32_t remaining = gic_recall(gic, vcpu, first_intid, bits);
    uint32_t current = gic->config.ops->current(gic->config.context);
    if (remaining == 0 || current >= gic->config.vcpu_count) {
        return true;
    }
    struct gic_vcpu *reader = &gic->vcpus[current];
    if (reader->wait_state != GIC_WAIT_NONE && reader->wait_key == key) {
        if (reader->wait_for == 0) {
            gic_set_wait(gic, current, GIC_WAIT_NONE);
            return true;
        }
    } else {
        const struct gic_bank *bank = gic_bank_of(gic, vcpu, first_intid);
        uint32_t holders = first_intid < GIC_PRIVATE ? 1u << vcpu : 0;
        for (; first_intid >= GIC_PRIVATE && remaining != 0; remaining &= remaining - 1u) {
            holders |= 1u << bank->holder[__builtin_ctz(remaining)];
        }
        reader->wait_for = holders;
        reader->wait_key = key;
        for (; holders != 0; holders &= holders - 1u) {
            gic_notify(gic, (uint32_t)__builtin_ctz(holders));
        }
    }
    gic_set_wait(gic, current, GIC_WAIT_ASKING);
    reader->attention = 1;
    gic->retry = true;
    return false;
}
