/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches and decodes the instruction at the guest's RIP.
 *
 * Decoding is kept by RIP, but only used if the very bytes are found again: a
 * guest may change its code and its page tables at any time. The walk to the
 * code page is checked entry by entry for the same reason.
 */
#include <base/memory.h>

#include <vmm/arch/execution.h>
#include <vmm/arch/instruction.h>
#include <vmm/arch/registers.h>
#include <vmm/arch/walk.h>
#include <vmm/vm.h>

enum instruction_mode execution_mode(struct vcpu_context *vcpu)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    /* Beyond 4 GiB there is only 64-bit code: no need to ask for the segments. */
    if (state->rip > UINT32_MAX) {
        return INSTRUCTION_MODE_64;
    }
    if ((state->cr0 & CR0_PE) == 0) {
        return INSTRUCTION_MODE_16;
    }
    bool have_segments = ((vcpu->arch.groups | vcpu->page->control.dirty) & VCPU_STATE_SEGMENTS) != 0;
    uint32_t attributes = have_segments ? state->cs.attributes : state->cs_attributes;
    if ((state->efer & EFER_LMA) != 0 && (attributes & SEGMENT_LONG) != 0) {
        return INSTRUCTION_MODE_64;
    }
    if ((state->rflags & RFLAGS_VM) != 0) {
        return INSTRUCTION_MODE_16;
    }
    return (attributes & SEGMENT_DEFAULT_BIG) != 0 ? INSTRUCTION_MODE_32 : INSTRUCTION_MODE_16;
}

/* Copies up to 15 bytes from the guest; fewer if the next page cannot be read. */
static uint32_t fetch_bytes(struct vcpu_context *vcpu, uint64_t linear, uint64_t bytes[2])
{
    uint32_t in_page = (uint32_t)(PAGE_SIZE_4K - (linear & 0xfff));
    const uint8_t *page = walk_code_page(vcpu, linear);
    if (page == NULL) {
        return 0;
    }
    const uint8_t *from = page + (linear & 0xfff);
    if (in_page >= 16) {
        __builtin_memcpy(bytes, from, 16);
        return INSTRUCTION_MAX_LENGTH;
    }
    memcpy(bytes, from, in_page);
    const uint8_t *next = walk_code_page(vcpu, linear + in_page);
    if (next == NULL) {
        return in_page;
    }
    memcpy((uint8_t *)bytes + in_page, next, 16 - in_page);
    return INSTRUCTION_MAX_LENGTH;
}

static void keep_first(uint64_t bytes[2], uint32_t count)
{
    if (count < 8) {
        bytes[0] &= (1ull << (8 * count)) - 1;
        bytes[1] = 0;
    } else if (count < 16) {
        bytes[1] &= (1ull << (8 * (count - 8))) - 1;
    }
}

/* Linear address of the instruction. False if the segments cannot be had. */
static bool linear_rip(struct vcpu_context *vcpu, enum instruction_mode mode, uint64_t *linear)
{
    *linear = vcpu->page->state.rip;
    if (mode == INSTRUCTION_MODE_64) {
        return true;
    }
    if (!execution_need(vcpu, VCPU_STATE_SEGMENTS)) {
        return false;
    }
    *linear = (*linear + vcpu->page->state.cs.base) & 0xffffffffull;
    return true;
}

bool instruction_is(struct vcpu_context *vcpu, const uint8_t *opcode, uint32_t length)
{
    uint64_t linear;
    if (!linear_rip(vcpu, execution_mode(vcpu), &linear) || (linear & 0xfff) + length > PAGE_SIZE_4K) {
        return false;
    }
    const uint8_t *page = walk_code_page(vcpu, linear);
    if (page == NULL) {
        return false;
    }
    page += linear & 0xfff;
    return page[0] == opcode[0] && (length == 1 || page[1] == opcode[1]);
}

static bool same_bytes(const struct cached_instruction *cached, const uint64_t bytes[2])
{
    uint64_t found[2] = {bytes[0], bytes[1]};
    keep_first(found, cached->instruction.length);
    return found[0] == cached->bytes[0] && found[1] == cached->bytes[1];
}

const struct instruction *instruction_fetch(struct vcpu_context *vcpu)
{
    const struct vcpu_page *page = vcpu->page;
    uint64_t rip = page->state.rip;
    enum instruction_mode mode = execution_mode(vcpu);
    uint64_t bytes[2] = {0, 0};
    uint32_t count;
    if (page->exit.instruction_count != 0) { /* the processor kept them */
        count = page->exit.instruction_count < INSTRUCTION_MAX_LENGTH ? page->exit.instruction_count
                                                                      : INSTRUCTION_MAX_LENGTH;
        memcpy(bytes, page->exit.instruction, count);
    } else {
        uint64_t linear;
        count = linear_rip(vcpu, mode, &linear) ? fetch_bytes(vcpu, linear, bytes) : 0;
        if (count == 0) {
            return NULL;
        }
    }

    struct instruction_cache *cache = &vcpu->arch.instructions;
    uint32_t set = (uint32_t)(rip * 0x9e3779b97f4a7c15ull >> 32) & (INSTRUCTION_CACHE_SETS - 1);
    for (uint32_t way = 0; way < INSTRUCTION_CACHE_WAYS; way++) {
        const struct cached_instruction *cached = &cache->sets[set][way];
        if (cached->rip == rip && cached->mode == (uint32_t)mode && cached->instruction.length <= count &&
            same_bytes(cached, bytes)) {
            return &cached->instruction;
        }
    }
    uint32_t way = cache->oldest[set];
    cache->oldest[set] = (uint8_t)((way + 1) % INSTRUCTION_CACHE_WAYS);
    struct cached_instruction *entry = &cache->sets[set][way];
    instruction_decode(mode, (const uint8_t *)bytes, count, &entry->instruction);
    entry->rip = rip;
    /* What is not valid is not kept: its bytes have no length to compare. */
    entry->mode = entry->instruction.length != 0 ? (uint32_t)mode : 0;
    keep_first(bytes, entry->instruction.length);
    entry->bytes[0] = bytes[0];
    entry->bytes[1] = bytes[1];
    return &entry->instruction;
}
