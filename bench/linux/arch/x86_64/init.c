/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first process of the Linux boot benchmark: says that user space has been
 * reached and resets the machine by its reset port, at once, so that nothing
 * more is counted.
 */
#define SYSCALL_WRITE    1
#define SYSCALL_OPEN     2
#define SYSCALL_IOCTL    16
#define SYSCALL_MKNOD    133
#define SYSCALL_IOPL     172
#define TCSBRK           0x5409
#define OPEN_WRITE       1
#define CHARACTER_DEVICE 0020600
#define CONSOLE          ((5 << 8) | 1)

void _start(void);

static long system_call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

void _start(void)
{
    static const char marker[] = "bench-marker: user space reached\n";
    system_call(SYSCALL_MKNOD, (long)"/console", CHARACTER_DEVICE, CONSOLE);
    long console = system_call(SYSCALL_OPEN, (long)"/console", OPEN_WRITE, 0);
    system_call(SYSCALL_WRITE, console, (long)marker, sizeof(marker) - 1);
    system_call(SYSCALL_IOCTL, console, TCSBRK, 1); /* until it is transmitted */
    system_call(SYSCALL_IOPL, 3, 0, 0);
    for (;;) {
        __asm__ volatile("outb %0, %1" : : "a"((char)6), "d"((short)0xcf9));
    }
}
