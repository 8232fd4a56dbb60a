/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio over PCI: the function, its capabilities and interrupts, the memory BAR. VirtIO 1.2 §4.1. */
#include "virtio_pci_internal.h"

#define VENDOR_VIRTIO       0x1af4u
#define MODERN_FIRST        0x1040u /* + device type */
#define TRANSITIONAL_FIRST  0x1000u
#define CAPABILITY_VENDOR   0x09u
#define CAPABILITY_SIZE     16u
#define CLASS_NETWORK       0x020000u /* Ethernet */
#define CLASS_STORAGE       0x018000u /* other mass storage */
#define CLASS_COMMUNICATION 0x078000u /* other */
#define CLASS_OTHER         0xff0000u /* fits no class */

_Static_assert(VIRTIO_PCI_NOTIFY_SIZE >= VIRTIO_MAX_QUEUES * VIRTIO_PCI_NOTIFY_STRIDE, "a word for each queue");

enum capability_type {
    CAPABILITY_COMMON = 1,
    CAPABILITY_NOTIFY = 2,
    CAPABILITY_ISR = 3,
    CAPABILITY_DEVICE = 4,
    CAPABILITY_ACCESS = 5, /* to the BARs by configuration space */
};

/* struct virtio_pci_cap, from its beginning. */
enum capability_field {
    FIELD_SIZE = 2,
    FIELD_TYPE = 3,
    FIELD_BAR = 4,
    FIELD_OFFSET = 8,
    FIELD_LENGTH = 12,
    FIELD_MORE = 16, /* notify_off_multiplier; pci_cfg_data */
};

/* --- Interrupts, §4.1.5.3, §4.1.5.4 --- */

static void set_isr(struct virtio_pci *pci, uint8_t bits)
{
    pci->isr = bits;
    pci_device_set_interrupt(&pci->function, bits != 0);
}

static void queue_interrupt(void *transport, struct virtqueue *queue)
{
    struct virtio_pci *pci = transport;
    if (msix_enabled(&pci->msix)) {
        msix_signal(&pci->msix, queue->vector);
    } else {
        set_isr(pci, pci->isr | VIRTIO_ISR_QUEUE);
    }
}

static void config_interrupt(void *transport)
{
    struct virtio_pci *pci = transport;
    if (msix_enabled(&pci->msix)) {
        msix_signal(&pci->msix, pci->config_vector);
    } else {
        set_isr(pci, pci->isr | VIRTIO_ISR_CONFIG);
    }
}

static const struct virtio_transport_ops transport_ops = {.queue_interrupt = queue_interrupt,
                                                          .config_interrupt = config_interrupt};

uint8_t virtio_pci_take_isr(struct virtio_pci *pci)
{
    uint8_t isr = pci->isr;
    set_isr(pci, 0);
    return isr;
}

uint16_t virtio_pci_vector(const struct virtio_pci *pci, uint64_t value)
{
    return value < pci->msix.count ? (uint16_t)value : VIRTIO_NO_VECTOR;
}

/* --- Reset --- */

static void reset_registers(struct virtio_pci *pci)
{
    pci->device_feature_select = 0;
    pci->driver_feature_select = 0;
    pci->queue_select = 0;
    pci->config_vector = VIRTIO_NO_VECTOR;
    set_isr(pci, 0);
}

void virtio_pci_write_status(struct virtio_pci *pci, uint8_t status)
{
    virtio_write_status(pci->device, status);
    if (status == 0) {
        reset_registers(pci);
    }
}

void virtio_pci_reset(struct virtio_pci *pci)
{
    msix_reset(&pci->msix);
    virtio_device_reset(pci->device);
    pci->master = false;
    reset_registers(pci);
}

/* --- The memory BAR --- */

static uint64_t bar_read(void *context, uint64_t offset, uint32_t width)
{
    struct virtio_pci *pci = context;
    uint32_t in_part = (uint32_t)offset % VIRTIO_PCI_PART;
    switch (offset - in_part) {
    case VIRTIO_PCI_COMMON:
        return virtio_pci_common_read(pci, in_part, width);
    case VIRTIO_PCI_ISR:
        return in_part == 0 ? virtio_pci_take_isr(pci) : 0;
    case VIRTIO_PCI_DEVICE:
        return virtio_read_config(pci->device, in_part, width);
    case VIRTIO_PCI_MSIX_TABLE:
        return msix_table_read(&pci->msix, in_part, width);
    case VIRTIO_PCI_MSIX_PENDING:
        return msix_pending_read(&pci->msix, in_part, width);
    default:
        return 0;
    }
}

static void bar_write(void *context, uint64_t offset, uint32_t width, uint64_t value)
{
    struct virtio_pci *pci = context;
    uint32_t in_part = (uint32_t)offset % VIRTIO_PCI_PART;
    switch (offset - in_part) {
    case VIRTIO_PCI_COMMON:
        virtio_pci_common_write(pci, in_part, width, value);
        break;
    case VIRTIO_PCI_DEVICE:
        virtio_write_config(pci->device, in_part, width, value);
        break;
    case VIRTIO_PCI_NOTIFY:
        /* The place says which queue; the value repeats it, with or without where its ring stands. */
        virtio_notify(pci->device, in_part / VIRTIO_PCI_NOTIFY_STRIDE);
        break;
    case VIRTIO_PCI_MSIX_TABLE:
        msix_table_write(&pci->msix, in_part, width, value);
        break;
    default:
        break;
    }
}

static const struct bus_ops bar_ops = {.read = bar_read, .write = bar_write};

/* --- The I/O BAR for notifications --- */

static uint64_t notify_read(void *context, uint64_t offset, uint32_t width)
{
    (void)context;
    (void)offset;
    (void)width;
    return 0;
}

static void notify_write(void *context, uint64_t offset, uint32_t width, uint64_t value)
{
    struct virtio_pci *pci = context;
    (void)width;
    (void)value;
    virtio_notify(pci->device, (uint32_t)offset / VIRTIO_PCI_NOTIFY_STRIDE);
}

static const struct bus_ops notify_ops = {.read = notify_read, .write = notify_write};

/* --- Access to the BARs by configuration space, §4.1.4.9 --- */

/* Whether the capability's registers name a part of a BAR that there is. */
static const struct pci_bar *accessed(const struct virtio_pci *pci, uint32_t *offset, uint32_t *width)
{
    const struct pci_device *function = &pci->function;
    uint32_t at = pci->access_capability;
    uint32_t bar = function->config[at + FIELD_BAR];
    *offset = pci_device_get(function, at + FIELD_OFFSET, 4);
    *width = pci_device_get(function, at + FIELD_LENGTH, 4);
    if (bar >= PCI_BAR_COUNT || (*width != 1 && *width != 2 && *width != 4) || *offset % *width != 0) {
        return NULL;
    }
    const struct pci_bar *found = &function->bars[bar];
    return found->kind != PCI_BAR_NONE && *offset < found->size && *width <= found->size - *offset ? found : NULL;
}

static bool touches_data(const struct virtio_pci *pci, uint32_t offset, uint32_t width)
{
    uint32_t data = pci->access_capability + (uint32_t)FIELD_MORE;
    return offset < data + 4 && offset + width > data;
}

static void config_reading(void *context, uint32_t offset, uint32_t width)
{
    struct virtio_pci *pci = context;
    uint32_t at;
    uint32_t length;
    if (!touches_data(pci, offset, width)) {
        return;
    }
    const struct pci_bar *bar = accessed(pci, &at, &length);
    uint32_t value = bar != NULL ? (uint32_t)bar->ops->read(pci, at, length) : 0;
    for (uint32_t i = 0; i < 4; i++) {
        pci->function.config[pci->access_capability + FIELD_MORE + i] = (uint8_t)(value >> 8 * i);
    }
}

/* Bus mastering that is turned off cuts the device off from memory. That it was never on does not: drivers of the
 * legacy interface forgot it. */
static void follow_command(struct virtio_pci *pci)
{
    bool master = (pci_device_get(&pci->function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) != 0;
    if (pci->master && !master) {
        virtio_cut_off(pci->device);
    }
    pci->master = master;
}

static void config_written(void *context, uint32_t offset, uint32_t width)
{
    struct virtio_pci *pci = context;
    uint32_t at;
    uint32_t length;
    msix_config_written(&pci->msix);
    if (offset <= PCI_COMMAND && offset + width > PCI_COMMAND) {
        follow_command(pci);
    }
    if (touches_data(pci, offset, width)) {
        const struct pci_bar *bar = accessed(pci, &at, &length);
        if (bar != NULL) {
            bar->ops->write(pci, at, length,
                            pci_device_get(&pci->function, pci->access_capability + FIELD_MORE, length));
        }
    }
    if (msix_enabled(&pci->msix) && pci->isr != 0) {
        set_isr(pci, 0); /* INTx is not used any more */
    }
}

static void function_reset(void *context)
{
    virtio_pci_reset(context);
}

static const struct pci_device_ops function_ops = {
    .config_reading = config_reading, .config_written = config_written, .reset = function_reset};

/* --- Construction --- */

/* bar: where the `length` bytes at `offset` lie. extra: bytes behind the common part. Offset, or 0: no room. */
static uint8_t add_capability(struct virtio_pci *pci, enum capability_type type, uint32_t bar, uint32_t offset,
                              uint32_t length, uint8_t extra)
{
    struct pci_device *function = &pci->function;
    uint8_t size = (uint8_t)(CAPABILITY_SIZE + extra);
    uint8_t at = pci_device_add_capability(function, CAPABILITY_VENDOR, size);
    if (at != 0) {
        pci_device_set(function, at + FIELD_SIZE, 1, size);
        pci_device_set(function, at + FIELD_TYPE, 1, type);
        pci_device_set(function, at + FIELD_BAR, 1, bar);
        pci_device_set(function, at + FIELD_OFFSET, 4, offset);
        pci_device_set(function, at + FIELD_LENGTH, 4, length);
    }
    return at;
}

static bool add_notify_capability(struct virtio_pci *pci, uint32_t bar, uint32_t offset)
{
    uint32_t length = VIRTIO_PCI_NOTIFY_STRIDE * pci->device->queue_count;
    uint8_t at = add_capability(pci, CAPABILITY_NOTIFY, bar, offset, length, 4);
    pci_device_set(&pci->function, at + (uint32_t)FIELD_MORE, 4, VIRTIO_PCI_NOTIFY_STRIDE);
    return at != 0;
}

static bool add_access_capability(struct virtio_pci *pci)
{
    pci->access_capability = add_capability(pci, CAPABILITY_ACCESS, 0, 0, 0, 4);
    uint8_t *writable = pci->function.write_mask + pci->access_capability;
    writable[FIELD_BAR] = 0xff;
    for (uint32_t i = FIELD_OFFSET; i < FIELD_MORE + 4u; i++) {
        writable[i] = 0xff;
    }
    return pci->access_capability != 0;
}

/* A driver takes the first of a type that it can use: the list begins with what is added last. */
static bool add_capabilities(struct virtio_pci *pci)
{
    uint32_t config_size = pci->device->config_size;
    return add_access_capability(pci) && add_notify_capability(pci, VIRTIO_PCI_BAR, VIRTIO_PCI_NOTIFY) &&
           (pci->function.bars[VIRTIO_PCI_NOTIFY_BAR].kind == PCI_BAR_NONE ||
            add_notify_capability(pci, VIRTIO_PCI_NOTIFY_BAR, 0)) &&
           add_capability(pci, CAPABILITY_ISR, VIRTIO_PCI_BAR, VIRTIO_PCI_ISR, 1, 0) != 0 &&
           add_capability(pci, CAPABILITY_COMMON, VIRTIO_PCI_BAR, VIRTIO_PCI_COMMON, 64, 0) != 0 &&
           (config_size == 0 ||
            add_capability(pci, CAPABILITY_DEVICE, VIRTIO_PCI_BAR, VIRTIO_PCI_DEVICE, config_size, 0) != 0);
}

static bool add_bars(struct virtio_pci *pci)
{
    struct pci_device *function = &pci->function;
    if (pci->transitional && pci_device_add_bar(function, VIRTIO_PCI_LEGACY_BAR, PCI_BAR_IO,
                                                virtio_pci_legacy_size(pci->device), &virtio_pci_legacy_ops) != 0) {
        return false;
    }
    if (function->host->config.fast_ports &&
        pci_device_add_bar(function, VIRTIO_PCI_NOTIFY_BAR, PCI_BAR_IO, VIRTIO_PCI_NOTIFY_SIZE, &notify_ops) != 0) {
        return false;
    }
    return pci_device_add_bar(function, VIRTIO_PCI_BAR, PCI_BAR_MEMORY32, VIRTIO_PCI_BAR_SIZE, &bar_ops) == 0;
}

static uint32_t class_of(uint32_t type)
{
    switch (type) {
    case VIRTIO_TYPE_NET:
        return CLASS_NETWORK;
    case VIRTIO_TYPE_BLOCK:
        return CLASS_STORAGE;
    case VIRTIO_TYPE_CONSOLE:
    case VIRTIO_TYPE_SOCKET:
        return CLASS_COMMUNICATION;
    default:
        return CLASS_OTHER;
    }
}

/* PCI device ID of a transitional device, §4.1.2; 0: there is none. */
static uint16_t transitional_id(uint32_t type)
{
    switch (type) {
    case VIRTIO_TYPE_NET:
        return TRANSITIONAL_FIRST;
    case VIRTIO_TYPE_BLOCK:
        return TRANSITIONAL_FIRST + 1;
    case VIRTIO_TYPE_BALLOON:
        return TRANSITIONAL_FIRST + 2;
    case VIRTIO_TYPE_CONSOLE:
        return TRANSITIONAL_FIRST + 3;
    case VIRTIO_TYPE_ENTROPY:
        return TRANSITIONAL_FIRST + 5;
    case VIRTIO_TYPE_9P:
        return TRANSITIONAL_FIRST + 9;
    default:
        return 0;
    }
}

static int put_on_bus(struct pci_device *function, struct pci_host *host, const struct virtio_pci_place *place)
{
    if (place->removable) {
        return pci_slot_add(host, place->slot, function, !place->absent);
    }
    return place->slot == 0 || place->slot >= PCI_SLOTS ? -1 : pci_host_add(host, PCI_DEVFN(place->slot, 0), function);
}

const char *virtio_pci_init(struct virtio_pci *pci, struct virtio_device *device, struct pci_host *host,
                            const struct virtio_pci_place *place)
{
    bool transitional = place->transitional;
    uint32_t type = device->ops->type;
    struct pci_device *function = &pci->function;
    struct pci_identity identity = {
        .vendor_id = VENDOR_VIRTIO,
        .device_id = transitional ? transitional_id(type) : (uint16_t)(MODERN_FIRST + type),
        .subsystem_vendor_id = VENDOR_VIRTIO,
        .subsystem_id = (uint16_t)(transitional ? type : MODERN_FIRST),
        .class_code = class_of(type),
        .revision = transitional ? 0 : 1,
        .interrupt_pin = 1,
    };
    if (transitional && identity.device_id == 0) {
        return "configuration: a kind of device that has no legacy interface";
    }
    *pci = (struct virtio_pci){.device = device, .transitional = transitional};
    pci_device_init(function, device->name, &identity, &function_ops, pci);
    if (put_on_bus(function, host, place) != 0) {
        return "configuration: a device without a place of its own on the PCI bus";
    }
    if (!add_bars(pci) ||
        msix_init(&pci->msix, function, (uint16_t)(device->queue_count + 1), VIRTIO_PCI_BAR, VIRTIO_PCI_MSIX_TABLE,
                  VIRTIO_PCI_MSIX_PENDING) != 0 ||
        !add_capabilities(pci)) {
        return "no room in a device's PCI configuration space";
    }
    virtio_set_transport(device, &transport_ops, pci);
    reset_registers(pci);
    return NULL;
}
