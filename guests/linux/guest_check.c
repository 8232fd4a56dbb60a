/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs inside the example Linux guest and checks what a hypervisor can get
 * wrong behind a guest's back: that registers survive exits and switches, that
 * time goes on evenly, that memory keeps what was written.
 *
 * A static program without a C library, so that it weighs a few kilobytes; it
 * speaks to Linux by system calls (x86-64 psABI, appendix A.2.1).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/unistd.h>
#include <cpuid.h>
#include <linux/mman.h>
#include <linux/time.h>

#define WORKERS          4
#define MEMORY_SIZE      (48ul << 20)
#define NANOSECONDS      1000000000ll
#define VECTOR_REGISTERS 16
#define VECTOR_SIZE      32
#define WORKER_TIME      (400 * 1000 * 1000ll) /* nanoseconds */
#define SLEEP_TIME       (200 * 1000 * 1000ll)
#define SLEEP_TIME_LIMIT (5 * NANOSECONDS) /* a loaded emulator may be late, never early */

static long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* The compiler may call it for structure assignments. */
void *memset(void *to, int byte, size_t size);
void *memset(void *to, int byte, size_t size)
{
    unsigned char *p = to;
    while (size-- > 0) {
        *p++ = (unsigned char)byte;
        __asm__ volatile("" : "+r"(p)); /* or this loop would become a call of itself */
    }
    return to;
}

static void print(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    (void)system_call(__NR_write, 1, (long)text, (long)length, 0, 0, 0);
}

static int64_t now(void)
{
    struct timespec time = {0};
    (void)system_call(__NR_clock_gettime, CLOCK_MONOTONIC, (long)&time, 0, 0, 0, 0);
    return time.tv_sec * NANOSECONDS + time.tv_nsec;
}

static void sleep_for(int64_t nanoseconds)
{
    struct timespec time = {.tv_sec = nanoseconds / NANOSECONDS, .tv_nsec = nanoseconds % NANOSECONDS};
    (void)system_call(__NR_nanosleep, (long)&time, 0, 0, 0, 0, 0);
}

static void yield(void)
{
    (void)system_call(__NR_sched_yield, 0, 0, 0, 0, 0, 0);
}

/* AVX is there, and the kernel saves its registers (SDM vol. 1 §14.3). */
static bool has_avx(void)
{
    unsigned int eax, ebx, ecx, edx;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & bit_OSXSAVE) == 0 || (ecx & bit_AVX) == 0) {
        return false;
    }
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6u) == 6u;
}

struct vectors {
    uint8_t bytes[VECTOR_REGISTERS][VECTOR_SIZE];
} __attribute__((aligned(VECTOR_SIZE)));

#define ALL_REGISTERS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define LOAD_AVX(n)      "vmovdqa " #n "*32(%0), %%ymm" #n "\n\t"
#define STORE_AVX(n)     "vmovdqa %%ymm" #n ", " #n "*32(%1)\n\t"
#define LOAD_SSE(n)      "movdqa " #n "*32(%0), %%xmm" #n "\n\t"
#define STORE_SSE(n)     "movdqa %%xmm" #n ", " #n "*32(%1)\n\t"

/* Loads all vector registers, stays in user mode for a while or gives up the
 * processor by a system call in the same statement, and stores them again. */
static void round_trip(const struct vectors *in, struct vectors *out, bool avx, bool give_up)
{
    long call = give_up ? __NR_sched_yield : -1;
    uint32_t spins = give_up ? 1 : 20000;
    if (avx) {
        __asm__ volatile(ALL_REGISTERS(LOAD_AVX) "1: movq %2, %%rax\n\t"
                                                 "testq %%rax, %%rax\n\tjs 2f\n\tsyscall\n\t"
                                                 "2: decl %3\n\tjnz 1b\n\t" ALL_REGISTERS(STORE_AVX) "vzeroupper"
                         :
                         : "r"(in), "r"(out), "r"(call), "r"(spins)
                         : "rax", "rcx", "r11", "memory", "cc");
    } else {
        __asm__ volatile(ALL_REGISTERS(LOAD_SSE) "1: movq %2, %%rax\n\t"
                                                 "testq %%rax, %%rax\n\tjs 2f\n\tsyscall\n\t"
                                                 "2: decl %3\n\tjnz 1b\n\t" ALL_REGISTERS(STORE_SSE)
                         :
                         : "r"(in), "r"(out), "r"(call), "r"(spins)
                         : "rax", "rcx", "r11", "memory", "cc");
    }
}

static void vector_worker(unsigned int number, bool avx)
{
    static struct vectors in, out;
    const int64_t end = now() + WORKER_TIME;
    for (unsigned int round = 0; now() < end; round++) {
        const unsigned int width = avx ? VECTOR_SIZE : 16;
        for (unsigned int r = 0; r < VECTOR_REGISTERS; r++) {
            for (unsigned int i = 0; i < width; i++) {
                in.bytes[r][i] = (uint8_t)(number * 61u + r * 17u + i * 5u + round);
                out.bytes[r][i] = 0;
            }
        }
        round_trip(&in, &out, avx, round % 2 == 0);
        for (unsigned int r = 0; r < VECTOR_REGISTERS; r++) {
            for (unsigned int i = 0; i < width; i++) {
                if (out.bytes[r][i] != in.bytes[r][i]) {
                    (void)system_call(__NR_exit_group, 1, 0, 0, 0, 0, 0);
                }
            }
        }
    }
    (void)system_call(__NR_exit_group, 0, 0, 0, 0, 0, 0);
}

/* Several processes with different register contents share the processor. */
static bool check_vectors(void)
{
    const bool avx = has_avx();
    long children[WORKERS];
    for (unsigned int i = 0; i < WORKERS; i++) {
        children[i] = system_call(__NR_fork, 0, 0, 0, 0, 0, 0);
        if (children[i] == 0) {
            vector_worker(i, avx);
        }
    }
    bool good = true;
    for (unsigned int i = 0; i < WORKERS; i++) {
        int status = -1;
        good &= children[i] > 0;
        good &= system_call(__NR_wait4, children[i], (long)&status, 0, 0, 0, 0) == children[i] && status == 0;
    }
    print(avx ? "guest_check: AVX registers: " : "guest_check: SSE registers (no AVX): ");
    return good;
}

/* A sleep is never too short and not far too long; the clock never goes back. */
static bool check_time(void)
{
    bool good = true;
    for (int i = 0; i < 3; i++) {
        int64_t start = now();
        sleep_for(SLEEP_TIME);
        int64_t slept = now() - start;
        good &= slept >= SLEEP_TIME && slept < SLEEP_TIME_LIMIT;
    }
    int64_t last = now();
    for (int i = 0; i < 20000; i++) {
        int64_t next = now();
        good &= next >= last;
        last = next;
    }
    print("guest_check: time: ");
    return good;
}

static uint64_t scramble(uint64_t value)
{
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdull;
    return value ^ (value >> 33);
}

/* Fresh memory is zero, and keeps what is written to it. */
static bool check_memory(void)
{
    print("guest_check: memory: ");
    const long area =
        system_call(__NR_mmap, 0, (long)MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area <= 0) {
        return false;
    }
    volatile uint64_t *words = (volatile uint64_t *)area; /* NOLINT: an address from the kernel */
    const size_t step = 512 / sizeof(uint64_t);
    bool good = true;
    for (size_t i = 0; i < MEMORY_SIZE / sizeof(uint64_t); i += step) {
        good &= words[i] == 0;
        words[i] = scramble(i);
    }
    yield();
    for (size_t i = 0; i < MEMORY_SIZE / sizeof(uint64_t); i += step) {
        good &= words[i] == scramble(i);
    }
    return good;
}

static bool report(bool good)
{
    print(good ? "passed\n" : "FAILED\n");
    return good;
}

__attribute__((used)) static void run(void)
{
    bool good = report(check_time());
    good &= report(check_memory());
    good &= report(check_vectors());
    (void)system_call(__NR_exit_group, good ? 0 : 1, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n"
        "_start:\n\t"
        "xorl %ebp, %ebp\n\t"
        "andq $-16, %rsp\n\t"
        "call run\n\t"
        "ud2\n");
