/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a character device model (the 16550, later the virtio console) sends
 * the guest's output and gets its input. Nothing here blocks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct console_backend {
    /* False if there is no room now: the model keeps its transmitter busy, or
     * drops the character and counts it. */
    bool (*put)(void *context, uint8_t character);
    /* False if no input waits. The model takes input when it has room for it, and
     * is told by its own input function when new input may have come. */
    bool (*get)(void *context, uint8_t *character);
    void *context;
};
