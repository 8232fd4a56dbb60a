/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio devices of a VM, made from struct vm_devices_config when the VM is created. Nothing is made later: a
 * device that the manager plugs has been made, and waits.
 *
 * A kind of device is a struct device_kind, listed in vmm/virtio/device_kinds.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/vm_control.h>
#include <skyscope/vm_devices.h>

#include <vmm/irq.h>
#include <vmm/timer.h>
#include <vmm/virtio/virtio.h>
#include <vmm/workspace.h>

/* Channels of a protection domain: 0..61. */
#define VM_CHANNELS 62u

struct vm;
struct virtio_pci;
struct virtio_mmio;

struct device_kind {
    uint32_t kind; /* enum vm_device_kind */
    /* Makes the device of memory from the VM's workspace: virtio_device_init(), virtio_add_queue(), device_listen(),
     * timer_add() on vCPU 0. NULL, or what is wrong. *config is read-only memory that nobody changes; what is in it is
     * checked here. */
    const char *(*create)(struct vm *vm, const struct vm_device_config *config, struct virtio_device **device);
};

/* All kinds; NULL-terminated. */
extern const struct device_kind *const device_kinds[];

struct device_listener {
    void (*notified)(void *context);
    void *context;
};

struct device_entry {
    const struct vm_device_config *config;
    struct virtio_device *device;
    struct virtio_pci *pci;   /* the transport: one of these */
    struct virtio_mmio *mmio; /* */
    enum vm_plug_state plug;
};

struct device_set {
    struct workspace workspace;
    struct device_listener listeners[VM_CHANNELS];
    uint32_t count;
    struct device_entry devices[VM_MAX_DEVICES];
    uint32_t line_count;
    struct irq_shared_line lines[VM_MAX_DEVICES]; /* of virtio-mmio transports */
    /* The manager waits until the guest has let this one go, or the timer says that it has waited enough. NULL: none.
     */
    const struct device_entry *awaited;
    struct timer patience;
};

/* --- For kinds --- */

/* Zeroed memory that the device keeps; NULL: the workspace is too small. */
void *device_allocate(struct vm *vm, uint64_t size);
/* notified() is called when the channel is, with the VM's lock held, whatever state the device is in. 0; -1: no such
 * channel, or another device listens to it. */
int device_listen(struct vm *vm, uint32_t channel, void (*notified)(void *context), void *context);

/* --- For the VM --- */

/* From vm_create(), after the machine: NULL, or what is wrong. */
const char *device_set_create(struct vm *vm);
/* Power-on state of all devices and their transports; buffers are forgotten. */
void device_set_reset(struct vm *vm);
/* A channel was notified. */
void device_set_notified(struct vm *vm, uint32_t channel);

/* --- Plugging (device_plug.c) --- */

/* How long the manager waits for a guest that was asked to let a device go. */
#define DEVICE_PLUG_PATIENCE_SECONDS 15u

/* From device_set_create(), after all. */
const char *device_plug_create(struct vm *vm);
/* What was asked to leave has left: whoever drove it is no more. */
void device_plug_reset(struct vm *vm);
/* VM_COMMAND_PLUG, _UNPLUG, _PULL of the device of that name. VM_RESULT_LATER: vm_control_answer() follows. */
enum vm_result device_plug_request(struct vm *vm, enum vm_command command, const char *name);
/* The manager has asked for something else: it does not wait any more. */
void device_plug_forget_request(struct vm *vm);
