/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader's unit tests share: a fake machine's memory, payloads, warnings. */
#pragma once

/* cmocka wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/manifest.h>
#include <loader/log.h>
#include <loader/physical.h>
#include <skyscope/boot_info.h>
#include <skyscope/payload.h>
#include <skyscope/plan.h>

/* How many warnings were given, and the last one. */
extern unsigned int warning_count;
extern char last_warning[256];
void forget_warnings(void);

/* Memory that exists only where an area was added. Each area is an allocation
 * of its own, so that the address sanitizer sees every access beyond it. */
#define FAKE_AREAS 64
struct fake_memory {
    struct physical_memory memory;
    unsigned int count;
    struct {
        uint64_t address, size;
        uint8_t *bytes;
    } areas[FAKE_AREAS];
};

void fake_memory_start(struct fake_memory *fake);
void fake_memory_end(struct fake_memory *fake);
/* A new area, filled from bytes (NULL: zero). Returns where it is. */
uint8_t *fake_memory_add(struct fake_memory *fake, uint64_t address, const void *bytes, uint64_t size);

void put_u16(uint8_t *p, uint16_t value);
void put_u32(uint8_t *p, uint32_t value);
void put_u64(uint8_t *p, uint64_t value);

struct test_image {
    const char *name;
    uint32_t role;
    const void *data;
    uint64_t size;
    uint32_t flags;
};

/* A right payload of these images, unsigned; free() it. */
uint8_t *make_payload(const struct test_image *images, uint32_t count, uint64_t *size);
/* A payload of these images by this manifest, wrong or not, with room for signatures. */
uint8_t *assemble_payload(const struct manifest *manifest, const struct test_image *images, uint32_t signatures_size,
                          uint64_t *size);
/* A right manifest of these images. */
void describe_images(struct manifest *manifest, const struct test_image *images, uint32_t count,
                     uint32_t signatures_size);
struct payload_header *payload_header_of(uint8_t *payload);

/* A plan of these regions, in static memory. */
const uint8_t *make_plan(const struct plan_region *regions, uint32_t count, uint32_t cpu_count, uint64_t pool_size,
                         uint64_t *size);
/* A region of RAM that any memory will do for. */
struct plan_region ram_region(const char *name, uint64_t size, uint64_t page_size);
