/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt translation service: registers (Arm IHI 0069 §12.18) and the translation of
 * MSIs (§5.2). Collections are in the ITS itself (GITS_TYPER.HCC), the device table and
 * the interrupt translation tables in the guest's memory: there the guest has as much
 * room as it likes, and this model keeps nothing that could run full. Whatever is read
 * from there is copied once and checked: the guest can spoil its own interrupts only.
 */
#include <stddef.h>

#include <skyscope/guest_aarch64.h>

#include <base/memory.h>

#include "gic_its.h"

#define OFFSET_CTLR       0x0000u
#define OFFSET_IIDR       0x0004u
#define OFFSET_TYPER      0x0008u
#define OFFSET_CBASER     0x0080u
#define OFFSET_CWRITER    0x0088u
#define OFFSET_CREADR     0x0090u
#define OFFSET_BASER0     0x0100u
#define OFFSET_TRANSLATER 0x10040u

#define CTLR_ENABLED   (1u << 0)
#define CTLR_QUIESCENT (1u << 31)

#define TYPER_PHYSICAL    (1ull << 0)
#define TYPER_ENTRY_SIZE  ((ITS_ENTRY_BYTES - 1ull) << 4)
#define TYPER_EVENT_BITS  ((GIC_ITS_EVENT_BITS - 1ull) << 8)
#define TYPER_DEVICE_BITS ((GIC_ITS_DEVICE_BITS - 1ull) << 13)
#define TYPER_COLLECTIONS ((uint64_t)GIC_ITS_COLLECTIONS << 24)

#define BASER_VALID        (1ull << 63)
#define BASER_TYPE_DEVICE  (1ull << 56)
#define BASER_ENTRY_SIZE   ((ITS_ENTRY_BYTES - 1ull) << 48)
/* Valid, cacheability, address, shareability, page size, size: everything but the two above and Indirect. */
#define BASER_WRITABLE     0xb8e0ffffffffffffull
#define BASER_PAGES(baser) (((baser)&0xffu) + 1u)

#define CBASER_WRITABLE 0xb8effffffffffcffull

#define WRITER_RETRY 1u

static bool enabled(const struct gic *gic)
{
    return (gic->its.control & CTLR_ENABLED) != 0;
}

/* --- Tables --- */

static uint64_t page_size(uint64_t baser)
{
    switch (baser >> 8 & 3u) {
    case 0:
        return 0x1000;
    case 1:
        return 0x4000;
    default:
        return 0x10000;
    }
}

/* Address bits 47:16, and with 64 KiB pages 51:48 in bits 15:12. */
static uint64_t table_address(uint64_t baser)
{
    uint64_t address = baser & 0x0000fffffffff000ull;
    return page_size(baser) < 0x10000 ? address : (address & ~0xf000ull) | (address & 0xf000u) << 36;
}

bool its_device_entry(const struct gic *gic, uint32_t device, gpa_t *entry)
{
    uint64_t baser = gic->its.device_table;
    uint64_t offset = (uint64_t)device * ITS_ENTRY_BYTES;
    if ((baser & BASER_VALID) == 0 || device >> GIC_ITS_DEVICE_BITS != 0 ||
        offset >= BASER_PAGES(baser) * page_size(baser)) {
        return false;
    }
    entry->value = table_address(baser) + offset;
    return true;
}

bool its_event_entry(const struct gic *gic, uint32_t device, uint32_t event, gpa_t *entry)
{
    gpa_t at;
    uint64_t mapping;
    if (!its_device_entry(gic, device, &at) || !guest_read(gic->memory, at, &mapping, sizeof(mapping)) ||
        (mapping & ITS_VALID) == 0 || event >= 2ull << (mapping & ITS_DEVICE_SIZE)) {
        return false;
    }
    entry->value = (mapping & ITS_DEVICE_ADDRESS) + (uint64_t)event * ITS_ENTRY_BYTES;
    return true;
}

bool its_translate(const struct gic *gic, uint32_t device, uint32_t event, struct its_translation *translation)
{
    uint64_t entry;
    if (!its_event_entry(gic, device, event, &translation->entry) ||
        !guest_read(gic->memory, translation->entry, &entry, sizeof(entry)) || (entry & ITS_VALID) == 0) {
        return false;
    }
    uint32_t intid = (uint32_t)entry & 0xffffu;
    translation->collection = (uint32_t)(entry >> 32) & 0xffffu;
    translation->lpi = intid - GIC_FIRST_LPI;
    return translation->lpi < GIC_LPIS && translation->collection < GIC_ITS_COLLECTIONS;
}

void gic_its_event(struct gic *gic, uint32_t device, uint32_t event)
{
    struct its_translation translation;
    if (!its_translate(gic, device, event, &translation)) {
        log_guest_error(gic->vm, &gic->errors, "its", "event %u of device 0x%x is not mapped", event, device);
        return;
    }
    uint32_t vcpu = gic->its.collections[translation.collection];
    if (vcpu != GIC_NO_VCPU) {
        gic_lpi_pend(gic, translation.lpi, vcpu);
    }
}

void gic_msi(void *target, uint32_t device, uint64_t address, uint32_t data)
{
    struct gic *gic = target;
    if (address == GUEST_ITS_BASE + OFFSET_TRANSLATER && enabled(gic)) {
        gic_its_event(gic, device, data);
    }
}

/* --- Registers --- */

static uint64_t *register_of(struct gic *gic, uint32_t offset, uint64_t *constant, uint64_t *writable)
{
    struct gic_its *its = &gic->its;
    *writable = 0;
    switch (offset & ~7u) {
    case OFFSET_TYPER:
        *constant = TYPER_PHYSICAL | TYPER_ENTRY_SIZE | TYPER_EVENT_BITS | TYPER_DEVICE_BITS | TYPER_COLLECTIONS;
        return constant;
    case OFFSET_CBASER:
        *writable = enabled(gic) ? 0 : CBASER_WRITABLE;
        return &its->command_base;
    case OFFSET_CWRITER:
        *writable = ITS_COMMAND_OFFSET | WRITER_RETRY;
        return &its->command_write;
    case OFFSET_CREADR:
        return &its->command_read;
    case OFFSET_BASER0:
        *writable = enabled(gic) ? 0 : BASER_WRITABLE;
        return &its->device_table;
    default:
        *constant = 0;
        return constant;
    }
}

static uint64_t its_read(void *device, uint64_t at, uint32_t width)
{
    struct gic *gic = device;
    uint32_t offset = (uint32_t)at;
    uint64_t constant;
    uint64_t writable;
    if (offset >= OFFSET_TYPER && offset < OFFSET_BASER0 + 64u) {
        /* Whoever waits for the queue gets it worked on. */
        gic_its_run_commands(gic);
        return gic_access_fits(at, width, 8) ? *register_of(gic, offset, &constant, &writable) >> (offset & 4u) * 8u
                                             : 0;
    }
    if (width != 4 || (offset & 3u) != 0) {
        return 0;
    }
    if (offset == OFFSET_CTLR) {
        return gic->its.control | (!enabled(gic) ? CTLR_QUIESCENT : 0);
    }
    if (offset == OFFSET_IIDR) {
        return GIC_IIDR;
    }
    return offset >= GIC_OFFSET_PIDR && offset < GIC_OFFSET_END ? gic_identification(offset - GIC_OFFSET_PIDR, 3) : 0;
}

static void write_writer(struct gic *gic, uint64_t value)
{
    struct gic_its *its = &gic->its;
    if ((value & ITS_COMMAND_OFFSET) >= its_queue_size(gic)) {
        log_guest_error(gic->vm, &gic->errors, "its", "command write offset 0x%x is past the queue's end",
                        (uint32_t)(value & ITS_COMMAND_OFFSET));
        return;
    }
    its->command_write = value & ITS_COMMAND_OFFSET;
    if ((value & WRITER_RETRY) != 0) {
        its->command_read &= ~ITS_STALLED;
    }
    gic_its_run_commands(gic);
}

static void its_write(void *device, uint64_t at, uint32_t width, uint64_t value)
{
    struct gic *gic = device;
    struct gic_its *its = &gic->its;
    uint32_t offset = (uint32_t)at;
    uint64_t constant;
    uint64_t writable;
    if (width == 4 && offset == OFFSET_CTLR) {
        its->control = (uint32_t)value & CTLR_ENABLED;
        gic_its_run_commands(gic);
        return;
    }
    /* A write of GITS_TRANSLATER by a CPU has no device ID: it is ignored. */
    if (offset < OFFSET_TYPER || offset >= OFFSET_BASER0 + 64u || !gic_access_fits(at, width, 8)) {
        return;
    }
    uint64_t *target = register_of(gic, offset, &constant, &writable);
    if (writable == 0) {
        return;
    }
    uint64_t merged = gic_merge(*target, at, width, value) & writable;
    switch (offset & ~7u) {
    case OFFSET_CWRITER:
        write_writer(gic, merged);
        break;
    case OFFSET_CBASER:
        its->command_base = merged;
        its->command_read = 0;
        its->command_write = 0;
        break;
    default:
        its->device_table = merged | BASER_TYPE_DEVICE | BASER_ENTRY_SIZE;
        break;
    }
}

const struct bus_ops gic_its_ops = {.read = its_read, .write = its_write};

void gic_its_reset(struct gic *gic)
{
    gic->its = (struct gic_its){.device_table = BASER_TYPE_DEVICE | BASER_ENTRY_SIZE};
    memset(gic->its.collections, GIC_NO_VCPU, sizeof(gic->its.collections));
    memset(gic->lpi_pending, 0, sizeof(gic->lpi_pending));
    memset(gic->lpi_pending_words, 0, sizeof(gic->lpi_pending_words));
    memset(gic->lpi_listed, 0, sizeof(gic->lpi_listed));
    memset(gic->lpi_active, 0, sizeof(gic->lpi_active));
    memset(gic->lpi_drop, 0, sizeof(gic->lpi_drop));
    memset(gic->lpi_cached, 0, sizeof(gic->lpi_cached));
    memset(gic->lpi_vcpu, 0, sizeof(gic->lpi_vcpu));
}
