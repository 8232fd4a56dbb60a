/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/devices/acpi_slots.h>

#include <vmm/devices/pc_map.h>

enum slot_register {
    SLOTS_CHANGED = 0,
    SLOTS_LEAVING = 4,
    SLOTS_PRESENT = 8,
    SLOTS_EJECT = 12,
};

/* --- For the guest --- */

static uint32_t present(const struct acpi_slots *slots)
{
    uint32_t bits = 0;
    for (uint32_t slot = 0; slot < PCI_SLOTS; slot++) {
        bits |= pci_slot_occupied(slots->host, slot) ? 1u << slot : 0;
    }
    return bits;
}

static void eject(struct acpi_slots *slots, uint32_t bits)
{
    for (uint32_t slot = 0; slot < PCI_SLOTS; slot++) {
        if ((bits >> slot & 1u) == 0) {
            continue;
        }
        if (!pci_slot_occupied(slots->host, slot)) {
            log_guest_error(slots->vm, &slots->limit, "acpi_slots", "slot %u has no device that could be ejected",
                            slot);
            continue;
        }
        slots->changed &= ~(1u << slot);
        slots->leaving &= ~(1u << slot);
        pci_slot_release(slots->host, slot);
    }
}

static uint64_t port_read(void *device, uint64_t offset, uint32_t width)
{
    const struct acpi_slots *slots = device;
    if (width != 4) {
        return 0;
    }
    switch (offset) {
    case SLOTS_CHANGED:
        return slots->changed;
    case SLOTS_LEAVING:
        return slots->leaving;
    case SLOTS_PRESENT:
        return present(slots);
    default:
        return 0;
    }
}

static void port_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct acpi_slots *slots = device;
    uint32_t bits = (uint32_t)value;
    if (width == 4 && offset == SLOTS_CHANGED) {
        slots->changed &= ~bits;
    } else if (width == 4 && offset == SLOTS_LEAVING) {
        slots->leaving &= ~bits;
    } else if (width == 4 && offset == SLOTS_EJECT) {
        eject(slots, bits);
    } else {
        log_guest_error(slots->vm, &slots->limit, "acpi_slots", "a write of %u bytes at 0x%x", width, (uint32_t)offset);
    }
}

static const struct bus_ops port_ops = {.read = port_read, .write = port_write};

/* --- For the host --- */

static void changed(void *controller, uint32_t slot)
{
    struct acpi_slots *slots = controller;
    slots->changed |= 1u << slot;
    slots->leaving &= ~(1u << slot);
    acpi_pm_raise_event(slots->pm, PC_GPE_PCI_SLOTS);
}

static void asked(void *controller, uint32_t slot)
{
    struct acpi_slots *slots = controller;
    slots->leaving |= 1u << slot;
    acpi_pm_raise_event(slots->pm, PC_GPE_PCI_SLOTS);
}

static void withdrawn(void *controller, uint32_t slot)
{
    struct acpi_slots *slots = controller;
    slots->leaving &= ~(1u << slot);
}

static const struct pci_slot_ops slot_ops = {
    .inserted = changed, .pulled = changed, .asked = asked, .withdrawn = withdrawn};

void acpi_slots_reset(struct acpi_slots *slots)
{
    slots->changed = 0;
    slots->leaving = 0;
}

int acpi_slots_init(struct acpi_slots *slots, struct bus *io, struct pci_host *host, struct acpi_pm *pm, struct vm *vm)
{
    *slots = (struct acpi_slots){.host = host, .pm = pm, .vm = vm};
    host->slot_ops = &slot_ops;
    host->slot_controller = slots;
    return bus_register(io, PC_PORT_PCI_SLOTS, PC_PCI_SLOTS_SIZE, &port_ops, slots, "PCI slots");
}
