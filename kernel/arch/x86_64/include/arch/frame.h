/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a thread that is in the kernel. The first member of struct
 * thread: entry code pushes straight into it, with the stack pointer at its end.
 */
#pragma once

#define FRAME_SIZE   176
#define FRAME_VECTOR 120
#define FRAME_RIP    136
#define FRAME_CS     144
#define FRAME_RFLAGS 152
#define FRAME_RSP    160

/* Value of vector after SYSCALL: RCX and R11 need not be restored, so SYSRET will do. */
#define FRAME_VECTOR_SYSCALL 256
/* Everything must be restored: IRET. */
#define FRAME_VECTOR_FULL    257

#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_SYSRET_BASE 0x1b
#define SELECTOR_USER_DATA   0x23
#define SELECTOR_USER_CODE   0x2b
#define SELECTOR_TSS         0x30

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/cpu.h>

struct user_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector; /* interrupt vector, or FRAME_VECTOR_* */
    uint64_t error_code;
    /* What the hardware pushes. */
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct user_frame) == FRAME_SIZE, "assembly offset");
_Static_assert(offsetof(struct user_frame, vector) == FRAME_VECTOR, "assembly offset");
_Static_assert(offsetof(struct user_frame, rip) == FRAME_RIP, "assembly offset");
_Static_assert(offsetof(struct user_frame, rflags) == FRAME_RFLAGS, "assembly offset");
_Static_assert(offsetof(struct user_frame, rsp) == FRAME_RSP, "assembly offset");

#define FRAME_MESSAGE_REGISTERS 4u
/* First address after those a PD can have: the last page stays unused, so that no
 * instruction ends at the end of the canonical half. */
#define USER_ADDRESS_END        0x7ffffffff000ull
#define USER_CANONICAL_END      0x800000000000ull
/* First address past what a VM's guest-physical space can have, and past physical memory. */
#define GUEST_PHYSICAL_END      (1ull << 47)
#define PHYSICAL_ADDRESS_END    (1ull << 52)

/* An exception's number is its vector. */
#define FRAME_EXCEPTION_FORMAT "%llu"

/* Words of seL4_UserContext on x86-64. */
#define FRAME_CONTEXT_WORDS 20u

/* As at boot: all registers 0, but the entry point, the stack and the thread's index. */
void frame_init(struct user_frame *frame, uint64_t entry, uint64_t stack_top, uint64_t argument);

static inline uint64_t frame_call_number(const struct user_frame *frame)
{
    return frame->rax;
}
static inline uint64_t frame_argument0(const struct user_frame *frame)
{
    return frame->rdi;
}
static inline uint64_t frame_argument1(const struct user_frame *frame)
{
    return frame->rsi;
}
static inline uint64_t frame_argument2(const struct user_frame *frame)
{
    return frame->rdx;
}
static inline uint64_t frame_argument3(const struct user_frame *frame)
{
    return frame->r10;
}
static inline uint64_t frame_argument4(const struct user_frame *frame)
{
    return frame->r8;
}

/* status: 0 or a negated enum skyscope_status. */
static inline void frame_set_status(struct user_frame *frame, int64_t status)
{
    frame->rax = (uint64_t)status;
}
static inline void frame_set_result0(struct user_frame *frame, uint64_t value)
{
    frame->rdi = value;
}
static inline void frame_set_result1(struct user_frame *frame, uint64_t value)
{
    frame->rsi = value;
}
static inline void frame_set_result2(struct user_frame *frame, uint64_t value)
{
    frame->rdx = value;
}
static inline void frame_set_result3(struct user_frame *frame, uint64_t value)
{
    frame->r10 = value;
}

/* Those of a message of `length` words; the others keep the receiver's values. */
static inline void frame_copy_message_registers(struct user_frame *to, const struct user_frame *from, uint32_t length)
{
    to->r10 = length > 0 ? from->r10 : to->r10;
    to->r8 = length > 1 ? from->r8 : to->r8;
    to->r9 = length > 2 ? from->r9 : to->r9;
    to->r15 = length > 3 ? from->r15 : to->r15;
}

static inline void frame_set_message_registers(struct user_frame *frame, const uint64_t words[4])
{
    frame->r10 = words[0];
    frame->r8 = words[1];
    frame->r9 = words[2];
    frame->r15 = words[3];
}

static inline void frame_get_message_registers(const struct user_frame *frame, uint64_t words[4])
{
    words[0] = frame->r10;
    words[1] = frame->r8;
    words[2] = frame->r9;
    words[3] = frame->r15;
}

static inline uint64_t frame_instruction_pointer(const struct user_frame *frame)
{
    return frame->rip;
}

/* May a PD's instruction pointer have this value? */
static inline bool frame_address_valid(uint64_t address)
{
    return address >> 47 == 0; /* below USER_CANONICAL_END */
}

/* Registers in seL4_UserContext order: rip rsp rflags rax rbx rcx rdx rsi rdi rbp
 * r8..r15 fs_base gs_base. The two bases are always 0. */
void frame_read_context(const struct user_frame *frame, uint64_t words[FRAME_CONTEXT_WORDS]);
/* Writes the first `count`. False, and nothing written, if one cannot have its value. */
bool frame_write_context(struct user_frame *frame, const uint64_t *words, unsigned int count);

/* What a parent's reply to an exception changes: instruction pointer, stack
 * pointer, flags, in this order, the first `count` of them. False: not possible. */
bool frame_write_exception_reply(struct user_frame *frame, const uint64_t *words, unsigned int count);

#endif
