/* SPDX-License-Identifier: BSD-2-Clause */
/* From the text of a system file to its objects, the layout of address spaces and the size of the kernel's memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tool/layout.h>
#include <tool/plan_builder.h>
#include <tool/target.h>

static void load(struct system *system, const char *text)
{
    system_init(system, "/nowhere/test.system", NULL, &target_x86_64);
    system_parse(system, text, strlen(text));
    if (!system->syntax_error) {
        system_expand(system);
        system_resolve(system);
        system_check(system, &(struct machine){0});
    }
}

/* The diagnostics as they are printed. */
static char *messages(struct system *system)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    diagnostics_print(&system->diagnostics, to);
    fclose(to);
    return text;
}

static void order_and_parents(void **state)
{
    struct system system;
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    (void)state;
    load(&system, "<system>"
                  "<protection_domain name='a'><protection_domain name='b' id='1'><protection_domain name='c' id='0'/>"
                  "</protection_domain><protection_domain name='d' id='2'/></protection_domain>"
                  "<protection_domain name='e' cpu='3'/></system>");
    assert_int_equal(system.pds.count, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct pd *pd = system.pds.items[i];
        assert_string_equal(pd->name, names[i]);
        assert_int_equal(pd->index, i);
    }
    assert_ptr_equal(system_find_pd(&system, "c")->parent, system_find_pd(&system, "b"));
    assert_ptr_equal(system_find_pd(&system, "d")->parent, system_find_pd(&system, "a"));
    assert_null(system_find_pd(&system, "e")->parent);
    assert_null(system_find_pd(&system, ""));
    assert_null(system_find_pd(&system, NULL));
    assert_int_equal(system_cpu_count(&system), 4);
    system_free(&system);
}

static void page_sizes(void **state)
{
    struct system system;
    (void)state;
    load(&system, "<system>"
                  "<memory_region name='both' size='0x400000'/>"
                  "<memory_region name='misplaced' size='0x400000'/>"
                  "<memory_region name='odd' size='0x401000'/>"
                  "<memory_region name='given' size='0x400000' page_size='0x1000'/>"
                  "<memory_region name='fixed' size='0x200000' phys_addr='0x1001000'/>"
                  "<memory_region name='hardware' source='hardware'/>"
                  "<protection_domain name='a'>"
                  "<map mr='both' vaddr='0x40000000'/><map mr='misplaced' vaddr='0x50001000'/>"
                  "<map mr='odd' vaddr='0x60000000'/><map mr='given' vaddr='0x70000000'/>"
                  "<map mr='fixed' vaddr='0x80000000'/><map mr='hardware' vaddr='0x90000000' perms='r'/>"
                  "</protection_domain></system>");
    assert_int_equal(system_find_region(&system, "both")->page_size, PAGE_SIZE_2M);
    assert_int_equal(system_find_region(&system, "misplaced")->page_size, PAGE_SIZE_4K);
    assert_int_equal(system_find_region(&system, "odd")->page_size, PAGE_SIZE_4K);
    assert_int_equal(system_find_region(&system, "given")->page_size, PAGE_SIZE_4K);
    assert_int_equal(system_find_region(&system, "fixed")->page_size, PAGE_SIZE_4K);
    assert_int_equal(system_find_region(&system, "hardware")->size, 0x20000);
    assert_true(region_is_writable(&system, system_find_region(&system, "both")));
    assert_false(region_is_writable(&system, system_find_region(&system, "hardware")));
    system_free(&system);
}

static void region_kinds(void **state)
{
    struct system system;
    (void)state;
    load(&system, "<system>"
                  "<memory_region name='anywhere' size='0x1000'/>"
                  "<memory_region name='vga' size='0x1000' phys_addr='0xb8000'/>"
                  "<memory_region name='registers' size='0x1000' phys_addr='0xfe000000'/>"
                  "<memory_region name='dma' size='0x1000' phys_addr='0x2000000'/>"
                  "<memory_region name='said_ram' size='0x1000' phys_addr='0x3000000' source='ram'/>"
                  "<memory_region name='said_device' size='0x1000' phys_addr='0x4000000' source='device'/>"
                  "<protection_domain name='a'>"
                  "<map mr='anywhere' vaddr='0x10000000' cached='false'/><map mr='vga' vaddr='0x10010000'/>"
                  "<map mr='registers' vaddr='0x10020000' cached='false'/><map mr='dma' vaddr='0x10030000'/>"
                  "<map mr='said_ram' vaddr='0x10040000' cached='false'/><map mr='said_device' vaddr='0x10050000'/>"
                  "</protection_domain></system>");
    static const struct {
        const char *name;
        enum plan_region_kind kind;
    } kinds[] = {
        {"anywhere", PLAN_REGION_RAM}, {"vga", PLAN_REGION_DEVICE},   {"registers", PLAN_REGION_DEVICE},
        {"dma", PLAN_REGION_RAM},      {"said_ram", PLAN_REGION_RAM}, {"said_device", PLAN_REGION_DEVICE},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        assert_int_equal(region_kind(&system, system_find_region(&system, kinds[i].name)), kinds[i].kind);
    }
    system_free(&system);
}

static void diagnostics_are_sorted_and_told_once(void **state)
{
    struct system system;
    (void)state;
    load(&system, "<system>\n<channel>\n<end pd='x' id='0'/>\n</channel>\n<memory_region name='a'/>\n"
                  "<protection_domain name='p'>\n<map mr='b' vaddr='1' oops='1'/>\n</protection_domain></system>");
    char *text = messages(&system);
    const char *last = text;
    static const char *const lines[] = {":2: error: ", ":3: error: ", ":5: error: ", ":6: error: ", ":7: error: "};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *found = strstr(text, lines[i]);
        assert_non_null(found);
        assert_true(found >= last);
        last = found;
    }
    const char *first = strstr(text, "has 1 <end>");
    assert_non_null(first);
    assert_null(strstr(first + 1, "has 1 <end>"));
    free(text);
    system_free(&system);
}

static void syntax_errors(void **state)
{
    static const char *const texts[] = {
        "",
        "<",
        "<system",
        "<system></sistem>",
        "<system><a></system>",
        "<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]><system>&c;</system>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><system/>",
        "<system>&undefined;</system>",
        "<system a='1' a='2'/>",
        "<?xml version='1.0' encoding='no-such-encoding'?><system/>",
        "\xff\xfe<system/>",
        "<system/><system/>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct system system;
        load(&system, texts[i]);
        assert_true(system.syntax_error);
        assert_true(system.diagnostics.error_count > 0);
        system_free(&system);
    }
}

/* Every thread's stack, buffer and vCPU page are apart from each other. */
static void address_space_of_a_vmm(void **state)
{
    struct system system;
    struct list ranges = {0};
    (void)state;
    load(&system, "<system><protection_domain name='a' stack_size='0xffe000'><virtual_machine name='v'>"
                  "<vcpu id='0' cpu='0'/><vcpu id='1' cpu='1'/><vcpu id='2' cpu='2'/><vcpu id='3' cpu='3'/>"
                  "</virtual_machine></protection_domain></system>");
    const struct pd *pd = system_find_pd(&system, "a");
    assert_int_equal(pd_thread_count(pd), 4);
    assert_int_equal(pd_thread_cpu(pd, 3), 3);
    assert_int_equal(system_cpu_count(&system), 4);
    layout_occupied(&system, pd, &ranges);
    assert_int_equal(ranges.count, 12);
    for (size_t i = 0; i < ranges.count; i++) {
        const struct occupied *a = ranges.items[i];
        assert_true(a->start < a->end && a->end <= system.target->user_end);
        for (size_t j = 0; j < i; j++) {
            const struct occupied *b = ranges.items[j];
            assert_true(a->end <= b->start || b->end <= a->start);
        }
    }
    system_free(&system);
}

/* Page tables of one mapping, counted by hand. */
static void kernel_memory(void **state)
{
    struct system system;
    struct plan_tables plan = {.system = &system};
    struct plan_region region = {.size = 1ull << 30, .page_size = PAGE_SIZE_4K};
    struct plan_map map = {.virtual_address = 0x40000000, .size = 1ull << 30};
    (void)state;
    load(&system, "<system/>");
    uint64_t empty = plan_kernel_pool_size(&plan);
    assert_int_equal(empty % PAGE_SIZE_2M, 0);
    assert_true(empty > 0);
    plan.tables[PLAN_TABLE_REGIONS] = (struct plan_rows){.rows = &region, .count = 1};
    plan.tables[PLAN_TABLE_MAPS] = (struct plan_rows){.rows = &map, .count = 1};
    /* 1 GiB in 4 KiB pages: 512 page tables, a directory and its parent. */
    assert_in_range(plan_kernel_pool_size(&plan), empty + (512 + 2) * 4096 - PAGE_SIZE_2M,
                    empty + (512 + 3) * 4096 + PAGE_SIZE_2M);
    /* Each thread has at least its IPC buffer with three levels of tables. */
    struct plan_tables many = {.system = &system};
    static struct plan_thread threads[200];
    many.tables[PLAN_TABLE_THREADS] = (struct plan_rows){.rows = threads, .count = 200};
    assert_true(plan_kernel_pool_size(&many) >= 200 * (4 + 2 + 4) * 4096);
    region.page_size = PAGE_SIZE_1G;
    assert_in_range(plan_kernel_pool_size(&plan), empty, empty + PAGE_SIZE_2M);
    system_free(&system);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_parents), cmocka_unit_test(page_sizes),
        cmocka_unit_test(region_kinds),      cmocka_unit_test(diagnostics_are_sorted_and_told_once),
        cmocka_unit_test(syntax_errors),     cmocka_unit_test(address_space_of_a_vmm),
        cmocka_unit_test(kernel_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
