/* SPDX-License-Identifier: BSD-2-Clause */
/* What the manager shows of memory that others write. */
#include <stdio.h>
#include <string.h>

#include <log_view.h>

#include "manager_fixture.h"

/* --- Showing what others write --- */

static void hostile_status_is_shown_harmlessly(void **state)
{
    struct fixture *f = *state;
    memset(&f->control[0].status, 0xff, sizeof(f->control[0].status));
    memset(&f->control[1].status, 0x1b, sizeof(f->control[1].status));
    type(f, "list\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, "unknown"));
    for (; *text != '\0'; text++) {
        assert_true(*text == '\r' || *text == '\n' || (*text >= 0x20 && *text < 0x7f));
    }
}

static void hostile_statistics_stay_inside(void **state)
{
    struct fixture *f = *state;
    memset(&f->statistics, 0xff, sizeof(f->statistics));
    f->statistics.version = KERNEL_STATISTICS_VERSION;
    memset(&f->hardware, 0xff, sizeof(f->hardware));
    type(f, "list\r");
    clear(f);
    type(f, "pds\r");
    clear(f);
    type(f, "features\r");
    clear(f);
    type(f, "hardware\r");
    assert_non_null(strstr(screen(f), "PCI: 256 devices"));
    type(f, "statistics --raw\r");
    clear(f);
    manager_show_banner(&f->manager);
    clear(f);
}

/* Who vouched for the system; and nobody overlooks that its keys or images are not to be trusted. */
static void signatures_are_shown(void **state)
{
    struct fixture *f = *state;
    struct hardware_verification *v = &f->hardware.verification;
    clear(f);
    manager_show_banner(&f->manager);
    assert_non_null(strstr(screen(f), "NOT VERIFIED"));
    *v = (struct hardware_verification){.lattice_algorithm = "ML-DSA-87",
                                        .hash_based_algorithm = "SLH-DSA-SHA2-128s",
                                        .key_status = 1,
                                        .trust_serial = 4,
                                        .rollback_index = 17};
    for (uint8_t i = 0; i < 32; i++) {
        v->lattice_key_id[i] = i;
        v->hash_based_key_id[i] = (uint8_t)(0xa0 + i);
    }
    clear(f);
    manager_show_banner(&f->manager);
    const char *text = screen(f);
    assert_non_null(strstr(text, "version 17, by the primary key pair: ML-DSA-87 key 0001020304050607, "
                                 "SLH-DSA-SHA2-128s key a0a1a2a3a4a5a6a7"));
    assert_null(strstr(text, "DEVELOPMENT KEY"));
    assert_null(strstr(text, "UNSIGNED"));
    v->development = 1;
    v->unsigned_images = 2;
    v->key_status = 2;
    clear(f);
    manager_show_banner(&f->manager);
    text = screen(f);
    assert_non_null(strstr(text, "by the next key pair"));
    assert_non_null(strstr(text, "DEVELOPMENT KEY"));
    assert_non_null(strstr(text, "UNSIGNED: nothing vouches for 2 guest images"));
    clear(f);
    type(f, "hardware signatures\r");
    text = screen(f);
    assert_non_null(strstr(text, "trust anchor 4"));
    assert_non_null(strstr(text, "ML-DSA-87 key 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
    assert_non_null(strstr(text, "DEVELOPMENT KEY"));
    clear(f);
}

static void random_numbers_are_what_they_are_said_to_be(void **state)
{
    struct fixture *f = *state;
    clear(f);
    manager_show_banner(&f->manager);
    assert_non_null(strstr(screen(f), "random    no numbers for guests: 0 bits found, 256 needed"));
    f->hardware.entropy = (struct hardware_entropy){.credited = 512,
                                                    .sources = 1u << HARDWARE_ENTROPY_CPU | 1u << HARDWARE_ENTROPY_TPM,
                                                    .added = UINT32_MAX,
                                                    .seeds = 5};
    clear(f);
    manager_show_banner(&f->manager);
    assert_non_null(strstr(screen(f), "random    512 bits, from: processor, TPM\r\n"));
    clear(f);
    type(f, "hardware platform\r");
    assert_non_null(strstr(screen(f),
                           "random numbers 512 bits credited to: processor, TPM; added without credit: UEFI, "
                           "boot loader's seed, kaslr-seed, timing, time of day; seeds for 5 programs\r\n"));
    f->hardware.entropy.sources = UINT32_MAX; /* names that nobody knows are not looked up */
    clear(f);
    type(f, "hardware platform\r");
    assert_non_null(strstr(screen(f), "time of day; added"));
    clear(f);
}

static void time_and_exits_are_summed(void **state)
{
    struct fixture *f = *state;
    struct kernel_statistics *s = &f->statistics;
    s->thread_count = 3;
    s->threads[0] = (struct thread_statistics){.pd = 0, .run_ticks = 9000000};
    s->threads[1] = (struct thread_statistics){.pd = 1, .run_ticks = 500000, .state = THREAD_IN_GUEST};
    s->threads[2] = (struct thread_statistics){.pd = 1, .index = 1, .run_ticks = 1000000};
    s->vcpu_count = 2;
    s->vcpus[0] = (struct vcpu_statistics){.vm = 0, .thread = 1, .guest_ticks = 2000000, .interrupts = 70};
    s->vcpus[0].exits[VCPU_EXIT_CPUID] = 5;
    s->vcpus[1] = (struct vcpu_statistics){.vm = 0, .thread = 2, .guest_ticks = 3250000, .interrupts = 7};
    f->control[0].status.interrupts_injected = 123400;
    f->control[0].status.queue_notifications = 31;
    f->control[0].status.queue_interrupts = 41;
    f->control[0].status.queue_interrupts_saved = 59;
    s->vcpus[1].exits[VCPU_EXIT_CPUID] = 2;
    snprintf(s->pd_names[1], sizeof(s->pd_names[1]), "alpha_vmm");
    type(f, "vms\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, "5.250"));
    assert_non_null(strstr(text, "1.500"));
    assert_non_null(strstr(text, " 123477 "));
    assert_non_null(strstr(text, "exits: cpuid 7\r\n"));
    assert_non_null(strstr(text, "exits: none\r\n"));
    type(f, "pds\r");
    assert_non_null(strstr(screen(f), "alpha_vmm"));
    type(f, "statistics --raw\r");
    text = screen(f);
    assert_non_null(strstr(text, "vcpu.1.exits.cpuid 2\r\n"));
    assert_non_null(strstr(text, "thread.1.pd alpha_vmm\r\n"));
    assert_non_null(strstr(text, "thread.1.state in guest\r\n"));
    assert_non_null(strstr(text, "vm.0.name alpha\r\nvm.0.interrupts_injected 123400\r\n"
                                 "vm.0.queue_notifications 31\r\nvm.0.queue_interrupts 41\r\n"
                                 "vm.0.queue_interrupts_saved 59\r\nvm.1.name "));
}

static void the_end_of_a_log_is_shown(void **state)
{
    struct fixture *f = *state;
    write_log(f, "one\ntwo\nthree\x1b[31m\n");
    type(f, "log kernel 2\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, "\r\ntwo\r\nthree?[31m\r\nmanager>"));
    assert_null(strstr(text, "one"));
    write_log(f, "0123456789012345678901234567890123456789012345678901234567890123456789\nlast, unfinished");
    clear(f);
    type(f, "log alpha\r");
    text = screen(f);
    assert_non_null(strstr(text, "last, unfinished\r\nmanager>"));
    assert_null(strstr(text, "three"));
}

static void a_log_that_lies_about_itself(void **state)
{
    struct fixture *f = *state;
    write_log(f, "text\n");
    struct log_ring good = f->log.ring;
    f->log.ring.capacity = 65;
    type(f, "log alpha\r");
    assert_non_null(strstr(screen(f), "no log"));
    f->log.ring.capacity = 0;
    type(f, "log alpha\r");
    assert_non_null(strstr(screen(f), "no log"));
    f->log.ring = good;
    f->log.ring.magic = 0;
    type(f, "log alpha\r");
    assert_non_null(strstr(screen(f), "no log"));
    f->log.ring = good;
    f->log.ring.written = UINT64_MAX;
    type(f, "log alpha\r");
    clear(f);
    struct text_output *out = &f->manager.out;
    show_log(out, &f->log.ring, sizeof(f->log.ring), 10);
    show_log(out, NULL, 4096, 10);
    assert_non_null(strstr(screen(f), "no log\r\nno log"));
}

static void disks_are_shown(void **state)
{
    struct fixture *f = *state;
    struct storage_counters counters = {.disk_count = 4};
    type(f, "disk list\r");
    assert_non_null(strstr(screen(f), "this system has no disks"));
    f->manager.storage = &counters;
    clear(f);
    type(f, "disk list\r"); /* the service has not begun */
    assert_non_null(strstr(screen(f), "this system has no disks"));
    counters.magic = STORAGE_COUNTERS_MAGIC;
    counters.disks[0] = (struct storage_disk_counters){.name = "alpha/root",
                                                       .kind = STORAGE_OVERLAY,
                                                       .state = STORAGE_DISK_READY,
                                                       .size = 64 << 20,
                                                       .reads = 1234,
                                                       .written_bytes = 56 << 10,
                                                       .overlay_used = 3,
                                                       .overlay_blocks = 16};
    counters.disks[1] = (struct storage_disk_counters){.name = "beta/data",
                                                       .kind = STORAGE_MEMORY,
                                                       .state = STORAGE_DISK_READY,
                                                       .requests_per_second = 100,
                                                       .bytes_per_second = 1 << 20,
                                                       .waits = 7,
                                                       .throttled = 1,
                                                       .refused = 9};
    counters.disks[2] = (struct storage_disk_counters){.name = "beta/lost", .state = STORAGE_DISK_NO_PARTITION};
    memset(&counters.disks[3], 0xff, sizeof(counters.disks[3]));
    clear(f);
    type(f, "disk list\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, "alpha/root               overlay     65536      1234"));
    assert_non_null(strstr(text, "overlay: 12 of 64 KiB used"));
    assert_non_null(strstr(text, "limits: 100 requests/s 1024 KiB/s; it has waited 7 times, and waits now"));
    assert_non_null(strstr(text, "refused: 9; failed"));
    assert_non_null(strstr(text, "beta/lost                its image has no such partition"));
    assert_non_null(strstr(text, "????????"));
    counters.disk_count = 0xffffffff; /* no more is read than there is */
    clear(f);
    type(f, "disk list\r");
    type(f, "disk\r");
    assert_non_null(strstr(screen(f), "usage: disk list"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(hostile_status_is_shown_harmlessly),
        TEST(hostile_statistics_stay_inside),
        TEST(signatures_are_shown),
        TEST(random_numbers_are_what_they_are_said_to_be),
        TEST(time_and_exits_are_summed),
        TEST(the_end_of_a_log_is_shown),
        TEST(a_log_that_lies_about_itself),
        TEST(disks_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
