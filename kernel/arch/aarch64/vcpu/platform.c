/* SPDX-License-Identifier: BSD-2-Clause */
/* What this machine's vCPUs can have, turning it on, and making vCPUs. Arm ARM DDI 0487; GIC: IHI 0069, IHI 0048. */
#include "virtual_interface.h"

#include <arch/gic.h>
#include <arch/page_table.h>
#include <base/memory.h>
#include <kernel/log.h>
#include <kernel/pool.h>
#include <kernel/system.h>

#define HCRX_EL2    S3_4_C1_C2_2
#define HFGRTR_EL2  S3_4_C1_C1_4
#define HFGWTR_EL2  S3_4_C1_C1_5
#define HFGITR_EL2  S3_4_C1_C1_6
#define HDFGRTR_EL2 S3_4_C3_C1_4
#define HDFGWTR_EL2 S3_4_C3_C1_5

/* ICC_SRE_EL2: as ICC_SRE_ALL, but EL1's accesses to ICC_SRE_EL1 trap. */
#define ICC_SRE_EL2_TRAP 7u

#define MDCR_TPMCR (1ull << 5)
#define MDCR_TPM   (1ull << 6)
#define MDCR_TDA   (1ull << 9)
#define MDCR_TDOSA (1ull << 10)
#define MDCR_TDRA  (1ull << 11)
#define MDCR_TPMS  (1ull << 14)
#define MDCR_TTRF  (1ull << 19)

/* ICH_VTR_EL2 and GICH_VTR: one less than the list registers there are. */
#define VTR_LISTS(vtr)           (((uint32_t)(vtr)&0x1f) + 1)
#define VTR_PREEMPTION_BITS(vtr) (((uint32_t)((vtr) >> 26) & 7) + 1)

struct vcpu_platform vcpu_platform;

/* Where a vCPU "is" before its first entry shows its CPU: matches none. */
static struct vcpu_cpu nowhere;

static uint32_t field(uint64_t id_register, uint32_t low_bit)
{
    return (uint32_t)(id_register >> low_bit) & 0xf;
}

static bool refuse(const char *reason)
{
    kernel_log("vcpu: no virtual machines: %s\n", reason);
    return false;
}

/* ID registers as guests may see them. */
static void read_id_registers(void)
{
#define READ_ID(crm, op2)                                                                                              \
    vcpu_platform.id_registers[((crm)-1) * 8 + (op2)] =                                                                \
        vcpu_id_register_limit(((crm)-1) * 8 + (op2), read_sysreg_s(S3_0_C0_C##crm##_##op2), sve);
#define READ_ROW(crm)                                                                                                  \
    READ_ID(crm, 0)                                                                                                    \
    READ_ID(crm, 1)                                                                                                    \
    READ_ID(crm, 2)                                                                                                    \
    READ_ID(crm, 3)                                                                                                    \
    READ_ID(crm, 4)                                                                                                    \
    READ_ID(crm, 5)                                                                                                    \
    READ_ID(crm, 6)                                                                                                    \
    READ_ID(crm, 7)
    bool sve = fpu_vector_length() != 0;
    READ_ROW(1)
    READ_ROW(2)
    READ_ROW(3)
    READ_ROW(4)
    READ_ROW(5)
    READ_ROW(6)
    READ_ROW(7)
}

static bool find_interrupt_interface(void)
{
    struct vcpu_platform *p = &vcpu_platform;
    const struct hardware_arch *arch = &kernel_system.hardware->arch;
    p->gic_version = gic_version();
    p->gich = gic_virtual_control();
    if (p->gic_version == 2 && (p->gich == NULL || arch->gicv.address == 0)) {
        return refuse("this machine's GICv2 has no virtual CPU interface");
    }
    if (arch->virtual_timer.intid == 0 || arch->maintenance.intid == 0) {
        return refuse("the firmware names no interrupt of the virtual timer or of the GIC's maintenance");
    }
    p->timer_intid = arch->virtual_timer.intid;
    p->maintenance_intid = arch->maintenance.intid;
    uint32_t type = interface_is_v2() ? p->gich[GICH_VTR] : (uint32_t)read_sysreg_s(ICH_VTR_EL2);
    p->list_count = VTR_LISTS(type) < VCPU_GIC_LISTS ? VTR_LISTS(type) : VCPU_GIC_LISTS;
    /* A bit per level of preemption. */
    uint32_t levels = 1u << VTR_PREEMPTION_BITS(type);
    p->active_priority_words = levels > 32 ? levels / 32 : 1;
    return true;
}

bool vcpu_platform_init(uint32_t cpu_count)
{
    struct vcpu_platform *p = &vcpu_platform;
    if (!find_interrupt_interface()) {
        return false;
    }
    p->aarch32_el0 = field(read_sysreg(id_aa64pfr0_el1), 0) == 2;
    p->mdcr = MDCR_TPMCR | MDCR_TPM | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF;
    uint32_t pmu = field(read_sysreg(id_aa64dfr0_el1), 8);
    if (pmu != 0 && pmu != 0xf) {
        p->mdcr |= read_sysreg(pmcr_el0) >> 11 & 0x1f; /* HPMN: all counters are EL1's, which traps */
    }
    read_id_registers();
    p->cpu_count = cpu_count;
    p->cpus = pool_alloc(cpu_count * sizeof(struct vcpu_cpu), 64);
    kernel_log("vcpu: GICv%u, %u list registers%s%s\n", p->gic_version, p->list_count,
               p->aarch32_el0 ? ", AArch32 at EL0" : "", fpu_vector_length() != 0 ? ", SVE" : "");
    return true;
}

/* Features of later versions that act on guests without being asked: none of them. */
static void disable_extensions(void)
{
    uint64_t mmfr1 = read_sysreg(id_aa64mmfr1_el1);
    uint64_t mmfr0 = read_sysreg(id_aa64mmfr0_el1);
    if (field(mmfr1, 40) != 0) {
        write_sysreg_s(HCRX_EL2, 0);
    }
    if (field(mmfr0, 56) != 0) {
        write_sysreg_s(HFGRTR_EL2, 0);
        write_sysreg_s(HFGWTR_EL2, 0);
        write_sysreg_s(HFGITR_EL2, 0);
        write_sysreg_s(HDFGRTR_EL2, 0);
        write_sysreg_s(HDFGWTR_EL2, 0);
    }
}

void vcpu_cpu_init(cpu_id_t cpu)
{
    struct vcpu_platform *p = &vcpu_platform;
    if (cpu.value >= p->cpu_count) {
        kernel_panic("vcpu: CPU %u was not announced", cpu.value);
    }
    current_percpu()->vcpu = &p->cpus[cpu.value];
    current_percpu()->vcpu->walks_early = vcpu_walks_early(read_sysreg(midr_el1));
    write_sysreg(mdcr_el2, p->mdcr);
    write_sysreg(cnthctl_el2, CNTHCTL_EL2_HOST);
    write_sysreg(hstr_el2, 0);
    write_sysreg(cntv_ctl_el0, 0);
    /* Guests may step themselves: the OS lock, set at reset, would forbid it. */
    write_sysreg(oslar_el1, 0);
    disable_extensions();
    if (p->gic_version == 3) {
        write_sysreg_s(SYSREG_ICC_SRE_EL2, ICC_SRE_EL2_TRAP);
        isb();
        write_sysreg_s(SYSREG_ICC_SRE_EL1, ICC_SRE_ALL);
    }
    interface_write_control(0);
    isb();
    gic_private_enable(p->timer_intid, false);
    gic_private_enable(p->maintenance_intid, false);
}

uint64_t vcpu_features(void)
{
    return vcpu_platform.features;
}

bool vcpu_create(struct vcpu *vcpu, const struct vcpu_parameters *parameters)
{
    struct vcpu_hardware *hardware = pool_alloc(sizeof(*hardware), 64);
    hardware->fpu = fpu_create_guest();
    if (hardware->fpu == NULL) {
        return false;
    }
    hardware->vttbr = page_table_vttbr(parameters->nested_root, page_table_vmid_of_vm(parameters->vm));
    hardware->cpu = &nowhere;
    hardware->vm = parameters->vm;
    hardware->id = parameters->id;
    hardware->vcpu = vcpu;
    hardware->next_of_vm = vcpu_platform.vms[parameters->vm];
    vcpu_platform.vms[parameters->vm] = hardware;
    vcpu->page = parameters->page;
    vcpu->statistics = parameters->statistics;
    vcpu->hardware = hardware;
    vcpu_reset(vcpu);
    return true;
}

void vcpu_reset(struct vcpu *vcpu)
{
    vcpu_reset_state(vcpu);
}
