/* SPDX-License-Identifier: BSD-2-Clause */
/* Eight registers of 8 bits behind I/O ports. */
#include <microkit.h>

#include "../../registers.h"

bool registers_valid(const struct serial_config *config)
{
    return config->registers == 0 && config->port <= 0xfff8;
}

uint32_t register_read(const struct serial_config *config, unsigned int offset)
{
    return microkit_x86_ioport_read_8(config->ioport_id, config->port + offset);
}

void register_write(const struct serial_config *config, unsigned int offset, uint32_t value)
{
    microkit_x86_ioport_write_8(config->ioport_id, config->port + offset, (uint8_t)value);
}
