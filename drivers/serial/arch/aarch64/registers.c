/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of 32 bits in a page of device memory. */
#include "../../registers.h"

bool registers_valid(const struct serial_config *config)
{
    return config->registers != 0 && config->registers % 4096 == 0;
}

static volatile uint32_t *register_at(const struct serial_config *config, unsigned int offset)
{
    return (volatile uint32_t *)(uintptr_t)(config->registers + offset);
}

uint32_t register_read(const struct serial_config *config, unsigned int offset)
{
    return *register_at(config, offset);
}

void register_write(const struct serial_config *config, unsigned int offset, uint32_t value)
{
    *register_at(config, offset) = value;
}
