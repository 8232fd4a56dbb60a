/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <sel4/simple_types.h>

/* Registers of a thread, in the order in which they are transferred. */
typedef struct seL4_UserContext_ {
    seL4_Word rip, rsp, rflags;
    seL4_Word rax, rbx, rcx, rdx, rsi, rdi, rbp;
    seL4_Word r8, r9, r10, r11, r12, r13, r14, r15;
    seL4_Word fs_base, gs_base;
} seL4_UserContext;
