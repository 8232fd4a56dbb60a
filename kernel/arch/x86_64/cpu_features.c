/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/cpu.h>
#include <arch/cpu_features.h>
#include <arch/cpuid.h>
#include <arch/msr.h>
#include <base/format.h>
#include <kernel/log.h>
#include <skyscope/kernel_info.h>

struct cpu_features cpu_features;

static bool bit(uint32_t word, unsigned int number)
{
    return (word >> number & 1) != 0;
}

static void detect_basic(void)
{
    struct cpuid_result leaf1 = cpuid(1, 0);
    struct cpuid_result extended = cpuid(0x80000001, 0);

    if (!bit(extended.edx, 20)) {
        kernel_refuse("the CPU has no NX bit");
    }
    if (!bit(leaf1.edx, 9)) {
        kernel_refuse("the CPU has no local APIC");
    }
    cpu_features.pages_1g = bit(extended.edx, 26);
    cpu_features.pcid = bit(leaf1.ecx, 17);
    cpu_features.tsc_deadline = bit(leaf1.ecx, 24);
    cpu_features.rdrand = bit(leaf1.ecx, 30);
}

static void detect_structured(void)
{
    struct cpuid_result leaf7;
    uint64_t capabilities = 0;

    if (!cpuid_has_leaf(7)) {
        return;
    }
    leaf7 = cpuid(7, 0);
    cpu_features.smep = bit(leaf7.ebx, 7);
    cpu_features.smap = bit(leaf7.ebx, 20);
    cpu_features.umip = bit(leaf7.ecx, 2);
    if (bit(leaf7.edx, 26)) {
        cpu_features.spec_ctrl = true;
        cpu_features.ibpb = true;
    }
    if (bit(leaf7.edx, 27)) {
        cpu_features.spec_ctrl = true;
        cpu_features.stibp = true;
    }
    if (bit(leaf7.edx, 29)) {
        capabilities = rdmsr(MSR_ARCH_CAPABILITIES);
    }
    cpu_features.enhanced_ibrs = cpu_features.spec_ctrl && (capabilities & ARCH_CAPABILITY_IBRS_ALL) != 0;
    cpu_features.verw = bit(leaf7.edx, 10) && (capabilities & ARCH_CAPABILITY_MDS_NO) == 0;
}

static void detect_amd(void)
{
    if (cpuid_has_leaf(0x80000008)) {
        uint32_t ebx = cpuid(0x80000008, 0).ebx;
        cpu_features.ibpb |= bit(ebx, 12);
        cpu_features.stibp |= bit(ebx, 15);
        cpu_features.spec_ctrl |= bit(ebx, 14) || bit(ebx, 15);
    }
    if (cpuid_has_leaf(0x80000021)) {
        cpu_features.automatic_ibrs = bit(cpuid(0x80000021, 0).eax, 8);
    }
}

void cpu_features_detect(bool x2apic)
{
    detect_basic();
    detect_structured();
    detect_amd();
    cpu_features.x2apic = x2apic;
}

uint64_t cpu_features_enable(void)
{
    uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_PGE;
    uint64_t spec_ctrl = 0;

    write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG | CR0_TS);
    cr4 |= cpu_features.smep ? CR4_SMEP : 0;
    cr4 |= cpu_features.smap ? CR4_SMAP : 0;
    cr4 |= cpu_features.umip ? CR4_UMIP : 0;
    /* CR3 bits 11:0 are 0 here, as they must be when PCIDs are turned on. */
    cr4 |= cpu_features.pcid ? CR4_PCIDE : 0;
    write_cr4(cr4 & ~CR4_PGE);
    write_cr4(cr4);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE | (cpu_features.automatic_ibrs ? EFER_AUTOMATIC_IBRS : 0));
    if (cpu_features.spec_ctrl) {
        spec_ctrl |= cpu_features.stibp ? SPEC_CTRL_STIBP : 0;
        spec_ctrl |= cpu_features.enhanced_ibrs ? SPEC_CTRL_IBRS : 0;
        wrmsr(MSR_SPEC_CTRL, spec_ctrl);
    }
    return spec_ctrl;
}

uint64_t cpu_features_in_force(void)
{
    uint64_t bits = KERNEL_FEATURE_NX;

    bits |= cpu_features.x2apic ? KERNEL_FEATURE_X2APIC : 0;
    bits |= cpu_features.tsc_deadline ? KERNEL_FEATURE_TSC_DEADLINE : 0;
    bits |= cpu_features.smep ? KERNEL_FEATURE_SMEP : 0;
    bits |= cpu_features.smap ? KERNEL_FEATURE_SMAP : 0;
    bits |= cpu_features.umip ? KERNEL_FEATURE_UMIP : 0;
    bits |= cpu_features.ibpb ? KERNEL_FEATURE_IBPB : 0;
    bits |= cpu_features.stibp ? KERNEL_FEATURE_STIBP : 0;
    bits |= cpu_features.verw ? KERNEL_FEATURE_VERW : 0;
    bits |= cpu_features.pcid ? KERNEL_FEATURE_PCID : 0;
    return bits;
}

void cpu_features_report(uint64_t in_force)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } names[] = {
        {KERNEL_FEATURE_SVM, "svm"},
        {KERNEL_FEATURE_VMX, "vmx"},
        {KERNEL_FEATURE_NRIP_SAVE, "nrip"},
        {KERNEL_FEATURE_DECODE_ASSISTS, "decode-assists"},
        {KERNEL_FEATURE_FLUSH_BY_ASID, "flush-by-asid"},
        {KERNEL_FEATURE_XSAVE, "xsave"},
        {KERNEL_FEATURE_X2APIC, "x2apic"},
        {KERNEL_FEATURE_TSC_DEADLINE, "tsc-deadline"},
        {KERNEL_FEATURE_NX, "nx"},
        {KERNEL_FEATURE_SMEP, "smep"},
        {KERNEL_FEATURE_SMAP, "smap"},
        {KERNEL_FEATURE_UMIP, "umip"},
        {KERNEL_FEATURE_PCID, "pcid"},
        {KERNEL_FEATURE_IBPB, "ibpb"},
        {KERNEL_FEATURE_STIBP, "stibp"},
        {KERNEL_FEATURE_VERW, "verw"},
        {KERNEL_FEATURE_L1D_FLUSH, "l1d-flush"},
    };
    char line[160];
    int length = 0;

    line[0] = '\0';
    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((in_force & names[i].bit) != 0 && length >= 0 && (size_t)length < sizeof(line)) {
            length += snprintf(line + length, sizeof(line) - (size_t)length, " %s", names[i].name);
        }
    }
    kernel_log("kernel: in force:%s%s\n", line,
               cpu_features.automatic_ibrs || cpu_features.enhanced_ibrs ? " ibrs" : "");
}

uint64_t cpu_random(void)
{
    uint64_t value = 0;

    if (cpu_features.rdrand) {
        for (int attempt = 0; attempt < 10; attempt++) {
            uint8_t valid;
            __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(valid) : : "cc");
            if (valid != 0) {
                break;
            }
        }
    }
    /* Mixes in the time, so that a CPU without RDRAND is not quite predictable. */
    return value ^ read_tsc() * 0x9e3779b97f4a7c15ull;
}
