/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/devices/msix.h>

#include "pci_internal.h"

#define CAPABILITY_MSIX 0x11u
#define CAPABILITY_SIZE 12u
#define MESSAGE_CONTROL 2u
#define CONTROL_MASK    0x4000u
#define CONTROL_ENABLE  0x8000u

#define ENTRY_CONTROL_MASK 1u

static uint32_t control(const struct msix *msix)
{
    return pci_device_get(msix->function, msix->capability + MESSAGE_CONTROL, 2);
}

int msix_init(struct msix *msix, struct pci_device *function, uint16_t count, uint32_t bar, uint32_t table_offset,
              uint32_t pending_offset)
{
    uint8_t at = pci_device_add_capability(function, CAPABILITY_MSIX, CAPABILITY_SIZE);
    if (at == 0 || count == 0 || count > MSIX_VECTORS) {
        return -1;
    }
    *msix = (struct msix){.function = function, .capability = at, .count = count};
    pci_device_set(function, at + MESSAGE_CONTROL, 2, count - 1u);
    pci_device_set(function, at + 4u, 4, table_offset | bar);
    pci_device_set(function, at + 8u, 4, pending_offset | bar);
    function->write_mask[at + MESSAGE_CONTROL + 1u] = (CONTROL_MASK | CONTROL_ENABLE) >> 8;
    msix_reset(msix);
    return 0;
}

void msix_reset(struct msix *msix)
{
    msix->pending = 0;
    for (uint32_t i = 0; i < MSIX_VECTORS; i++) {
        msix->entries[i] = (struct msix_entry){.masked = true};
    }
}

bool msix_enabled(const struct msix *msix)
{
    return (control(msix) & CONTROL_ENABLE) != 0;
}

static void send(struct msix *msix, uint32_t vector)
{
    const struct pci_device *function = msix->function;
    const struct msix_entry *entry = &msix->entries[vector];
    irq_send_msi(function->host->config.router, pci_requester(function), entry->address, entry->data);
}

static bool held(const struct msix *msix, uint32_t vector)
{
    return (control(msix) & CONTROL_MASK) != 0 || msix->entries[vector].masked;
}

void msix_signal(struct msix *msix, uint32_t vector)
{
    if (vector >= msix->count || !msix_enabled(msix)) {
        return;
    }
    if (held(msix, vector)) {
        msix->pending |= 1u << vector;
    } else {
        send(msix, vector);
    }
}

static void send_pending(struct msix *msix)
{
    if (msix->pending == 0 || !msix_enabled(msix)) {
        return;
    }
    for (uint32_t i = 0; i < msix->count; i++) {
        if ((msix->pending >> i & 1u) != 0 && !held(msix, i)) {
            msix->pending &= ~(1u << i);
            send(msix, i);
        }
    }
}

void msix_config_written(struct msix *msix)
{
    send_pending(msix);
}

/* --- Table and pending bits --- */

static bool in_table(const struct msix *msix, uint32_t offset, uint32_t width)
{
    return (width == 4 || width == 8) && offset % width == 0 && offset / MSIX_ENTRY_SIZE < msix->count;
}

static uint32_t read_word(const struct msix_entry *entry, uint32_t word)
{
    switch (word) {
    case 0:
        return (uint32_t)entry->address;
    case 1:
        return (uint32_t)(entry->address >> 32);
    case 2:
        return entry->data;
    default:
        return entry->masked ? ENTRY_CONTROL_MASK : 0;
    }
}

static void write_word(struct msix_entry *entry, uint32_t word, uint32_t value)
{
    switch (word) {
    case 0:
        entry->address = (entry->address & ~(uint64_t)UINT32_MAX) | (value & ~3u);
        break;
    case 1:
        entry->address = (entry->address & UINT32_MAX) | (uint64_t)value << 32;
        break;
    case 2:
        entry->data = value;
        break;
    default:
        entry->masked = (value & ENTRY_CONTROL_MASK) != 0;
        break;
    }
}

uint64_t msix_table_read(const struct msix *msix, uint32_t offset, uint32_t width)
{
    if (!in_table(msix, offset, width)) {
        return 0;
    }
    const struct msix_entry *entry = &msix->entries[offset / MSIX_ENTRY_SIZE];
    uint32_t word = offset % MSIX_ENTRY_SIZE / 4;
    uint64_t value = read_word(entry, word);
    return width == 8 ? value | (uint64_t)read_word(entry, word + 1) << 32 : value;
}

void msix_table_write(struct msix *msix, uint32_t offset, uint32_t width, uint64_t value)
{
    if (!in_table(msix, offset, width)) {
        return;
    }
    struct msix_entry *entry = &msix->entries[offset / MSIX_ENTRY_SIZE];
    uint32_t word = offset % MSIX_ENTRY_SIZE / 4;
    write_word(entry, word, (uint32_t)value);
    if (width == 8) {
        write_word(entry, word + 1, (uint32_t)(value >> 32));
    }
    send_pending(msix);
}

uint64_t msix_pending_read(const struct msix *msix, uint32_t offset, uint32_t width)
{
    if ((width != 4 && width != 8) || offset % width != 0 || offset >= MSIX_PENDING_SIZE) {
        return 0;
    }
    return msix->pending;
}
