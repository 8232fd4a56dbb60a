/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's protection domain on seL4. One thread serves all vCPUs of the VM; so
 * one vCPU never waits for the lock, and "kicking" another is to remember that it
 * has to be looked at.
 */
#include <base/memory.h>

#include <microkit.h>

#include <skyscope.h>
#include <skyscope/timer_service.h>
#include <skyscope_arch.h>

#include <vmm/arch/host_clock.h>
#include <vmm/hv.h>

#include "vcpu.h"

/* Written by the tool: address of a struct vm_config; channel of the timer service. */
uintptr_t skyscope_config;
uintptr_t skyscope_timer_channel;

static struct vm machine;
static struct sel4_vcpu vcpus[VM_MAX_VCPUS];
static uint64_t timer_armed; /* host clock value, 0: not armed */

/* --- What the VMM's core asks for --- */

void hv_vcpu_on(struct vcpu_context *vcpu)
{
    vcpus[vcpu->id].on = true;
    vcpus[vcpu->id].touched = true;
}

void hv_vcpu_off(struct vcpu_context *vcpu)
{
    vcpus[vcpu->id].on = false;
    vcpus[vcpu->id].touched = true;
}

bool hv_vcpu_read(struct vcpu_context *vcpu, uint32_t groups)
{
    sel4_vcpu_read(&vcpus[vcpu->id], groups);
    return true;
}

void hv_vcpu_kick(struct vcpu_context *vcpu)
{
    vcpus[vcpu->id].kicked = true;
}

void hv_notify(unsigned int channel)
{
    microkit_notify(channel);
}

uint64_t hv_now(void)
{
    return host_clock();
}

struct hv_time hv_time(void)
{
    /* Microkit tells no time of day. */
    return (struct hv_time){.tick_frequency = skyscope_clock_frequency()};
}

bool hv_random(void *buffer, size_t size)
{
    return skyscope_random(buffer, size) == SKYSCOPE_OK;
}

void hv_debug_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        microkit_dbg_putc(text[i]);
    }
}

/* --- Events --- */

/* Has the timer service wake this PD at the earliest deadline of any vCPU. A later one than the service knows already
 * costs no call: it is told when the service has woken this PD in vain. */
static void arm_timer(void)
{
    uint64_t earliest = 0;
    for (uint32_t i = 0; i < machine.vcpu_count; i++) {
        uint64_t deadline = vcpus[i].page.control.deadline;
        if (deadline != 0 && (earliest == 0 || deadline < earliest)) {
            earliest = deadline;
        }
    }
    if (earliest != 0 && (timer_armed == 0 || earliest < timer_armed)) {
        timer_armed = earliest;
        timer_service_arm((unsigned int)skyscope_timer_channel, earliest, hv_now(), skyscope_clock_frequency());
    }
}

/* After every entry point: looks at the vCPUs that were kicked, then lets run what is to run. True: `faulted`, the vCPU
 * whose fault is being handled, runs on with the reply to it. */
static bool settle(const struct sel4_vcpu *faulted)
{
    bool again;
    do {
        again = false;
        for (uint32_t i = 0; i < machine.vcpu_count; i++) {
            if (vcpus[i].kicked) {
                vcpus[i].kicked = false;
                vcpus[i].touched = true;
                again = true;
                vmm_handle_event(&machine.vcpus[i]);
            }
        }
    } while (again);
    bool reply = false;
    for (uint32_t i = 0; i < machine.vcpu_count; i++) {
        if (vcpus[i].touched) {
            bool replies = sel4_vcpu_settle(&vcpus[i], sel4_vcpu_timer_asserted(&machine.vcpus[i]));
            reply = reply || (replies && &vcpus[i] == faulted);
        }
    }
    arm_timer();
    return reply;
}

static void complain(const char *problem)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": ");
    microkit_dbg_puts(problem);
    microkit_dbg_puts("\n");
}

void init(void)
{
    static struct vm_config config;

    if (skyscope_config == 0) {
        complain("no configuration");
        return;
    }
    memcpy(&config, (const void *)skyscope_config, sizeof(config));
    for (uint32_t i = 0; i < VM_MAX_VCPUS; i++) {
        sel4_vcpu_init(&vcpus[i], i);
        config.vcpu_page[i] = (uintptr_t)&vcpus[i].page;
    }
    const char *problem = vm_create(&machine, &config);
    if (problem != NULL) {
        complain(problem);
        return;
    }
    vcpus[0].touched = true;
    vmm_begin(&machine);
    (void)settle(NULL);
}

seL4_Bool fault(microkit_child child, microkit_msginfo message, microkit_msginfo *reply)
{
    if (child >= machine.vcpu_count) {
        return seL4_False;
    }
    struct sel4_vcpu *vcpu = &vcpus[child];
    if (sel4_vcpu_exit(vcpu, message)) {
        vmm_handle_exit(&machine.vcpus[child]);
    }
    *reply = microkit_msginfo_new(0, 0);
    return settle(vcpu) ? seL4_True : seL4_False;
}

void notified(microkit_channel channel)
{
    if (machine.vcpu_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < machine.vcpu_count; i++) {
        sel4_vcpu_interrupted(&vcpus[i]);
    }
    if (channel == skyscope_timer_channel) {
        uint64_t now = hv_now();
        timer_armed = 0;
        for (uint32_t i = 0; i < machine.vcpu_count; i++) {
            uint64_t deadline = vcpus[i].page.control.deadline;
            vcpus[i].kicked = vcpus[i].kicked || (deadline != 0 && deadline <= now);
        }
    } else {
        vcpus[0].touched = true;
        vmm_handle_notification(&machine, channel);
    }
    (void)settle(NULL);
}
