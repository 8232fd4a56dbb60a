/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "program_fixture.h"

/* --- The kernel --- */

struct call calls[MAX_CALLS];
unsigned int call_count;
static const struct answer *script; /* answers to calls that wait or return something */
unsigned int script_length, script_position;
int64_t status_of[SYSCALL_COUNT]; /* of other calls */
char debug_text[4096];
jmp_buf end_of_script;
unsigned int thread_index;
seL4_IPCBuffer ipc_buffer;
unsigned int thread_count = 1;
bool has_vcpu;

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

const struct call_registers *nth_call(uint64_t number, unsigned int index)
{
    for (unsigned int i = 0; i < call_count; i++) {
        if (calls[i].number == number && index-- == 0) {
            return &calls[i].in;
        }
    }
    fail_msg("no call %u", (unsigned int)number);
    return NULL;
}

unsigned int count_of(uint64_t number)
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

unsigned int restores;

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
jmp_buf crash;
int crashed_with;

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

char story[512]; /* entry points that were called */
microkit_msginfo protected_answer;
seL4_Bool fault_answer;
microkit_channel defer_in_notified = 99;
bool irq_in_notified;
unsigned int vcpu_off_after = 99;

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

int set_up(void **state)
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

void play(const struct answer *answers, unsigned int count)
{
    script = answers;
    script_length = count;
    script_position = 0;
}
