/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical timer of EL1 (CNTP_*; Arm ARM DDI 0487, D11): emulated, because the
 * hardware has one for all. Its counter is the host's, as CNTPCT_EL0 reads.
 */
#include <vmm/arch/execution.h>
#include <vmm/hv.h>

#define CNTPCT_EL0    SYSREG(3, 3, 14, 0, 1)
#define CNTPCTSS_EL0  SYSREG(3, 3, 14, 0, 5)
#define CNTP_TVAL_EL0 SYSREG(3, 3, 14, 2, 0)
#define CNTP_CTL_EL0  SYSREG(3, 3, 14, 2, 1)
#define CNTP_CVAL_EL0 SYSREG(3, 3, 14, 2, 2)

static void update(struct vcpu_context *vcpu)
{
    struct vcpu_arch *arch = &vcpu->arch;
    bool armed = (arch->physical_control & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE;
    bool due = armed && hv_now() >= arch->physical_compare;
    gic_set_ppi(&vcpu->vm->arch.gic, vcpu->id, GUEST_PPI_PHYSICAL_TIMER, due);
    timer_arm(&vcpu->timers, &arch->physical_timer, armed && !due ? arch->physical_compare : 0);
}

void physical_timer_expired(void *context, uint64_t now)
{
    (void)now;
    update(context);
}

void physical_timer_reset(struct vcpu_context *vcpu)
{
    vcpu->arch.physical_control = 0;
    vcpu->arch.physical_compare = 0;
    update(vcpu);
}

static uint64_t control_value(const struct vcpu_arch *arch)
{
    uint64_t control = arch->physical_control;
    bool met = (control & TIMER_ENABLE) != 0 && hv_now() >= arch->physical_compare;
    return control | (met ? TIMER_STATUS : 0);
}

bool physical_timer_access(struct vcpu_context *vcpu, uint32_t encoding, bool write, uint64_t *value)
{
    struct vcpu_arch *arch = &vcpu->arch;
    switch (encoding) {
    case CNTPCT_EL0:
    case CNTPCTSS_EL0:
        *value = hv_now();
        return !write;
    case CNTP_CTL_EL0:
        if (write) {
            arch->physical_control = *value & (TIMER_ENABLE | TIMER_IMASK);
        }
        *value = control_value(arch);
        break;
    case CNTP_CVAL_EL0:
        if (write) {
            arch->physical_compare = *value;
        }
        *value = arch->physical_compare;
        break;
    case CNTP_TVAL_EL0: /* what is left, 32 bits, signed */
        if (write) {
            arch->physical_compare = hv_now() + (uint64_t)(int64_t)(int32_t)*value;
        }
        *value = (arch->physical_compare - hv_now()) & UINT32_MAX;
        break;
    default:
        return false;
    }
    if (write) {
        update(vcpu);
    }
    return true;
}
