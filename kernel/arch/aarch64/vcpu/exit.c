/* SPDX-License-Identifier: BSD-2-Clause */
/* What an exit means: handled here, or described to the VMM. */
#include "vcpu_hardware.h"
#include <arch/gic.h>

#include <arch/cpu_features.h>
#include <kernel/log.h>

#include <skyscope/guest_aarch64.h>

#define PSTATE_BTYPE (3ull << 10)
#define PSTATE_SS    (1ull << 21)

#define GICD_SGIR 0xf00u

/* ESR_EL2.ISS of an SError, where the CPU has the RAS extension (DDI 0487, ESR_EL2). */
#define SERROR_IMPLEMENTATION_DEFINED (1u << 24)
#define SERROR_TYPE(iss)              ((iss) >> 10 & 7u)
#define SERROR_TYPE_RECOVERABLE       3u
#define SERROR_TYPE_CORRECTED         6u

enum vcpu_enter_result vcpu_exit_to_vmm(struct vcpu *vcpu, enum vcpu_exit_kind kind)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    struct vcpu_page *page = vcpu->page;
    page->exit.kind = kind;
    vcpu->statistics->exits[kind]++;
    __atomic_store_n(&hardware->running, 0, __ATOMIC_SEQ_CST);
    if (vcpu_is_resident(hardware)) {
        vcpu_interface_publish(hardware, &page->state.gic);
    }
    uint32_t want = READ_ONCE(page->control.want);
    if (want != 0) {
        vcpu_read(vcpu, want);
    }
    return VCPU_ENTER_EXIT;
}

static enum vcpu_enter_result handled(struct vcpu *vcpu)
{
    vcpu->statistics->kernel_handled++;
    return VCPU_ENTER_AGAIN;
}

/* The instruction that exited is done. */
static enum vcpu_enter_result skip_instruction(struct vcpu *vcpu, uint32_t length)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    state->pc += length;
    state->pstate &= ~(PSTATE_BTYPE | PSTATE_SS);
    return handled(vcpu);
}

static enum vcpu_enter_result interrupted(struct vcpu *vcpu)
{
    vcpu->statistics->host_interrupts++;
    if (vcpu->hardware->cpu->interface_control > 1 && vcpu_interface_maintenance(vcpu->hardware, vcpu->page)) {
        return vcpu_exit_to_vmm(vcpu, VCPU_EXIT_INTERRUPT_WINDOW);
    }
    return VCPU_ENTER_INTERRUPTED;
}

/* WFI: whether something is pending already that the kernel itself would deliver. It must be asked after `running`
 * is 0: what comes later wakes the VMM. */
static enum vcpu_enter_result halt(struct vcpu *vcpu, uint32_t length)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    const struct vcpu_gic *gic = &vcpu->page->state.gic;
    uint32_t enabled = READ_ONCE(gic->private_enabled);
    __atomic_store_n(&hardware->running, 0, __ATOMIC_SEQ_CST);
    uint32_t pending = __atomic_load_n(&gic->private_pending, __ATOMIC_SEQ_CST);
    uint32_t timer = 1u << GUEST_PPI_VIRTUAL_TIMER;
    if ((enabled & timer) != 0 && !hardware->interface.timer_active && vcpu_timer_asserted(hardware)) {
        /* Taken here rather than by its interrupt: QEMU's GICv2 forgets a line that was asserted
         * while the guest ended the interrupt before. */
        gic_private_set_active(vcpu_platform.timer_intid, true);
        hardware->interface.timer_active = true;
        pending |= timer;
    }
    if ((pending & enabled) != 0) {
        return skip_instruction(vcpu, length);
    }
    enum vcpu_enter_result result = vcpu_exit_to_vmm(vcpu, VCPU_EXIT_HALT);
    /* The VMM has a deadline for it, if it sleeps. */
    vcpu_timer_stop(hardware);
    return result;
}

static enum vcpu_enter_result system_register(struct vcpu *vcpu, uint64_t esr)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    struct vcpu_exit_system_register decoded = vcpu_decode_system_register(esr);
    uint64_t value = decoded.gpr < VCPU_GPR_COUNT ? state->gpr[decoded.gpr] : 0;
    if (vcpu_platform.gic_version == 3) {
        if (decoded.encoding == VCPU_SYSREG_ICC_SGI1R && decoded.write) {
            struct vcpu_sgi sgi = vcpu_decode_sgi1r(value);
            if (vcpu_sgi_send(vcpu->hardware, &sgi)) {
                return skip_instruction(vcpu, 4);
            }
        } else if (decoded.encoding == VCPU_SYSREG_ICC_SRE) {
            /* System registers only, no bypass: writes change nothing (IHI 0069, ICC_SRE_EL1). */
            if (!decoded.write && decoded.gpr < VCPU_GPR_COUNT) {
                state->gpr[decoded.gpr] = ICC_SRE_ALL;
            }
            return skip_instruction(vcpu, 4);
        }
    }
    int32_t id = decoded.write ? -1 : vcpu_id_register(decoded.encoding);
    decoded.value = id >= 0 ? vcpu_platform.id_registers[id] : 0;
    vcpu->page->exit.system_register = decoded;
    return vcpu_exit_to_vmm(vcpu, VCPU_EXIT_SYSTEM_REGISTER);
}

/* After a permission fault the CPU need not say the guest-physical address: translates again. False: the guest
 * has changed its tables meanwhile. */
static bool find_address(uint64_t far, uint64_t *hpfar)
{
    uint64_t saved = read_sysreg(par_el1);
    __asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(far) : "memory");
    uint64_t par = read_sysreg(par_el1);
    write_sysreg(par_el1, saved);
    *hpfar = (par & 0xffffffffff000ull) >> 8;
    return (par & 1) == 0;
}

static enum vcpu_enter_result memory(struct vcpu *vcpu, uint64_t esr)
{
    uint64_t far = read_sysreg(far_el2);
    uint64_t hpfar = read_sysreg(hpfar_el2);
    enum vcpu_abort kind = vcpu_abort_kind(esr);
    struct vcpu_exit_memory decoded = vcpu_decode_memory(esr, far, hpfar);
    if (kind == VCPU_ABORT_PERMISSION && (decoded.access & VCPU_ACCESS_PAGE_WALK) == 0) {
        if (!find_address(far, &hpfar)) {
            return handled(vcpu);
        }
        decoded = vcpu_decode_memory(esr, far, hpfar);
    }
    const struct vcpu_arch_state *state = &vcpu->page->state;
    uint64_t distributor = READ_ONCE(state->gic.distributor);
    if (decoded.gpa - distributor == GICD_SGIR && distributor != 0 && vcpu_platform.gic_version == 2 &&
        decoded.access == VCPU_ACCESS_WRITE && decoded.width == 4) {
        struct vcpu_sgi sgi = vcpu_decode_sgir(decoded.gpr < VCPU_GPR_COUNT ? (uint32_t)state->gpr[decoded.gpr] : 0);
        if (vcpu_sgi_send(vcpu->hardware, &sgi)) {
            return skip_instruction(vcpu, vcpu_instruction_length(esr));
        }
    }
    vcpu->page->exit.memory = decoded;
    return vcpu_exit_to_vmm(vcpu, VCPU_EXIT_MEMORY);
}

static enum vcpu_enter_result exception(struct vcpu *vcpu, uint64_t esr)
{
    if ((ESR_EC(esr) == ESR_EC_DATA_LOWER || ESR_EC(esr) == ESR_EC_FETCH_LOWER) &&
        vcpu_abort_kind(esr) == VCPU_ABORT_TLB_CONFLICT) {
        /* The guest's tables; and the guest's translations, which come again. */
        __asm__ volatile("tlbi vmalls12e1\n\tdsb nsh\n\tisb" : : : "memory");
        return handled(vcpu);
    }
    struct vcpu_exit *exit = &vcpu->page->exit;
    exit->exception.vector = ESR_EC(esr);
    exit->exception.error_code = ESR_ISS(esr);
    exit->exception.fault_address = read_sysreg(far_el2);
    return vcpu_exit_to_vmm(vcpu, VCPU_EXIT_EXCEPTION);
}

/* What the hardware reports late; on this CPU, while the guest ran. */
static enum vcpu_enter_result system_error(struct vcpu *vcpu, uint64_t esr)
{
    uint32_t iss = ESR_ISS(esr);
    bool classified = cpu_features.ras && (iss & SERROR_IMPLEMENTATION_DEFINED) == 0;
    if (classified && SERROR_TYPE(iss) < SERROR_TYPE_RECOVERABLE) {
        kernel_panic("SError, syndrome 0x%llx, uncontainable, while vCPU %u of VM %u ran: the hardware is broken",
                     (unsigned long long)esr, vcpu->hardware->id, vcpu->hardware->vm);
    }
    if (classified && SERROR_TYPE(iss) == SERROR_TYPE_CORRECTED) {
        return handled(vcpu);
    }
    return exception(vcpu, esr);
}

/* The frequent ones come first. */
enum vcpu_enter_result vcpu_handle_exit(struct vcpu *vcpu, enum vcpu_vector vector)
{
    if (vector == VCPU_VECTOR_INTERRUPT) {
        return interrupted(vcpu);
    }
    struct vcpu_exit *exit = &vcpu->page->exit;
    uint64_t esr = read_sysreg(esr_el2);
    exit->hardware_code = esr;
    exit->hardware_info = 0;
    exit->instruction_count = 0;
    exit->instruction_length = vcpu_instruction_length(esr);
    exit->next_ip = vcpu->page->state.pc;
    if (vector == VCPU_VECTOR_SERROR) {
        return system_error(vcpu, esr);
    }
    if (vcpu_returns_behind(esr)) {
        exit->call.immediate = ESR_ISS(esr) & 0xffff;
        return vcpu_exit_to_vmm(vcpu, VCPU_EXIT_HYPERCALL);
    }
    exit->next_ip += exit->instruction_length;
    enum vcpu_exit_kind kind = vcpu_classify(esr);
    switch (kind) {
    case VCPU_EXIT_MEMORY:
        return memory(vcpu, esr);
    case VCPU_EXIT_SYSTEM_REGISTER:
        return system_register(vcpu, esr);
    case VCPU_EXIT_HALT:
        return halt(vcpu, vcpu_instruction_length(esr));
    case VCPU_EXIT_PAUSE:
        return vcpu_exit_to_vmm(vcpu, VCPU_EXIT_PAUSE);
    case VCPU_EXIT_SECURE_CALL:
        exit->call.immediate = ESR_ISS(esr) & 0xffff;
        return vcpu_exit_to_vmm(vcpu, VCPU_EXIT_SECURE_CALL);
    default:
        return exception(vcpu, esr);
    }
}
