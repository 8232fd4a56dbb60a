/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI bus 0: configuration space by mechanism 1 (ports 0xCF8, 0xCFC) and ECAM, a
 * host bridge (00:00.0, a Q35's), and what devices on the bus need: registers
 * with write masks, base address registers, capabilities.
 * PCI Local Bus 3.0 ch. 6, PCI Express Base ch. 7.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/devices/reset_control.h>
#include <vmm/irq.h>
#include <vmm/log.h>

#define PCI_CONFIG_SIZE             256u
#define PCI_BAR_COUNT               6u
#define PCI_FUNCTIONS               256u /* of one bus */
#define PCI_DEVFN(device, function) ((uint8_t)((device) << 3 | (function)))

enum pci_register {
    PCI_VENDOR_ID = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08,
    PCI_CLASS = 0x09, /* programming interface, subclass, class */
    PCI_CACHE_LINE_SIZE = 0x0c,
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM_VENDOR_ID = 0x2c,
    PCI_SUBSYSTEM_ID = 0x2e,
    PCI_CAPABILITY_POINTER = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
};

enum pci_command {
    PCI_COMMAND_IO = 1u << 0,
    PCI_COMMAND_MEMORY = 1u << 1,
    PCI_COMMAND_MASTER = 1u << 2,
    PCI_COMMAND_INTX_DISABLE = 1u << 10,
};

enum pci_bar_kind {
    PCI_BAR_NONE = 0,
    PCI_BAR_IO = 1,
    PCI_BAR_MEMORY32 = 2,
    PCI_BAR_MEMORY64 = 3, /* takes two registers */
};

struct pci_device;
struct pci_host;

struct pci_bar {
    uint8_t kind;  /* enum pci_bar_kind */
    bool mapped;   /* registered on the bus at base */
    uint64_t size; /* power of two; at least 4 ports, 16 bytes */
    uint64_t base;
    const struct bus_ops *ops;
};

struct pci_device_ops {
    /* After a write to configuration space that changed [offset, offset + width). May be NULL. */
    void (*config_written)(void *device, uint32_t offset, uint32_t width);
    /* After pci_host_reset() put the configuration space back. May be NULL. */
    void (*reset)(void *device);
};

struct pci_device {
    const char *name;
    uint8_t config[PCI_CONFIG_SIZE];
    uint8_t initial[PCI_CONFIG_SIZE];    /* as after reset */
    uint8_t write_mask[PCI_CONFIG_SIZE]; /* bits that the guest can change */
    uint8_t clear_mask[PCI_CONFIG_SIZE]; /* bits that the guest clears by writing 1 */
    struct pci_bar bars[PCI_BAR_COUNT];
    uint8_t capability_end; /* first free byte for capabilities */
    uint8_t devfn;
    bool interrupt_level; /* INTx asserted by the device */
    bool line_level;      /* as last driven on the router */
    const struct pci_device_ops *ops;
    void *device; /* for ops and BAR ops */
    struct pci_host *host;
};

struct pci_identity {
    uint16_t vendor_id, device_id;
    uint16_t subsystem_vendor_id, subsystem_id;
    uint32_t class_code; /* 24 bits: class, subclass, programming interface */
    uint8_t revision;
    uint8_t interrupt_pin; /* 0: none, 1..4: INTA..INTD */
};

struct pci_host {
    uint32_t address; /* 0xCF8 */
    struct pci_device *functions[PCI_FUNCTIONS];
    struct pci_device bridge;
    uint16_t line_count[4]; /* functions asserting each of the four lines */
    struct bus *io;
    struct bus *mmio;
    struct irq_router *router;
    struct reset_control *reset;
    struct vm *vm;
    struct log_limit limit;
};

/* Registers 0xCF8..0xCFF and the ECAM window; adds the host bridge. 0, or -1 if a table is full. */
int pci_host_init(struct pci_host *host, struct bus *io, struct bus *mmio, struct irq_router *router,
                  struct reset_control *reset, struct vm *vm);
/* Puts every function's configuration space back and takes its BARs off the buses. */
void pci_host_reset(struct pci_host *host);

/* --- For devices, in this order --- */

/* Fills the standard header. */
void pci_device_init(struct pci_device *function, const char *name, const struct pci_identity *identity,
                     const struct pci_device_ops *ops, void *device);
/* Declares BAR `index` (a 64-bit one takes index + 1 as well); ops are called with the offset in the BAR and
 * function->device. 0; -1 if index, kind or size are impossible. */
int pci_device_add_bar(struct pci_device *function, uint32_t index, enum pci_bar_kind kind, uint64_t size,
                       const struct bus_ops *ops);
/* Appends a capability of `size` bytes, header included. Offset, or 0 if there is no room. Its body is zero and
 * read-only until the device fills it in: config[], initial[] (by pci_device_set), write_mask[]. */
uint8_t pci_device_add_capability(struct pci_device *function, uint8_t id, uint8_t size);
/* Sets `width` bytes (1, 2, 4) of config and of its state after reset. */
void pci_device_set(struct pci_device *function, uint32_t offset, uint32_t width, uint32_t value);
/* Little-endian value of `width` bytes (1, 2, 4) of config. */
uint32_t pci_device_get(const struct pci_device *function, uint32_t offset, uint32_t width);
/* Puts the function on the bus. 0; -1 if the place is taken. */
int pci_host_add(struct pci_host *host, uint8_t devfn, struct pci_device *function);
/* INTx of the function: lines GSI 16..19, swizzled by device number as the DSDT's _PRT says; shared. */
void pci_device_set_interrupt(struct pci_device *function, bool level);
