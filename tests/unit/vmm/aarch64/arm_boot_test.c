/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot protocols of the Arm machine, its device tree, and its life cycle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>
#include <lz4.h>

#include <vmm/arch/boot_layout.h>
#include <vmm/boot.h>

#include "arm_fixture.h"

#define IMAGE_SIZE   0x9000u
#define MEMORY_NEEDS 0x250000ull
#define INITRD_SIZE  0x3456u
#define POWER_IE     (GUEST_POWER_BASE + 0x410)

struct context {
    struct arm_fixture f;
    uint8_t image[IMAGE_SIZE];
    uint8_t initrd[INITRD_SIZE];
};

static void put(uint8_t *image, uint32_t offset, uint64_t value, uint32_t size)
{
    memcpy(image + offset, &value, size);
}

static void make(struct context *c, uint32_t gic_version)
{
    for (uint32_t i = 0; i < IMAGE_SIZE; i++) {
        c->image[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    put(c->image, 0x00, 0x14000400fa405a4d, 8); /* MZ, and a branch */
    put(c->image, 0x08, 0, 8);
    put(c->image, 0x10, MEMORY_NEEDS, 8);
    put(c->image, 0x18, 0xa, 8); /* little-endian, 4 KiB pages, anywhere */
    put(c->image, 0x38, 0x644d5241, 4);
    memset(c->initrd, 0x5a, INITRD_SIZE);
    fixture_configure(&c->f, gic_version, c->image, IMAGE_SIZE);
    c->f.config.boot_protocol = VM_BOOT_LINUX;
    c->f.config.initrd = (struct vm_image){.address = (uintptr_t)c->initrd, .size = INITRD_SIZE};
}

static int set_up(void **state)
{
    static struct context context;
    make(&context, 3);
    *state = &context;
    return 0;
}

static int tear_down(void **state)
{
    struct context *c = *state;
    fixture_destroy(&c->f);
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
    if (strstr(c->f.control->status.reason, reason) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", reason, c->f.control->status.reason);
    }
    assert_false(fake_hv.on[0]);
}

/* --- Linux --- */

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
    struct context *c = *state;
    start(c);
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
    struct context *c = *state;
    c->f.config.initrd = (struct vm_image){0};
    start(c);
    const void *tree = fixture_ram(&c->f, c->f.pages[0].state.gpr[0]);
    assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "linux,initrd-start", NULL));
}

static void text_offset_is_kept(void **state)
{
    struct context *c = *state;
    put(c->image, 0x08, 0x80000, 8);
    start(c);
    assert_int_equal(c->f.pages[0].state.pc, GUEST_RAM_BASE + 0x80000);
    assert_memory_equal(c->f.ram + 0x80000, c->image, IMAGE_SIZE);
}

static void old_kernels_do_not_say_their_size(void **state)
{
    struct context *c = *state;
    put(c->image, 0x08, 0, 8);
    put(c->image, 0x10, 0, 8);
    start(c);
    assert_int_equal(c->f.pages[0].state.pc, GUEST_RAM_BASE + 0x80000);
}

static void tree_of_the_machines_gic(void **state)
{
    struct context *c = *state;
    tear_down(state);
    make(c, 2);
    c->f.config.device_tree_gicv3 = (struct vm_image){0};
    start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    tear_down(state);
    make(c, 2);
    c->f.config.device_tree_gicv2 = (struct vm_image){0};
    refused(c, "none for a GICv2");
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
        struct context *c = *state;
        tear_down(state);
        make(c, 3);
        put(c->image, cases[i].offset, cases[i].value, cases[i].size);
        refused(c, cases[i].reason);
    }
}

static void truncated_kernels(void **state)
{
    for (uint32_t size = 0; size < 0x48; size++) {
        struct context *c = *state;
        tear_down(state);
        make(c, 3);
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, c->image, size);
        c->f.config.kernel = (struct vm_image){.address = (uintptr_t)copy, .size = size};
        if (size < 0x40) {
            refused(c, "not an arm64 Image");
        } else {
            start(c);
            assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
        }
        free(copy);
    }
}

static void missing_images(void **state)
{
    struct context *c = *state;
    c->f.config.kernel.address = 0;
    refused(c, "kernel: there is none");
    tear_down(state);
    make(c, 3);
    c->f.config.initrd.address = 0;
    refused(c, "initrd: there is none");
    tear_down(state);
    make(c, 3);
    c->f.config.initrd.size = UINT64_MAX;
    refused(c, "initrd: does not fit");
    tear_down(state);
    make(c, 3);
    c->f.config.device_tree_gicv3.address = 0;
    refused(c, "none for a GICv3");
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
    struct context *c = *state;
    c->f.config.kernel = pack(c->image, IMAGE_SIZE);
    c->f.config.initrd = pack(c->initrd, INITRD_SIZE);
    start(c);
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
    struct context *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    c->f.config.kernel_load_address = FIXTURE_CODE;
    c->f.config.kernel = pack(c->image, IMAGE_SIZE);
    start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_memory_equal(fixture_ram(&c->f, FIXTURE_CODE), c->image, IMAGE_SIZE);
    free_image(&c->f.config.kernel);
}

/* What is not a packed image, or not of the size that is said: the VM has failed, and says why. */
static void packed_images_that_are_none(void **state)
{
    struct context *c = *state;
    c->f.config.kernel.unpacked_size = 2 * IMAGE_SIZE;
    memset(c->image, 0xff, IMAGE_SIZE);
    refused(c, "kernel: damaged, it cannot be unpacked");
    for (int which = 0; which < 2; which++) {
        tear_down(state);
        make(c, 3);
        struct vm_image image = which == 0 ? pack(c->image, IMAGE_SIZE) : pack(c->initrd, INITRD_SIZE);
        *(which == 0 ? &c->f.config.kernel : &c->f.config.initrd) = image;
        (which == 0 ? &c->f.config.kernel : &c->f.config.initrd)->unpacked_size++;
        refused(c, which == 0 ? "kernel: damaged" : "initrd: damaged");
        free_image(&image);
    }
    tear_down(state);
    make(c, 3);
    c->f.config.initrd.unpacked_size = UINT64_MAX;
    refused(c, "initrd: does not fit");
}

static void damaged_trees(void **state)
{
    for (uint32_t offset = 0; offset < 40; offset += 4) {
        static const uint32_t values[] = {0, 1, 0x7fffffff, 0xffffffff, 0xffffff, 60};
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            struct context *c = *state;
            tear_down(state);
            make(c, 3);
            fdt32_t value = cpu_to_fdt32(values[i]);
            memcpy(c->f.device_tree + offset, &value, 4);
            start(c); /* some are harmless */
            assert_true(c->f.vm->state == VM_STATE_RUNNING || c->f.vm->state == VM_STATE_FAILED);
        }
    }
}

static void truncated_trees(void **state)
{
    struct context *c = *state;
    uint32_t size = (uint32_t)c->f.config.device_tree_gicv3.size;
    for (uint32_t cut = 1; cut <= size; cut += 7) {
        tear_down(state);
        make(c, 3);
        c->f.config.device_tree_gicv3.size = size - cut;
        refused(c, "device tree: not one, or truncated");
    }
}

static void tree_with_other_cells(void **state)
{
    struct context *c = *state;
    fdt_setprop_inplace_u32(c->f.device_tree, 0, "#size-cells", 1);
    refused(c, "device tree: damaged");
}

static void expect_seeds(struct context *c, uint8_t first)
{
    const uint8_t *tree = fixture_ram(&c->f, c->f.pages[0].state.gpr[0]);
    int size, chosen = fdt_path_offset(tree, "/chosen");
    const uint8_t *seed = fdt_getprop(tree, chosen, "rng-seed", &size);
    assert_int_equal(size, 64);
    for (uint8_t i = 0; i < 64; i++) {
        assert_int_equal(seed[i], (uint8_t)(first + i));
    }
    seed = fdt_getprop(tree, chosen, "kaslr-seed", &size);
    assert_int_equal(size, 8);
    assert_int_equal(seed[0], (uint8_t)(first + 64));
    assert_int_equal(seed[7], (uint8_t)(first + 71));
}

static void each_start_has_other_seeds(void **state)
{
    struct context *c = *state;
    fake_hv.random = 0;
    start(c);
    expect_seeds(c, 1);
    assert_null(arch_vm_reset(c->f.vm));
    expect_seeds(c, 73);
}

static void no_seeds_without_random_numbers(void **state)
{
    struct context *c = *state;
    fake_hv.no_random = true;
    start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    const void *tree = fixture_ram(&c->f, c->f.pages[0].state.gpr[0]);
    assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "rng-seed", NULL));
    assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "kaslr-seed", NULL));
    fake_hv.no_random = false;
}

static void longest_command_line(void **state)
{
    struct context *c = *state;
    memset(c->f.config.command_line, 'x', VM_COMMAND_LINE_LENGTH - 1);
    start(c);
    const void *tree = fixture_ram(&c->f, c->f.pages[0].state.gpr[0]);
    int length;
    fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "bootargs", &length);
    assert_int_equal(length, VM_COMMAND_LINE_LENGTH);
}

/* --- Flat images --- */

static void flat_boots_with_a_tree(void **state)
{
    struct context *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    start(c);
    const struct vcpu_arch_state *s = &c->f.pages[0].state;
    assert_int_equal(s->pc, FIXTURE_CODE);
    assert_memory_equal(fixture_ram(&c->f, FIXTURE_CODE), c->image, IMAGE_SIZE);
    assert_int_equal(s->gpr[0], GUEST_RAM_BASE + FIXTURE_RAM_SIZE - BOOT_DEVICE_TREE_SIZE);
    assert_int_equal(fdt_check_header(fixture_ram(&c->f, s->gpr[0])), 0);
}

static void flat_at_the_end_of_memory(void **state)
{
    struct context *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    c->f.config.kernel_load_address = GUEST_RAM_BASE + FIXTURE_RAM_SIZE - 0x9000;
    start(c);
    assert_int_equal(c->f.pages[0].state.gpr[0], GUEST_RAM_BASE);
}

static void flat_that_leaves_no_room_for_a_tree(void **state)
{
    struct context *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    c->f.config.ram_range_count = 1;
    c->f.config.ram[0].size = 0x200000;
    c->f.config.kernel_load_address = GUEST_RAM_BASE + 0x1000;
    refused(c, "no room beside it");
}

static void flat_without_a_tree(void **state)
{
    struct context *c = *state;
    c->f.config.boot_protocol = VM_BOOT_FLAT;
    c->f.config.device_tree_gicv3 = (struct vm_image){0};
    start(c);
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
        struct context *c = *state;
        tear_down(state);
        make(c, 3);
        c->f.config.boot_protocol = VM_BOOT_FLAT;
        c->f.config.kernel_load_address = addresses[i];
        refused(c, "flat image");
    }
}

static void other_protocols(void **state)
{
    static const uint32_t protocols[] = {VM_BOOT_PVH, VM_BOOT_MULTIBOOT, VM_BOOT_MULTIBOOT2, VM_BOOT_FIRMWARE, 0, 99};
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        struct context *c = *state;
        tear_down(state);
        make(c, 3);
        c->f.config.boot_protocol = protocols[i];
        refused(c, "boot protocol");
    }
}

/* --- The machine --- */

static void created_with(struct context *c, const char *reason)
{
    const char *problem = fixture_create(&c->f);
    assert_non_null(problem);
    if (strstr(problem, reason) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", reason, problem);
    }
    assert_int_equal(c->f.vm->state, VM_STATE_FAILED);
}

static void impossible_machines(void **state)
{
    struct context *c = *state;
    c->f.config.ram[0].gpa = 0;
    created_with(c, "does not start where");
    tear_down(state);
    make(c, 0);
    created_with(c, "which GIC");
    tear_down(state);
    make(c, 4);
    created_with(c, "which GIC");
    tear_down(state);
    make(c, 2);
    c->f.config.vcpu_count = 9;
    for (uint32_t i = 0; i < 9; i++) {
        c->f.config.vcpu_page[i] = c->f.config.vcpu_page[0];
    }
    created_with(c, "more than 8 vCPUs");
    tear_down(state);
    make(c, 3);
    c->f.config.ram[1].gpa = GUEST_PHYSICAL_END_AARCH64 - FIXTURE_HIGH_SIZE / 2 / 0x200000 * 0x200000;
    created_with(c, "512 GiB");
    tear_down(state);
    make(c, 3);
    fake_hv.tick_frequency = 0;
    created_with(c, "frequency");
}

static void command(struct context *c, uint32_t what)
{
    c->f.control->request.command = what;
    c->f.control->request.sequence++;
    vmm_handle_notification(c->f.vm, FIXTURE_CONTROL);
}

static void pause_keeps_everything(void **state)
{
    struct context *c = *state;
    start(c);
    command(c, VM_COMMAND_PAUSE);
    assert_int_equal(c->f.vm->state, VM_STATE_PAUSED);
    assert_false(fake_hv.on[0]);
    assert_int_equal(c->f.pages[0].control.deadline, 0);
    command(c, VM_COMMAND_RESUME);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_true(fake_hv.on[0]);
    assert_int_equal(c->f.pages[0].state.pc, GUEST_RAM_BASE);
}

static void paused_while_asleep(void **state)
{
    struct context *c = *state;
    start(c);
    fixture_exit(&c->f, 0, VCPU_EXIT_HALT);
    fixture_handle(&c->f, 0);
    command(c, VM_COMMAND_PAUSE);
    command(c, VM_COMMAND_RESUME);
    assert_int_equal(c->f.vm->vcpus[0].activity, VCPU_HALTED);
    assert_false(fake_hv.on[0]);
}

static void power_button(void **state)
{
    struct context *c = *state;
    start(c);
    command(c, VM_COMMAND_SHUTDOWN);
    assert_non_null(strstr(fixture_log(&c->f), "does not listen"));
    fake_hv.now += FIXTURE_FREQUENCY;
    vmm_handle_event(&c->f.vm->vcpus[0]);
    fixture_store(&c->f, 0, GUEST_POWER_BASE + 0x40c, 4, 1u << 3); /* rising edges */
    fixture_store(&c->f, 0, POWER_IE, 4, 1u << 3);
    command(c, VM_COMMAND_SHUTDOWN);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_POWER_BASE + 0x418, 4), 1u << 3); /* MIS */
    assert_true((c->f.vm->arch.gic.banks[0].level >> GUEST_POWER_SPI & 1u) != 0);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_POWER_BASE + 0x020, 4), 1u << 3); /* pressed */
    fake_hv.now += FIXTURE_FREQUENCY / 2 + 1;
    vmm_handle_event(&c->f.vm->vcpus[0]);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_POWER_BASE + 0x020, 4), 0); /* released */
    fixture_store(&c->f, 0, GUEST_POWER_BASE + 0x41c, 4, 0xff);
    assert_true((c->f.vm->arch.gic.banks[0].level >> GUEST_POWER_SPI & 1u) == 0);
}

static void console_reaches_both_ends(void **state)
{
    struct context *c = *state;
    start(c);
    struct serial_queue_handle other_end = {
        .queue = &c->f.transmit, .capacity = FIXTURE_QUEUE_SIZE, .data = c->f.transmit_data};
    serial_queue_request_signal(&other_end);
    fixture_store(&c->f, 0, GUEST_UART_BASE, 1, 'A');
    fixture_store(&c->f, 0, GUEST_UART_BASE, 4, '\n');
    assert_memory_equal(c->f.transmit_data, "A\n", 2);
    assert_true(fake_hv.notifications[FIXTURE_CONSOLE] > 0);
    c->f.receive_data[0] = 'z';
    c->f.receive.tail = 1;
    vmm_handle_notification(c->f.vm, FIXTURE_CONSOLE);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_UART_BASE, 4), 'z');
}

/* A reset machine is as new: memory zero, devices, interrupts, images in place again. */
static void reset_is_complete(void **state)
{
    struct context *c = *state;
    start(c);
    c->f.ram[0x3000000] = 1;
    c->f.ram[0] = 0;
    fixture_store(&c->f, 0, GUEST_UART_BASE + 0x38, 4, 0x7ff);
    fixture_store(&c->f, 0, GUEST_RTC_BASE + 0x04, 4, 5);
    fixture_store(&c->f, 0, GUEST_GICD_BASE + 0x104, 4, 0xffffffff);
    fixture_msr(&c->f, SYSREG(2, 0, 1, 0, 4), 1);  /* OSLAR_EL1 */
    fixture_msr(&c->f, SYSREG(3, 3, 14, 2, 2), 7); /* CNTP_CVAL_EL0, */
    fixture_msr(&c->f, SYSREG(3, 3, 14, 2, 1), 1); /* CNTP_CTL_EL0 */
    c->f.pages[0].state.cntv_ctl = TIMER_ENABLE;
    fixture_exit(&c->f, 0, VCPU_EXIT_TIMER);
    fixture_handle(&c->f, 0);
    assert_true(c->f.vm->vcpus[0].arch.timer_line);
    command(c, VM_COMMAND_RESET);
    vmm_handle_event(&c->f.vm->vcpus[0]);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(c->f.vm->boots, 2);
    assert_int_equal(c->f.ram[0x3000000], 0);
    assert_memory_equal(c->f.ram, c->image, IMAGE_SIZE);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_UART_BASE + 0x38, 4), 0);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_RTC_BASE + 0x04, 4), 0);
    assert_int_equal(fixture_load(&c->f, 0, GUEST_GICD_BASE + 0x104, 4), 0);
    assert_int_equal(fixture_mrs(&c->f, SYSREG(2, 0, 1, 1, 4), 0), 8);
    assert_int_equal(fixture_mrs(&c->f, SYSREG(3, 3, 14, 2, 1), 0), 0);
    assert_int_equal(fixture_mrs(&c->f, SYSREG(3, 3, 14, 2, 2), 0), 0);
    assert_false(c->f.vm->vcpus[0].arch.timer_line);
    assert_int_equal(c->f.vm->arch.gic.vcpus[0].bank.level, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(linux_boots),
        TEST(without_initrd),
        TEST(text_offset_is_kept),
        TEST(old_kernels_do_not_say_their_size),
        TEST(tree_of_the_machines_gic),
        TEST(every_header),
        TEST(truncated_kernels),
        TEST(missing_images),
        TEST(packed_images),
        TEST(packed_flat_image),
        TEST(packed_images_that_are_none),
        TEST(damaged_trees),
        TEST(truncated_trees),
        TEST(tree_with_other_cells),
        TEST(each_start_has_other_seeds),
        TEST(no_seeds_without_random_numbers),
        TEST(longest_command_line),
        TEST(flat_boots_with_a_tree),
        TEST(flat_at_the_end_of_memory),
        TEST(flat_that_leaves_no_room_for_a_tree),
        TEST(flat_without_a_tree),
        TEST(flat_refusals),
        TEST(other_protocols),
        TEST(impossible_machines),
        TEST(pause_keeps_everything),
        TEST(paused_while_asleep),
        TEST(power_button),
        TEST(console_reaches_both_ends),
        TEST(reset_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
