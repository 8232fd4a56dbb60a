/* SPDX-License-Identifier: BSD-2-Clause */
/* What scribbling guests share: random numbers, and attempts that are counted. hostile.h comes first. */
#pragma once

#include <stdint.h>

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

extern const char image_start[], image_end[];

static uint64_t random_state = 0x9e3779b97f4a7c15ull;

/* xorshift64: reproducible, and good enough to be a nuisance. */
static uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static uint64_t faults, attempts;

static void try(void (*operation)(uint64_t, uint64_t), uint64_t a, uint64_t b)
{
    attempts++;
    faults += attempt(operation, a, b);
}

static void print_number(uint64_t value)
{
    char digits[21];
    unsigned int i = sizeof(digits) - 1;
    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    print(digits + i);
}

static void report(const char *what)
{
    print("hostile: ");
    print(what);
    print(": ");
    print_number(attempts);
    print(" attempts, ");
    print_number(faults);
    print(" exceptions\r\n");
}
