/* SPDX-License-Identifier: BSD-2-Clause */
/* Entropy device: VirtIO 1.2 §5.4. Random numbers of <vmm/entropy.h>, as many per second as the system file allows. */
#pragma once

#include <stdint.h>

#include <vmm/timer.h>
#include <vmm/virtio/device_set.h>

#define RNG_QUEUE_SIZE 8u
#define RNG_SEGMENTS   8u
/* Bytes given for one buffer at most: more would hold up the VM's other vCPUs. */
#define RNG_LARGEST    4096u

struct virtio_rng {
    struct virtio_device device;
    uint64_t bytes_per_second; /* 0: no limit */
    uint64_t allowance;        /* bytes that may be given now */
    uint64_t refilled;         /* host clock up to which the allowance was counted */
    struct timer timer;        /* looks again when there is an allowance */
    struct virtio_segment segments[RNG_SEGMENTS];
    uint64_t bytes_given;
};

extern const struct device_kind virtio_rng_kind;
