/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as they are written in system files and on the command line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Decimal or 0x-prefixed hexadecimal, underscores anywhere between digits.
 * False if it is anything else or does not fit in 64 bits. */
bool parse_number(const char *text, uint64_t *value);
/* As parse_number, with an optional suffix KiB, MiB, GiB or TiB: bytes. */
bool parse_size(const char *text, uint64_t *value);
/* "true" or "false". */
bool parse_boolean(const char *text, bool *value);
/* "on" or "off". */
bool parse_switch(const char *text, bool *value);
/* CPUs separated by commas, at most `limit`: "0", "0,1". */
bool parse_cpu_list(const char *text, uint32_t *cpus, uint32_t limit, uint32_t *count);
/* PCI address BUS:DEVICE.FUNCTION in hexadecimal: bus << 8 | device << 3 | function. */
bool parse_pci_address(const char *text, uint32_t *address);
/* "256 MiB", "4 KiB" or "513 bytes", whichever is exact. */
const char *format_size(char buffer[32], uint64_t bytes);
