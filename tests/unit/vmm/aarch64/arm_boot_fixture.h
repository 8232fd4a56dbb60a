/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of how an Arm machine starts: a VM, an Image for it that no processor would run, and an initrd. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arm_fixture.h"

#define IMAGE_SIZE   0x9000u
#define MEMORY_NEEDS 0x250000ull /* of the Image, by its header */
#define INITRD_SIZE  0x3456u

struct arm_boot {
    struct arm_fixture f;
    uint8_t image[IMAGE_SIZE];
    uint8_t initrd[INITRD_SIZE];
};

/* cmocka's; the state is a struct arm_boot with a GICv3, to be started by Linux's protocol. */
int arm_boot_set_up(void **state);
int arm_boot_tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, arm_boot_set_up, arm_boot_tear_down)

/* Makes a configuration anew, after arm_boot_tear_down(). */
void arm_boot_make(struct arm_boot *c, uint32_t gic_version);
/* Writes `size` bytes of a little-endian value into an Image. */
void arm_boot_put(uint8_t *image, uint32_t offset, uint64_t value, uint32_t size);
/* Creates the VM and starts its guest. */
void arm_boot_start(struct arm_boot *c);
/* The same of one that cannot start: `reason` is part of what the manager is told. */
void arm_boot_refused(struct arm_boot *c, const char *reason);
