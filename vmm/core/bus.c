/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/bus.h>

#include <stddef.h>

/* Index of the first range whose base is above address: 0..count. */
static uint32_t upper_bound(const struct bus *bus, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = bus->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (bus->ranges[middle].base <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int bus_register(struct bus *bus, uint64_t base, uint64_t size, const struct bus_ops *ops, void *device,
                 const char *name)
{
    if (bus->count >= BUS_MAX_RANGES || size == 0 || size - 1 > UINT64_MAX - base) {
        return -1;
    }
    uint32_t at = upper_bound(bus, base);
    uint64_t last = base + (size - 1);
    if (at > 0 && base - bus->ranges[at - 1].base < bus->ranges[at - 1].size) {
        return -1;
    }
    if (at < bus->count && bus->ranges[at].base <= last) {
        return -1;
    }
    for (uint32_t i = bus->count; i > at; i--) {
        bus->ranges[i] = bus->ranges[i - 1];
    }
    bus->ranges[at] = (struct bus_range){.base = base, .size = size, .ops = ops, .device = device, .name = name};
    bus->count++;
    bus->last = 0;
    return 0;
}

int bus_unregister(struct bus *bus, uint64_t base)
{
    uint32_t at = upper_bound(bus, base);
    if (at == 0 || bus->ranges[at - 1].base != base) {
        return -1;
    }
    for (uint32_t i = at - 1; i + 1 < bus->count; i++) {
        bus->ranges[i] = bus->ranges[i + 1];
    }
    bus->count--;
    bus->last = 0;
    return 0;
}

static const struct bus_range *find(struct bus *bus, uint64_t address, uint32_t width)
{
    if (bus->count == 0) {
        return NULL;
    }
    const struct bus_range *range = &bus->ranges[bus->last];
    if (address - range->base >= range->size) {
        uint32_t at = upper_bound(bus, address);
        if (at == 0) {
            return NULL;
        }
        range = &bus->ranges[at - 1];
        if (address - range->base >= range->size) {
            return NULL;
        }
        bus->last = at - 1;
    }
    return width <= range->size - (address - range->base) ? range : NULL;
}

static uint64_t width_mask(uint32_t width)
{
    return width >= 8 ? UINT64_MAX : (1ull << (8 * width)) - 1;
}

bool bus_read(struct bus *bus, uint64_t address, uint32_t width, uint64_t *value)
{
    const struct bus_range *range = find(bus, address, width);
    if (range == NULL) {
        *value = width_mask(width);
        return false;
    }
    *value = range->ops->read(range->device, address - range->base, width) & width_mask(width);
    return true;
}

bool bus_write(struct bus *bus, uint64_t address, uint32_t width, uint64_t value)
{
    const struct bus_range *range = find(bus, address, width);
    if (range == NULL) {
        return false;
    }
    range->ops->write(range->device, address - range->base, width, value & width_mask(width));
    return true;
}
