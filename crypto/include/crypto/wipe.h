/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets: overwriting them, comparing them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Overwrites size bytes with zeros; no compiler leaves it out. */
void secret_wipe(void *data, size_t size);
/* Whether two areas are equal, in a time that does not depend on their contents. */
bool secret_equal(const void *a, const void *b, size_t size);
