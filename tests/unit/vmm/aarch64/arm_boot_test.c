/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot protocols of the Arm machine: Linux's, flat images, and packed ones. */
#include <stdlib.h>

#include <libfdt.h>
#include <lz4.h>

#include <vmm/arch/boot_layout.h>

#include "arm_boot_fixture.h"

static uint64_t cells(const void *tree, const char *path, const char *name, uint32_t index)
{
    int length;
    const uint8_t *value = fdt_getprop(tree, fdt_path_offset(tree, path), name, &length);
    assert_non_null(value);
    assert_true((uint32_t)length >= (index + 1) * 8);
    fdt64_t cell; /* aligned to four bytes only */
    memcpy(&cell, value + index * 8, sizeof(cell));
    return fdt64_to_cpu(cell);
}

static void linux_boots(void **state)
{
    struct arm_boot *c = *state;
    arm_boot_start(c);
    const struct vcpu_arch_state *s = &c->f.pages[0].state;
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(s->pc, GUEST_RAM_BASE);
    assert_int_equal(s->pstate, PSTATE_DAIF | PSTATE_EL1H);
    for (uint32_t i = 1; i < VCPU_GPR_COUNT; i++) {
        assert_int_equal(s->gpr[i], 0);
    }
    assert_memory_equal(c->f.ram, c->image, IMAGE_SIZE);
    const void *tree = fixture_ram(&c->f, s->gpr[0]);
    assert_int_equal(s->gpr[0] % 8, 0);
    assert_true(s->gpr[0] >= GUEST_RAM_BASE + MEMORY_NEEDS);
    assert_int_equal(fdt_check_header(tree), 0);
    assert_string_equal(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "bootargs", NULL), "console=ttyAMA0");
    assert_string_equal(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "stdout-path", NULL), "serial0");
    uint64_t initrd = cells(tree, "/chosen", "linux,initrd-start", 0);
    assert_int_equal(cells(tree, "/chosen", "linux,initrd-end", 0), initrd + INITRD_SIZE);
    assert_true(initrd >= s->gpr[0] + fdt_totalsize(tree));
    assert_memory_equal(fixture_ram(&c->f, initrd), c->initrd, INITRD_SIZE);
    /* Memory is as configured, whatever the tree said. */
    assert_true(fdt_path_offset(tree, "/memory@12340000") < 0);
    assert_int_equal(cells(tree, "/memory@40000000", "reg", 0), GUEST_RAM_BASE);
    assert_int_equal(cells(tree, "/memory@40000000", "reg", 1), FIXTURE_RAM_SIZE);
    assert_int_equal(cells(tree, "/memory@100000000", "reg", 0), FIXTURE_HIGH);
    assert_int_equal(cells(tree, "/memory@100000000", "reg", 1), FIXTURE_HIGH_SIZE);
}

static void without_initrd(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.initrd = (struct vm_image){0};
    arm_boot_start(c);
    const void *tree = fixture_ram(&c->f, c->f.pages[0].state.gpr[0]);
    assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "linux,initrd-start", NULL));
}

static void text_offset_is_kept(void **state)
{
    struct arm_boot *c = *state;
    arm_boot_put(c->image, 0x08, 0x80000, 8);
    arm_boot_start(c);
    assert_int_equal(c->f.pages[0].state.pc, GUEST_RAM_BASE + 0x80000);
    assert_memory_equal(c->f.ram + 0x80000, c->image, IMAGE_SIZE);
}

static void old_kernels_do_not_say_their_size(void **state)
{
    struct arm_boot *c = *state;
    arm_boot_put(c->image, 0x08, 0, 8);
    arm_boot_put(c->image, 0x10, 0, 8);
    arm_boot_start(c);
    assert_int_equal(c->f.pages[0].state.pc, GUEST_RAM_BASE + 0x80000);
}

static void every_header(void **state)
{
    static const struct {
        uint32_t offset, size;
        uint64_t value;
        const char *reason;
    } cases[] = {
        {0x38, 4, 0, "not an arm64 Image"},
        {0x00, 2, 0x8b1f, "gunzip"},
        {0x04, 4, 0x676d697a, "compressed EFI image"},
        {0x18, 8, 1, "big-endian"},
        {0x10, 8, IMAGE_SIZE - 1, "larger than its header says"},
        {0x10, 8, UINT64_MAX, "more memory needed"},
        {0x10, 8, FIXTURE_RAM_SIZE + 1, "more memory needed"},
        {0x10, 8, FIXTURE_RAM_SIZE - 4096, "device tree: does not fit"},
        {0x10, 8, FIXTURE_RAM_SIZE - BOOT_DEVICE_TREE_SIZE, "initrd: does not fit"},
        {0x08, 8, 0x200000, "impossible text offset"},
        {0x08, 8, 0x80, "impossible text offset"},
        {0x08, 8, UINT64_MAX - 0xfff, "impossible text offset"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arm_boot *c = *state;
        arm_boot_tear_down(state);
        arm_boot_make(c, 3);
        arm_boot_put(c->image, cases[i].offset, cases[i].value, cases[i].size);
        arm_boot_refused(c, cases[i].reason);
    }
}

static void truncated_kernels(void **state)
{
    for (uint32_t size = 0; size < 0x48; size++) {
        struct arm_boot *c = *state;
        arm_boot_tear_down(state);
        arm_boot_make(c, 3);
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, c->image, size);
        c->f.config.kernel = (struct vm_image){.address = (uintptr_t)copy, .size = size};
        if (size < 0x40) {
            arm_boot_refused(c, "not an arm64 Image");
        } else {
            arm_boot_start(c);
            assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
        }
        free(copy);
    }
}

static void missing_images(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.kernel.address = 0;
    arm_boot_refused(c, "kernel: there is none");
    arm_boot_tear_down(state);
    arm_boot_make(c, 3);
    c->f.config.initrd.address = 0;
    arm_boot_refused(c, "initrd: there is none");
    arm_boot_tear_down(state);
    arm_boot_make(c, 3);
    c->f.config.initrd.size = UINT64_MAX;
    arm_boot_refused(c, "initrd: does not fit");
    arm_boot_tear_down(state);
    arm_boot_make(c, 3);
    c->f.config.device_tree_gicv3.address = 0;
    arm_boot_refused(c, "none for a GICv3");
}

/* Packs into memory of exactly that size. */
static struct vm_image pack(const uint8_t *bytes, uint32_t size)
{
    char buffer[LZ4_COMPRESSBOUND(IMAGE_SIZE)];
    int packed = LZ4_compress_default((const char *)bytes, buffer, (int)size, sizeof(buffer));
    assert_in_range(packed, 1, size);
    uint8_t *copy = malloc((size_t)packed);
    memcpy(copy, buffer, (size_t)packed);
    return (struct vm_image){.address = (uintptr_t)copy, .size = (uint64_t)packed, .unpacked_size = size};
}

static void free_image(struct vm_image *image)
{
    free((void *)(uintptr_t)image->address);
}

static void packed_images(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.kernel = pack(c->image, IMAGE_SIZE);
    c->f.config.initrd = pack(c->initrd, INITRD_SIZE);
    arm_boot_start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_memory_equal(c->f.ram, c->image, IMAGE_SIZE);
    const void *tree = fixture_ram(&c->f, c->f.pages[0].state.gpr[0]);
    uint64_t initrd = cells(tree, "/chosen", "linux,initrd-start", 0);
    assert_int_equal(cells(tree, "/chosen", "linux,initrd-end", 0), initrd + INITRD_SIZE);
    assert_memory_equal(fixture_ram(&c->f, initrd), c->initrd, INITRD_SIZE);
    free_image(&c->f.config.kernel);
    free_image(&c->f.config.initrd);
}

static void packed_flat_image(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    c->f.config.kernel_load_address = FIXTURE_CODE;
    c->f.config.kernel = pack(c->image, IMAGE_SIZE);
    arm_boot_start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_memory_equal(fixture_ram(&c->f, FIXTURE_CODE), c->image, IMAGE_SIZE);
    free_image(&c->f.config.kernel);
}

/* What is not a packed image, or not of the size that is said: the VM has failed, and says why. */
static void packed_images_that_are_none(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.kernel.unpacked_size = 2 * IMAGE_SIZE;
    memset(c->image, 0xff, IMAGE_SIZE);
    arm_boot_refused(c, "kernel: damaged, it cannot be unpacked");
    for (int which = 0; which < 2; which++) {
        arm_boot_tear_down(state);
        arm_boot_make(c, 3);
        struct vm_image image = which == 0 ? pack(c->image, IMAGE_SIZE) : pack(c->initrd, INITRD_SIZE);
        *(which == 0 ? &c->f.config.kernel : &c->f.config.initrd) = image;
        (which == 0 ? &c->f.config.kernel : &c->f.config.initrd)->unpacked_size++;
        arm_boot_refused(c, which == 0 ? "kernel: damaged" : "initrd: damaged");
        free_image(&image);
    }
    arm_boot_tear_down(state);
    arm_boot_make(c, 3);
    c->f.config.initrd.unpacked_size = UINT64_MAX;
    arm_boot_refused(c, "initrd: does not fit");
}

static void flat_boots_with_a_tree(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    arm_boot_start(c);
    const struct vcpu_arch_state *s = &c->f.pages[0].state;
    assert_int_equal(s->pc, FIXTURE_CODE);
    assert_memory_equal(fixture_ram(&c->f, FIXTURE_CODE), c->image, IMAGE_SIZE);
    assert_int_equal(s->gpr[0], GUEST_RAM_BASE + FIXTURE_RAM_SIZE - BOOT_DEVICE_TREE_SIZE);
    assert_int_equal(fdt_check_header(fixture_ram(&c->f, s->gpr[0])), 0);
}

static void flat_at_the_end_of_memory(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    c->f.config.kernel_load_address = GUEST_RAM_BASE + FIXTURE_RAM_SIZE - 0x9000;
    arm_boot_start(c);
    assert_int_equal(c->f.pages[0].state.gpr[0], GUEST_RAM_BASE);
}

static void flat_that_leaves_no_room_for_a_tree(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    c->f.config.ram_range_count = 1;
    c->f.config.ram[0].size = 0x200000;
    c->f.config.kernel_load_address = GUEST_RAM_BASE + 0x1000;
    arm_boot_refused(c, "no room beside it");
}

static void flat_without_a_tree(void **state)
{
    struct arm_boot *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    c->f.config.device_tree_gicv3 = (struct vm_image){0};
    arm_boot_start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(c->f.pages[0].state.gpr[0], 0);
}

static void flat_refusals(void **state)
{
    static const uint64_t addresses[] = {0,
                                         GUEST_UART_BASE,
                                         GUEST_RAM_BASE - 4,
                                         GUEST_RAM_BASE + 2,
                                         GUEST_RAM_BASE + FIXTURE_RAM_SIZE - IMAGE_SIZE + 4,
                                         GUEST_RAM_BASE + FIXTURE_RAM_SIZE,
                                         UINT64_MAX,
                                         UINT64_MAX - IMAGE_SIZE};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct arm_boot *c = *state;
        arm_boot_tear_down(state);
        arm_boot_make(c, 3);
        c->f.config.boot_protocol = VM_BOOT_FLAT;
        c->f.config.kernel_load_address = addresses[i];
        arm_boot_refused(c, "flat image");
    }
}

static void other_protocols(void **state)
{
    static const uint32_t protocols[] = {VM_BOOT_PVH, VM_BOOT_MULTIBOOT, VM_BOOT_MULTIBOOT2, VM_BOOT_FIRMWARE, 0, 99};
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        struct arm_boot *c = *state;
        arm_boot_tear_down(state);
        arm_boot_make(c, 3);
        c->f.config.boot_protocol = protocols[i];
        arm_boot_refused(c, "boot protocol");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(linux_boots),
        TEST(without_initrd),
        TEST(text_offset_is_kept),
        TEST(old_kernels_do_not_say_their_size),
        TEST(every_header),
        TEST(truncated_kernels),
        TEST(missing_images),
        TEST(packed_images),
        TEST(packed_flat_image),
        TEST(packed_images_that_are_none),
        TEST(flat_boots_with_a_tree),
        TEST(flat_at_the_end_of_memory),
        TEST(flat_that_leaves_no_room_for_a_tree),
        TEST(flat_without_a_tree),
        TEST(flat_refusals),
        TEST(other_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
