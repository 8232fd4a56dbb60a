/* SPDX-License-Identifier: BSD-2-Clause */
/* What the second processor does while the first one works with a device: it changes what the device reads. Addresses
 * it changes by bits that lead out of RAM and back, so that this program itself stays whole. */
#include "provocation.h"

#define AVAILABLE_IDX 2u
#define OUTSIDE       (MEMORY_SIZE << 4)

static volatile uint32_t running; /* enum race */
static volatile uint32_t busy;
static const struct device *volatile target;
static struct ring ring; /* where it lies at the start: the first processor lays it anew all the time */

bool race_start(enum race race, const struct device *device)
{
    target = device;
    ring = device->ring;
    running = race;
    busy = 1;
    barrier();
    if (!machine_start_second()) {
        running = RACE_NONE;
        busy = 0;
        return false;
    }
    return true;
}

void race_stop(const struct device *device, const char *provocation)
{
    running = RACE_NONE;
    barrier();
    uint64_t end = machine_now() + PATIENCE * machine_millisecond();
    while (busy != 0) {
        if (machine_now() > end) {
            surprise(device, provocation, "the second processor does not end, busy", busy);
            machine_restart();
        }
    }
    machine_stop_second();
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A descriptor's address, length, flags or next. */
static void change_descriptor(uint64_t at, uint64_t number)
{
    switch (number & 3) {
    case 0:
        *(volatile uint64_t *)at ^= OUTSIDE;
        break;
    case 1:
        if (target->type == TYPE_BALLOON) {
            break; /* it would read pages' numbers where there are none */
        }
        *(volatile uint32_t *)(at + 8) ^= (uint32_t)(number >> 32) & 0xffff;
        break;
    default:
        *(volatile uint16_t *)(at + ((number & 3) == 2 ? 12 : 14)) ^= (uint16_t)(1u << (number >> 8 & 15));
        break;
    }
}

static void change_ring(uint64_t number)
{
    if ((number & 0x80) != 0) {
        *(volatile uint16_t *)(ring.driver + (number >> 8 & 62)) = (uint16_t)(number >> 16);
    } else {
        change_descriptor(ring.descriptors + 16 * ((number >> 8) % 64), number);
    }
}

static void change_buffers(uint64_t number)
{
    uint64_t buffers = pool_base() + POOL_BUFFERS;
    if ((number & 0x80) != 0) {
        change_descriptor(buffers + 0x10000 + 16 * (number >> 8 & 7), number);
    } else if (target->type != TYPE_BALLOON) {
        *(volatile uint8_t *)(buffers + (number >> 8 & 3) * 0x2000 + (number >> 16 & 63)) = (uint8_t)(number >> 32);
    }
}

static void feed(void)
{
    if (!ring.packed) {
        uint16_t used = *(volatile uint16_t *)(ring.device + AVAILABLE_IDX);
        *(volatile uint16_t *)(ring.driver + AVAILABLE_IDX) = (uint16_t)(used + ring.size);
        return;
    }
    for (uint32_t i = 0; i < ring.size; i++) {
        *(volatile uint16_t *)(ring.descriptors + 16ull * i + 14) ^= DESCRIPTOR_AVAILABLE | DESCRIPTOR_USED;
    }
}

static void change_registers(const struct device *device, uint64_t number)
{
    switch (number & 7) {
    case 0:
        device_set_status(device, 0);
        break;
    case 1:
        device_set_status(device, (uint8_t)(number >> 8));
        break;
    case 2:
        device_select_queue(device, number >> 8 & 3);
        break;
    case 3:
        device_set_features(device, number);
        break;
    case 4:
        device_reset_queue(device);
        break;
    default:
        device_notify(device, number >> 8 & 3);
        break;
    }
}

void second_main(void)
{
    uint64_t state = machine_now() | 1;
    while (running != RACE_NONE) {
        switch (running) {
        case RACE_RING:
            change_ring(next(&state));
            break;
        case RACE_TABLE:
            change_buffers(next(&state));
            break;
        case RACE_FEED:
            feed();
            break;
        default:
            change_registers(target, next(&state));
            break;
        }
    }
    barrier();
    busy = 0;
}
