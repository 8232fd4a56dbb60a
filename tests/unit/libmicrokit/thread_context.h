/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the stack pointer: the test says which thread this is. */
#pragma once

#include <sel4/sel4.h>

#define SKYSCOPE_MAX_THREADS 64u

unsigned int microkit_thread_index(void);
seL4_IPCBuffer *microkit_ipc_buffer(void);
