/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks its own virtual CPU: that registers keep their values while other guests
 * use the same processor, and that interrupts, NMIs and exceptions come as they
 * do on a real one. Prints a line for each check and a last one with their sum.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COM1 0x3f8

#define MSR_APIC_BASE      0x1bu
#define MSR_X2APIC_EOI     0x80bu
#define MSR_X2APIC_SVR     0x80fu
#define MSR_X2APIC_ICR     0x830u
#define MSR_X2APIC_LVTT    0x832u
#define MSR_X2APIC_INITIAL 0x838u
#define MSR_X2APIC_DIVIDE  0x83eu
#define MSR_X2APIC_SELF    0x83fu
#define MSR_LSTAR          0xc0000082u
#define MSR_SFMASK         0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX        0xc0000103u

#define VECTOR_DB   1u
#define VECTOR_NMI  2u
#define VECTOR_BP   3u
#define VECTOR_UD   6u
#define VECTOR_GP   13u
#define VECTOR_IPI  0x50u
#define VECTOR_SLOW 0x51u

#define SLOW_TICKS    200000u
#define LVT_MASKED    (1u << 16)
#define DIVIDE_BY_ONE 0xbu

#define RFLAGS_TF (1ull << 8)
#define RFLAGS_RF (1ull << 16)
#define DR6_BS    (1ull << 14)

struct frame {
    uint64_t error_code, rip, cs, rflags, rsp, ss;
};

void guest_main(void);
void exception(uint64_t vector, struct frame *frame);

static volatile uint64_t counts[256];
static volatile uint64_t last_rip, last_error_code, last_dr6;
static volatile uint64_t nmi_depth, nmi_nested, nmi_again;
static volatile uint64_t slow_depth, slow_nested;
static uint64_t skip_bytes; /* length of an instruction that is to fault */
static unsigned int failures;

/* Set by the linker: its address is 1 or 0. */
extern const char has_watchpoints;

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(const char *text)
{
    while (*text != '\0') {
        out8(COM1, (uint8_t)*text++);
    }
}

static void check(const char *name, bool good)
{
    print(good ? "vcpu-check: ok " : "vcpu-check: FAILED ");
    print(name);
    print("\r\n");
    failures += !good;
}

static inline uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t read_msr(uint32_t index)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0));
    return r;
}

static void send_nmi_to_self(void)
{
    uint64_t id = cpuid(0xb).edx;
    write_msr(MSR_X2APIC_ICR, id << 32 | 1u << 14 | 4u << 8);
}

static void handle_nmi(void)
{
    nmi_depth++;
    nmi_nested |= nmi_depth > 1;
    if (nmi_again != 0) {
        /* A second one waits for the end of this handler. */
        nmi_again--;
        uint64_t before = counts[VECTOR_NMI];
        send_nmi_to_self();
        for (int i = 0; i < 1000; i++) {
            (void)cpuid(0);
        }
        nmi_nested |= counts[VECTOR_NMI] != before;
    }
    nmi_depth--;
}

/* A timer of ours ends while we are here with interrupts off: the host's, too. */
static void handle_slow(void)
{
    slow_depth++;
    slow_nested |= slow_depth > 1;
    uint64_t start = read_tsc();
    while (read_tsc() - start < SLOW_TICKS) {
    }
    slow_depth--;
    write_msr(MSR_X2APIC_EOI, 0);
}

void exception(uint64_t vector, struct frame *frame)
{
    counts[vector & 255]++;
    last_rip = frame->rip;
    last_error_code = frame->error_code;
    switch (vector) {
    case VECTOR_NMI:
        handle_nmi();
        break;
    case VECTOR_DB:
        __asm__ volatile("movq %%dr6, %0" : "=r"(last_dr6));
        __asm__ volatile("movq %0, %%dr6" : : "r"(0xffff0ff0ull));
        frame->rflags |= RFLAGS_RF;
        break;
    case VECTOR_IPI:
        write_msr(MSR_X2APIC_EOI, 0);
        break;
    case VECTOR_SLOW:
        handle_slow();
        break;
    case VECTOR_UD:
    case VECTOR_GP:
        frame->rip += skip_bytes;
        break;
    default:
        break;
    }
}

/* --- Registers that keep their values --- */

/* For so long others run in between. */
#define LONG_TICKS 2000000000ull

static bool has_avx;

static void turn_extended_states_on(void)
{
    struct cpuid features = cpuid(1);
    uint64_t cr4;
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    cr4 |= 3u << 9; /* OSFXSR, OSXMMEXCPT */
    if ((features.ecx & 1u << 26) != 0) {
        cr4 |= 1u << 18;
    }
    __asm__ volatile("movq %0, %%cr4" : : "r"(cr4));
    has_avx = (features.ecx & 1u << 26) != 0 && (features.ecx & 1u << 28) != 0;
    if (has_avx) {
        __asm__ volatile("xsetbv" : : "a"(7), "d"(0), "c"(0));
    }
}

static bool vectors_kept(uint64_t pattern)
{
    uint64_t low0, low15, high15 = pattern;
    __asm__ volatile("movq %%xmm0, %0\n\tmovq %%xmm15, %1" : "=r"(low0), "=r"(low15));
    if (has_avx) {
        __asm__ volatile("vextractf128 $1, %%ymm15, %%xmm1\n\tmovq %%xmm1, %0" : "=r"(high15));
    }
    return low0 == pattern && low15 == ~pattern && high15 == (has_avx ? ~pattern : pattern);
}

static bool debug_registers_kept(uint64_t pattern)
{
    uint64_t dr0, dr3;
    __asm__ volatile("movq %%dr0, %0\n\tmovq %%dr3, %1" : "=r"(dr0), "=r"(dr3));
    return dr0 == pattern && dr3 == pattern + 3;
}

static void check_kept_values(void)
{
    /* Other guests that run this have other patterns. */
    uint64_t pattern = read_tsc() * 0x9e3779b97f4a7c15ull >> 20;
    bool vectors = true, debug = true, control = true, msrs = true, aux = true;
    uint32_t xcr0;

    __asm__ volatile("movq %0, %%xmm0\n\tmovq %1, %%xmm15" : : "r"(pattern), "r"(~pattern));
    if (has_avx) {
        __asm__ volatile("vinsertf128 $1, %xmm15, %ymm15, %ymm15");
    }
    __asm__ volatile("movq %0, %%dr0\n\tmovq %1, %%dr3" : : "r"(pattern), "r"(pattern + 3));
    write_msr(MSR_FS_BASE, pattern);
    write_msr(MSR_KERNEL_GS_BASE, pattern + 1);
    write_msr(MSR_LSTAR, pattern + 2);
    write_msr(MSR_SFMASK, pattern & 0xffff);
    bool has_aux = (cpuid(0x80000001u).edx & 1u << 27) != 0;
    if (has_aux) {
        write_msr(MSR_TSC_AUX, pattern & 0xffffff);
    }
    uint64_t start = read_tsc();
    while (read_tsc() - start < LONG_TICKS) {
        (void)cpuid(0); /* leaves the guest */
        vectors &= vectors_kept(pattern);
        debug &= debug_registers_kept(pattern);
        msrs &= read_msr(MSR_FS_BASE) == pattern && read_msr(MSR_KERNEL_GS_BASE) == pattern + 1 &&
                read_msr(MSR_LSTAR) == pattern + 2 && read_msr(MSR_SFMASK) == (pattern & 0xffff);
        if (has_avx) {
            __asm__ volatile("xgetbv" : "=a"(xcr0) : "c"(0) : "rdx");
            control &= xcr0 == 7;
        }
        if (has_aux) {
            uint32_t value;
            __asm__ volatile("rdtscp" : "=c"(value) : : "rax", "rdx");
            aux &= value == (pattern & 0xffffff);
        }
    }
    check("vector registers keep their values", vectors);
    check("XCR0 keeps its value", control);
    check("debug registers keep their values", debug);
    check("base addresses and system call registers keep their values", msrs);
    check("TSC_AUX keeps its value", aux);
    write_msr(MSR_FS_BASE, 0);
}

/* --- Events --- */

static void check_interrupts(void)
{
    uint64_t before = counts[VECTOR_IPI];
    write_msr(MSR_X2APIC_SELF, VECTOR_IPI);
    for (int i = 0; i < 100; i++) {
        (void)cpuid(0);
    }
    check("no interrupt while they are off", counts[VECTOR_IPI] == before);
    uint64_t expected;
    __asm__ volatile("leaq 1f(%%rip), %0\n\tsti\n\tnop\n1:\tnop\n\tnop\n\tcli" : "=r"(expected) : : "memory");
    check("the interrupt comes one instruction after STI", counts[VECTOR_IPI] == before + 1 && last_rip == expected);
    __asm__ volatile("sti");
    for (int i = 0; i < 1000; i++) {
        write_msr(MSR_X2APIC_SELF, VECTOR_IPI);
        (void)cpuid(0);
    }
    __asm__ volatile("cli");
    check("each of 1000 interrupts to itself comes", counts[VECTOR_IPI] == before + 1001);
    /* An interrupt ends HLT. */
    before = counts[VECTOR_IPI];
    write_msr(MSR_X2APIC_SELF, VECTOR_IPI);
    __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
    check("an interrupt ends HLT", counts[VECTOR_IPI] == before + 1);
    /* The task priority holds it back. */
    before = counts[VECTOR_IPI];
    __asm__ volatile("movq %0, %%cr8\n\tsti" : : "r"(15ull));
    write_msr(MSR_X2APIC_SELF, VECTOR_IPI);
    for (int i = 0; i < 100; i++) {
        (void)cpuid(0);
    }
    bool held = counts[VECTOR_IPI] == before;
    __asm__ volatile("movq %0, %%cr8" : : "r"(0ull));
    (void)cpuid(0);
    (void)cpuid(0);
    __asm__ volatile("cli");
    check("the task priority holds an interrupt back, for so long", held && counts[VECTOR_IPI] == before + 1);
}

/* Whatever happens to the processor while their handler runs. */
static void check_slow_interrupts(void)
{
    write_msr(MSR_X2APIC_LVTT, LVT_MASKED | VECTOR_IPI);
    write_msr(MSR_X2APIC_DIVIDE, DIVIDE_BY_ONE);
    uint64_t before = counts[VECTOR_SLOW];
    __asm__ volatile("sti");
    for (int i = 0; i < 100; i++) {
        write_msr(MSR_X2APIC_INITIAL, SLOW_TICKS / 2);
        write_msr(MSR_X2APIC_SELF, VECTOR_SLOW);
        (void)cpuid(0);
    }
    __asm__ volatile("cli");
    check("each of 100 slow interrupts comes once", counts[VECTOR_SLOW] == before + 100 && slow_nested == 0);
}

static void check_nmis(void)
{
    uint64_t before = counts[VECTOR_NMI];
    send_nmi_to_self();
    (void)cpuid(0);
    check("an NMI comes while interrupts are off", counts[VECTOR_NMI] == before + 1);
    before = counts[VECTOR_NMI];
    nmi_again = 3;
    send_nmi_to_self();
    for (int i = 0; i < 100; i++) {
        (void)cpuid(0);
    }
    check("NMIs wait for the end of the handler, and none is lost",
          counts[VECTOR_NMI] == before + 4 && nmi_nested == 0 && nmi_again == 0);
    check("no single step is left over from that", counts[VECTOR_DB] == 0);
}

static void check_watchpoint(void)
{
    static volatile uint64_t watched;
    uint64_t before = counts[VECTOR_DB];
    __asm__ volatile("movq %0, %%dr0\n\tmovq %1, %%dr7" : : "r"(&watched), "r"(0x90402ull)); /* 8 bytes, writes */
    watched = 1;
    __asm__ volatile("movq %0, %%dr7" : : "r"(0x400ull));
    check("a watchpoint", counts[VECTOR_DB] == before + 1 && (last_dr6 & 0xf) == 1);
}

static void check_debug_exceptions(void)
{
    uint64_t before = counts[VECTOR_DB];
    __asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq\n\tnop\n\tnop\n\tpushfq\n\tandq %1, (%%rsp)\n\tpopfq"
                     :
                     : "i"(RFLAGS_TF), "i"(~RFLAGS_TF)
                     : "memory", "cc");
    check("single steps", counts[VECTOR_DB] == before + 5 && (last_dr6 & DR6_BS) != 0);
    if ((uintptr_t)&has_watchpoints == 1) {
        check_watchpoint();
    }
    before = counts[VECTOR_BP];
    __asm__ volatile("int3");
    check("INT3", counts[VECTOR_BP] == before + 1);
    before = counts[0x80];
    __asm__ volatile("int $0x80");
    check("INT n", counts[0x80] == before + 1);
}

#define FAULTS(vector, bytes, text, ...)                                                                               \
    ({                                                                                                                 \
        uint64_t before_ = counts[vector];                                                                             \
        skip_bytes = (bytes);                                                                                          \
        __asm__ volatile(text : : __VA_ARGS__ : "rax", "rdx", "memory", "cc");                                         \
        counts[vector] == before_ + 1;                                                                                 \
    })

static void check_faults(void)
{
    check("VMRUN is undefined", FAULTS(VECTOR_UD, 3, "vmrun", "c"(0)));
    check("VMLOAD is undefined", FAULTS(VECTOR_UD, 3, "vmload", "c"(0)));
    check("VMSAVE is undefined", FAULTS(VECTOR_UD, 3, "vmsave", "c"(0)));
    check("STGI is undefined", FAULTS(VECTOR_UD, 3, "stgi", "c"(0)));
    check("CLGI is undefined", FAULTS(VECTOR_UD, 3, "clgi", "c"(0)));
    check("INVLPGA is undefined", FAULTS(VECTOR_UD, 3, "invlpga", "c"(0)));
    check("an unknown MSR is refused", FAULTS(VECTOR_GP, 2, "rdmsr", "c"(0x12345678)) && last_error_code == 0);
    check("the host's state area cannot be read", FAULTS(VECTOR_GP, 2, "rdmsr", "c"(0xc0010117u)));
    check("SVM cannot be turned on",
          FAULTS(VECTOR_GP, 2, "movl $0x1d01, %%eax\n\txorl %%edx, %%edx\n\twrmsr", "c"(0xc0000080u)));
    check("reserved bits of CR4 are refused", FAULTS(VECTOR_GP, 3, "movq %0, %%cr4", "b"(1ull << 31)));
    if (has_avx) {
        check("reserved bits of XCR0 are refused",
              FAULTS(VECTOR_GP, 3, "movl $2, %%eax\n\txorl %%edx, %%edx\n\txsetbv", "c"(0)));
    }
}

void guest_main(void)
{
    print("\r\nvcpu-check: begins\r\n");
    turn_extended_states_on();
    write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | 3u << 10);
    write_msr(MSR_X2APIC_SVR, 0x1ff);
    check_interrupts();
    check_slow_interrupts();
    check_nmis();
    check_debug_exceptions();
    check_faults();
    check_kept_values();
    print(failures == 0 ? "vcpu-check: all is well\r\n" : "vcpu-check: something is wrong\r\n");
}
