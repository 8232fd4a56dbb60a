/* SPDX-License-Identifier: BSD-2-Clause */
/* The manager: line editor, commands, requests to VMMs, and what it shows of
 * memory that others write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <base/format.h>
#include <base/memory.h>
#include <microkit.h>

#include <command_line.h>
#include <fault_status.h>
#include <log_view.h>
#include <manager.h>
#include <skyscope/log_export.h>

/* --- In place of the libraries that PDs have --- */

void format_to_sink(format_sink sink, void *context, const char *format, va_list arguments)
{
    char text[1024];
    int length = vsnprintf(text, sizeof(text), format, arguments);
    assert_true(length >= 0 && (size_t)length < sizeof(text));
    sink(context, text, (size_t)length);
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    snprintf(to, size, "%s", from);
    return strlen(from);
}

static seL4_IPCBuffer ipc_buffer;

seL4_IPCBuffer *seL4_GetIPCBuffer(void)
{
    return &ipc_buffer;
}

/* --- Fixture --- */

struct log {
    struct log_ring ring;
    char text[64];
};

struct fixture {
    struct manager manager;
    struct manager_config config;
    struct vm_control control[2];
    struct kernel_statistics statistics;
    struct hardware_info hardware;
    struct log log;
    uint8_t operator_secret[SEAL_SECRET_KEY_SIZE], operator_key[SEAL_MAX_KEY_FILE];
    char screen[MANAGER_OUTPUT_SIZE + 1];
};

static uint64_t time_now;
static unsigned int notified_channel, restarted_child, stopped_child, calls;
static int system_operation;

static uint64_t now(void)
{
    return time_now;
}

static void notify(unsigned int channel)
{
    notified_channel = channel;
    calls++;
}

static void restart_child(unsigned int child)
{
    restarted_child = child;
}

static void stop_child(unsigned int child)
{
    stopped_child = child;
}

static void system_call_stub(enum skyscope_system_operation operation)
{
    system_operation = (int)operation;
}

static bool entropy_there;

static bool entropy(void *context, uint8_t *buffer, size_t size)
{
    (void)context;
    memset(buffer, 0x42, size);
    return entropy_there;
}

static const struct manager_operations operations = {now, notify, restart_child, stop_child, system_call_stub, entropy};

static void clear(struct fixture *f)
{
    f->screen[text_output_take(&f->manager.out, f->screen, MANAGER_OUTPUT_SIZE)] = '\0';
    memset(f->screen, 0, sizeof(f->screen));
}

static const char *screen(struct fixture *f)
{
    f->screen[text_output_take(&f->manager.out, f->screen, MANAGER_OUTPUT_SIZE)] = '\0';
    return f->screen;
}

static void type(struct fixture *f, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        assert_false(f->manager.busy);
        manager_key(&f->manager, *keys);
    }
}

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *state = f;
    time_now = 1000;
    notified_channel = restarted_child = stopped_child = 999;
    calls = 0;
    system_operation = -1;
    f->log.ring = (struct log_ring){.magic = LOG_RING_MAGIC, .capacity = sizeof(f->log.text)};
    f->hardware.version = HARDWARE_INFO_VERSION;
    f->statistics.version = KERNEL_STATISTICS_VERSION;
    f->statistics.tick_frequency = 1000000;
    f->config = (struct manager_config){
        .magic = MANAGER_CONFIG_MAGIC,
        .version = MANAGER_CONFIG_VERSION,
        .size = sizeof(f->config),
        .hardware = (uintptr_t)&f->hardware,
        .statistics = (uintptr_t)&f->statistics,
        .kernel_log = (uintptr_t)&f->log,
        .vm_count = 2,
    };
    static const char *const names[] = {"alpha", "beta"};
    for (uint32_t i = 0; i < 2; i++) {
        struct manager_vm_config *vm = &f->config.vms[i];
        snprintf(vm->name, sizeof(vm->name), "%s", names[i]);
        vm->control = (uintptr_t)&f->control[i];
        vm->log = (uintptr_t)&f->log;
        vm->log_size = sizeof(f->log);
        vm->channel = 1 + i;
        vm->child_id = 10 + i;
        vm->kernel_vm = i;
        vm->memory = 256u << 20;
        vm->vcpu_count = 1;
        f->control[i].status.state = VM_STATE_RUNNING;
    }
    assert_true(manager_initialise(&f->manager, &operations, &f->config, 1000000));
    manager_prompt(&f->manager);
    clear(f);
    return 0;
}

static int tear_down(void **state)
{
    test_free(*state);
    return 0;
}

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
    char many[] = "1 2 3 4 5 6 7 8 9";
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
    type(f, "1 2 3 4 5 6 7 8 9\r");
    assert_non_null(strstr(screen(f), "too many words"));
    assert_int_equal(calls, 0);
    assert_int_equal(system_operation, -1);
    type(f, "poweroff now\r");
    assert_int_equal(system_operation, -1);
    type(f, "poweroff\r");
    assert_int_equal(system_operation, SKYSCOPE_SYSTEM_POWER_OFF);
    type(f, "reboot\r");
    assert_int_equal(system_operation, SKYSCOPE_SYSTEM_RESET);
}

/* --- Faults --- */

static void a_failed_vmm_is_stopped_and_can_be_started_anew(void **state)
{
    struct fixture *f = *state;
    ipc_buffer.msg[seL4_VMFault_IP] = 0x201234;
    ipc_buffer.msg[seL4_VMFault_Addr] = 0xdead;
    ipc_buffer.msg[seL4_VMFault_PrefetchFault] = 0;
    ipc_buffer.msg[seL4_VMFault_FSR] = WRITE_FAULT_STATUS;
    manager_child_faulted(&f->manager, 11, seL4_MessageInfo_new(seL4_Fault_VMFault, 0, 0, 4).words[0]);
    assert_int_equal(stopped_child, 11);
    assert_non_null(strstr(screen(f), "beta: its VMM has failed and is stopped: invalid memory write at address "
                                      "0xdead, instruction at 0x201234"));
    assert_int_equal(vm_state_of(&f->manager.vms[1]), VM_STATE_FAILED);
    assert_int_equal(vm_state_of(&f->manager.vms[0]), VM_STATE_RUNNING);
    type(f, "pause beta\r");
    assert_false(f->manager.busy);
    assert_int_equal(calls, 0);
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

static void time_and_exits_are_summed(void **state)
{
    struct fixture *f = *state;
    struct kernel_statistics *s = &f->statistics;
    s->thread_count = 3;
    s->threads[0] = (struct thread_statistics){.pd = 0, .run_ticks = 9000000};
    s->threads[1] = (struct thread_statistics){.pd = 1, .run_ticks = 500000, .state = THREAD_IN_GUEST};
    s->threads[2] = (struct thread_statistics){.pd = 1, .index = 1, .run_ticks = 1000000};
    s->vcpu_count = 2;
    s->vcpus[0] = (struct vcpu_statistics){.vm = 0, .thread = 1, .guest_ticks = 2000000};
    s->vcpus[0].exits[VCPU_EXIT_CPUID] = 5;
    s->vcpus[1] = (struct vcpu_statistics){.vm = 0, .thread = 2, .guest_ticks = 3250000};
    s->vcpus[1].exits[VCPU_EXIT_CPUID] = 2;
    snprintf(s->pd_names[1], sizeof(s->pd_names[1]), "alpha_vmm");
    type(f, "vms\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, "5.250"));
    assert_non_null(strstr(text, "1.500"));
    assert_non_null(strstr(text, "exits: cpuid 7\r\n"));
    assert_non_null(strstr(text, "exits: none\r\n"));
    type(f, "pds\r");
    assert_non_null(strstr(screen(f), "alpha_vmm"));
    type(f, "statistics --raw\r");
    text = screen(f);
    assert_non_null(strstr(text, "vcpu.1.exits.cpuid 2\r\n"));
    assert_non_null(strstr(text, "thread.1.pd alpha_vmm\r\n"));
    assert_non_null(strstr(text, "thread.1.state in guest\r\n"));
}

static void write_log(struct fixture *f, const char *text)
{
    for (; *text != '\0'; text++) {
        f->log.text[f->log.ring.written++ % sizeof(f->log.text)] = *text;
    }
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

/* --- export log --- */

/* Gives the manager an operator's key. */
static void give_key(struct fixture *f)
{
    uint8_t key[SEAL_MAX_PUBLIC_KEY];
    memset(f->operator_secret, 0x17, sizeof(f->operator_secret));
    assert_true(seal_public_key(SEAL_X25519_ML_KEM_1024, f->operator_secret, key));
    f->config.operator_key = (uintptr_t)f->operator_key;
    f->config.operator_key_size = seal_key_file_write(SEAL_X25519_ML_KEM_1024, key, f->operator_key);
    assert_true(manager_initialise(&f->manager, &operations, &f->config, 1000000));
    clear(f);
    entropy_there = true;
}

/* What the operator gets from the text on the console. NULL: it is not whole. In memory of test_calloc(). */
static char *open_export(struct fixture *f, const char *console)
{
    struct armour_decoder decoder;
    struct seal_session session;
    uint8_t *sealed = test_calloc(1, 0x80000);
    char *text = test_calloc(1, 0x80000);
    size_t size = 0, at, length = 0;
    bool ended = false, last = false;
    armour_decoder_start(&decoder);
    while (*console != '\0' && !ended) {
        size_t line = strcspn(console, "\n"), piece;
        ended = armour_decode_line(&decoder, console, line, sealed + size, &piece) == ARMOUR_ENDED;
        size += piece;
        console += line + (console[line] == '\n');
    }
    assert_true(ended);
    assert_int_equal(seal_header_size(sealed, size, &at), SEAL_OK);
    assert_int_equal(seal_accept(&session, SEAL_X25519_ML_KEM_1024, f->operator_secret, sealed, at, LOG_EXPORT_CONTEXT,
                                 strlen(LOG_EXPORT_CONTEXT)),
                     SEAL_OK);
    while (!last) {
        size_t record, data;
        assert_int_equal(seal_record_size(sealed + at, size - at, &record), SEAL_OK);
        assert_true(record <= size - at);
        assert_int_equal(seal_read(&session, sealed + at, record, (uint8_t *)text + length, &data, &last), SEAL_OK);
        at += record;
        length += data;
    }
    assert_int_equal(at, size);
    test_free(sealed);
    return text;
}

static void logs_are_exported_to_the_operator(void **state)
{
    struct fixture *f = *state;
    give_key(f);
    write_log(f, "a line of the log\n\033[31mand another\n");
    type(f, "export log\r");
    assert_true(f->manager.busy);
    assert_false(manager_poll(&f->manager));
    assert_false(f->manager.busy);
    const char *console = screen(f);
    assert_null(strstr(console, "a line of the log"));
    assert_non_null(strstr(console, "sealed records\r\nmanager> "));
    char *text = open_export(f, console);
    assert_ptr_equal(strstr(text, "Skyscope log export\n"), text);
    static const char *const parts[] = {"\n=== hardware ===\n",
                                        "alpha",
                                        "\n=== statistics ===\n",
                                        "kernel.tick_frequency 1000000\n",
                                        "\n=== kernel: log ===\na line of the log\n?[31mand another\n",
                                        "\n=== VM alpha: faults of its VMM ===\nnone\n",
                                        "\n=== VM beta: log of its VMM ===\na line of the log\n?[31mand another\n"};
    const char *at = text;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        at = strstr(at, parts[i]);
        assert_non_null(at);
    }
    assert_null(strchr(text, '\r'));
    test_free(text);
}

/* A console that takes its time: nothing is lost, and what others say in between does no harm. */
static void an_export_waits_for_the_console(void **state)
{
    struct fixture *f = *state;
    static char console[0x100000];
    size_t length = 0, large = 0x30000;
    unsigned int polls = 0;
    give_key(f);
    struct log_ring *ring = test_calloc(1, sizeof(struct log_ring) + large);
    *ring = (struct log_ring){.magic = LOG_RING_MAGIC, .capacity = (uint32_t)large, .written = 5 * large + 100};
    for (size_t i = 0; i < large; i++) {
        ring->text[i] = i % 50 == 49 ? '\n' : (char)('a' + i % 26);
    }
    f->manager.vms[0].config.log = (uintptr_t)ring;
    f->manager.vms[0].config.log_size = (uint32_t)(sizeof(*ring) + large);
    f->manager.vms[1].config.log = (uintptr_t)ring;
    f->manager.vms[1].config.log_size = (uint32_t)(sizeof(*ring) + large);
    type(f, "export log\r");
    bool more = true;
    while (more) {
        more = manager_poll(&f->manager);
        if (++polls == 3) {
            seL4_SetMR(0, 0);
            manager_child_faulted(&f->manager, 10, 0);
        }
        for (unsigned int i = 0; i < 40; i++) {
            length += text_output_take(&f->manager.out, console + length, 1000);
        }
    }
    assert_int_equal(f->manager.out.dropped, 0);
    assert_true(polls > 5);
    text_output_take(&f->manager.out, console + length, MANAGER_OUTPUT_SIZE);
    assert_non_null(strstr(console, "alpha: its VMM has failed"));
    char *text = open_export(f, console);
    char *first = strstr(text, "=== VM alpha: log of its VMM ===\n"), *second = strstr(text, "=== VM beta: f");
    assert_true(first != NULL && second != NULL);
    assert_true((size_t)(second - first) > large);
    assert_true(strlen(second) > large);
    test_free(text);
    test_free(ring);
}

static void nothing_is_exported_without_key_or_entropy(void **state)
{
    struct fixture *f = *state;
    type(f, "export log\r");
    assert_non_null(strstr(screen(f), "this system has no operator's key"));
    assert_false(f->manager.busy);
    type(f, "export\rexport logs\rexport log now\r");
    assert_non_null(strstr(screen(f), "usage: export log"));
    give_key(f);
    entropy_there = false;
    type(f, "export log\r");
    const char *text = screen(f);
    assert_non_null(strstr(text, "no source of random numbers"));
    assert_null(strstr(text, "BEGIN"));
    assert_false(f->manager.busy);
    /* A key that is none. */
    f->operator_key[0] ^= 1;
    entropy_there = true;
    assert_true(manager_initialise(&f->manager, &operations, &f->config, 1000000));
    clear(f);
    type(f, "export log\r");
    text = screen(f);
    assert_non_null(strstr(text, "the operator's key is not usable: this is not an operator's public key file"));
    assert_null(strstr(text, "BEGIN"));
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
        TEST(silence_is_reported),
        TEST(wrong_commands_are_explained),
        TEST(a_failed_vmm_is_stopped_and_can_be_started_anew),
        TEST(a_fault_ends_waiting),
        TEST(hostile_status_is_shown_harmlessly),
        TEST(hostile_statistics_stay_inside),
        TEST(signatures_are_shown),
        TEST(time_and_exits_are_summed),
        TEST(the_end_of_a_log_is_shown),
        TEST(a_log_that_lies_about_itself),
        TEST(output_is_bounded),
        TEST(logs_are_exported_to_the_operator),
        TEST(an_export_waits_for_the_console),
        TEST(nothing_is_exported_without_key_or_entropy),
        TEST(help_names_every_command_that_can_be_completed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
