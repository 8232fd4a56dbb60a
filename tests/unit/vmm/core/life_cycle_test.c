/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting, stopping, pausing and restarting; the manager's page; the console; several vCPUs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vmm/arch/execution.h>

#include "machine_fixture.h"

static struct machine_fixture f;
static const uint8_t code[] = {0x90, 0xf4};

static int set_up(void **state)
{
    (void)state;
    fixture_configure(&f, code, sizeof(code));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_destroy(&f);
    return 0;
}

static void begin(void)
{
    assert_null(fixture_create(&f));
    vmm_begin(f.vm);
}

static uint32_t command(enum vm_command request)
{
    f.control->request.command = request;
    f.control->request.sequence++;
    vmm_handle_notification(f.vm, FIXTURE_CONTROL);
    assert_int_equal(f.control->status.sequence, f.control->request.sequence);
    return f.control->status.result;
}

static void triple_fault(void)
{
    fixture_exit(&f, VCPU_EXIT_SHUTDOWN);
    vmm_handle_exit(&f.vm->vcpus[0]);
}

static void starts_by_itself(void **state)
{
    (void)state;
    begin();
    assert_int_equal(f.control->status.state, VM_STATE_RUNNING);
    assert_int_equal(f.control->status.boots, 1);
    assert_true(fake_hv.on[0]);
    assert_true(fake_hv.notifications[FIXTURE_CONTROL] > 0);
}

static void waits_for_the_manager(void **state)
{
    (void)state;
    f.config.flags &= ~(uint32_t)VM_CONFIG_AUTOSTART;
    begin();
    assert_int_equal(f.control->status.state, VM_STATE_STOPPED);
    assert_false(fake_hv.on[0]);
    assert_int_equal(command(VM_COMMAND_STOP), VM_RESULT_WRONG_STATE);
    assert_int_equal(command(VM_COMMAND_PAUSE), VM_RESULT_WRONG_STATE);
    assert_int_equal(command(VM_COMMAND_SHUTDOWN), VM_RESULT_WRONG_STATE);
    assert_int_equal(command(VM_COMMAND_START), VM_RESULT_DONE);
    assert_int_equal(f.control->status.state, VM_STATE_RUNNING);
    assert_true(fake_hv.on[0]);
    assert_int_equal(command(VM_COMMAND_START), VM_RESULT_WRONG_STATE);
}

static void commands(void **state)
{
    (void)state;
    begin();
    assert_int_equal(command(VM_COMMAND_PAUSE), VM_RESULT_DONE);
    assert_int_equal(f.control->status.state, VM_STATE_PAUSED);
    assert_false(fake_hv.on[0]);
    assert_int_equal(f.pages[0].control.deadline, 0);
    assert_int_equal(command(VM_COMMAND_RESUME), VM_RESULT_DONE);
    assert_true(fake_hv.on[0]);
    assert_int_equal(command(VM_COMMAND_RESET), VM_RESULT_DONE);
    assert_int_equal(f.control->status.state, VM_STATE_RUNNING);
    assert_int_equal(f.control->status.boots, 2);
    assert_int_equal(command(VM_COMMAND_STOP), VM_RESULT_DONE);
    assert_int_equal(f.control->status.state, VM_STATE_STOPPED);
    assert_string_equal(f.control->status.reason, "stopped by the manager");
    assert_false(fake_hv.on[0]);
    assert_int_equal(command((enum vm_command)1234), VM_RESULT_UNKNOWN_COMMAND);
}

static void a_request_is_carried_out_once(void **state)
{
    (void)state;
    begin();
    assert_int_equal(command(VM_COMMAND_RESET), VM_RESULT_DONE);
    for (int i = 0; i < 5; i++) {
        vmm_handle_notification(f.vm, FIXTURE_CONTROL);
    }
    assert_int_equal(f.control->status.boots, 2);
}

static void a_paused_halt_stays_halted(void **state)
{
    (void)state;
    begin();
    fixture_exit(&f, VCPU_EXIT_HALT);
    f.pages[0].state.rip = FIXTURE_CODE + 1;
    vmm_handle_exit(&f.vm->vcpus[0]);
    assert_false(fake_hv.on[0]);
    command(VM_COMMAND_PAUSE);
    command(VM_COMMAND_RESUME);
    assert_false(fake_hv.on[0]);
    assert_int_equal(f.vm->vcpus[0].activity, VCPU_HALTED);
}

static void restart_is_clean(void **state)
{
    (void)state;
    f.config.on_crash = VM_ON_EVENT_RESTART;
    begin();
    memset(f.ram + 0x500000, 0xee, 4096);
    memset(f.ram + FIXTURE_CODE, 0xcc, 2);
    struct vcpu_arch_state *s = &f.pages[0].state;
    memset(s, 0x55, sizeof(*s));
    s->limits = 0; /* the kernel's word, which no guest changes */
    f.pages[0].control.event = VCPU_EVENT_VALID | 0x80;
    f.pages[0].control.interrupt_window = 1;
    fake_hv.now += 10 * FIXTURE_FREQUENCY;
    f.pages[0].control.dirty = 0;
    triple_fault();
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(f.control->status.boots, 2);
    assert_int_equal(f.ram[0x500000], 0);
    assert_memory_equal(f.ram + FIXTURE_CODE, code, sizeof(code));
    assert_int_equal(f.pages[0].control.dirty, VCPU_STATE_ALL);
    assert_int_equal(f.pages[0].control.event, 0);
    assert_int_equal(f.pages[0].control.interrupt_window, 0);
    assert_int_equal(s->gpr[VCPU_R9], 0);
    assert_int_equal(s->lstar, 0);
    assert_int_equal(s->xcr0, 1);
    assert_int_equal(s->rip, FIXTURE_CODE);
    assert_int_equal(fake_hv.now + s->tsc_offset, 0);
    assert_int_equal(f.pages[0].control.deadline, 0);
}

static void crash_loops_end(void **state)
{
    (void)state;
    f.config.on_crash = VM_ON_EVENT_RESTART;
    begin();
    for (int i = 0; i < 100 && f.vm->state == VM_STATE_RUNNING; i++) {
        fake_hv.now += 1000;
        triple_fault();
    }
    assert_int_equal(f.vm->state, VM_STATE_STOPPED);
    assert_true(f.control->status.boots < 10);
    assert_int_equal(command(VM_COMMAND_START), VM_RESULT_DONE);
}

static void slow_crashes_restart_for_ever(void **state)
{
    (void)state;
    f.config.on_crash = VM_ON_EVENT_RESTART;
    begin();
    for (int i = 0; i < 20; i++) {
        fake_hv.now += 60 * FIXTURE_FREQUENCY;
        triple_fault();
        assert_int_equal(f.vm->state, VM_STATE_RUNNING);
    }
}

static void out8(uint16_t port, uint8_t value)
{
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_PORT_IO);
    page->exit.port_io = (struct vcpu_exit_port_io){.port = port, .width = 1, .write = 1};
    page->exit.instruction_length = 1;
    page->state.gpr[VCPU_RAX] = value;
    vmm_handle_exit(&f.vm->vcpus[0]);
}

static void guest_resets_itself(void **state)
{
    (void)state;
    f.config.on_reboot = VM_ON_EVENT_STOP;
    begin();
    out8(0xcf9, 6);
    assert_int_equal(f.vm->state, VM_STATE_STOPPED);
    assert_non_null(strstr(f.control->status.reason, "reset"));
}

static void guest_reboots(void **state)
{
    (void)state;
    f.config.on_reboot = VM_ON_EVENT_RESTART;
    begin();
    fake_hv.now += 60 * FIXTURE_FREQUENCY;
    out8(0x64, 0xfe);
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(f.control->status.boots, 2);
}

static void guest_powers_off(void **state)
{
    (void)state;
    begin();
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_PORT_IO);
    page->exit.port_io = (struct vcpu_exit_port_io){.port = 0x604, .width = 2, .write = 1};
    page->exit.instruction_length = 1;
    page->state.gpr[VCPU_RAX] = 1u << 13 | 5u << 10;
    vmm_handle_exit(&f.vm->vcpus[0]);
    assert_int_equal(f.vm->state, VM_STATE_STOPPED);
    assert_non_null(strstr(f.control->status.reason, "powered off"));
}

/* --- Configuration --- */

static void bad_configurations(void **state)
{
    (void)state;
    for (int i = 0;; i++) {
        fixture_destroy(&f);
        fixture_configure(&f, code, sizeof(code));
        struct vm_config *c = &f.config;
        switch (i) {
        case 0:
            c->magic ^= 1;
            break;
        case 1:
            c->version = VM_CONFIG_VERSION + 1;
            break;
        case 2:
            c->size--;
            break;
        case 3:
            memset(c->name, 'x', sizeof(c->name));
            break;
        case 4:
            memset(c->command_line, 'x', sizeof(c->command_line));
            break;
        case 5:
            c->vcpu_count = 0;
            break;
        case 6:
            c->vcpu_count = VM_MAX_VCPUS + 1;
            break;
        case 7:
            c->vcpu_page[0] = 0;
            break;
        case 8:
            c->vcpu_page[0] += 8;
            break;
        case 9:
            c->ram_range_count = 0;
            break;
        case 10:
            c->ram_range_count = VM_MAX_RAM_RANGES + 1;
            break;
        case 11:
            c->ram[0].gpa = PAGE_SIZE_2M;
            break;
        case 12:
            c->ram[1].gpa = 0;
            break;
        case 13:
            c->ram[1].size = UINT64_MAX & ~(PAGE_SIZE_2M - 1);
            break;
        case 14:
            c->ram[0].size = 4096;
            break;
        case 15:
            c->ram[1].address = 0;
            break;
        case 16:
            c->ram[1].gpa = 0xd0000000;
            break;
        case 17:
            c->control_channel = 62;
            break;
        case 18:
            c->log_size = 64;
            break;
        case 19:
            c->console.transmit_capacity = 1000;
            break;
        case 20:
            c->console.receive_capacity = 0;
            break;
        case 21:
            c->console.transmit_data = 0;
            break;
        case 22:
            c->console.channel = 100;
            break;
        default:
            return;
        }
        assert_non_null(fixture_create(&f));
        assert_int_equal(f.vm->state, VM_STATE_FAILED);
        assert_false(fake_hv.on[0]);
    }
}

static void unknown_clock(void **state)
{
    (void)state;
    fake_hv.tick_frequency = 0;
    assert_non_null(fixture_create(&f));
    assert_int_equal(f.control->status.state, VM_STATE_FAILED);
    /* A failed VMM answers its manager, and refuses. */
    f.control->request.command = VM_COMMAND_STOP;
    f.control->request.sequence++;
    vmm_handle_notification(f.vm, FIXTURE_CONTROL);
    assert_int_equal(f.control->status.result, VM_RESULT_WRONG_STATE);
    assert_int_equal(command(VM_COMMAND_START), VM_RESULT_FAILED);
    assert_int_equal(command(VM_COMMAND_RESET), VM_RESULT_FAILED);
    assert_false(fake_hv.on[0]);
}

/* --- Console --- */

static void lines_are_announced(void **state)
{
    (void)state;
    begin();
    f.transmit.producer_signalled = 1;
    fake_hv.notifications[FIXTURE_CONSOLE] = 0;
    out8(0x3f8, 'h');
    out8(0x3f8, 'i');
    assert_int_equal(fake_hv.notifications[FIXTURE_CONSOLE], 0);
    out8(0x3f8, '\n');
    assert_int_equal(fake_hv.notifications[FIXTURE_CONSOLE], 1);
    assert_memory_equal(f.transmit_data, "hi\n", 3);
    out8(0x3f8, '!');
    assert_int_equal(fake_hv.notifications[FIXTURE_CONSOLE], 1);
    f.transmit.producer_signalled = 1;
    assert_true(f.pages[0].control.deadline != 0);
    fake_hv.now = f.pages[0].control.deadline;
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_int_equal(fake_hv.notifications[FIXTURE_CONSOLE], 2);
}

static void full_queue_does_not_block(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < 4 * FIXTURE_QUEUE_SIZE; i++) {
        out8(0x3f8, 'x');
    }
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_int_equal(f.transmit.tail, FIXTURE_QUEUE_SIZE);
    assert_true(f.control->status.console_bytes_dropped > 0);
    /* The reader makes room: what the UART still holds follows. */
    f.transmit.head = f.transmit.tail;
    fake_hv.now += FIXTURE_FREQUENCY;
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_true(f.transmit.tail > FIXTURE_QUEUE_SIZE);
}

static void input_arrives(void **state)
{
    (void)state;
    begin();
    memcpy(f.receive_data, "ab", 2);
    f.receive.tail = 2;
    f.receive.producer_signalled = 0;
    out8(0x3fa, 1); /* FIFO on */
    vmm_handle_notification(f.vm, FIXTURE_CONSOLE);
    assert_int_equal(f.receive.head, 2);
    assert_int_equal(f.receive.producer_signalled, 1);
}

static void hostile_queue_indices(void **state)
{
    (void)state;
    begin();
    f.receive.tail = 0x80000000;
    f.transmit.head = 0x7fffffff;
    vmm_handle_notification(f.vm, FIXTURE_CONSOLE);
    for (int i = 0; i < 100; i++) {
        out8(0x3f8, 'x');
    }
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
}

/* --- Several vCPUs --- */

static void other_vcpus_wait(void **state)
{
    (void)state;
    f.config.vcpu_count = 3;
    begin();
    assert_true(fake_hv.on[0]);
    assert_true(fake_hv.kicks[1] > 0 && fake_hv.kicks[2] > 0);
    vmm_handle_event(&f.vm->vcpus[1]);
    assert_false(fake_hv.on[1]);
    assert_int_equal(f.vm->vcpus[1].activity, VCPU_WAIT_START);
}

static void write_icr(uint64_t value)
{
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_MSR);
    page->exit.msr = (struct vcpu_exit_msr){.index = 0x830, .write = 1};
    page->exit.instruction_length = 2;
    page->state.gpr[VCPU_RAX] = value & UINT32_MAX;
    page->state.gpr[VCPU_RDX] = value >> 32;
    vmm_handle_exit(&f.vm->vcpus[0]);
}

static void startup_of_another(void **state)
{
    (void)state;
    f.config.vcpu_count = 2;
    begin();
    vmm_handle_event(&f.vm->vcpus[1]);
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_MSR);
    page->exit.msr = (struct vcpu_exit_msr){.index = 0x1b, .write = 1};
    page->exit.instruction_length = 2;
    page->state.gpr[VCPU_RAX] = 0xfee00d00;
    page->state.gpr[VCPU_RDX] = 0;
    vmm_handle_exit(&f.vm->vcpus[0]);
    fake_hv.kicks[1] = 0;
    write_icr(1ull << 32 | 0x4500); /* INIT */
    assert_int_equal(fake_hv.kicks[1], 1);
    vmm_handle_event(&f.vm->vcpus[1]);
    assert_false(fake_hv.on[1]);
    write_icr(1ull << 32 | 0x4600 | 0x9f); /* STARTUP at 0x9f000 */
    vmm_handle_event(&f.vm->vcpus[1]);
    assert_true(fake_hv.on[1]);
    const struct vcpu_arch_state *s = &f.vm->vcpus[1].page->state;
    assert_int_equal(s->cs.base, 0x9f000);
    assert_int_equal(s->cs.selector, 0x9f00);
    assert_int_equal(s->rip, 0);
    assert_int_equal(s->cr0 & (CR0_PE | CR0_PG), 0);
}

static void restart_waits_for_all(void **state)
{
    (void)state;
    f.config.vcpu_count = 2;
    begin();
    vmm_handle_event(&f.vm->vcpus[1]);
    command(VM_COMMAND_RESET);
    assert_int_equal(f.control->status.state, VM_STATE_STOPPED); /* vCPU 1 has not stopped yet */
    assert_false(fake_hv.on[0]);
    vmm_handle_event(&f.vm->vcpus[1]);
    assert_int_equal(f.control->status.state, VM_STATE_RUNNING);
    assert_true(fake_hv.kicks[0] > 0);
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_true(fake_hv.on[0]);
    assert_false(fake_hv.on[1]);
}

/* Device timers are vCPU 0's, whoever arms them. */
static void timers_armed_by_another(void **state)
{
    (void)state;
    f.config.vcpu_count = 2;
    begin();
    vmm_handle_event(&f.vm->vcpus[1]);
    fake_hv.kicks[0] = 0;
    static const uint8_t bytes[][2] = {{0x43, 0x34}, {0x40, 0x00}, {0x40, 0x10}};
    for (size_t i = 0; i < 3; i++) {
        struct vcpu_page *page = f.vm->vcpus[1].page;
        memset(&page->exit, 0, sizeof(page->exit));
        page->exit.kind = VCPU_EXIT_PORT_IO;
        page->exit.port_io = (struct vcpu_exit_port_io){.port = bytes[i][0], .width = 1, .write = 1};
        page->exit.instruction_length = 1;
        page->state.gpr[VCPU_RAX] = bytes[i][1];
        vmm_handle_exit(&f.vm->vcpus[1]);
    }
    assert_true(fake_hv.kicks[0] > 0);
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_true(f.pages[0].control.deadline != 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(starts_by_itself),
        TEST(waits_for_the_manager),
        TEST(commands),
        TEST(a_request_is_carried_out_once),
        TEST(a_paused_halt_stays_halted),
        TEST(restart_is_clean),
        TEST(crash_loops_end),
        TEST(slow_crashes_restart_for_ever),
        TEST(guest_resets_itself),
        TEST(guest_reboots),
        TEST(guest_powers_off),
        TEST(bad_configurations),
        TEST(unknown_clock),
        TEST(lines_are_announced),
        TEST(full_queue_does_not_block),
        TEST(input_arrives),
        TEST(hostile_queue_indices),
        TEST(other_vcpus_wait),
        TEST(startup_of_another),
        TEST(restart_waits_for_all),
        TEST(timers_armed_by_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
