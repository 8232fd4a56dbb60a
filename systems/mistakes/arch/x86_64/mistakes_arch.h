/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports that the program does not have. */
#pragma once

static inline void make_arch_mistakes(void)
{
    microkit_x86_ioport_write_8(5, 0x3f8, 'x');
    check(microkit_x86_ioport_read_32(63, 0xcf8) == 0, "nothing read");
    check(seL4_X86_IOPort_In8(BASE_IOPORT_CAP + 1, 0x80).error == seL4_InvalidCapability, "no such port");
}
