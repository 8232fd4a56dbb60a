/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver must not do while it sets a device or a queue up, or later to what it has set up: VirtIO 1.2 §2.1,
 * §2.2, §2.6.1, §3.1; legacy interfaces §4.1.4.10, §4.2.4. */
#include "provocation.h"

#define PAGE 4096u

static void driver_ok(struct device *device)
{
    device_set_status(device, (uint8_t)(device_status(device) | STATUS_DRIVER_OK));
}

/* --- Status and features --- */

static void driver_ok_without_features_ok(struct device *device)
{
    device_set_status(device, 0);
    device_set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK);
}

static void queue_before_features_ok(struct device *device)
{
    device_set_status(device, 0);
    device_set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    device->ring.packed = false;
    device_lay_ring(device);
    device_place_queue(device, device->ring.descriptors, device->ring.driver, device->ring.device, true);
}

static void take_features(struct device *device, uint64_t features)
{
    device_set_status(device, 0);
    device_set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
    device_set_features(device, features);
    device_set_status(device, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
}

static void features_not_offered(struct device *device)
{
    take_features(device, ~0ull);
}

static void no_version_1(struct device *device)
{
    take_features(device, device_features(device) & ~F_VERSION_1);
}

static void features_ok_without_driver(struct device *device)
{
    device_set_status(device, 0);
    device_set_features(device, F_VERSION_1);
    device_set_status(device, STATUS_FEATURES_OK);
}

static void features_changed_later(struct device *device)
{
    device_set_features(device, ~0ull);
    device_set_features(device, 0);
}

static void features_far_away(struct device *device)
{
    for (uint32_t select = 2; select < 40; select++) {
        uint64_t at = device->registers + (device->transport == TRANSPORT_PCI ? 0x08 : 0x24);
        write_at(at, 4, select == 39 ? ~0ull : select);
        write_at(at - 4 + (device->transport == TRANSPORT_PCI ? 8 : 0), 4, ~0ull);
    }
}

static void status_bits_cleared(struct device *device)
{
    device_set_status(device, STATUS_ACKNOWLEDGE);
    device_set_status(device, STATUS_NEEDS_RESET | 0x30);
}

static void all_status_bits(struct device *device)
{
    device_set_status(device, 0xff);
}

static void reset_storm(struct device *device)
{
    for (uint32_t i = 0; i < 10; i++) {
        device_request(device);
        device_set_status(device, 0);
        device_set_up(device);
    }
}

static void resets_without_end(struct device *device)
{
    for (uint32_t i = 0; i < 100; i++) {
        device_set_status(device, 0);
    }
    device_set_up(device);
}

/* --- Queues --- */

static uint64_t area_at(struct address wrong, uint64_t right)
{
    uint64_t address = address_of(wrong);
    return address != 0 ? address : right;
}

void start_queue(struct device *device, const struct wrong_queue *queue)
{
    const struct ring *ring = &device->ring;
    device_begin(device, device->wanted);
    device_lay_ring(device);
    if (queue->resized) {
        device_set_queue_size(device, queue->size);
    }
    device_place_queue(device, area_at(queue->descriptors, ring->descriptors), area_at(queue->driver, ring->driver),
                       area_at(queue->area, ring->device), true);
}

static void queue_moved_while_it_runs(struct device *device)
{
    device_select_queue(device, device->queue);
    device_set_queue_size(device, 2);
    device_place_queue(device, machine.ram_base + MEMORY_SIZE, ~0ull, 1, true);
}

static void queues_that_are_not_there(struct device *device)
{
    static const uint32_t indices[] = {18, 63, 64, 255, 256, 0x7fff, 0xffff};
    for (uint32_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
        device_select_queue(device, indices[i]);
        device_set_queue_size(device, 4);
        device_place_queue(device, pool_base(), pool_base(), pool_base(), true);
        device_reset_queue(device);
    }
}

static void queue_reset_not_negotiated(struct device *device)
{
    device_select_queue(device, device->queue);
    device_reset_queue(device);
}

/* Allowed where it is negotiated: with a request under way, again and again. */
static void queue_resets_while_it_works(struct device *device)
{
    for (uint32_t i = 0; i < 8; i++) {
        device_request(device);
        device_select_queue(device, device->queue);
        device_reset_queue(device);
        device_lay_ring(device);
        device_place_queue(device, device->ring.descriptors, device->ring.driver, device->ring.device, true);
    }
}

static void same_memory_for_all_queues(struct device *device)
{
    device_begin(device, device->wanted);
    for (uint32_t i = 0; i < 18; i++) {
        device_select_queue(device, i);
        if (device_queue_size(device) != 0) {
            device_set_queue_size(device, 8);
            device_place_queue(device, pool_base(), pool_base(), pool_base(), true);
        }
    }
    driver_ok(device);
    for (uint32_t round = 0; round < 4; round++) {
        for (uint64_t at = pool_base(); at < pool_base() + 256; at += 2) {
            write_at(at, 2, random_number());
        }
        for (uint32_t i = 0; i < 18; i++) {
            device_notify(device, i);
        }
    }
}

/* --- Legacy --- */

static void write_page(const struct device *device, uint32_t number)
{
    if (device->transport == TRANSPORT_PORTS) {
        port_write((uint32_t)device->registers + 8, 4, number);
    } else {
        write_at(device->registers + 0x40, 4, number);
    }
}

static void legacy_queue_at(struct device *device, uint32_t number)
{
    device_begin(device, 0);
    device_lay_ring(device);
    if (device->transport == TRANSPORT_MMIO_LEGACY) {
        write_at(device->registers + 0x28, 4, PAGE);
        write_at(device->registers + 0x3c, 4, PAGE);
    }
    write_page(device, number);
    device_notify(device, device->queue);
}

static void page_number_far_away(struct device *device)
{
    legacy_queue_at(device, 0xffffffff);
}

static void page_number_above_ram(struct device *device)
{
    legacy_queue_at(device, (uint32_t)((machine.ram_base + MEMORY_SIZE) / PAGE));
}

static void page_number_at_the_end_of_ram(struct device *device)
{
    legacy_queue_at(device, (uint32_t)((machine.ram_base + MEMORY_SIZE) / PAGE - 1));
}

static void page_number_while_it_runs(struct device *device)
{
    device_select_queue(device, device->queue);
    write_page(device, (uint32_t)(pool_base() / PAGE + 1));
}

static void pages_of(struct device *device, uint32_t size, uint32_t alignment)
{
    device_begin(device, 0);
    device_lay_ring(device);
    write_at(device->registers + 0x28, 4, size);
    write_at(device->registers + 0x3c, 4, alignment);
    write_page(device, 1);
}

static void pages_of_size_0(struct device *device)
{
    pages_of(device, 0, PAGE);
}

static void pages_of_odd_size(struct device *device)
{
    pages_of(device, 4095, PAGE);
}

static void pages_too_large(struct device *device)
{
    pages_of(device, 0x80000000, PAGE);
}

static void alignment_of_0(struct device *device)
{
    pages_of(device, PAGE, 0);
}

static void alignment_too_large(struct device *device)
{
    pages_of(device, PAGE, 0x80000000);
}

static void modern_registers_of_a_legacy_transport(struct device *device)
{
    for (uint32_t offset = 0x80; offset < 0x100; offset += 4) {
        write_at(device->registers + offset, 4, ~0ull);
    }
    write_at(device->registers + 0x44, 4, 0);
    write_at(device->registers + 0x44, 4, 1);
}

const struct provocation setup_provocations[] = {
    {"DRIVER_OK without FEATURES_OK", ON_SPLIT | BARE, OUTCOME_NEEDS_RESET, 0, .act = driver_ok_without_features_ok},
    {"a queue before FEATURES_OK", ON_SPLIT | BARE, OUTCOME_NEEDS_RESET, 0, .act = queue_before_features_ok},
    {"features that were not offered", ON_SPLIT | BARE, OUTCOME_REFUSED, 0, .act = features_not_offered},
    {"no VERSION_1", ON_SPLIT | BARE, OUTCOME_REFUSED, 0, .act = no_version_1},
    {"FEATURES_OK without DRIVER", ON_SPLIT | BARE, OUTCOME_REFUSED, 0, .act = features_ok_without_driver},
    {"features changed after FEATURES_OK", ON_MODERN, OUTCOME_GOES_ON, 0, .act = features_changed_later},
    {"features above bit 63", ON_MODERN, OUTCOME_GOES_ON, 0, .act = features_far_away},
    {"status bits taken back", ON_ANY, OUTCOME_GOES_ON, 0, .act = status_bits_cleared},
    {"all status bits", ON_ANY, OUTCOME_GOES_ON, 0, .act = all_status_bits},
    {"resets with requests under way", ON_ANY, OUTCOME_GOES_ON, 0, .act = reset_storm},
    {"a storm of resets", ON_ANY, OUTCOME_GOES_ON, 0, .act = resets_without_end},
    {"a queue of size 0", ON_MODERN | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.resized = true, .size = 0}},
    {"a queue too large", ON_MODERN | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.resized = true, .size = 0x8000}},
    {"a queue of odd size", ON_SPLIT | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.resized = true, .size = 5}},
    {"descriptors misaligned", ON_MODERN | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.descriptors = {AT_POOL, 8}}},
    {"a driver area misaligned", ON_MODERN | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.driver = {AT_POOL, 0x8001}}},
    {"a device area misaligned", ON_MODERN | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.area = {AT_POOL, 0x9002}}},
    {"descriptors above RAM", ON_MODERN | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.descriptors = {AT_RAM_END, 0}}},
    {"descriptors past the end of RAM", ON_MODERN | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.descriptors = {AT_RAM_END, -16ull}}},
    {"a driver area that wraps", ON_MODERN | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.driver = {AT_ZERO, ~3ull}}},
    {"a device area among devices", ON_MODERN | BARE, OUTCOME_NEEDS_RESET, 0,
     .queue = &(const struct wrong_queue){.area = {AT_INTERRUPTS, 0}}},
    {"a queue moved while it runs", ON_MODERN, OUTCOME_GOES_ON, 0, .act = queue_moved_while_it_runs},
    {"queues that are not there", ON_MODERN, OUTCOME_GOES_ON, F_RING_RESET, .act = queues_that_are_not_there},
    {"a queue reset that was not negotiated", ON_MODERN, OUTCOME_NEEDS_RESET, 0, .act = queue_reset_not_negotiated},
    {"queue resets with requests under way", ON_MODERN, OUTCOME_GOES_ON, F_RING_RESET,
     .act = queue_resets_while_it_works},
    {"the same memory for all queues", ON_MODERN | BARE, OUTCOME_EITHER, 0, .act = same_memory_for_all_queues},
    {"a page number far away", ON_LEGACY | BARE, OUTCOME_NEEDS_RESET, 0, .act = page_number_far_away},
    {"a page number above RAM", ON_LEGACY | BARE, OUTCOME_NEEDS_RESET, 0, .act = page_number_above_ram},
    {"a page number at the end of RAM", ON_LEGACY | BARE, OUTCOME_NEEDS_RESET, 0, .act = page_number_at_the_end_of_ram},
    {"a page number while the queue runs", ON_LEGACY, OUTCOME_NEEDS_RESET, 0, .act = page_number_while_it_runs},
    {"pages of size 0", ON_LEGACY | ON_MMIO_LEGACY_ONLY | BARE, OUTCOME_NEEDS_RESET, 0, .act = pages_of_size_0},
    {"pages of odd size", ON_LEGACY | ON_MMIO_LEGACY_ONLY | BARE, OUTCOME_NEEDS_RESET, 0, .act = pages_of_odd_size},
    {"pages too large", ON_LEGACY | ON_MMIO_LEGACY_ONLY | BARE, OUTCOME_NEEDS_RESET, 0, .act = pages_too_large},
    {"an alignment of 0", ON_LEGACY | ON_MMIO_LEGACY_ONLY | BARE, OUTCOME_NEEDS_RESET, 0, .act = alignment_of_0},
    {"an alignment too large", ON_LEGACY | ON_MMIO_LEGACY_ONLY | BARE, OUTCOME_NEEDS_RESET, 0,
     .act = alignment_too_large},
    {"modern registers of a legacy transport", ON_LEGACY | ON_MMIO_LEGACY_ONLY, OUTCOME_GOES_ON, 0,
     .act = modern_registers_of_a_legacy_transport},
    {0},
};
