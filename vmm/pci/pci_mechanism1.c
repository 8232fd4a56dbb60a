/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space of PCI by ports: PCI Local Bus 3.0 §3.2.2.3.2. */
#include <vmm/devices/pci_mechanism1.h>

#include <stddef.h>

#include <vmm/devices/pc_map.h>

#include "pci_internal.h"

#define ADDRESS_ENABLE      0x80000000u
#define ADDRESS_WRITABLE    0x80fffffcu
#define ADDRESS_BUS(a)      ((a) >> 16 & 0xffu)
#define ADDRESS_FUNCTION(a) ((a) >> 8 & 0xffu)
#define ADDRESS_REGISTER(a) ((a)&0xfcu)
#define DATA_OFFSET         4u

static uint64_t all_ones(uint32_t width)
{
    return width >= 8 ? UINT64_MAX : (1ull << 8 * width) - 1;
}

/* NULL: nothing that answers. */
static struct pci_device *addressed(const struct pci_mechanism1 *ports)
{
    uint32_t address = ports->address;
    return (address & ADDRESS_ENABLE) != 0
               ? pci_host_function(ports->host, ADDRESS_BUS(address), ADDRESS_FUNCTION(address))
               : NULL;
}

static uint64_t port_read(void *device, uint64_t offset, uint32_t width)
{
    struct pci_mechanism1 *ports = device;
    if (offset == 0 && width == 4) {
        return ports->address;
    }
    if (offset == PC_PORT_RESET - PC_PORT_PCI_CONFIG && width == 1) {
        return reset_control_read(ports->reset);
    }
    if (offset < DATA_OFFSET || width > 4) {
        return all_ones(width);
    }
    struct pci_device *function = addressed(ports);
    if (function == NULL) {
        return all_ones(width);
    }
    return pci_config_read(function, ADDRESS_REGISTER(ports->address) + (uint32_t)(offset - DATA_OFFSET), width);
}

static void port_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct pci_mechanism1 *ports = device;
    if (offset == 0 && width == 4) {
        ports->address = (uint32_t)value & ADDRESS_WRITABLE;
        return;
    }
    if (offset == PC_PORT_RESET - PC_PORT_PCI_CONFIG && width == 1) {
        reset_control_write(ports->reset, (uint8_t)value);
        return;
    }
    if (offset < DATA_OFFSET || width > 4) {
        return;
    }
    struct pci_device *function = addressed(ports);
    if (function != NULL) {
        pci_config_write(function, ADDRESS_REGISTER(ports->address) + (uint32_t)(offset - DATA_OFFSET), width,
                         (uint32_t)value);
    }
}

static const struct bus_ops port_ops = {.read = port_read, .write = port_write};

int pci_mechanism1_init(struct pci_mechanism1 *ports, struct pci_host *host, struct reset_control *reset)
{
    *ports = (struct pci_mechanism1){.host = host, .reset = reset};
    return bus_register(host->config.io, PC_PORT_PCI_CONFIG, 8, &port_ops, ports, "PCI configuration");
}

void pci_mechanism1_reset(struct pci_mechanism1 *ports)
{
    ports->address = 0;
}
