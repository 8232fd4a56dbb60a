/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of virtio devices that there are. */
#include <stddef.h>

#include <vmm/virtio/device_set.h>

const struct device_kind *const device_kinds[] = {
    NULL,
};
