/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/devices/pci_port.h>

#include "pci_internal.h"

#define VENDOR_REDHAT    0x1b36u
#define DEVICE_ROOT_PORT 0x000cu /* a generic one */
#define CLASS_BRIDGE     0x060400u
#define HEADER_BRIDGE    1u

/* The header of a bridge, Base 5.0 §7.5.1.3. */
enum bridge_register {
    BRIDGE_BUSES = 0x18, /* primary, secondary, subordinate */
    BRIDGE_SECONDARY = 0x19,
    BRIDGE_IO_BASE = 0x1c,
    BRIDGE_IO_LIMIT = 0x1d,
    BRIDGE_MEMORY_BASE = 0x20,
    BRIDGE_MEMORY_LIMIT = 0x22,
    BRIDGE_CONTROL = 0x3e,
};
#define BRIDGE_CONTROL_RESET    0x40u
#define BRIDGE_CONTROL_WRITABLE 0x47u /* and parity, SERR, ISA */

/* The capability, §7.5.3. */
enum express_register {
    EXPRESS_CAPABILITIES = 0x02,
    EXPRESS_DEVICE_CAPABILITIES = 0x04,
    EXPRESS_DEVICE_CONTROL = 0x08,
    EXPRESS_LINK_CAPABILITIES = 0x0c,
    EXPRESS_LINK_CONTROL = 0x10,
    EXPRESS_LINK_STATUS = 0x12,
    EXPRESS_SLOT_CAPABILITIES = 0x14,
    EXPRESS_SLOT_CONTROL = 0x18,
    EXPRESS_SLOT_STATUS = 0x1a,
    EXPRESS_ROOT_CONTROL = 0x1c,
    EXPRESS_LINK_CAPABILITIES2 = 0x2c,
};
#define CAPABILITY_EXPRESS      0x10u
#define CAPABILITY_EXPRESS_SIZE 0x3cu
#define CAPABILITIES_ROOT_PORT  0x0142u /* version 2, root port, with a slot */
#define DEVICE_ROLE_ERRORS      (1u << 15)
#define DEVICE_CONTROL_WRITABLE 0x000fu /* reports of errors, of which there are none */
#define LINK_2_5GT_X1           0x0011u
#define LINK_REPORTS_ACTIVE     (1u << 20)
#define LINK_CONTROL_WRITABLE   0x00c0u
#define LINK_ACTIVE             0x2000u
#define LINK2_2_5GT             0x0002u
#define ROOT_CONTROL_WRITABLE   0x000fu

#define SLOT_BUTTON        0x01u
#define SLOT_POWER_CONTROL 0x02u
#define SLOT_SURPRISE      0x20u
#define SLOT_HOTPLUG       0x40u
#define SLOT_NO_COMPLETION (1u << 18) /* each command is complete when it is written */
#define SLOT_NUMBER_SHIFT  19

/* Slot control: the first bits enable the events of the same bits of slot status. */
#define CONTROL_EVENTS       0x001fu
#define CONTROL_INTERRUPT    0x0020u
#define CONTROL_POWER_OFF    0x0400u
#define CONTROL_LINK_CHANGED 0x1000u
#define CONTROL_WRITABLE     0x17ffu

#define STATUS_BUTTON       0x0001u
#define STATUS_PRESENCE     0x0008u
#define STATUS_PRESENT      0x0040u
#define STATUS_LINK_CHANGED 0x0100u
#define STATUS_CLEARABLE    0x011fu

static uint32_t get(const struct pci_port *port, uint32_t offset)
{
    return pci_device_get(&port->function, port->capability + offset, 2);
}

static void put(struct pci_port *port, uint32_t offset, uint32_t value)
{
    port->function.config[port->capability + offset] = (uint8_t)value;
    port->function.config[port->capability + offset + 1] = (uint8_t)(value >> 8);
}

/* --- State --- */

static void update_interrupt(struct pci_port *port)
{
    uint32_t control = get(port, EXPRESS_SLOT_CONTROL), status = get(port, EXPRESS_SLOT_STATUS);
    bool event = (control & status & CONTROL_EVENTS) != 0 ||
                 ((control & CONTROL_LINK_CHANGED) != 0 && (status & STATUS_LINK_CHANGED) != 0);
    pci_device_set_interrupt(&port->function, event && (control & CONTROL_INTERRUPT) != 0);
}

/* Presence and link follow the child and the slot's power. */
static void update(struct pci_port *port)
{
    uint32_t status = get(port, EXPRESS_SLOT_STATUS), link = get(port, EXPRESS_LINK_STATUS);
    uint32_t present = port->child->absent ? 0 : STATUS_PRESENT;
    uint32_t active = present != 0 && (port->powered || port->by_link) ? LINK_ACTIVE : 0;
    if ((status & STATUS_PRESENT) != present) {
        status = (status ^ STATUS_PRESENT) | STATUS_PRESENCE;
    }
    if ((link & LINK_ACTIVE) != active) {
        link ^= LINK_ACTIVE;
        status |= STATUS_LINK_CHANGED;
    }
    put(port, EXPRESS_SLOT_STATUS, status);
    put(port, EXPRESS_LINK_STATUS, link);
    update_interrupt(port);
}

bool pci_port_link_active(const struct pci_port *port)
{
    return (get(port, EXPRESS_LINK_STATUS) & LINK_ACTIVE) != 0;
}

uint32_t pci_port_bus(const struct pci_port *port)
{
    return port->function.config[BRIDGE_SECONDARY];
}

bool pci_port_forwards(const struct pci_port *port, enum pci_bar_kind kind, uint64_t base, uint64_t size)
{
    const struct pci_device *function = &port->function;
    uint32_t command = pci_device_get(function, PCI_COMMAND, 2);
    uint64_t first, last;
    if (kind == PCI_BAR_IO) {
        first = (uint64_t)function->config[BRIDGE_IO_BASE] << 8;
        last = (uint64_t)function->config[BRIDGE_IO_LIMIT] << 8 | 0xfff;
    } else {
        first = (uint64_t)pci_device_get(function, BRIDGE_MEMORY_BASE, 2) << 16;
        last = (uint64_t)pci_device_get(function, BRIDGE_MEMORY_LIMIT, 2) << 16 | 0xfffff;
    }
    bool enabled = (command & (kind == PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) != 0;
    return enabled && pci_port_link_active(port) && base >= first && base <= last && size - 1 <= last - base;
}

/* --- From the guest --- */

/* Turning the power off lets the device go, unless that is for one that was pulled. */
static void switch_power(struct pci_port *port, bool on)
{
    bool turned_off = port->powered && !on;
    port->powered = on;
    port->by_link = port->by_link && !on;
    if (turned_off && port->pulled_on) {
        port->pulled_on = false;
    } else if (turned_off) {
        pci_slot_release(port->function.host, port->slot);
    }
}

static void config_written(void *device, uint32_t offset, uint32_t width)
{
    struct pci_port *port = device;
    bool resets = offset <= BRIDGE_CONTROL && offset + width > BRIDGE_CONTROL &&
                  (port->function.config[BRIDGE_CONTROL] & BRIDGE_CONTROL_RESET) != 0;
    switch_power(port, (get(port, EXPRESS_SLOT_CONTROL) & CONTROL_POWER_OFF) == 0);
    update(port);
    if (port->child->absent) {
        return;
    }
    if (resets) {
        pci_function_reset(port->child);
    }
    pci_device_update(port->child);
}

/* As at power on: what is there has not come. */
static void settle(struct pci_port *port)
{
    port->powered = true;
    port->pulled = port->pulled_on = port->by_link = false;
    update(port);
    put(port, EXPRESS_SLOT_STATUS, get(port, EXPRESS_SLOT_STATUS) & STATUS_PRESENT);
    update_interrupt(port);
}

static void reset(void *device)
{
    struct pci_port *port = device;
    pci_function_reset(port->child);
    settle(port);
}

static const struct pci_device_ops port_ops = {.config_written = config_written, .reset = reset};

/* --- From the host --- */

static void press(struct pci_port *port)
{
    put(port, EXPRESS_SLOT_STATUS, get(port, EXPRESS_SLOT_STATUS) | STATUS_BUTTON);
    update_interrupt(port);
}

/* Who puts a device into a slot without power presses the button, as drivers of slots that have one expect (§6.7.1.5).
 * But after a pull Linux looks by itself whether there is another device, and would take the press for that one: to
 * power it off. */
static void inserted(void *controller, uint32_t slot)
{
    struct pci_host *host = controller;
    struct pci_port *port = host->ports[slot];
    port->by_link = port->pulled;
    update(port);
    if (!port->powered && !port->by_link) {
        press(port);
    }
    port->pulled = false;
}

static void pulled(void *controller, uint32_t slot)
{
    struct pci_host *host = controller;
    struct pci_port *port = host->ports[slot];
    port->pulled = true;
    port->pulled_on = port->powered;
    port->by_link = false;
    update(port);
}

/* What the guest has not powered it does not use. */
static void asked(void *controller, uint32_t slot)
{
    struct pci_host *host = controller;
    struct pci_port *port = host->ports[slot];
    if (pci_port_link_active(port)) {
        press(port);
    } else {
        pci_slot_release(host, slot);
        update(port);
    }
}

/* A press that the guest has not seen yet is none; otherwise a second one takes it back, for some seconds. */
static void withdraw(void *controller, uint32_t slot)
{
    struct pci_host *host = controller;
    struct pci_port *port = host->ports[slot];
    uint32_t status = get(port, EXPRESS_SLOT_STATUS);
    put(port, EXPRESS_SLOT_STATUS, status ^ STATUS_BUTTON);
    update_interrupt(port);
}

static const struct pci_slot_ops slot_ops = {
    .inserted = inserted, .pulled = pulled, .asked = asked, .withdrawn = withdraw};

/* --- Construction --- */

static void allow(struct pci_device *function, uint32_t offset, uint32_t mask)
{
    function->write_mask[offset] = (uint8_t)mask;
    function->write_mask[offset + 1] = (uint8_t)(mask >> 8);
}

static void fill_bridge(struct pci_device *function)
{
    pci_device_set(function, PCI_HEADER_TYPE, 1, HEADER_BRIDGE);
    allow(function, BRIDGE_BUSES, 0xffff);
    function->write_mask[BRIDGE_BUSES + 2] = 0xff;
    allow(function, BRIDGE_IO_BASE, 0xf0f0);
    allow(function, BRIDGE_MEMORY_BASE, 0xfff0);
    allow(function, BRIDGE_MEMORY_LIMIT, 0xfff0);
    allow(function, BRIDGE_CONTROL, BRIDGE_CONTROL_WRITABLE);
}

static void fill_express(struct pci_port *port)
{
    struct pci_device *function = &port->function;
    uint32_t at = port->capability;
    uint32_t slot = SLOT_BUTTON | SLOT_POWER_CONTROL | SLOT_SURPRISE | SLOT_HOTPLUG | SLOT_NO_COMPLETION;
    pci_device_set(function, at + EXPRESS_CAPABILITIES, 2, CAPABILITIES_ROOT_PORT);
    pci_device_set(function, at + EXPRESS_DEVICE_CAPABILITIES, 4, DEVICE_ROLE_ERRORS);
    pci_device_set(function, at + EXPRESS_LINK_CAPABILITIES, 4, LINK_2_5GT_X1 | LINK_REPORTS_ACTIVE | port->slot << 24);
    pci_device_set(function, at + EXPRESS_LINK_STATUS, 2, LINK_2_5GT_X1);
    pci_device_set(function, at + EXPRESS_SLOT_CAPABILITIES, 4, slot | port->slot << SLOT_NUMBER_SHIFT);
    pci_device_set(function, at + EXPRESS_LINK_CAPABILITIES2, 4, LINK2_2_5GT);
    allow(function, at + EXPRESS_DEVICE_CONTROL, DEVICE_CONTROL_WRITABLE);
    allow(function, at + EXPRESS_LINK_CONTROL, LINK_CONTROL_WRITABLE);
    allow(function, at + EXPRESS_SLOT_CONTROL, CONTROL_WRITABLE);
    allow(function, at + EXPRESS_ROOT_CONTROL, ROOT_CONTROL_WRITABLE);
    function->clear_mask[at + EXPRESS_SLOT_STATUS] = STATUS_CLEARABLE & 0xff;
    function->clear_mask[at + EXPRESS_SLOT_STATUS + 1] = STATUS_CLEARABLE >> 8;
}

int pci_port_add(struct pci_port *port, struct pci_host *host, uint32_t slot, struct pci_device *child)
{
    const struct pci_identity identity = {
        .vendor_id = VENDOR_REDHAT, .device_id = DEVICE_ROOT_PORT, .class_code = CLASS_BRIDGE, .interrupt_pin = 1};
    *port = (struct pci_port){.child = child, .slot = slot};
    pci_device_init(&port->function, "root port", &identity, &port_ops, port);
    fill_bridge(&port->function);
    port->capability = pci_device_add_capability(&port->function, CAPABILITY_EXPRESS, CAPABILITY_EXPRESS_SIZE);
    fill_express(port);
    if (pci_host_add(host, PCI_DEVFN(slot, 0), &port->function) != 0) {
        return -1;
    }
    child->host = host;
    child->devfn = PCI_DEVFN(0, 0);
    child->port = port;
    host->ports[slot] = port;
    host->slot_ops = &slot_ops;
    host->slot_controller = host;
    settle(port);
    return 0;
}
