/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers, faults and virtual interrupts of an AArch64 vCPU on seL4.
 *
 * What seL4 does differently from the built-in kernel, and what is made of it:
 * - A vCPU's general registers are its thread's: all are read at a fault and written
 *   when it goes on, which also resumes it.
 * - Virtual interrupts are given away one list register at a time, each with its
 *   end-of-interrupt maintenance; their state cannot be read back, nor can they be
 *   taken back. So one that was given away is shown as active until seL4 says that
 *   its end was signalled. While any is out, WFI does not halt: it may be pending.
 * - The virtual timer's interrupt is masked when it is told of, and must be
 *   acknowledged once its line is released.
 * - HVC is a system call of seL4; guests use SMC (their device tree says so).
 */
#include <base/memory.h>

#include "vcpu.h"

#ifdef CONFIG_ARM_GIC_V3_SUPPORT /* the SDK's kernel configuration */
#define GIC_VERSION 3u
#else
#define GIC_VERSION 2u
#endif

#define PSTATE_RESET 0x3c5u /* EL1h, DAIF masked */

#define LIST_REGISTERS    4u /* every GICv2 that seL4's platforms have offers four; more are never needed at once */
#define LIST_INTID(list)  ((uint16_t)((list)&0x3ffu))
#define LIST_PRIORITY     48
#define LIST_GROUP        60
#define LIST_PENDING      (1ull << 62)
#define LIST_ACTIVE       (1ull << 63)
#define LIST_STATE        (3ull << 62)
#define PRIORITY_SHIFT    3u /* seL4 counts the 32 levels that there are */
/* seL4 does not tell which priorities the guest masks, nor whether it enabled its CPU interface: as if all could be
 * delivered. A halted guest then wakes once too often rather than never. */
#define VMCR_OPEN         0xff000003u
#define MISR_END          1u
#define TIMER_INTID       27u
#define INSTRUCTION_BYTES 4u

/* Exception classes and fields of ESR_EL2 (Arm ARM D17.2.37). */
#define ESR_CLASS(esr)    ((uint32_t)(esr) >> 26)
#define CLASS_WFX         0x01u
#define CLASS_SMC64       0x17u
#define CLASS_SYSTEM      0x18u
#define ISS_VALID         (1u << 24)
#define ISS_SIGN_EXTEND   (1u << 21)
#define ISS_64_BITS       (1u << 15)
#define ISS_PAGE_WALK     (1u << 7)
#define ISS_WRITE         (1u << 6)
#define ISS_SYSTEM_FIELDS 0x3ffc1eu /* Op0, Op2, Op1, CRn, CRm */

static void read_registers(struct sel4_vcpu *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page.state;
    seL4_UserContext context;

    if (seL4_TCB_ReadRegisters(BASE_VM_TCB_CAP + vcpu->child, seL4_False, 0, sizeof(context) / sizeof(seL4_Word),
                               &context) != seL4_NoError) {
        return;
    }
    const seL4_Word values[VCPU_GPR_COUNT] = {
        context.x0,  context.x1,  context.x2,  context.x3,  context.x4,  context.x5,  context.x6,  context.x7,
        context.x8,  context.x9,  context.x10, context.x11, context.x12, context.x13, context.x14, context.x15,
        context.x16, context.x17, context.x18, context.x19, context.x20, context.x21, context.x22, context.x23,
        context.x24, context.x25, context.x26, context.x27, context.x28, context.x29, context.x30};
    memcpy(state->gpr, values, sizeof(values));
    state->pc = context.pc;
    state->pstate = context.spsr;
    state->sp_el0 = context.sp;
    state->tpidr_el0 = context.tpidr_el0;
    state->tpidrro_el0 = context.tpidrro_el0;
}

/* Writes all of them, and lets the thread run. */
static void write_registers(const struct sel4_vcpu *vcpu)
{
    const struct vcpu_arch_state *state = &vcpu->page.state;
    const uint64_t *x = state->gpr;
    seL4_UserContext context = {.pc = state->pc,
                                .sp = state->sp_el0,
                                .spsr = state->pstate,
                                .x0 = x[0],
                                .x1 = x[1],
                                .x2 = x[2],
                                .x3 = x[3],
                                .x4 = x[4],
                                .x5 = x[5],
                                .x6 = x[6],
                                .x7 = x[7],
                                .x8 = x[8],
                                .x16 = x[16],
                                .x17 = x[17],
                                .x18 = x[18],
                                .x29 = x[29],
                                .x30 = x[30],
                                .x9 = x[9],
                                .x10 = x[10],
                                .x11 = x[11],
                                .x12 = x[12],
                                .x13 = x[13],
                                .x14 = x[14],
                                .x15 = x[15],
                                .x19 = x[19],
                                .x20 = x[20],
                                .x21 = x[21],
                                .x22 = x[22],
                                .x23 = x[23],
                                .x24 = x[24],
                                .x25 = x[25],
                                .x26 = x[26],
                                .x27 = x[27],
                                .x28 = x[28],
                                .tpidr_el0 = state->tpidr_el0,
                                .tpidrro_el0 = state->tpidrro_el0};

    (void)seL4_TCB_WriteRegisters(BASE_VM_TCB_CAP + vcpu->child, seL4_True, 0, sizeof(context) / sizeof(seL4_Word),
                                  &context);
}

/* Registers of EL1 that seL4 keeps in the vCPU object. */
static const struct {
    uint16_t reg;
    uint16_t offset;
} el1_registers[] = {
#define REGISTER(name, field)                                                                                          \
    {                                                                                                                  \
        seL4_VCPUReg_##name, offsetof(struct vcpu_arch_state, field)                                                   \
    }
    REGISTER(SCTLR, sctlr_el1),
    REGISTER(CPACR, cpacr_el1),
    REGISTER(TTBR0, ttbr0_el1),
    REGISTER(TTBR1, ttbr1_el1),
    REGISTER(TCR, tcr_el1),
    REGISTER(MAIR, mair_el1),
    REGISTER(AMAIR, amair_el1),
    REGISTER(CIDR, contextidr_el1),
    REGISTER(AFSR0, afsr0_el1),
    REGISTER(AFSR1, afsr1_el1),
    REGISTER(ESR, esr_el1),
    REGISTER(FAR, far_el1),
    REGISTER(PAR, par_el1),
    REGISTER(VBAR, vbar_el1),
    REGISTER(TPIDR_EL1, tpidr_el1),
    REGISTER(SP_EL1, sp_el1),
    REGISTER(ELR_EL1, elr_el1),
    REGISTER(SPSR_EL1, spsr_el1),
    REGISTER(CNTKCTL_EL1, cntkctl_el1),
};
static const struct {
    uint16_t reg;
    uint16_t offset;
} timer_registers[] = {REGISTER(CNTV_CTL, cntv_ctl), REGISTER(CNTV_CVAL, cntv_cval), REGISTER(CNTVOFF, cntvoff)};
#undef REGISTER

static uint64_t *field_at(struct sel4_vcpu *vcpu, uint16_t offset)
{
    return (uint64_t *)(void *)((char *)&vcpu->page.state + offset);
}

void sel4_vcpu_read(struct sel4_vcpu *vcpu, uint32_t groups)
{
    if ((groups & VCPU_STATE_EL1) != 0) {
        for (size_t i = 0; i < sizeof(el1_registers) / sizeof(el1_registers[0]); i++) {
            *field_at(vcpu, el1_registers[i].offset) = microkit_vcpu_arm_read_reg(vcpu->child, el1_registers[i].reg);
        }
    }
    if ((groups & VCPU_STATE_TIMER) != 0) {
        for (size_t i = 0; i < sizeof(timer_registers) / sizeof(timer_registers[0]); i++) {
            *field_at(vcpu, timer_registers[i].offset) =
                microkit_vcpu_arm_read_reg(vcpu->child, timer_registers[i].reg);
        }
    }
}

static void write_dirty(struct sel4_vcpu *vcpu)
{
    uint32_t dirty = vcpu->page.control.dirty;

    if (dirty == 0) {
        return;
    }
    vcpu->page.control.dirty = 0;
    if ((dirty & VCPU_STATE_EL1) != 0) {
        for (size_t i = 0; i < sizeof(el1_registers) / sizeof(el1_registers[0]); i++) {
            microkit_vcpu_arm_write_reg(vcpu->child, el1_registers[i].reg, *field_at(vcpu, el1_registers[i].offset));
        }
    }
    if ((dirty & VCPU_STATE_TIMER) != 0) {
        for (size_t i = 0; i < sizeof(timer_registers) / sizeof(timer_registers[0]); i++) {
            microkit_vcpu_arm_write_reg(vcpu->child, timer_registers[i].reg,
                                        *field_at(vcpu, timer_registers[i].offset));
        }
    }
    if ((dirty & VCPU_STATE_IDENTITY) != 0) {
        microkit_vcpu_arm_write_reg(vcpu->child, seL4_VCPUReg_VMPIDR_EL2, vcpu->page.state.vmpidr);
    }
}

/* --- Virtual interrupts --- */

static void inject(struct sel4_vcpu *vcpu, uint32_t index, uint64_t list)
{
    vcpu->injected[index] = list;
    microkit_vcpu_arm_inject_irq(vcpu->child, LIST_INTID(list),
                                 (seL4_Uint8)((list >> LIST_PRIORITY & 0xff) >> PRIORITY_SHIFT),
                                 (seL4_Uint8)(list >> LIST_GROUP & 1), (seL4_Uint8)index);
}

/* Gives away what the VMM put into list registers. */
static void sync_interrupts(struct sel4_vcpu *vcpu)
{
    for (uint32_t i = 0; i < LIST_REGISTERS; i++) {
        uint64_t list = vcpu->page.state.gic.list[i];
        if (vcpu->injected[i] == 0) {
            if ((list & LIST_PENDING) != 0) {
                inject(vcpu, i, list);
            }
        } else if ((list & LIST_PENDING) != 0 && LIST_INTID(list) == LIST_INTID(vcpu->injected[i])) {
            vcpu->again |= 1u << i;
        }
        vcpu->page.state.gic.list[i] = vcpu->injected[i] == 0 ? 0 : (vcpu->injected[i] & ~LIST_STATE) | LIST_ACTIVE;
    }
}

/* seL4 says that the guest signalled the end of the interrupt in a list register. */
static void interrupt_ended(struct sel4_vcpu *vcpu, uint32_t index)
{
    struct vcpu_gic *gic = &vcpu->page.state.gic;

    if (index >= LIST_REGISTERS || vcpu->injected[index] == 0) {
        return;
    }
    uint64_t list = vcpu->injected[index];
    vcpu->injected[index] = 0;
    gic->list[index] = 0;
    if ((vcpu->again >> index & 1) != 0) {
        vcpu->again &= ~(1u << index);
        gic->list[index] = list; /* still pending: sync_interrupts() gives it away again */
        return;
    }
    gic->maintenance = MISR_END;
    gic->end_of_interrupt_status = 1u << index;
}

static bool any_injected(const struct sel4_vcpu *vcpu)
{
    for (uint32_t i = 0; i < LIST_REGISTERS; i++) {
        if (vcpu->injected[i] != 0) {
            return true;
        }
    }
    return false;
}

/* --- Faults --- */

static void exit_memory(struct sel4_vcpu *vcpu)
{
    struct vcpu_exit *exit = &vcpu->page.exit;
    uint64_t syndrome = microkit_mr_get(seL4_VMFault_FSR);
    bool fetch = microkit_mr_get(seL4_VMFault_PrefetchFault) != 0;

    exit->kind = VCPU_EXIT_MEMORY;
    exit->hardware_code = syndrome;
    exit->memory.gpa = microkit_mr_get(seL4_VMFault_Addr);
    exit->memory.access = fetch                         ? VCPU_ACCESS_FETCH
                          : (syndrome & ISS_WRITE) != 0 ? VCPU_ACCESS_WRITE
                                                        : VCPU_ACCESS_READ;
    if ((syndrome & ISS_PAGE_WALK) != 0) {
        exit->memory.access |= VCPU_ACCESS_PAGE_WALK;
    }
    if (!fetch && (syndrome & ISS_VALID) != 0) {
        exit->memory.width = (uint8_t)(1u << (syndrome >> 22 & 3));
        exit->memory.gpr = (uint8_t)(syndrome >> 16 & 31);
        exit->memory.sign_extend = (syndrome & ISS_SIGN_EXTEND) != 0;
        exit->memory.register_width = (syndrome & ISS_64_BITS) != 0 ? 8 : 4;
    }
}

/* What armv8's other traps are told by: ESR_EL2. False: the vCPU goes on at once. */
static bool exit_trap(struct sel4_vcpu *vcpu)
{
    struct vcpu_exit *exit = &vcpu->page.exit;
    uint32_t syndrome = (uint32_t)microkit_mr_get(seL4_VCPUFault_HSR);

    exit->hardware_code = syndrome;
    switch (ESR_CLASS(syndrome)) {
    case CLASS_WFX:
        if ((syndrome & 1) != 0) {
            exit->kind = VCPU_EXIT_PAUSE;
        } else if (any_injected(vcpu)) {
            vcpu->page.state.pc += INSTRUCTION_BYTES;
            return false;
        } else {
            exit->kind = VCPU_EXIT_HALT;
        }
        return true;
    case CLASS_SMC64:
        exit->kind = VCPU_EXIT_SECURE_CALL;
        exit->call.immediate = syndrome & 0xffff;
        return true;
    case CLASS_SYSTEM:
        exit->kind = VCPU_EXIT_SYSTEM_REGISTER;
        exit->system_register.encoding = syndrome & ISS_SYSTEM_FIELDS;
        exit->system_register.write = (syndrome & 1) == 0;
        exit->system_register.gpr = (uint8_t)(syndrome >> 5 & 31);
        return true;
    default:
        exit->kind = VCPU_EXIT_EXCEPTION;
        exit->exception.vector = ESR_CLASS(syndrome);
        exit->exception.error_code = syndrome & 0x1ffffff;
        return true;
    }
}

bool sel4_vcpu_exit(struct sel4_vcpu *vcpu, microkit_msginfo message)
{
    struct vcpu_exit *exit = &vcpu->page.exit;

    vcpu->running = false;
    memset(exit, 0, sizeof(*exit));
    exit->instruction_length = INSTRUCTION_BYTES;
    bool needed = true;
    uint32_t label = (uint32_t)microkit_msginfo_get_label(message);
    /* The message first: reading registers overwrites it. */
    switch (label) {
    case seL4_Fault_VMFault:
        exit_memory(vcpu);
        read_registers(vcpu);
        break;
    case seL4_Fault_VCPUFault: {
        seL4_Word syndrome = microkit_mr_get(seL4_VCPUFault_HSR);
        read_registers(vcpu);
        microkit_mr_set(seL4_VCPUFault_HSR, syndrome);
        needed = exit_trap(vcpu);
        break;
    }
    case seL4_Fault_VGICMaintenance: {
        seL4_Word index = microkit_mr_get(seL4_VGICMaintenance_IDX);
        read_registers(vcpu);
        exit->kind = VCPU_EXIT_INTERRUPT_WINDOW;
        interrupt_ended(vcpu, (uint32_t)index);
        break;
    }
    case seL4_Fault_VPPIEvent: {
        uint32_t intid = (uint32_t)microkit_mr_get(seL4_VPPIEvent_IRQ);
        read_registers(vcpu);
        exit->kind = intid == TIMER_INTID ? VCPU_EXIT_TIMER : VCPU_EXIT_NONE;
        vcpu->timer_masked = vcpu->timer_masked || intid == TIMER_INTID;
        break;
    }
    default: /* HVC, and whatever a guest makes of it */
        read_registers(vcpu);
        exit->kind = VCPU_EXIT_INSTRUCTION;
        exit->hardware_code = label;
        break;
    }
    if (exit->kind == VCPU_EXIT_HALT || exit->kind == VCPU_EXIT_TIMER || vcpu->timer_masked) {
        sel4_vcpu_read(vcpu, VCPU_STATE_TIMER);
    }
    return needed;
}

void sel4_vcpu_settle(struct sel4_vcpu *vcpu, bool timer_asserted)
{
    if (!vcpu->on) {
        if (!vcpu->stopped) { /* nor may it wait for a reply when this thread receives the next message */
            microkit_vcpu_stop(vcpu->child);
            vcpu->stopped = true;
        }
        if (vcpu->running) {
            vcpu->running = false;
            read_registers(vcpu);
        }
        return;
    }
    sync_interrupts(vcpu);
    if (vcpu->timer_masked && !timer_asserted) {
        vcpu->timer_masked = false;
        microkit_vcpu_arm_ack_vppi(vcpu->child, TIMER_INTID);
    }
    if (!vcpu->running) {
        write_dirty(vcpu);
        vcpu->running = true;
        vcpu->stopped = false;
        write_registers(vcpu);
    }
}

void sel4_vcpu_init(struct sel4_vcpu *vcpu, microkit_child child)
{
    memset(vcpu, 0, sizeof(*vcpu));
    vcpu->child = child;
    vcpu->stopped = true;
    vcpu->page.state.pstate = PSTATE_RESET;
    vcpu->page.state.gic.list_count = LIST_REGISTERS;
    vcpu->page.state.gic.version = GIC_VERSION;
    vcpu->page.state.gic.vmcr = VMCR_OPEN;
}
