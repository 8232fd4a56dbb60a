/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One virtual machine. Everything hangs off struct vm; there is no other
 * mutable state, so several VMs can live in one process.
 *
 * Threads: each vCPU belongs to one thread, which alone touches its vCPU page.
 * The entry points below take vm->lock for as long as they run; everything else
 * is called with it held, device models included. A thread reaches another vCPU
 * by leaving a request in it and kicking it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/log_ring.h>
#include <skyscope/serial_queue.h>
#include <skyscope/types.h>
#include <skyscope/vcpu.h>
#include <skyscope/vm_config.h>
#include <skyscope/vm_control.h>

#include <vmm/bus.h>
#include <vmm/clock.h>
#include <vmm/guest_memory.h>
#include <vmm/irq.h>
#include <vmm/lock.h>
#include <vmm/log.h>
#include <vmm/timer.h>
#include <vmm/virtio/device_set.h>

#include <vmm/arch/vm_arch.h>

struct pci_host;
struct vm;

enum vcpu_activity {
    VCPU_PARKED = 0,     /* the VM does not run, or is paused */
    VCPU_WAIT_START = 1, /* waits for another vCPU to start it (x86: SIPI, AArch64: PSCI) */
    VCPU_RUNNING = 2,
    VCPU_HALTED = 3, /* until an interrupt */
};

struct vcpu_context {
    struct vm *vm;
    struct vcpu_page *page;
    uint32_t id; /* 0: the boot processor */
    enum vcpu_activity activity;
    bool parked;             /* the thread has stopped running the guest */
    bool on;                 /* what hv_vcpu_on/off were told last */
    struct timer_set timers; /* */
    uint64_t armed_deadline; /* what page->control.deadline holds */
    struct vcpu_arch arch;
};

/* What is to happen to the VM once the running handler has returned. */
enum vm_action {
    VM_ACTION_NONE = 0,
    VM_ACTION_STOP,      /* by the manager */
    VM_ACTION_RESET,     /* by the manager */
    VM_ACTION_POWER_OFF, /* by the guest: on_poweroff decides */
    VM_ACTION_REBOOT,    /* by the guest: on_reboot decides */
    VM_ACTION_CRASH,     /* the guest cannot go on: on_crash decides */
};

struct vm_console {
    struct serial_queue_handle transmit, receive;
    uint32_t channel;
    bool present;
    uint32_t unsignalled;     /* characters queued since the last notification */
    struct timer flush_timer; /* notifies the other side soon even if no line ends */
};

struct vm {
    /* Configuration, copied and checked once. */
    struct vm_config config;
    struct vm_clock clock;
    struct guest_memory memory;
    struct vm_image kernel, initrd;

    struct spin_lock lock;
    struct bus memory_bus, port_bus;
    struct irq_router irq;
    struct vm_console console;
    struct device_set devices;
    struct virtio_balloon *balloon; /* NULL: none */
    struct vm_control *control;     /* NULL: no manager */
    struct log_ring *log_ring;      /* NULL: none */
    uint32_t log_capacity;          /* our own copy: the ring is not believed */
    uint64_t log_written;

    bool created;                 /* false: it can never start */
    uint32_t state;               /* enum vm_state */
    uint32_t action;              /* enum vm_action, the first one wins */
    bool start_after_stop;        /* once every vCPU is parked */
    struct vcpu_context *current; /* whose entry point runs */
    uint32_t quick_restarts;      /* restarts shortly after a start, in a row */
    uint32_t control_sequence;    /* last request carried out */
    uint32_t boots;
    uint64_t started_at; /* host clock of the last start */
    uint64_t guest_errors;
    uint64_t queue_notifications, queue_interrupts, queue_interrupts_saved; /* as struct vm_control tells them */
    bool told_no_entropy;
    char reason[VM_REASON_LENGTH];

    uint32_t vcpu_count;
    struct vcpu_context vcpus[VM_MAX_VCPUS];
    struct vm_arch arch;
};

/* --- Life cycle (core/vm.c) --- */

/* Checks *config and fills *vm (zeroed by the caller) from it. NULL, or what is
 * wrong with the configuration: the VM's state is then VM_STATE_FAILED. */
const char *vm_create(struct vm *vm, const struct vm_config *config);
/* Starts the guest as soon as all vCPUs are parked: state RUNNING, or FAILED with
 * a reason. No effect while it runs. */
void vm_request_start(struct vm *vm);
/* Carries out what was requested; called at the end of every handler if there
 * is something. */
void vm_take_action(struct vm *vm);
void vm_try_start(struct vm *vm);
/* Records what is to happen; done when the handler ends. The first request wins. */
__attribute__((format(printf, 3, 4))) void vm_request_action(struct vm *vm, enum vm_action action, const char *format,
                                                             ...);
/* Carries out the manager's request, if there is a new one. */
void vm_control_request(struct vm *vm);
/* Answers the last request. */
void vm_control_answer(struct vm *vm, enum vm_result result);
/* Changes the state and tells the manager. */
void vm_set_state(struct vm *vm, enum vm_state state);
/* Publishes the counters to the manager's page. */
void vm_publish(struct vm *vm);
/* The name of an enum vm_state. */
const char *vm_state_name(uint32_t state);

/* --- Entry points, each on the vCPU's own thread (core/vcpu.c); they take the lock --- */

/* Once on thread 0, after vm_create(): starts the guest if it is to start by itself. */
void vmm_begin(struct vm *vm);

/* The guest needs its VMM: see vcpu->page->exit. */
void vmm_handle_exit(struct vcpu_context *vcpu);
/* The deadline passed, or another thread kicked. */
void vmm_handle_event(struct vcpu_context *vcpu);
/* A channel was notified. On thread 0. */
void vmm_handle_notification(struct vm *vm, unsigned int channel);

/* Makes another vCPU look at its interrupts and requests; nothing for the thread's own. */
void vcpu_kick(struct vcpu_context *vcpu);

/* --- Console (core/console.c) --- */

/* False if the configuration makes no sense. */
bool vm_console_init(struct vm *vm);
/* The two ends of a character device's line (context: struct vm). */
bool vm_console_put(void *vm, uint8_t character);
bool vm_console_get(void *vm, uint8_t *character);
/* Notifies the reader of what is queued. */
void vm_console_flush(struct vm *vm);
/* The other side of the console was heard of: input or room. */
void vm_console_input(struct vm *vm);

/* --- Architecture (arch/ARCH/) --- */

/* Once, from vm_create(): what depends on the host only. NULL, or a reason. */
const char *arch_vm_create(struct vm *vm);
/* At each start: devices and vCPUs to their power-on state. NULL, or a reason. */
const char *arch_vm_reset(struct vm *vm);
/* Handles page->exit. */
void arch_handle_exit(struct vcpu_context *vcpu);
/* Before a vCPU runs again: takes requests of other vCPUs, injects what is due. */
void arch_prepare_entry(struct vcpu_context *vcpu);
/* The manager pressed the power button. */
void arch_power_button(struct vm *vm);
/* Input may wait in the console queue. */
void arch_console_input(struct vm *vm);
/* The guest's serial port holds output for which there was no room. */
bool arch_console_waits(const struct vm *vm);
/* The bus that virtio devices on PCI are put on. */
struct pci_host *arch_pci_host(struct vm *vm);
/* Where the virtio-mmio transport of that number lies. False: there is none. */
struct virtio_mmio_place {
    uint64_t base; /* guest-physical address of its 512 bytes */
    uint32_t line; /* on the router; others may share it */
};
bool arch_virtio_mmio(uint32_t slot, struct virtio_mmio_place *place);
/* Characters of output lost because the guest did not wait for room. */
uint64_t arch_console_dropped(const struct vm *vm);
/* Interrupts that the guest has had from its VMM, in all its boots. */
uint64_t arch_interrupts_injected(const struct vm *vm);
