/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers, faults and virtual interrupts of an AArch64 vCPU on seL4.
 *
 * What seL4 does differently from the built-in kernel, and what is made of it:
 * - A vCPU's general registers are its thread's. Those that an exit may be about are
 *   read, and written back before the reply; the others stay where they are.
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
/* CNTV_CTL_EL0 */
#define TIMER_ENABLE      1u
#define TIMER_MASK        2u
#define TIMER_STATUS      4u
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

/* --- General registers --- */

/* The first so many registers of seL4_UserContext are copied at once: where each is. */
#define REGISTERS_ALL     ((uint32_t)(sizeof(seL4_UserContext) / sizeof(seL4_Word)))
#define REGISTERS_PC      1u
#define REGISTERS_CONTROL 3u  /* pc, sp, spsr */
#define REGISTERS_CALL    14u /* and x0-x8, x16, x17 */

static const uint16_t register_offsets[] = {
#define FIELD(field) offsetof(struct vcpu_arch_state, field)
    FIELD(pc),      FIELD(sp_el0),  FIELD(pstate),  FIELD(gpr[0]),  FIELD(gpr[1]),    FIELD(gpr[2]),
    FIELD(gpr[3]),  FIELD(gpr[4]),  FIELD(gpr[5]),  FIELD(gpr[6]),  FIELD(gpr[7]),    FIELD(gpr[8]),
    FIELD(gpr[16]), FIELD(gpr[17]), FIELD(gpr[18]), FIELD(gpr[29]), FIELD(gpr[30]),   FIELD(gpr[9]),
    FIELD(gpr[10]), FIELD(gpr[11]), FIELD(gpr[12]), FIELD(gpr[13]), FIELD(gpr[14]),   FIELD(gpr[15]),
    FIELD(gpr[19]), FIELD(gpr[20]), FIELD(gpr[21]), FIELD(gpr[22]), FIELD(gpr[23]),   FIELD(gpr[24]),
    FIELD(gpr[25]), FIELD(gpr[26]), FIELD(gpr[27]), FIELD(gpr[28]), FIELD(tpidr_el0), FIELD(tpidrro_el0),
#undef FIELD
};
_Static_assert(sizeof(register_offsets) / sizeof(register_offsets[0]) == REGISTERS_ALL,
               "seL4 has the same registers in the same order");

/* How many registers to copy to have x<gpr>; 31 is the zero register. */
static uint32_t registers_with(uint32_t gpr)
{
    static const uint8_t counts[32] = {4,  5,  6,  7,  8,  9,  10, 11, 12, 18, 19, 20, 21, 22, 23, 24,
                                       13, 14, 15, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 16, 17, REGISTERS_CONTROL};
    return counts[gpr];
}

static uint64_t *field_at(struct sel4_vcpu *vcpu, uint16_t offset)
{
    return (uint64_t *)(void *)((char *)&vcpu->page.state + offset);
}

/* Has the first `count` registers in the page. What is there already stays: the VMM may have changed it. */
static void read_registers(struct sel4_vcpu *vcpu, uint32_t count)
{
    seL4_UserContext context;

    if (count <= vcpu->arch.registers ||
        seL4_TCB_ReadRegisters(BASE_VM_TCB_CAP + vcpu->child, seL4_False, 0, count, &context) != seL4_NoError) {
        return;
    }
    const seL4_Word *values = (const seL4_Word *)&context;
    for (uint32_t i = vcpu->arch.registers; i < count; i++) {
        *field_at(vcpu, register_offsets[i]) = values[i];
    }
    vcpu->arch.registers = count;
}

/* Writes those that may have changed. resume: the thread, which waits for no reply, runs on. */
static void write_registers(struct sel4_vcpu *vcpu, bool resume)
{
    uint32_t count = vcpu->arch.changed < vcpu->arch.registers ? vcpu->arch.changed : vcpu->arch.registers;
    vcpu->arch.registers = 0;
    vcpu->arch.changed = 0;
    if (count == 0) {
        if (resume) {
            (void)seL4_TCB_Resume(BASE_VM_TCB_CAP + vcpu->child);
        }
        return;
    }
    seL4_UserContext context = {0}; /* all of it passes through the IPC buffer */
    seL4_Word *values = (seL4_Word *)&context;
    for (uint32_t i = 0; i < count; i++) {
        values[i] = *field_at(vcpu, register_offsets[i]);
    }
    (void)seL4_TCB_WriteRegisters(BASE_VM_TCB_CAP + vcpu->child, resume, 0, count, &context);
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

void sel4_vcpu_read(struct sel4_vcpu *vcpu, uint32_t groups)
{
    if ((groups & VCPU_STATE_EL1) != 0) {
        read_registers(vcpu, REGISTERS_ALL); /* some of the group are the thread's */
        vcpu->arch.changed = REGISTERS_ALL;
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

/* --- The virtual timer --- */

/* Whether it asserts its interrupt now, in the words that the VMM's core looks at; it need not know when it will, for
 * the vCPU runs on. */
static void show_timer(struct sel4_vcpu *vcpu, bool asserted)
{
    vcpu->page.state.cntv_ctl = asserted ? TIMER_ENABLE : 0;
    vcpu->page.state.cntv_cval = 0;
}

static void look_at_timer(struct sel4_vcpu *vcpu)
{
    uint64_t control = microkit_vcpu_arm_read_reg(vcpu->child, seL4_VCPUReg_CNTV_CTL);
    show_timer(vcpu, (control & (TIMER_ENABLE | TIMER_MASK | TIMER_STATUS)) == (TIMER_ENABLE | TIMER_STATUS));
}

/* --- Virtual interrupts --- */

/* List register of the kernel's, of those in `lists`, that has the interrupt; or LIST_REGISTERS. */
static uint32_t find(const uint64_t *lists, uint32_t intid)
{
    uint32_t index = 0;
    while (index < LIST_REGISTERS && (lists[index] == 0 || LIST_INTID(lists[index]) != intid)) {
        index++;
    }
    return index;
}

static bool inject_into(struct sel4_vcpu *vcpu, uint64_t list, uint32_t index)
{
    if (seL4_ARM_VCPU_InjectIRQ(BASE_VCPU_CAP + vcpu->child, LIST_INTID(list),
                                (seL4_Uint8)((list >> LIST_PRIORITY & 0xff) >> PRIORITY_SHIFT),
                                (seL4_Uint8)(list >> LIST_GROUP & 1), (seL4_Uint8)index) != seL4_NoError) {
        return false; /* the kernel knows one from before a reset to be active there */
    }
    vcpu->arch.injected[index] = list;
    vcpu->arch.stale[index] = 0;
    return true;
}

/* False: the kernel has something else under way in all its list registers. */
static bool inject(struct sel4_vcpu *vcpu, uint64_t list)
{
    /* No interrupt may be in two list registers. */
    uint32_t stale = find(vcpu->arch.stale, LIST_INTID(list));
    if (stale < LIST_REGISTERS && inject_into(vcpu, list, stale)) {
        return true;
    }
    for (uint32_t i = 0; i < LIST_REGISTERS; i++) {
        if (vcpu->arch.injected[i] == 0 && vcpu->arch.stale[i] == 0 && inject_into(vcpu, list, i)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < LIST_REGISTERS; i++) {
        if (vcpu->arch.injected[i] == 0 && inject_into(vcpu, list, i)) {
            return true;
        }
    }
    return false;
}

/* Gives away what the VMM put into list registers. The kernel's need not be the same ones as the VMM's. */
static void sync_interrupts(struct sel4_vcpu *vcpu)
{
    for (uint32_t i = 0; i < LIST_REGISTERS; i++) {
        uint64_t *list = &vcpu->page.state.gic.list[i];
        if ((*list & LIST_STATE) == 0) {
            continue;
        }
        if (find(vcpu->arch.injected, LIST_INTID(*list)) < LIST_REGISTERS) {
            *list |= LIST_ACTIVE; /* and pending once more, if the VMM says so: for its end */
        } else if ((*list & LIST_PENDING) != 0 && inject(vcpu, *list)) {
            *list = (*list & ~LIST_STATE) | LIST_ACTIVE;
        }
    }
}

/* seL4 says that the guest signalled the end of the interrupt in a list register. */
static void interrupt_ended(struct sel4_vcpu *vcpu, uint64_t index)
{
    struct vcpu_gic *gic = &vcpu->page.state.gic;

    gic->maintenance = 0;
    gic->end_of_interrupt_status = 0;
    if (index >= LIST_REGISTERS || (vcpu->arch.injected[index] | vcpu->arch.stale[index]) == 0) {
        return;
    }
    uint32_t intid = LIST_INTID(vcpu->arch.injected[index] | vcpu->arch.stale[index]); /* one of them is 0 */
    vcpu->arch.injected[index] = 0;
    vcpu->arch.stale[index] = 0;
    uint32_t other = find(vcpu->arch.injected, intid);
    if (other < LIST_REGISTERS) {
        vcpu->arch.injected[other] = 0; /* the guest ended one from before a reset and means this one */
    }
    gic->maintenance = MISR_END;
    for (uint32_t i = 0; i < LIST_REGISTERS; i++) {
        if ((gic->list[i] & LIST_ACTIVE) != 0 && LIST_INTID(gic->list[i]) == intid) {
            gic->end_of_interrupt_status = 1u << i;
            /* Pending once more: sync_interrupts() gives it away again, if the VMM does not think better of it. */
            gic->list[i] = (gic->list[i] & LIST_PENDING) != 0 ? gic->list[i] & ~LIST_ACTIVE : 0;
        }
    }
    if (intid == TIMER_INTID) {
        look_at_timer(vcpu);
    }
}

static bool any_injected(const struct sel4_vcpu *vcpu)
{
    for (uint32_t i = 0; i < LIST_REGISTERS; i++) {
        if (vcpu->arch.injected[i] != 0) {
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
        uint32_t count = registers_with(exit->memory.gpr);
        read_registers(vcpu, count > REGISTERS_CONTROL ? count : REGISTERS_CONTROL);
        /* A write changes no general register. */
        vcpu->arch.changed = (syndrome & ISS_WRITE) != 0 ? REGISTERS_CONTROL : vcpu->arch.registers;
    } else {
        read_registers(vcpu, REGISTERS_ALL);
        vcpu->arch.changed = REGISTERS_ALL;
    }
}

/* What armv8's other traps are told by: ESR_EL2. False: the vCPU goes on at once. */
static bool exit_trap(struct sel4_vcpu *vcpu)
{
    struct vcpu_exit *exit = &vcpu->page.exit;
    uint32_t syndrome = (uint32_t)microkit_mr_get(seL4_VCPUFault_HSR); /* reading registers overwrites it */
    uint32_t count = REGISTERS_ALL;

    exit->hardware_code = syndrome;
    switch (ESR_CLASS(syndrome)) {
    case CLASS_WFX:
        count = REGISTERS_PC;
        exit->kind = (syndrome & 1) != 0 ? VCPU_EXIT_PAUSE : VCPU_EXIT_HALT;
        break;
    case CLASS_SMC64:
        count = REGISTERS_CALL;
        exit->kind = VCPU_EXIT_SECURE_CALL;
        exit->call.immediate = syndrome & 0xffff;
        break;
    case CLASS_SYSTEM:
        exit->kind = VCPU_EXIT_SYSTEM_REGISTER;
        exit->system_register.encoding = syndrome & ISS_SYSTEM_FIELDS;
        exit->system_register.write = (syndrome & 1) == 0;
        exit->system_register.gpr = (uint8_t)(syndrome >> 5 & 31);
        break;
    default:
        exit->kind = VCPU_EXIT_EXCEPTION;
        exit->exception.vector = ESR_CLASS(syndrome);
        exit->exception.error_code = syndrome & 0x1ffffff;
        break;
    }
    read_registers(vcpu, count);
    vcpu->arch.changed = count;
    if (exit->kind == VCPU_EXIT_HALT) {
        if (any_injected(vcpu)) {
            vcpu->page.state.pc += INSTRUCTION_BYTES;
            return false;
        }
        sel4_vcpu_read(vcpu, VCPU_STATE_TIMER); /* it may have to wake the guest */
    }
    return true;
}

bool sel4_vcpu_exit(struct sel4_vcpu *vcpu, microkit_msginfo message)
{
    struct vcpu_exit *exit = &vcpu->page.exit;

    vcpu->arch.progress = SEL4_VCPU_FAULTED;
    vcpu->touched = true;
    vcpu->arch.registers = 0;
    vcpu->arch.changed = 0;
    memset(exit, 0, sizeof(*exit));
    exit->instruction_length = INSTRUCTION_BYTES;
    bool needed = true;
    uint32_t label = (uint32_t)microkit_msginfo_get_label(message);
    switch (label) {
    case seL4_Fault_VMFault:
        exit_memory(vcpu);
        break;
    case seL4_Fault_VCPUFault:
        needed = exit_trap(vcpu);
        break;
    case seL4_Fault_VGICMaintenance:
        exit->kind = VCPU_EXIT_INTERRUPT_WINDOW;
        interrupt_ended(vcpu, microkit_mr_get(seL4_VGICMaintenance_IDX));
        break;
    case seL4_Fault_VPPIEvent:
        exit->kind = VCPU_EXIT_NONE;
        if (microkit_mr_get(seL4_VPPIEvent_IRQ) == TIMER_INTID) {
            exit->kind = VCPU_EXIT_TIMER;
            vcpu->arch.timer_masked = true;
            show_timer(vcpu, true);
        }
        break;
    default: /* HVC, and whatever a guest makes of it */
        read_registers(vcpu, REGISTERS_ALL);
        vcpu->arch.changed = REGISTERS_ALL;
        exit->kind = VCPU_EXIT_INSTRUCTION;
        exit->hardware_code = label;
        break;
    }
    if (vcpu->arch.timer_masked && exit->kind != VCPU_EXIT_TIMER && exit->kind != VCPU_EXIT_HALT &&
        find(vcpu->arch.injected, TIMER_INTID) == LIST_REGISTERS) {
        look_at_timer(vcpu); /* no end of its interrupt will tell that its line was released */
    }
    return needed;
}

void sel4_vcpu_interrupted(struct sel4_vcpu *vcpu)
{
    (void)vcpu; /* it has a thread of its own, which runs on */
}

static void stop(struct sel4_vcpu *vcpu)
{
    if (vcpu->arch.progress != SEL4_VCPU_STOPPED) {
        microkit_vcpu_stop(vcpu->child);
        vcpu->arch.progress = SEL4_VCPU_STOPPED;
    }
}

/* The VMM set the whole state: the vCPU starts anew. What its registers were is of no interest, nor are interrupts that
 * were under way; their list registers are used again, for the kernel does not take them back. */
static void start_anew(struct sel4_vcpu *vcpu)
{
    if (vcpu->arch.progress == SEL4_VCPU_RUNNING) {
        stop(vcpu);
    }
    vcpu->arch.registers = REGISTERS_ALL;
    vcpu->arch.changed = REGISTERS_ALL;
    for (uint32_t i = 0; i < LIST_REGISTERS; i++) {
        vcpu->arch.stale[i] |= vcpu->arch.injected[i]; /* one of them is 0 */
        vcpu->arch.injected[i] = 0;
    }
}

bool sel4_vcpu_settle(struct sel4_vcpu *vcpu, bool timer_asserted)
{
    vcpu->touched = false;
    if (vcpu->page.control.dirty == VCPU_STATE_ALL) {
        start_anew(vcpu);
    }
    if (!vcpu->on) {
        stop(vcpu); /* nor may it wait for a reply when this thread receives the next message */
        return false;
    }
    sync_interrupts(vcpu);
    if (vcpu->arch.timer_masked && !timer_asserted) {
        vcpu->arch.timer_masked = false;
        microkit_vcpu_arm_ack_vppi(vcpu->child, TIMER_INTID);
    }
    write_dirty(vcpu);
    enum sel4_vcpu_progress before = vcpu->arch.progress;
    if (before != SEL4_VCPU_RUNNING) {
        vcpu->arch.progress = SEL4_VCPU_RUNNING;
        write_registers(vcpu, before == SEL4_VCPU_STOPPED);
    }
    return before == SEL4_VCPU_FAULTED;
}

void sel4_vcpu_init(struct sel4_vcpu *vcpu, microkit_child child)
{
    memset(vcpu, 0, sizeof(*vcpu));
    vcpu->child = child;
    vcpu->arch.progress = SEL4_VCPU_STOPPED;
    vcpu->page.state.pstate = PSTATE_RESET;
    vcpu->page.state.gic.list_count = LIST_REGISTERS;
    vcpu->page.state.gic.version = GIC_VERSION;
    vcpu->page.state.gic.vmcr = VMCR_OPEN;
}
