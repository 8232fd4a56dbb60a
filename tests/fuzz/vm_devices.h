/* SPDX-License-Identifier: BSD-2-Clause */
/* For fuzzers of a whole VM: a device on each transport. */
#pragma once

#include <stdint.h>

#include <skyscope/vm_devices.h>

/* Memory stays valid until the next call. */
static inline void add_devices(struct vm_config *config)
{
    static struct vm_devices_config devices;
    static uint8_t workspace[0x10000] __attribute__((aligned(4096)));
    static const uint32_t slots[] = {1, 2, 0, 1};
    devices = (struct vm_devices_config){.magic = VM_DEVICES_MAGIC,
                                         .version = VM_DEVICES_VERSION,
                                         .size = sizeof(devices),
                                         .count = 4,
                                         .workspace = (uintptr_t)workspace,
                                         .workspace_size = sizeof(workspace)};
    for (uint32_t i = 0; i < 4; i++) {
        devices.devices[i] = (struct vm_device_config){
            .kind = VM_DEVICE_RNG, .transport = VM_TRANSPORT_PCI + i, .slot = slots[i], .plugged = 1, .name = "rng"};
    }
    config->devices = (struct vm_image){.address = (uintptr_t)&devices, .size = sizeof(devices)};
}
