/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first process of the Linux boot benchmark: says that user space has been
 * reached and restarts the machine, at once, so that little more is counted.
 */
#define SYSCALL_IOCTL   29
#define SYSCALL_MKNODAT 33
#define SYSCALL_OPENAT  56
#define SYSCALL_WRITE   64
#define SYSCALL_REBOOT  142

#define HERE             (-100) /* AT_FDCWD */
#define TCSBRK           0x5409
#define OPEN_WRITE       1
#define CHARACTER_DEVICE 0020600
#define CONSOLE          ((5 << 8) | 1)
#define REBOOT_MAGIC1    0xfee1deadl
#define REBOOT_MAGIC2    0x28121969l
#define REBOOT_RESTART   0x01234567l

void _start(void);

static long system_call(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

void _start(void)
{
    static const char marker[] = "bench-marker: user space reached\n";
    system_call(SYSCALL_MKNODAT, HERE, (long)"/console", CHARACTER_DEVICE, CONSOLE);
    long console = system_call(SYSCALL_OPENAT, HERE, (long)"/console", OPEN_WRITE, 0);
    system_call(SYSCALL_WRITE, console, (long)marker, sizeof(marker) - 1, 0);
    system_call(SYSCALL_IOCTL, console, TCSBRK, 1, 0); /* until it is transmitted */
    for (;;) {
        system_call(SYSCALL_REBOOT, REBOOT_MAGIC1, REBOOT_MAGIC2, REBOOT_RESTART, 0);
    }
}
