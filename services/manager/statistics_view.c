/* SPDX-License-Identifier: BSD-2-Clause */
#include "statistics_view.h"

#include "kernel_features.h"

#include <stdbool.h>
#include <stddef.h>

const struct kernel_statistics *check_statistics(const void *region)
{
    const struct kernel_statistics *statistics = region;
    return statistics != NULL && statistics->version == KERNEL_STATISTICS_VERSION ? statistics : NULL;
}

static uint32_t at_most(uint32_t count, uint32_t limit)
{
    return count < limit ? count : limit;
}

static uint32_t thread_count(const struct kernel_statistics *s)
{
    return at_most(s->thread_count, PLAN_MAX_THREADS);
}

static uint32_t vcpu_count(const struct kernel_statistics *s)
{
    return at_most(s->vcpu_count, PLAN_MAX_VCPUS);
}

static void print_pd_name(struct text_output *out, const struct kernel_statistics *s, uint32_t pd, unsigned int width)
{
    if (pd < PLAN_MAX_PDS) {
        print_untrusted(out, s->pd_names[pd], PLAN_NAME_LENGTH, width);
    } else {
        print_untrusted(out, "?", 1, width);
    }
}

void print_time(struct text_output *out, uint64_t ticks, uint64_t frequency)
{
    if (frequency < 1000) {
        print(out, "       -");
        return;
    }
    uint64_t milliseconds = ticks / (frequency / 1000);
    print(out, "%4llu.%03u", (unsigned long long)(milliseconds / 1000), (unsigned int)(milliseconds % 1000));
}

static const char *clock_source_name(uint32_t source)
{
    switch (source) {
    case CLOCK_FROM_CPUID:
        return "CPUID";
    case CLOCK_FROM_HPET:
        return "HPET";
    case CLOCK_FROM_PIT:
        return "PIT";
    case CLOCK_FROM_PM_TIMER:
        return "PM timer";
    case CLOCK_FROM_FIRMWARE:
        return "firmware";
    default:
        return "unknown source";
    }
}

/* --- Features --- */

static void show_feature_set(struct text_output *out, uint64_t set, bool in_set)
{
    for (size_t i = 0; i < kernel_feature_count; i++) {
        if (((set & kernel_features[i].bit) != 0) == in_set) {
            print(out, " %s", kernel_features[i].name);
        }
    }
    print(out, "\n");
}

void show_features(struct text_output *out, const struct kernel_statistics *s)
{
    print(out, "in use:    ");
    show_feature_set(out, s->features, true);
    print(out, "not in use:");
    show_feature_set(out, s->features, false);
}

void show_kernel_summary(struct text_output *out, const struct kernel_statistics *s)
{
    print(out, "  kernel    ");
    print_untrusted(out, s->version_string, sizeof(s->version_string), 0);
    print(out, ", on %u CPU%s, clock %llu MHz (%s)\n  features ", (unsigned int)s->cpu_count,
          s->cpu_count == 1 ? "" : "s", (unsigned long long)(s->tick_frequency / 1000000),
          clock_source_name(s->clock_source));
    show_feature_set(out, s->features, true);
}

/* --- Protection domains --- */

static const char *thread_state_name(uint32_t state)
{
    switch (state) {
    case THREAD_READY:
        return "ready";
    case THREAD_RUNNING:
        return "running";
    case THREAD_WAITING:
        return "waiting";
    case THREAD_CALLING:
        return "calling";
    case THREAD_FAULTED:
        return "faulted";
    case THREAD_STOPPED:
        return "stopped";
    case THREAD_OUT_OF_BUDGET:
        return "throttled";
    case THREAD_IN_GUEST:
        return "in guest";
    default:
        return "unknown";
    }
}

void show_pds(struct text_output *out, const struct kernel_statistics *s)
{
    print(out, "NAME                     THREAD  CPU  PRIORITY  STATE        TIME s  SWITCHES  FAULTS\n");
    for (uint32_t i = 0; i < thread_count(s); i++) {
        const struct thread_statistics *t = &s->threads[i];
        print_pd_name(out, s, t->pd, 24);
        print(out, " %6u  %3u  %8u  %-10s ", (unsigned int)t->index, (unsigned int)t->cpu, (unsigned int)t->priority,
              thread_state_name(t->state));
        print_time(out, t->run_ticks, s->tick_frequency);
        print(out, "  %8llu  %6u\n", (unsigned long long)t->switches, (unsigned int)t->faults);
    }
}

/* --- Virtual machines --- */

const char *exit_kind_name(unsigned int kind)
{
    static const char *const names[VCPU_EXIT_KIND_COUNT] = {
        [VCPU_EXIT_NONE] = "none",
        [VCPU_EXIT_MEMORY] = "memory",
        [VCPU_EXIT_PORT_IO] = "port-io",
        [VCPU_EXIT_CPUID] = "cpuid",
        [VCPU_EXIT_MSR] = "msr",
        [VCPU_EXIT_HYPERCALL] = "hypercall",
        [VCPU_EXIT_HALT] = "halt",
        [VCPU_EXIT_INTERRUPT_WINDOW] = "interrupt-window",
        [VCPU_EXIT_SHUTDOWN] = "shutdown",
        [VCPU_EXIT_CONTROL_REGISTER] = "control-register",
        [VCPU_EXIT_SET_XCR] = "set-xcr",
        [VCPU_EXIT_EXCEPTION] = "exception",
        [VCPU_EXIT_INSTRUCTION] = "instruction",
        [VCPU_EXIT_SYSTEM_REGISTER] = "system-register",
        [VCPU_EXIT_SECURE_CALL] = "secure-call",
        [VCPU_EXIT_TASK_SWITCH] = "task-switch",
        [VCPU_EXIT_NMI_WINDOW] = "nmi-window",
        [VCPU_EXIT_BAD_STATE] = "bad-state",
        [VCPU_EXIT_PAUSE] = "pause",
        [VCPU_EXIT_TIMER] = "timer",
    };
    return kind < VCPU_EXIT_KIND_COUNT ? names[kind] : "unknown";
}

static uint64_t pd_ticks(const struct kernel_statistics *s, uint32_t pd)
{
    uint64_t ticks = 0;
    for (uint32_t i = 0; i < thread_count(s); i++) {
        if (s->threads[i].pd == pd) {
            ticks += s->threads[i].run_ticks;
        }
    }
    return ticks;
}

struct vm_usage vm_usage_of(const struct kernel_statistics *s, uint32_t vm)
{
    struct vm_usage usage = {0};
    bool monitor_counted = false;
    for (uint32_t i = 0; i < vcpu_count(s); i++) {
        const struct vcpu_statistics *v = &s->vcpus[i];
        if (v->vm != vm) {
            continue;
        }
        usage.guest_ticks += v->guest_ticks;
        usage.entries += v->entries;
        usage.interrupts += v->interrupts;
        for (unsigned int kind = 0; kind < VCPU_EXIT_KIND_COUNT; kind++) {
            usage.exits[kind] += v->exits[kind];
        }
        if (!monitor_counted && v->thread < thread_count(s)) {
            usage.monitor_ticks = pd_ticks(s, s->threads[v->thread].pd);
            monitor_counted = true;
        }
    }
    return usage;
}

/* --- For programs --- */

static void raw(struct text_output *out, const char *group, unsigned int index, const char *key, uint64_t value)
{
    print(out, "%s.%u.%s %llu\n", group, index, key, (unsigned long long)value);
}

static void raw_cpus(struct text_output *out, const struct kernel_statistics *s)
{
    for (uint32_t i = 0; i < at_most(s->cpu_count, PLAN_MAX_CPUS); i++) {
        const struct cpu_statistics *c = &s->cpus[i];
        raw(out, "cpu", i, "idle_ticks", c->idle_ticks);
        raw(out, "cpu", i, "interrupts", c->interrupts);
        raw(out, "cpu", i, "interprocessor_interrupts", c->interprocessor_interrupts);
        raw(out, "cpu", i, "timer_interrupts", c->timer_interrupts);
        raw(out, "cpu", i, "switches", c->switches);
        raw(out, "cpu", i, "nmis", c->nmis);
    }
}

static void raw_threads(struct text_output *out, const struct kernel_statistics *s)
{
    for (uint32_t i = 0; i < thread_count(s); i++) {
        const struct thread_statistics *t = &s->threads[i];
        print(out, "thread.%u.pd ", (unsigned int)i);
        print_pd_name(out, s, t->pd, 0);
        print(out, "\n");
        raw(out, "thread", i, "index", t->index);
        raw(out, "thread", i, "cpu", t->cpu);
        raw(out, "thread", i, "priority", t->priority);
        print(out, "thread.%u.state %s\n", (unsigned int)i, thread_state_name(t->state));
        raw(out, "thread", i, "faults", t->faults);
        raw(out, "thread", i, "run_ticks", t->run_ticks);
        raw(out, "thread", i, "switches", t->switches);
        raw(out, "thread", i, "budget_exhaustions", t->budget_exhaustions);
    }
}

static void raw_vcpus(struct text_output *out, const struct kernel_statistics *s)
{
    for (uint32_t i = 0; i < vcpu_count(s); i++) {
        const struct vcpu_statistics *v = &s->vcpus[i];
        print(out, "vcpu.%u.vm ", (unsigned int)i);
        print_untrusted(out, v->vm < PLAN_MAX_VMS ? s->vm_names[v->vm] : "?",
                        v->vm < PLAN_MAX_VMS ? PLAN_NAME_LENGTH : 1, 0);
        print(out, "\n");
        raw(out, "vcpu", i, "id", v->id);
        raw(out, "vcpu", i, "first_entry", v->first_entry);
        raw(out, "vcpu", i, "guest_ticks", v->guest_ticks);
        raw(out, "vcpu", i, "entries", v->entries);
        raw(out, "vcpu", i, "host_interrupts", v->host_interrupts);
        raw(out, "vcpu", i, "kernel_handled", v->kernel_handled);
        raw(out, "vcpu", i, "interrupts", v->interrupts);
        for (unsigned int kind = 0; kind < VCPU_EXIT_KIND_COUNT; kind++) {
            print(out, "vcpu.%u.exits.%s %llu\n", (unsigned int)i, exit_kind_name(kind),
                  (unsigned long long)v->exits[kind]);
        }
    }
}

void show_raw_statistics(struct text_output *out, const struct kernel_statistics *s)
{
    print(out, "kernel.version ");
    print_untrusted(out, s->version_string, sizeof(s->version_string), 0);
    print(out,
          "\nkernel.tick_frequency %llu\nkernel.clock_source %u\nkernel.entry_ticks %llu\nkernel.ready_ticks %llu\n",
          (unsigned long long)s->tick_frequency, (unsigned int)s->clock_source, (unsigned long long)s->entry_ticks,
          (unsigned long long)s->ready_ticks);
    print(out, "kernel.pool_size %llu\nkernel.pool_used %llu\nkernel.features 0x%llx\n",
          (unsigned long long)s->pool_size, (unsigned long long)s->pool_used, (unsigned long long)s->features);
    print(out, "kernel.cpu_count %u\nkernel.pd_count %u\nkernel.thread_count %u\nkernel.vm_count %u\n",
          (unsigned int)s->cpu_count, (unsigned int)s->pd_count, (unsigned int)s->thread_count,
          (unsigned int)s->vm_count);
    print(out, "kernel.vcpu_count %u\n", (unsigned int)s->vcpu_count);
    raw_cpus(out, s);
    raw_threads(out, s);
    raw_vcpus(out, s);
}
