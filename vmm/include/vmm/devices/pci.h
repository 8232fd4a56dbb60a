/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI bus 0: configuration space by ECAM, a host bridge (00:00.0), and what devices on the bus need: registers with
 * write masks, base address registers, capabilities. A PC has mechanism 1 besides: <vmm/devices/pci_mechanism1.h>.
 * PCI Local Bus 3.0 ch. 6, PCI Express Base ch. 7.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/bus.h>
#include <vmm/irq.h>
#include <vmm/log.h>

#define PCI_CONFIG_SIZE             256u
#define PCI_BAR_COUNT               6u
#define PCI_FUNCTIONS               256u /* of one bus */
#define PCI_SLOTS                   32u
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
struct pci_port;

struct pci_bar {
    uint8_t kind;  /* enum pci_bar_kind */
    bool mapped;   /* registered on the bus at base */
    uint64_t size; /* power of two; at least 4 ports, 16 bytes */
    uint64_t base;
    const struct bus_ops *ops;
};

struct pci_device_ops {
    /* Before a read of [offset, offset + width): the device brings config[] up to date. May be NULL. */
    void (*config_reading)(void *device, uint32_t offset, uint32_t width);
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
    bool interrupt_level;  /* INTx asserted by the device */
    bool line_level;       /* as last driven on the router */
    bool absent;           /* not in its slot now: nothing of it is seen */
    struct pci_port *port; /* that it is behind; NULL: it is on bus 0 */
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

/* A range that BARs are to lie in, as devices see it. */
struct pci_window {
    uint64_t base, size; /* size 0: there is none */
};

/* The machine around the bus. */
struct pci_host_config {
    struct bus *io;   /* where I/O BARs decode: port n is address n */
    struct bus *mmio; /* where memory BARs decode, and the ECAM window */
    struct irq_router *router;
    struct vm *vm;
    uint64_t ecam_base; /* of bus 0's 1 MiB, and those of the other buses; 0: none */
    uint32_t bus_count; /* that the window has room for; 0: one */
    struct pci_window io_window, memory_window;
    uint32_t first_line; /* INTA's number on the router; B to D are the next ones */
    /* PC: the ISA interrupt that lines A and C are routed to for kernels that use the 8259 pair, B and D have the next
     * one; 0: no such thing. */
    uint32_t first_isa_line;
    uint16_t bridge_vendor, bridge_device; /* identity of the host bridge */
    /* A write to a port costs the guest less than one to memory: what is written often can be had by both. */
    bool fast_ports;
    /* Functions that come and go are each put behind one of these; NULL: on bus 0, and the machine has another way to
     * tell the guest of it. */
    struct pci_port *ports;
    uint32_t port_count;
};

/* The machine's way to tell the guest of slots whose functions come and go. Called after the function has come or gone,
 * the last two while it is there. */
struct pci_slot_ops {
    void (*inserted)(void *controller, uint32_t slot);
    void (*pulled)(void *controller, uint32_t slot);
    void (*asked)(void *controller, uint32_t slot); /* to let it go */
    void (*withdrawn)(void *controller, uint32_t slot);
};

struct pci_host {
    struct pci_host_config config;
    struct pci_device *removable[PCI_SLOTS]; /* there or not; NULL: nothing comes and goes in this slot */
    struct pci_port *ports[PCI_SLOTS];       /* NULL: no port in this slot */
    uint32_t ports_used;                     /* of config.ports */
    const struct pci_slot_ops *slot_ops;     /* NULL: the guest is told nothing */
    void *slot_controller;
    void (*slot_released)(void *context, uint32_t slot); /* the guest let it go; NULL: nobody asks */
    void *slot_context;
    struct pci_device *functions[PCI_FUNCTIONS];
    struct pci_device bridge;
    uint16_t line_count[4]; /* functions asserting each of the four lines */
    struct log_limit limit;
};

#define PCI_ECAM_BUS_SIZE 0x100000ull

/* The ECAM window and the host bridge. *config is copied. 0, or -1 if a table is full. */
int pci_host_init(struct pci_host *host, const struct pci_host_config *config);
/* Gives every BAR that has no address one from the windows, as firmware would; decoding stays off. A BAR for which
 * there is no room keeps address 0. */
void pci_host_assign(struct pci_host *host);
/* Puts every function's configuration space back and takes its BARs off the buses. */
void pci_host_reset(struct pci_host *host);

/* --- Slots whose functions come and go; they stay as they are when the machine is reset --- */

/* pci_host_add() of function 0 of `slot`, 1..31, which can be taken out. 0; -1 if the place is taken, or there is no
 * port left. */
int pci_slot_add(struct pci_host *host, uint32_t slot, struct pci_device *function, bool present);
bool pci_slot_occupied(const struct pci_host *host, uint32_t slot);
/* Puts the function in, as after power on, and tells the guest. It was not there. */
void pci_slot_insert(struct pci_host *host, uint32_t slot);
/* Takes it out, resetting it: its registers are gone from all buses. Without a word to the guest. */
void pci_slot_remove(struct pci_host *host, uint32_t slot);
/* The same while the guest uses it, and tells the guest that it is gone. Its configuration space is not there any more;
 * where its BARs were, registers read 0, until somebody else needs the place. */
void pci_slot_pull(struct pci_host *host, uint32_t slot);
/* Asks the guest to let it go, which it does by pci_slot_release() or not at all; takes that back. */
void pci_slot_ask(struct pci_host *host, uint32_t slot);
void pci_slot_withdraw(struct pci_host *host, uint32_t slot);
/* For what tells the guest: it has let the function go, asked or not. Takes it out. */
void pci_slot_release(struct pci_host *host, uint32_t slot);

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
/* INTx of the function: one of the four lines, swizzled by device number as the DSDT's _PRT and the device tree's
 * interrupt-map say; shared. */
void pci_device_set_interrupt(struct pci_device *function, bool level);
