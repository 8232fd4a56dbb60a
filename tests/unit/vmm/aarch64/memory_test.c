/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory accesses that exit: by the hardware's syndrome, by decoding, through page tables; and aborts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <vmm/arch/load_store.h>
#include <vmm/arch/walk.h>

#include "arm_fixture.h"

#define VBAR      0xffff800008010800ull
#define DABT      (0x25ull << 26 | 1ull << 25)
#define DABT_EL0  (0x24ull << 26 | 1ull << 25)
#define IABT      (0x21ull << 26 | 1ull << 25)
#define WNR       (1ull << 6)
#define FNV       (1ull << 10)
#define EXTERNAL  0x10ull
#define NOWHERE   0x20000000ull
#define TEST_BASE 0x30000000ull
#define SLOTS     32u

/* A device that remembers. */
struct test_device {
    uint64_t values[SLOTS];
    uint64_t last_offset;
    uint32_t last_width, reads, writes;
    bool retry; /* as the GIC does if another vCPU has what is asked for */
};

static struct arm_fixture fixture;

static uint64_t device_read(void *device, uint64_t offset, uint32_t width)
{
    struct test_device *d = device;
    d->last_offset = offset;
    d->last_width = width;
    d->reads++;
    fixture.vm->arch.gic.retry = d->retry;
    return d->values[offset / 8 % SLOTS] >> (8 * (offset % 8));
}

static void device_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct test_device *d = device;
    d->last_offset = offset;
    d->last_width = width;
    d->writes++;
    fixture.vm->arch.gic.retry = d->retry;
    d->values[offset / 8 % SLOTS] = value;
}

static const struct bus_ops device_ops = {.read = device_read, .write = device_write};
static struct test_device device;

static int set_up(void **state)
{
    fixture_start(&fixture, 3, 1);
    fixture.pages[0].state.vbar_el1 = VBAR;
    memset(&device, 0, sizeof(device));
    if (bus_register(&fixture.vm->memory_bus, TEST_BASE, 0x2000, &device_ops, &device, "test") != 0) {
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_destroy(*state);
    return 0;
}

/* --- By syndrome --- */

static void loads_and_stores_of_all_widths(void **state)
{
    struct arm_fixture *f = *state;
    for (uint32_t width = 1; width <= 8; width *= 2) {
        fixture_store(f, 0, TEST_BASE + 8, width, 0x8182838485868788ull);
        assert_int_equal(device.last_width, width);
        assert_int_equal(device.last_offset, 8);
        uint64_t mask = width == 8 ? UINT64_MAX : (1ull << 8 * width) - 1;
        assert_int_equal(device.values[1], 0x8182838485868788ull & mask);
        assert_int_equal(fixture_load(f, 0, TEST_BASE + 8, width), 0x8182838485868788ull & mask);
    }
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4 * 8);
}

static uint64_t load_extended(struct arm_fixture *f, uint32_t width, uint32_t register_width, bool sign)
{
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){.gpa = TEST_BASE,
                                                  .access = VCPU_ACCESS_READ,
                                                  .width = (uint8_t)width,
                                                  .gpr = 7,
                                                  .sign_extend = sign,
                                                  .register_width = (uint8_t)register_width};
    page->state.gpr[7] = 0x1111111111111111ull;
    fixture_handle(f, 0);
    return page->state.gpr[7];
}

static void sign_extension(void **state)
{
    struct arm_fixture *f = *state;
    device.values[0] = 0xf0f1f2f380f582f7ull;
    assert_int_equal(load_extended(f, 1, 4, true), 0xfffffff7ull);
    assert_int_equal(load_extended(f, 1, 8, true), 0xfffffffffffffff7ull);
    assert_int_equal(load_extended(f, 2, 4, true), 0xffff82f7ull);
    assert_int_equal(load_extended(f, 2, 8, true), 0xffffffffffff82f7ull);
    assert_int_equal(load_extended(f, 4, 8, true), 0xffffffff80f582f7ull);
    assert_int_equal(load_extended(f, 4, 4, false), 0x80f582f7ull);
    assert_int_equal(load_extended(f, 8, 8, true), 0xf0f1f2f380f582f7ull);
    assert_int_equal(load_extended(f, 1, 4, false), 0xf7ull);
}

static void zero_register(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = TEST_BASE, .access = VCPU_ACCESS_WRITE, .width = 4, .gpr = 31, .register_width = 4};
    device.values[0] = 5;
    fixture_handle(f, 0);
    assert_int_equal(device.writes, 1);
    assert_int_equal(device.values[0], 0);
    page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = TEST_BASE, .access = VCPU_ACCESS_READ, .width = 4, .gpr = 31, .register_width = 4};
    fixture_handle(f, 0);
    assert_int_equal(device.reads, 1);
}

static void compressed_instructions(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.instruction_length = 2; /* T32 */
    page->exit.memory =
        (struct vcpu_exit_memory){.gpa = TEST_BASE, .access = VCPU_ACCESS_READ, .width = 4, .register_width = 4};
    fixture_handle(f, 0);
    assert_int_equal(page->state.pc, FIXTURE_CODE + 2);
}

static void nothing_there_is_an_external_abort(void **state)
{
    struct arm_fixture *f = *state;
    fixture_load(f, 0, NOWHERE + 8, 4);
    assert_int_equal(f->pages[0].state.far_el1, NOWHERE + 8);
    assert_true(fixture_took(f, DABT | EXTERNAL));
    fixture_store(f, 0, NOWHERE, 1, 0);
    assert_true(fixture_took(f, DABT | WNR | EXTERNAL));
    f->pages[0].state.pstate = PSTATE_EL0;
    fixture_store(f, 0, GUEST_PHYSICAL_END_AARCH64, 8, 0);
    assert_true(fixture_took(f, DABT_EL0 | WNR | EXTERNAL));
    assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE);
    assert_int_equal(f->vm->guest_errors, 3);
    assert_non_null(strstr(fixture_log(f), "nothing there"));
    assert_int_equal(f->vm->state, VM_STATE_RUNNING);
}

static void unknown_address_is_told(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){.gpa = NOWHERE, .gva = 5, .access = VCPU_ACCESS_READ, .width = 4};
    fixture_handle(f, 0);
    assert_int_equal(page->state.far_el1, 0);
    assert_true(fixture_took(f, DABT | EXTERNAL | FNV));
}

static void across_the_end_of_a_device(void **state)
{
    struct arm_fixture *f = *state;
    fixture_load(f, 0, TEST_BASE + 0x2000 - 4, 8);
    assert_true(fixture_took(f, DABT | EXTERNAL));
    assert_int_equal(device.reads, 0);
}

static void ram_that_exits_is_ram(void **state)
{
    struct arm_fixture *f = *state;
    fixture_store(f, 0, FIXTURE_HIGH + 16, 4, 0xabcdef01);
    assert_int_equal(fixture_load(f, 0, FIXTURE_HIGH + 16, 2), 0xef01);
    assert_int_equal(f->high_ram[17], 0xef);
    fixture_store(f, 0, FIXTURE_HIGH + FIXTURE_HIGH_SIZE - 4, 8, 0); /* half of it */
    assert_true(fixture_took(f, DABT | WNR | EXTERNAL));
}

static void accesses_to_be_repeated(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    device.retry = true;
    device.values[0] = 0x77;
    s->gpr[5] = 1;
    assert_int_equal(fixture_load(f, 0, TEST_BASE, 4), 1);
    assert_int_equal(s->pc, FIXTURE_CODE);
    fixture_store(f, 0, TEST_BASE, 4, 2);
    assert_int_equal(s->pc, FIXTURE_CODE);
    s->gpr[1] = TEST_BASE;
    fixture_undecoded(f, 0xb8404422, TEST_BASE, false); /* ldr w2, [x1], #4 */
    assert_int_equal(s->pc, FIXTURE_CODE);
    assert_int_equal(s->gpr[1], TEST_BASE);
    assert_int_equal(s->gpr[2], 0);
    device.retry = false;
    fixture_undecoded(f, 0xb8404422, TEST_BASE, false);
    assert_int_equal(s->pc, FIXTURE_CODE + 4);
}

static void code_outside_ram(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->state.pc = 0x1000;
    page->exit.memory =
        (struct vcpu_exit_memory){.gpa = 0x1000, .gva = 0x1000, .gva_valid = 1, .access = VCPU_ACCESS_FETCH};
    fixture_handle(f, 0);
    assert_int_equal(page->state.elr_el1, 0x1000);
    assert_true(fixture_took(f, IABT | EXTERNAL));
}

static void impossible_widths_are_decoded(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = TEST_BASE, .gva = TEST_BASE, .gva_valid = 1, .access = VCPU_ACCESS_READ, .width = 3};
    fixture_handle(f, 0); /* the instruction is a NOP */
    assert_true(fixture_took(f, DABT | EXTERNAL));
}

/* --- By decoding --- */

static void pairs(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gpr[1] = TEST_BASE + 32;
    s->gpr[2] = 0x1111222233334444ull;
    s->gpr[3] = 0x5555666677778888ull;
    fixture_undecoded(f, 0xa93e0c22, TEST_BASE + 16, true); /* stp x2, x3, [x1, #-32] */
    assert_int_equal(device.values[0], 0x1111222233334444ull);
    assert_int_equal(device.values[1], 0x5555666677778888ull);
    assert_int_equal(s->gpr[1], TEST_BASE + 32);
    device.values[4] = 0x80000001;
    device.values[4] |= 0x80000002ull << 32;
    fixture_undecoded(f, 0x68c11424, TEST_BASE + 32, false); /* ldpsw x4, x5, [x1], #8 */
    assert_int_equal(s->gpr[4], 0xffffffff80000001ull);
    assert_int_equal(s->gpr[5], 0xffffffff80000002ull);
    assert_int_equal(s->gpr[1], TEST_BASE + 40);
    s->gpr[6] = s->gpr[7] = UINT64_MAX;
    fixture_undecoded(f, 0x29bf1c26, TEST_BASE + 32, true); /* stp w6, w7, [x1, #-8]! */
    assert_int_equal(s->gpr[1], TEST_BASE + 32);
    assert_int_equal(device.last_width, 4);
    assert_int_equal(s->pc, FIXTURE_CODE + 12);
}

static void write_back(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gpr[1] = TEST_BASE + 8;
    s->gpr[2] = 0x12345678;
    fixture_undecoded(f, 0xb81f8c22, TEST_BASE, true); /* str w2, [x1, #-8]! */
    assert_int_equal(s->gpr[1], TEST_BASE);
    assert_int_equal(device.values[0], 0x12345678);
    fixture_undecoded(f, 0x38401423, TEST_BASE, false); /* ldrb w3, [x1], #1 */
    assert_int_equal(s->gpr[3], 0x78);
    assert_int_equal(s->gpr[1], TEST_BASE + 1);
}

static void stack_pointers(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->sp_el1 = TEST_BASE;
    s->sp_el0 = TEST_BASE + 0x100;
    fixture_undecoded(f, 0xf84087e2, TEST_BASE, false); /* ldr x2, [sp], #8 */
    assert_int_equal(s->sp_el1, TEST_BASE + 8);
    assert_int_equal(f->pages[0].control.dirty & VCPU_STATE_EL1, VCPU_STATE_EL1);
    s->pstate = PSTATE_EL1T;
    fixture_undecoded(f, 0xf84087e2, TEST_BASE + 0x100, false);
    assert_int_equal(s->sp_el0, TEST_BASE + 0x108);
    s->pstate = PSTATE_EL0;
    fixture_undecoded(f, 0xf84087e2, TEST_BASE + 0x108, false);
    assert_int_equal(s->sp_el0, TEST_BASE + 0x110);
    assert_int_equal(s->sp_el1, TEST_BASE + 8);
}

static void register_offsets(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    device.values[2] = 0x77;
    s->gpr[1] = TEST_BASE + 24;
    s->gpr[2] = 0xfffffffeull;                               /* -2, times 4: sxtw #2 */
    fixture_undecoded(f, 0xb862d823, TEST_BASE + 16, false); /* ldr w3, [x1, w2, sxtw #2] */
    assert_int_equal(s->gpr[3], 0x77);
    s->gpr[1] = TEST_BASE;
    s->gpr[2] = 0xffffffff00000002ull;
    s->gpr[3] = 0;
    fixture_undecoded(f, 0xf8625823, TEST_BASE + 16, false); /* ldr x3, [x1, w2, uxtw #3] */
    assert_int_equal(s->gpr[3], 0x77);
    s->gpr[2] = 16;
    s->gpr[3] = 0;
    fixture_undecoded(f, 0xf8626823, TEST_BASE + 16, false); /* ldr x3, [x1, x2] */
    assert_int_equal(s->gpr[3], 0x77);
}

static void cache_maintenance_is_nothing(void **state)
{
    struct arm_fixture *f = *state;
    static const uint32_t instructions[] = {0xd50b7e22, 0xd50b7a22, 0xd50b7b22, 0xd5087622, 0xd50b7522};
    for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
        fixture_undecoded(f, instructions[i], NOWHERE, true);
        assert_int_equal(f->pages[0].state.pc, FIXTURE_CODE + 4 * (i + 1));
    }
    fixture_undecoded(f, 0xd50b7422, NOWHERE, true); /* dc zva: a store */
    assert_true(fixture_took(f, DABT | WNR | EXTERNAL));
}

static void what_devices_do_not_take(void **state)
{
    struct arm_fixture *f = *state;
    static const uint32_t instructions[] = {
        0xc85f7c22, /* ldxr x2, [x1] */
        0xf8220023, /* ldadd x2, x3, [x1] */
        0xc8a27c23, /* cas x2, x3, [x1] */
        0x3dc00022, /* ldr q2, [x1] */
        0xad400c22, /* ldp q2, q3, [x1] */
        0x4c407022, /* ld1 {v2.16b}, [x1] */
        0xf8200422, /* ldraa x2, [x1] */
        0xd503201f, /* nop */
        0x00000000, 0xffffffff,
    };
    for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
        fixture_undecoded(f, instructions[i], TEST_BASE, false);
        assert_true(fixture_took(f, DABT | EXTERNAL));
    }
    assert_int_equal(device.reads + device.writes, 0);
    assert_non_null(strstr(fixture_log(f), "not an access that devices take"));
}

static void instruction_out_of_reach(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    static const uint64_t places[] = {NOWHERE, FIXTURE_CODE + 2, UINT64_MAX - 3, FIXTURE_HIGH + FIXTURE_HIGH_SIZE};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
        page->exit.memory =
            (struct vcpu_exit_memory){.gpa = TEST_BASE, .gva = 1, .gva_valid = 1, .access = VCPU_ACCESS_READ};
        s->pc = places[i];
        fixture_handle(f, 0);
        assert_true(fixture_took(f, DABT | EXTERNAL));
    }
    s->pc = FIXTURE_CODE;
    s->pstate = 0x10; /* AArch32 */
    fixture_undecoded(f, 0xf8408422, TEST_BASE, false);
    assert_true(fixture_took(f, DABT_EL0 | EXTERNAL));
}

static void access_across_pages(void **state)
{
    struct arm_fixture *f = *state;
    f->pages[0].state.gpr[1] = TEST_BASE + 0xffc;
    fixture_undecoded(f, 0xf8408422, TEST_BASE + 0xffc, false); /* ldr x2, [x1], #8 */
    assert_true(fixture_took(f, DABT | EXTERNAL));
    assert_int_equal(f->pages[0].state.gpr[1], TEST_BASE + 0xffc);
}

/* A pair whose second half is elsewhere: nothing is done unless all can be. */
static void pair_across_pages(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->gpr[1] = TEST_BASE + 0xff8;
    s->gpr[2] = 7;
    s->gpr[3] = 8;
    fixture_undecoded(f, 0xa9000c22, TEST_BASE + 0xff8, true); /* stp x2, x3, [x1] */
    assert_int_equal(device.writes, 2);
    assert_int_equal(device.last_offset, 0x1000);
    s->gpr[1] = TEST_BASE + 0x1ff8; /* the next page is nowhere */
    fixture_undecoded(f, 0xa9400c22, TEST_BASE + 0x1ff8, false);
    assert_true(fixture_took(f, DABT | EXTERNAL));
    assert_int_equal(s->gpr[2], 7);
}

static void decoding(void **state)
{
    (void)state;
    struct load_store d;
    assert_true(load_store_decode(0x58000041, &d)); /* ldr x1, . + 8 */
    assert_true(d.address == ADDRESS_LITERAL && d.offset == 8 && d.width == 8 && d.load && d.rt == 1);
    assert_true(load_store_decode(0x98ffffe1, &d)); /* ldrsw x1, . - 4 */
    assert_true(d.offset == -4 && d.width == 4 && d.sign_extend && d.register_width == 8);
    assert_true(load_store_decode(0x39400441, &d)); /* ldrb w1, [x2, #1] */
    assert_true(d.width == 1 && d.offset == 1 && d.rn == 2 && !d.sign_extend && d.register_width == 4);
    assert_true(load_store_decode(0xf9400441, &d)); /* ldr x1, [x2, #8] */
    assert_true(d.width == 8 && d.offset == 8);
    assert_true(load_store_decode(0x39c00041, &d)); /* ldrsb w1, [x2] */
    assert_true(d.sign_extend && d.register_width == 4);
    assert_true(load_store_decode(0x79800041, &d)); /* ldrsh x1, [x2] */
    assert_true(d.sign_extend && d.register_width == 8 && d.width == 2);
    assert_true(load_store_decode(0xb8400841, &d)); /* ldtr w1, [x2] */
    assert_true(d.unprivileged && d.width == 4);
    assert_true(load_store_decode(0xc8dffc41, &d)); /* ldar x1, [x2] */
    assert_true(d.load && d.width == 8 && d.address == ADDRESS_OFFSET && d.offset == 0);
    assert_true(load_store_decode(0x089ffc41, &d)); /* stlrb w1, [x2] */
    assert_true(!d.load && d.width == 1);
    assert_true(load_store_decode(0xf9800040, &d)); /* prfm pldl1keep, [x2] */
    assert_true(d.cache_maintenance);
    assert_true(load_store_decode(0x28400c41, &d)); /* ldnp w1, w3, [x2] */
    assert_true(d.count == 2 && d.width == 4);
    assert_false(load_store_decode(0xb8c00041 | 1u << 23 | 1u << 22 | 1u << 31, &d)); /* size 3, opc 3 */
    assert_false(load_store_decode(0xe9400c41, &d));                                  /* pair, opc 3 */
    assert_false(load_store_decode(0x69000c41, &d));                                  /* stgp */
    assert_false(load_store_decode(0x68400c41, &d));                                  /* non-temporal, opc 1 */
    assert_false(load_store_decode(0xf8e1f841 | 1u << 22, &d) && !d.cache_maintenance);
}

/* Nothing that is decoded makes sense of less than it should. */
static void every_instruction_decodes_within_bounds(void **state)
{
    (void)state;
    uint32_t instruction = 12345;
    for (uint32_t i = 0; i < 2000000; i++) {
        struct load_store d;
        instruction = instruction * 1664525 + 1013904223;
        if (load_store_decode(instruction, &d) && !d.cache_maintenance) {
            assert_true(d.width == 1 || d.width == 2 || d.width == 4 || d.width == 8);
            assert_true(d.count == 1 || d.count == 2);
            assert_true(d.shift <= 3 && d.rt < 32 && d.rt2 < 32 && d.rn < 32 && d.rm < 32);
            assert_true(!d.load || d.register_width == 4 || d.register_width == 8);
        }
    }
}

/* --- Page tables --- */

#define L0 (GUEST_RAM_BASE + 0x10000)
#define L1 (GUEST_RAM_BASE + 0x11000)
#define L2 (GUEST_RAM_BASE + 0x12000)
#define L3 (GUEST_RAM_BASE + 0x13000)
#define AF (1ull << 10)

static void entry(struct arm_fixture *f, uint64_t table, uint32_t index, uint64_t value)
{
    ((uint64_t *)fixture_ram(f, table))[index] = value;
}

/* 48 bits, 4 KiB: TTBR0's virtual 0x0000008040201000 is page L3[1]. */
static void make_tables(struct arm_fixture *f)
{
    struct vcpu_arch_state *s = &f->pages[0].state;
    s->sctlr_el1 = SCTLR_M;
    s->tcr_el1 = 16 | 16ull << 16 | 2ull << 30;
    s->ttbr0_el1 = s->ttbr1_el1 = L0;
    for (uint32_t i = 0; i < 512; i++) {
        entry(f, L0, i, i == 1 || i == 511 ? L1 | 3 : 0);
        entry(f, L1, i, i == 1 ? L2 | 3 : i == 2 ? 0x80000000ull | AF | 1 : 0);
        entry(f, L2, i, i == 1 ? L3 | 3 : i == 2 ? 0x40400000ull | AF | 1 : 0);
        entry(f, L3, i, 0);
    }
    entry(f, L3, 1, TEST_BASE | AF | 3);
    entry(f, L3, 2, TEST_BASE | AF | 3 | 1ull << 7); /* read-only */
    entry(f, L3, 3, TEST_BASE | AF | 3 | 1ull << 6); /* EL0 too */
    entry(f, L3, 4, TEST_BASE | 3);                  /* no access flag */
    entry(f, L3, 5, TEST_BASE | AF | 1);             /* reserved */
    entry(f, L3, 6, TEST_BASE | AF | 3 | 1ull << 7 | 1ull << 51);
}

#define VA(l3) (0x0000008040200000ull + (l3)*0x1000ull)

static struct walk_result translate(struct arm_fixture *f, uint64_t address, uint32_t access)
{
    return walk(&f->vm->vcpus[0], address, access);
}

static void walks_find_pages_and_blocks(void **state)
{
    struct arm_fixture *f = *state;
    make_tables(f);
    assert_int_equal(translate(f, VA(1) + 0x123, WALK_READ).gpa, TEST_BASE + 0x123);
    assert_int_equal(translate(f, 0x0000008040400000ull + 0x123456, WALK_READ).gpa, 0x40400000 + 0x123456);
    assert_int_equal(translate(f, 0x0000008080000000ull + 0x1234567, WALK_READ).gpa, 0x80000000ull + 0x1234567);
    assert_int_equal(translate(f, 0xffffff8040201000ull, WALK_READ).gpa, TEST_BASE); /* TTBR1 */
}

static void expect_fault(struct arm_fixture *f, uint64_t address, uint32_t access, uint32_t status)
{
    struct walk_result result = translate(f, address, access);
    assert_true(result.fault);
    assert_int_equal(result.status, status);
}

static void walks_fault_as_the_architecture_says(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    make_tables(f);
    expect_fault(f, 0, WALK_READ, FAULT_TRANSLATION);
    expect_fault(f, 0x0000008000000000ull, WALK_READ, FAULT_TRANSLATION + 1);
    expect_fault(f, 0x0000008040000000ull, WALK_READ, FAULT_TRANSLATION + 2);
    expect_fault(f, VA(0), WALK_READ, FAULT_TRANSLATION + 3);
    expect_fault(f, VA(5), WALK_READ, FAULT_TRANSLATION + 3);
    expect_fault(f, VA(4), WALK_READ, FAULT_ACCESS_FLAG + 3);
    expect_fault(f, VA(2), WALK_WRITE, FAULT_PERMISSION + 3);
    assert_false(translate(f, VA(2), WALK_READ).fault);
    expect_fault(f, VA(1), WALK_READ | WALK_UNPRIVILEGED, FAULT_PERMISSION + 3);
    assert_false(translate(f, VA(3), WALK_WRITE | WALK_UNPRIVILEGED).fault);
    s->pstate |= PSTATE_PAN;
    expect_fault(f, VA(3), WALK_READ, FAULT_PERMISSION + 3);
    assert_false(translate(f, VA(1), WALK_READ).fault);
    expect_fault(f, 1ull << 48, WALK_READ, FAULT_TRANSLATION);            /* above TTBR0's half */
    expect_fault(f, 0xfff7ff8040201000ull, WALK_READ, FAULT_TRANSLATION); /* between the halves */
    expect_fault(f, VA(6), WALK_WRITE, FAULT_PERMISSION + 3);
    s->tcr_el1 |= TCR_HA | TCR_HD;
    assert_false(translate(f, VA(4), WALK_READ).fault);
    assert_false(translate(f, VA(6), WALK_WRITE).fault);
    s->tcr_el1 |= TCR_EPD0;
    expect_fault(f, VA(1), WALK_READ, FAULT_TRANSLATION);
}

static void permissions_of_tables(void **state)
{
    struct arm_fixture *f = *state;
    make_tables(f);
    entry(f, L1, 1, L2 | 3 | 1ull << 61); /* APTable: not EL0 */
    expect_fault(f, VA(3), WALK_READ | WALK_UNPRIVILEGED, FAULT_PERMISSION + 3);
    entry(f, L1, 1, L2 | 3 | 1ull << 62); /* read-only */
    expect_fault(f, VA(1), WALK_WRITE, FAULT_PERMISSION + 3);
    f->pages[0].state.tcr_el1 |= TCR_HPD0;
    assert_false(translate(f, VA(1), WALK_WRITE).fault);
}

static void tags_are_ignored_where_the_guest_says_so(void **state)
{
    struct arm_fixture *f = *state;
    make_tables(f);
    expect_fault(f, VA(1) | 0x5aull << 56, WALK_READ, FAULT_TRANSLATION);
    f->pages[0].state.tcr_el1 |= TCR_TBI0;
    assert_int_equal(translate(f, VA(1) | 0x5aull << 56, WALK_READ).gpa, TEST_BASE);
}

static void hostile_tables(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    make_tables(f);
    entry(f, L2, 1, NOWHERE | 3);
    expect_fault(f, VA(1), WALK_READ, FAULT_EXTERNAL_WALK + 3);
    entry(f, L0, 1, (FIXTURE_HIGH + FIXTURE_HIGH_SIZE) | 3);
    expect_fault(f, VA(1), WALK_READ, FAULT_EXTERNAL_WALK + 1);
    s->ttbr0_el1 = 0;
    expect_fault(f, VA(1), WALK_READ, FAULT_EXTERNAL_WALK);
    s->ttbr0_el1 = UINT64_MAX;
    expect_fault(f, VA(1), WALK_READ, FAULT_EXTERNAL_WALK);
    /* Tables that are their own next level: as many steps as there are levels. */
    for (uint32_t i = 0; i < 512; i++) {
        entry(f, L0, i, L0 | AF | 3);
    }
    s->ttbr0_el1 = L0;
    assert_int_equal(translate(f, VA(1) + 8, WALK_READ).gpa, L0 + 8);
    /* Sizes that are none. */
    for (uint32_t size = 0; size < 64; size++) {
        for (uint32_t granule = 0; granule < 4; granule++) {
            s->tcr_el1 = size | (uint64_t)size << 16 | (uint64_t)granule << 14 | (uint64_t)granule << 30;
            translate(f, 0x1234, WALK_READ);
            translate(f, 0xfffffffffffff234ull, WALK_WRITE);
        }
    }
}

static void other_granules(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    memset(f->ram + 0x10000, 0, 0x40000);
    s->sctlr_el1 = SCTLR_M;
    /* 64 KiB, 42 bits: levels 2 and 3. */
    s->tcr_el1 = 22 | 1ull << 14;
    s->ttbr0_el1 = GUEST_RAM_BASE + 0x10000;
    entry(f, GUEST_RAM_BASE + 0x10000, 1, (GUEST_RAM_BASE + 0x20000) | 3);
    entry(f, GUEST_RAM_BASE + 0x20000, 2, 0x12340000ull | AF | 3);
    assert_int_equal(translate(f, 0x20000000ull + 0x20000 + 0xabcd, WALK_READ).gpa, 0x1234abcdull);
    entry(f, GUEST_RAM_BASE + 0x10000, 3, 0x60000000ull | AF | 1); /* a block of 512 MiB */
    assert_int_equal(translate(f, 0x60000000ull + 0x1234567, WALK_READ).gpa, 0x61234567ull);
    /* 16 KiB, 36 bits: levels 2 and 3. */
    s->tcr_el1 = 28 | 2ull << 14;
    entry(f, GUEST_RAM_BASE + 0x10000, 5, (GUEST_RAM_BASE + 0x20000) | 3);
    entry(f, GUEST_RAM_BASE + 0x20000, 7, 0x45678000ull | AF | 3);
    assert_int_equal(translate(f, 5ull * 0x2000000 + 7 * 0x4000 + 0x3abc, WALK_READ).gpa, 0x4567babcull);
    /* 4 KiB, 25 bits: one block level only, a small table. */
    s->tcr_el1 = 39;
    entry(f, GUEST_RAM_BASE + 0x10000, 15, 0x40e00000ull | AF | 1);
    assert_int_equal(translate(f, 0x1ffffff, WALK_READ).gpa, 0x40ffffffull);
    expect_fault(f, 0x2000000, WALK_READ, FAULT_TRANSLATION);
    /* It needs to be aligned to its own size only: sixteen entries. */
    s->ttbr0_el1 += 128;
    entry(f, GUEST_RAM_BASE + 0x10000, 16, 0x40a00000ull | AF | 1);
    assert_int_equal(translate(f, 0x1234, WALK_READ).gpa, 0x40a01234ull);
}

static void translation_off(void **state)
{
    struct arm_fixture *f = *state;
    assert_int_equal(translate(f, 0x123456789abull, WALK_WRITE).gpa, 0x123456789abull);
    expect_fault(f, 1ull << 50, WALK_READ, FAULT_ADDRESS_SIZE);
}

/* An instruction and a device behind page tables. */
static void emulation_through_tables(void **state)
{
    struct arm_fixture *f = *state;
    struct vcpu_arch_state *s = &f->pages[0].state;
    make_tables(f);
    entry(f, L3, 8, (GUEST_RAM_BASE + 0x30000) | AF | 3);
    const uint32_t store = 0xa9000c22; /* stp x2, x3, [x1] */
    memcpy(f->ram + 0x30010, &store, sizeof(store));
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    s->pc = VA(8) + 0x10;
    s->gpr[1] = VA(1) + 0xff8; /* second half: in the page that is read-only */
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = TEST_BASE + 0xff8, .gva = VA(1) + 0xff8, .gva_valid = 1, .access = VCPU_ACCESS_WRITE};
    fixture_handle(f, 0);
    assert_int_equal(s->far_el1, VA(2));
    assert_true(fixture_took(f, DABT | WNR | (FAULT_PERMISSION + 3)));
    assert_int_equal(device.writes, 0);
    entry(f, L3, 2, (TEST_BASE + 0x1000) | AF | 3);
    page->exit.memory.access = VCPU_ACCESS_WRITE;
    fixture_handle(f, 0);
    assert_int_equal(device.writes, 2);
    assert_int_equal(s->pc, VA(8) + 0x14);
}

static void walk_outside_ram_is_reported(void **state)
{
    struct arm_fixture *f = *state;
    make_tables(f);
    entry(f, L1, 1, NOWHERE | 3);
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = NOWHERE, .gva = VA(1), .gva_valid = 1, .access = VCPU_ACCESS_READ | VCPU_ACCESS_PAGE_WALK};
    fixture_handle(f, 0);
    assert_int_equal(page->state.far_el1, VA(1));
    assert_true(fixture_took(f, DABT | (FAULT_EXTERNAL_WALK + 2)));
    page->exit.memory.access = VCPU_ACCESS_FETCH | VCPU_ACCESS_PAGE_WALK;
    fixture_handle(f, 0);
    assert_true(fixture_took(f, IABT | (FAULT_EXTERNAL_WALK + 2)));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(loads_and_stores_of_all_widths),
        TEST(sign_extension),
        TEST(zero_register),
        TEST(compressed_instructions),
        TEST(nothing_there_is_an_external_abort),
        TEST(unknown_address_is_told),
        TEST(across_the_end_of_a_device),
        TEST(ram_that_exits_is_ram),
        TEST(accesses_to_be_repeated),
        TEST(code_outside_ram),
        TEST(impossible_widths_are_decoded),
        TEST(pairs),
        TEST(write_back),
        TEST(stack_pointers),
        TEST(register_offsets),
        TEST(cache_maintenance_is_nothing),
        TEST(what_devices_do_not_take),
        TEST(instruction_out_of_reach),
        TEST(access_across_pages),
        TEST(pair_across_pages),
        cmocka_unit_test(decoding),
        cmocka_unit_test(every_instruction_decodes_within_bounds),
        TEST(walks_find_pages_and_blocks),
        TEST(walks_fault_as_the_architecture_says),
        TEST(permissions_of_tables),
        TEST(tags_are_ignored_where_the_guest_says_so),
        TEST(hostile_tables),
        TEST(other_granules),
        TEST(translation_off),
        TEST(emulation_through_tables),
        TEST(walk_outside_ram_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
