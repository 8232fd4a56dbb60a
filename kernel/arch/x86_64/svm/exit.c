/* SPDX-License-Identifier: BSD-2-Clause */
/* What an exit means: handled here, or described to the VMM. */
#include "basic.h"
#include "svm.h"

#include <base/memory.h>

enum vcpu_enter_result svm_exit_to_vmm(struct vcpu *vcpu, enum vcpu_exit_kind kind)
{
    struct vcpu_page *page = vcpu->page;
    page->exit.kind = kind;
    vcpu->statistics->exits[kind]++;
    svm_read_basic(&page->state, vcpu->hardware);
    uint32_t want = page->control.want & ~(uint32_t)VCPU_STATE_BASIC;
    if (want == VCPU_STATE_CONTROL) {
        svm_read_control(&page->state, vcpu->hardware->vmcb);
    } else if (want != 0) {
        vcpu_read(vcpu, want);
    }
    return VCPU_ENTER_EXIT;
}

static enum vcpu_enter_result handled(struct vcpu *vcpu)
{
    vcpu->statistics->kernel_handled++;
    svm_read_basic(&vcpu->page->state, vcpu->hardware);
    return VCPU_ENTER_AGAIN;
}

static enum vcpu_enter_result interrupted(struct vcpu *vcpu)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    struct vmcb *vmcb = hardware->vmcb;
    if (hardware->shadow_rip == vmcb->rip) {
        /* The second one in a row: the instruction in the shadow has not run yet, whatever
         * QEMU's TCG says. The VMM looks here before it gives the guest an interrupt. */
        vmcb->interrupt_shadow = 1;
    }
    hardware->shadow_rip = vmcb->interrupt_shadow != 0 ? vmcb->rip : SVM_NO_SHADOW;
    vcpu->statistics->host_interrupts++;
    svm_read_basic(&vcpu->page->state, hardware);
    return VCPU_ENTER_INTERRUPTED;
}

/* Exits of instructions: those for which the processor saves nRIP. */
static void fill_instruction(struct vcpu_exit *exit, const struct vmcb *vmcb)
{
    exit->instruction_length = 0;
    if (svm_platform.next_rip) {
        exit->next_ip = vmcb->next_rip;
        exit->instruction_length = svm_instruction_length(vmcb->rip, vmcb->next_rip);
    }
}

static enum vcpu_enter_result instruction_exit(struct vcpu *vcpu, enum vcpu_exit_kind kind)
{
    fill_instruction(&vcpu->page->exit, vcpu->hardware->vmcb);
    return svm_exit_to_vmm(vcpu, kind);
}

static enum vcpu_enter_result inject(struct vcpu *vcpu, uint32_t vector, uint64_t error_code)
{
    vcpu->page->control.event = VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_EXCEPTION) | vector | error_code;
    return handled(vcpu);
}

static enum vcpu_enter_result port_io(struct vcpu *vcpu)
{
    struct vcpu_exit *exit = &vcpu->page->exit;
    const struct vmcb *vmcb = vcpu->hardware->vmcb;
    exit->port_io = svm_decode_port_io(vmcb->exit_info1, svm_platform.decode_assists);
    exit->next_ip = vmcb->exit_info2;
    exit->instruction_length = svm_instruction_length(vmcb->rip, vmcb->exit_info2);
    return svm_exit_to_vmm(vcpu, VCPU_EXIT_PORT_IO);
}

static enum vcpu_enter_result memory(struct vcpu *vcpu)
{
    struct vcpu_exit *exit = &vcpu->page->exit;
    const struct vmcb *vmcb = vcpu->hardware->vmcb;
    exit->instruction_length = 0;
    exit->memory.gpa = vmcb->exit_info2;
    exit->memory.gva = 0;
    exit->memory.gva_valid = 0;
    exit->memory.access = svm_decode_memory_access(vmcb->exit_info1);
    if (svm_platform.decode_assists && vmcb->fetched_count != 0) {
        uint8_t count = vmcb->fetched_count & 0xf;
        memcpy(exit->instruction, vmcb->fetched_bytes, count);
        exit->instruction_count = count;
    }
    return svm_exit_to_vmm(vcpu, VCPU_EXIT_MEMORY);
}

static enum vcpu_enter_result msr(struct vcpu *vcpu)
{
    struct vcpu_page *page = vcpu->page;
    page->exit.msr.index = (uint32_t)page->state.gpr[VCPU_RCX];
    page->exit.msr.write = vcpu->hardware->vmcb->exit_info1 & 1;
    return instruction_exit(vcpu, VCPU_EXIT_MSR);
}

static enum vcpu_enter_result control_register(struct vcpu *vcpu, uint32_t code)
{
    struct vcpu_exit *exit = &vcpu->page->exit;
    uint64_t info = vcpu->hardware->vmcb->exit_info1;
    bool known = svm_platform.decode_assists && (info & CR_ACCESS_MOV) != 0;
    memset(&exit->control_register, 0, sizeof(exit->control_register));
    exit->control_register.number = code & 0xf;
    exit->control_register.write = code >= SVM_EXIT_CR_WRITE;
    exit->control_register.gpr = known ? info & 0xf : 0xff;
    return instruction_exit(vcpu, VCPU_EXIT_CONTROL_REGISTER);
}

static enum vcpu_enter_result exception(struct vcpu *vcpu, uint32_t vector)
{
    struct vcpu_hardware *hardware = vcpu->hardware;
    const struct vmcb *vmcb = hardware->vmcb;
    /* It came in the delivery of another event: the VMM knows which of them is first. */
    bool second = (vcpu->page->control.event & VCPU_EVENT_VALID) != 0;
    switch (vector) {
    case VECTOR_DB:
        if ((hardware->attention & SVM_STEPPING) != 0 && svm_handle_step(hardware)) {
            return handled(vcpu);
        }
        if (!second) {
            return inject(vcpu, VECTOR_DB, 0); /* DR6 is in the VMCB already */
        }
        break;
    case VECTOR_AC:
        if (!second) {
            return inject(vcpu, VECTOR_AC, VCPU_EVENT_ERROR_CODE | vmcb->exit_info1 << 32);
        }
        break;
    case VECTOR_MC:
        /* The machine's, not the guest's: to the host's handler, as if it had come
         * a moment later. */
        __asm__ volatile("int $18");
        return interrupted(vcpu);
    default:
        break;
    }
    struct vcpu_exit *exit = &vcpu->page->exit;
    exit->instruction_length = 0;
    exit->exception.vector = vector;
    exit->exception.error_code = (uint32_t)vmcb->exit_info1;
    exit->exception.fault_address = vmcb->exit_info2;
    return svm_exit_to_vmm(vcpu, VCPU_EXIT_EXCEPTION);
}

/* QEMU's TCG lets a guest load values for which a processor raises #GP, and refuses
 * to go on with them. Takes the offending bits away. False: that was not it. */
static bool mend(struct vmcb *vmcb)
{
    bool cr0_bad = (vmcb->cr0 & CR0_NW) != 0 && (vmcb->cr0 & CR0_CD) == 0;
    if (vmcb->dr6 >> 32 == 0 && vmcb->dr7 >> 32 == 0 && !cr0_bad) {
        return false;
    }
    vmcb->dr6 = (uint32_t)vmcb->dr6;
    vmcb->dr7 = (uint32_t)vmcb->dr7;
    vmcb->cr0 = cr0_bad ? vmcb->cr0 & ~CR0_NW : vmcb->cr0;
    return true;
}

static enum vcpu_enter_result invalid_state(struct vcpu *vcpu)
{
    struct vmcb *vmcb = vcpu->hardware->vmcb;
    /* Who knows what the processor read before it refused. */
    vmcb->clean = 0;
    /* Nothing ran: what was to be injected is still owed. TCG has moved it. */
    uint64_t owed = (vmcb->event & VCPU_EVENT_VALID) != 0 ? vmcb->event : vmcb->exit_event;
    bool event = (owed & VCPU_EVENT_VALID) != 0;
    if (event) {
        vcpu->page->control.event = owed;
    }
    if (mend(vmcb)) {
        return handled(vcpu);
    }
    if (!event) {
        /* QEMU's TCG also says this where a processor raises #GP: when a guest sets
         * reserved bits of CR4. If VMRUN did refuse the state, it will again. */
        return inject(vcpu, VECTOR_GP, VCPU_EVENT_ERROR_CODE);
    }
    return svm_exit_to_vmm(vcpu, VCPU_EXIT_BAD_STATE);
}

static enum vcpu_enter_result window_open(struct vcpu *vcpu)
{
    if (vcpu->hardware->shadow_rip == vcpu->hardware->vmcb->rip) {
        /* QEMU's TCG does not load the interrupt shadow at VMRUN. Were it believed, an
         * interrupt would come between STI and HLT, and the guest would sleep on. */
        svm_step_shadow(vcpu->hardware);
        return handled(vcpu);
    }
    vcpu->hardware->shadow_rip = SVM_NO_SHADOW;
    /* The VMM asks again if it wants another. */
    svm_update_windows(vcpu->hardware, 0, false);
    vcpu->page->control.interrupt_window = 0;
    return svm_exit_to_vmm(vcpu, VCPU_EXIT_INTERRUPT_WINDOW);
}

/* The frequent ones come first. */
enum vcpu_enter_result svm_handle_exit(struct vcpu *vcpu)
{
    struct vmcb *vmcb = vcpu->hardware->vmcb;
    struct vcpu_exit *exit = &vcpu->page->exit;
    uint32_t code = (uint32_t)vmcb->exit_code;
    if (code == SVM_EXIT_INTR) {
        return interrupted(vcpu);
    }
    exit->hardware_code = code;
    exit->hardware_info = vmcb->exit_info1;
    exit->instruction_count = 0;
    switch (code) {
    case SVM_EXIT_IOIO:
        return port_io(vcpu);
    case SVM_EXIT_NPF:
        return memory(vcpu);
    case SVM_EXIT_MSR:
        return msr(vcpu);
    case SVM_EXIT_CPUID:
        return instruction_exit(vcpu, VCPU_EXIT_CPUID);
    case SVM_EXIT_HLT:
        return instruction_exit(vcpu, VCPU_EXIT_HALT);
    case SVM_EXIT_VINTR:
        return window_open(vcpu);
    case SVM_EXIT_NMI: /* taken at STGI */
    case SVM_EXIT_SMI:
    case SVM_EXIT_INIT:
        return interrupted(vcpu);
    case SVM_EXIT_VMMCALL:
        return instruction_exit(vcpu, VCPU_EXIT_HYPERCALL);
    case SVM_EXIT_XSETBV:
        return instruction_exit(vcpu, VCPU_EXIT_SET_XCR);
    case SVM_EXIT_PAUSE:
        return instruction_exit(vcpu, VCPU_EXIT_PAUSE);
    case SVM_EXIT_RDTSC:
    case SVM_EXIT_RDTSCP:
    case SVM_EXIT_RDPMC:
    case SVM_EXIT_INVD:
    case SVM_EXIT_WBINVD:
    case SVM_EXIT_MONITOR:
    case SVM_EXIT_MWAIT:
    case SVM_EXIT_MWAIT_ARMED:
        return instruction_exit(vcpu, VCPU_EXIT_INSTRUCTION);
    case SVM_EXIT_IRET:
        svm_handle_iret(vcpu->hardware);
        return handled(vcpu);
    case SVM_EXIT_TASK_SWITCH:
        exit->instruction_length = 0;
        return svm_exit_to_vmm(vcpu, VCPU_EXIT_TASK_SWITCH);
    case SVM_EXIT_SHUTDOWN:
        return svm_exit_to_vmm(vcpu, VCPU_EXIT_SHUTDOWN);
    /* Instructions that our guests' CPUs do not have. */
    case SVM_EXIT_VMRUN:
    case SVM_EXIT_VMLOAD:
    case SVM_EXIT_VMSAVE:
    case SVM_EXIT_STGI:
    case SVM_EXIT_CLGI:
    case SVM_EXIT_SKINIT:
    case SVM_EXIT_INVLPGA:
    case SVM_EXIT_RDPRU:
    case SVM_EXIT_INVLPGB:
    case SVM_EXIT_INVLPGB_ILLEGAL:
    case SVM_EXIT_TLBSYNC:
        return inject(vcpu, VECTOR_UD, 0);
    case SVM_EXIT_INVALID:
        return invalid_state(vcpu);
    case SVM_EXIT_BUSY:
        return interrupted(vcpu);
    default:
        break;
    }
    if (code < SVM_EXIT_DR_READ) {
        return control_register(vcpu, code);
    }
    if (code < SVM_EXIT_EXCEPTION) {
        svm_debug_load(vcpu->hardware);
        return handled(vcpu);
    }
    if (code < SVM_EXIT_INTR) {
        return exception(vcpu, code - SVM_EXIT_EXCEPTION);
    }
    return instruction_exit(vcpu, VCPU_EXIT_INSTRUCTION);
}
