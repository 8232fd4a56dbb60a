/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers CPUID from the policy: the path of every CPUID exit. */
#include <vmm/arch/cpuid.h>
#include <vmm/arch/registers.h>

#define XSAVE_LEGACY_SIZE 576u /* x87 and SSE state and the header */
#define LEAF1_EDX_APIC    (1u << 9)
#define LEAF1_ECX_OSXSAVE (1u << 27)
#define LEAF7_ECX_OSPKE   (1u << 4)

enum topology_level { LEVEL_INVALID = 0, LEVEL_THREAD = 1, LEVEL_CORE = 2 };

struct cpuid_result cpuid_host(void *context, uint32_t leaf, uint32_t subleaf)
{
    (void)context;
    struct cpuid_result r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

/* Bytes that XSAVE needs for the components in `mask`, in the standard or the
 * compacted format (Intel SDM vol. 1 §13.4). */
static uint32_t xsave_size(const struct cpuid_policy *policy, uint64_t mask, bool compacted)
{
    uint32_t size = XSAVE_LEGACY_SIZE;
    for (uint32_t i = 2; i < CPUID_XSAVE_COUNT; i++) {
        if ((mask & (1ull << i)) == 0) {
            continue;
        }
        const struct cpuid_result *component = &policy->xsave[i];
        if (compacted) {
            if ((component->ecx & 2u) != 0) {
                size = (size + 63) & ~63u;
            }
            size += component->eax;
        } else if (component->ebx + component->eax > size) {
            size = component->ebx + component->eax;
        }
    }
    return size;
}

static void query_xsave(const struct cpuid_policy *policy, const struct cpuid_viewer *viewer, uint32_t subleaf,
                        struct cpuid_result *r)
{
    if (policy->xcr0_allowed == 0 || subleaf >= CPUID_XSAVE_COUNT) {
        return;
    }
    *r = policy->xsave[subleaf];
    if (subleaf == 0) {
        r->ebx = xsave_size(policy, viewer->xcr0, false);
        r->ecx = xsave_size(policy, policy->xcr0_allowed, false);
    } else if (subleaf == 1) {
        r->ebx = xsave_size(policy, viewer->xcr0, true);
    }
}

/* Leaf 0xb: one thread in each core, all cores in one package. */
static void query_topology(const struct cpuid_policy *policy, uint32_t vcpu, uint32_t subleaf, struct cpuid_result *r)
{
    r->ecx = subleaf & 0xffu;
    r->edx = vcpu;
    if (subleaf == 0) {
        r->ebx = 1;
        r->ecx |= LEVEL_THREAD << 8;
    } else if (subleaf == 1) {
        r->eax = policy->vcpu_bits;
        r->ebx = policy->vcpu_count;
        r->ecx |= LEVEL_CORE << 8;
    }
}

static void query_extended(const struct cpuid_policy *policy, const struct cpuid_viewer *viewer, uint32_t index,
                           uint32_t subleaf, struct cpuid_result *r)
{
    switch (index) {
    case 0x1d:
        if (policy->is_amd && subleaf < CPUID_CACHE_COUNT) {
            *r = policy->caches[subleaf];
        }
        break;
    case 0x1e: /* extended APIC ID; core ID, one thread each; node 0 of 1 */
        if (policy->is_amd) {
            r->eax = viewer->vcpu;
            r->ebx = viewer->vcpu & 0xffu;
        }
        break;
    case 1:
        *r = policy->extended[1];
        if (!viewer->apic_enabled && policy->is_amd) {
            r->edx &= ~LEAF1_EDX_APIC;
        }
        break;
    default:
        *r = policy->extended[index];
        break;
    }
}

static void query_basic(const struct cpuid_policy *policy, const struct cpuid_viewer *viewer, uint32_t leaf,
                        uint32_t subleaf, struct cpuid_result *r)
{
    switch (leaf) {
    case 1:
        *r = policy->basic[1];
        r->ebx |= viewer->vcpu << 24;
        if ((viewer->cr4 & CR4_OSXSAVE) != 0) {
            r->ecx |= LEAF1_ECX_OSXSAVE;
        }
        if (!viewer->apic_enabled) {
            r->edx &= ~LEAF1_EDX_APIC;
        }
        break;
    case 4:
        if (!policy->is_amd && subleaf < CPUID_CACHE_COUNT) {
            *r = policy->caches[subleaf];
        }
        break;
    case 7:
        if (subleaf < CPUID_FEATURE_COUNT) {
            *r = policy->features[subleaf];
            if (subleaf == 0 && (viewer->cr4 & CR4_PKE) != 0) {
                r->ecx |= LEAF7_ECX_OSPKE;
            }
        }
        break;
    case 0xb:
        query_topology(policy, viewer->vcpu, subleaf, r);
        break;
    case 0xd:
        query_xsave(policy, viewer, subleaf, r);
        break;
    default:
        *r = policy->basic[leaf];
        break;
    }
}

void cpuid_query(const struct cpuid_policy *policy, const struct cpuid_viewer *viewer, uint32_t leaf, uint32_t subleaf,
                 struct cpuid_result *result)
{
    *result = (struct cpuid_result){0};
    if (leaf <= policy->basic_max && leaf < CPUID_BASIC_COUNT) {
        query_basic(policy, viewer, leaf, subleaf, result);
        return;
    }
    uint32_t extended = leaf - 0x80000000u;
    if (extended < CPUID_EXTENDED_COUNT && leaf <= policy->extended_max) {
        query_extended(policy, viewer, extended, subleaf, result);
        return;
    }
    uint32_t hypervisor = leaf - 0x40000000u;
    if (policy->hypervisor && hypervisor < CPUID_HYPERVISOR_COUNT) {
        *result = policy->hypervisors[hypervisor];
        return;
    }
    if (policy->hypervisor && leaf - CPUID_KVM < CPUID_KVM_COUNT) {
        *result = policy->kvm[leaf - CPUID_KVM];
        return;
    }
    /* Beyond the highest leaf: zero, as AMD does; Intel would give the highest basic leaf. */
}
