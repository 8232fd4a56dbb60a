/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Persistent memory device: VirtIO 1.2 §5.19. An image lies in guest-physical memory, read-only, and the guest reads it
 * where it is: what several VMs mount exists once. The hardware refuses writes, and they come here to be ignored.
 * Flushes are answered, as there is nothing to be flushed.
 */
#pragma once

#include <vmm/virtio/device_set.h>
#include <vmm/virtio/virtio.h>

#define PMEM_QUEUE_SIZE 64u
#define PMEM_SEGMENTS   8u

struct virtio_pmem_config {
    uint64_t start; /* guest-physical, little-endian */
    uint64_t size;  /* bytes */
};

struct virtio_pmem {
    struct virtio_device device;
    struct virtio_pmem_config config;
    const uint8_t *content;
    struct virtio_segment segments[PMEM_SEGMENTS];
};

/* Fills in the device; a transport comes later. NULL, or what is wrong with the configuration. */
const char *virtio_pmem_init(struct virtio_pmem *pmem, struct vm *vm, const struct vm_device_config *config);

extern const struct device_kind virtio_pmem_kind;
