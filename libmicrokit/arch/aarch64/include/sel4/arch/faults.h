/* SPDX-License-Identifier: BSD-2-Clause */
/* Message registers of faults on AArch64. */
#pragma once

typedef enum {
    seL4_VMFault_IP = 0,
    seL4_VMFault_Addr = 1,
    seL4_VMFault_PrefetchFault = 2, /* 1: an instruction fetch */
    seL4_VMFault_FSR = 3,           /* the exception's syndrome (ESR) */
    seL4_VMFault_Length = 4,
} seL4_VMFault_Msg;

typedef enum {
    seL4_UserException_FaultIP = 0,
    seL4_UserException_SP = 1,
    seL4_UserException_SPSR = 2,
    seL4_UserException_Number = 3, /* the exception's syndrome (ESR) */
    seL4_UserException_Code = 4,   /* 0 */
    seL4_UserException_Length = 5,
} seL4_UserException_Msg;

typedef enum {
    seL4_UnknownSyscall_X0 = 0,
    seL4_UnknownSyscall_X1 = 1,
    seL4_UnknownSyscall_X2 = 2,
    seL4_UnknownSyscall_X3 = 3,
    seL4_UnknownSyscall_X4 = 4,
    seL4_UnknownSyscall_X5 = 5,
    seL4_UnknownSyscall_X6 = 6,
    seL4_UnknownSyscall_X7 = 7,
    seL4_UnknownSyscall_FaultIP = 8,
    seL4_UnknownSyscall_SP = 9,
    seL4_UnknownSyscall_LR = 10,
    seL4_UnknownSyscall_SPSR = 11,
    seL4_UnknownSyscall_Syscall = 12,
    seL4_UnknownSyscall_Length = 13,
} seL4_UnknownSyscall_Msg;
