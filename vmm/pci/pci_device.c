/* SPDX-License-Identifier: BSD-2-Clause */
/* A function's configuration space: header, write masks, base address registers, capabilities. PCI Local Bus 3.0
 * ch. 6. */
#include <stddef.h>

#include <base/memory.h>

#include <vmm/devices/pci_port.h>

#include "pci_internal.h"

#define STATUS_CAPABILITIES 0x10u
#define STATUS_INTERRUPT    0x08u
#define FIRST_CAPABILITY    0x40u
#define BAR_IO              0x01u
#define BAR_64BIT           0x04u
#define COMMAND_WRITABLE    (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE)
#define PORTS               0x10000ull

static void put(uint8_t *bytes, uint32_t width, uint32_t value)
{
    for (uint32_t i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t get(const uint8_t *bytes, uint32_t width)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < width; i++) {
        value |= (uint32_t)bytes[i] << 8 * i;
    }
    return value;
}

void pci_device_set(struct pci_device *function, uint32_t offset, uint32_t width, uint32_t value)
{
    if (width <= 4 && offset <= PCI_CONFIG_SIZE - width) {
        put(function->config + offset, width, value);
        put(function->initial + offset, width, value);
    }
}

uint32_t pci_device_get(const struct pci_device *function, uint32_t offset, uint32_t width)
{
    return width <= 4 && offset <= PCI_CONFIG_SIZE - width ? get(function->config + offset, width) : 0;
}

void pci_device_init(struct pci_device *function, const char *name, const struct pci_identity *identity,
                     const struct pci_device_ops *ops, void *device)
{
    *function = (struct pci_device){
        .name = name,
        .ops = ops,
        .device = device,
        .capability_end = FIRST_CAPABILITY,
    };
    pci_device_set(function, PCI_VENDOR_ID, 2, identity->vendor_id);
    pci_device_set(function, PCI_DEVICE_ID, 2, identity->device_id);
    pci_device_set(function, PCI_REVISION, 1, identity->revision);
    pci_device_set(function, PCI_CLASS, 2, identity->class_code);
    pci_device_set(function, PCI_CLASS + 2, 1, identity->class_code >> 16);
    pci_device_set(function, PCI_SUBSYSTEM_VENDOR_ID, 2, identity->subsystem_vendor_id);
    pci_device_set(function, PCI_SUBSYSTEM_ID, 2, identity->subsystem_id);
    pci_device_set(function, PCI_INTERRUPT_PIN, 1, identity->interrupt_pin <= 4 ? identity->interrupt_pin : 0);
    put(function->write_mask + PCI_COMMAND, 2, COMMAND_WRITABLE);
    function->write_mask[PCI_CACHE_LINE_SIZE] = 0xff;
    function->write_mask[PCI_INTERRUPT_LINE] = 0xff;
}

int pci_device_add_bar(struct pci_device *function, uint32_t index, enum pci_bar_kind kind, uint64_t size,
                       const struct bus_ops *ops)
{
    uint32_t last = kind == PCI_BAR_MEMORY64 ? index + 1 : index;
    uint64_t smallest = kind == PCI_BAR_IO ? 4 : 16;
    uint64_t largest = kind == PCI_BAR_IO ? 256 : kind == PCI_BAR_MEMORY32 ? 1ull << 31 : 1ull << 62;
    if (index >= PCI_BAR_COUNT || last >= PCI_BAR_COUNT || kind == PCI_BAR_NONE || kind > PCI_BAR_MEMORY64 ||
        size < smallest || size > largest || (size & (size - 1)) != 0 || ops == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i <= last; i++) {
        bool overlaps = i >= index || (i + 1 == index && function->bars[i].kind == PCI_BAR_MEMORY64);
        if (overlaps && function->bars[i].kind != PCI_BAR_NONE) {
            return -1;
        }
    }
    function->bars[index] = (struct pci_bar){.kind = (uint8_t)kind, .size = size, .ops = ops};
    uint32_t offset = PCI_BAR0 + 4 * index;
    uint64_t writable = ~(size - 1);
    put(function->write_mask + offset, 4, (uint32_t)writable);
    if (kind == PCI_BAR_IO) {
        pci_device_set(function, offset, 4, BAR_IO);
    } else if (kind == PCI_BAR_MEMORY64) {
        pci_device_set(function, offset, 4, BAR_64BIT);
        put(function->write_mask + offset + 4, 4, (uint32_t)(writable >> 32));
    }
    return 0;
}

uint8_t pci_device_add_capability(struct pci_device *function, uint8_t id, uint8_t size)
{
    uint32_t at = (function->capability_end + 3u) & ~3u;
    if (size < 2 || at + size > PCI_CONFIG_SIZE || function->capability_end == 0) {
        return 0;
    }
    /* Newest first: the list is walked by its links. */
    pci_device_set(function, at, 1, id);
    pci_device_set(function, at + 1, 1, function->config[PCI_CAPABILITY_POINTER]);
    pci_device_set(function, PCI_CAPABILITY_POINTER, 1, at);
    pci_device_set(function, PCI_STATUS, 1, function->config[PCI_STATUS] | STATUS_CAPABILITIES);
    function->capability_end = (uint8_t)(at + size); /* 0: full */
    return (uint8_t)at;
}

/* --- Base address registers --- */

/* Where the BAR decodes now; false: nowhere. */
static bool decoded_base(const struct pci_device *function, uint32_t index, uint64_t *base)
{
    const struct pci_bar *bar = &function->bars[index];
    uint32_t offset = PCI_BAR0 + 4 * index;
    uint32_t command = pci_device_get(function, PCI_COMMAND, 2);
    uint64_t address = pci_device_get(function, offset, 4);
    if (bar->kind == PCI_BAR_IO) {
        *base = address & ~3ull;
        return (command & PCI_COMMAND_IO) != 0 && *base != 0 && *base <= PORTS - bar->size;
    }
    if (bar->kind == PCI_BAR_MEMORY64) {
        address |= (uint64_t)pci_device_get(function, offset + 4, 4) << 32;
    }
    *base = address & ~15ull;
    /* At the end of the address space is where the BAR stands while its size is asked for. */
    uint64_t end = bar->kind == PCI_BAR_MEMORY64 ? UINT64_MAX : 0xffffffffull;
    return (command & PCI_COMMAND_MEMORY) != 0 && *base != 0 && *base <= end - bar->size;
}

/* Whether what is in front of the function lets accesses to the BAR through. */
static bool reached(const struct pci_device *function, const struct pci_bar *bar, uint64_t base)
{
    return function->port == NULL || pci_port_forwards(function->port, (enum pci_bar_kind)bar->kind, base, bar->size);
}

static struct bus *bar_bus(const struct pci_device *function, const struct pci_bar *bar)
{
    return bar->kind == PCI_BAR_IO ? function->host->config.io : function->host->config.mmio;
}

/* --- Functions that were pulled while the guest used them --- */

static uint64_t silent_read(void *device, uint64_t offset, uint32_t width)
{
    (void)device;
    (void)offset;
    (void)width;
    return 0;
}

static void silent_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    (void)device;
    (void)offset;
    (void)width;
    (void)value;
}

static const struct bus_ops silent_ops = {.read = silent_read, .write = silent_write};

static void unmap_bar(struct pci_device *function, struct pci_bar *bar)
{
    if (bar->mapped) {
        bus_unregister(bar_bus(function, bar), bar->base);
        bar->mapped = false;
    }
}

/* Where a function was that has been pulled is needed. */
static void clear_pulled(const struct pci_host *host)
{
    for (uint32_t slot = 0; slot < PCI_SLOTS; slot++) {
        struct pci_device *function = host->removable[slot];
        for (uint32_t i = 0; function != NULL && function->absent && i < PCI_BAR_COUNT; i++) {
            unmap_bar(function, &function->bars[i]);
        }
    }
}

static int map_bar(struct pci_device *function, struct pci_bar *bar, uint64_t base)
{
    struct bus *bus = bar_bus(function, bar);
    if (bus_register(bus, base, bar->size, bar->ops, function->device, function->name) == 0) {
        return 0;
    }
    clear_pulled(function->host);
    return bus_register(bus, base, bar->size, bar->ops, function->device, function->name);
}

static void update_bar(struct pci_device *function, uint32_t index)
{
    struct pci_bar *bar = &function->bars[index];
    uint64_t base;
    bool decodes = decoded_base(function, index, &base) && reached(function, bar, base);
    if (bar->mapped && (!decodes || base != bar->base)) {
        unmap_bar(function, bar);
    }
    if (decodes && !bar->mapped) {
        if (map_bar(function, bar, base) != 0) {
            log_guest_error(function->host->config.vm, &function->host->limit, "pci",
                            "%s: BAR %u at 0x%llx overlaps something else and does not answer", function->name, index,
                            (unsigned long long)base);
            return;
        }
        bar->mapped = true;
        bar->base = base;
    }
}

static void update_bars(struct pci_device *function)
{
    for (uint32_t i = 0; i < PCI_BAR_COUNT; i++) {
        if (function->bars[i].kind != PCI_BAR_NONE) {
            update_bar(function, i);
        }
    }
}

void pci_device_update(struct pci_device *function)
{
    update_bars(function);
}

/* --- Interrupts --- */

uint32_t pci_line(const struct pci_device *function)
{
    /* Behind a port the device's number is 0, and the port turns the pins once more. */
    uint32_t device = function->port != NULL ? function->port->slot : (uint32_t)function->devfn >> 3;
    return (device + function->config[PCI_INTERRUPT_PIN] - 1u) & 3u;
}

uint32_t pci_requester(const struct pci_device *function)
{
    return (function->port != NULL ? pci_port_bus(function->port) << 8 : 0) | function->devfn;
}

static void update_interrupt(struct pci_device *function)
{
    bool level = function->interrupt_level && function->config[PCI_INTERRUPT_PIN] != 0 &&
                 (pci_device_get(function, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE) == 0;
    if (level == function->line_level) {
        return;
    }
    function->line_level = level;
    struct pci_host *host = function->host;
    uint32_t line = pci_line(function);
    host->line_count[line] = (uint16_t)(host->line_count[line] + (level ? 1 : -1));
    const struct pci_host_config *config = &host->config;
    irq_set_line(config->router, config->first_line + line, host->line_count[line] != 0);
    if (config->first_isa_line != 0) {
        /* Lines A and C share an ISA interrupt, so do B and D. */
        bool shared = host->line_count[line] != 0 || host->line_count[line ^ 2u] != 0;
        irq_set_line(config->router, config->first_isa_line + (line & 1u), shared);
    }
}

void pci_device_set_interrupt(struct pci_device *function, bool level)
{
    function->interrupt_level = level;
    if (level) {
        function->config[PCI_STATUS] |= STATUS_INTERRUPT;
    } else {
        function->config[PCI_STATUS] &= (uint8_t)~STATUS_INTERRUPT;
    }
    update_interrupt(function);
}

/* --- Accesses --- */

uint32_t pci_config_read(struct pci_device *function, uint32_t offset, uint32_t width)
{
    if (function->ops != NULL && function->ops->config_reading != NULL) {
        function->ops->config_reading(function->device, offset, width);
    }
    return pci_device_get(function, offset, width);
}

void pci_config_write(struct pci_device *function, uint32_t offset, uint32_t width, uint32_t value)
{
    if (width > 4 || offset > PCI_CONFIG_SIZE - width) {
        return;
    }
    for (uint32_t i = 0; i < width; i++) {
        uint32_t at = offset + i;
        uint8_t byte = (uint8_t)(value >> 8 * i);
        uint8_t mask = function->write_mask[at];
        uint8_t kept = (uint8_t)((function->config[at] & ~mask) | (byte & mask));
        function->config[at] = kept & (uint8_t) ~(byte & function->clear_mask[at]);
    }
    if (offset < PCI_BAR0 + 4 * PCI_BAR_COUNT && offset + width > PCI_COMMAND) {
        update_bars(function);
        update_interrupt(function);
    }
    if (function->ops != NULL && function->ops->config_written != NULL) {
        function->ops->config_written(function->device, offset, width);
    }
}

void pci_function_reset(struct pci_device *function)
{
    function->interrupt_level = false;
    memcpy(function->config, function->initial, sizeof(function->config));
    update_bars(function);
    update_interrupt(function);
    if (function->ops != NULL && function->ops->reset != NULL) {
        function->ops->reset(function->device);
    }
}

void pci_function_pull(struct pci_device *function)
{
    function->absent = true;
    for (uint32_t i = 0; i < PCI_BAR_COUNT; i++) {
        struct pci_bar *bar = &function->bars[i];
        if (bar->mapped) {
            struct bus *bus = bar_bus(function, bar);
            bus_unregister(bus, bar->base);
            bar->mapped = bus_register(bus, bar->base, bar->size, &silent_ops, NULL, function->name) == 0;
        }
    }
    function->interrupt_level = false;
    memcpy(function->config, function->initial, sizeof(function->config));
    update_interrupt(function);
    if (function->ops != NULL && function->ops->reset != NULL) {
        function->ops->reset(function->device);
    }
}
