/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers for the guest: seeds at its start, and what devices give it. They
 * are fit for keys, or there are none. How much a guest may have per second is the
 * device's affair.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct vm;

/* Fills size bytes. False, and zeros, if this machine has none: said in the VM's log, once. */
bool vmm_entropy(struct vm *vm, void *buffer, size_t size);
