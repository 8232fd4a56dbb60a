/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors that the hardware reports about itself (AMD APM vol. 2 chapter 9). */
#pragma once

/* Each CPU: has all errors reported. */
void machine_check_cpu_init(void);
/* The exception came: says what is known, and halts the machine. */
__attribute__((noreturn)) void machine_check_handle(void);
