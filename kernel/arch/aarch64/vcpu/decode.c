/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode.h"

#include <skyscope/guest_aarch64.h>

#define EC(esr)            ((uint32_t)((esr) >> 26) & 0x3fu)
#define ISS(esr)           ((uint32_t)(esr)&0x1ffffffu)
#define EC_WFX             0x01u
#define EC_HVC64           0x16u
#define EC_SMC64           0x17u
#define EC_SYSTEM_REGISTER 0x18u
#define EC_FETCH_ABORT     0x20u
#define EC_DATA_ABORT      0x24u
#define EC_HVC32           0x12u

#define ESR_IL    (1ull << 25)
#define ISS_ISV   (1u << 24)
#define ISS_SSE   (1u << 21)
#define ISS_SF    (1u << 15)
#define ISS_FNV   (1u << 10)
#define ISS_CM    (1u << 8)
#define ISS_S1PTW (1u << 7)
#define ISS_WNR   (1u << 6)
#define ISS_FAULT 0x3fu
#define ISS_READ  (1u << 0) /* of a system register access */
#define WFX_WFI   0u

#define PSTATE_MODE_MASK    0x1full
#define PSTATE_AARCH32_USER 0x10ull
#define PSTATE_AARCH32_MASK 0xffffffffull
/* NZCV TCO DIT UAO PAN SS IL SSBS BTYPE DAIF and the mode (DDI 0487, SPSR_EL2). */
#define PSTATE_AARCH64_MASK 0xf3f01fdfull

bool vcpu_pstate_valid(uint64_t *pstate, bool aarch32_el0)
{
    switch (*pstate & PSTATE_MODE_MASK) {
    case 0x0: /* EL0t */
    case 0x4: /* EL1t */
    case 0x5: /* EL1h */
        *pstate &= PSTATE_AARCH64_MASK;
        return true;
    case PSTATE_AARCH32_USER:
        *pstate &= PSTATE_AARCH32_MASK;
        return aarch32_el0;
    default:
        return false;
    }
}

uint64_t vcpu_mpidr_valid(uint64_t mpidr)
{
    /* Aff3, RES1, U, MT, Aff2..Aff0 */
    return (mpidr & 0xff41ffffffull) | 1ull << 31;
}

enum vcpu_exit_kind vcpu_classify(uint64_t esr)
{
    switch (EC(esr)) {
    case EC_WFX:
        /* WFE, and WFI and WFE with a timeout, may end at any time. */
        return (ISS(esr) & 3) == WFX_WFI ? VCPU_EXIT_HALT : VCPU_EXIT_PAUSE;
    case EC_HVC64:
        return VCPU_EXIT_HYPERCALL;
    case EC_SMC64:
        return VCPU_EXIT_SECURE_CALL;
    case EC_SYSTEM_REGISTER:
        return VCPU_EXIT_SYSTEM_REGISTER;
    case EC_FETCH_ABORT:
    case EC_DATA_ABORT:
        return vcpu_abort_kind(esr) <= VCPU_ABORT_PERMISSION ? VCPU_EXIT_MEMORY : VCPU_EXIT_EXCEPTION;
    default:
        return VCPU_EXIT_EXCEPTION;
    }
}

uint32_t vcpu_instruction_length(uint64_t esr)
{
    return (esr & ESR_IL) != 0 ? 4 : 2;
}

bool vcpu_returns_behind(uint64_t esr)
{
    return EC(esr) == EC_HVC64;
}

enum vcpu_abort vcpu_abort_kind(uint64_t esr)
{
    uint32_t fault = ISS(esr) & ISS_FAULT;
    if (fault == 0x30) {
        return VCPU_ABORT_TLB_CONFLICT;
    }
    /* Bits 1:0 are the level of the table. Address size: beyond what stage 2 translates. */
    switch (fault >> 2) {
    case 0:
    case 1:
    case 2:
        return VCPU_ABORT_NOT_MAPPED;
    case 3:
        return VCPU_ABORT_PERMISSION;
    default:
        return VCPU_ABORT_OTHER;
    }
}

struct vcpu_exit_memory vcpu_decode_memory(uint64_t esr, uint64_t far, uint64_t hpfar)
{
    uint32_t iss = ISS(esr);
    /* HPFAR_EL2.FIPA, bits 43:4, is the page's number. */
    uint64_t page = (hpfar & 0xfffffffffff0ull) << 8;
    bool walk = (iss & ISS_S1PTW) != 0;
    struct vcpu_exit_memory memory = {
        .gva = far,
        .gva_valid = (iss & ISS_FNV) == 0,
        .gpa = walk ? page : page | (far & 0xfff),
    };
    if (walk) {
        /* Writes: the processor's update of the access flag or dirty state. */
        memory.access = ((iss & ISS_WNR) != 0 ? VCPU_ACCESS_WRITE : VCPU_ACCESS_READ) | VCPU_ACCESS_PAGE_WALK;
        return memory;
    }
    if (EC(esr) == EC_FETCH_ABORT) {
        memory.access = VCPU_ACCESS_FETCH;
        return memory;
    }
    memory.access = (iss & ISS_WNR) != 0 ? VCPU_ACCESS_WRITE : VCPU_ACCESS_READ;
    if ((iss & (ISS_ISV | ISS_CM)) == ISS_ISV) {
        memory.width = (uint8_t)(1u << ((iss >> 22) & 3));
        memory.gpr = (iss >> 16) & 0x1f;
        memory.sign_extend = (iss & ISS_SSE) != 0;
        memory.register_width = (iss & ISS_SF) != 0 ? 8 : 4;
    }
    return memory;
}

struct vcpu_exit_system_register vcpu_decode_system_register(uint64_t esr)
{
    uint32_t iss = ISS(esr);
    return (struct vcpu_exit_system_register){
        .encoding = iss & 0x3ffc1eu,
        .write = (iss & ISS_READ) == 0,
        .gpr = (iss >> 5) & 0x1f,
    };
}

int32_t vcpu_id_register(uint32_t encoding)
{
    uint32_t crm = (encoding >> 1) & 0xf;
    uint32_t op2 = (encoding >> 17) & 7;
    if (encoding != VCPU_SYSREG(3, 0, 0, crm, op2) || crm < 1 || crm > 7) {
        return -1;
    }
    return (int32_t)((crm - 1) * 8 + op2);
}

#define ID(crm, op2)   (((crm)-1) * 8 + (op2))
#define FIELD(low_bit) (0xfull << (low_bit))

uint64_t vcpu_id_register_limit(uint32_t index, uint64_t value, bool sve)
{
    switch (index) {
    case ID(4, 0): /* ID_AA64PFR0_EL1: not RAS, MPAM, AMU, RME; no EL2 and EL3 */
        value &= ~(FIELD(8) | FIELD(12) | FIELD(28) | FIELD(40) | FIELD(44) | FIELD(52));
        return sve ? value : value & ~FIELD(32);
    case ID(4, 1): /* ID_AA64PFR1_EL1: not MTE, RAS and MPAM fractions, SME, random number trap, CSV2 fraction, NMI */
        return value & ~(FIELD(8) | FIELD(12) | FIELD(16) | FIELD(24) | FIELD(28) | FIELD(32) | FIELD(36) | FIELD(40) |
                         FIELD(44) | FIELD(48));
    case ID(4, 4): /* ID_AA64ZFR0_EL1 */
        return sve ? value : 0;
    case ID(5, 0): /* ID_AA64DFR0_EL1: the debug architecture's version, which cannot be none; nothing else */
        return value & FIELD(0);
    case ID(6, 1): /* ID_AA64ISAR1_EL1: no pointer authentication (APA, API, GPA, GPI), XS */
        return value & ~(FIELD(4) | FIELD(8) | FIELD(24) | FIELD(28) | FIELD(56));
    case ID(6, 2): /* ID_AA64ISAR2_EL1: no WFxT, no pointer authentication (GPA3, APA3), MOPS, BC */
        return value & ~(FIELD(0) | FIELD(8) | FIELD(12) | FIELD(16));
    case ID(7, 0): /* ID_AA64MMFR0_EL1: not ECV, FGT; stage 2 is not the guest's */
        return value & ~(FIELD(32) | FIELD(36) | FIELD(40) | FIELD(56) | FIELD(60));
    case ID(7, 1): /* ID_AA64MMFR1_EL1: not VHE, LOR, HCX, WFE delay, nTLBPA, CMOW, TIDCP1 */
        return value & ~(FIELD(8) | FIELD(16) | FIELD(32) | FIELD(40) | FIELD(48) | FIELD(52) | FIELD(56));
    case ID(7, 2): /* ID_AA64MMFR2_EL1: not nested virtualisation, stage 2's, E0PD is the guest's */
        return value & ~(FIELD(24) | FIELD(40) | FIELD(56));
    default:
        return value;
    }
}

struct vcpu_sgi vcpu_decode_sgi1r(uint64_t value)
{
    return (struct vcpu_sgi){
        .intid = (uint32_t)(value >> 24) & 0xf,
        .all_others = (value >> 40 & 1) != 0,
        .cluster = (value >> 48 & 0xff) << 32 | (value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8,
        .first = (uint32_t)(value >> 44 & 0xf) * 16,
        .targets = (uint32_t)value & 0xffff,
    };
}

struct vcpu_sgi vcpu_decode_sgir(uint32_t value)
{
    uint32_t filter = value >> 24 & 3;
    return (struct vcpu_sgi){
        .intid = value & 0xf,
        .all_others = filter == 1,
        .self_only = filter == 2,
        .cpus = filter == 0 ? value >> 16 & 0xff : 0,
    };
}

bool vcpu_sgi_reaches_v3(const struct vcpu_sgi *sgi, uint64_t mpidr, bool is_sender)
{
    if (sgi->all_others) {
        return !is_sender;
    }
    uint32_t number = (uint32_t)(mpidr & 0xff) - sgi->first;
    return (mpidr & 0xff00ffff00ull) == sgi->cluster && number < 16 && (sgi->targets >> number & 1) != 0;
}

bool vcpu_sgi_reaches_v2(const struct vcpu_sgi *sgi, uint32_t id, bool is_sender)
{
    if (sgi->all_others) {
        return !is_sender;
    }
    if (sgi->self_only) {
        return is_sender;
    }
    return id < 8 && (sgi->cpus >> id & 1) != 0;
}

#define V2_HARDWARE (1u << 31)
#define V2_GROUP1   (1u << 30)
#define V2_ACTIVE   (1u << 29)
#define V2_PENDING  (1u << 28)
#define V2_EOI      (1u << 19)
#define LIST_EOI    (1ull << 41)

uint64_t vcpu_list_valid(uint64_t list, uint32_t version, uint32_t timer)
{
    uint64_t common = list & (LIST_STATE | LIST_GROUP1 | 0xffull << LIST_PRIORITY_SHIFT | 0xffffffffull);
    if (version == 2) {
        common &= ~0xfffffc00ull; /* ten bits of INTID */
    }
    if ((list & LIST_HARDWARE) != 0) {
        bool allowed = timer != 0 && LIST_INTID(common) == GUEST_PPI_VIRTUAL_TIMER;
        return allowed ? common | LIST_HARDWARE | (uint64_t)timer << LIST_PHYSICAL_SHIFT : common;
    }
    return common | (list & LIST_EOI) | (version == 2 ? list & 7ull << 32 : 0);
}

uint32_t vcpu_list_to_v2(uint64_t list)
{
    uint32_t value = LIST_INTID(list) & 0x3ff;
    value |= ((uint32_t)(list >> LIST_PRIORITY_SHIFT) & 0xf8) << 20; /* bits 7:3 to 27:23 */
    value |= (list & LIST_PENDING) != 0 ? V2_PENDING : 0;
    value |= (list & LIST_ACTIVE) != 0 ? V2_ACTIVE : 0;
    value |= (list & LIST_GROUP1) != 0 ? V2_GROUP1 : 0;
    if ((list & LIST_HARDWARE) != 0) {
        return value | V2_HARDWARE | (LIST_PHYSICAL(list) & 0x3ff) << 10;
    }
    return value | ((list & LIST_EOI) != 0 ? V2_EOI : 0) | LIST_SOURCE(list) << 10;
}

uint64_t vcpu_list_state_of_v2(uint32_t register_value)
{
    return ((register_value & V2_PENDING) != 0 ? LIST_PENDING : 0) |
           ((register_value & V2_ACTIVE) != 0 ? LIST_ACTIVE : 0);
}

#define MIDR_IMPLEMENTER(midr) ((uint32_t)((midr) >> 24) & 0xffu)
#define MIDR_VARIANT(midr)     ((uint32_t)((midr) >> 20) & 0xfu)
#define MIDR_PART(midr)        ((uint32_t)((midr) >> 4) & 0xfffu)
#define IMPLEMENTER_ARM        0x41u

bool vcpu_walks_early(uint64_t midr)
{
    /* Arm's errata notices: part number, and up to which rN they name. */
    static const struct {
        uint32_t part, last_variant;
    } affected[] = {
        {0xd05, 2},   /* Cortex-A55, 1530923 */
        {0xd07, 0xf}, /* Cortex-A57, 1319537 */
        {0xd08, 0xf}, /* Cortex-A72, 1319367 */
        {0xd0b, 2},   /* Cortex-A76, 1165522 */
    };
    for (uint32_t i = 0; i < sizeof(affected) / sizeof(affected[0]); i++) {
        if (MIDR_IMPLEMENTER(midr) == IMPLEMENTER_ARM && MIDR_PART(midr) == affected[i].part) {
            return MIDR_VARIANT(midr) <= affected[i].last_variant;
        }
    }
    return false;
}
