/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug registers (Arm ARM DDI 0487, D19.3), as far as they trap. Self-hosted
 * debugging has single steps (MDSCR_EL1); its two breakpoints and two watchpoints,
 * the fewest that the architecture allows, never hit: they read as zero, so that
 * who looks sees it. There is no external debugger.
 */
#include <vmm/arch/execution.h>

#define MDCCINT_EL1       SYSREG(2, 0, 0, 2, 0)
#define OSDTRRX_EL1       SYSREG(2, 0, 0, 0, 2)
#define MDSCR_EL1         SYSREG(2, 0, 0, 2, 2)
#define OSDTRTX_EL1       SYSREG(2, 0, 0, 3, 2)
#define OSECCR_EL1        SYSREG(2, 0, 0, 6, 2)
#define MDRAR_EL1         SYSREG(2, 0, 1, 0, 0)
#define OSLAR_EL1         SYSREG(2, 0, 1, 0, 4)
#define OSLSR_EL1         SYSREG(2, 0, 1, 1, 4)
#define OSDLR_EL1         SYSREG(2, 0, 1, 3, 4)
#define DBGPRCR_EL1       SYSREG(2, 0, 1, 4, 4)
#define DBGCLAIMSET_EL1   SYSREG(2, 0, 7, 8, 6)
#define DBGCLAIMCLR_EL1   SYSREG(2, 0, 7, 9, 6)
#define DBGAUTHSTATUS_EL1 SYSREG(2, 0, 7, 14, 6)
#define MDCCSR_EL0        SYSREG(2, 3, 0, 1, 0)
#define DBGDTR_EL0        SYSREG(2, 3, 0, 4, 0)
#define DBGDTRX_EL0       SYSREG(2, 3, 0, 5, 0)

#define BREAKPOINTS 2u
#define WATCHPOINTS 2u

#define OSLSR_IMPLEMENTED (1ull << 3)
#define OSLSR_LOCKED      (1ull << 1)

/* SS, MDE, KDE, TDCC */
#define MDSCR_WRITABLE ((1ull << 0) | (1ull << 15) | (1ull << 13) | (1ull << 12))

static bool monitor_control(struct vcpu_context *vcpu, bool write, uint64_t *value)
{
    if (!execution_need(vcpu, VCPU_STATE_DEBUG)) {
        return true;
    }
    if (write) {
        vcpu->page->state.mdscr_el1 = *value & MDSCR_WRITABLE;
        execution_dirty(vcpu, VCPU_STATE_DEBUG);
    }
    *value = vcpu->page->state.mdscr_el1;
    return true;
}

/* DBGBVR, DBGBCR, DBGWVR, DBGWCR <n>. */
static bool is_comparator(uint32_t encoding)
{
    if (SYSREG_OP1(encoding) != 0 || SYSREG_CRN(encoding) != 0) {
        return false;
    }
    uint32_t op2 = SYSREG_OP2(encoding);
    uint32_t count = op2 == 4 || op2 == 5 ? BREAKPOINTS : op2 == 6 || op2 == 7 ? WATCHPOINTS : 0;
    return SYSREG_CRM(encoding) < count;
}

bool debug_register_access(struct vcpu_context *vcpu, uint32_t encoding, bool write, uint64_t *value)
{
    uint64_t written = *value;
    *value = 0;
    if (is_comparator(encoding)) {
        return true;
    }
    switch (encoding) {
    case MDSCR_EL1:
        *value = written;
        return monitor_control(vcpu, write, value);
    case OSLAR_EL1:
        vcpu->arch.os_lock = write ? (written & 1u) != 0 : vcpu->arch.os_lock;
        return write;
    case OSLSR_EL1:
        *value = OSLSR_IMPLEMENTED | (vcpu->arch.os_lock ? OSLSR_LOCKED : 0);
        return !write;
    case DBGCLAIMSET_EL1:
        *value = 0xff; /* the tags that there are */
        return true;
    case DBGCLAIMCLR_EL1:
    case MDCCINT_EL1:
    case OSDTRRX_EL1:
    case OSDTRTX_EL1:
    case OSECCR_EL1:
    case OSDLR_EL1:
    case DBGPRCR_EL1:
    case DBGDTR_EL0:
    case DBGDTRX_EL0:
        return true;
    case MDRAR_EL1:
    case DBGAUTHSTATUS_EL1:
    case MDCCSR_EL0:
        return !write;
    default:
        return false;
    }
}
