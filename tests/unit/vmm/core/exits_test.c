/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits of x86-64: ports, control registers, and what is refused. */
#include "exits_fixture.h"

/* --- Ports --- */

static void port(uint16_t number, uint8_t width, bool write)
{
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_PORT_IO);
    page->exit.port_io = (struct vcpu_exit_port_io){.port = number, .width = width, .write = write};
    page->exit.instruction_length = 1;
    page->exit.next_ip = guest()->rip + 1;
    handle();
}

static void port_widths(void **state)
{
    (void)state;
    guest()->gpr[VCPU_RAX] = 0x1122334455667788;
    uint64_t rip = guest()->rip;
    port(0x2345, 1, false);
    assert_int_equal(guest()->gpr[VCPU_RAX], 0x11223344556677ff);
    port(0x2345, 2, false);
    assert_int_equal(guest()->gpr[VCPU_RAX], 0x112233445566ffff);
    port(0x2345, 4, false);
    assert_int_equal(guest()->gpr[VCPU_RAX], 0xffffffff);
    assert_int_equal(guest()->rip, rip + 3);
    guest()->gpr[VCPU_RAX] = 0x5a;
    port(0x3ff, 1, true); /* the UART's scratch register */
    guest()->gpr[VCPU_RAX] = 0;
    port(0x3ff, 1, false);
    assert_int_equal(guest()->gpr[VCPU_RAX], 0x5a);
}

static void port_of_impossible_width(void **state)
{
    (void)state;
    port(0x3f8, 3, true);
    assert_int_equal(exception(), EXCEPTION_UD);
}

static void port_strings(void **state)
{
    (void)state;
    memcpy(f.ram + 0x200000, "hello\n", 6);
    guest()->gpr[VCPU_RSI] = 0x200000;
    guest()->gpr[VCPU_RCX] = 6;
    guest()->gpr[VCPU_RDX] = 0x3f8;
    fixture_set_code(&f, "\xf3\x6e", 2);
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_PORT_IO);
    page->exit.port_io =
        (struct vcpu_exit_port_io){.port = 0x3f8, .width = 1, .write = 1, .string = 1, .repeat = 1, .segment = 0xff};
    handle();
    assert_memory_equal(f.transmit_data, "hello\n", 6);
    assert_int_equal(guest()->gpr[VCPU_RCX], 0);
    assert_int_equal(guest()->gpr[VCPU_RSI], 0x200006);
    assert_int_equal(guest()->rip, FIXTURE_CODE + 2);

    guest()->rip = FIXTURE_CODE; /* INSB, far too many: bounded */
    guest()->gpr[VCPU_RDI] = 0x300000;
    guest()->gpr[VCPU_RCX] = UINT64_MAX;
    fixture_set_code(&f, "\xf3\x6c", 2);
    page = fixture_exit(&f, VCPU_EXIT_PORT_IO);
    page->exit.port_io = (struct vcpu_exit_port_io){.port = 0x1234, .width = 1, .string = 1, .repeat = 1};
    handle();
    assert_int_equal(guest()->rip, FIXTURE_CODE);
    assert_true(guest()->gpr[VCPU_RDI] > 0x300000 && guest()->gpr[VCPU_RDI] < 0x301000);
    assert_int_equal(f.ram[0x300000], 0xff);

    /* The exit says a string; the bytes are another instruction by now. */
    fixture_set_code(&f, "\x90\x90", 2);
    page = fixture_exit(&f, VCPU_EXIT_PORT_IO);
    page->exit.port_io = (struct vcpu_exit_port_io){.port = 0x1234, .width = 1, .string = 1};
    handle();
    assert_int_equal(exception(), EXCEPTION_UD);
}

static void port_string_fault(void **state)
{
    (void)state;
    uint64_t *directory = (uint64_t *)(void *)(f.ram + 0x4000);
    directory[2] = 0;
    guest()->gpr[VCPU_RDI] = 0x400000;
    fixture_set_code(&f, "\x6c", 1);
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_PORT_IO);
    page->exit.port_io = (struct vcpu_exit_port_io){.port = 0x3f8, .width = 1, .string = 1};
    handle();
    assert_int_equal(exception(), EXCEPTION_PF);
    assert_int_equal(guest()->cr2, 0x400000);
    assert_int_equal(guest()->rip, FIXTURE_CODE);
}

static void ports_everywhere(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < 0x10000; number++) {
        for (uint8_t width = 1; width <= 4; width = (uint8_t)(width * 2)) {
            port((uint16_t)number, width, false);
        }
    }
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
}

/* --- Control registers --- */

static void control_register(uint8_t number, bool write, uint64_t value)
{
    const uint8_t code[] = {0x0f, write ? 0x22 : 0x20, (uint8_t)(0xc1u | (uint32_t)number << 3)};
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_CONTROL_REGISTER);
    page->exit.control_register = (struct vcpu_exit_control_register){.number = number, .write = write, .gpr = 0xff};
    control()->event = 0;
    guest()->rip = FIXTURE_CODE;
    fixture_set_code(&f, code, sizeof(code));
    guest()->gpr[VCPU_RCX] = value;
    handle();
}

static void control_registers(void **state)
{
    (void)state;
    control_register(3, false, 0);
    assert_int_equal(guest()->gpr[VCPU_RCX], 0x2000);
    control_register(4, true, CR4_PAE | CR4_PGE);
    assert_int_equal(guest()->cr4, CR4_PAE | CR4_PGE);
    control_register(4, true, CR4_PGE); /* no PAE in long mode */
    assert_int_equal(exception(), EXCEPTION_GP);
    control_register(4, true, CR4_PAE | 1ull << 13); /* VMXE */
    assert_int_equal(exception(), EXCEPTION_GP);
    control_register(0, true, CR0_PG); /* without PE */
    assert_int_equal(exception(), EXCEPTION_GP);
    control_register(0, true, CR0_PE); /* paging off in 64-bit code */
    assert_int_equal(exception(), EXCEPTION_GP);
    control_register(3, true, 1ull << 60);
    assert_int_equal(exception(), EXCEPTION_GP);
    assert_int_equal(guest()->cr3, 0x2000);
    control_register(0, true, CR0_PE | CR0_PG | CR0_NE);
    assert_int_equal(guest()->cr0, CR0_PE | CR0_PG | CR0_NE | CR0_ET);
}

static void xsetbv(uint64_t value)
{
    fixture_exit(&f, VCPU_EXIT_SET_XCR);
    control()->event = 0;
    guest()->rip = FIXTURE_CODE;
    fixture_set_code(&f, "\x0f\x01\xd1", 3);
    guest()->gpr[VCPU_RCX] = 0;
    guest()->gpr[VCPU_RAX] = value & UINT32_MAX;
    guest()->gpr[VCPU_RDX] = value >> 32;
    handle();
}

static void extended_control(void **state)
{
    (void)state;
    guest()->cr4 &= ~CR4_OSXSAVE;
    xsetbv(3);
    assert_int_equal(exception(), EXCEPTION_UD);
    guest()->cr4 |= CR4_OSXSAVE;
    if (f.vm->arch.cpuid.xcr0_allowed == 0) {
        skip();
    }
    xsetbv(3);
    assert_int_equal(exception(), -1);
    assert_int_equal(guest()->xcr0, 3);
    assert_int_equal(guest()->rip, FIXTURE_CODE + 3);
    static const uint64_t bad[] = {0, 2, 5, 0x20 | 7, 1ull << 63, UINT64_MAX, 1ull << 17 | 3};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        xsetbv(bad[i]);
        assert_int_equal(exception(), EXCEPTION_GP);
    }
    guest()->cpl = 3;
    xsetbv(3);
    assert_int_equal(exception(), EXCEPTION_GP);
}

/* --- Events --- */

static void instructions_not_offered(void **state)
{
    (void)state;
    fixture_exit(&f, VCPU_EXIT_HYPERCALL);
    fixture_set_code(&f, "\x0f\x01\xd9", 3); /* vmmcall */
    handle();
    assert_int_equal(exception(), EXCEPTION_UD);
    fixture_exit(&f, VCPU_EXIT_INSTRUCTION);
    control()->event = 0;
    fixture_set_code(&f, "\x0f\x33", 2); /* rdpmc */
    handle();
    assert_int_equal(exception(), EXCEPTION_GP);
    fixture_exit(&f, VCPU_EXIT_INSTRUCTION);
    control()->event = 0;
    fixture_set_code(&f, "\x0f\x09", 2); /* wbinvd */
    uint64_t rip = guest()->rip;
    handle();
    assert_int_equal(exception(), -1);
    assert_int_equal(guest()->rip, rip + 2);
}

static void unknown_exit(void **state)
{
    (void)state;
    fixture_exit(&f, (enum vcpu_exit_kind)99);
    handle();
    assert_int_equal(f.vm->state, VM_STATE_STOPPED);
}

static void refused_state(void **state)
{
    (void)state;
    fake_hv.refuse_read = true;
    fixture_exit(&f, VCPU_EXIT_CPUID);
    guest()->gpr[VCPU_RAX] = 0xd;
    handle();
    assert_int_equal(f.vm->state, VM_STATE_STOPPED);
    assert_non_null(strstr(f.control->status.reason, "refuses"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(port_widths),       TEST(port_of_impossible_width), TEST(port_strings),
        TEST(port_string_fault), TEST(ports_everywhere),         TEST(control_registers),
        TEST(extended_control),  TEST(instructions_not_offered), TEST(unknown_exit),
        TEST(refused_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
