/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions while the loader runs. */
#pragma once

#include <stdint.h>

/* Makes the table of handlers and loads it on this CPU. */
void exceptions_start(void);
/* Loads it on another CPU. */
void exceptions_load(void);
/* Called by the stubs in exceptions.S. */
__attribute__((noreturn)) void exception_report(uint64_t vector, uint64_t error_code, uint64_t rip, uint64_t cr2);
