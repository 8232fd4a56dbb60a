/* SPDX-License-Identifier: BSD-2-Clause */
/* The bus: configuration space by ECAM (PCI Express Base §7.2.2), the host bridge, addresses for BARs. */
#include <stddef.h>

#include <vmm/devices/pci_port.h>

#include "pci_internal.h"

static uint64_t all_ones(uint32_t width)
{
    return width >= 8 ? UINT64_MAX : (1ull << 8 * width) - 1;
}

/* --- ECAM: bits 27:20 bus, 19:12 device and function, 11:0 register; the window holds the first buses --- */

static uint64_t ecam_read(void *device, uint64_t offset, uint32_t width)
{
    struct pci_device *function = pci_host_function(device, offset >> 20 & 0xffu, offset >> 12 & 0xffu);
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
    struct pci_device *function = pci_host_function(device, offset >> 20 & 0xffu, offset >> 12 & 0xffu);
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

struct pci_device *pci_host_function(const struct pci_host *host, uint32_t bus, uint32_t devfn)
{
    if (bus == 0) {
        struct pci_device *function = devfn < PCI_FUNCTIONS ? host->functions[devfn] : NULL;
        return function != NULL && !function->absent ? function : NULL;
    }
    for (uint32_t i = 0; i < host->ports_used; i++) {
        const struct pci_port *port = &host->config.ports[i];
        if (pci_port_bus(port) == bus) {
            return devfn == 0 && pci_port_link_active(port) ? port->child : NULL;
        }
    }
    return NULL;
}

int pci_host_add(struct pci_host *host, uint8_t devfn, struct pci_device *function)
{
    if (host->functions[devfn] != NULL) {
        return -1;
    }
    function->host = host;
    function->devfn = devfn;
    if (function->config[PCI_INTERRUPT_PIN] != 0 && host->config.first_isa_line != 0) {
        pci_device_set(function, PCI_INTERRUPT_LINE, 1, host->config.first_isa_line + (pci_line(function) & 1u));
    }
    host->functions[devfn] = function;
    return 0;
}

void pci_host_reset(struct pci_host *host)
{
    for (uint32_t i = 0; i < PCI_FUNCTIONS; i++) {
        if (host->functions[i] != NULL) {
            pci_function_reset(host->functions[i]);
        }
    }
}

/* --- Addresses --- */

/* Takes `size` bytes, aligned to their size, from the window's beginning. 0: no room. */
static uint64_t take(struct pci_window *window, uint64_t size)
{
    uint64_t base = (window->base + size - 1) & ~(size - 1);
    uint64_t end = window->base + window->size;
    if (base < window->base || base > end || size > end - base) {
        return 0;
    }
    *window = (struct pci_window){.base = base + size, .size = end - base - size};
    return base;
}

static void assign(struct pci_device *function, struct pci_window *io, struct pci_window *memory)
{
    for (uint32_t i = 0; i < PCI_BAR_COUNT; i++) {
        const struct pci_bar *bar = &function->bars[i];
        uint32_t offset = PCI_BAR0 + 4 * i;
        uint32_t kind = pci_device_get(function, offset, 4);
        uint32_t flags = bar->kind == PCI_BAR_IO ? 3u : 15u;
        if (bar->kind == PCI_BAR_NONE || (kind & ~flags) != 0) {
            continue;
        }
        uint64_t base = take(bar->kind == PCI_BAR_IO ? io : memory, bar->size);
        pci_device_set(function, offset, 4, (uint32_t)base | kind);
        if (bar->kind == PCI_BAR_MEMORY64) {
            pci_device_set(function, offset + 4, 4, (uint32_t)(base >> 32));
        }
    }
}

void pci_host_assign(struct pci_host *host)
{
    struct pci_window io = host->config.io_window;
    struct pci_window memory = host->config.memory_window;
    for (uint32_t i = 0; i < PCI_FUNCTIONS; i++) {
        if (host->functions[i] != NULL) {
            assign(host->functions[i], &io, &memory);
        }
    }
}

int pci_host_init(struct pci_host *host, const struct pci_host_config *config)
{
    const struct pci_identity identity = {
        .vendor_id = config->bridge_vendor,
        .device_id = config->bridge_device,
        .subsystem_vendor_id = config->bridge_vendor,
        .subsystem_id = config->bridge_device,
        .class_code = 0x060000, /* bridge, host */
        .revision = 0,
    };
    uint32_t buses = config->bus_count != 0 ? config->bus_count : 1;
    *host = (struct pci_host){.config = *config};
    pci_device_init(&host->bridge, "host bridge", &identity, NULL, NULL);
    if (config->ecam_base != 0 &&
        bus_register(config->mmio, config->ecam_base, buses * PCI_ECAM_BUS_SIZE, &ecam_ops, host, "PCI ECAM") != 0) {
        return -1;
    }
    return pci_host_add(host, PCI_DEVFN(0, 0), &host->bridge);
}
