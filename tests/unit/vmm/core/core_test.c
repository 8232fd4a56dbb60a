/* SPDX-License-Identifier: BSD-2-Clause */
/* Bus, interrupt router, timers, guest memory, log, and the walk of guest page tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vmm/arch/execution.h>
#include <vmm/arch/walk.h>

#include "machine_fixture.h"

/* --- Bus --- */

static uint64_t last_offset;

static uint64_t record_read(void *device, uint64_t offset, uint32_t width)
{
    (void)width;
    last_offset = offset;
    return (uintptr_t)device;
}

static void record_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    (void)width;
    last_offset = offset;
    *(uint64_t *)device = value;
}

static const struct bus_ops record = {record_read, record_write};

static void bus_finds(void **state)
{
    (void)state;
    struct bus bus = {.count = 0};
    uint64_t value, sink = 0;
    assert_false(bus_read(&bus, 5, 1, &value));
    assert_int_equal(value, 0xff);
    for (uint64_t i = 0; i < BUS_MAX_RANGES; i++) { /* downwards, so that each is inserted in front */
        uint64_t base = (BUS_MAX_RANGES - i) * 0x100;
        assert_int_equal(bus_register(&bus, base, 0x10, &record, (void *)(uintptr_t)(base / 0x100), "x"), 0);
    }
    assert_int_equal(bus_register(&bus, 0x100000, 1, &record, NULL, "full"), -1);
    for (uint64_t i = 1; i <= BUS_MAX_RANGES; i++) {
        assert_true(bus_read(&bus, i * 0x100 + 0xf, 1, &value));
        assert_int_equal(value, i);
        assert_int_equal(last_offset, 0xf);
        assert_false(bus_read(&bus, i * 0x100 + 0x10, 1, &value));
        assert_false(bus_read(&bus, i * 0x100 + 0xf, 2, &value)); /* crosses the end */
        assert_false(bus_read(&bus, i * 0x100 - 1, 2, &value));
    }
    assert_false(bus_read(&bus, UINT64_MAX, 8, &value));
    assert_int_equal(value, UINT64_MAX);
    assert_int_equal(bus_unregister(&bus, 0x300), 0);
    assert_int_equal(bus_unregister(&bus, 0x300), -1);
    assert_int_equal(bus_unregister(&bus, 0x401), -1);
    assert_false(bus_read(&bus, 0x300, 1, &value));
    assert_int_equal(bus_register(&bus, 0x300, 8, &record, &sink, "again"), 0);
    assert_true(bus_write(&bus, 0x300, 1, 0x1234)); /* only the width's bits arrive */
    assert_int_equal(sink, 0x34);
}

static void bus_refuses(void **state)
{
    (void)state;
    struct bus bus = {.count = 0};
    assert_int_equal(bus_register(&bus, 0x100, 0x10, &record, NULL, "a"), 0);
    assert_int_equal(bus_register(&bus, 0x100, 0x10, &record, NULL, "same"), -1);
    assert_int_equal(bus_register(&bus, 0x10f, 1, &record, NULL, "last byte"), -1);
    assert_int_equal(bus_register(&bus, 0xff, 2, &record, NULL, "first byte"), -1);
    assert_int_equal(bus_register(&bus, 0, 0x1000, &record, NULL, "around"), -1);
    assert_int_equal(bus_register(&bus, 0x200, 0, &record, NULL, "empty"), -1);
    assert_int_equal(bus_register(&bus, UINT64_MAX, 2, &record, NULL, "wraps"), -1);
    assert_int_equal(bus_register(&bus, UINT64_MAX, 1, &record, NULL, "the end"), 0);
    assert_int_equal(bus_register(&bus, 0x110, 0x10, &record, NULL, "beside"), 0);
}

/* --- Timers --- */

struct ticker {
    struct timer timer;
    struct timer_set *set;
    uint32_t fired;
    uint64_t again; /* 0: once */
};

static void tick(void *device, uint64_t now)
{
    struct ticker *t = device;
    t->fired++;
    if (t->again != 0) {
        timer_arm(t->set, &t->timer, now + t->again);
    }
}

static void timers_fire_in_time(void **state)
{
    (void)state;
    struct timer_set set = {.count = 0};
    struct ticker t[TIMER_MAX];
    memset(t, 0, sizeof(t));
    for (uint32_t i = 0; i < TIMER_MAX; i++) {
        t[i].timer = (struct timer){.expired = tick, .device = &t[i]};
        t[i].set = &set;
        assert_int_equal(timer_add(&set, &t[i].timer), 0);
    }
    struct timer one_more = {.expired = tick, .device = &t[0]};
    assert_int_equal(timer_add(&set, &one_more), -1);
    timer_arm(&set, &t[3].timer, 300);
    timer_arm(&set, &t[1].timer, 100);
    timer_arm(&set, &t[2].timer, 200);
    assert_int_equal(set.next, 100);
    timer_arm(&set, &t[1].timer, 0);
    assert_int_equal(set.next, 200);
    timer_arm(&set, &t[2].timer, 400);
    assert_int_equal(set.next, 300);
    timer_run(&set, 299);
    assert_int_equal(t[3].fired, 0);
    t[3].again = 50;
    timer_run(&set, 1000);
    assert_int_equal(t[3].fired, 1);
    assert_int_equal(t[2].fired, 1);
    assert_int_equal(t[1].fired, 0);
    assert_int_equal(set.next, 1050);
}

static void scaling(void **state)
{
    (void)state;
    assert_int_equal(timer_scale(3, 7, 2), 10);
    assert_int_equal(timer_scale(UINT64_MAX, UINT64_MAX, UINT64_MAX), UINT64_MAX);
    assert_int_equal(timer_scale(1ull << 63, 3579545, 1ull << 63), 3579545);
    assert_int_equal(timer_scale(0x123456789abcdef0, 1000000000, 2600000000),
                     0x123456789abcdef0 / 13 * 5 + 5 * (0x123456789abcdef0 % 13) / 13);
    assert_int_equal(timer_scale(UINT64_MAX, 3, 2), UINT64_MAX); /* does not fit */
    assert_int_equal(timer_scale(5, 5, 0), UINT64_MAX);
}

/* --- Guest memory --- */

static void memory_is_bounded(void **state)
{
    (void)state;
    static uint8_t low[0x2000], high[0x1000];
    struct guest_memory m = {.count = 3,
                             .ranges = {{0, (uintptr_t)low, 0x1000},
                                        {0x1000, (uintptr_t)low + 0x1000, 0x1000},
                                        {1ull << 32, (uintptr_t)high, 0x1000}}};
    assert_ptr_equal(guest_slice(&m, GPA(0), 1), low);
    assert_ptr_equal(guest_slice(&m, GPA(0xfff), 1), low + 0xfff);
    assert_null(guest_slice(&m, GPA(0xfff), 2)); /* spans ranges */
    assert_null(guest_slice(&m, GPA(0), 0));
    assert_null(guest_slice(&m, GPA(0x2000), 1));
    assert_null(guest_slice(&m, GPA((1ull << 32) - 1), 1));
    assert_null(guest_slice(&m, GPA(0), UINT64_MAX));
    assert_null(guest_slice(&m, GPA(UINT64_MAX), 2));
    assert_ptr_equal(guest_slice(&m, GPA((1ull << 32) + 0xfff), 1), high + 0xfff);
    uint8_t data[16], back[16];
    memset(data, 0xa5, sizeof(data));
    assert_true(guest_write(&m, GPA(0xff8), data, 16));
    assert_true(guest_read(&m, GPA(0xff8), back, 16));
    assert_memory_equal(data, back, 16);
    memset(data, 0x11, sizeof(data));
    assert_false(guest_write(&m, GPA(0x1ff8), data, 16)); /* and nothing is written */
    assert_int_equal(low[0x1ff8], 0);
    assert_false(guest_read(&m, GPA(UINT64_MAX - 7), back, 16));
    assert_true(guest_zero(&m, GPA(0xff8), 16));
    assert_int_equal(low[0xfff] | low[0x1000], 0);
    assert_false(guest_zero(&m, GPA(0), 0x2001));
    assert_int_equal(guest_memory_size(&m), 0x3000);
}

/* --- Log --- */

static void log_wraps(void **state)
{
    (void)state;
    struct machine_fixture f;
    fixture_configure(&f, "\x90", 1);
    assert_null(fixture_create(&f));
    const uint32_t capacity = FIXTURE_LOG_SIZE - 64;
    assert_int_equal(f.log->capacity, capacity);
    f.log->capacity = 1u << 30; /* the page is not believed */
    f.log->written = 12345;
    for (int i = 0; i < 1000; i++) {
        vmm_log(f.vm, "line %d", i);
    }
    assert_true(f.log->written > capacity);
    assert_non_null(memmem(f.log->text, capacity, "line 999\n", 9));
    fixture_destroy(&f);
}

static void log_of_a_long_line(void **state)
{
    (void)state;
    struct machine_fixture f;
    fixture_configure(&f, "\x90", 1);
    assert_null(fixture_create(&f));
    char text[5000];
    memset(text, 'y', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    vmm_log(f.vm, "%s", text);
    struct log_limit limit = {.total = 0};
    log_guest_error(f.vm, &limit, text, "%s", text);
    assert_true(f.log->written < 1000);
    fixture_destroy(&f);
}

/* --- Page tables --- */

struct walker {
    struct machine_fixture f;
    struct vcpu_arch_state *s;
};

static int walker_set_up(void **state)
{
    struct walker *w = calloc(1, sizeof(*w));
    fixture_start(&w->f, "\x90", 1);
    w->s = &w->f.pages[0].state;
    memset(w->f.ram + 0x10000, 0, 0x10000);
    *state = w;
    return 0;
}

static int walker_tear_down(void **state)
{
    struct walker *w = *state;
    fixture_destroy(&w->f);
    free(w);
    return 0;
}

static void set64(struct walker *w, uint64_t at, uint64_t value)
{
    memcpy(w->f.ram + at, &value, 8);
}

static uint64_t get64(struct walker *w, uint64_t at)
{
    uint64_t value;
    memcpy(&value, w->f.ram + at, 8);
    return value;
}

static struct walk_result go(struct walker *w, uint64_t linear, uint32_t access)
{
    return walk(&w->f.vm->vcpus[0], linear, access);
}

static void no_paging(void **state)
{
    struct walker *w = *state;
    w->s->cr0 &= ~CR0_PG;
    assert_int_equal(go(w, 0x123456789, WALK_WRITE).gpa, 0x23456789);
}

static void four_levels(void **state)
{
    struct walker *w = *state;
    w->s->cr3 = 0x10000 | 0xfff; /* PCID bits are no address */
    uint64_t linear = 0xffff812345678abc;
    set64(w, 0x10000 + 8 * (linear >> 39 & 511), 0x11000 | 7);
    set64(w, 0x11000 + 8 * (linear >> 30 & 511), 0x12000 | 7);
    set64(w, 0x12000 + 8 * (linear >> 21 & 511), 0x13000 | 7);
    uint64_t leaf = 0x13000 + 8 * (linear >> 12 & 511);
    set64(w, leaf, 0x5000 | 1);
    assert_int_equal(go(w, linear, WALK_READ).gpa, 0x5abc);
    assert_int_equal(get64(w, leaf) & 0x60, 0x20); /* accessed */
    assert_true(go(w, linear, WALK_WRITE).fault);
    assert_int_equal(go(w, linear, WALK_WRITE).error_code, 3);
    assert_int_equal(go(w, linear, WALK_WRITE | WALK_USER).error_code, 7);
    assert_int_equal(get64(w, leaf) & 0x60, 0x20);
    w->s->cr0 &= ~CR0_WP; /* the supervisor may then */
    assert_false(go(w, linear, WALK_WRITE).fault);
    assert_int_equal(get64(w, leaf) & 0x60, 0x60);
    w->s->cr0 |= CR0_WP;
    assert_int_equal(go(w, linear, WALK_READ | WALK_USER).error_code, 5);
    set64(w, leaf, 0x5000 | 7 | 1ull << 63);
    assert_false(go(w, linear, WALK_WRITE | WALK_USER).fault);
    w->s->efer |= EFER_NXE;
    assert_int_equal(go(w, linear, WALK_FETCH | WALK_USER).error_code, 0x15);
    w->s->efer &= ~EFER_NXE;
    assert_false(go(w, linear, WALK_FETCH | WALK_USER).fault);
    w->s->cr4 |= CR4_SMEP;
    assert_int_equal(go(w, linear, WALK_FETCH).error_code, 0x11);
    w->s->cr4 |= CR4_SMAP;
    assert_true(go(w, linear, WALK_READ).fault);
    w->s->rflags |= RFLAGS_AC;
    assert_false(go(w, linear, WALK_READ).fault);
    set64(w, 0x12000 + 8 * (linear >> 21 & 511), 0);
    assert_int_equal(go(w, linear, WALK_WRITE).error_code, 2);
    assert_true(go(w, linear ^ 1ull << 40, WALK_READ).fault);
}

static void large_pages(void **state)
{
    struct walker *w = *state;
    w->s->cr3 = 0x10000;
    set64(w, 0x10000, 0x11000 | 7);
    set64(w, 0x11000 + 8, 0xc0000000 | 0x87); /* 1 GiB */
    set64(w, 0x11000 + 16, 0x12000 | 7);
    set64(w, 0x12000 + 8, 0xa00000 | 0x1000 | 0x87); /* 2 MiB, PAT bit set */
    assert_int_equal(go(w, 0x40000000 + 0x12345678, WALK_WRITE).gpa, 0xc0000000 + 0x12345678);
    assert_int_equal(go(w, 0x80000000 + 0x200000 + 0x54321, WALK_WRITE).gpa, 0xa00000 + 0x54321);
}

static void tables_outside_ram(void **state)
{
    struct walker *w = *state;
    w->s->cr3 = 0x10000;
    set64(w, 0x10000, 0x000ffffffffff000 | 7);
    assert_true(go(w, 0, WALK_READ).bad_table);
    w->s->cr3 = 0xfffffffff000;
    assert_true(go(w, 0, WALK_READ).bad_table);
    assert_null(walk_code_page(&w->f.vm->vcpus[0], 0));
}

static void five_levels(void **state)
{
    struct walker *w = *state;
    w->s->cr4 |= CR4_LA57;
    w->s->cr3 = 0x10000;
    set64(w, 0x10000 + 8, 0x11000 | 7);
    set64(w, 0x11000, 0x12000 | 7);
    set64(w, 0x12000, 0x40000000 | 0x87);
    assert_int_equal(go(w, 1ull << 48 | 0x777, WALK_READ).gpa, 0x40000777);
}

static void pae(void **state)
{
    struct walker *w = *state;
    w->s->efer = 0;
    w->s->cr3 = 0x10020; /* 32-byte aligned */
    set64(w, 0x10020 + 8 * 3, 0x11000 | 1);
    set64(w, 0x11000 + 8 * 511, 0x12000 | 7);
    set64(w, 0x12000 + 8 * 511, 0x3000 | 7);
    assert_int_equal(go(w, 0xfffff123, WALK_WRITE | WALK_USER).gpa, 0x3123);
    assert_int_equal(get64(w, 0x10020 + 8 * 3), 0x11000 | 1); /* no accessed bit there */
    set64(w, 0x11000, 0x600000 | 0x87);
    assert_int_equal(go(w, 0xc0012345, WALK_READ).gpa, 0x612345);
}

static void two_levels(void **state)
{
    struct walker *w = *state;
    w->s->efer = 0;
    w->s->cr4 = CR4_PSE;
    w->s->cr3 = 0x10000;
    uint32_t entry = 0x11000 | 7;
    memcpy(w->f.ram + 0x10000 + 4 * 0x300, &entry, 4);
    entry = 0x7000 | 7;
    memcpy(w->f.ram + 0x11000 + 4 * 5, &entry, 4);
    assert_int_equal(go(w, 0xc0005678, WALK_WRITE).gpa, 0x7678);
    entry = 0x00c00000 | 1u << 13 | 0x87; /* PSE-36: bit 13 is address bit 32 */
    memcpy(w->f.ram + 0x10000 + 4, &entry, 4);
    assert_int_equal(go(w, 0x00412345, WALK_WRITE).gpa, 0x100c12345);
    w->s->cr4 = 0;
    assert_int_equal(go(w, 0x00412345, WALK_WRITE).bad_table, false);
}

/* The remembered walk of a code page is not believed beyond what it saw. */
static void code_page_follows_the_tables(void **state)
{
    struct walker *w = *state;
    struct vcpu_context *vcpu = &w->f.vm->vcpus[0];
    w->s->cr3 = 0x10000;
    set64(w, 0x10000, 0x11000 | 7);
    set64(w, 0x11000, 0x12000 | 7);
    set64(w, 0x12000, 0x13000 | 7);
    set64(w, 0x13000, 0x5000 | 7);
    assert_ptr_equal(walk_code_page(vcpu, 0x10), w->f.ram + 0x5000);
    assert_ptr_equal(walk_code_page(vcpu, 0x10), w->f.ram + 0x5000);
    set64(w, 0x13000, 0x6000 | 7);
    assert_ptr_equal(walk_code_page(vcpu, 0x10), w->f.ram + 0x6000);
    set64(w, 0x12000, 0);
    assert_null(walk_code_page(vcpu, 0x10));
    set64(w, 0x12000, 0x14000 | 7);
    set64(w, 0x14000, 0x7000 | 7);
    assert_ptr_equal(walk_code_page(vcpu, 0x10), w->f.ram + 0x7000);
    w->s->cr3 = 0x2000;
    assert_ptr_equal(walk_code_page(vcpu, 0x10), w->f.ram);
}

int main(void)
{
#define WALKER(name) cmocka_unit_test_setup_teardown(name, walker_set_up, walker_tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bus_finds),
        cmocka_unit_test(bus_refuses),
        cmocka_unit_test(timers_fire_in_time),
        cmocka_unit_test(scaling),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(log_wraps),
        cmocka_unit_test(log_of_a_long_line),
        WALKER(no_paging),
        WALKER(four_levels),
        WALKER(large_pages),
        WALKER(tables_outside_ram),
        WALKER(five_levels),
        WALKER(pae),
        WALKER(two_levels),
        WALKER(code_page_follows_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
