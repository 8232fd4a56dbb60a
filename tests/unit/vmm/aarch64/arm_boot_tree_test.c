/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree that the Arm machine's guest is started with, made from the one in its configuration. */
#include <libfdt.h>

#include "arm_boot_fixture.h"

static void tree_of_the_machines_gic(void **state)
{
    struct arm_boot *c = *state;
    arm_boot_tear_down(state);
    arm_boot_make(c, 2);
    c->f.config.device_tree_gicv3 = (struct vm_image){0};
    arm_boot_start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    arm_boot_tear_down(state);
    arm_boot_make(c, 2);
    c->f.config.device_tree_gicv2 = (struct vm_image){0};
    arm_boot_refused(c, "none for a GICv2");
}

static void damaged_trees(void **state)
{
    for (uint32_t offset = 0; offset < 40; offset += 4) {
        static const uint32_t values[] = {0, 1, 0x7fffffff, 0xffffffff, 0xffffff, 60};
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            struct arm_boot *c = *state;
            arm_boot_tear_down(state);
            arm_boot_make(c, 3);
            fdt32_t value = cpu_to_fdt32(values[i]);
            memcpy(c->f.device_tree + offset, &value, 4);
            arm_boot_start(c); /* some are harmless */
            assert_true(c->f.vm->state == VM_STATE_RUNNING || c->f.vm->state == VM_STATE_FAILED);
        }
    }
}

static void truncated_trees(void **state)
{
    struct arm_boot *c = *state;
    uint32_t size = (uint32_t)c->f.config.device_tree_gicv3.size;
    for (uint32_t cut = 1; cut <= size; cut += 7) {
        arm_boot_tear_down(state);
        arm_boot_make(c, 3);
        c->f.config.device_tree_gicv3.size = size - cut;
        arm_boot_refused(c, "device tree: not one, or truncated");
    }
}

static void tree_with_other_cells(void **state)
{
    struct arm_boot *c = *state;
    fdt_setprop_inplace_u32(c->f.device_tree, 0, "#size-cells", 1);
    arm_boot_refused(c, "device tree: damaged");
}

static void expect_seeds(struct arm_boot *c, uint8_t first)
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
    struct arm_boot *c = *state;
    fake_hv.random = 0;
    arm_boot_start(c);
    expect_seeds(c, 1);
    assert_null(arch_vm_reset(c->f.vm));
    expect_seeds(c, 73);
}

static void no_seeds_without_random_numbers(void **state)
{
    struct arm_boot *c = *state;
    fake_hv.no_random = true;
    arm_boot_start(c);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    const void *tree = fixture_ram(&c->f, c->f.pages[0].state.gpr[0]);
    assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "rng-seed", NULL));
    assert_null(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "kaslr-seed", NULL));
    fake_hv.no_random = false;
}

static void longest_command_line(void **state)
{
    struct arm_boot *c = *state;
    memset(c->f.config.command_line, 'x', VM_COMMAND_LINE_LENGTH - 1);
    arm_boot_start(c);
    const void *tree = fixture_ram(&c->f, c->f.pages[0].state.gpr[0]);
    int length;
    fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "bootargs", &length);
    assert_int_equal(length, VM_COMMAND_LINE_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tree_of_the_machines_gic),
        TEST(damaged_trees),
        TEST(truncated_trees),
        TEST(tree_with_other_cells),
        TEST(each_start_has_other_seeds),
        TEST(no_seeds_without_random_numbers),
        TEST(longest_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
