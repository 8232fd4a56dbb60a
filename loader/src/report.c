/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader prints. */
#include <base/format.h>
#include <loader/log.h>
#include <loader/machine.h>

/* How the loader ends when it fails, wherever that is; NULL: it halts. */
static const struct hardware_info *restarts;

static void sink(void *context, const char *text, size_t length)
{
    (void)context;
    console_write(text, length);
}

static void print(const char *prefix, const char *format, va_list arguments)
{
    loader_print("%s", prefix);
    format_to_sink(sink, NULL, format, arguments);
    console_write("\n", 1);
}

void loader_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_to_sink(sink, NULL, format, arguments);
    va_end(arguments);
}

void log_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("loader: warning: ", format, arguments);
    va_end(arguments);
}

void loader_restart_on_failure(const struct hardware_info *hardware)
{
    restarts = hardware;
}

void loader_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("loader: error: ", format, arguments);
    va_end(arguments);
    if (restarts != NULL) {
        loader_print("loader: nothing was started; the machine restarts in %u seconds\n", RESTART_SECONDS);
        machine_restart(restarts, RESTART_SECONDS);
    }
    loader_print("loader: nothing was started; the machine is halted\n");
    machine_halt();
}
