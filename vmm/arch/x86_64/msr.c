/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VCPU_EXIT_MSR: RDMSR and WRMSR. The registers of the local APIC come first;
 * all others are in a sorted table. One that is not in it does not exist: #GP(0)
 * and a counted log line (AMD APM vol. 2 appendix A, Intel SDM vol. 4).
 */
#include <vmm/arch/execution.h>
#include <vmm/hv.h>

struct msr_range {
    uint32_t first, last;
    /* False: #GP(0). */
    bool (*read)(struct vcpu_context *vcpu, uint32_t index, uint64_t *value);
    bool (*write)(struct vcpu_context *vcpu, uint32_t index, uint64_t value);
};

static bool canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/* --- Registers that read as zero and take any value, or only zero --- */

static bool read_zero(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)vcpu;
    (void)index;
    *value = 0;
    return true;
}

static bool write_ignored(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    (void)vcpu;
    (void)index;
    (void)value;
    return true;
}

static bool write_zero(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    (void)vcpu;
    (void)index;
    return value == 0;
}

static bool amd_only(const struct vcpu_context *vcpu)
{
    return vcpu->vm->arch.cpuid.is_amd;
}

static bool read_zero_amd(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    return amd_only(vcpu) && read_zero(vcpu, index, value);
}

static bool write_ignored_amd(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    return amd_only(vcpu) && write_ignored(vcpu, index, value);
}

static bool read_zero_intel(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    return !amd_only(vcpu) && read_zero(vcpu, index, value);
}

static bool write_ignored_intel(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    return !amd_only(vcpu) && write_ignored(vcpu, index, value);
}

/* --- Time --- */

static void set_tsc_offset(struct vcpu_context *vcpu, uint64_t offset)
{
    vcpu->arch.tsc_offset = offset;
    vcpu->page->state.tsc_offset = offset;
    lapic_set_tsc_offset(&vcpu->arch.lapic, (int64_t)offset);
}

static bool read_tsc(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    *value = hv_now() + vcpu->arch.tsc_offset;
    return true;
}

/* The kernel cannot give the guest a TSC of its own. */
static bool host_tsc(const struct vcpu_context *vcpu)
{
    return (vcpu->page->state.limits & VCPU_LIMIT_TSC) != 0;
}

static bool move_tsc(struct vcpu_context *vcpu, uint64_t by)
{
    if (!execution_need(vcpu, VCPU_STATE_MISC)) {
        return false;
    }
    set_tsc_offset(vcpu, vcpu->arch.tsc_offset + by);
    execution_dirty(vcpu, VCPU_STATE_MISC);
    return true;
}

/* A change of the TSC shows in TSC_ADJUST and the other way round (SDM vol. 3 §18.17.3). */
static bool write_tsc(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    (void)index;
    if (host_tsc(vcpu)) {
        return false;
    }
    uint64_t by = value - (hv_now() + vcpu->arch.tsc_offset);
    vcpu->arch.msrs.tsc_adjust += by;
    return move_tsc(vcpu, by);
}

static bool read_tsc_adjust(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    *value = vcpu->arch.msrs.tsc_adjust;
    return !host_tsc(vcpu);
}

static bool write_tsc_adjust(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    (void)index;
    if (host_tsc(vcpu)) {
        return false;
    }
    uint64_t by = value - vcpu->arch.msrs.tsc_adjust;
    vcpu->arch.msrs.tsc_adjust = value;
    return move_tsc(vcpu, by);
}

/* --- State that the processor has --- */

struct state_register {
    uint32_t index;
    uint32_t group;
    uint32_t offset; /* in struct vcpu_arch_state */
    bool is_address; /* must be canonical */
};

#define STATE(member) ((uint32_t)offsetof(struct vcpu_arch_state, member))

static const struct state_register state_registers[] = {
    {0x174, VCPU_STATE_SYSCALL, STATE(sysenter_cs), false},
    {0x175, VCPU_STATE_SYSCALL, STATE(sysenter_esp), true},
    {0x176, VCPU_STATE_SYSCALL, STATE(sysenter_eip), true},
    {0xc0000081, VCPU_STATE_SYSCALL, STATE(star), false},
    {0xc0000082, VCPU_STATE_SYSCALL, STATE(lstar), true},
    {0xc0000083, VCPU_STATE_SYSCALL, STATE(cstar), true},
    {0xc0000084, VCPU_STATE_SYSCALL, STATE(sfmask), false},
    {0xc0000100, VCPU_STATE_SEGMENTS, STATE(fs.base), true},
    {0xc0000101, VCPU_STATE_SEGMENTS, STATE(gs.base), true},
    {0xc0000102, VCPU_STATE_SYSCALL, STATE(kernel_gs_base), true},
    {0xc0000103, VCPU_STATE_MISC, STATE(tsc_aux), false},
};

static const struct state_register *find_state(uint32_t index)
{
    for (size_t i = 0; i < sizeof(state_registers) / sizeof(state_registers[0]); i++) {
        if (state_registers[i].index == index) {
            return &state_registers[i];
        }
    }
    return NULL;
}

static uint64_t *state_slot(struct vcpu_context *vcpu, const struct state_register *reg)
{
    return (uint64_t *)(void *)((uint8_t *)&vcpu->page->state + reg->offset);
}

static bool read_state(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    const struct state_register *reg = find_state(index);
    if (reg == NULL || !execution_need(vcpu, reg->group)) {
        return false;
    }
    *value = *state_slot(vcpu, reg);
    return true;
}

static bool write_state(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    const struct state_register *reg = find_state(index);
    if (reg == NULL || (reg->is_address && !canonical(value)) || !execution_need(vcpu, reg->group)) {
        return false;
    }
    if (index == 0x174 || index == 0xc0000084 || index == 0xc0000103) { /* 32 bits wide */
        value &= UINT32_MAX;
    }
    *state_slot(vcpu, reg) = value;
    execution_dirty(vcpu, reg->group);
    return true;
}

static bool read_pat(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    if (!execution_need(vcpu, VCPU_STATE_MISC)) {
        return false;
    }
    *value = vcpu->page->state.pat;
    return true;
}

static bool memory_type_valid(uint64_t type)
{
    return type <= 7 && type != 2 && type != 3;
}

static bool write_pat(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    (void)index;
    for (int i = 0; i < 8; i++) {
        if (!memory_type_valid(value >> (8 * i) & 0xff)) {
            return false;
        }
    }
    if (!execution_need(vcpu, VCPU_STATE_MISC)) {
        return false;
    }
    vcpu->page->state.pat = value;
    execution_dirty(vcpu, VCPU_STATE_MISC);
    return true;
}

static bool read_efer(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    *value = vcpu->page->state.efer;
    return true;
}

/* LMA is the processor's; LME cannot change while paging is on (APM vol. 2 §3.1.7). */
static bool write_efer(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    (void)index;
    struct vcpu_arch_state *state = &vcpu->page->state;
    if ((value & ~vcpu->vm->arch.cpuid.efer_allowed) != 0 ||
        (((value ^ state->efer) & EFER_LME) != 0 && (state->cr0 & CR0_PG) != 0)) {
        return false;
    }
    state->efer = (value & ~EFER_LMA) | (state->efer & EFER_LMA);
    execution_dirty(vcpu, VCPU_STATE_CONTROL);
    return true;
}

/* --- Memory type range registers: kept, without effect (the nested tables decide) --- */

static bool read_mtrr_capability(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)vcpu;
    (void)index;
    *value = X86_MTRR_VARIABLE_COUNT | 1u << 8 | 1u << 10; /* fixed ranges, write combining */
    return true;
}

static uint64_t *mtrr_slot(struct vcpu_context *vcpu, uint32_t index)
{
    static const uint32_t fixed[11] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
    if (index == 0x2ff) {
        return &vcpu->arch.msrs.mtrr_default;
    }
    if (index >= 0x200 && index < 0x200 + 2 * X86_MTRR_VARIABLE_COUNT) {
        return &vcpu->arch.msrs.mtrr_variable[index - 0x200];
    }
    for (size_t i = 0; i < 11; i++) {
        if (fixed[i] == index) {
            return &vcpu->arch.msrs.mtrr_fixed[i];
        }
    }
    return NULL;
}

static bool read_mtrr(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    const uint64_t *slot = mtrr_slot(vcpu, index);
    if (slot == NULL) {
        return false;
    }
    *value = *slot;
    return true;
}

static bool mtrr_type_valid(uint64_t type)
{
    return type == 0 || type == 1 || type == 4 || type == 5 || type == 6;
}

static bool write_mtrr(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    uint64_t *slot = mtrr_slot(vcpu, index);
    uint64_t address = ((1ull << vcpu->vm->arch.cpuid.physical_bits) - 1) & ~0xfffull;
    if (slot == NULL) {
        return false;
    }
    if (index == 0x2ff) {
        if ((value & ~0xcffull) != 0 || !mtrr_type_valid(value & 0xff)) {
            return false;
        }
    } else if (index < 0x250) {
        uint64_t low = (index & 1u) != 0 ? 1ull << 11 : 0xffull;
        if ((value & ~(address | low)) != 0 || ((index & 1u) == 0 && !mtrr_type_valid(value & 0xff))) {
            return false;
        }
    } else {
        for (int i = 0; i < 8; i++) {
            if (!mtrr_type_valid(value >> (8 * i) & 0xff)) {
                return false;
            }
        }
    }
    *slot = value;
    return true;
}

/* --- Machine check: banks that never report anything --- */

static bool read_mcg_capability(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)vcpu;
    (void)index;
    *value = X86_MCE_BANK_COUNT;
    return true;
}

static bool read_mcg_status(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    *value = vcpu->arch.msrs.mcg_status;
    return true;
}

static bool write_mcg_status(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    (void)index;
    vcpu->arch.msrs.mcg_status = value;
    return (value & ~7ull) == 0;
}

static bool read_mce_bank(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    *value = vcpu->arch.msrs.mce_bank[index - 0x400];
    return true;
}

/* CTL keeps its bits; STATUS, ADDR and MISC can only be cleared. */
static bool write_mce_bank(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    if ((index & 3u) != 0 && value != 0) {
        return false;
    }
    vcpu->arch.msrs.mce_bank[index - 0x400] = value;
    return true;
}

/* --- Kept without effect --- */

static uint64_t *kept_slot(struct vcpu_context *vcpu, uint32_t index)
{
    switch (index) {
    case 0x8b:
        return &vcpu->arch.msrs.patch_level;
    case 0x1a0:
        return &vcpu->arch.msrs.misc_enable;
    case 0xc0010015:
        return &vcpu->arch.msrs.hwcr;
    default:
        return NULL;
    }
}

static bool read_kept(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    const uint64_t *slot = kept_slot(vcpu, index);
    if (slot == NULL) {
        return false;
    }
    *value = *slot;
    return true;
}

static bool write_kept(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    uint64_t *slot = kept_slot(vcpu, index);
    if (slot == NULL) {
        return false;
    }
    *slot = value;
    return true;
}

static bool read_feature_control(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    *value = 1; /* locked, VMX off */
    return !amd_only(vcpu);
}

static bool read_vm_cr(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    *value = 0x18; /* SVM disabled and locked */
    return amd_only(vcpu);
}

/* LFENCE is serialising. */
static bool read_de_cfg(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    *value = 2;
    return amd_only(vcpu);
}

static bool read_debug_control(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    (void)index;
    *value = vcpu->arch.msrs.debug_control;
    return true;
}

/* BTF is kept; branch recording is not virtualised: the bit stays clear. */
static bool write_debug_control(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    (void)index;
    vcpu->arch.msrs.debug_control = value & 2;
    return (value & ~0x3full) == 0;
}

/* Ascending. */
static const struct msr_range ranges[] = {
    {0x10, 0x10, read_tsc, write_tsc},
    {0x3a, 0x3a, read_feature_control, NULL},
    {0x3b, 0x3b, read_tsc_adjust, write_tsc_adjust},
    {0x8b, 0x8b, read_kept, write_kept},
    {0xce, 0xce, read_zero_intel, NULL},
    {0xfe, 0xfe, read_mtrr_capability, NULL},
    {0x174, 0x176, read_state, write_state},
    {0x179, 0x179, read_mcg_capability, NULL},
    {0x17a, 0x17a, read_mcg_status, write_mcg_status},
    {0x198, 0x199, read_zero_intel, write_ignored_intel},
    {0x1a0, 0x1a0, read_kept, write_kept},
    {0x1d9, 0x1d9, read_debug_control, write_debug_control},
    {0x1db, 0x1de, read_zero, write_zero},
    {0x200, 0x20f, read_mtrr, write_mtrr},
    {0x250, 0x250, read_mtrr, write_mtrr},
    {0x258, 0x259, read_mtrr, write_mtrr},
    {0x268, 0x26f, read_mtrr, write_mtrr},
    {0x277, 0x277, read_pat, write_pat},
    {0x2ff, 0x2ff, read_mtrr, write_mtrr},
    {0x400, 0x40f, read_mce_bank, write_mce_bank},
    {0x4b564d04, 0x4b564d04, eoi_flag_read, eoi_flag_write},
    {0xc0000080, 0xc0000080, read_efer, write_efer},
    {0xc0000081, 0xc0000084, read_state, write_state},
    {0xc0000100, 0xc0000103, read_state, write_state},
    {0xc0010010, 0xc0010010, read_zero_amd, write_ignored_amd}, /* SYSCFG */
    {0xc0010015, 0xc0010015, read_kept, write_kept},            /* HWCR */
    {0xc001001a, 0xc001001a, read_zero_amd, NULL},              /* TOP_MEM */
    {0xc001001d, 0xc001001d, read_zero_amd, NULL},              /* TOP_MEM2 */
    {0xc001001f, 0xc001001f, read_zero_amd, write_ignored_amd}, /* NB_CFG */
    {0xc0010055, 0xc0010055, read_zero_amd, write_ignored_amd}, /* interrupt pending message */
    {0xc0010058, 0xc0010058, read_zero_amd, write_zero},        /* MMIO configuration base */
    {0xc0010114, 0xc0010114, read_vm_cr, write_ignored_amd},
    {0xc0011020, 0xc0011020, read_zero_amd, write_ignored_amd}, /* LS_CFG */
    {0xc0011021, 0xc0011022, read_zero_amd, write_ignored_amd}, /* IC_CFG, DC_CFG */
    {0xc0011028, 0xc0011028, read_zero_amd, write_ignored_amd}, /* FP_CFG */
    {0xc0011029, 0xc0011029, read_de_cfg, write_ignored_amd},
    {0xc001102a, 0xc001102a, read_zero_amd, write_ignored_amd}, /* BU_CFG2 */
};

static const struct msr_range *find_range(uint32_t index)
{
    size_t low = 0;
    size_t high = sizeof(ranges) / sizeof(ranges[0]);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (index > ranges[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < sizeof(ranges) / sizeof(ranges[0]) && index >= ranges[low].first ? &ranges[low] : NULL;
}

static bool is_lapic(uint32_t index)
{
    return index == LAPIC_MSR_TSC_DEADLINE || (index >= LAPIC_MSR_X2APIC_FIRST && index <= LAPIC_MSR_X2APIC_LAST) ||
           index == LAPIC_MSR_APIC_BASE;
}

static bool msr_read(struct vcpu_context *vcpu, uint32_t index, uint64_t *value)
{
    if (is_lapic(index)) {
        return lapic_msr_read(&vcpu->arch.lapic, index, value) == 0;
    }
    const struct msr_range *range = find_range(index);
    return range != NULL && range->read != NULL && range->read(vcpu, index, value);
}

static bool msr_write(struct vcpu_context *vcpu, uint32_t index, uint64_t value)
{
    if (is_lapic(index)) {
        return lapic_msr_write(&vcpu->arch.lapic, index, value) == 0;
    }
    const struct msr_range *range = find_range(index);
    return range != NULL && range->write != NULL && range->write(vcpu, index, value);
}

void exit_msr(struct vcpu_context *vcpu)
{
    struct vcpu_page *page = vcpu->page;
    struct vcpu_exit_msr msr = page->exit.msr;
    uint32_t length = execution_length(vcpu);
    if (length == 0) {
        return;
    }
    uint64_t value = 0;
    bool done;
    if (msr.write) {
        value = (page->state.gpr[VCPU_RDX] & UINT32_MAX) << 32 | (page->state.gpr[VCPU_RAX] & UINT32_MAX);
        done = msr_write(vcpu, msr.index, value);
    } else {
        done = msr_read(vcpu, msr.index, &value);
    }
    if (!done) {
        log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[X86_LOG_MSR], "cpu", "vCPU %u: %s MSR 0x%x%s at 0x%llx: #GP",
                        vcpu->id, msr.write ? "write to" : "read of", msr.index, msr.write ? " refused" : "",
                        (unsigned long long)page->state.rip);
        event_exception(vcpu, EXCEPTION_GP, 0);
        return;
    }
    if (!msr.write) {
        register_write(vcpu, VCPU_RAX, 4, false, value);
        register_write(vcpu, VCPU_RDX, 4, false, value >> 32);
    }
    execution_advance(vcpu, length);
}

void reset_msrs(struct vcpu_context *vcpu)
{
    struct x86_stored_msrs *msrs = &vcpu->arch.msrs;
    *msrs = (struct x86_stored_msrs){0};
    msrs->misc_enable = 1;      /* fast strings */
    msrs->hwcr = 1ull << 24;    /* the TSC counts at the P0 frequency */
    msrs->mtrr_default = 0xc06; /* on, fixed ranges on, write-back */
    msrs->mtrr_fixed[0] = 0x0606060606060606ull;
    msrs->mtrr_fixed[1] = 0x0606060606060606ull;
    msrs->mtrr_fixed[2] = 0; /* 0xa0000..0xbffff: uncached */
    for (int i = 3; i < 11; i++) {
        msrs->mtrr_fixed[i] = 0x0606060606060606ull;
    }
    /* 3..4 GiB, where devices are: uncached. */
    uint64_t address = (1ull << vcpu->vm->arch.cpuid.physical_bits) - 1;
    msrs->mtrr_variable[0] = 0xc0000000ull;
    msrs->mtrr_variable[1] = (address & ~0x3fffffffull) | 1ull << 11;
}
