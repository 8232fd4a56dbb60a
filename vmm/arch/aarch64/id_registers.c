/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policy for the identification registers (Arm ARM DDI 0487, D19.2).
 *
 * Each field of a register that is offered has a line below: as the host says it,
 * at most some value, or a value of our own. All other fields, and all other
 * registers, are zero. Not offered are: AArch32 beyond EL0, EL2 and EL3, RAS, MPAM, activity
 * monitors, realms, SME, MTE, PMU, trace, statistical profiling, breakpoints
 * beyond the two that the architecture demands, mixed endianness, 52-bit physical
 * addresses, limited ordering regions, transactional memory, WFE and WFI with
 * timeout, memory copy instructions (which need HCRX_EL2), 64-byte atomics.
 */
#include <vmm/arch/id_registers.h>
#include <vmm/arch/registers.h>

#define ID(crm, op2) ((uint8_t)((crm)*8 + (op2)))

/* AArch32's; those without a name here are taken as they are. */
#define A32_PFR0  ID(1, 0)
#define A32_PFR1  ID(1, 1)
#define A32_DFR0  ID(1, 2)
#define A32_MMFR0 ID(1, 4)
#define A32_ISAR6 ID(2, 7)
#define A32_MVFR0 ID(3, 0)
#define A32_MVFR2 ID(3, 2)
#define A32_PFR2  ID(3, 4)
#define A32_MMFR5 ID(3, 6)

#define PFR0  ID(4, 0)
#define PFR1  ID(4, 1)
#define ZFR0  ID(4, 4)
#define DFR0  ID(5, 0)
#define ISAR0 ID(6, 0)
#define ISAR1 ID(6, 1)
#define ISAR2 ID(6, 2)
#define MMFR0 ID(7, 0)
#define MMFR1 ID(7, 1)
#define MMFR2 ID(7, 2)

enum field_rule {
    HOST,        /* as the host has it */
    AT_MOST,     /* unsigned, not above `value` */
    AT_MOST_ALL, /* 15 says "not there", others up to `value` */
    FIXED,       /* `value` */
};

struct field {
    uint8_t id, shift;
    uint8_t rule, value;
};

static const struct field fields[] = {
    {A32_PFR0, 0, HOST, 0},     /* A32 */
    {A32_PFR0, 4, HOST, 0},     /* T32 */
    {A32_PFR0, 8, HOST, 0},     /* Jazelle */
    {A32_PFR0, 12, HOST, 0},    /* T32EE */
    {A32_PFR0, 16, AT_MOST, 1}, /* CSV2 */
    {A32_PFR0, 24, AT_MOST, 1}, /* DIT */
    {A32_PFR1, 0, HOST, 0},     /* programmers' model */
    {A32_PFR1, 16, HOST, 0},    /* generic timer */
    {A32_DFR0, 0, FIXED, 6},    /* debug architecture: Armv8.0 */
    {A32_PFR2, 0, AT_MOST, 1},  /* CSV3 */
    {A32_PFR2, 4, AT_MOST, 1},  /* SSBS */

    {PFR0, 0, AT_MOST, 2},      /* EL0: AArch32 too, if the CPU has it */
    {PFR0, 4, FIXED, 1},        /* EL1 */
    {PFR0, 16, AT_MOST_ALL, 1}, /* FP */
    {PFR0, 20, AT_MOST_ALL, 1}, /* AdvSIMD */
    {PFR0, 32, AT_MOST, 1},     /* SVE */
    {PFR0, 48, AT_MOST, 1},     /* DIT */
    {PFR0, 56, AT_MOST, 1},     /* CSV2: more means SCXTNUM_ELx */
    {PFR0, 60, AT_MOST, 1},     /* CSV3 */

    {PFR1, 0, AT_MOST, 1}, /* BT */
    {PFR1, 4, AT_MOST, 2}, /* SSBS */

    {DFR0, 0, FIXED, 6},   /* debug architecture: Armv8.0 */
    {DFR0, 12, FIXED, 1},  /* two breakpoints, */
    {DFR0, 20, FIXED, 1},  /* two watchpoints */
    {DFR0, 36, FIXED, 15}, /* no double lock */

    {ISAR0, 4, AT_MOST, 2},  /* AES */
    {ISAR0, 8, AT_MOST, 1},  /* SHA1 */
    {ISAR0, 12, AT_MOST, 2}, /* SHA2 */
    {ISAR0, 16, AT_MOST, 1}, /* CRC32 */
    {ISAR0, 20, AT_MOST, 2}, /* atomics */
    {ISAR0, 28, AT_MOST, 1}, /* RDM */
    {ISAR0, 32, AT_MOST, 1}, /* SHA3 */
    {ISAR0, 36, AT_MOST, 1}, /* SM3 */
    {ISAR0, 40, AT_MOST, 1}, /* SM4 */
    {ISAR0, 44, AT_MOST, 1}, /* DP */
    {ISAR0, 48, AT_MOST, 1}, /* FHM */
    {ISAR0, 52, AT_MOST, 2}, /* TS */
    {ISAR0, 56, AT_MOST, 2}, /* TLB */
    {ISAR0, 60, AT_MOST, 1}, /* RNDR */

    {ISAR1, 0, AT_MOST, 2},  /* DPB */
    {ISAR1, 4, HOST, 0},     /* APA */
    {ISAR1, 8, HOST, 0},     /* API */
    {ISAR1, 12, AT_MOST, 1}, /* JSCVT */
    {ISAR1, 16, AT_MOST, 1}, /* FCMA */
    {ISAR1, 20, AT_MOST, 2}, /* LRCPC */
    {ISAR1, 24, HOST, 0},    /* GPA */
    {ISAR1, 28, HOST, 0},    /* GPI */
    {ISAR1, 32, AT_MOST, 1}, /* FRINTTS */
    {ISAR1, 36, AT_MOST, 1}, /* SB */
    {ISAR1, 40, AT_MOST, 1}, /* SPECRES */
    {ISAR1, 44, AT_MOST, 1}, /* BF16; more would be told in SVE terms */
    {ISAR1, 48, AT_MOST, 1}, /* DGH */
    {ISAR1, 52, AT_MOST, 1}, /* I8MM */

    {ISAR2, 4, AT_MOST, 1},  /* RPRES */
    {ISAR2, 8, HOST, 0},     /* GPA3 */
    {ISAR2, 12, HOST, 0},    /* APA3 */
    {ISAR2, 20, AT_MOST, 1}, /* BC */
    {ISAR2, 24, HOST, 0},    /* PAC_frac */

    {MMFR0, 0, AT_MOST, 2},      /* 40-bit physical addresses at most */
    {MMFR0, 4, HOST, 0},         /* ASIDs */
    {MMFR0, 20, AT_MOST, 1},     /* 16 KiB granule, without 52-bit addresses */
    {MMFR0, 24, AT_MOST_ALL, 0}, /* 64 KiB */
    {MMFR0, 28, AT_MOST_ALL, 0}, /* 4 KiB */
    {MMFR0, 44, AT_MOST, 1},     /* ExS */
    {MMFR0, 60, AT_MOST, 1},     /* self-synchronising counters */

    {MMFR1, 0, AT_MOST, 2},  /* HAFDBS */
    {MMFR1, 12, AT_MOST, 2}, /* HPDS */
    {MMFR1, 20, AT_MOST, 3}, /* PAN */
    {MMFR1, 36, AT_MOST, 1}, /* ETS */
    {MMFR1, 44, AT_MOST, 1}, /* AFP */
    {MMFR1, 48, AT_MOST, 1}, /* nTLBPA */

    {MMFR2, 0, AT_MOST, 1},  /* CnP */
    {MMFR2, 4, AT_MOST, 1},  /* UAO */
    {MMFR2, 8, AT_MOST, 1},  /* LSM */
    {MMFR2, 16, AT_MOST, 1}, /* VARange */
    {MMFR2, 20, AT_MOST, 1}, /* CCIDX */
    {MMFR2, 28, AT_MOST, 1}, /* ST */
    {MMFR2, 32, AT_MOST, 1}, /* AT */
    {MMFR2, 36, AT_MOST, 1}, /* IDS */
    {MMFR2, 48, AT_MOST, 1}, /* TTL */
    {MMFR2, 52, AT_MOST, 2}, /* BBM */
    {MMFR2, 60, AT_MOST, 1}, /* E0PD */
};

bool id_register_is(uint32_t encoding)
{
    return SYSREG_OP0(encoding) == 3 && SYSREG_OP1(encoding) == 0 && SYSREG_CRN(encoding) == 0 &&
           SYSREG_CRM(encoding) >= 1 && SYSREG_CRM(encoding) <= 7;
}

static uint64_t field_value(const struct field *field, uint64_t host)
{
    uint64_t of_host = host >> field->shift & 15u;
    switch (field->rule) {
    case HOST:
        return of_host;
    case AT_MOST:
        return of_host < field->value ? of_host : field->value;
    case AT_MOST_ALL:
        return of_host == 15 ? 15 : of_host < field->value ? of_host : field->value;
    default:
        return field->value;
    }
}

/* AArch32's memory model, instructions and floating point: nothing in them is the hypervisor's. */
static bool of_aarch32(uint32_t id)
{
    return (id >= A32_MMFR0 && id <= A32_ISAR6) || (id >= A32_MVFR0 && id <= A32_MVFR2) || id == A32_MMFR5;
}

uint64_t id_register_policy(const struct id_registers *registers, uint32_t encoding, uint64_t host)
{
    uint32_t id = SYSREG_CRM(encoding) * 8 + SYSREG_OP2(encoding);
    uint64_t value = 0;
    if (id == ZFR0 || of_aarch32(id)) {
        return host; /* the kernel leaves ZFR0 zero where it does not switch SVE's state */
    }
    for (uint32_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].id == id) {
            value |= field_value(&fields[i], host) << fields[i].shift;
        }
    }
    if (id == PFR0 && registers->gic_version == 3) {
        value |= 1ull << 24; /* the GIC's CPU interface as system registers */
    }
    return value;
}

uint64_t id_register_read(struct id_registers *registers, uint32_t encoding, uint64_t host)
{
    uint32_t id = (SYSREG_CRM(encoding) * 8 + SYSREG_OP2(encoding)) % ID_REGISTER_COUNT;
    if ((registers->known_mask >> id & 1u) == 0) {
        registers->known[id] = id_register_policy(registers, encoding, host);
        registers->known_mask |= 1ull << id;
    }
    return registers->known[id];
}
