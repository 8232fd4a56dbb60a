/* SPDX-License-Identifier: BSD-2-Clause */
/* The manager: line editor, commands, requests to VMMs, their faults. */
#include <stdio.h>
#include <string.h>

#include <base/memory.h>
#include <microkit.h>

#include <skyscope/vm_devices.h>

#include <command_line.h>
#include <fault_status.h>

#include "manager_fixture.h"

/* --- Configuration --- */

static void configuration_is_checked(void **state)
{
    struct fixture *f = *state;
    static struct manager m;
    assert_false(manager_initialise(&m, &operations, NULL, 1));
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        struct manager_config c = f->config;                                                                           \
        change;                                                                                                        \
        assert_false(manager_initialise(&m, &operations, &c, 1));                                                      \
    } while (0)
    REFUSED(c.magic++);
    REFUSED(c.version++);
    REFUSED(c.size--);
    REFUSED(c.vm_count = MANAGER_MAX_VMS + 1);
    REFUSED(c.vms[1].control = 0);
    REFUSED(c.vms[1].control++);
    REFUSED(c.vms[0].channel = 62);
    REFUSED(c.vms[0].child_id = 62);
    REFUSED(c.vms[0].name[0] = 0);
    REFUSED(memset(c.vms[0].name, 'x', sizeof(c.vms[0].name)));
}

/* --- Line editor --- */

static void line_editing(void **state)
{
    struct fixture *f = *state;
    struct line_editor *e = &f->manager.editor;
    type(f, "hepl\x7f\x7flp");
    assert_string_equal(e->line, "help");
    type(f, " one two\x17"); /* Ctrl-W */
    assert_string_equal(e->line, "help one ");
    type(f, "\x15"); /* Ctrl-U */
    assert_string_equal(e->line, "");
    type(f, "\x7f\b");
    assert_string_equal(e->line, "");
    type(f, "abc\x03"); /* Ctrl-C */
    assert_string_equal(e->line, "");
    assert_int_equal(e->history_count, 0);
    type(f, "\x1b[C\x1b[3~x\x01\x80y"); /* keys without meaning here */
    assert_string_equal(e->line, "xy");
}

static void line_has_a_limit(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 500; i++) {
        type(f, "x");
    }
    assert_int_equal(strlen(f->manager.editor.line), LINE_LENGTH);
    type(f, "\r");
    assert_non_null(strstr(screen(f), "there is no command xxx"));
}

static void earlier_lines_come_back(void **state)
{
    struct fixture *f = *state;
    struct line_editor *e = &f->manager.editor;
    type(f, "\x1b[A");
    assert_string_equal(e->line, "");
    type(f, "first\rsecond\rsecond\r\r");
    type(f, "\x1b[A");
    assert_string_equal(e->line, "second");
    type(f, "\x1bOA");
    assert_string_equal(e->line, "first");
    type(f, "\x1b[A");
    assert_string_equal(e->line, "first");
    type(f, "\x1b[B");
    assert_string_equal(e->line, "second");
    type(f, "\x1b[B\x1b[B");
    assert_string_equal(e->line, "");
    for (int i = 0; i < 40; i++) {
        char line[32];
        snprintf(line, sizeof(line), "line%d\r", i);
        type(f, line);
    }
    for (int i = 0; i < 40; i++) {
        type(f, "\x1b[A");
    }
    assert_string_equal(e->line, "line24"); /* sixteen are kept */
}

static void completion(void **state)
{
    struct fixture *f = *state;
    struct line_editor *e = &f->manager.editor;
    type(f, "pow\t");
    assert_string_equal(e->line, "poweroff ");
    type(f, "\x15sta\t");
    assert_string_equal(e->line, "sta"); /* start, statistics */
    assert_non_null(strstr(screen(f), "start  statistics"));
    type(f, "r\ta\t");
    assert_string_equal(e->line, "start alpha ");
    type(f, "\t\x15log k\t");
    assert_string_equal(e->line, "log kernel ");
    type(f, "\x15hardware m\t");
    assert_string_equal(e->line, "hardware memory ");
    type(f, "\x15zzz\t");
    assert_string_equal(e->line, "zzz");
}

static void carriage_return_and_line_feed_are_one(void **state)
{
    struct fixture *f = *state;
    type(f, "nonsense\r\n");
    const char *text = screen(f);
    const char *first = strstr(text, "manager> ");
    assert_non_null(first);
    assert_null(strstr(first + 1, "manager> "));
}

static void words_and_numbers(void **state)
{
    (void)state;
    struct command_words words;
    char line[] = "  one   two ";
    assert_true(split_command(line, &words));
    assert_int_equal(words.count, 2);
    assert_string_equal(words.word[0], "one");
    assert_string_equal(words.word[1], "two");
    char many[] = "1 2 3 4 5 6 7 8 9 10 11 12 13";
    assert_false(split_command(many, &words));
    uint32_t value = 7;
    assert_true(parse_number("42", 100, &value));
    assert_int_equal(value, 42);
    assert_false(parse_number("101", 100, &value));
    assert_false(parse_number("18446744073709551617", 100, &value));
    assert_false(parse_number("", 100, &value));
    assert_false(parse_number("-1", 100, &value));
    assert_false(parse_number("1x", 100, &value));
    assert_int_equal(value, 42);
}

/* --- Requests --- */

static void a_request_waits_for_its_answer(void **state)
{
    struct fixture *f = *state;
    type(f, "pause beta\r");
    assert_true(f->manager.busy);
    assert_int_equal(notified_channel, 2);
    assert_int_equal(f->control[1].request.command, VM_COMMAND_PAUSE);
    assert_int_equal(f->control[1].request.sequence, 1);
    assert_int_equal(f->control[0].request.sequence, 0);
    assert_true(manager_poll(&f->manager));
    clear(f);
    f->control[1].status.sequence = 1;
    assert_false(manager_poll(&f->manager));
    assert_false(f->manager.busy);
    assert_non_null(strstr(screen(f), "beta: pause: done\r\nmanager> "));
    type(f, "resume 1\r");
    f->control[1].status.sequence = 2;
    f->control[1].status.result = VM_RESULT_WRONG_STATE;
    manager_poll(&f->manager);
    assert_non_null(strstr(screen(f), "not possible in its present state"));
}

static void silence_is_reported(void **state)
{
    struct fixture *f = *state;
    type(f, "reset alpha\r");
    f->control[0].status.sequence = 77; /* not ours */
    time_now += MANAGER_ANSWER_SECONDS * 1000000 - 1;
    assert_true(manager_poll(&f->manager));
    time_now += 1;
    assert_false(manager_poll(&f->manager));
    assert_false(f->manager.busy);
    assert_non_null(strstr(screen(f), "alpha: reset: its VMM does not answer"));
    /* A late answer changes nothing. */
    f->control[0].status.sequence = 1;
    clear(f);
    manager_poll(&f->manager);
    assert_string_equal(screen(f), "");
}

static void wrong_commands_are_explained(void **state)
{
    struct fixture *f = *state;
    type(f, "start\r");
    assert_non_null(strstr(screen(f), "usage: start VM"));
    type(f, "start gamma\r");
    assert_non_null(strstr(screen(f), "there is no VM gamma"));
    type(f, "start 2\r");
    assert_non_null(strstr(screen(f), "there is no VM 2"));
    type(f, "frobnicate\r");
    assert_non_null(strstr(screen(f), "there is no command frobnicate"));
    type(f, "log alpha x\r");
    assert_non_null(strstr(screen(f), "usage: log"));
    type(f, "1 2 3 4 5 6 7 8 9 10 11 12 13\r");
    assert_non_null(strstr(screen(f), "too many words"));
    assert_int_equal(notifications, 0);
    assert_int_equal(last_system_operation, -1);
    type(f, "poweroff now\r");
    assert_int_equal(last_system_operation, -1);
    type(f, "poweroff\r");
    assert_int_equal(last_system_operation, SKYSCOPE_SYSTEM_POWER_OFF);
    type(f, "reboot\r");
    assert_int_equal(last_system_operation, SKYSCOPE_SYSTEM_RESET);
}

static void answer_memory(struct fixture *f, uint32_t result)
{
    f->control[1].status.result = result;
    f->control[1].status.sequence = f->control[1].request.sequence;
    assert_false(manager_poll(&f->manager));
}

static void memory_of_a_vm(void **state)
{
    struct fixture *f = *state;
    type(f, "vm memory beta 100MiB\r");
    assert_int_equal(f->control[1].request.command, VM_COMMAND_MEMORY);
    assert_int_equal(f->control[1].request.argument, 100 << 20);
    f->control[1].status.memory = (struct vm_memory_status){
        .wanted = 100 << 20, .given_up = 33 << 20, .total = 250 << 20, .free = 77 << 20, .available = 99 << 20};
    clear(f);
    answer_memory(f, VM_RESULT_DONE);
    const char *text = screen(f);
    assert_non_null(strstr(text, "given up by the guest        33 MiB"));
    assert_non_null(strstr(text, "free                         77 MiB"));
    type(f, "vm memory beta\r");
    assert_true(f->control[1].request.argument == VM_MEMORY_AS_IT_IS);
    clear(f);
    answer_memory(f, VM_RESULT_NO_DEVICE);
    assert_non_null(strstr(screen(f), "beta: memory: it has no <balloon>"));
    f->control[1].status.memory.total = 0;
    type(f, "vm memory beta\r");
    clear(f);
    answer_memory(f, VM_RESULT_DONE);
    assert_non_null(strstr(screen(f), "no driver for the balloon"));
}

static void answer_plug(struct fixture *f, uint32_t result)
{
    f->control[1].status.result = result;
    f->control[1].status.sequence = f->control[1].request.sequence;
    assert_false(manager_poll(&f->manager));
}

static void add_devices(struct fixture *f)
{
    static const struct vm_device_status devices[] = {{"root", VM_DEVICE_BLOCK, VM_PLUG_FIXED},
                                                      {"spare", VM_DEVICE_BLOCK, VM_PLUG_UNPLUGGED},
                                                      {"lan", VM_DEVICE_NET, VM_PLUG_LEAVING}};
    memcpy(f->control[1].status.devices, devices, sizeof(devices));
    f->control[1].status.device_count = 3;
}

static void devices_are_plugged_and_unplugged(void **state)
{
    static const struct {
        const char *line, *device, *answer;
        enum vm_command command;
        enum vm_result result;
    } cases[] = {
        {"disk plug beta spare\r", "spare", "beta: plug: done", VM_COMMAND_PLUG, VM_RESULT_DONE},
        {"disk plug 1 spare\r", "spare", "beta: plug: it is plugged", VM_COMMAND_PLUG, VM_RESULT_WRONG_STATE},
        {"disk unplug beta root\r", "root", "the device is fixed", VM_COMMAND_UNPLUG, VM_RESULT_FIXED},
        {"net unplug beta lan\r", "lan", "has not let go of it yet", VM_COMMAND_UNPLUG, VM_RESULT_GUEST_KEEPS_IT},
        {"net unplug beta lan force\r", "lan", "unplug force: done", VM_COMMAND_PULL, VM_RESULT_DONE},
        {"net unplug beta lan\r", "lan", "it is not plugged", VM_COMMAND_UNPLUG, VM_RESULT_WRONG_STATE},
        {"disk plug beta spare\r", "spare", "it has no such device", VM_COMMAND_PLUG, VM_RESULT_NO_DEVICE},
    };
    struct fixture *f = *state;
    add_devices(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        type(f, cases[i].line);
        assert_int_equal(f->control[1].request.command, cases[i].command);
        assert_string_equal(f->control[1].request.device, cases[i].device);
        assert_int_equal(f->control[1].request.sequence, i + 1);
        assert_true(f->manager.busy);
        clear(f);
        answer_plug(f, cases[i].result);
        assert_non_null(strstr(screen(f), cases[i].answer));
    }
}

static void plug_commands_that_are_none(void **state)
{
    static const struct {
        const char *line, *answer;
    } cases[] = {
        {"disk plug beta\r", "usage: disk plug VM NAME"},
        {"disk plug beta spare force\r", "usage: disk plug VM NAME"},
        {"net unplug beta lan gently\r", "net unplug VM NAME [force]"},
        {"disk plug gamma spare\r", "there is no VM gamma"},
        {"disk plug beta lan\r", "beta has no disk lan; disk list shows them"},
        {"net plug beta spare\r", "beta has no net spare"},
        {"disk plug alpha spare\r", "alpha has no disk spare"},
        {"disk\r", "usage: disk list"},
    };
    struct fixture *f = *state;
    add_devices(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        clear(f);
        type(f, cases[i].line);
        assert_non_null(strstr(screen(f), cases[i].answer));
        assert_false(f->manager.busy);
    }
    assert_int_equal(f->control[0].request.sequence, 0);
    assert_int_equal(f->control[1].request.sequence, 0);
    /* A VMM that counts wrongly, and names without end. */
    f->control[1].status.device_count = UINT32_MAX;
    memset(f->control[1].status.devices, 's', sizeof(f->control[1].status.devices));
    type(f, "disk plug beta spare\r");
    assert_non_null(strstr(screen(f), "beta has no disk spare"));
}

static void states_of_plugs_are_listed(void **state)
{
    struct fixture *f = *state;
    static struct storage_counters counters;
    static const char *const names[] = {"beta/root", "beta/spare", "alpha/spare", "beta/lan", "beta", "bet/spare"};
    add_devices(f);
    counters = (struct storage_counters){.magic = STORAGE_COUNTERS_MAGIC, .disk_count = 6};
    for (uint32_t i = 0; i < 6; i++) {
        snprintf(counters.disks[i].name, sizeof(counters.disks[i].name), "%s", names[i]);
        counters.disks[i].state = STORAGE_DISK_READY;
        counters.disks[i].kind = STORAGE_MEMORY;
    }
    f->manager.storage = &counters;
    type(f, "disk list\r");
    const char *text = screen(f), *line = strstr(text, "beta/root");
    static const char *const ends[] = {"0\r\n", "unplugged\r\n", "0\r\n", "leaving\r\n", "0\r\n", "0\r\n"};
    for (uint32_t i = 0; i < 6; i++) {
        assert_non_null(line);
        assert_memory_equal(line, names[i], strlen(names[i]));
        line = strchr(line, '\n') + 1;
        assert_memory_equal(line - strlen(ends[i]), ends[i], strlen(ends[i]));
    }
}

static struct storage_counters disk_counters;
static struct storage_request disk_request;

/* A storage service with one disk, which has both limits. */
static void add_storage(struct fixture *f)
{
    disk_counters = (struct storage_counters){.magic = STORAGE_COUNTERS_MAGIC, .disk_count = 1};
    disk_request = (struct storage_request){0};
    snprintf(disk_counters.disks[0].name, sizeof(disk_counters.disks[0].name), "beta/root");
    disk_counters.disks[0].requests_per_second = 77;
    disk_counters.disks[0].bytes_per_second = 1 << 20;
    f->config.storage = (uintptr_t)&disk_counters;
    f->config.storage_request = (uintptr_t)&disk_request;
    f->config.storage_channel = 41;
    assert_true(manager_initialise(&f->manager, &operations, &f->config, 1000000));
}

static void limits_of_disks(void **state)
{
    static const struct {
        const char *line;
        uint64_t requests, bytes;
    } cases[] = {
        {"disk limit beta root iops 100\r", 100, 1 << 20},
        {"disk limit 1 root bandwidth 4KiB\r", 77, 4096},
        {"disk limit beta root iops none bandwidth 10M\r", 0, 10 << 20},
        {"disk limit beta root bandwidth none iops 1\r", 1, 0},
    };
    struct fixture *f = *state;
    add_storage(f);
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        notified_channel = 999;
        type(f, cases[i].line);
        assert_int_equal(notified_channel, 41);
        assert_int_equal(disk_request.sequence, i + 1);
        assert_int_equal(disk_request.command, STORAGE_COMMAND_LIMIT);
        assert_int_equal(disk_request.disk, 0);
        assert_int_equal(disk_request.requests_per_second, cases[i].requests);
        assert_int_equal(disk_request.bytes_per_second, cases[i].bytes);
        assert_true(f->manager.busy);
        assert_true(manager_poll(&f->manager));
        disk_counters.sequence = i + 1;
        clear(f);
        assert_false(manager_poll(&f->manager));
        assert_false(f->manager.busy);
        assert_non_null(strstr(screen(f), "done\r\nmanager> "));
    }
    type(f, "disk limit beta root iops 5\r");
    disk_counters.result = STORAGE_RESULT_NO_DISK;
    disk_counters.sequence++;
    manager_poll(&f->manager);
    assert_non_null(strstr(screen(f), "does not use this disk"));
    type(f, "disk limit beta root iops 5\r");
    time_now += 6 * 1000000;
    assert_false(manager_poll(&f->manager));
    assert_non_null(strstr(screen(f), "the storage service does not answer"));
}

static void limits_that_are_none(void **state)
{
    static const char *const lines[] = {
        "iops",      "iops 0",         "iops -1", "iops 1000000001", "bandwidth 4095", "bandwidth much",
        "speed 100", "iops 1 speed 2", "",        "iops 1 bandwidth"};
    struct fixture *f = *state;
    char line[80];
    type(f, "disk limit beta root iops 5\r");
    assert_non_null(strstr(screen(f), "this system has no disks"));
    add_storage(f);
    for (uint32_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        clear(f);
        snprintf(line, sizeof(line), "disk limit beta root %s\r", lines[i]);
        type(f, line);
        assert_non_null(strstr(screen(f), "usage: disk limit"));
    }
    type(f, "disk limit beta none iops 5\r");
    assert_non_null(strstr(screen(f), "there is no disk beta/none"));
    type(f, "disk limit gamma root iops 5\r");
    assert_non_null(strstr(screen(f), "there is no VM gamma"));
    assert_int_equal(disk_request.sequence, 0);
}

static void memory_commands_that_are_none(void **state)
{
    struct fixture *f = *state;
    static const char *const lines[] = {"vm\r",
                                        "vm memory\r",
                                        "vm memory beta 1x\r",
                                        "vm memory beta 1 2\r",
                                        "vm disk beta\r",
                                        "memory beta\r",
                                        "vm memory beta 99999999999999999999\r"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        type(f, lines[i]);
        assert_int_equal(f->control[1].request.sequence, 0);
    }
    type(f, "vm memory gamma\r");
    assert_non_null(strstr(screen(f), "there is no VM gamma"));
}

static void sizes(void **state)
{
    (void)state;
    uint64_t bytes;
    assert_true(parse_size("4096", &bytes) && bytes == 4096);
    assert_true(parse_size("3K", &bytes) && bytes == 3072);
    assert_true(parse_size("3KiB", &bytes) && bytes == 3072);
    assert_true(parse_size("2M", &bytes) && bytes == 2 << 20);
    assert_true(parse_size("1048576GiB", &bytes) && bytes == 1ull << 50);
    static const char *const wrong[] = {"", "K", "-1", "1 K", "1KB", "1k", "1048577GiB", "18446744073709551616"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(parse_size(wrong[i], &bytes));
    }
}

/* --- Faults --- */

static void a_failed_vmm_is_stopped_and_can_be_started_anew(void **state)
{
    struct fixture *f = *state;
    seL4_GetIPCBuffer()->msg[seL4_VMFault_IP] = 0x201234;
    seL4_GetIPCBuffer()->msg[seL4_VMFault_Addr] = 0xdead;
    seL4_GetIPCBuffer()->msg[seL4_VMFault_PrefetchFault] = 0;
    seL4_GetIPCBuffer()->msg[seL4_VMFault_FSR] = WRITE_FAULT_STATUS;
    manager_child_faulted(&f->manager, 11, seL4_MessageInfo_new(seL4_Fault_VMFault, 0, 0, 4).words[0]);
    assert_int_equal(stopped_child, 11);
    assert_non_null(strstr(screen(f), "beta: its VMM has failed and is stopped: invalid memory write at address "
                                      "0xdead, instruction at 0x201234"));
    assert_int_equal(vm_state_of(&f->manager.vms[1]), VM_STATE_FAILED);
    assert_int_equal(vm_state_of(&f->manager.vms[0]), VM_STATE_RUNNING);
    type(f, "pause beta\r");
    assert_false(f->manager.busy);
    assert_int_equal(notifications, 0);
    type(f, "start beta\r");
    assert_int_equal(restarted_child, 11);
    assert_int_equal(f->control[1].request.command, VM_COMMAND_START);
    assert_true(f->manager.busy);
    f->control[1].status.sequence = f->control[1].request.sequence;
    manager_poll(&f->manager);
    assert_int_equal(vm_state_of(&f->manager.vms[1]), VM_STATE_RUNNING);
}

static void a_fault_ends_waiting(void **state)
{
    struct fixture *f = *state;
    type(f, "stop alpha\r");
    assert_true(f->manager.busy);
    manager_child_faulted(&f->manager, 10, seL4_MessageInfo_new(seL4_Fault_UserException, 0, 0, 5).words[0]);
    assert_false(f->manager.busy);
    assert_false(manager_poll(&f->manager));
    manager_child_faulted(&f->manager, 55, seL4_MessageInfo_new(99, 0, 0, 0).words[0]); /* none of the VMs */
    assert_int_equal(stopped_child, 55);
}

static void output_is_bounded(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20000; i++) {
        print(&f->manager.out, "0123456789");
    }
    assert_int_equal(text_output_waiting(&f->manager.out), MANAGER_OUTPUT_SIZE);
    assert_int_equal(f->manager.out.dropped, 200000 - MANAGER_OUTPUT_SIZE);
}

static void help_names_every_command_that_can_be_completed(void **state)
{
    struct fixture *f = *state;
    type(f, "help\r");
    char text[8192];
    snprintf(text, sizeof(text), "%s", screen(f));
    for (unsigned int i = 0;; i++) {
        const char *name = f->manager.editor.candidates(&f->manager, "", i);
        if (name == NULL) {
            assert_true(i > 10);
            break;
        }
        assert_non_null(strstr(text, name));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(configuration_is_checked),
        TEST(line_editing),
        TEST(line_has_a_limit),
        TEST(earlier_lines_come_back),
        TEST(completion),
        TEST(carriage_return_and_line_feed_are_one),
        TEST(words_and_numbers),
        TEST(a_request_waits_for_its_answer),
        TEST(memory_of_a_vm),
        TEST(memory_commands_that_are_none),
        TEST(devices_are_plugged_and_unplugged),
        TEST(plug_commands_that_are_none),
        TEST(states_of_plugs_are_listed),
        TEST(limits_of_disks),
        TEST(limits_that_are_none),
        TEST(sizes),
        TEST(silence_is_reported),
        TEST(wrong_commands_are_explained),
        TEST(a_failed_vmm_is_stopped_and_can_be_started_anew),
        TEST(a_fault_ends_waiting),
        TEST(output_is_bounded),
        TEST(help_names_every_command_that_can_be_completed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
