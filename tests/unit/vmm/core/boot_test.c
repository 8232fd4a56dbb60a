/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot protocols: handmade images, right and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lz4.h>

#include <vmm/arch/boot_layout.h>
#include <vmm/arch/execution.h>
#include <vmm/boot.h>

#include "machine_fixture.h"

#define SETUP_SIZE   (5 * 512u)
#define PAYLOAD_SIZE 0x4000u
#define IMAGE_SIZE   (SETUP_SIZE + PAYLOAD_SIZE)
#define PREFERRED    0x1000000ull

static void put(uint8_t *at, uint64_t value, size_t size)
{
    memcpy(at, &value, size);
}

static uint64_t get(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, at, size);
    return value;
}

/* A bzImage of protocol 2.15 whose payload is its own offsets. */
static uint8_t *make_image(void)
{
    uint8_t *image = calloc(1, IMAGE_SIZE);
    put(image + 0x1f1, 4, 1);                 /* setup_sects */
    put(image + 0x1f4, PAYLOAD_SIZE / 16, 4); /* syssize */
    put(image + 0x1fe, 0xaa55, 2);            /* boot_flag */
    put(image + 0x200, 0x6aeb, 2);            /* jump: header ends at 0x26c */
    put(image + 0x202, 0x53726448, 4);        /* HdrS */
    put(image + 0x206, 0x020f, 2);            /* version */
    put(image + 0x211, 0x01, 1);              /* loaded high */
    put(image + 0x22c, 0x7fffffff, 4);        /* initrd_addr_max */
    put(image + 0x230, 0x200000, 4);          /* kernel_alignment */
    put(image + 0x234, 1, 1);                 /* relocatable */
    put(image + 0x236, 0x3, 2);               /* 64-bit, above 4 GiB */
    put(image + 0x238, 2047, 4);              /* cmdline_size */
    put(image + 0x258, PREFERRED, 8);         /* pref_address */
    put(image + 0x260, 0x100000, 4);          /* init_size */
    for (uint32_t i = 0; i < PAYLOAD_SIZE; i += 4) {
        put(image + SETUP_SIZE + i, i, 4);
    }
    return image;
}

struct context {
    struct machine_fixture f;
    uint8_t *image;
    uint8_t initrd[3000];
};

static int set_up(void **state)
{
    struct context *c = calloc(1, sizeof(*c));
    c->image = make_image();
    fixture_configure(&c->f, c->image, IMAGE_SIZE);
    c->f.config.boot_protocol = VM_BOOT_LINUX;
    c->f.config.initrd = (struct vm_image){.address = (uintptr_t)c->initrd, .size = sizeof(c->initrd)};
    strcpy(c->f.config.command_line, "console=ttyS0 quiet");
    memset(c->initrd, 0xc5, sizeof(c->initrd));
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    struct context *c = *state;
    fixture_destroy(&c->f);
    free(c->image);
    free(c);
    return 0;
}

static void start(struct context *c)
{
    assert_null(fixture_create(&c->f));
    vmm_begin(c->f.vm);
}

static void refused(struct context *c, const char *reason)
{
    start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_FAILED);
    assert_int_equal(c->f.control->status.state, VM_STATE_FAILED);
    assert_non_null(strstr(c->f.control->status.reason, reason));
    assert_false(fake_hv.on[0]);
}

static void linux_boots(void **state)
{
    struct context *c = *state;
    c->f.config.flags &= ~(uint32_t)VM_CONFIG_HYPERVISOR_LEAF;
    start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_true(fake_hv.on[0]);
    const struct vcpu_arch_state *s = &c->f.pages[0].state;
    assert_int_equal(c->f.pages[0].control.dirty, VCPU_STATE_ALL);
    assert_int_equal(s->rip, PREFERRED + 0x200);
    assert_int_equal(s->gpr[VCPU_RSI], BOOT_PARAMETERS);
    assert_int_equal(s->cs.selector, 0x10);
    assert_int_equal(s->ds.selector, 0x18);
    assert_true((s->rflags & RFLAGS_IF) == 0);
    assert_true((s->efer & EFER_LMA) != 0 && (s->cr0 & CR0_PG) != 0 && (s->cr4 & CR4_PAE) != 0);
    assert_memory_equal(c->f.ram + PREFERRED, c->image + SETUP_SIZE, PAYLOAD_SIZE);

    const uint8_t *zero_page = c->f.ram + BOOT_PARAMETERS;
    assert_int_equal(get(zero_page + 0x202, 4), 0x53726448);
    assert_int_equal(get(zero_page + 0x210, 1), 0xff);
    assert_string_equal((const char *)c->f.ram + get(zero_page + 0x228, 4), "console=ttyS0 quiet");
    uint64_t initrd = get(zero_page + 0x218, 4);
    assert_int_equal(get(zero_page + 0x21c, 4), sizeof(c->initrd));
    assert_int_equal(initrd % 4096, 0);
    assert_true(initrd >= PREFERRED + 0x100000 && initrd + sizeof(c->initrd) <= FIXTURE_RAM_SIZE);
    assert_memory_equal(c->f.ram + initrd, c->initrd, sizeof(c->initrd));
    uint64_t rsdp = get(zero_page + 0x70, 8);
    assert_memory_equal(c->f.ram + rsdp, "RSD PTR ", 8);

    /* Memory map: ascending, disjoint, and all RAM but the hole below 1 MiB. */
    uint64_t count = get(zero_page + 0x1e8, 1), end = 0, ram = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *entry = zero_page + 0x2d0 + 20 * i;
        assert_true(get(entry, 8) >= end);
        end = get(entry, 8) + get(entry + 8, 8);
        ram += get(entry + 16, 4) == 1 ? get(entry + 8, 8) : 0;
    }
    assert_int_equal(ram, FIXTURE_RAM_SIZE + FIXTURE_HIGH_SIZE - 0x100000 + 0x9fc00);

    /* The page tables map what the kernel needs one to one. */
    const uint64_t addresses[] = {PREFERRED, BOOT_PARAMETERS, BOOT_COMMAND_LINE, initrd, 0xfee00000};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct walk_result w = walk(&c->f.vm->vcpus[0], addresses[i], WALK_WRITE);
        assert_false(w.fault || w.bad_table);
        assert_int_equal(w.gpa, addresses[i]);
    }
}

static void zero_setup_sects_means_four(void **state)
{
    struct context *c = *state;
    c->image[0x1f1] = 0;
    start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
}

static void moves_when_the_preferred_place_is_not_there(void **state)
{
    struct context *c = *state;
    put(c->image + 0x258, 0x10000000, 8);
    start(c);
    assert_int_equal(c->f.pages[0].state.rip, 0x200000 + 0x200);
}

static void initrd_below_its_limit(void **state)
{
    struct context *c = *state;
    put(c->image + 0x22c, 0x17fffff, 4);
    start(c);
    uint64_t initrd = get(c->f.ram + BOOT_PARAMETERS + 0x218, 4);
    assert_int_equal(initrd, 0x1800000 - 4096);
}

static void without_initrd(void **state)
{
    struct context *c = *state;
    c->f.config.initrd = (struct vm_image){0};
    start(c);
    assert_int_equal(get(c->f.ram + BOOT_PARAMETERS + 0x218, 8), 0);
}

/* Each of these images must be refused, with a reason and nothing run. */
static void hostile_images(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset, size;
        uint64_t value;
        const char *reason;
    } cases[] = {
        {0x1fe, 2, 0, "not a bzImage"},
        {0x202, 4, 0x12345678, "not a bzImage"},
        {0x206, 2, 0x020b, "64-bit"},
        {0x206, 2, 0, "64-bit"},
        {0x236, 2, 0, "64-bit"},
        {0x211, 1, 0, "zImage"},
        {0x201, 1, 0, "header"},
        {0x201, 1, 0x61, "header"},
        {0x201, 1, 0xff, "header"},
        {0x1f1, 1, 255, "truncated"},
        {0x1f4, 4, 0, "truncated"},
        {0x1f4, 4, PAYLOAD_SIZE / 16 + 1, "truncated"},
        {0x1f4, 4, 0xffffffff, "truncated"},
        {0x260, 4, 0xffffffff, "more memory"},
        {0x22c, 4, 0x1000, "initrd"},
        {0x22c, 4, 0xfff, "initrd"},
        {0x22c, 4, 0, "initrd"},
        {0x22c, 4, PREFERRED + 0x1000, "initrd"},
        {0x238, 4, 5, "command line"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *test;
        set_up(&test);
        struct context *c = test;
        put(c->image + cases[i].offset, cases[i].value, cases[i].size);
        refused(c, cases[i].reason);
        tear_down(&test);
    }
}

/* What the guest finds behind the pointer in its zero page. */
static const char *command_line(struct context *c)
{
    return (const char *)c->f.ram + get(c->f.ram + BOOT_PARAMETERS + 0x228, 4);
}

static void tsc_frequency_is_told_to_guests_that_may_know(void **state)
{
    struct context *c = *state;
    start(c);
    char expected[64];
    snprintf(expected, sizeof(expected), "console=ttyS0 quiet tsc_early_khz=%llu",
             (unsigned long long)(c->f.vm->clock.frequency / 1000));
    assert_string_equal(command_line(c), expected);
}

static void tsc_frequency_of_the_system_file_stands(void **state)
{
    struct context *c = *state;
    strcpy(c->f.config.command_line, "quiet tsc_early_khz=5");
    start(c);
    assert_string_equal(command_line(c), "quiet tsc_early_khz=5");
}

static void tsc_frequency_is_left_out_where_there_is_no_room(void **state)
{
    struct context *c = *state;
    put(c->image + 0x238, 20, 4);
    start(c);
    assert_string_equal(command_line(c), "console=ttyS0 quiet");
}

static void hostile_addresses(void **state)
{
    (void)state;
    static const struct {
        uint64_t preferred;
        uint32_t alignment;
        uint8_t relocatable;
        const char *reason;
    } cases[] = {
        {0, 0x200000, 0, "relocatable"},
        {UINT64_MAX, 0x200000, 0, "relocatable"},
        {FIXTURE_RAM_SIZE - 0x1000, 0x200000, 0, "relocatable"},
        {1ull << 32, 0x200000, 0, "relocatable"},
        {UINT64_MAX - 0xfff, 0, 1, "alignment"},
        {0, 3, 1, "alignment"},
        {0, 0x300000, 1, "alignment"},
        {0, 0x80000000, 1, "more memory"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *test;
        set_up(&test);
        struct context *c = test;
        put(c->image + 0x258, cases[i].preferred, 8);
        put(c->image + 0x230, cases[i].alignment, 4);
        c->image[0x234] = cases[i].relocatable;
        refused(c, cases[i].reason);
        tear_down(&test);
    }
}

static void every_truncation(void **state)
{
    (void)state;
    for (uint32_t size = 0; size < SETUP_SIZE + 0x210; size += size < 0x280 ? 1 : 509) {
        void *test;
        set_up(&test);
        struct context *c = test;
        uint8_t *copy = malloc(size == 0 ? 1 : size); /* so that one byte too far is found */
        memcpy(copy, c->image, size);
        c->f.config.kernel = (struct vm_image){.address = (uintptr_t)copy, .size = size};
        start(c);
        assert_int_equal(c->f.vm->state, VM_STATE_FAILED);
        free(copy);
        tear_down(&test);
    }
}

static void initrd_larger_than_memory(void **state)
{
    struct context *c = *state;
    c->f.config.initrd.size = FIXTURE_RAM_SIZE;
    refused(c, "initrd");
}

static void initrd_of_absurd_size(void **state)
{
    struct context *c = *state;
    c->f.config.initrd.size = UINT64_MAX - 4095;
    refused(c, "initrd");
}

static void packed_initrd(void **state)
{
    struct context *c = *state;
    char packed[LZ4_COMPRESSBOUND(sizeof(c->initrd))];
    for (uint32_t i = 0; i < sizeof(c->initrd); i++) {
        c->initrd[i] = (uint8_t)(i % 97);
    }
    int size = LZ4_compress_default((const char *)c->initrd, packed, sizeof(c->initrd), sizeof(packed));
    assert_in_range(size, 1, sizeof(c->initrd) / 2);
    c->f.config.initrd =
        (struct vm_image){.address = (uintptr_t)packed, .size = (uint64_t)size, .unpacked_size = sizeof(c->initrd)};
    start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    const uint8_t *zero_page = c->f.ram + BOOT_PARAMETERS;
    assert_int_equal(get(zero_page + 0x21c, 4), sizeof(c->initrd));
    assert_memory_equal(c->f.ram + get(zero_page + 0x218, 4), c->initrd, sizeof(c->initrd));
}

static void packed_images_that_are_none(void **state)
{
    struct context *c = *state;
    c->f.config.initrd.unpacked_size = 5000;
    refused(c, "initrd: damaged, it cannot be unpacked");
    tear_down(state);
    set_up(state);
    c = *state;
    c->f.config.initrd.unpacked_size = UINT64_MAX;
    refused(c, "initrd: larger than the guest's memory");
    tear_down(state);
    set_up(state);
    c = *state;
    c->f.config.kernel.unpacked_size = IMAGE_SIZE;
    refused(c, "kernel: packed");
    tear_down(state);
    set_up(state);
    c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    c->f.config.kernel.unpacked_size = IMAGE_SIZE * 2;
    refused(c, "flat image: damaged, it cannot be unpacked");
}

static void no_kernel(void **state)
{
    struct context *c = *state;
    c->f.config.kernel = (struct vm_image){0};
    refused(c, "none");
}

static void other_protocols(void **state)
{
    struct context *c = *state;
    c->f.config.boot_protocol = VM_BOOT_PVH;
    refused(c, "not supported");
}

static void unknown_protocol(void **state)
{
    struct context *c = *state;
    c->f.config.boot_protocol = 77;
    refused(c, "unknown");
}

static void flat_boots(void **state)
{
    struct context *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    start(c);
    const struct vcpu_arch_state *s = &c->f.pages[0].state;
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(s->rip, FIXTURE_CODE);
    assert_int_equal(s->gpr[VCPU_RDI], 0);
    assert_int_equal(s->gpr[VCPU_RSP], BOOT_STACK_TOP);
    assert_memory_equal(c->f.ram + FIXTURE_CODE, c->image, IMAGE_SIZE);
}

static void flat_refusals(void **state)
{
    (void)state;
    static const uint64_t addresses[] = {
        0, 0x1000, 0xffff, 0xdf000, 0xe0000, FIXTURE_RAM_SIZE, 1ull << 32, UINT64_MAX - 10, FIXTURE_RAM_SIZE - 16};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        void *test;
        set_up(&test);
        struct context *c = test;
        c->f.config.boot_protocol = VM_BOOT_FLAT;
        c->f.config.kernel_load_address = addresses[i];
        refused(c, "flat image");
        tear_down(&test);
    }
}

/* --- Random numbers --- */

/* Documentation/arch/x86/boot.rst: struct setup_data; 9 is SETUP_RNG_SEED. */
static void expect_seed(struct context *c, uint8_t first)
{
    uint64_t at = get(c->f.ram + BOOT_PARAMETERS + 0x250, 8);
    assert_true(at >= BOOT_COMMAND_LINE + BOOT_COMMAND_LINE_SIZE && at + 4096 < BOOT_STACK_TOP);
    const uint8_t *data = c->f.ram + at;
    assert_int_equal(get(data, 8), 0);
    assert_int_equal(get(data + 8, 4), 9);
    assert_int_equal(get(data + 12, 4), 64);
    for (uint8_t i = 0; i < 64; i++) {
        assert_int_equal(data[16 + i], (uint8_t)(first + i));
    }
}

static void each_start_has_another_seed(void **state)
{
    struct context *c = *state;
    fake_hv.random = 0;
    start(c);
    expect_seed(c, 1);
    assert_null(arch_vm_reset(c->f.vm));
    expect_seed(c, 65);
}

static void no_seed_without_random_numbers(void **state)
{
    struct context *c = *state;
    fake_hv.no_random = true;
    start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(get(c->f.ram + BOOT_PARAMETERS + 0x250, 8), 0);
    assert_null(arch_vm_reset(c->f.vm));
    fake_hv.no_random = false;
    /* It is said once. */
    const char *said = strstr(fixture_log(&c->f), "no random numbers for guests");
    assert_non_null(said);
    assert_null(strstr(said + 1, "no random numbers for guests"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(linux_boots),
        TEST(zero_setup_sects_means_four),
        TEST(moves_when_the_preferred_place_is_not_there),
        TEST(initrd_below_its_limit),
        TEST(without_initrd),
        TEST(tsc_frequency_is_told_to_guests_that_may_know),
        TEST(tsc_frequency_of_the_system_file_stands),
        TEST(tsc_frequency_is_left_out_where_there_is_no_room),
        cmocka_unit_test(hostile_images),
        cmocka_unit_test(hostile_addresses),
        cmocka_unit_test(every_truncation),
        TEST(initrd_larger_than_memory),
        TEST(initrd_of_absurd_size),
        TEST(each_start_has_another_seed),
        TEST(no_seed_without_random_numbers),
        TEST(packed_initrd),
        TEST(packed_images_that_are_none),
        TEST(no_kernel),
        TEST(other_protocols),
        TEST(unknown_protocol),
        TEST(flat_boots),
        cmocka_unit_test(flat_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
