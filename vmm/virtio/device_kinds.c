/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of virtio devices that there are. */
#include <stddef.h>

#include <vmm/virtio/device_set.h>
#include <vmm/virtio/virtio_balloon.h>
#include <vmm/virtio/virtio_blk.h>
#include <vmm/virtio/virtio_console.h>
#include <vmm/virtio/virtio_fs.h>
#include <vmm/virtio/virtio_net.h>
#include <vmm/virtio/virtio_pmem.h>
#include <vmm/virtio/virtio_rng.h>
#include <vmm/virtio/virtio_vsock.h>

const struct device_kind *const device_kinds[] = {
    &virtio_balloon_kind, &virtio_blk_kind,   &virtio_console_kind,
    &virtio_fs_kind,      &virtio_net_kind,   &virtio_pmem_kind,
    &virtio_rng_kind,     &virtio_vsock_kind, NULL,
};
