/* SPDX-License-Identifier: BSD-2-Clause */
/* Skyscope's serial driver, for one client: the addresses are those of example.system. */
#include <skyscope/vm_config.h>

extern uintptr_t skyscope_config; /* the driver's */

static const struct serial_config config = {
    .magic = SERIAL_CONFIG_MAGIC,
    .version = SERIAL_CONFIG_VERSION,
    .size = sizeof(struct serial_config),
    .irq_channel = 0,
    .baud_rate = 115200,
    .registers = 0x14000000,
    .client = {.transmit_queue = 0x11000000,
               .transmit_data = 0x11100000,
               .receive_queue = 0x11200000,
               .receive_data = 0x11300000,
               .transmit_capacity = 0x10000,
               .receive_capacity = 0x10000,
               .channel = 1,
               .present = 1},
};

__attribute__((constructor)) static void configure(void)
{
    skyscope_config = (uintptr_t)&config;
}
