/* SPDX-License-Identifier: BSD-2-Clause */
/* Host bridge: ways to configuration space. PCI Local Bus 3.0 §3.2.2.3.2 (mechanism 1), PCI Express Base §7.2.2
 * (ECAM). */
#include <stddef.h>

#include <vmm/devices/pc_map.h>
#include <vmm/devices/pci.h>

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

/* --- Mechanism 1 --- */

static uint64_t port_read(void *device, uint64_t offset, uint32_t width)
{
    struct pci_host *host = device;
    if (offset == 0 && width == 4) {
        return host->address;
    }
    if (offset == PC_PORT_RESET - PC_PORT_PCI_CONFIG && width == 1) {
        return reset_control_read(host->reset);
    }
    if (offset < DATA_OFFSET || width > 4) {
        return all_ones(width);
    }
    const struct pci_device *function = host->functions[ADDRESS_FUNCTION(host->address)];
    if ((host->address & ADDRESS_ENABLE) == 0 || ADDRESS_BUS(host->address) != 0 || function == NULL) {
        return all_ones(width);
    }
    return pci_config_read(function, ADDRESS_REGISTER(host->address) + (uint32_t)(offset - DATA_OFFSET), width);
}

static void port_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct pci_host *host = device;
    if (offset == 0 && width == 4) {
        host->address = (uint32_t)value & ADDRESS_WRITABLE;
        return;
    }
    if (offset == PC_PORT_RESET - PC_PORT_PCI_CONFIG && width == 1) {
        reset_control_write(host->reset, (uint8_t)value);
        return;
    }
    if (offset < DATA_OFFSET || width > 4) {
        return;
    }
    struct pci_device *function = host->functions[ADDRESS_FUNCTION(host->address)];
    if ((host->address & ADDRESS_ENABLE) != 0 && ADDRESS_BUS(host->address) == 0 && function != NULL) {
        pci_config_write(function, ADDRESS_REGISTER(host->address) + (uint32_t)(offset - DATA_OFFSET), width,
                         (uint32_t)value);
    }
}

static const struct bus_ops port_ops = {.read = port_read, .write = port_write};

/* --- ECAM: bits 27:20 bus, 19:12 device and function, 11:0 register; the window holds bus 0 --- */

static uint64_t ecam_read(void *device, uint64_t offset, uint32_t width)
{
    const struct pci_host *host = device;
    const struct pci_device *function = host->functions[offset >> 12 & 0xffu];
    if (function == NULL) {
        return all_ones(width);
    }
    uint32_t at = (uint32_t)offset & 0xfffu;
    if (width == 8) {
        return pci_config_read(function, at, 4) | (uint64_t)pci_config_read(function, at + 4, 4) << 32;
    }
    return pci_config_read(function, at, width);
}

static void ecam_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct pci_host *host = device;
    struct pci_device *function = host->functions[offset >> 12 & 0xffu];
    if (function == NULL) {
        return;
    }
    uint32_t at = (uint32_t)offset & 0xfffu;
    if (width == 8) {
        pci_config_write(function, at, 4, (uint32_t)value);
        pci_config_write(function, at + 4, 4, (uint32_t)(value >> 32));
    } else {
        pci_config_write(function, at, width, (uint32_t)value);
    }
}

static const struct bus_ops ecam_ops = {.read = ecam_read, .write = ecam_write};

/* --- The bus --- */

int pci_host_add(struct pci_host *host, uint8_t devfn, struct pci_device *function)
{
    if (host->functions[devfn] != NULL) {
        return -1;
    }
    function->host = host;
    function->devfn = devfn;
    if (function->config[PCI_INTERRUPT_PIN] != 0) {
        pci_device_set(function, PCI_INTERRUPT_LINE, 1, pci_isa_interrupt(pci_line(function)));
    }
    host->functions[devfn] = function;
    return 0;
}

void pci_host_reset(struct pci_host *host)
{
    host->address = 0;
    for (uint32_t i = 0; i < PCI_FUNCTIONS; i++) {
        if (host->functions[i] != NULL) {
            pci_function_reset(host->functions[i]);
        }
    }
}

int pci_host_init(struct pci_host *host, struct bus *io, struct bus *mmio, struct irq_router *router,
                  struct reset_control *reset, struct vm *vm)
{
    /* Memory controller hub of a Q35 board, without its registers beyond the standard header. */
    static const struct pci_identity identity = {
        .vendor_id = 0x8086,
        .device_id = 0x29c0,
        .subsystem_vendor_id = 0x8086,
        .subsystem_id = 0x29c0,
        .class_code = 0x060000, /* bridge, host */
        .revision = 0,
    };
    *host = (struct pci_host){.io = io, .mmio = mmio, .router = router, .reset = reset, .vm = vm};
    pci_device_init(&host->bridge, "host bridge", &identity, NULL, NULL);
    if (bus_register(io, PC_PORT_PCI_CONFIG, 8, &port_ops, host, "PCI configuration") != 0 ||
        bus_register(mmio, PC_ECAM_BASE, PC_ECAM_SIZE, &ecam_ops, host, "PCI ECAM") != 0 ||
        pci_host_add(host, PCI_DEVFN(0, 0), &host->bridge) != 0) {
        return -1;
    }
    return 0;
}
