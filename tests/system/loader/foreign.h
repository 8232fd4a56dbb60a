/* SPDX-License-Identifier: BSD-2-Clause */
/* What the foreign kernel of the loader's tests has of the architecture. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

__attribute__((format(printf, 1, 2))) void print(const char *format, ...);
void check(bool right, const char *what);

void foreign_put(char c);
/* Reports and checks how this CPU was entered. */
void foreign_check_entry(void);
/* Reports what the boot protocol tells. */
void foreign_report(void);

/* FNV-1a of 64 bits, for whoever compares. */
uint64_t foreign_sum(const uint8_t *bytes, uint64_t size);
