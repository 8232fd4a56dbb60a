/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O APIC (Intel 82093AA data sheet, order no. 290566; EOI register: ICH data sheet §10.5). */
#include <stddef.h>

#include <vmm/devices/ioapic.h>
#include <vmm/devices/pc_map.h>

#define OFFSET_SELECT 0x00u
#define OFFSET_WINDOW 0x10u
#define OFFSET_EOI    0x40u

#define REG_ID                0x00u
#define REG_VERSION           0x01u
#define REG_ARBITRATION       0x02u
#define REG_REDIRECTION       0x10u
#define ID_MASK               0x0f000000u
#define RTE_VECTOR            0x00ffull
#define RTE_DELIVERY(rte)     ((uint32_t)((rte) >> 8) & 7u)
#define RTE_LOGICAL           (1ull << 11)
#define RTE_REMOTE_IRR        (1ull << 14)
#define RTE_LEVEL             (1ull << 15)
#define RTE_MASKED            (1ull << 16)
#define RTE_DESTINATION_SHIFT 56
#define RTE_WRITABLE          0xff0000000001afffull /* all but delivery status and remote IRR */

static void deliver(struct ioapic *ioapic, uint32_t pin)
{
    uint64_t *rte = &ioapic->redirection[pin];
    bool level = (*rte & RTE_LEVEL) != 0;
    struct apic_message message = {
        .destination = (uint32_t)(*rte >> RTE_DESTINATION_SHIFT),
        .vector = (uint8_t)(*rte & RTE_VECTOR),
        .delivery_mode = (uint8_t)RTE_DELIVERY(*rte),
        .logical = (*rte & RTE_LOGICAL) != 0,
        .level_triggered = level,
    };
    bool ends = message.delivery_mode <= APIC_DELIVER_LOWEST_PRIORITY; /* EOI will come */
    if (message.delivery_mode == APIC_DELIVER_STARTUP) {
        return; /* reserved in redirection entries */
    }
    /* Before it is sent: the answer may come from another thread. */
    if (level && ends) {
        *rte |= RTE_REMOTE_IRR;
    }
    if (!apic_bus_send(ioapic->bus, &message, APIC_TO_DESTINATION, NULL)) {
        *rte &= ~RTE_REMOTE_IRR; /* nobody took it, nobody will end it */
    }
}

/* A level that shows and is not yet being served. */
static void deliver_level(struct ioapic *ioapic, uint32_t pin)
{
    uint64_t rte = ioapic->redirection[pin];
    if ((ioapic->levels & 1u << pin) != 0 && (rte & (RTE_LEVEL | RTE_MASKED | RTE_REMOTE_IRR)) == RTE_LEVEL) {
        deliver(ioapic, pin);
    }
}

void ioapic_set_pin(struct ioapic *ioapic, uint32_t pin, bool level)
{
    if (pin >= IOAPIC_PINS) {
        return;
    }
    uint32_t bit = 1u << pin;
    bool was = (ioapic->levels & bit) != 0;
    if (!level) {
        ioapic->levels &= ~bit;
        return;
    }
    ioapic->levels |= bit;
    uint64_t rte = ioapic->redirection[pin];
    if ((rte & RTE_LEVEL) != 0) {
        deliver_level(ioapic, pin);
    } else if (!was && (rte & RTE_MASKED) == 0) {
        deliver(ioapic, pin);
    }
}

static void router_line(void *controller, uint32_t gsi, bool level)
{
    if (gsi == PC_GSI_PIT) {
        gsi = PC_IOAPIC_PIN_PIT;
    } else if (gsi == PC_IOAPIC_PIN_PIT) {
        return; /* ISA interrupt 2 is the cascade */
    }
    ioapic_set_pin(controller, gsi, level);
}

void ioapic_eoi(struct ioapic *ioapic, uint8_t vector)
{
    for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t *rte = &ioapic->redirection[pin];
        if ((*rte & RTE_REMOTE_IRR) != 0 && (*rte & RTE_VECTOR) == vector) {
            *rte &= ~RTE_REMOTE_IRR;
            deliver_level(ioapic, pin);
        }
    }
}

static uint32_t read_register(const struct ioapic *ioapic)
{
    uint32_t index = ioapic->select;
    switch (index) {
    case REG_ID:
    case REG_ARBITRATION:
        return ioapic->id;
    case REG_VERSION:
        return IOAPIC_VERSION | (IOAPIC_PINS - 1) << 16;
    default:
        break;
    }
    if (index < REG_REDIRECTION || index >= REG_REDIRECTION + 2 * IOAPIC_PINS) {
        return 0xffffffff;
    }
    uint64_t rte = ioapic->redirection[(index - REG_REDIRECTION) / 2];
    return (uint32_t)((index & 1u) != 0 ? rte >> 32 : rte);
}

static void write_register(struct ioapic *ioapic, uint32_t value)
{
    uint32_t index = ioapic->select;
    if (index == REG_ID) {
        ioapic->id = value & ID_MASK;
        return;
    }
    if (index < REG_REDIRECTION || index >= REG_REDIRECTION + 2 * IOAPIC_PINS) {
        return;
    }
    uint32_t pin = (index - REG_REDIRECTION) / 2;
    uint64_t *rte = &ioapic->redirection[pin];
    uint64_t part = (index & 1u) != 0 ? 0xffffffffull << 32 : 0xffffffffull;
    uint64_t written = (index & 1u) != 0 ? (uint64_t)value << 32 : value;
    uint64_t writable = RTE_WRITABLE & part;
    *rte = (*rte & ~writable) | (written & writable);
    if ((*rte & RTE_LEVEL) == 0) {
        *rte &= ~RTE_REMOTE_IRR; /* old kernels end a stuck interrupt by making it an edge for a moment */
    }
    deliver_level(ioapic, pin);
}

static uint64_t page_read(void *device, uint64_t offset, uint32_t width)
{
    const struct ioapic *ioapic = device;
    uint32_t value = 0;
    switch (offset & ~3ull) {
    case OFFSET_SELECT:
        value = ioapic->select;
        break;
    case OFFSET_WINDOW:
        value = read_register(ioapic);
        break;
    default:
        break;
    }
    (void)width; /* the bus keeps the bytes asked for */
    return value >> (offset & 3u) * 8;
}

static void page_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct ioapic *ioapic = device;
    switch (offset) {
    case OFFSET_SELECT:
        ioapic->select = (uint32_t)value & 0xffu;
        break;
    case OFFSET_WINDOW:
        if (width >= 4) {
            write_register(ioapic, (uint32_t)value);
        }
        break;
    case OFFSET_EOI:
        ioapic_eoi(ioapic, (uint8_t)value);
        break;
    default:
        break;
    }
}

static const struct bus_ops page_ops = {.read = page_read, .write = page_write};

void ioapic_reset(struct ioapic *ioapic)
{
    ioapic->id = PC_IOAPIC_ID << 24;
    ioapic->select = 0;
    for (uint32_t i = 0; i < IOAPIC_PINS; i++) {
        ioapic->redirection[i] = RTE_MASKED;
    }
}

int ioapic_init(struct ioapic *ioapic, struct bus *mmio, struct irq_router *router, struct apic_bus *bus, struct vm *vm)
{
    (void)vm;
    *ioapic = (struct ioapic){.bus = bus};
    ioapic_reset(ioapic);
    struct irq_sink sink = {.line = router_line, .controller = ioapic};
    if (bus_register(mmio, PC_IOAPIC_BASE, PC_IOAPIC_SIZE, &page_ops, ioapic, "ioapic") != 0 ||
        irq_add_sink(router, sink) != 0) {
        return -1;
    }
    bus->ioapic = ioapic;
    return 0;
}
