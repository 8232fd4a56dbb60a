/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding AMD SVM, turning it on, and making vCPUs. AMD APM vol. 2 chapter 15. */
#include "svm.h"

#include <arch/cpuid.h>
#include <arch/percpu.h>
#include <base/memory.h>
#include <kernel/log.h>
#include <kernel/pool.h>

#define VM_CR_LOCK   (1ull << 3)
#define VM_CR_SVMDIS (1ull << 4)

/* CPUID 8000_000A EDX. */
#define SVM_NESTED_PAGING  (1u << 0)
#define SVM_NEXT_RIP       (1u << 3)
#define SVM_FLUSH_BY_ASID  (1u << 6)
#define SVM_DECODE_ASSISTS (1u << 7)
#define SVM_SPEC_CTRL      (1u << 20)

struct svm_platform svm_platform;
uint8_t svm_fill_return_buffer;

/* Where a vCPU "is" before its first entry shows its CPU: matches none. */
static struct svm_cpu nowhere;
static uint32_t vcpus_created;

/* Whether this is QEMU's TCG: it says so in the leaf of hypervisors. */
static bool is_tcg(void)
{
    struct cpuid_result r = cpuid(0x40000000u, 0);
    uint32_t signature[3] = {r.ebx, r.ecx, r.edx};
    return memcmp(signature, "TCGTCGTCGTCG", sizeof(signature)) == 0;
}

static bool refuse(const char *reason)
{
    kernel_log("svm: no virtual machines: %s\n", reason);
    return false;
}

static bool detect(void)
{
    struct svm_platform *p = &svm_platform;
    if (!cpuid_has_leaf(0x80000001u) || (cpuid(0x80000001u, 0).ecx & (1u << 2)) == 0 || !cpuid_has_leaf(0x8000000au)) {
        return refuse("this processor has no AMD SVM");
    }
    uint64_t vm_cr = rdmsr(MSR_VM_CR);
    if ((vm_cr & VM_CR_SVMDIS) != 0) {
        if ((vm_cr & VM_CR_LOCK) != 0) {
            return refuse("SVM is turned off and locked; look for it in the firmware's setup");
        }
        wrmsr(MSR_VM_CR, vm_cr & ~VM_CR_SVMDIS);
        if ((rdmsr(MSR_VM_CR) & VM_CR_SVMDIS) != 0) {
            return refuse("SVM is turned off by the firmware");
        }
    }
    struct cpuid_result svm = cpuid(0x8000000au, 0);
    if ((svm.edx & SVM_NESTED_PAGING) == 0) {
        return refuse("this processor has no nested paging");
    }
    if (svm.ebx < 2) {
        return refuse("this processor has no address space identifiers for guests");
    }
    p->asid_count = svm.ebx - 1; /* 0 is the host's */
    p->next_rip = (svm.edx & SVM_NEXT_RIP) != 0;
    p->flush_by_asid = (svm.edx & SVM_FLUSH_BY_ASID) != 0;
    p->decode_assists = (svm.edx & SVM_DECODE_ASSISTS) != 0;
    p->virtual_spec_ctrl = (svm.edx & SVM_SPEC_CTRL) != 0;
    p->injects_twice = is_tcg();
    p->flush = p->flush_by_asid ? TLB_CONTROL_FLUSH_ASID : TLB_CONTROL_FLUSH_ALL;
    p->features = KERNEL_FEATURE_SVM | (p->next_rip ? KERNEL_FEATURE_NRIP_SAVE : 0) |
                  (p->flush_by_asid ? KERNEL_FEATURE_FLUSH_BY_ASID : 0) |
                  (p->decode_assists ? KERNEL_FEATURE_DECODE_ASSISTS : 0);
    kernel_log("svm: %u guest address space identifiers%s%s%s\n", p->asid_count, p->next_rip ? ", next RIP" : "",
               p->decode_assists ? ", decode assists" : "", p->flush_by_asid ? ", flush by ASID" : "");
    return true;
}

/* What guests may have that depends on the processor. Returns whether it has
 * the indirect branch prediction barrier. */
static bool find_limits(void)
{
    struct svm_platform *p = &svm_platform;
    struct cpuid_result extended = cpuid(0x80000001u, 0);
    p->has_tsc_aux = (extended.edx & (1u << 27)) != 0;
    p->limits.efer = EFER_SCE | EFER_LME | EFER_LMA;
    p->limits.efer |= (extended.edx & (1u << 20)) != 0 ? EFER_NXE : 0;
    p->limits.efer |= (extended.edx & (1u << 25)) != 0 ? 1ull << 14 : 0; /* FFXSR */
    p->limits.efer |= (extended.ecx & (1u << 17)) != 0 ? 1ull << 15 : 0; /* TCE */
    p->limits.physical_address_bits = 36;
    p->limits.linear_address_bits = 48;
    if (!cpuid_has_leaf(0x80000008u)) {
        return false;
    }
    struct cpuid_result sizes = cpuid(0x80000008u, 0);
    p->limits.physical_address_bits = sizes.eax & 0xff;
    p->limits.linear_address_bits = ((sizes.eax >> 8) & 0xff) > 48 ? 57 : 48;
    p->limits.spec_ctrl = ((sizes.ebx & (1u << 14)) != 0 ? 1u << 0 : 0) | /* IBRS */
                          ((sizes.ebx & (1u << 15)) != 0 ? 1u << 1 : 0) | /* STIBP */
                          ((sizes.ebx & (1u << 24)) != 0 ? 1u << 2 : 0);  /* SSBD */
    p->has_spec_ctrl = p->limits.spec_ctrl != 0 && !p->virtual_spec_ctrl;
    /* Instructions that reach other address spaces, where they exist. */
    p->intercept5 =
        (sizes.ebx & (1u << 3)) != 0 ? INTERCEPT_INVLPGB | INTERCEPT_INVLPGB_ILLEGAL | INTERCEPT_TLBSYNC : 0;
    return (sizes.ebx & (1u << 12)) != 0;
}

static void pass_through(uint8_t *msrpm, uint32_t msr, bool read, bool write)
{
    int32_t bit = svm_msr_bit(msr);
    if (bit >= 0) {
        uint32_t mask = ((read ? 1u : 0u) | (write ? 2u : 0u)) << (bit % 8);
        msrpm[bit / 8] = (uint8_t)(msrpm[bit / 8] & ~mask);
    }
}

/* Every port and every MSR is intercepted, but for MSRs that the VMCB switches
 * and in which no value can harm the host. PAT is not among them: emulators keep
 * one for host and guests. */
static void make_maps(bool barrier)
{
    static const uint32_t switched[] = {
        MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_STAR,         MSR_LSTAR,
        MSR_CSTAR,   MSR_SFMASK,  MSR_SYSENTER_CS,    MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
    };
    uint8_t *iopm = pool_alloc(SVM_IOPM_SIZE, PAGE_SIZE_4K);
    uint8_t *msrpm = pool_alloc(SVM_MSRPM_SIZE, PAGE_SIZE_4K);
    memset(iopm, 0xff, SVM_IOPM_SIZE);
    memset(msrpm, 0xff, SVM_MSRPM_SIZE);
    for (uint32_t i = 0; i < sizeof(switched) / sizeof(switched[0]); i++) {
        pass_through(msrpm, switched[i], true, true);
    }
    if (svm_platform.virtual_spec_ctrl) {
        pass_through(msrpm, MSR_SPEC_CTRL, true, true);
    }
    if (barrier) {
        pass_through(msrpm, MSR_PRED_CMD, false, true);
    }
    svm_platform.iopm = pool_hpa(iopm);
    svm_platform.msrpm = pool_hpa(msrpm);
}

bool vcpu_platform_init(uint32_t cpu_count)
{
    struct svm_platform *p = &svm_platform;
    if (!detect()) {
        return false;
    }
    bool barrier = find_limits();
    /* A processor whose microcode knows of branch target injection. */
    svm_fill_return_buffer = barrier;
    make_maps(barrier);
    p->cpu_count = cpu_count;
    p->cpus = pool_alloc(cpu_count * sizeof(struct svm_cpu), 64);
    p->host_save = pool_alloc(cpu_count * PAGE_SIZE_4K, PAGE_SIZE_4K);
    return true;
}

void vcpu_cpu_init(cpu_id_t cpu)
{
    if (cpu.value >= svm_platform.cpu_count) {
        kernel_panic("svm: CPU %u was not announced", cpu.value);
    }
    uint64_t vm_cr = rdmsr(MSR_VM_CR);
    if ((vm_cr & VM_CR_SVMDIS) != 0 && (vm_cr & VM_CR_LOCK) == 0) {
        wrmsr(MSR_VM_CR, vm_cr & ~VM_CR_SVMDIS);
    }
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, pool_hpa(svm_platform.host_save + cpu.value * PAGE_SIZE_4K).value);
}

void vcpu_hide(void)
{
    if (svm_platform.cpus == NULL) {
        return;
    }
    struct svm_cpu *cpu = &svm_platform.cpus[current_cpu_index()];
    if (__builtin_expect(cpu->tsc_aux != 0, 0)) {
        /* RDTSCP and RDPID read it. */
        wrmsr(MSR_TSC_AUX, 0);
        cpu->tsc_aux = 0;
        cpu->current = NULL; /* written again at the next entry */
    }
}

uint64_t vcpu_features(void)
{
    return svm_platform.features;
}

bool vcpu_create(struct vcpu *vcpu, const struct vcpu_parameters *parameters)
{
    struct vcpu_hardware *hardware = pool_alloc(sizeof(*hardware), 64);
    void *host = pool_alloc(PAGE_SIZE_4K, PAGE_SIZE_4K);
    struct vmcb *vmcb = pool_alloc(PAGE_SIZE_4K, PAGE_SIZE_4K);
    hardware->fpu = fpu_create();
    /* One identifier each for ever, while there are enough; beyond, several vCPUs
     * share one and flush it when they take turns on a CPU. */
    uint32_t number = vcpus_created++;
    vmcb->asid = 1 + number % svm_platform.asid_count;
    svm_platform.asids_shared = vcpus_created > svm_platform.asid_count;
    vmcb->nested_cr3 = parameters->nested_root.value;
    hardware->vmcb = vmcb;
    hardware->vmcb_address = pool_hpa(vmcb);
    hardware->host_address = pool_hpa(host);
    hardware->cpu = &nowhere;
    vcpu->page = parameters->page;
    vcpu->statistics = parameters->statistics;
    vcpu->hardware = hardware;
    vcpu_reset(vcpu);
    return true;
}

void vcpu_reset(struct vcpu *vcpu)
{
    svm_reset_state(vcpu);
    memset(vcpu->page, 0, sizeof(*vcpu->page));
    vcpu_read(vcpu, VCPU_STATE_ALL);
    vcpu->page->state.intercepts = vcpu->hardware->intercepts;
}
