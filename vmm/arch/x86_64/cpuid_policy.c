/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Builds the CPU that the guest sees from the host's CPUID: lists of features
 * that are allowed, so that one that is not known here is not shown.
 * AMD APM vol. 3 appendix E, Intel SDM vol. 2 CPUID.
 */
#include <base/memory.h>

#include <vmm/arch/cpuid.h>
#include <vmm/arch/registers.h>

#define BIT(n) (1u << (n))

/* Leaf 1. Not shown: MONITOR, debug store, VMX, SMX, thermal monitoring, PDCM,
 * PBE: none is virtualised. */
#define LEAF1_ECX                                                                                                      \
    (BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(17) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) |        \
     BIT(26) | BIT(28) | BIT(29) | BIT(30))
#define LEAF1_ECX_PCID       BIT(17)
#define LEAF1_ECX_X2APIC     BIT(21)
#define LEAF1_ECX_DEADLINE   BIT(24)
#define LEAF1_ECX_XSAVE      BIT(26)
#define LEAF1_ECX_AVX        BIT(28)
#define LEAF1_ECX_NEEDS_AVX  (BIT(12) | BIT(28) | BIT(29))
#define LEAF1_ECX_HYPERVISOR BIT(31)
#define LEAF1_EDX                                                                                                      \
    (BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(11) | BIT(13) | BIT(15) | BIT(16) |   \
     BIT(17) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26))
/* Emulated here, whatever the host has: MCE, APIC, MTRR, MCA. */
#define LEAF1_EDX_EMULATED (BIT(7) | BIT(9) | BIT(12) | BIT(14))
#define LEAF1_EDX_HTT      BIT(28)

/* Leaf 0x40000101 (Linux: Documentation/virt/kvm/x86/cpuid.rst): port I/O needs no delays, interrupts can end by a
 * flag. */
#define KVM_FEATURE_NOP_IO_DELAY BIT(1)
#define KVM_FEATURE_PV_EOI       BIT(6)

/* Leaf 7. Not shown: SGX, TSX, RDT, MPX, processor trace, LA57, CET, WAITPKG, AMX. */
#define LEAF7_EBX                                                                                                      \
    (BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(10) | BIT(16) | BIT(17) | BIT(18) | BIT(19) | BIT(20) | \
     BIT(21) | BIT(23) | BIT(24) | BIT(28) | BIT(29) | BIT(30) | BIT(31))
#define LEAF7_EBX_TSC_ADJUST BIT(1)
#define LEAF7_EBX_AVX2       BIT(5)
#define LEAF7_EBX_AVX512     (BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
#define LEAF7_ECX                                                                                                      \
    (BIT(1) | BIT(2) | BIT(3) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(12) | BIT(14) | BIT(22) | BIT(25) | \
     BIT(27) | BIT(28))
#define LEAF7_ECX_PKU       BIT(3)
#define LEAF7_ECX_RDPID     BIT(22)
#define LEAF7_ECX_AVX512    (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
#define LEAF7_ECX_NEEDS_AVX (BIT(9) | BIT(10))
#define LEAF7_EDX           (BIT(2) | BIT(3) | BIT(4) | BIT(8) | BIT(10) | BIT(14))
#define LEAF7_EDX_AVX512    (BIT(2) | BIT(3) | BIT(8))
#define LEAF7_1_EAX         (BIT(4) | BIT(5) | BIT(10) | BIT(11) | BIT(12))
#define LEAF7_1_EAX_AVX     BIT(4)
#define LEAF7_1_EAX_AVX512  BIT(5)

/* Leaf 0x80000001. Not shown: SVM, extended APIC space, IBS, SKINIT, watchdog,
 * LWP, node id, performance counters, breakpoint extensions, MWAITX, OSVW. */
#define EXTENDED1_ECX            (BIT(0) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(16) | BIT(21))
#define EXTENDED1_ECX_CMP_LEGACY BIT(1)
#define EXTENDED1_ECX_NEEDS_AVX  (BIT(11) | BIT(16))
#define EXTENDED1_ECX_TOPOLOGY   BIT(22)
#define EXTENDED1_EDX                                                                                                  \
    (BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(11) | BIT(13) | BIT(15) | BIT(16) |   \
     BIT(17) | BIT(20) | BIT(22) | BIT(23) | BIT(24) | BIT(25) | BIT(26) | BIT(27) | BIT(29) | BIT(30) | BIT(31))
#define EXTENDED1_EDX_RDTSCP BIT(27)
#define EXTENDED8_EBX        (BIT(0) | BIT(2) | BIT(9))
#define EXTENDED21_EAX       (BIT(2) | BIT(6))

#define INVARIANT_TSC BIT(8)
#define ARAT          BIT(2)

#define XCR0_X87    (1ull << 0)
#define XCR0_SSE    (1ull << 1)
#define XCR0_AVX    (1ull << 2)
#define XCR0_AVX512 (7ull << 5)
#define XCR0_PKRU   (1ull << 9)
#define XSAVEOPT    BIT(0)
#define XSAVEC      BIT(1)
#define XGETBV1     BIT(2)

static uint32_t bits_for(uint32_t count)
{
    uint32_t bits = 0;
    while ((1u << bits) < count) {
        bits++;
    }
    return bits;
}

struct builder {
    struct cpuid_policy *policy;
    const struct cpuid_options *options;
    cpuid_source source;
    void *context;
    uint32_t host_basic_max, host_extended_max;
};

/* Zero for leaves that the host does not have. */
static struct cpuid_result host(const struct builder *b, uint32_t leaf, uint32_t subleaf)
{
    uint32_t max = leaf >= 0x80000000u ? b->host_extended_max : b->host_basic_max;
    if (leaf > max) {
        return (struct cpuid_result){0};
    }
    return b->source(b->context, leaf, subleaf);
}

/* text: twelve bytes. */
static void set_text(struct cpuid_result *result, const char *text)
{
    memcpy(&result->ebx, text, 4);
    memcpy(&result->ecx, text + 4, 4);
    memcpy(&result->edx, text + 8, 4);
}

/* Extended states that the guest may turn on: those that the kernel switches. */
static void build_xsave(const struct builder *b)
{
    struct cpuid_policy *policy = b->policy;
    struct cpuid_result leaf1 = host(b, 1, 0);
    struct cpuid_result main = host(b, 0xd, 0);
    if (b->options->no_xsave || (leaf1.ecx & LEAF1_ECX_XSAVE) == 0 ||
        (main.eax & (XCR0_X87 | XCR0_SSE)) != (XCR0_X87 | XCR0_SSE)) {
        return;
    }
    uint64_t allowed =
        ((uint64_t)main.edx << 32 | main.eax) & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU);
    if ((leaf1.ecx & LEAF1_ECX_AVX) == 0) {
        allowed &= ~(XCR0_AVX | XCR0_AVX512);
    }
    if ((allowed & XCR0_AVX512) != XCR0_AVX512 || (allowed & XCR0_AVX) == 0) {
        allowed &= ~XCR0_AVX512;
    }
    policy->xcr0_allowed = allowed;
    policy->xsave[0].eax = (uint32_t)allowed;
    policy->xsave[0].edx = (uint32_t)(allowed >> 32);
    /* Supervisor states are not offered: IA32_XSS stays 0. */
    policy->xsave[1].eax = host(b, 0xd, 1).eax & (XSAVEOPT | XSAVEC | XGETBV1);
    for (uint32_t i = 2; i < CPUID_XSAVE_COUNT; i++) {
        if ((allowed & (1ull << i)) != 0) {
            policy->xsave[i] = host(b, 0xd, i);
            policy->xsave[i].ecx &= ~BIT(0);
        }
    }
}

static void build_basic(const struct builder *b)
{
    struct cpuid_policy *policy = b->policy;
    bool avx = (policy->xcr0_allowed & XCR0_AVX) != 0;
    bool avx512 = (policy->xcr0_allowed & XCR0_AVX512) != 0;

    policy->basic[0] = host(b, 0, 0);
    policy->basic[0].eax = policy->basic_max;

    struct cpuid_result *leaf1 = &policy->basic[1];
    *leaf1 = host(b, 1, 0);
    /* Brand index and CLFLUSH size stay; the APIC ID is added for each vCPU. */
    leaf1->ebx = (leaf1->ebx & 0xffffu) | (1u << policy->vcpu_bits) << 16;
    leaf1->ecx &= LEAF1_ECX;
    leaf1->edx = (leaf1->edx & LEAF1_EDX) | LEAF1_EDX_EMULATED;
    if (policy->xcr0_allowed == 0) {
        leaf1->ecx &= ~LEAF1_ECX_XSAVE;
    }
    if (!avx) {
        leaf1->ecx &= ~LEAF1_ECX_NEEDS_AVX;
    }
    leaf1->ecx |= b->options->x2apic ? LEAF1_ECX_X2APIC : 0;
    leaf1->ecx |= b->options->tsc_deadline ? LEAF1_ECX_DEADLINE : 0;
    leaf1->ecx |= b->options->hypervisor ? LEAF1_ECX_HYPERVISOR : 0;
    leaf1->edx |= policy->vcpu_count > 1 ? LEAF1_EDX_HTT : 0;

    if (!policy->is_amd) {
        policy->basic[2] = host(b, 2, 0);
        for (uint32_t i = 0; i < CPUID_CACHE_COUNT; i++) {
            policy->caches[i] = host(b, 4, i);
            if ((policy->caches[i].eax & 0x1fu) == 0) {
                break;
            }
            /* Cores in the package; threads sharing the cache: levels 1 and 2 are a core's own. */
            uint32_t sharing = ((policy->caches[i].eax >> 5) & 7u) >= 3 ? (1u << policy->vcpu_bits) - 1 : 0;
            policy->caches[i].eax =
                (policy->caches[i].eax & 0x3fffu) | sharing << 14 | ((1u << policy->vcpu_bits) - 1) << 26;
        }
    }
    policy->basic[6].eax = ARAT;

    struct cpuid_result *leaf7 = policy->features;
    leaf7[0] = host(b, 7, 0);
    uint32_t subleaves = leaf7[0].eax;
    leaf7[0].eax = subleaves >= 1 ? 1 : 0;
    leaf7[0].ebx = (leaf7[0].ebx & LEAF7_EBX) | LEAF7_EBX_TSC_ADJUST;
    leaf7[0].ecx &= LEAF7_ECX;
    leaf7[0].edx &= LEAF7_EDX;
    if (subleaves >= 1) {
        leaf7[1] = host(b, 7, 1);
        leaf7[1] = (struct cpuid_result){.eax = leaf7[1].eax & LEAF7_1_EAX};
    }
    if (b->options->host_tsc) {
        leaf7[0].ebx &= ~LEAF7_EBX_TSC_ADJUST;
        leaf7[0].ecx &= ~LEAF7_ECX_RDPID;
    }
    if (!avx) {
        leaf7[0].ebx &= ~LEAF7_EBX_AVX2;
        leaf7[0].ecx &= ~LEAF7_ECX_NEEDS_AVX;
        leaf7[1].eax &= ~LEAF7_1_EAX_AVX;
    }
    if (!avx512) {
        leaf7[0].ebx &= ~LEAF7_EBX_AVX512;
        leaf7[0].ecx &= ~LEAF7_ECX_AVX512;
        leaf7[0].edx &= ~LEAF7_EDX_AVX512;
        leaf7[1].eax &= ~LEAF7_1_EAX_AVX512;
    }
    if ((policy->xcr0_allowed & XCR0_PKRU) == 0) {
        leaf7[0].ecx &= ~LEAF7_ECX_PKU;
    }

    /* The TSC is the crystal: ratio 1/1. The local APIC's timer counts it too. */
    uint64_t frequency = b->options->tsc_frequency;
    if (frequency != 0 && frequency <= UINT32_MAX) {
        policy->basic[0x15] = (struct cpuid_result){.eax = 1, .ebx = 1, .ecx = (uint32_t)frequency};
    } else if (frequency != 0) {
        policy->basic[0x15] = (struct cpuid_result){.eax = 1, .ebx = 1000, .ecx = (uint32_t)(frequency / 1000)};
    }
    uint32_t megahertz = (uint32_t)(frequency / 1000000u) & 0xffffu;
    policy->basic[0x16] = (struct cpuid_result){.eax = megahertz, .ebx = megahertz, .ecx = megahertz};
}

static void build_extended(const struct builder *b)
{
    struct cpuid_policy *policy = b->policy;
    struct cpuid_result *extended = policy->extended;
    extended[0] = host(b, 0x80000000u, 0);
    extended[0].eax = policy->extended_max;

    extended[1] = host(b, 0x80000001u, 0);
    uint32_t topology = policy->is_amd ? extended[1].ecx & EXTENDED1_ECX_TOPOLOGY : 0;
    extended[1].ecx = (extended[1].ecx & EXTENDED1_ECX) | topology;
    extended[1].edx &= EXTENDED1_EDX;
    if (policy->is_amd) {
        extended[1].edx |= LEAF1_EDX_EMULATED;
        extended[1].ecx |= policy->vcpu_count > 1 ? EXTENDED1_ECX_CMP_LEGACY : 0;
    }
    if ((policy->xcr0_allowed & XCR0_AVX) == 0) {
        extended[1].ecx &= ~EXTENDED1_ECX_NEEDS_AVX;
    }
    if (b->options->host_tsc) {
        extended[1].edx &= ~EXTENDED1_EDX_RDTSCP;
    }
    for (uint32_t i = 2; i <= 6; i++) {
        extended[i] = host(b, 0x80000000u + i, 0); /* brand string, cache sizes */
    }
    extended[7].edx = INVARIANT_TSC;

    struct cpuid_result address = host(b, 0x80000008u, 0);
    uint32_t physical = address.eax & 0xffu;
    policy->physical_bits = physical < 36 ? 36 : physical > 52 ? 52 : physical;
    extended[8].eax = policy->physical_bits | 48u << 8; /* 57-bit linear addresses are not offered */
    extended[8].ebx = address.ebx & EXTENDED8_EBX;
    if (policy->is_amd) {
        extended[8].ecx = (policy->vcpu_count - 1) | policy->vcpu_bits << 12;
    }
    extended[0x19] = host(b, 0x80000019u, 0);
    extended[0x1a] = host(b, 0x8000001au, 0);
    if (topology != 0) {
        for (uint32_t i = 0; i < CPUID_CACHE_COUNT; i++) {
            policy->caches[i] = host(b, 0x8000001du, i);
            if ((policy->caches[i].eax & 0x1fu) == 0) {
                break;
            }
            uint32_t sharing = ((policy->caches[i].eax >> 5) & 7u) >= 3 ? policy->vcpu_count - 1 : 0;
            policy->caches[i].eax = (policy->caches[i].eax & 0x3fffu) | sharing << 14;
        }
    }
    extended[0x21].eax = host(b, 0x80000021u, 0).eax & EXTENDED21_EAX;
}

static void build_hypervisor(const struct builder *b)
{
    struct cpuid_policy *policy = b->policy;
    policy->hypervisor = b->options->hypervisor;
    if (!policy->hypervisor) {
        return;
    }
    policy->hypervisors[0].eax = 0x40000010u;
    set_text(&policy->hypervisors[0], "Skyscope VMM");
    uint32_t kilohertz = (uint32_t)(b->options->tsc_frequency / 1000u);
    policy->hypervisors[0x10] = (struct cpuid_result){.eax = kilohertz, .ebx = kilohertz};
    policy->kvm[0].eax = CPUID_KVM + CPUID_KVM_COUNT - 1;
    set_text(&policy->kvm[0], "KVMKVMKVM\0\0");
    policy->kvm[1].eax = KVM_FEATURE_NOP_IO_DELAY | KVM_FEATURE_PV_EOI;
}

/* CR4 and EFER bits that go with the features shown. */
static void derive_limits(struct cpuid_policy *policy)
{
    const struct cpuid_result *leaf1 = &policy->basic[1];
    const struct cpuid_result *leaf7 = &policy->features[0];
    uint64_t cr4 = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE | CR4_OSFXSR |
                   CR4_OSXMMEXCPT;
    cr4 |= (leaf1->ecx & LEAF1_ECX_PCID) != 0 ? CR4_PCIDE : 0;
    cr4 |= policy->xcr0_allowed != 0 ? CR4_OSXSAVE : 0;
    cr4 |= (leaf7->ebx & BIT(0)) != 0 ? CR4_FSGSBASE : 0;
    cr4 |= (leaf7->ebx & BIT(7)) != 0 ? CR4_SMEP : 0;
    cr4 |= (leaf7->ebx & BIT(20)) != 0 ? CR4_SMAP : 0;
    cr4 |= (leaf7->ecx & BIT(2)) != 0 ? CR4_UMIP : 0;
    cr4 |= (leaf7->ecx & LEAF7_ECX_PKU) != 0 ? CR4_PKE : 0;
    policy->cr4_allowed = cr4;

    const struct cpuid_result *extended1 = &policy->extended[1];
    uint64_t efer = EFER_SCE;
    efer |= (extended1->edx & BIT(29)) != 0 ? EFER_LME | EFER_LMA : 0;
    efer |= (extended1->edx & BIT(20)) != 0 ? EFER_NXE : 0;
    efer |= (extended1->edx & BIT(25)) != 0 ? EFER_FFXSR : 0;
    policy->efer_allowed = efer;
}

void cpuid_policy_create(struct cpuid_policy *policy, const struct cpuid_options *options, cpuid_source source,
                         void *context)
{
    memset(policy, 0, sizeof(*policy));
    struct builder b = {.policy = policy, .options = options, .source = source, .context = context};
    struct cpuid_result leaf0 = source(context, 0, 0);
    struct cpuid_result extended0 = source(context, 0x80000000u, 0);
    b.host_basic_max = leaf0.eax;
    b.host_extended_max = extended0.eax >= 0x80000000u ? extended0.eax : 0x80000000u;
    policy->is_amd = leaf0.ebx == 0x68747541u || leaf0.ebx == 0x6f677948u; /* "Auth", "Hygo" */
    /* Timing (0x16) is always there; what the host lacks below it reads as zero. */
    policy->basic_max = 0x16;
    uint32_t top = 0x80000000u + CPUID_EXTENDED_COUNT - 1;
    policy->extended_max = b.host_extended_max < 0x80000008u ? 0x80000008u
                           : b.host_extended_max > top       ? top
                                                             : b.host_extended_max;
    policy->vcpu_count = options->vcpu_count;
    policy->vcpu_bits = bits_for(options->vcpu_count);

    build_xsave(&b);
    build_basic(&b);
    build_extended(&b);
    build_hypervisor(&b);
    derive_limits(policy);
}
