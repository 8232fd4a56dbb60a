/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/log.h>

#include <base/format.h>
#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

#define LINE_LENGTH      240u
#define LINES_PER_SECOND 5u

/* The ring's position and size are our own: the page is only ever written. */
static void ring_write(struct vm *vm, const char *text, size_t length)
{
    struct log_ring *ring = vm->log_ring;
    for (size_t i = 0; i < length; i++) {
        ring->text[(vm->log_written + i) % vm->log_capacity] = text[i];
    }
    vm->log_written += length;
    __atomic_store_n(&ring->written, vm->log_written, __ATOMIC_RELEASE);
}

static void write_line(struct vm *vm, const char *text)
{
    char line[LINE_LENGTH + 64];
    uint64_t now = hv_now();
    uint64_t frequency = vm->clock.frequency == 0 ? 1 : vm->clock.frequency;
    uint64_t milliseconds = timer_scale(now, 1000, frequency);
    int length = snprintf(line, sizeof(line), "[%5llu.%03llu] %s\n", (unsigned long long)(milliseconds / 1000),
                          (unsigned long long)(milliseconds % 1000), text);
    size_t bytes = (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1;
    if (vm->log_ring != NULL) {
        ring_write(vm, line, bytes);
    } else {
        hv_debug_write(line, bytes);
    }
}

void vmm_log(struct vm *vm, const char *format, ...)
{
    char text[LINE_LENGTH];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    write_line(vm, text);
}

void log_guest_error(struct vm *vm, struct log_limit *limit, const char *device, const char *format, ...)
{
    vm->guest_errors++;
    limit->total++;
    uint64_t now = hv_now();
    if (limit->window_start == 0 || now - limit->window_start >= vm->clock.frequency) {
        limit->window_start = now == 0 ? 1 : now;
        limit->in_window = 0;
    }
    if (limit->in_window >= LINES_PER_SECOND) {
        limit->suppressed++;
        if (vm->log_ring != NULL) {
            __atomic_store_n(&vm->log_ring->dropped, vm->log_ring->dropped + 1, __ATOMIC_RELAXED);
        }
        return;
    }
    limit->in_window++;

    char text[LINE_LENGTH];
    int length = snprintf(text, sizeof(text), "%s: ", device);
    size_t used = (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, sizeof(text) - used, format, arguments);
    va_end(arguments);
    if (limit->suppressed > 0) {
        used = strnlen(text, sizeof(text));
        snprintf(text + used, sizeof(text) - used, " (%u like it not shown)", limit->suppressed);
        limit->suppressed = 0;
    }
    write_line(vm, text);
}
