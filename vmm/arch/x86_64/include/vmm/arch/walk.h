/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's own page tables (AMD APM vol. 2 §5.2–5.4, Intel SDM vol. 3 ch. 4):
 * from guest-virtual, that is linear, to guest-physical addresses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <skyscope/types.h>

struct vcpu_context;

#define WALK_MAX_LEVELS 5u

enum walk_access {
    WALK_READ = 0,
    WALK_WRITE = 1u << 1, /* as in the page-fault error code */
    WALK_USER = 1u << 2,  /* at CPL 3 */
    WALK_FETCH = 1u << 4,
    WALK_UNCHECKED = 1u << 8, /* translate only: no permission checks, no accessed and dirty bits */
};

struct walk_result {
    uint64_t gpa;
    bool fault;
    bool bad_table;      /* a table lies outside RAM: no fault to deliver, the walk cannot be done */
    uint32_t error_code; /* of the #PF */
};

/* Remembers the last walk of the code page. It is believed only while every
 * entry that it went through still holds the value it had. */
struct walk_cache {
    uint64_t page; /* linear address of the page | 1 if valid */
    uint64_t cr3, cr4, efer, cr0;
    uint32_t levels;
    const uint64_t *entries[WALK_MAX_LEVELS];
    uint64_t values[WALK_MAX_LEVELS];
    const uint8_t *bytes; /* the page in our address space */
};

/* Pages of code whose walks are kept, by the page number's lowest bits. */
#define WALK_CACHE_COUNT 8u

/* Translates one linear address. Uses the page's CONTROL group. */
struct walk_result walk(struct vcpu_context *vcpu, uint64_t linear, uint32_t access);

/* The page of code that `linear` lies in, or NULL if it is not RAM or not mapped. */
const uint8_t *walk_code_page(struct vcpu_context *vcpu, uint64_t linear);
