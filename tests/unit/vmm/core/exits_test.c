/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUID, MSRs, ports, control registers, events: exit by exit on a whole VM. */
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

static int set_up(void **state)
{
    (void)state;
    static const uint8_t nop[] = {0x90};
    fixture_start(&f, nop, sizeof(nop));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_destroy(&f);
    return 0;
}

static struct vcpu_arch_state *guest(void)
{
    return &f.pages[0].state;
}

static struct vcpu_control *control(void)
{
    return &f.pages[0].control;
}

static void handle(void)
{
    vmm_handle_exit(&f.vm->vcpus[0]);
}

/* Exception queued for the guest, -1: none. */
static int exception(void)
{
    uint64_t event = control()->event;
    if ((event & VCPU_EVENT_VALID) == 0 || (event >> 8 & 7) != VCPU_EVENT_EXCEPTION) {
        return -1;
    }
    return (int)(event & 0xff);
}

/* --- CPUID --- */

static void cpuid(uint32_t leaf, uint32_t subleaf)
{
    fixture_exit(&f, VCPU_EXIT_CPUID);
    guest()->rip = FIXTURE_CODE;
    fixture_set_code(&f, "\x0f\xa2", 2);
    guest()->gpr[VCPU_RAX] = leaf | 0xffffffff00000000;
    guest()->gpr[VCPU_RCX] = subleaf | 0xffffffff00000000;
    handle();
    assert_int_equal(guest()->rip, FIXTURE_CODE + 2);
    assert_true((control()->dirty & VCPU_STATE_BASIC) != 0);
    assert_true((guest()->gpr[VCPU_RAX] | guest()->gpr[VCPU_RBX] | guest()->gpr[VCPU_RCX] | guest()->gpr[VCPU_RDX]) <=
                UINT32_MAX);
}

static void cpuid_identity(void **state)
{
    (void)state;
    cpuid(0, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX], 0x16);
    cpuid(0x40000000, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX], 0x40000010);
    uint32_t text[3] = {(uint32_t)guest()->gpr[VCPU_RBX], (uint32_t)guest()->gpr[VCPU_RCX],
                        (uint32_t)guest()->gpr[VCPU_RDX]};
    assert_memory_equal(text, "Skyscope VMM", 12);
    cpuid(0x40000010, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX], FIXTURE_FREQUENCY / 1000);
    cpuid(0x15, 0);
    assert_int_equal(guest()->gpr[VCPU_RCX] * guest()->gpr[VCPU_RBX] / guest()->gpr[VCPU_RAX], FIXTURE_FREQUENCY);
}

static void cpuid_features_follow_state(void **state)
{
    (void)state;
    guest()->cr4 = CR4_PAE;
    cpuid(1, 0);
    uint64_t ecx = guest()->gpr[VCPU_RCX];
    assert_true((ecx & (1u << 31)) != 0 && (ecx & (1u << 21)) != 0 && (ecx & (1u << 24)) != 0);
    assert_true((ecx & (1u << 3)) == 0 && (ecx & (1u << 5)) == 0); /* MONITOR, VMX */
    assert_true((ecx & (1u << 27)) == 0);
    guest()->cr4 |= CR4_OSXSAVE;
    cpuid(1, 0);
    assert_true((guest()->gpr[VCPU_RCX] & (1u << 27)) != 0);
    cpuid(0x80000001, 0);
    assert_true((guest()->gpr[VCPU_RCX] & (1u << 2)) == 0); /* SVM */
    cpuid(0xa, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX] | guest()->gpr[VCPU_RDX], 0);
    cpuid(0x80000007, 0);
    assert_int_equal(guest()->gpr[VCPU_RDX], 1u << 8);
}

/* Any leaf: nothing faults, what is beyond the end is zero. */
static void cpuid_everywhere(void **state)
{
    (void)state;
    static const uint32_t bases[] = {0, 0x40000000, 0x80000000, 0x80860000, 0xc0000000, 0xffffff00};
    for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
        for (uint32_t i = 0; i < 0x100; i++) {
            static const uint32_t subleaves[] = {0, 1, 2, 3, 7, 15, 16, 62, 63, 64, 0xffffffff};
            for (size_t s = 0; s < sizeof(subleaves) / sizeof(subleaves[0]); s++) {
                cpuid(bases[b] + i, subleaves[s]);
            }
        }
    }
    cpuid(0x50000000, 0);
    assert_int_equal(guest()->gpr[VCPU_RAX] | guest()->gpr[VCPU_RBX] | guest()->gpr[VCPU_RCX] | guest()->gpr[VCPU_RDX],
                     0);
}

static const struct cpuid_result everything = {~0u, ~0u, ~0u, ~0u};
static const struct cpuid_result xsave_leaves[10] = {
    [0] = {.eax = 0x602e7, .ebx = 0xa80, .ecx = 0xa80},
    [1] = {.eax = 0x1f},
    [2] = {.eax = 0x100, .ebx = 0x240},
    [5] = {.eax = 0x40, .ebx = 0x440},
    [6] = {.eax = 0x200, .ebx = 0x480},
    [7] = {.eax = 0x400, .ebx = 0x680},
    [8] = {.eax = 0x80, .ebx = 0xb00},
    [9] = {.eax = 8, .ebx = 0xa80},
};

static struct cpuid_result epyc(void *context, uint32_t leaf, uint32_t subleaf)
{
    (void)context;
    switch (leaf) {
    case 0:
        return (struct cpuid_result){.eax = 0x1f, .ebx = 0x68747541, .ecx = 0x444d4163, .edx = 0x69746e65};
    case 7:
    case 1:
        return (struct cpuid_result){.eax = 0x800f12, .ebx = ~0u, .ecx = ~0u, .edx = ~0u};
    case 0xd:
        return subleaf < 10 ? xsave_leaves[subleaf] : everything;
    case 0x80000000:
        return (struct cpuid_result){.eax = 0x80000028};
    case 0x80000008:
        return (struct cpuid_result){.eax = 0x3030};
    default:
        return everything;
    }
}

/* A host with everything: what is not virtualised must not come through. */
static void cpuid_policy_hides(void **state)
{
    (void)state;
    struct cpuid_policy p;
    struct cpuid_options options = {.vcpu_count = 3, .tsc_frequency = 5000000000ull};
    cpuid_policy_create(&p, &options, epyc, NULL);
    struct cpuid_viewer viewer = {.vcpu = 2, .cr4 = CR4_OSXSAVE, .xcr0 = 7, .apic_enabled = true};
    struct cpuid_result r;
    cpuid_query(&p, &viewer, 1, 0, &r);
    assert_int_equal(r.ecx & ((1u << 31) | (1u << 21) | (1u << 24) | (1u << 3) | (1u << 2) | (1u << 5) | (1u << 15)),
                     0);
    assert_int_equal(r.ebx >> 24, 2);
    assert_int_equal(r.ebx >> 16 & 0xff, 4);
    cpuid_query(&p, &viewer, 0x40000000, 0, &r);
    assert_int_equal(r.eax | r.ebx, 0);
    cpuid_query(&p, &viewer, 7, 0, &r);
    assert_int_equal(r.ebx & ((1u << 2) | (1u << 12) | (1u << 15) | (1u << 4) | (1u << 11) | (1u << 14) | (1u << 25)),
                     0);
    assert_int_equal(r.ecx & (1u << 16), 0);
    assert_int_equal(r.edx & (7u << 22), 0); /* AMX */
    cpuid_query(&p, &viewer, 0x8000000a, 0, &r);
    assert_int_equal(r.eax | r.ebx | r.ecx | r.edx, 0);
    cpuid_query(&p, &viewer, 0x8000001f, 0, &r); /* memory encryption */
    assert_int_equal(r.eax, 0);
    cpuid_query(&p, &viewer, 0x8000001e, 0, &r);
    assert_int_equal(r.eax, 2);
    cpuid_query(&p, &viewer, 0x15, 0, &r);
    assert_int_equal((uint64_t)r.ecx * r.ebx / r.eax, 5000000000ull);

    assert_int_equal(p.xcr0_allowed, 0x2e7);
    cpuid_query(&p, &viewer, 0xd, 0, &r);
    assert_int_equal(r.eax, 0x2e7);
    assert_int_equal(r.ebx, 0x240 + 0x100);
    assert_int_equal(r.ecx, 0xa88);
    cpuid_query(&p, &viewer, 0xd, 1, &r);
    assert_int_equal(r.eax, 7); /* XSAVES is not offered */
    cpuid_query(&p, &viewer, 0xd, 17, &r);
    assert_int_equal(r.eax | r.ebx | r.ecx, 0);
    cpuid_query(&p, &viewer, 0xd, 8, &r);
    assert_int_equal(r.eax | r.ebx | r.ecx, 0);

    cpuid_query(&p, &viewer, 0xb, 0, &r);
    assert_int_equal(r.ecx, 0x100);
    assert_int_equal(r.edx, 2);
    cpuid_query(&p, &viewer, 0xb, 1, &r);
    assert_int_equal(r.eax, 2);
    assert_int_equal(r.ebx, 3);
    cpuid_query(&p, &viewer, 0xb, 2, &r);
    assert_int_equal(r.eax | r.ebx | (r.ecx >> 8), 0);
    assert_int_equal(p.cr4_allowed & CR4_LA57, 0);
}

/* --- MSRs --- */

static void set_msr_exit(uint32_t index, bool write)
{
    struct vcpu_page *page = fixture_exit(&f, VCPU_EXIT_MSR);
    page->exit.msr = (struct vcpu_exit_msr){.index = index, .write = write};
    control()->event = 0;
    guest()->rip = FIXTURE_CODE;
    fixture_set_code(&f, write ? "\x0f\x30" : "\x0f\x32", 2);
}

static bool write_msr(uint32_t index, uint64_t value)
{
    set_msr_exit(index, true);
    guest()->gpr[VCPU_RAX] = value & UINT32_MAX;
    guest()->gpr[VCPU_RDX] = value >> 32;
    handle();
    bool done = exception() < 0;
    assert_int_equal(guest()->rip, FIXTURE_CODE + (done ? 2 : 0));
    if (!done) {
        assert_int_equal(exception(), EXCEPTION_GP);
    }
    return done;
}

static bool read_msr(uint32_t index, uint64_t *value)
{
    set_msr_exit(index, false);
    handle();
    if (exception() >= 0) {
        assert_int_equal(exception(), EXCEPTION_GP);
        return false;
    }
    *value = guest()->gpr[VCPU_RDX] << 32 | guest()->gpr[VCPU_RAX];
    return true;
}

static uint64_t msr(uint32_t index)
{
    uint64_t value = 0;
    assert_true(read_msr(index, &value));
    return value;
}

static void msr_unknown(void **state)
{
    (void)state;
    uint64_t value;
    assert_false(read_msr(0x12345678, &value));
    assert_false(write_msr(0x12345678, 0));
    assert_false(read_msr(0xc0010117, &value)); /* VM_HSAVE_PA */
    assert_int_equal(f.vm->guest_errors, 3);
    assert_non_null(strstr(fixture_log(&f), "0x12345678"));
    for (int i = 0; i < 1000; i++) {
        assert_false(read_msr(0xdead, &value));
    }
    assert_int_equal(f.vm->guest_errors, 1003);
    assert_true(f.log->written < 2000); /* and yet the log is short */
    assert_true(f.log->dropped > 900);
}

static void msr_time(void **state)
{
    (void)state;
    assert_int_equal(msr(0x10), 0); /* starts at 0 with the VM */
    fake_hv.now += 500;
    assert_int_equal(msr(0x10), 500);
    assert_true(write_msr(0x10, 10000));
    assert_true((control()->dirty & VCPU_STATE_MISC) != 0);
    assert_int_equal(fake_hv.now + guest()->tsc_offset, 10000);
    assert_int_equal(msr(0x3b), 9500);
    assert_true(write_msr(0x3b, 0));
    assert_int_equal(msr(0x10), 500);
}

static void msr_efer(void **state)
{
    (void)state;
    uint64_t efer = msr(0xc0000080);
    assert_int_equal(efer, EFER_LME | EFER_LMA);
    assert_true(write_msr(0xc0000080, efer | EFER_SCE | EFER_NXE));
    assert_int_equal(guest()->efer, EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE);
    assert_true((control()->dirty & VCPU_STATE_CONTROL) != 0);
    assert_false(write_msr(0xc0000080, efer & ~EFER_LME));  /* paging is on */
    assert_false(write_msr(0xc0000080, efer | 1ull << 12)); /* SVME */
    assert_false(write_msr(0xc0000080, 1ull << 63));
    assert_true(write_msr(0xc0000080, EFER_LME)); /* LMA is not the guest's to clear */
    assert_int_equal(guest()->efer, EFER_LME | EFER_LMA);
}

static void msr_addresses_must_be_canonical(void **state)
{
    (void)state;
    assert_true(write_msr(0xc0000082, 0xffffffff81000000));
    assert_int_equal(guest()->lstar, 0xffffffff81000000);
    assert_false(write_msr(0xc0000082, 0x8000000000000000));
    assert_false(write_msr(0xc0000101, 0x0001000000000000));
    assert_int_equal(guest()->lstar, 0xffffffff81000000);
}

static void msr_memory_types(void **state)
{
    (void)state;
    assert_int_equal(msr(0xfe) & 0xff, X86_MTRR_VARIABLE_COUNT);
    assert_int_equal(msr(0x2ff), 0xc06);
    assert_true(write_msr(0x2ff, 0xc00));
    assert_false(write_msr(0x2ff, 0xc02));
    assert_false(write_msr(0x2ff, 1ull << 40));
    assert_true(write_msr(0x200, 0x80000006));
    assert_false(write_msr(0x200, 0x80000003));
    assert_false(write_msr(0x201, UINT64_MAX));
    assert_true(write_msr(0x250, 0x0606060606060606));
    assert_false(write_msr(0x250, 0x0706060606060606));
    assert_false(write_msr(0x210, 0));
    assert_true(write_msr(0x277, 0x0007010600070106));
    assert_int_equal(guest()->pat, 0x0007010600070106);
    assert_false(write_msr(0x277, 0x0207010600070106));
}

static void msr_machine_check(void **state)
{
    (void)state;
    assert_int_equal(msr(0x179), X86_MCE_BANK_COUNT);
    assert_true(write_msr(0x400, UINT64_MAX));
    assert_true(write_msr(0x401, 0));
    assert_false(write_msr(0x401, 1));
    assert_int_equal(msr(0x401), 0);
    uint64_t value;
    assert_false(read_msr(0x400 + 4 * X86_MCE_BANK_COUNT, &value));
}

/* Every index, with several values: whatever happens, the VM lives and says #GP or does it. */
static void msr_everywhere(void **state)
{
    (void)state;
    static const uint32_t bases[] = {0,          0x400,      0x800,      0xc00,     0x40000000,
                                     0xc0000000, 0xc0010000, 0xc0011000, 0xfffffc00};
    static const uint64_t values[] = {0, 1, UINT64_MAX, 0x8000000000000000, 0xfee00900, 0x5555555555555555};
    for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
        for (uint32_t i = 0; i < 0x400; i++) {
            uint64_t value;
            (void)read_msr(bases[b] + i, &value);
            for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                (void)write_msr(bases[b] + i, values[v]);
            }
        }
    }
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
}

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

static void exceptions_on_exceptions(void **state)
{
    (void)state;
    struct vcpu_context *vcpu = &f.vm->vcpus[0];
    static const struct {
        int first, second, result;
    } cases[] = {
        {-1, EXCEPTION_GP, EXCEPTION_GP},           {EXCEPTION_DB, EXCEPTION_GP, EXCEPTION_GP},
        {EXCEPTION_GP, EXCEPTION_GP, EXCEPTION_DF}, {EXCEPTION_GP, EXCEPTION_PF, EXCEPTION_PF},
        {EXCEPTION_PF, EXCEPTION_GP, EXCEPTION_DF}, {EXCEPTION_PF, EXCEPTION_PF, EXCEPTION_DF},
        {EXCEPTION_DE, EXCEPTION_NP, EXCEPTION_DF}, {EXCEPTION_PF, EXCEPTION_UD, EXCEPTION_UD},
        {EXCEPTION_DF, EXCEPTION_UD, EXCEPTION_UD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        control()->event = 0;
        if (cases[i].first >= 0) {
            event_exception(vcpu, (enum x86_exception)cases[i].first, 0);
        }
        event_exception(vcpu, (enum x86_exception)cases[i].second, 0x10);
        assert_int_equal(exception(), cases[i].result);
    }
    control()->event = 0;
    event_exception(vcpu, EXCEPTION_DF, 0);
    event_exception(vcpu, EXCEPTION_GP, 0);
    assert_int_equal(f.vm->action, VM_ACTION_CRASH);
}

static void interrupt_that_a_fault_displaced(void **state)
{
    (void)state;
    struct vcpu_context *vcpu = &f.vm->vcpus[0];
    uint64_t interrupt = VCPU_EVENT_VALID | 0x55;
    control()->event = interrupt;
    event_exception(vcpu, EXCEPTION_GP, 0);
    assert_int_equal(exception(), EXCEPTION_GP);
    /* After the #GP was delivered, and the guest can take interrupts, it comes again. */
    fixture_exit(&f, VCPU_EXIT_INTERRUPT_WINDOW);
    control()->event = 0;
    guest()->rflags |= RFLAGS_IF;
    handle();
    assert_int_equal(control()->event, interrupt);
}

static void start_lapic(void)
{
    assert_true(write_msr(0x1b, 0xfee00d00)); /* x2APIC */
    assert_true(write_msr(0x80f, 0x1ff));
}

static void interrupts_wait_for_the_guest(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED;
    assert_true(write_msr(0x83f, 0x41)); /* self-IPI */
    assert_int_equal(control()->event, 0);
    assert_int_equal(control()->interrupt_window, 1);
    fixture_exit(&f, VCPU_EXIT_INTERRUPT_WINDOW);
    guest()->rflags |= RFLAGS_IF;
    guest()->interrupt_shadow = 1;
    handle();
    assert_int_equal(control()->event, 0);
    assert_int_equal(control()->interrupt_window, 1);
    fixture_exit(&f, VCPU_EXIT_INTERRUPT_WINDOW);
    guest()->interrupt_shadow = 0;
    handle();
    assert_int_equal(control()->event, VCPU_EVENT_VALID | 0x41);
    assert_int_equal(control()->interrupt_window, 0);
    assert_int_equal(f.vm->arch.interrupts_injected, 1);
}

static void higher_interrupts_first(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED;
    assert_true(write_msr(0x83f, 0x41));
    assert_true(write_msr(0x83f, 0x91));
    guest()->rflags |= RFLAGS_IF;
    fixture_exit(&f, VCPU_EXIT_INTERRUPT_WINDOW);
    handle();
    assert_int_equal(control()->event & 0xff, 0x91);
    /* It is delivered, ends, and the other follows. */
    assert_true(write_msr(0x80b, 0));
    assert_int_equal(control()->event & 0xff, 0x41);
}

static void priority_holds_back(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED | RFLAGS_IF;
    guest()->cr8 = 5;
    assert_true(write_msr(0x83f, 0x41));
    assert_int_equal(control()->event, 0);
    assert_int_equal(control()->interrupt_window, 0);
    assert_true(control()->deadline != 0); /* looked at again, as CR8 changes without an exit */
    guest()->cr8 = 0;
    fake_hv.now = control()->deadline;
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_int_equal(control()->event, VCPU_EVENT_VALID | 0x41);
}

static void owed_event_is_left_alone(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED | RFLAGS_IF;
    set_msr_exit(0x83f, true);
    guest()->gpr[VCPU_RAX] = 0x77;
    guest()->gpr[VCPU_RDX] = 0;
    control()->event = VCPU_EVENT_VALID | 0x33;
    handle();
    assert_int_equal(control()->event, VCPU_EVENT_VALID | 0x33);
    assert_int_equal(control()->interrupt_window, 1);
}

static void halt_and_wake(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED | RFLAGS_IF;
    assert_true(write_msr(0x832, 2u << 17 | 0x60)); /* TSC deadline */
    assert_true(write_msr(0x6e0, fake_hv.now + guest()->tsc_offset + 1000));
    assert_int_equal(control()->deadline, fake_hv.now + 1000);
    fixture_exit(&f, VCPU_EXIT_HALT);
    fixture_set_code(&f, "\xf4", 1);
    uint64_t rip = guest()->rip;
    handle();
    assert_int_equal(guest()->rip, rip + 1);
    assert_false(fake_hv.on[0]);
    assert_int_equal(control()->deadline, fake_hv.now + 1000);
    fake_hv.now += 999;
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_false(fake_hv.on[0]);
    fake_hv.now += 1;
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_true(fake_hv.on[0]);
    assert_int_equal(control()->event, VCPU_EVENT_VALID | 0x60);
    assert_int_equal(control()->deadline, 0);
}

static void halt_with_interrupts_off(void **state)
{
    (void)state;
    start_lapic();
    guest()->rflags = RFLAGS_RESERVED;
    assert_true(write_msr(0x83f, 0x41));
    fixture_exit(&f, VCPU_EXIT_HALT);
    fixture_set_code(&f, "\xf4", 1);
    handle();
    assert_false(fake_hv.on[0]);
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_false(fake_hv.on[0]);
}

static void nmi(void **state)
{
    (void)state;
    start_lapic();
    assert_true(write_msr(0x830, 4u << 8 | 1u << 18)); /* NMI to itself */
    if (f.vm->vcpus[0].arch.nmi_pending == false) {
        assert_true(write_msr(0x830, 4u << 8 | 2u << 18)); /* to all */
    }
    assert_true(f.vm->vcpus[0].arch.nmi_pending);
    assert_int_equal(control()->nmi_window, 1);
    fixture_exit(&f, VCPU_EXIT_NMI_WINDOW);
    handle();
    assert_int_equal(control()->event, VCPU_EVENT_VALID | VCPU_EVENT_TYPE(VCPU_EVENT_NMI) | 2);
    assert_int_equal(control()->nmi_window, 0);
}

static void shutdown_stops(void **state)
{
    (void)state;
    fixture_exit(&f, VCPU_EXIT_SHUTDOWN);
    handle();
    assert_int_equal(f.control->status.state, VM_STATE_STOPPED);
    assert_string_equal(f.control->status.reason, "triple fault");
    assert_false(fake_hv.on[0]);
    /* A late exit is not acted on. */
    uint64_t rip = guest()->rip;
    fixture_exit(&f, VCPU_EXIT_CPUID);
    handle();
    assert_int_equal(guest()->rip, rip);
}

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
        TEST(cpuid_identity),
        TEST(cpuid_features_follow_state),
        TEST(cpuid_everywhere),
        TEST(cpuid_policy_hides),
        TEST(msr_unknown),
        TEST(msr_time),
        TEST(msr_efer),
        TEST(msr_addresses_must_be_canonical),
        TEST(msr_memory_types),
        TEST(msr_machine_check),
        TEST(msr_everywhere),
        TEST(port_widths),
        TEST(port_of_impossible_width),
        TEST(port_strings),
        TEST(port_string_fault),
        TEST(ports_everywhere),
        TEST(control_registers),
        TEST(extended_control),
        TEST(exceptions_on_exceptions),
        TEST(interrupt_that_a_fault_displaced),
        TEST(interrupts_wait_for_the_guest),
        TEST(higher_interrupts_first),
        TEST(priority_holds_back),
        TEST(owed_event_is_left_alone),
        TEST(halt_and_wake),
        TEST(halt_with_interrupts_off),
        TEST(nmi),
        TEST(shutdown_stops),
        TEST(instructions_not_offered),
        TEST(unknown_exit),
        TEST(refused_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
