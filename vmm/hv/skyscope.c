/* SPDX-License-Identifier: BSD-2-Clause */
/* The built-in kernel underneath. Thread n of this PD owns vCPU n. */
#include <skyscope.h>

#include <vmm/arch/host_clock.h>
#include <vmm/hv.h>
#include <vmm/vm.h>

void hv_vcpu_on(struct vcpu_context *vcpu)
{
    skyscope_vcpu_on(vcpu->id);
}

void hv_vcpu_off(struct vcpu_context *vcpu)
{
    skyscope_vcpu_off(vcpu->id);
}

bool hv_vcpu_read(struct vcpu_context *vcpu, uint32_t groups)
{
    (void)vcpu; /* the caller's own */
    return skyscope_vcpu_read(groups) == 0;
}

void hv_vcpu_kick(struct vcpu_context *vcpu)
{
    /* Fails only for a thread that does not exist. */
    (void)skyscope_thread_signal(vcpu->id);
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
    struct skyscope_time time = skyscope_time();
    return (struct hv_time){.tick_frequency = time.tick_frequency,
                            .wall_clock = time.wall_clock,
                            .wall_clock_ticks = time.wall_clock_ticks};
}

bool hv_random(void *buffer, size_t size)
{
    return skyscope_random(buffer, size) == SKYSCOPE_OK;
}

void hv_debug_write(const char *text, size_t length)
{
    skyscope_debug_write(text, length);
}
