/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>

#include <base/format.h>
#include <base/memory.h>
#include <kernel/arch.h>
#include <kernel/log.h>
#include <kernel/spinlock.h>
#include <skyscope/kernel_info.h>

static _Alignas(4096) char region[KERNEL_LOG_REGION_SIZE];
static struct spinlock lock;
static bool serial_taken;

static struct log_ring *ring(void)
{
    return (struct log_ring *)(void *)region;
}

void *kernel_log_region(void)
{
    return region;
}

void kernel_log_init(void)
{
    ring()->capacity = (uint32_t)(sizeof(region) - sizeof(struct log_ring));
    ring()->magic = LOG_RING_MAGIC;
}

static void write_ring(const char *text, size_t length)
{
    const uint32_t capacity = (uint32_t)(sizeof(region) - sizeof(struct log_ring));
    uint64_t written = ring()->written;

    for (size_t i = 0; i < length; i++) {
        ring()->text[(written + i) % capacity] = text[i];
    }
    __atomic_store_n(&ring()->written, written + length, __ATOMIC_RELEASE);
}

static void sink(void *context, const char *text, size_t length)
{
    (void)context;
    write_ring(text, length);
    if (!serial_taken) {
        arch_console_write(text, length);
    }
}

void kernel_log_text(const char *text, size_t length)
{
    spinlock_acquire(&lock);
    sink(NULL, text, length);
    spinlock_release(&lock);
}

void kernel_log(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    spinlock_acquire(&lock);
    format_to_sink(sink, NULL, format, arguments);
    spinlock_release(&lock);
    va_end(arguments);
}

void kernel_log_leave_serial(void)
{
    serial_taken = true;
}

/* The lock's holder may be the very CPU that fails: print without it. */
static void last_words(const char *kind, const char *format, va_list arguments)
{
    serial_taken = false;
    sink(NULL, kind, strlen(kind));
    format_to_sink(sink, NULL, format, arguments);
    sink(NULL, "\n", 1);
}

void kernel_panic(const char *format, ...)
{
    va_list arguments;

    arch_stop_others();
    va_start(arguments, format);
    last_words("\nkernel: panic: ", format, arguments);
    va_end(arguments);
    arch_halt();
}

void kernel_refuse(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    last_words("\nkernel: cannot start: ", format, arguments);
    va_end(arguments);
    arch_halt();
}
