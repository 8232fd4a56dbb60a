/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs inside the example Linux guest and checks what a hypervisor can get
 * wrong behind a guest's back: that registers survive exits and switches, that
 * time goes on evenly, that memory keeps what was written.
 *
 * A static program without a C library, so that it weighs a few kilobytes; it
 * speaks to Linux by system calls.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/unistd.h>
#include <linux/mman.h>
#include <linux/time.h>

#include <guest_arch.h>

#define WORKERS          4
#define MEMORY_SIZE      (48ul << 20)
#define NANOSECONDS      1000000000ll
#define WORKER_TIME      (400 * 1000 * 1000ll) /* nanoseconds */
#define SLEEP_TIME       (200 * 1000 * 1000ll)
#define SLEEP_TIME_LIMIT (5 * NANOSECONDS) /* a loaded emulator may be late, never early */

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

static void vector_worker(unsigned int number, unsigned int width)
{
    static struct vectors in, out;
    const int64_t end = now() + WORKER_TIME;
    for (unsigned int round = 0; now() < end; round++) {
        const unsigned int size = VECTOR_REGISTERS * width;
        for (unsigned int i = 0; i < size; i++) {
            in.bytes[i] = (uint8_t)(number * 61u + i / width * 17u + i % width * 5u + round);
            out.bytes[i] = 0;
        }
        round_trip(&in, &out, width, round % 2 == 0);
        for (unsigned int i = 0; i < size; i++) {
            if (out.bytes[i] != in.bytes[i]) {
                (void)system_call(__NR_exit_group, 1, 0, 0, 0, 0, 0);
            }
        }
    }
    (void)system_call(__NR_exit_group, 0, 0, 0, 0, 0, 0);
}

/* Several processes with different register contents share the processor. */
static bool check_vectors(void)
{
    const unsigned int width = vector_width();
    long children[WORKERS];
    for (unsigned int i = 0; i < WORKERS; i++) {
        children[i] = fork_process();
        if (children[i] == 0) {
            vector_worker(i, width);
        }
    }
    bool good = true;
    for (unsigned int i = 0; i < WORKERS; i++) {
        int status = -1;
        good &= children[i] > 0;
        good &= system_call(__NR_wait4, children[i], (long)&status, 0, 0, 0, 0) == children[i] && status == 0;
    }
    print("guest_check: ");
    print(vector_name(width));
    print(": ");
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
