/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What CPUID tells the guest: the host's answers, reduced to what is virtualised
 * and cached, so that an exit costs a table look-up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

#define CPUID_BASIC_COUNT      0x20u
#define CPUID_EXTENDED_COUNT   0x22u
#define CPUID_HYPERVISOR_COUNT 0x11u
#define CPUID_KVM              0x40000100u /* what we do as KVM does, for guests that know it */
#define CPUID_KVM_COUNT        2u
#define CPUID_CACHE_COUNT      8u
#define CPUID_FEATURE_COUNT    3u
#define CPUID_XSAVE_COUNT      16u

struct cpuid_policy {
    uint32_t basic_max, extended_max; /* highest leaf; extended_max 0x8000.... */
    bool hypervisor;                  /* leaves 0x40000000.. and CPUID_KVM.. are shown */
    bool is_amd;
    struct cpuid_result basic[CPUID_BASIC_COUNT];
    struct cpuid_result extended[CPUID_EXTENDED_COUNT];
    struct cpuid_result hypervisors[CPUID_HYPERVISOR_COUNT];
    struct cpuid_result kvm[CPUID_KVM_COUNT];
    struct cpuid_result caches[CPUID_CACHE_COUNT];     /* subleaves of 4, or of 0x8000001d */
    struct cpuid_result features[CPUID_FEATURE_COUNT]; /* subleaves of 7 */
    struct cpuid_result xsave[CPUID_XSAVE_COUNT];      /* subleaves of 0xd */
    uint32_t vcpu_count;
    uint32_t vcpu_bits; /* bits of the APIC ID that number vCPUs */
    /* Derived limits. */
    uint64_t xcr0_allowed; /* 0: no XSAVE */
    uint64_t cr4_allowed;
    uint64_t efer_allowed;
    uint32_t physical_bits;
};

/* Source of the host's answers: the CPUID instruction, or a table in tests. */
typedef struct cpuid_result (*cpuid_source)(void *context, uint32_t leaf, uint32_t subleaf);

struct cpuid_options {
    uint32_t vcpu_count;
    uint64_t tsc_frequency; /* Hz */
    bool hypervisor, x2apic, tsc_deadline;
    bool host_tsc; /* no offset, no TSC_AUX of the guest's own (VCPU_LIMIT_TSC): neither TSC_ADJUST nor RDTSCP */
    bool no_xsave; /* VCPU_LIMIT_XSAVE */
};

void cpuid_policy_create(struct cpuid_policy *policy, const struct cpuid_options *options, cpuid_source source,
                         void *context);

/* State of the asking vCPU that shows in the answers. */
struct cpuid_viewer {
    uint32_t vcpu;
    uint64_t cr4;
    uint64_t xcr0;
    bool apic_enabled; /* IA32_APIC_BASE.EN */
};
void cpuid_query(const struct cpuid_policy *policy, const struct cpuid_viewer *viewer, uint32_t leaf, uint32_t subleaf,
                 struct cpuid_result *result);

/* The CPUID instruction itself, as a cpuid_source. */
struct cpuid_result cpuid_host(void *context, uint32_t leaf, uint32_t subleaf);
