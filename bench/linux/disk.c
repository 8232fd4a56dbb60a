/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a disk past the guest's cache and says what a request costs, in nanoseconds of the guest's clock: where each
 * instruction takes one, the number of all instructions, the guest's own included.
 *
 *   disk_bench DEVICE NAME SIZE DEPTH COUNT [sequential]
 *   disk_bench ready NAME
 *
 * SIZE bytes each, at random places or one behind the other; DEPTH requests are given to the kernel at once and waited
 * for together, until COUNT are done. Prints "bench NAME MINIMUM MEAN", per request.
 * The second prints "bench-ready NAME" and waits for a line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_DEPTH 64u
#define ALIGNMENT 4096u

struct ring {
    int file;
    unsigned int *submit_tail, *submit_mask, *submit_array;
    unsigned int *complete_head, *complete_tail, *complete_mask;
    struct io_uring_sqe *requests;
    struct io_uring_cqe *completions;
};

static void fail(const char *what)
{
    printf("bench-failed %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *map(int file, size_t size, uint64_t offset)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, (off_t)offset);
    if (memory == MAP_FAILED) {
        fail("mmap");
    }
    return memory;
}

static void ring_open(struct ring *ring)
{
    struct io_uring_params p = {0};
    ring->file = (int)syscall(SYS_io_uring_setup, MAX_DEPTH, &p);
    if (ring->file < 0) {
        fail("io_uring");
    }
    uint8_t *submit = map(ring->file, p.sq_off.array + p.sq_entries * sizeof(unsigned int), IORING_OFF_SQ_RING);
    uint8_t *complete = map(ring->file, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
    ring->requests = map(ring->file, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
    ring->submit_tail = (unsigned int *)(void *)(submit + p.sq_off.tail);
    ring->submit_mask = (unsigned int *)(void *)(submit + p.sq_off.ring_mask);
    ring->submit_array = (unsigned int *)(void *)(submit + p.sq_off.array);
    ring->complete_head = (unsigned int *)(void *)(complete + p.cq_off.head);
    ring->complete_tail = (unsigned int *)(void *)(complete + p.cq_off.tail);
    ring->complete_mask = (unsigned int *)(void *)(complete + p.cq_off.ring_mask);
    ring->completions = (struct io_uring_cqe *)(void *)(complete + p.cq_off.cqes);
}

static void ring_add(struct ring *ring, int disk, void *buffer, uint32_t size, uint64_t offset)
{
    unsigned int tail = *ring->submit_tail, index = tail & *ring->submit_mask;
    ring->requests[index] = (struct io_uring_sqe){
        .opcode = IORING_OP_READ, .fd = disk, .off = offset, .addr = (uintptr_t)buffer, .len = size};
    ring->submit_array[index] = index;
    __atomic_store_n(ring->submit_tail, tail + 1, __ATOMIC_RELEASE);
}

/* Submits all and waits for all. */
static void ring_run(struct ring *ring, unsigned int count, uint32_t size)
{
    if (syscall(SYS_io_uring_enter, ring->file, count, count, IORING_ENTER_GETEVENTS, NULL, 0) != (long)count) {
        fail("io_uring_enter");
    }
    unsigned int head = *ring->complete_head, tail = __atomic_load_n(ring->complete_tail, __ATOMIC_ACQUIRE);
    if (tail - head != count) {
        fail("completions");
    }
    for (; head != tail; head++) {
        if (ring->completions[head & *ring->complete_mask].res != (int)size) {
            fail("read");
        }
    }
    __atomic_store_n(ring->complete_head, head, __ATOMIC_RELEASE);
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Never idle: the emulator's clock jumps over idle time, and each second of the machine that reads the VM's counters
 * meanwhile would be thousands of timer interrupts in them. */
static int wait_for_line(const char *name)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char c;
    printf("bench-ready %s\n", name);
    fflush(stdout);
    while (poll(&input, 1, 0) == 0) {
    }
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "ready") == 0) {
        return wait_for_line(argv[2]);
    }
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: disk_bench DEVICE NAME SIZE DEPTH COUNT [sequential] | ready NAME\n");
        return 2;
    }
    uint32_t size = (uint32_t)strtoul(argv[3], NULL, 0), depth = (uint32_t)strtoul(argv[4], NULL, 0);
    uint32_t count = (uint32_t)strtoul(argv[5], NULL, 0), random = 1;
    bool sequential = argc == 7;
    uint64_t capacity, place = 0, minimum = UINT64_MAX, total = 0;
    int disk = open(argv[1], O_RDONLY | O_DIRECT);
    if (disk < 0 || ioctl(disk, BLKGETSIZE64, &capacity) != 0) {
        fail(argv[1]);
    }
    if (size == 0 || size % 512 != 0 || depth == 0 || depth > MAX_DEPTH || capacity < size) {
        errno = EINVAL;
        fail("arguments");
    }
    struct ring ring;
    uint8_t *buffers = aligned_alloc(ALIGNMENT, (size_t)size * depth);
    memset(buffers, 1, (size_t)size * depth);
    ring_open(&ring);
    for (uint32_t done = 0; done < count; done += depth) {
        uint64_t start = now();
        for (uint32_t i = 0; i < depth; i++) {
            random = random * 1103515245u + 12345u;
            place = sequential ? (place + size) % (capacity - capacity % size) : random % (capacity / size) * size;
            if (depth == 1) {
                if (pread(disk, buffers, size, (off_t)place) != (ssize_t)size) {
                    fail("read");
                }
            } else {
                ring_add(&ring, disk, buffers + (size_t)size * i, size, place);
            }
        }
        if (depth > 1) {
            ring_run(&ring, depth, size);
        }
        uint64_t took = now() - start;
        total += took;
        minimum = took < minimum ? took : minimum;
    }
    uint32_t rounds = (count + depth - 1) / depth;
    printf("bench %s %llu %llu\n", argv[2], (unsigned long long)(minimum / depth),
           (unsigned long long)(total / ((uint64_t)rounds * depth)));
    return 0;
}
