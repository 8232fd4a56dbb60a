/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System registers and instructions that trap. What is not offered is undefined, as
 * it would be on a processor whose identification registers say the same.
 */
#include <vmm/arch/execution.h>

#define REVIDR_EL1 SYSREG(3, 0, 0, 0, 6)
#define ACTLR_EL1  SYSREG(3, 0, 1, 0, 1)

#define CCSIDR_EL1  SYSREG(3, 1, 0, 0, 0)
#define CLIDR_EL1   SYSREG(3, 1, 0, 0, 1)
#define CCSIDR2_EL1 SYSREG(3, 1, 0, 0, 2)
#define AIDR_EL1    SYSREG(3, 1, 0, 0, 7)
#define CSSELR_EL1  SYSREG(3, 2, 0, 0, 0)

#define DC_ISW  SYSREG(1, 0, 7, 6, 2)
#define DC_CSW  SYSREG(1, 0, 7, 10, 2)
#define DC_CISW SYSREG(1, 0, 7, 14, 2)

#define ICC_SGI1R_EL1  SYSREG(3, 0, 12, 11, 5)
#define ICC_ASGI1R_EL1 SYSREG(3, 0, 12, 11, 6)
#define ICC_SGI0R_EL1  SYSREG(3, 0, 12, 11, 7)
#define ICC_SRE_EL1    SYSREG(3, 0, 12, 12, 5)
#define ICC_SRE_VALUE  7ull /* system registers, no bypass: cannot be changed */

/*
 * Maintenance by set and way. A vCPU stays on its CPU, so what the guest does to its
 * CPU's caches does what it would do without a hypervisor (and the architecture has
 * an invalidation clean as well). From the first one on, until the next reset, they do
 * not trap: they come in thousands.
 */
static void cache_by_set(struct vcpu_context *vcpu)
{
    vcpu->page->state.traps = VCPU_TRAP_WFI;
    execution_dirty(vcpu, VCPU_STATE_TRAPS); /* and this one is executed again */
}

/* SGIs that the kernel did not deliver. False: there is no such register. */
static bool send_sgi(struct vcpu_context *vcpu, uint32_t encoding, bool write, uint64_t value)
{
    struct gic *gic = &vcpu->vm->arch.gic;
    if (gic->config.version != 3 || !write) {
        return false;
    }
    gic_send_sgi(gic, vcpu->id,
                 encoding == ICC_SGI1R_EL1    ? GIC_SGI1R
                 : encoding == ICC_ASGI1R_EL1 ? GIC_ASGI1R
                                              : GIC_SGI0R,
                 value);
    return true;
}

static bool read_only(bool write, uint64_t *to, uint64_t value)
{
    *to = value;
    return !write;
}

static bool cache_selection(struct vcpu_context *vcpu, bool write, uint64_t *value)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    if (!execution_need(vcpu, VCPU_STATE_EL1)) {
        return true;
    }
    if (write) {
        state->csselr_el1 = *value & 0x1f;
        execution_dirty(vcpu, VCPU_STATE_EL1);
    }
    *value = state->csselr_el1;
    return true;
}

/* False if the register is not there, or not in this direction. */
static bool access(struct vcpu_context *vcpu, const struct vcpu_exit_system_register *exit, uint64_t *value)
{
    struct vm_arch *machine = &vcpu->vm->arch;
    bool write = exit->write != 0;
    if (id_register_is(exit->encoding)) {
        return !write && read_only(write, value, id_register_read(&machine->id, exit->encoding, exit->value));
    }
    switch (exit->encoding) {
    case REVIDR_EL1:
    case AIDR_EL1:
    case CLIDR_EL1: /* where the kernel hides the caches: none */
    case CCSIDR_EL1:
    case CCSIDR2_EL1:
        return read_only(write, value, 0);
    case CSSELR_EL1:
        return cache_selection(vcpu, write, value);
    case ACTLR_EL1: /* implementation-defined: nothing to configure */
        *value = 0;
        return true;
    case ICC_SGI1R_EL1:
    case ICC_ASGI1R_EL1:
    case ICC_SGI0R_EL1:
        return send_sgi(vcpu, exit->encoding, write, *value);
    case ICC_SRE_EL1:
        *value = ICC_SRE_VALUE;
        return machine->gic.config.version == 3;
    default:
        break;
    }
    if (SYSREG_OP0(exit->encoding) == 2) {
        return debug_register_access(vcpu, exit->encoding, write, value);
    }
    return physical_timer_access(vcpu, exit->encoding, write, value);
}

static bool from_el0(const struct vcpu_arch_state *state)
{
    return (state->pstate & PSTATE_AARCH32) != 0 || (state->pstate & PSTATE_MODE_MASK) == PSTATE_EL0;
}

/* Registers whose name does not end in EL0 are not EL0's, whatever trapped. (Their Op1 is 3.) */
static bool allowed(const struct vcpu_arch_state *state, uint32_t encoding)
{
    return !from_el0(state) || SYSREG_OP1(encoding) == 3;
}

void exit_system_register(struct vcpu_context *vcpu)
{
    struct vcpu_page *page = vcpu->page;
    const struct vcpu_exit_system_register exit = page->exit.system_register;
    if (allowed(&page->state, exit.encoding)) {
        if (exit.encoding == DC_ISW || exit.encoding == DC_CSW || exit.encoding == DC_CISW) {
            cache_by_set(vcpu);
            return;
        }
        uint64_t value = exit.write != 0 ? register_read(vcpu, exit.gpr) : 0;
        if (access(vcpu, &exit, &value)) {
            if (exit.write == 0) {
                register_write(vcpu, exit.gpr, value);
            }
            execution_advance(vcpu);
            return;
        }
    }
    log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[AARCH64_LOG_REGISTER], "cpu",
                    "vCPU %u %s S%u_%u_C%u_C%u_%u at 0x%llx, which is not there: undefined instruction", vcpu->id,
                    exit.write != 0 ? "writes" : "reads", SYSREG_OP0(exit.encoding), SYSREG_OP1(exit.encoding),
                    SYSREG_CRN(exit.encoding), SYSREG_CRM(exit.encoding), SYSREG_OP2(exit.encoding),
                    (unsigned long long)page->state.pc);
    exception_undefined(vcpu);
}
