/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of system_expand() share. */
#pragma once

#include "element_builder.h"
#include <skyscope/storage_config.h>
#include <skyscope/switch_config.h>
#include <tool/system.h>
#include <tool/vm_device.h>

#define READ       PLAN_MAP_READ
#define READ_WRITE (PLAN_MAP_READ | PLAN_MAP_WRITE)

/* Address space of a PD that the tool adds, as far as several files use it. One span for each client of a service. */
#define CLIENT_ADDRESS 0x20000000ull
#define CLIENT_SPAN    0x1000000ull

/* In a VMM: one span for each device, and memory for all of them. */
#define WORKSPACE_ADDRESS 0x100000000ull
#define DEVICE_ADDRESS    0x200000000ull
#define DEVICE_SPAN       0x40000000ull

/* In the manager: what other services tell it, a span each. */
#define MANAGER_STORAGE_ADDRESS 0x13400000ull
#define MANAGER_SWITCH_ADDRESS  0x13800000ull
/* Behind the channels of VMs. */
#define MANAGER_SWITCH_CHANNEL  40u
#define MANAGER_STORAGE_CHANNEL 41u

/* What is made once per system, while it is made. */
struct services {
    long line;
    struct list all; /* struct pd */
    struct pd *serial, *console, *manager;
    struct serial_config *serial_config;
    struct console_config *console_config;
    struct manager_config *manager_config;
    struct list console_ports; /* struct console_client: ports of virtio consoles, which come after the manager */
    /* Only if a disk needs it. */
    struct pd *storage;
    struct storage_config *storage_config;
    uint64_t storage_next; /* address for the next medium */
    /* Only if a network card needs it. */
    struct pd *network_switch;
    struct switch_config *switch_config;
};

/* Somebody whose characters go to the console multiplexer, and whose they come from. */
struct console_client {
    long line;
    const char *name;
    const char *queue_name, *history_name; /* its regions' names begin so */
    uint32_t queue_size, history_size;     /* bytes, powers of two */
    bool is_manager;
    struct queue_side side; /* its own */
};

/* A service's PD on CPU 0. Its budget is shared out at the end. */
struct pd *add_service(struct system *system, struct services *services, const char *name, const char *program,
                       uint32_t priority);
/* A configuration block that the PD finds by skyscope_config: zeroed. */
void *add_service_config(struct system *system, struct pd *pd, const char *name, size_t size);

/* Reads the file of an image element of a VM; reports if it cannot. */
void read_guest_image(struct system *system, const struct vm_element *vm, const char *element,
                      struct guest_image *image);
/* The region of a guest's image. Those who name the same file with the same page size share one, but for unsigned ones:
 * each of those can be replaced. */
struct region *guest_image_region(struct system *system, long line, const char *name, const struct guest_image *image,
                                  uint64_t page_size);

/* The kernel or initrd of a VM as it is stored: packed, as a file NAME.lz4, if it shall be, or if that is left open and
 * it pays; else as it is (pack_image.c). */
struct guest_image pack_guest_image(struct system *system, const struct vm_element *vm, const struct guest_image *image,
                                    const char *name);

/* --- Devices (expand_devices.c) --- */

/* One VM's devices, while they are made. */
struct device_expansion {
    struct system *system;
    struct services *services;
    const struct vm_element *vm;
    struct pd *vmm;
    uint64_t base;         /* where the device's span in the VMM begins */
    uint32_t next_channel; /* free in the VMM */
};

/* Makes the devices of a VM and their configuration block. */
void expand_vm_devices(struct system *system, struct services *services, const struct vm_element *vm, struct pd *vmm,
                       struct vm_config *config);
/* Next free channel of the VMM; reports if there is none. */
uint32_t expansion_channel(struct device_expansion *expansion, const struct vm_device *device);
/* "VM_DEVICE_suffix" */
const char *device_part_name(const struct device_expansion *expansion, const struct vm_device *device,
                             const char *suffix);

/* --- Storage service (expand_storage.c) --- */

/* Adds a disk to the service, which is added with the first; fills in the client's side of the queues. */
void add_storage_client(struct device_expansion *expansion, const struct vm_device *device,
                        const struct disk_device *disk, struct block_client_config *client);

/* --- Switch (expand_switch.c) --- */

struct net_device;
struct network;

/* Adds a port to the switch, which is added with the first; fills in the client's side of the queues. */
void add_switch_port(struct device_expansion *expansion, const struct vm_device *device, const struct net_device *net,
                     struct network *network, struct net_client_config *client);
