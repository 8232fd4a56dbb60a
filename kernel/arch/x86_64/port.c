/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/port.h>

uint32_t port_read(uint16_t port, unsigned int width)
{
    switch (width) {
    case 1:
        return port_read8(port);
    case 2:
        return port_read16(port);
    default:
        return port_read32(port);
    }
}

void port_write(uint16_t port, unsigned int width, uint32_t value)
{
    switch (width) {
    case 1:
        port_write8(port, (uint8_t)value);
        break;
    case 2:
        port_write16(port, (uint16_t)value);
        break;
    default:
        port_write32(port, value);
        break;
    }
}
