/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cpu.h>
#include <arch/cpu_features.h>
#include <arch/smccc.h>
#include <base/format.h>
#include <kernel/log.h>
#include <skyscope/kernel_info.h>

/* SCTLR_EL2: MMU, caches, stack alignment check; nothing both writable and executable. */
#define SCTLR_EL2_RES1 0x30c50830ull
#define SCTLR_M        (1ull << 0)
#define SCTLR_C        (1ull << 2)
#define SCTLR_SA       (1ull << 3)
#define SCTLR_I        (1ull << 12)
#define SCTLR_WXN      (1ull << 19)

/* MDCR_EL2: EL1's and EL0's debug, trace, performance and profiling registers trap. */
#define MDCR_HOST ((1ull << 5) | (1ull << 6) | (1ull << 9) | (1ull << 10) | (1ull << 11) | (1ull << 14))
#define MDCR_HPMN 31ull

struct cpu_features cpu_features;

static unsigned int field(uint64_t value, unsigned int shift)
{
    return (unsigned int)(value >> shift) & 15u;
}

static bool call_exists(uint32_t function)
{
    return smccc_call(SMCCC_ARCH_FEATURES, function, 0, 0) >= 0;
}

static void detect_firmware(const struct hardware_arch *hardware, bool branches_are_safe)
{
    cpu_features.secure_calls = hardware->psci_conduit == HARDWARE_PSCI_SMC;
    /* Whether SMCCC_VERSION is there is asked by PSCI 1.0's PSCI_FEATURES. */
    if (!cpu_features.secure_calls || hardware->psci_version < 0x10000 ||
        smccc_call(PSCI_FEATURES, SMCCC_VERSION, 0, 0) < 0 || smccc_call(SMCCC_VERSION, 0, 0, 0) < 0x10001) {
        return;
    }
    cpu_features.trng = smccc_call(SMCCC_TRNG_VERSION, 0, 0, 0) >= 0x10000;
    /* The third contains the first. */
    if (call_exists(SMCCC_ARCH_WORKAROUND_3)) {
        cpu_features.branch_workaround = SMCCC_ARCH_WORKAROUND_3;
    } else if (!branches_are_safe && call_exists(SMCCC_ARCH_WORKAROUND_1)) {
        cpu_features.branch_workaround = SMCCC_ARCH_WORKAROUND_1;
    }
}

void cpu_features_detect(const struct hardware_arch *hardware)
{
    uint64_t pfr0 = read_sysreg(id_aa64pfr0_el1);
    uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);

    if (field(pfr0, 0) == 0 || field(pfr0, 0) == 15) {
        kernel_refuse("the CPU has no AArch64 at EL0");
    }
    if ((read_sysreg(hcr_el2) & HCR_E2H) != 0) {
        kernel_refuse("the loader left HCR_EL2.E2H set");
    }
    cpu_features.ras = field(pfr0, 28) != 0;
    cpu_features.sve = field(pfr0, 32) != 0;
    cpu_features.amu = field(pfr0, 44) != 0;
    cpu_features.ssbs = field(read_sysreg(id_aa64pfr1_el1), 4) != 0;
    cpu_features.rndr = field(read_sysreg(id_aa64isar0_el1), 60) != 0;
    cpu_features.pmu = field(dfr0, 8) != 0 && field(dfr0, 8) != 15;
    detect_firmware(hardware, field(pfr0, 56) != 0);
}

void cpu_features_enable(void)
{
    uint64_t counters = cpu_features.pmu ? read_sysreg(pmcr_el0) >> 11 & MDCR_HPMN : 0;

    write_sysreg(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I | SCTLR_WXN);
    write_sysreg(hcr_el2, HCR_HOST);
    write_sysreg(mdcr_el2, MDCR_HOST | counters);
    write_sysreg(cptr_el2, CPTR_NONE);
    write_sysreg(hstr_el2, 0);
    cpu_load_host_registers();
    if (cpu_features.pmu) {
        write_sysreg(pmuserenr_el0, 0);
    }
    if (cpu_features.amu) {
        write_sysreg_s(SYSREG_AMUSERENR, 0);
    }
    write_sysreg(cntvoff_el2, 0);
    write_sysreg(cntv_ctl_el0, 0);
    write_sysreg(cntp_ctl_el0, 0);
    write_sysreg(cnthp_ctl_el2, 0);
    isb();
}

uint64_t cpu_features_in_force(void)
{
    uint64_t bits = KERNEL_FEATURE_NX;

    bits |= cpu_features.ras ? KERNEL_FEATURE_RAS : 0;
    bits |= cpu_features.sve ? KERNEL_FEATURE_SVE : 0;
    bits |= cpu_features.ssbs ? KERNEL_FEATURE_SSBS : 0;
    bits |= cpu_features.rndr ? KERNEL_FEATURE_RNG : 0;
    bits |= cpu_features.branch_workaround != 0 ? KERNEL_FEATURE_BRANCH_WORKAROUND : 0;
    return bits;
}

void cpu_features_report(uint64_t in_force)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } names[] = {
        {KERNEL_FEATURE_EL2, "el2"},   {KERNEL_FEATURE_NX, "wxn"},
        {KERNEL_FEATURE_SVE, "sve"},   {KERNEL_FEATURE_RAS, "ras"},
        {KERNEL_FEATURE_SSBS, "ssbs"}, {KERNEL_FEATURE_BRANCH_WORKAROUND, "branch-workaround"},
        {KERNEL_FEATURE_SMMU, "smmu"}, {KERNEL_FEATURE_GICV3, "gicv3"},
        {KERNEL_FEATURE_ITS, "its"},   {KERNEL_FEATURE_RNG, "rng"},
    };
    char line[160];
    int length = 0;

    line[0] = '\0';
    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((in_force & names[i].bit) != 0 && length >= 0 && (size_t)length < sizeof(line)) {
            length += snprintf(line + length, sizeof(line) - (size_t)length, " %s", names[i].name);
        }
    }
    kernel_log("kernel: in force:%s\n", line);
}

void cpu_features_hide_branches(void)
{
    smccc_call(cpu_features.branch_workaround, 0, 0, 0);
}

static bool random_by_instruction(uint64_t *value)
{
    uint64_t failed;

    /* PSTATE.Z is set if there was none in time. */
    __asm__ volatile("mrs %0, S3_3_C2_C4_0\n\tcset %1, eq" : "=r"(*value), "=r"(failed) : : "cc");
    return failed == 0;
}

uint64_t cpu_random(void)
{
    uint64_t value = 0;
    bool found = false;

    for (int attempt = 0; attempt < 10 && cpu_features.rndr && !found; attempt++) {
        found = random_by_instruction(&value);
    }
    if (!found && cpu_features.trng) {
        struct smccc_result result = smccc_call_results(SMCCC_TRNG_RND64, 64, 0, 0);
        value = result.x0 == 0 ? result.x3 : 0;
    }
    /* Mixes in the time, so that a machine without either is not quite predictable. */
    return value ^ read_counter() * 0x9e3779b97f4a7c15ull;
}
