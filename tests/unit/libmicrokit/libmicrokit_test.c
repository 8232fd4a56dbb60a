/* SPDX-License-Identifier: BSD-2-Clause */
/* libmicrokit on a kernel that the test plays: which system calls it makes, and
 * which entry points it calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <context_size.h>

#include "../../../libmicrokit/src/runtime.h"

/* --- The kernel --- */

struct call {
    uint64_t number;
    struct call_registers in;
};

struct answer {
    uint64_t number; /* to a call of this number */
    int64_t status;
    struct call_registers out;
};

#define MAX_CALLS 256

static struct call calls[MAX_CALLS];
static unsigned int call_count;
static const struct answer *script; /* answers to calls that wait or return something */
static unsigned int script_length, script_position;
static int64_t status_of[SYSCALL_COUNT]; /* of other calls */
static char debug_text[4096];
static jmp_buf end_of_script;
static unsigned int thread_index;
static seL4_IPCBuffer ipc_buffer;
static unsigned int thread_count = 1;
static bool has_vcpu;

static void collect_debug_text(const struct call_registers *r)
{
    uint64_t words[4] = {r->a0, r->a2, r->m0, r->m1};
    size_t length = strlen(debug_text);
    assert_true(r->a1 <= 32 && length + 32 < sizeof(debug_text));
    memcpy(debug_text + length, words, r->a1);
    debug_text[length + r->a1] = '\0';
}

int64_t fake_kernel(uint64_t number, struct call_registers *r)
{
    assert_true(number < SYSCALL_COUNT);
    if (number == SYSCALL_DEBUG_WRITE) {
        collect_debug_text(r);
        return 0;
    }
    assert_true(call_count < MAX_CALLS);
    calls[call_count++] = (struct call){number, *r};
    if (script_position < script_length && script[script_position].number == number) {
        const struct answer *answer = &script[script_position++];
        *r = answer->out;
        return answer->status;
    }
    switch (number) {
    case SYSCALL_RECV:
    case SYSCALL_REPLY_RECV:
    case SYSCALL_SEND_RECV:
    case SYSCALL_VCPU_RUN:
    case SYSCALL_VCPU_WAIT:
        longjmp(end_of_script, 1); /* waits for ever */
    case SYSCALL_VCPU_READ:
        return has_vcpu ? 0 : -SKYSCOPE_NO_VCPU;
    case SYSCALL_THREAD_SIGNAL:
        return r->a0 < thread_count ? 0 : -SKYSCOPE_INVALID_ARGUMENT;
    default:
        return status_of[number];
    }
}

/* Calls of that number, in order; index counts from 0. */
static const struct call_registers *nth_call(uint64_t number, unsigned int index)
{
    for (unsigned int i = 0; i < call_count; i++) {
        if (calls[i].number == number && index-- == 0) {
            return &calls[i].in;
        }
    }
    fail_msg("no call %u", (unsigned int)number);
    return NULL;
}

static unsigned int count_of(uint64_t number)
{
    unsigned int n = 0;
    for (unsigned int i = 0; i < call_count; i++) {
        n += calls[i].number == number;
    }
    return n;
}

/* --- What libmicrokit gets elsewhere --- */

unsigned int microkit_thread_index(void)
{
    return thread_index;
}

seL4_IPCBuffer *microkit_ipc_buffer(void)
{
    return &ipc_buffer;
}

seL4_IPCBuffer *seL4_GetIPCBuffer(void)
{
    return &ipc_buffer;
}

static unsigned int restores;

void microkit_seed_stack_guard(void)
{
}

static void no_constructor(void)
{
}

/* The linker script's: one constructor. */
typedef void (*constructor)(void);
extern const constructor __init_array_end[];
const constructor __init_array_start[1] = {no_constructor};
__asm__(".globl __init_array_end\n.set __init_array_end, __init_array_start + 8");

/* Calls from other source files come here (linked with --wrap). */
void __wrap_microkit_internal_crash(seL4_Error error);
void __wrap_microkit_restore_data(void);
static jmp_buf crash;
static int crashed_with;

void __wrap_microkit_internal_crash(seL4_Error error)
{
    crashed_with = (int)error;
    longjmp(crash, 1);
}

void __wrap_microkit_restore_data(void)
{
    restores++;
}

/* --- The program --- */

static char story[512]; /* entry points that were called */
static microkit_msginfo protected_answer;
static seL4_Bool fault_answer;
static microkit_channel defer_in_notified = 99;
static bool irq_in_notified;
static unsigned int vcpu_off_after = 99;

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    size_t length = strlen(story);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(story + length, sizeof(story) - length, format, arguments);
    va_end(arguments);
}

void init(void)
{
    tell("init ");
}

void notified(microkit_channel ch)
{
    tell("notified %u ", ch);
    if (defer_in_notified != 99) {
        (irq_in_notified ? microkit_deferred_irq_ack : microkit_deferred_notify)(defer_in_notified);
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo info)
{
    tell("protected %u %lu:%lu %lu %lu %lu %lu ", ch, microkit_msginfo_get_label(info),
         microkit_msginfo_get_count(info), microkit_mr_get(0), microkit_mr_get(1), microkit_mr_get(2),
         microkit_mr_get(3));
    for (seL4_Uint8 i = 0; i < 4; i++) {
        microkit_mr_set(i, 100 + i);
    }
    return protected_answer;
}

seL4_Bool fault(microkit_child child, microkit_msginfo info, microkit_msginfo *reply)
{
    tell("fault %u %lu ", child, microkit_msginfo_get_label(info));
    *reply = microkit_msginfo_new(5, 1);
    return fault_answer;
}

void skyscope_event(unsigned int thread, unsigned int events)
{
    tell("event %u %x ", thread, events);
}

void skyscope_thread_init(unsigned int thread)
{
    tell("thread_init %u ", thread);
}

void skyscope_vcpu_exit(unsigned int thread)
{
    tell("exit %u ", thread);
    if (--vcpu_off_after == 0) {
        skyscope_vcpu_off(thread);
    }
}

/* --- Fixture --- */

static int set_up(void **state)
{
    (void)state;
    call_count = script_length = script_position = 0;
    memset(status_of, 0, sizeof(status_of));
    memset(&ipc_buffer, 0, sizeof(ipc_buffer));
    debug_text[0] = story[0] = '\0';
    thread_index = 0;
    thread_count = 1;
    has_vcpu = false;
    crashed_with = -1;
    snprintf(microkit_name, sizeof(microkit_name), "tested");
    microkit_notifications = 1ull << 3 | 1ull << 61;
    microkit_pps = 1ull << 4;
    microkit_irqs = 1ull << 5;
    microkit_passive = false;
    microkit_have_signal = seL4_False;
    protected_answer = microkit_msginfo_new(0, 0);
    fault_answer = seL4_False;
    defer_in_notified = 99;
    vcpu_off_after = 99;
    skyscope_vcpu_off(0);
    return 0;
}

static void play(const struct answer *answers, unsigned int count)
{
    script = answers;
    script_length = count;
    script_position = 0;
}

#define PLAY(answers) play(answers, sizeof(answers) / sizeof(answers[0]))

/* Runs until the library waits with nothing in the script. */
#define UNTIL_IT_WAITS(call)                                                                                           \
    do {                                                                                                               \
        if (setjmp(end_of_script) == 0) {                                                                              \
            call;                                                                                                      \
            fail_msg("returned");                                                                                      \
        }                                                                                                              \
        assert_int_equal(script_position, script_length);                                                              \
    } while (0)

#define CRASHES(call)                                                                                                  \
    do {                                                                                                               \
        if (setjmp(crash) == 0) {                                                                                      \
            call;                                                                                                      \
            fail_msg("went on");                                                                                       \
        }                                                                                                              \
    } while (0)

/* --- Messages --- */

static void message_info_is_laid_out_as_on_sel4(void **state)
{
    (void)state;
    seL4_MessageInfo_t info = seL4_MessageInfo_new(0xfffffffffffffull, 0, 0, 127);
    assert_true(info.words[0] == 0xfffffffffffff07full);
    info = seL4_MessageInfo_new(0x123, 5, 2, 64);
    assert_int_equal(info.words[0], 0x123ull << 12 | 5u << 9 | 2u << 7 | 64);
    assert_int_equal(seL4_MessageInfo_get_label(info), 0x123);
    assert_int_equal(seL4_MessageInfo_get_length(info), 64);
    assert_int_equal(seL4_MessageInfo_get_extraCaps(info), 2);
    assert_int_equal(seL4_MessageInfo_get_capsUnwrapped(info), 5);
    assert_int_equal(offsetof(seL4_IPCBuffer, msg), 8);
    assert_int_equal(sizeof(seL4_UserContext), SEL4_USER_CONTEXT_SIZE);
    seL4_SetMR(120, 1);
    seL4_SetMR(-1, 1);
    assert_int_equal(ipc_buffer.userData, 0);
    assert_int_equal(ipc_buffer.tag.words[0], 0);
}

/* --- Channels --- */

static void notifications_name_their_channel(void **state)
{
    (void)state;
    microkit_notify(3);
    microkit_notify(61);
    assert_int_equal(count_of(SYSCALL_NOTIFY), 2);
    assert_int_equal(nth_call(SYSCALL_NOTIFY, 0)->a0, 3);
    assert_int_equal(nth_call(SYSCALL_NOTIFY, 1)->a0, 61);
    assert_string_equal(debug_text, "");
}

static void what_was_not_given_is_reported_only(void **state)
{
    (void)state;
    microkit_notify(4);
    microkit_notify(67); /* 3 + 64 */
    microkit_irq_ack(3);
    microkit_deferred_irq_ack(4294967295u);
    microkit_deferred_notify(62);
    microkit_msginfo answer = microkit_ppcall(3, microkit_msginfo_new(1, 1));
    assert_int_equal(answer.words[0], 0);
    assert_int_equal(call_count, 0);
    assert_false(microkit_have_signal);
    assert_string_equal(debug_text, "tested microkit_notify: invalid channel given '4'\n"
                                    "tested microkit_notify: invalid channel given '67'\n"
                                    "tested microkit_irq_ack: invalid channel given '3'\n"
                                    "tested microkit_deferred_irq_ack: invalid channel given '4294967295'\n"
                                    "tested microkit_deferred_notify: invalid channel given '62'\n"
                                    "tested microkit_ppcall: invalid channel given '3'\n");
}

static void a_call_carries_its_message(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {SYSCALL_CALL, 0, {.a1 = 7 << 12 | 2, .m0 = 11, .m1 = 12, .m2 = 13, .m3 = 14}}};
    PLAY(answers);
    for (seL4_Uint8 i = 0; i < 6; i++) {
        microkit_mr_set(i, i + 1u);
    }
    microkit_msginfo answer = microkit_ppcall(4, microkit_msginfo_new(9, 6));
    const struct call_registers *in = nth_call(SYSCALL_CALL, 0);
    assert_int_equal(in->a0, 4);
    assert_int_equal(in->a1, 9 << 12 | 6);
    assert_int_equal(in->m0, 1);
    assert_int_equal(in->m1, 2);
    assert_int_equal(in->m2, 3);
    assert_int_equal(in->m3, 4);
    assert_int_equal(microkit_msginfo_get_label(answer), 7);
    assert_int_equal(microkit_msginfo_get_count(answer), 2);
    assert_int_equal(microkit_mr_get(0), 11);
    assert_int_equal(microkit_mr_get(3), 14);
    assert_int_equal(microkit_mr_get(4), 5); /* left to the kernel */
}

static void a_call_to_one_that_stopped_is_told_apart(void **state)
{
    (void)state;
    status_of[SYSCALL_CALL] = -SKYSCOPE_PEER_STOPPED;
    microkit_mr_set(0, 77);
    microkit_msginfo answer = microkit_ppcall(4, microkit_msginfo_new(0, 0));
    assert_true(microkit_msginfo_get_label(answer) == SKYSCOPE_LABEL_PEER_STOPPED);
    assert_int_equal(microkit_mr_get(0), 77);
}

static void an_invalid_capability_stops_the_program(void **state)
{
    (void)state;
    CRASHES(seL4_Signal(BASE_OUTPUT_NOTIFICATION_CAP + 62));
    assert_int_equal(crashed_with, seL4_InvalidCapability);
    CRASHES(seL4_Signal(0));
    CRASHES((void)seL4_Call(BASE_ENDPOINT_CAP - 1, microkit_msginfo_new(0, 0)));
    status_of[SYSCALL_NOTIFY] = -SKYSCOPE_NOT_PERMITTED;
    CRASHES(seL4_Signal(BASE_OUTPUT_NOTIFICATION_CAP + 3));
    assert_int_equal(seL4_IRQHandler_Ack(BASE_IRQ_CAP + 62), seL4_InvalidCapability);
    assert_int_equal(seL4_IRQHandler_Ack(BASE_IRQ_CAP - 1), seL4_InvalidCapability);
}

/* --- Children --- */

static void a_restart_stops_first(void **state)
{
    (void)state;
    microkit_pd_restart(6, 0x200000);
    const struct call_registers *first = nth_call(SYSCALL_PD_CONTROL, 0);
    const struct call_registers *second = nth_call(SYSCALL_PD_CONTROL, 1);
    assert_int_equal(first->a0, 6);
    assert_int_equal(first->a1, SKYSCOPE_PD_STOP);
    assert_int_equal(second->a0, 6);
    assert_int_equal(second->a1, SKYSCOPE_PD_RESTART);
    assert_int_equal(second->a2, 0x200000);
    microkit_pd_resume(6);
    assert_int_equal(nth_call(SYSCALL_PD_CONTROL, 2)->a1, SKYSCOPE_PD_RESUME);
}

#define CONTEXT_WORDS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

static void registers_are_copied_within_bounds(void **state)
{
    (void)state;
    seL4_UserContext registers = {0};
    seL4_Word *words = (seL4_Word *)&registers; /* whatever they are called on this architecture */
    for (int i = 0; i < 60; i++) {
        ipc_buffer.msg[i] = (seL4_Word)i + 1;
    }
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_False, 0, 3, &registers), seL4_NoError);
    assert_int_equal(words[0], 1);
    assert_int_equal(words[2], 3);
    assert_int_equal(words[3], 0);
    assert_int_equal(count_of(SYSCALL_PD_CONTROL), 0);
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_True, 0, CONTEXT_WORDS, &registers), seL4_NoError);
    assert_int_equal(words[CONTEXT_WORDS - 1], CONTEXT_WORDS);
    assert_int_equal(nth_call(SYSCALL_PD_CONTROL, 0)->a1, SKYSCOPE_PD_STOP);
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_False, 0, 0, &registers), seL4_RangeError);
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_False, 0, CONTEXT_WORDS + 1, &registers),
                     seL4_RangeError);
    assert_int_equal(seL4_TCB_WriteRegisters(BASE_TCB_CAP + 2, seL4_False, 0, CONTEXT_WORDS + 1, &registers),
                     seL4_RangeError);
    assert_int_equal(seL4_TCB_WriteRegisters(BASE_TCB_CAP + 62, seL4_False, 0, 1, &registers), seL4_InvalidCapability);
    words[0] = 0x1234;
    assert_int_equal(seL4_TCB_WriteRegisters(BASE_TCB_CAP + 2, seL4_True, 0, 5, &registers), seL4_NoError);
    assert_int_equal(ipc_buffer.msg[0], 0x1234);
    assert_int_equal(nth_call(SYSCALL_PD_WRITE_REGISTERS, 0)->a2, 5);
    assert_int_equal(calls[call_count - 1].number, SYSCALL_PD_CONTROL);
    assert_int_equal(calls[call_count - 1].in.a1, SKYSCOPE_PD_RESUME);
    status_of[SYSCALL_PD_READ_REGISTERS] = -SKYSCOPE_WRONG_STATE;
    assert_int_equal(seL4_TCB_ReadRegisters(BASE_TCB_CAP + 2, seL4_False, 0, 1, &registers), seL4_IllegalOperation);
}

/* --- The loop --- */

static void entry_points_are_called_for_what_arrives(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {SYSCALL_RECV, 0, {.a0 = 1ull << 61 | 1 << 3 | 1}},
        {SYSCALL_RECV, 0, {.a0 = 0, .a2 = SKYSCOPE_EVENT_TIMER}},
        {SYSCALL_RECV, 0, {.a0 = 1 << 4, .a2 = SKYSCOPE_EVENT_TIMER}},
        {SYSCALL_RECV, 0, {.a0 = 1ull << 63 | 9, .a1 = 8 << 12 | 4, .m0 = 1, .m1 = 2, .m2 = 3, .m3 = 4}},
        {SYSCALL_REPLY_RECV, 0, {.a0 = 1ull << 62 | 17, .a1 = 5 << 12 | 4}},
        {SYSCALL_RECV, 0, {.a0 = 0}},
    };
    PLAY(answers);
    protected_answer = microkit_msginfo_new(6, 3);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_string_equal(story, "notified 0 notified 3 notified 61 event 0 1 notified 4 event 0 1 "
                               "protected 9 8:4 1 2 3 4 fault 17 5 ");
    const struct call_registers *reply = nth_call(SYSCALL_REPLY_RECV, 0);
    assert_int_equal(reply->a1, 6 << 12 | 3);
    assert_int_equal(reply->m0, 100);
    assert_int_equal(reply->m3, 103);
    assert_int_equal(count_of(SYSCALL_REPLY_RECV), 1);
}

static void a_fault_is_replied_to_if_wanted(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_RECV, 0, {.a0 = 1ull << 62 | 1, .a1 = 3 << 12, .m0 = 42}}};
    PLAY(answers);
    fault_answer = seL4_True;
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(nth_call(SYSCALL_REPLY_RECV, 0)->a1, 5 << 12 | 1);
    assert_int_equal(nth_call(SYSCALL_REPLY_RECV, 0)->m0, 42);
}

static void a_deferred_call_goes_with_the_next_wait(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_RECV, 0, {.a0 = 1}}};
    PLAY(answers);
    defer_in_notified = 3;
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(count_of(SYSCALL_NOTIFY), 0);
    assert_int_equal(nth_call(SYSCALL_SEND_RECV, 0)->a0, 3);
    assert_int_equal(nth_call(SYSCALL_SEND_RECV, 0)->a2, 0);
    assert_false(microkit_have_signal);

    set_up(NULL);
    PLAY(answers);
    defer_in_notified = 5;
    irq_in_notified = true;
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(nth_call(SYSCALL_SEND_RECV, 0)->a0, 5);
    assert_int_equal(nth_call(SYSCALL_SEND_RECV, 0)->a2, 1);
    irq_in_notified = false;
}

static void two_deferred_calls_lose_none(void **state)
{
    (void)state;
    microkit_deferred_notify(3);
    microkit_deferred_notify(61);
    assert_int_equal(nth_call(SYSCALL_NOTIFY, 0)->a0, 3);
    assert_int_equal(microkit_signal_cap, BASE_OUTPUT_NOTIFICATION_CAP + 61);
    /* Other threads share these variables: they do it at once. */
    thread_index = 1;
    microkit_deferred_notify(3);
    assert_int_equal(count_of(SYSCALL_NOTIFY), 2);
    assert_int_equal(microkit_signal_cap, BASE_OUTPUT_NOTIFICATION_CAP + 61);
    microkit_flush_deferred();
    assert_true(microkit_have_signal);
}

static void a_refused_deferred_call_still_waits(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_SEND_RECV, -SKYSCOPE_NOT_PERMITTED, {0}},
                                            {SYSCALL_RECV, 0, {.a0 = 2}}};
    PLAY(answers);
    microkit_deferred_notify(3);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_string_equal(story, "notified 1 ");
}

static void a_vcpu_runs_only_while_it_is_on(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {SYSCALL_VCPU_RUN, 0, {.a0 = VCPU_RUN_EXIT}},
        {SYSCALL_VCPU_RUN, 0, {.a0 = VCPU_RUN_NOTIFIED, .a1 = 1 << 3, .a2 = SKYSCOPE_EVENT_TIMER}},
        {SYSCALL_VCPU_RUN, 0, {.a0 = VCPU_RUN_EXIT}},
        {SYSCALL_VCPU_WAIT, 0, {.a0 = VCPU_RUN_NOTIFIED, .a1 = 1 << 4}},
    };
    PLAY(answers);
    has_vcpu = true;
    vcpu_off_after = 2;
    skyscope_vcpu_on(0);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_string_equal(story, "exit 0 notified 3 event 0 1 exit 0 notified 4 ");
    assert_int_equal(count_of(SYSCALL_RECV), 0);
}

static void a_deferred_call_goes_before_the_guest_runs(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_VCPU_RUN, 0, {.a0 = VCPU_RUN_NOTIFIED, .a1 = 1}}};
    PLAY(answers);
    has_vcpu = true;
    defer_in_notified = 3;
    skyscope_vcpu_on(0);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(nth_call(SYSCALL_NOTIFY, 0)->a0, 3);
}

static void a_kernel_that_refuses_the_vcpu_ends_the_program(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_VCPU_RUN, -SKYSCOPE_NO_VCPU, {0}}};
    PLAY(answers);
    has_vcpu = true;
    skyscope_vcpu_on(0);
    CRASHES(microkit_main_loop(0, 0, 0));
}

/* --- Starting --- */

static void the_first_thread_starts_the_others(void **state)
{
    (void)state;
    thread_count = 3;
    restores = 0;
    UNTIL_IT_WAITS(microkit_thread_main(0));
    assert_string_equal(story, "init ");
    assert_int_equal(restores, 1);
    assert_int_equal(nth_call(SYSCALL_THREAD_SIGNAL, 0)->a0, 1);
    assert_int_equal(nth_call(SYSCALL_THREAD_SIGNAL, 1)->a0, 2);
    assert_int_equal(nth_call(SYSCALL_IRQ_ACK, 0)->a0, 5);
    assert_int_equal(count_of(SYSCALL_IRQ_ACK), 1);
    assert_int_equal(count_of(SYSCALL_GO_PASSIVE), 0);

    /* One of them began later, and asks. */
    call_count = 0;
    static const struct answer ask[] = {{SYSCALL_RECV, 0, {.a2 = SKYSCOPE_EVENT_SIGNAL}}};
    PLAY(ask);
    UNTIL_IT_WAITS(microkit_main_loop(0, 0, 0));
    assert_int_equal(nth_call(SYSCALL_THREAD_SIGNAL, 0)->a0, 1);

    /* It starts, keeping what came before. */
    set_up(NULL);
    thread_count = 3;
    thread_index = 1;
    static const struct answer start[] = {{SYSCALL_RECV, 0, {.a0 = 1 << 7, .a2 = SKYSCOPE_EVENT_TIMER}},
                                          {SYSCALL_RECV, 0, {.a0 = 1 << 8}},
                                          {SYSCALL_RECV, 0, {.a2 = SKYSCOPE_EVENT_SIGNAL}}};
    PLAY(start);
    UNTIL_IT_WAITS(microkit_thread_main(1));
    assert_int_equal(nth_call(SYSCALL_THREAD_SIGNAL, 0)->a0, 0);
    assert_string_equal(story, "thread_init 1 notified 7 notified 8 event 1 1 ");
    assert_int_equal(restores, 1); /* the first thread's business */
}

static void a_passive_program_says_so_after_init(void **state)
{
    (void)state;
    microkit_passive = true;
    UNTIL_IT_WAITS(microkit_thread_main(0));
    assert_int_equal(count_of(SYSCALL_GO_PASSIVE), 1);
    assert_int_equal(calls[call_count - 1].number, SYSCALL_RECV);
}

/* --- Data of a program that is restarted --- */

extern char test_data_start[], test_bss_start[];
void test_forget_start(void);
void __real_microkit_restore_data(void);

static void a_restart_finds_data_as_loaded(void **state)
{
    (void)state;
    uint64_t *bss = (uint64_t *)(void *)test_bss_start;
    test_forget_start();
    memset(test_data_start, 0x11, 64);
    memset(bss, 0, 8192);
    bss[5] = 0xfeed; /* written by the tool */
    bss[1023] = 1;
    __real_microkit_restore_data();
    assert_int_equal(test_data_start[63], 0x11);
    memset(test_data_start, 0x22, 64);
    memset(bss, 0x33, 8192);
    __real_microkit_restore_data();
    for (int i = 0; i < 64; i++) {
        assert_int_equal(test_data_start[i], 0x11);
    }
    for (int i = 0; i < 1024; i++) {
        assert_int_equal(bss[i], i == 5 ? 0xfeed : (i == 1023 ? 1 : 0));
    }
    /* And again. */
    memset(test_data_start, 0x44, 64);
    bss[5] = 3;
    __real_microkit_restore_data();
    assert_int_equal(test_data_start[0], 0x11);
    assert_int_equal(bss[5], 0xfeed);
}

static void too_many_written_words_forbid_a_restart(void **state)
{
    (void)state;
    test_forget_start();
    memset(test_bss_start, 1, 8192); /* 1024 words */
    __real_microkit_restore_data();
    CRASHES(__real_microkit_restore_data());
    assert_non_null(strstr(debug_text, "cannot be restarted"));
}

/* --- Debug console --- */

static void debug_output_is_cut_into_calls(void **state)
{
    (void)state;
    char text[101];
    memset(text, 'x', 100);
    text[100] = '\0';
    microkit_dbg_puts(text);
    assert_string_equal(debug_text, text);
    debug_text[0] = '\0';
    microkit_dbg_puts("");
    microkit_dbg_put8(0);
    microkit_dbg_putc(' ');
    microkit_dbg_put8(255);
    microkit_dbg_putc(' ');
    microkit_dbg_put32(4294967295u);
    seL4_DebugPutChar('!');
    assert_string_equal(debug_text, "0 255 4294967295!");
}

static void time_is_returned_whole(void **state)
{
    (void)state;
    static const struct answer answers[] = {{SYSCALL_TIME, 0, {.a0 = 2600000000u, .a2 = 1795243750, .m0 = 77}}};
    PLAY(answers);
    struct skyscope_time time = skyscope_time();
    assert_int_equal(time.tick_frequency, 2600000000u);
    assert_int_equal(time.wall_clock, 1795243750);
    assert_int_equal(time.wall_clock_ticks, 77);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(message_info_is_laid_out_as_on_sel4),
        TEST(notifications_name_their_channel),
        TEST(what_was_not_given_is_reported_only),
        TEST(a_call_carries_its_message),
        TEST(a_call_to_one_that_stopped_is_told_apart),
        TEST(an_invalid_capability_stops_the_program),
        TEST(a_restart_stops_first),
        TEST(registers_are_copied_within_bounds),
        TEST(entry_points_are_called_for_what_arrives),
        TEST(a_fault_is_replied_to_if_wanted),
        TEST(a_deferred_call_goes_with_the_next_wait),
        TEST(two_deferred_calls_lose_none),
        TEST(a_refused_deferred_call_still_waits),
        TEST(a_vcpu_runs_only_while_it_is_on),
        TEST(a_deferred_call_goes_before_the_guest_runs),
        TEST(a_kernel_that_refuses_the_vcpu_ends_the_program),
        TEST(the_first_thread_starts_the_others),
        TEST(a_passive_program_says_so_after_init),
        TEST(a_restart_finds_data_as_loaded),
        TEST(too_many_written_words_forbid_a_restart),
        TEST(debug_output_is_cut_into_calls),
        TEST(time_is_returned_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
