/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a plan depends on this architecture: interrupts of the GIC, device addresses
 * that follow from the machine, and no I/O ports. */
#include <arch/its.h>
#include <kernel/plan_check.h>
#include <skyscope/types.h>

#define MAX_IRQ_VECTOR 107u
#define FIRST_SPI      32u
#define SPI_END        1020u
#define ITS_SIZE       0x20000ull

bool plan_arch_check_hardware(const struct hardware_arch *hardware, struct plan_error *error)
{
    if (hardware->gic_version != 2 && hardware->gic_version != 3) {
        return plan_refuse(error, "hardware: an interrupt controller of version %u", hardware->gic_version);
    }
    if (hardware->gic_version == 2 && hardware->its_count != 0) {
        return plan_refuse(error, "hardware: an ITS of a GICv2");
    }
    return plan_check_count(error, "regions of redistributors", hardware->redistributor_count,
                            HARDWARE_MAX_GIC_REGIONS) &&
           plan_check_count(error, "ITSs", hardware->its_count, HARDWARE_MAX_ITS) &&
           plan_check_count(error, "SMMUs", hardware->smmu_count, HARDWARE_MAX_SMMUS);
}

bool plan_arch_device_address(const struct plan_region *region, const struct hardware_arch *hardware, uint64_t *address,
                              struct plan_error *error)
{
    *address = region->physical_address;
    if (region->physical_address == PLAN_CONSOLE_ADDRESS) {
        if (hardware->uart_kind == HARDWARE_UART_NONE || hardware->uart.address == 0) {
            return plan_refuse(error, "region %s: this machine has no console", region->name);
        }
        *address = hardware->uart.address;
    } else if (region->physical_address == PLAN_GICV_ADDRESS) {
        *address = hardware->gic_version == 2 ? hardware->gicv.address : PLAN_ANY_ADDRESS;
        if (*address != PLAN_ANY_ADDRESS && (*address == 0 || region->size > hardware->gicv.size)) {
            return plan_refuse(error, "region %s: this machine's GICv2 has no virtual CPU interface of 0x%llx bytes",
                               region->name, (unsigned long long)region->size);
        }
    }
    return true;
}

static bool contains(const struct plan_region *region, uint64_t address, const struct hardware_range *range)
{
    return range->address != 0 && plan_overlap(address, region->size, range->address, range->size);
}

bool plan_arch_check_device(const struct plan_region *region, uint64_t address, const struct hardware_arch *hardware,
                            struct plan_error *error)
{
    const struct hardware_range *const gic[] = {&hardware->distributor, &hardware->gicc, &hardware->gich,
                                                &hardware->gicv, &hardware->v2m};

    if (region->physical_address == PLAN_GICV_ADDRESS) {
        return true; /* for VMs alone: plan_arch_check_device_map() */
    }
    for (unsigned int i = 0; i < sizeof(gic) / sizeof(gic[0]); i++) {
        if (contains(region, address, gic[i])) {
            return plan_refuse(error, "region %s: contains the interrupt controller", region->name);
        }
    }
    for (uint32_t i = 0; i < hardware->redistributor_count; i++) {
        if (contains(region, address, &hardware->redistributors[i])) {
            return plan_refuse(error, "region %s: contains redistributors of the interrupt controller", region->name);
        }
    }
    for (uint32_t i = 0; i < hardware->its_count; i++) {
        const struct hardware_range its = {.address = hardware->its[i].address, .size = ITS_SIZE};
        if (contains(region, address, &its)) {
            return plan_refuse(error, "region %s: contains an ITS of the interrupt controller", region->name);
        }
    }
    for (uint32_t i = 0; i < hardware->smmu_count; i++) {
        if (contains(region, address, &hardware->smmus[i].registers)) {
            return plan_refuse(error, "region %s: contains an SMMU", region->name);
        }
    }
    return true;
}

bool plan_arch_check_device_map(const struct plan_region *region, const struct plan_space *space,
                                struct plan_error *error)
{
    if (region->physical_address == PLAN_GICV_ADDRESS && space->kind != PLAN_SPACE_VM) {
        return plan_refuse(error, "map of %s in %s: the virtual CPU interface is for VMs", region->name, space->name);
    }
    return true;
}

/* The SPI of an interrupt that has one, else 0. */
static uint32_t spi_of(const struct plan_irq *irq, const struct hardware_arch *hardware)
{
    switch (irq->kind) {
    case PLAN_IRQ_GIC:
        return irq->pin;
    case PLAN_IRQ_CONSOLE:
        return hardware->uart_interrupt.intid;
    case PLAN_IRQ_MSI:
        return hardware->its_count == 0 ? irq->msi_handle : 0;
    default:
        return 0;
    }
}

static bool check_msi(const struct plan_irq *irq, const char *name, const struct hardware_arch *hardware,
                      struct plan_error *error)
{
    if (hardware->its_count != 0) {
        return (irq->msi_handle < ITS_EVENTS_PER_DEVICE && irq->pci_address <= UINT16_MAX) ||
               plan_refuse(error, "interrupt %u of PD %s: device 0x%x has no MSI %u, the last is %u", irq->id, name,
                           irq->pci_address, irq->msi_handle, ITS_EVENTS_PER_DEVICE - 1);
    }
    if (hardware->v2m.address == 0) {
        return plan_refuse(error, "interrupt %u of PD %s: this machine has nothing that takes MSIs", irq->id, name);
    }
    if (irq->msi_handle < hardware->v2m_first_spi ||
        irq->msi_handle - hardware->v2m_first_spi >= hardware->v2m_spi_count) {
        return plan_refuse(error, "interrupt %u of PD %s: this machine takes MSIs of %u to %u, not %u", irq->id, name,
                           hardware->v2m_first_spi, hardware->v2m_first_spi + hardware->v2m_spi_count - 1,
                           irq->msi_handle);
    }
    return true;
}

static bool check_source(const struct plan_irq *irq, const char *name, const struct hardware_arch *hardware,
                         struct plan_error *error)
{
    uint32_t spi = spi_of(irq, hardware);

    switch (irq->kind) {
    case PLAN_IRQ_GIC:
        return (spi >= FIRST_SPI && spi < SPI_END) ||
               plan_refuse(error, "interrupt %u of PD %s: INTID %u is no shared interrupt", irq->id, name, spi);
    case PLAN_IRQ_CONSOLE:
        return (spi >= FIRST_SPI && spi < SPI_END) ||
               plan_refuse(error, "interrupt %u of PD %s: this machine's console has none", irq->id, name);
    case PLAN_IRQ_MSI:
        return check_msi(irq, name, hardware, error);
    default:
        return plan_refuse(error, "interrupt %u of PD %s: unknown kind %u", irq->id, name, irq->kind);
    }
}

bool plan_arch_check_irq(const struct plan_view *view, const struct plan_machine *machine, uint32_t index,
                         struct plan_error *error)
{
    const struct hardware_arch *hardware = &machine->hardware->arch;
    const struct plan_irq *irq = &view->irqs[index];
    const char *name = view->pds[irq->pd].name;

    /* Inputs of a GIC have one polarity. */
    if ((irq->flags & ~(uint32_t)PLAN_IRQ_EDGE) != 0 || irq->vector > MAX_IRQ_VECTOR) {
        return plan_refuse(error, "interrupt %u of PD %s: bad flags 0x%x or vector %u", irq->id, name, irq->flags,
                           irq->vector);
    }
    if (!check_source(irq, name, hardware, error)) {
        return false;
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct plan_irq *other = &view->irqs[i];
        const char *owner = view->pds[other->pd].name;
        uint32_t spi = spi_of(irq, hardware);
        if (spi != 0 && spi == spi_of(other, hardware)) {
            return plan_refuse(error, "interrupt %u of PD %s: INTID %u is already that of %s", irq->id, name, spi,
                               owner);
        }
        if (irq->kind == PLAN_IRQ_MSI && other->kind == PLAN_IRQ_MSI && irq->pci_address == other->pci_address &&
            irq->msi_handle == other->msi_handle) {
            return plan_refuse(error, "interrupt %u of PD %s: this MSI is already that of %s", irq->id, name, owner);
        }
    }
    return true;
}

bool plan_arch_check_ioports(const struct plan_view *view, struct plan_error *error)
{
    if (view->counts[PLAN_TABLE_IOPORTS] != 0) {
        return plan_refuse(error, "plan: %u ranges of I/O ports, which this architecture has not",
                           view->counts[PLAN_TABLE_IOPORTS]);
    }
    return true;
}
