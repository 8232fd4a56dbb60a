/* SPDX-License-Identifier: BSD-2-Clause */
#include "arm_boot_fixture.h"

void arm_boot_put(uint8_t *image, uint32_t offset, uint64_t value, uint32_t size)
{
    memcpy(image + offset, &value, size);
}

void arm_boot_make(struct arm_boot *c, uint32_t gic_version)
{
    for (uint32_t i = 0; i < IMAGE_SIZE; i++) {
        c->image[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    arm_boot_put(c->image, 0x00, 0x14000400fa405a4d, 8); /* MZ, and a branch */
    arm_boot_put(c->image, 0x08, 0, 8);
    arm_boot_put(c->image, 0x10, MEMORY_NEEDS, 8);
    arm_boot_put(c->image, 0x18, 0xa, 8); /* little-endian, 4 KiB pages, anywhere */
    arm_boot_put(c->image, 0x38, 0x644d5241, 4);
    memset(c->initrd, 0x5a, INITRD_SIZE);
    fixture_configure(&c->f, gic_version, c->image, IMAGE_SIZE);
    c->f.config.boot_protocol = VM_BOOT_LINUX;
    c->f.config.initrd = (struct vm_image){.address = (uintptr_t)c->initrd, .size = INITRD_SIZE};
}

int arm_boot_set_up(void **state)
{
    static struct arm_boot context;
    arm_boot_make(&context, 3);
    *state = &context;
    return 0;
}

int arm_boot_tear_down(void **state)
{
    struct arm_boot *c = *state;
    fixture_destroy(&c->f);
    return 0;
}

void arm_boot_start(struct arm_boot *c)
{
    assert_null(fixture_create(&c->f));
    vmm_begin(c->f.vm);
}

void arm_boot_refused(struct arm_boot *c, const char *reason)
{
    arm_boot_start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_FAILED);
    if (strstr(c->f.control->status.reason, reason) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", reason, c->f.control->status.reason);
    }
    assert_false(fake_hv.on[0]);
}
