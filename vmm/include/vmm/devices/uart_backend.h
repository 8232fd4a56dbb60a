/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The other end of a serial line. */
struct uart_backend {
    /* Takes one byte. False, and nothing taken, if there is no room. */
    bool (*put)(void *context, uint8_t byte);
    /* Gives one byte. False if there is none. */
    bool (*get)(void *context, uint8_t *byte);
    void *context;
};
