/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions with a memory operand that is a device's register. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <vmm/arch/execution.h>

#include "machine_fixture.h"

#define DEVICE 0xd0000000ull

/* A device that remembers what was written and counts accesses. */
struct probe {
    uint8_t bytes[0x1000];
    uint32_t reads, writes, last_width;
};

static uint64_t probe_read(void *device, uint64_t offset, uint32_t width)
{
    struct probe *p = device;
    uint64_t value = 0;
    memcpy(&value, p->bytes + offset, width);
    p->reads++;
    p->last_width = width;
    return value;
}

static void probe_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct probe *p = device;
    memcpy(p->bytes + offset, &value, width);
    p->writes++;
    p->last_width = width;
}

static const struct bus_ops probe_ops = {probe_read, probe_write};

struct context {
    struct machine_fixture f;
    struct probe probe;
};

static int set_up(void **state)
{
    static struct context c;
    memset(&c, 0, sizeof(c));
    static const uint8_t nop[] = {0x90};
    fixture_start(&c.f, nop, sizeof(nop));
    assert_int_equal(bus_register(&c.f.vm->memory_bus, DEVICE, 0x1000, &probe_ops, &c.probe, "probe"), 0);
    *state = &c;
    return 0;
}

static int tear_down(void **state)
{
    fixture_destroy(&((struct context *)*state)->f);
    return 0;
}

/* Runs one instruction whose operand is at DEVICE + offset; RBX holds that address. */
static struct vcpu_arch_state *run(struct context *c, const char *code, size_t size, uint64_t offset, uint32_t access)
{
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    fixture_set_code(&c->f, code, size);
    s->gpr[VCPU_RBX] = DEVICE + offset;
    uint64_t rip = s->rip;
    fixture_memory_exit(&c->f, DEVICE + offset, access);
    assert_int_equal(s->rip, rip + size);
    assert_true((c->f.pages[0].control.dirty & VCPU_STATE_BASIC) != 0);
    return s;
}
#define RUN(c, code, offset, access) run(c, code, sizeof(code) - 1, offset, access)
#define R                            VCPU_ACCESS_READ
#define W                            (VCPU_ACCESS_READ | VCPU_ACCESS_WRITE)

static void put(struct context *c, uint64_t offset, uint64_t value)
{
    memcpy(c->probe.bytes + offset, &value, 8);
}

static uint64_t get(struct context *c, uint64_t offset, uint32_t width)
{
    uint64_t value = 0;
    memcpy(&value, c->probe.bytes + offset, width);
    return value;
}

static void moves_of_all_widths(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    put(c, 0x10, 0x8877665544332211);
    s->gpr[VCPU_RAX] = ~0ull;
    RUN(c, "\x8a\x03", 0x10, R); /* mov al, [rbx] */
    assert_int_equal(s->gpr[VCPU_RAX], 0xffffffffffffff11);
    RUN(c, "\x8a\x23", 0x10, R); /* mov ah, [rbx] */
    assert_int_equal(s->gpr[VCPU_RAX], 0xffffffffffff1111);
    RUN(c, "\x66\x8b\x03", 0x10, R); /* mov ax, [rbx] */
    assert_int_equal(s->gpr[VCPU_RAX], 0xffffffffffff2211);
    RUN(c, "\x8b\x03", 0x10, R); /* mov eax, [rbx] */
    assert_int_equal(s->gpr[VCPU_RAX], 0x44332211);
    RUN(c, "\x48\x8b\x03", 0x10, R); /* mov rax, [rbx] */
    assert_int_equal(s->gpr[VCPU_RAX], 0x8877665544332211);
    RUN(c, "\x4c\x8b\x7b\x08", 0x18 - 8, R); /* mov r15, [rbx+8]: the exit's address is the operand's own */
    assert_int_equal(c->probe.last_width, 8);

    s->gpr[VCPU_RCX] = 0x1122334455667788;
    RUN(c, "\x88\x2b", 0x20, W); /* mov [rbx], ch */
    assert_int_equal(get(c, 0x20, 1), 0x77);
    RUN(c, "\x66\x89\x0b", 0x20, W);
    assert_int_equal(get(c, 0x20, 2), 0x7788);
    RUN(c, "\x89\x0b", 0x20, W);
    assert_int_equal(get(c, 0x20, 4), 0x55667788);
    RUN(c, "\x48\x89\x0b", 0x20, W);
    assert_int_equal(get(c, 0x20, 8), 0x1122334455667788);
    RUN(c, "\x48\xc7\x03\xff\xff\xff\xff", 0x20, W); /* mov qword [rbx], -1 */
    assert_int_equal(get(c, 0x20, 8), ~0ull);
    RUN(c, "\xc6\x03\x5a", 0x20, W);
    assert_int_equal(get(c, 0x20, 2), 0xff5a);
    RUN(c, "\x0f\xc3\x0b", 0x20, W); /* movnti [rbx], ecx */
    assert_int_equal(get(c, 0x20, 4), 0x55667788);
}

static void moves_that_extend(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    put(c, 0, 0x80808080);
    s->gpr[VCPU_RDX] = ~0ull;
    RUN(c, "\x0f\xb6\x13", 0, R); /* movzx edx, byte */
    assert_int_equal(s->gpr[VCPU_RDX], 0x80);
    RUN(c, "\x0f\xb7\x13", 0, R);
    assert_int_equal(s->gpr[VCPU_RDX], 0x8080);
    RUN(c, "\x48\x0f\xbe\x13", 0, R); /* movsx rdx, byte */
    assert_int_equal(s->gpr[VCPU_RDX], 0xffffffffffffff80);
    RUN(c, "\x0f\xbf\x13", 0, R); /* movsx edx, word */
    assert_int_equal(s->gpr[VCPU_RDX], 0xffff8080);
    RUN(c, "\x48\x63\x13", 0, R); /* movsxd rdx, dword */
    assert_int_equal(s->gpr[VCPU_RDX], 0xffffffff80808080);
}

static void addressing(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    put(c, 0x100, 0x1234);
    s->gpr[VCPU_RSI] = DEVICE;
    s->gpr[VCPU_R9] = 0x20;
    fixture_set_code(&c->f, "\x42\x8b\x44\xce\x00", 5); /* mov eax, [rsi + r9*8 + 0] */
    fixture_memory_exit(&c->f, DEVICE + 0x100, R);
    assert_int_equal(s->gpr[VCPU_RAX], 0x1234);
    /* The offset moffs64 form */
    fixture_set_code(&c->f, "\xa1\x00\x01\x00\xd0\x00\x00\x00\x00", 9);
    s->gpr[VCPU_RAX] = 0;
    fixture_memory_exit(&c->f, DEVICE + 0x100, R);
    assert_int_equal(s->gpr[VCPU_RAX], 0x1234);
    /* FS base counts in 64-bit mode */
    s->fs.base = DEVICE;
    fixture_set_code(&c->f, "\x64\x8b\x04\x25\x00\x01\x00\x00", 8);
    s->gpr[VCPU_RAX] = 0;
    fixture_memory_exit(&c->f, DEVICE + 0x100, R);
    assert_int_equal(s->gpr[VCPU_RAX], 0x1234);
    assert_true((fake_hv.groups_read & VCPU_STATE_SEGMENTS) != 0);
}

static void read_modify_write(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    put(c, 0, 0xf0);
    s->rflags = RFLAGS_RESERVED;
    RUN(c, "\x83\x0b\x0f", 0, W); /* or dword [rbx], 0x0f */
    assert_int_equal(get(c, 0, 4), 0xff);
    RUN(c, "\x80\x23\x0f", 0, W); /* and byte [rbx], 0x0f */
    assert_int_equal(get(c, 0, 1), 0x0f);
    assert_int_equal(s->rflags & (RFLAGS_CF | RFLAGS_OF | RFLAGS_ZF | RFLAGS_PF), RFLAGS_PF);
    s->gpr[VCPU_RAX] = 0x0f;
    RUN(c, "\x30\x03", 0, W); /* xor [rbx], al */
    assert_int_equal(get(c, 0, 1), 0);
    assert_true((s->rflags & RFLAGS_ZF) != 0);
    RUN(c, "\xfe\x0b", 0, W); /* dec byte [rbx] */
    assert_int_equal(get(c, 0, 1), 0xff);
    assert_true((s->rflags & RFLAGS_SF) != 0);
    s->rflags |= RFLAGS_CF;
    RUN(c, "\xfe\x03", 0, W); /* inc byte [rbx]: CF stays */
    assert_true((s->rflags & RFLAGS_CF) != 0 && (s->rflags & RFLAGS_ZF) != 0);
    RUN(c, "\x80\x13\x7f", 0, W); /* adc byte [rbx], 0x7f */
    assert_int_equal(get(c, 0, 1), 0x80);
    assert_true((s->rflags & RFLAGS_OF) != 0);
    RUN(c, "\xf6\x1b", 0, W); /* neg byte [rbx] */
    assert_int_equal(get(c, 0, 1), 0x80);
    RUN(c, "\xf7\x13", 0, W); /* not dword [rbx] */
    assert_int_equal(get(c, 0, 4), 0xffffff7f);
    uint32_t writes = c->probe.writes;
    RUN(c, "\x81\x3b\x7f\xff\xff\xff", 0, R); /* cmp dword [rbx], 0xffffff7f */
    assert_true((s->rflags & RFLAGS_ZF) != 0);
    RUN(c, "\xf6\x03\x01", 0, R); /* test byte [rbx], 1 */
    assert_true((s->rflags & RFLAGS_ZF) == 0);
    assert_int_equal(c->probe.writes, writes);
    s->gpr[VCPU_RCX] = 0xffffff7f;
    RUN(c, "\x3b\x0b", 0, R); /* cmp ecx, [rbx] */
    assert_true((s->rflags & RFLAGS_ZF) != 0);
    RUN(c, "\x23\x0b", 0, R); /* and ecx, [rbx] */
    assert_int_equal(s->gpr[VCPU_RCX], 0xffffff7f);
    RUN(c, "\x2b\x0b", 0, R); /* sub ecx, [rbx] */
    assert_int_equal(s->gpr[VCPU_RCX], 0);
}

static void exchanges(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    put(c, 0, 5);
    s->gpr[VCPU_RCX] = 0xffffffff00000007;
    RUN(c, "\x87\x0b", 0, W); /* xchg [rbx], ecx */
    assert_int_equal(s->gpr[VCPU_RCX], 5);
    assert_int_equal(get(c, 0, 4), 7);
    RUN(c, "\xf0\x0f\xc1\x0b", 0, W); /* lock xadd [rbx], ecx */
    assert_int_equal(s->gpr[VCPU_RCX], 7);
    assert_int_equal(get(c, 0, 4), 12);
    s->gpr[VCPU_RAX] = 12;
    s->gpr[VCPU_RCX] = 99;
    RUN(c, "\xf0\x0f\xb1\x0b", 0, W); /* lock cmpxchg [rbx], ecx */
    assert_int_equal(get(c, 0, 4), 99);
    assert_true((s->rflags & RFLAGS_ZF) != 0);
    RUN(c, "\xf0\x0f\xb1\x0b", 0, W);
    assert_int_equal(s->gpr[VCPU_RAX], 99);
    assert_true((s->rflags & RFLAGS_ZF) == 0);
}

static void bits(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    put(c, 0x40, 0);
    RUN(c, "\xf0\x0f\xba\x2b\x05", 0x40, W); /* lock bts dword [rbx], 5 */
    assert_int_equal(get(c, 0x40, 4), 0x20);
    assert_true((s->rflags & RFLAGS_CF) == 0);
    RUN(c, "\x0f\xba\x23\x05", 0x40, R); /* bt dword [rbx], 5 */
    assert_true((s->rflags & RFLAGS_CF) != 0);
    RUN(c, "\x0f\xba\x33\x05", 0x40, W); /* btr */
    assert_int_equal(get(c, 0x40, 4), 0);
    /* A register names a bit far away: 32 * 3 + 1 from RBX; minus 31 is in the word below. */
    s->gpr[VCPU_RCX] = 97;
    s->gpr[VCPU_RBX] = DEVICE + 0x40;
    fixture_set_code(&c->f, "\x0f\xab\x0b", 3); /* bts [rbx], ecx */
    fixture_memory_exit(&c->f, DEVICE + 0x4c, W);
    assert_int_equal(get(c, 0x4c, 4), 2);
    s->gpr[VCPU_RCX] = (uint32_t)-31;
    fixture_set_code(&c->f, "\x0f\xab\x0b", 3);
    fixture_memory_exit(&c->f, DEVICE + 0x3c, W);
    assert_int_equal(get(c, 0x3c, 4), 2);
}

static void strings(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    /* rep stosd */
    s->gpr[VCPU_RAX] = 0xabcd1234;
    s->gpr[VCPU_RCX] = 4;
    s->gpr[VCPU_RDI] = DEVICE;
    fixture_set_code(&c->f, "\xf3\xab", 2);
    fixture_memory_exit(&c->f, DEVICE, W);
    assert_int_equal(s->gpr[VCPU_RCX], 0);
    assert_int_equal(s->gpr[VCPU_RDI], DEVICE + 16);
    assert_int_equal(get(c, 12, 4), 0xabcd1234);
    assert_int_equal(c->probe.writes, 4);
    assert_int_equal(s->rip, FIXTURE_CODE + 2);
    /* rep movsb from RAM to the device, backwards */
    s->rip = FIXTURE_CODE;
    memcpy(c->f.ram + 0x200000, "0123456789", 10);
    s->rflags |= RFLAGS_DF;
    s->gpr[VCPU_RCX] = 3;
    s->gpr[VCPU_RSI] = 0x200009;
    s->gpr[VCPU_RDI] = DEVICE + 0x102;
    fixture_set_code(&c->f, "\xf3\xa4", 2);
    fixture_memory_exit(&c->f, DEVICE + 0x102, W);
    assert_memory_equal(c->probe.bytes + 0x100, "789", 3);
    assert_int_equal(s->gpr[VCPU_RSI], 0x200006);
    /* movsq from the device to RAM; a page that is read-only for nobody */
    s->rflags &= ~RFLAGS_DF;
    s->gpr[VCPU_RSI] = DEVICE + 0x100;
    s->gpr[VCPU_RDI] = 0x300000;
    fixture_set_code(&c->f, "\x48\xa5", 2);
    fixture_memory_exit(&c->f, DEVICE + 0x100, R);
    assert_memory_equal(c->f.ram + 0x300000, "789", 3);
    /* lodsb */
    s->gpr[VCPU_RSI] = DEVICE + 0x101;
    fixture_set_code(&c->f, "\xac", 1);
    fixture_memory_exit(&c->f, DEVICE + 0x101, R);
    assert_int_equal(s->gpr[VCPU_RAX] & 0xff, '8');
    /* nothing to do */
    uint32_t reads = c->probe.reads;
    s->gpr[VCPU_RCX] = 0;
    fixture_set_code(&c->f, "\xf3\xa4", 2);
    uint64_t rip = s->rip;
    fixture_memory_exit(&c->f, DEVICE, R);
    assert_int_equal(s->rip, rip + 2);
    assert_int_equal(c->probe.reads, reads);
}

static void long_strings_come_back(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    s->gpr[VCPU_RCX] = 1ull << 60;
    s->gpr[VCPU_RDI] = DEVICE;
    fixture_set_code(&c->f, "\xf3\xaa", 2);
    fixture_memory_exit(&c->f, DEVICE, W);
    assert_int_equal(s->rip, FIXTURE_CODE); /* not done yet, but returned */
    assert_true(s->gpr[VCPU_RCX] < 1ull << 60);
    assert_true(c->probe.writes <= 4096);
    assert_int_equal(s->gpr[VCPU_RDI] - DEVICE, c->probe.writes);
}

static uint64_t *page_directory(struct context *c)
{
    return (uint64_t *)(void *)(c->f.ram + 0x4000);
}

static void string_fault_in_the_middle(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    page_directory(c)[2] = 0; /* 4..6 MiB not present */
    s->gpr[VCPU_RCX] = 8;
    s->gpr[VCPU_RSI] = DEVICE;
    s->gpr[VCPU_RDI] = 0x400000 - 4;
    fixture_set_code(&c->f, "\xf3\xa4", 2);
    fixture_memory_exit(&c->f, DEVICE, R);
    assert_int_equal(s->gpr[VCPU_RCX], 4);
    assert_int_equal(s->rip, FIXTURE_CODE);
    assert_int_equal(s->cr2, 0x400000);
    uint64_t event = c->f.pages[0].control.event;
    assert_int_equal(event & 0xff, EXCEPTION_PF);
    assert_true((event & VCPU_EVENT_VALID) != 0);
    assert_int_equal(event >> 32, 2); /* a write by the supervisor to what is not there */
}

static void push_and_pop(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    put(c, 0, 0x1122334455667788);
    s->gpr[VCPU_RSP] = 0x200000;
    RUN(c, "\xff\x33", 0, R); /* push qword [rbx] */
    assert_int_equal(s->gpr[VCPU_RSP], 0x200000 - 8);
    assert_memory_equal(c->f.ram + 0x1ffff8, "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
    RUN(c, "\x8f\x03", 0x20, W); /* pop qword [rbx] */
    assert_int_equal(get(c, 0x20, 8), 0x1122334455667788);
    assert_int_equal(s->gpr[VCPU_RSP], 0x200000);
}

static void stack_in_a_device(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    s->gpr[VCPU_RSP] = DEVICE + 0x100;
    s->gpr[VCPU_RSI] = 0x1234;
    fixture_set_code(&c->f, "\x56", 1); /* push rsi */
    fixture_memory_exit(&c->f, DEVICE + 0xf8, W);
    assert_int_equal(get(c, 0xf8, 8), 0x1234);
    assert_int_equal(s->gpr[VCPU_RSP], DEVICE + 0xf8);
    fixture_set_code(&c->f, "\x6a\xff", 2); /* push -1 */
    fixture_memory_exit(&c->f, DEVICE + 0xf0, W);
    assert_int_equal(get(c, 0xf0, 8), ~0ull);
    fixture_set_code(&c->f, "\x66\x56", 2); /* push si */
    fixture_memory_exit(&c->f, DEVICE + 0xee, W);
    assert_int_equal(get(c, 0xee, 2), 0x1234);
    assert_int_equal(s->gpr[VCPU_RSP], DEVICE + 0xee);
    s->gpr[VCPU_RSP] = DEVICE + 0xf8;
    fixture_set_code(&c->f, "\x41\x5f", 2); /* pop r15 */
    fixture_memory_exit(&c->f, DEVICE + 0xf8, R);
    assert_int_equal(s->gpr[VCPU_R15], 0x1234);
    s->gpr[VCPU_RSP] = DEVICE + 0xf8;
    fixture_set_code(&c->f, "\x5c", 1); /* pop rsp */
    fixture_memory_exit(&c->f, DEVICE + 0xf8, R);
    assert_int_equal(s->gpr[VCPU_RSP], 0x1234);
}

/* The instruction is compared byte by byte each time: changed code is not missed. */
static void changed_code(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    put(c, 0, 0xaabbccdd);
    for (int i = 0; i < 3; i++) {
        s->rip = FIXTURE_CODE;
        s->gpr[VCPU_RAX] = s->gpr[VCPU_RCX] = 0;
        RUN(c, "\x8b\x03", 0, R);
        assert_int_equal(s->gpr[VCPU_RAX], 0xaabbccdd);
        s->rip = FIXTURE_CODE;
        RUN(c, "\x8b\x0b", 0, R); /* mov ecx, [rbx] at the same place */
        assert_int_equal(s->gpr[VCPU_RCX], 0xaabbccdd);
        s->rip = FIXTURE_CODE;
        RUN(c, "\x8b\x8b\x00\x00\x00\x00", 0, R);
    }
}

/* The page tables change under the same RIP. */
static void changed_mapping(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    put(c, 0, 0xaabbccdd);
    RUN(c, "\x8b\x03", 0, R);
    s->rip = FIXTURE_CODE;
    /* 0..2 MiB is now what was 6..8 MiB; there, the code reads into EDX. */
    page_directory(c)[0] = 0x600000 | 0x83;
    memcpy(c->f.ram + 0x600000 + FIXTURE_CODE, "\x8b\x13", 2);
    s->gpr[VCPU_RDX] = 0;
    fixture_memory_exit(&c->f, DEVICE, R);
    assert_int_equal(s->gpr[VCPU_RDX], 0xaabbccdd);
}

static void what_is_not_emulated(void **state)
{
    struct context *c = *state;
    struct vcpu_page *page = &c->f.pages[0];
    static const char *const codes[] = {
        "\x0f\x6f\x03",         /* movq mm0, [rbx] */
        "\x66\x0f\x6f\x03",     /* movdqa xmm0, [rbx] */
        "\xd9\x03\x90",         /* fld */
        "\xff\x23\x90",         /* jmp [rbx] */
        "\xff\x13\x90",         /* call [rbx] */
        "\x0f\x01\x13\x90",     /* lgdt */
        "\x48\x0f\xc7\x0b\x90", /* cmpxchg16b */
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        page->control.event = 0;
        page->state.rip = FIXTURE_CODE;
        fixture_set_code(&c->f, codes[i], strlen(codes[i]));
        page->state.gpr[VCPU_RBX] = DEVICE;
        fixture_memory_exit(&c->f, DEVICE, R);
        assert_int_equal(page->control.event & 0xff, EXCEPTION_UD);
        assert_int_equal(page->state.rip, FIXTURE_CODE);
        assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
    }
    assert_int_equal(c->probe.reads + c->probe.writes, 0);
    assert_non_null(strstr(fixture_log(&c->f), "not emulated"));
    assert_int_equal(c->f.vm->guest_errors, 7);
}

static void code_that_cannot_be_read(void **state)
{
    struct context *c = *state;
    struct vcpu_page *page = &c->f.pages[0];
    page->state.rip = 0xd8000000; /* no RAM */
    fixture_memory_exit(&c->f, DEVICE, R);
    assert_int_equal(page->control.event & 0xff, EXCEPTION_UD);
    page->control.event = 0;
    fixture_memory_exit(&c->f, 0xd8000000, VCPU_ACCESS_FETCH);
    assert_int_equal(page->control.event & 0xff, EXCEPTION_UD);
    assert_int_equal(c->f.vm->state, VM_STATE_RUNNING);
}

static void page_tables_outside_ram(void **state)
{
    struct context *c = *state;
    fixture_memory_exit(&c->f, 0xd8000000, VCPU_ACCESS_READ | VCPU_ACCESS_PAGE_WALK);
    assert_int_equal(c->f.vm->state, VM_STATE_STOPPED);
    assert_non_null(strstr(c->f.control->status.reason, "page table"));
    assert_false(fake_hv.on[0]);
}

static void delivery_through_a_device(void **state)
{
    struct context *c = *state;
    c->f.pages[0].control.event = VCPU_EVENT_VALID | 0x30;
    fixture_memory_exit(&c->f, DEVICE, VCPU_ACCESS_WRITE);
    assert_int_equal(c->f.vm->state, VM_STATE_STOPPED);
    assert_int_equal(c->probe.writes, 0);
}

static void nothing_there(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    fixture_set_code(&c->f, "\x8b\x03", 2);
    s->gpr[VCPU_RBX] = 0xd8000000;
    fixture_memory_exit(&c->f, 0xd8000000, R);
    assert_int_equal(s->gpr[VCPU_RAX], 0xffffffff);
    assert_int_equal(c->f.vm->guest_errors, 1);
}

static void across_pages(void **state)
{
    struct context *c = *state;
    struct vcpu_arch_state *s = &c->f.pages[0].state;
    /* Four bytes: two at the end of the device's page, two beyond it, where nothing is. */
    c->probe.bytes[0xffe] = 0x11;
    c->probe.bytes[0xfff] = 0x22;
    fixture_set_code(&c->f, "\x8b\x03", 2);
    s->gpr[VCPU_RBX] = DEVICE + 0xffe;
    fixture_memory_exit(&c->f, DEVICE + 0xffe, R);
    assert_int_equal(s->gpr[VCPU_RAX], 0xffff2211);
}

static void single_step(void **state)
{
    struct context *c = *state;
    struct vcpu_page *page = &c->f.pages[0];
    page->state.rflags |= RFLAGS_TF;
    fixture_set_code(&c->f, "\x8b\x03", 2);
    page->state.gpr[VCPU_RBX] = DEVICE;
    fixture_memory_exit(&c->f, DEVICE, R);
    assert_int_equal(page->control.event & 0xff, EXCEPTION_DB);
    assert_true((page->state.dr6 & DR6_BS) != 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(moves_of_all_widths),
        TEST(moves_that_extend),
        TEST(addressing),
        TEST(read_modify_write),
        TEST(exchanges),
        TEST(bits),
        TEST(strings),
        TEST(long_strings_come_back),
        TEST(string_fault_in_the_middle),
        TEST(push_and_pop),
        TEST(stack_in_a_device),
        TEST(changed_code),
        TEST(changed_mapping),
        TEST(what_is_not_emulated),
        TEST(code_that_cannot_be_read),
        TEST(page_tables_outside_ram),
        TEST(delivery_through_a_device),
        TEST(nothing_there),
        TEST(across_pages),
        TEST(single_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
