/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual devices of a <vm>: one child element each. What all have in common, name and bus, is here; what one kind has
 * of its own is its `details`, made by its parse function and used by its expand function.
 */
#pragma once

#include <libxml/tree.h>
#include <skyscope/vm_devices.h>
#include <stdbool.h>
#include <stdint.h>
#include <tool/system.h>

struct device_expansion;
struct vm_device;

struct vm_device_type {
    const char *element; /* its name in <vm> */
    enum vm_device_kind kind;
    uint64_t workspace;           /* bytes that the VMM takes for one, VM_WORKSPACE_* */
    uint64_t workspace_per_queue; /* and for each of its queues */
    /* All that the element may have, "name" and "bus" included; NULL-terminated. */
    const char *const *attributes;
    /* Reads the rest of the element: allocates device->details, sets device->queues. Reports mistakes. */
    void (*parse)(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_device *device);
    /* Adds what it needs to the system, and completes the VMM's description of it, in which kind, transport, slot, name
     * and queues are there already. */
    void (*expand)(struct device_expansion *expansion, const struct vm_device *device, struct vm_device_config *config);
};

struct vm_device {
    long line;
    const struct vm_device_type *type;
    const char *name; /* unique in its VM; never NULL */
    enum vm_transport transport;
    uint32_t slot; /* as in struct vm_device_config */
    uint32_t queues;
    bool hotplug; /* the manager may plug and unplug it */
    bool plugged; /* from the start */
    void *details;
};

/* Those that the tool knows; NULL-terminated. */
extern const struct vm_device_type *const vm_device_types[];
extern const struct vm_device_type disk_device_type, net_device_type, rng_device_type, vsock_device_type,
    filesystem_device_type, pmem_device_type, balloon_device_type, console_device_type;

/* The type of an element, NULL: it is no device. A <console> is one with type="virtio" only. */
const struct vm_device_type *vm_device_type_of(xmlNodePtr node);
/* A device element of a <vm>: appended to its devices. */
void parse_vm_device(struct system *system, xmlNodePtr node, struct vm_element *vm, const struct vm_device_type *type);

/* "virtio-pci" and so on. */
const char *vm_transport_name(enum vm_transport transport);

/* <disk> */
struct disk_device {
    struct guest_image image; /* line 0: a RAM disk */
    uint64_t size;            /* bytes of a RAM disk */
    uint64_t overlay;         /* bytes of memory above an image, 0: none */
    bool read_only, write_through;
    uint32_t partition;  /* of the image, 0: all of it */
    uint32_t block_size; /* bytes */
    const char *serial;
    uint64_t requests_per_second, bytes_per_second; /* 0: no limit */
};

/* <filesystem> */
struct filesystem_device {
    const char *tag;
    const char *source; /* directory of the host, NULL: memory */
    uint64_t size;      /* bytes of memory */
};

/* <pmem> */
struct pmem_device {
    struct guest_image image;
};

/* <console type="virtio"> */
struct console_port_element {
    long line;
    const char *name;
};

struct console_device {
    struct list ports; /* struct console_port_element; the first is the console itself */
};

/* <rng> */
struct rng_device {
    uint64_t bytes_per_second; /* 0: no limit */
};
