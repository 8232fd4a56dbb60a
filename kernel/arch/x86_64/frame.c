/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/frame.h>

void frame_init(struct user_frame *frame, uint64_t entry, uint64_t stack_top, uint64_t argument)
{
    *frame = (struct user_frame){
        .rdi = argument,
        .vector = FRAME_VECTOR_FULL,
        .rip = entry,
        .cs = SELECTOR_USER_CODE,
        .rflags = RFLAGS_RESERVED1 | RFLAGS_IF,
        .rsp = stack_top,
        .ss = SELECTOR_USER_DATA,
    };
}

/* Where each word of seL4_UserContext is kept; the two segment bases are not. */
#define CONTEXT_STORED_WORDS 18u

static uint64_t *context_word(struct user_frame *f, unsigned int index)
{
    switch (index) {
    case 0:
        return &f->rip;
    case 1:
        return &f->rsp;
    case 2:
        return &f->rflags;
    case 3:
        return &f->rax;
    case 4:
        return &f->rbx;
    case 5:
        return &f->rcx;
    case 6:
        return &f->rdx;
    case 7:
        return &f->rsi;
    case 8:
        return &f->rdi;
    case 9:
        return &f->rbp;
    case 10:
        return &f->r8;
    case 11:
        return &f->r9;
    case 12:
        return &f->r10;
    case 13:
        return &f->r11;
    case 14:
        return &f->r12;
    case 15:
        return &f->r13;
    case 16:
        return &f->r14;
    default:
        return &f->r15;
    }
}

static uint64_t sanitised_flags(uint64_t flags)
{
    return (flags & RFLAGS_USER) | RFLAGS_RESERVED1 | RFLAGS_IF;
}

void frame_read_context(const struct user_frame *frame, uint64_t words[FRAME_CONTEXT_WORDS])
{
    struct user_frame copy = *frame;
    for (unsigned int i = 0; i < CONTEXT_STORED_WORDS; i++) {
        words[i] = *context_word(&copy, i);
    }
    words[18] = 0;
    words[19] = 0;
}

bool frame_write_context(struct user_frame *frame, const uint64_t *words, unsigned int count)
{
    if (count > FRAME_CONTEXT_WORDS || (count > 0 && !frame_address_valid(words[0])) ||
        (count > 18 && words[18] != 0) || (count > 19 && words[19] != 0)) {
        return false;
    }
    for (unsigned int i = 0; i < count && i < CONTEXT_STORED_WORDS; i++) {
        *context_word(frame, i) = i == 2 ? sanitised_flags(words[i]) : words[i];
    }
    frame->vector = FRAME_VECTOR_FULL;
    return true;
}

bool frame_write_exception_reply(struct user_frame *frame, const uint64_t *words, unsigned int count)
{
    return frame_write_context(frame, words, count < 3 ? count : 3);
}
