/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed identifiers and addresses, used by everything that crosses an
 * interface. Each is a one-member structure, so that mixing two kinds is a
 * compile error; use .value at the edge where arithmetic happens.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Host-physical address, bytes. */
typedef struct {
    uint64_t value;
} hpa_t;
/* Guest-physical address, bytes. */
typedef struct {
    uint64_t value;
} gpa_t;
/* Guest-virtual address, bytes. */
typedef struct {
    uint64_t value;
} gva_t;
/* Index of a CPU in hardware_info.cpus; the bootstrap processor is 0. */
typedef struct {
    uint32_t value;
} cpu_id_t;
/* Index of a protection domain in the plan. */
typedef struct {
    uint32_t value;
} pd_id_t;

#define HPA(x) ((hpa_t){.value = (uint64_t)(x)})
#define GPA(x) ((gpa_t){.value = (uint64_t)(x)})
#define GVA(x) ((gva_t){.value = (uint64_t)(x)})

#define PAGE_SIZE_4K 0x1000ull
#define PAGE_SIZE_2M 0x200000ull
#define PAGE_SIZE_1G 0x40000000ull
