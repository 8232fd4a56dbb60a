/* SPDX-License-Identifier: BSD-2-Clause */
#include <arch/frame.h>

void frame_init(struct user_frame *frame, uint64_t entry, uint64_t stack_top, uint64_t argument)
{
    *frame = (struct user_frame){
        .x = {argument},
        .sp = stack_top,
        .pc = entry,
        .spsr = PSTATE_EL0T,
    };
}

#define CONTEXT_PC      0u
#define CONTEXT_SP      1u
#define CONTEXT_SPSR    2u
/* From here on: general registers in the order below, then the two thread registers. */
#define CONTEXT_GENERAL 3u
#define CONTEXT_TPIDR   34u

static const uint8_t general_order[31] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  16, 17, 18, 29, 30, 9, 10,
                                          11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28};
_Static_assert(CONTEXT_GENERAL + sizeof(general_order) == CONTEXT_TPIDR, "seL4_UserContext");
_Static_assert(CONTEXT_TPIDR + 2 == FRAME_CONTEXT_WORDS, "seL4_UserContext");

static uint64_t *context_word(struct user_frame *frame, unsigned int index)
{
    switch (index) {
    case CONTEXT_PC:
        return &frame->pc;
    case CONTEXT_SP:
        return &frame->sp;
    case CONTEXT_SPSR:
        return &frame->spsr;
    case CONTEXT_TPIDR:
        return &frame->tpidr;
    case CONTEXT_TPIDR + 1:
        return &frame->tpidrro;
    default:
        return &frame->x[general_order[index - CONTEXT_GENERAL]];
    }
}

/* EL0, AArch64, nothing masked; the rest is the program's own affair. */
static uint64_t sanitised_state(uint64_t spsr)
{
    return (spsr & (PSTATE_NZCV | PSTATE_DIT)) | PSTATE_EL0T;
}

void frame_read_context(const struct user_frame *frame, uint64_t words[FRAME_CONTEXT_WORDS])
{
    struct user_frame copy = *frame;
    for (unsigned int i = 0; i < FRAME_CONTEXT_WORDS; i++) {
        words[i] = *context_word(&copy, i);
    }
}

bool frame_write_context(struct user_frame *frame, const uint64_t *words, unsigned int count)
{
    if (count > FRAME_CONTEXT_WORDS || (count > CONTEXT_PC && !frame_address_valid(words[CONTEXT_PC]))) {
        return false;
    }
    for (unsigned int i = 0; i < count; i++) {
        *context_word(frame, i) = i == CONTEXT_SPSR ? sanitised_state(words[i]) : words[i];
    }
    return true;
}

bool frame_write_exception_reply(struct user_frame *frame, const uint64_t *words, unsigned int count)
{
    return frame_write_context(frame, words, count < 3 ? count : 3);
}
