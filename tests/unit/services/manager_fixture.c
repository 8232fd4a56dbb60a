/* SPDX-License-Identifier: BSD-2-Clause */
#include "manager_fixture.h"

#include <stdio.h>
#include <string.h>

#include <base/format.h>
#include <base/memory.h>
#include <microkit.h>

/* --- In place of the libraries that PDs have --- */

void format_to_sink(format_sink sink, void *context, const char *format, va_list arguments)
{
    char text[1024];
    int length = vsnprintf(text, sizeof(text), format, arguments);
    assert_true(length >= 0 && (size_t)length < sizeof(text));
    sink(context, text, (size_t)length);
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    snprintf(to, size, "%s", from);
    return strlen(from);
}

static seL4_IPCBuffer ipc_buffer;

seL4_IPCBuffer *seL4_GetIPCBuffer(void)
{
    return &ipc_buffer;
}

/* --- The machine --- */

uint64_t time_now;
unsigned int notified_channel, restarted_child, stopped_child, notifications;
int last_system_operation;

static uint64_t now(void)
{
    return time_now;
}

static void notify(unsigned int channel)
{
    notified_channel = channel;
    notifications++;
}

static void restart_child(unsigned int child)
{
    restarted_child = child;
}

static void stop_child(unsigned int child)
{
    stopped_child = child;
}

static void record_system_operation(enum skyscope_system_operation operation)
{
    last_system_operation = (int)operation;
}

bool entropy_there;

static bool entropy(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    memset(buffer, 0x42, size);
    return entropy_there;
}

const struct manager_operations operations = {now, notify, restart_child, stop_child, record_system_operation, entropy};

void clear(struct fixture *f)
{
    f->screen[text_output_take(&f->manager.out, f->screen, MANAGER_OUTPUT_SIZE)] = '\0';
    memset(f->screen, 0, sizeof(f->screen));
}

const char *screen(struct fixture *f)
{
    f->screen[text_output_take(&f->manager.out, f->screen, MANAGER_OUTPUT_SIZE)] = '\0';
    return f->screen;
}

void type(struct fixture *f, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        assert_false(f->manager.busy);
        manager_key(&f->manager, *keys);
    }
}

int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    time_now = 1000;
    notified_channel = restarted_child = stopped_child = 999;
    notifications = 0;
    last_system_operation = -1;
    f->log.ring = (struct log_ring){.magic = LOG_RING_MAGIC, .capacity = sizeof(f->log.text)};
    f->hardware.version = HARDWARE_INFO_VERSION;
    f->statistics.version = KERNEL_STATISTICS_VERSION;
    f->statistics.tick_frequency = 1000000;
    f->config = (struct manager_config){
        .magic = MANAGER_CONFIG_MAGIC,
        .version = MANAGER_CONFIG_VERSION,
        .size = sizeof(f->config),
        .hardware = (uintptr_t)&f->hardware,
        .statistics = (uintptr_t)&f->statistics,
        .kernel_log = (uintptr_t)&f->log,
        .vm_count = 2,
    };
    static const char *const names[] = {"alpha", "beta"};
    for (uint32_t i = 0; i < 2; i++) {
        struct manager_vm_config *vm = &f->config.vms[i];
        snprintf(vm->name, sizeof(vm->name), "%s", names[i]);
        vm->control = (uintptr_t)&f->control[i];
        vm->log = (uintptr_t)&f->log;
        vm->log_size = sizeof(f->log);
        vm->channel = 1 + i;
        vm->child_id = 10 + i;
        vm->kernel_vm = i;
        vm->memory = 256u << 20;
        vm->vcpu_count = 1;
        f->control[i].status.state = VM_STATE_RUNNING;
    }
    assert_true(manager_initialise(&f->manager, &operations, &f->config, 1000000));
    manager_prompt(&f->manager);
    clear(f);
    return 0;
}

int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

void write_log(struct fixture *f, const char *text)
{
    for (; *text != '\0'; text++) {
        f->log.text[f->log.ring.written++ % sizeof(f->log.text)] = *text;
    }
}
