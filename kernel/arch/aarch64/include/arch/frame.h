/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a thread that is in the kernel. The first member of struct thread.
 * While a PD runs, SP_EL2 points to its thread's frame: entry code stores straight
 * into it, needs no register for that, and then goes to the CPU's stack.
 */
#pragma once

#define FRAME_SIZE  304
#define FRAME_SP    248
#define FRAME_PC    256
#define FRAME_TPIDR 272
#define FRAME_ESR   288

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/sysreg.h>

struct user_frame {
    uint64_t x[31];
    uint64_t sp; /* SP_EL0 */
    uint64_t pc, spsr;
    uint64_t tpidr, tpidrro; /* TPIDR_EL0, TPIDRRO_EL0 */
    uint64_t esr, far;       /* of the last exception but system calls and interrupts */
};
_Static_assert(sizeof(struct user_frame) == FRAME_SIZE, "assembly offset");
_Static_assert(offsetof(struct user_frame, sp) == FRAME_SP, "assembly offset");
_Static_assert(offsetof(struct user_frame, pc) == FRAME_PC, "assembly offset");
_Static_assert(offsetof(struct user_frame, tpidr) == FRAME_TPIDR, "assembly offset");
_Static_assert(offsetof(struct user_frame, esr) == FRAME_ESR, "assembly offset");

#define FRAME_MESSAGE_REGISTERS 4u
/* A PD's addresses are stage 2's inputs, of 39 bits. The last page stays unused, as on
 * other architectures. */
#define USER_ADDRESS_END        0x7ffffff000ull
#define USER_CANONICAL_END      0x8000000000ull
/* First address past what a VM's guest-physical space can have, and past physical memory. */
#define GUEST_PHYSICAL_END      0x8000000000ull
#define PHYSICAL_ADDRESS_END    (1ull << 48)

/* An exception's number is its syndrome, ESR_EL2. */
#define FRAME_EXCEPTION_FORMAT "0x%llx"

/* Words of seL4_UserContext on AArch64. */
#define FRAME_CONTEXT_WORDS 36u

/* As at boot: all registers 0, but the entry point, the stack and the thread's index. */
void frame_init(struct user_frame *frame, uint64_t entry, uint64_t stack_top, uint64_t argument);

static inline uint64_t frame_call_number(const struct user_frame *frame)
{
    return frame->x[7];
}
static inline uint64_t frame_argument0(const struct user_frame *frame)
{
    return frame->x[0];
}
static inline uint64_t frame_argument1(const struct user_frame *frame)
{
    return frame->x[1];
}
static inline uint64_t frame_argument2(const struct user_frame *frame)
{
    return frame->x[6];
}
static inline uint64_t frame_argument3(const struct user_frame *frame)
{
    return frame->x[2];
}
static inline uint64_t frame_argument4(const struct user_frame *frame)
{
    return frame->x[3];
}

/* status: 0 or a negated enum skyscope_status. */
static inline void frame_set_status(struct user_frame *frame, int64_t status)
{
    frame->x[7] = (uint64_t)status;
}
static inline void frame_set_result0(struct user_frame *frame, uint64_t value)
{
    frame->x[0] = value;
}
static inline void frame_set_result1(struct user_frame *frame, uint64_t value)
{
    frame->x[1] = value;
}
static inline void frame_set_result2(struct user_frame *frame, uint64_t value)
{
    frame->x[6] = value;
}
static inline void frame_set_result3(struct user_frame *frame, uint64_t value)
{
    frame->x[2] = value;
}

/* Those of a message of `length` words; the others keep the receiver's values. */
static inline void frame_copy_message_registers(struct user_frame *to, const struct user_frame *from, uint32_t length)
{
    to->x[2] = length > 0 ? from->x[2] : to->x[2];
    to->x[3] = length > 1 ? from->x[3] : to->x[3];
    to->x[4] = length > 2 ? from->x[4] : to->x[4];
    to->x[5] = length > 3 ? from->x[5] : to->x[5];
}

static inline void frame_set_message_registers(struct user_frame *frame, const uint64_t words[4])
{
    frame->x[2] = words[0];
    frame->x[3] = words[1];
    frame->x[4] = words[2];
    frame->x[5] = words[3];
}

static inline void frame_get_message_registers(const struct user_frame *frame, uint64_t words[4])
{
    words[0] = frame->x[2];
    words[1] = frame->x[3];
    words[2] = frame->x[4];
    words[3] = frame->x[5];
}

static inline uint64_t frame_instruction_pointer(const struct user_frame *frame)
{
    return frame->pc;
}

/* May a PD's instruction pointer have this value? */
static inline bool frame_address_valid(uint64_t address)
{
    return address < USER_CANONICAL_END;
}

/* Registers in seL4_UserContext order: pc sp spsr x0..x8 x16 x17 x18 x29 x30 x9..x15
 * x19..x28 tpidr_el0 tpidrro_el0. */
void frame_read_context(const struct user_frame *frame, uint64_t words[FRAME_CONTEXT_WORDS]);
/* Writes the first `count`. False, and nothing written, if one cannot have its value. */
bool frame_write_context(struct user_frame *frame, const uint64_t *words, unsigned int count);

/* What a parent's reply to an exception changes: instruction pointer, stack
 * pointer, flags, in this order, the first `count` of them. False: not possible. */
bool frame_write_exception_reply(struct user_frame *frame, const uint64_t *words, unsigned int count);

#endif
