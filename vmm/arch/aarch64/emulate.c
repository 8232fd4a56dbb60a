/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory accesses of which the hardware's syndrome does not say everything: pairs,
 * and those that change their base register. The instruction is fetched through
 * the guest's page tables, and each transfer translated by them.
 */
#include <vmm/arch/execution.h>
#include <vmm/arch/load_store.h>
#include <vmm/arch/walk.h>

#define PAGE_OFFSET 0xfffull

static bool at_el0(const struct vcpu_arch_state *state)
{
    return (state->pstate & PSTATE_MODE_MASK) == PSTATE_EL0;
}

static uint64_t *stack_pointer(struct vcpu_arch_state *state)
{
    return (state->pstate & PSTATE_MODE_MASK) == PSTATE_EL1H ? &state->sp_el1 : &state->sp_el0;
}

static bool fetch(struct vcpu_context *vcpu, uint32_t *instruction)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    if ((state->pstate & PSTATE_AARCH32) != 0 || (state->pc & 3u) != 0) {
        return false;
    }
    struct walk_result result = walk(vcpu, state->pc, WALK_UNCHECKED);
    return !result.fault && guest_read(&vcpu->vm->memory, GPA(result.gpa), instruction, sizeof(*instruction));
}

static uint64_t register_offset(const struct vcpu_context *vcpu, const struct load_store *d)
{
    uint64_t value = register_read(vcpu, d->rm);
    switch (d->extend) {
    case 2:
        value &= UINT32_MAX;
        break;
    case 6:
        value = (uint64_t)(int64_t)(int32_t)value;
        break;
    default:
        break;
    }
    return value << d->shift;
}

/* Where the first transfer goes, and what the base register becomes. */
static uint64_t addresses(struct vcpu_context *vcpu, const struct load_store *d, uint64_t *new_base)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    uint64_t base = d->rn == 31 ? *stack_pointer(state) : register_read(vcpu, d->rn);
    uint64_t moved = base + (uint64_t)d->offset;
    *new_base = d->address == ADDRESS_PRE || d->address == ADDRESS_POST ? moved : base;
    switch (d->address) {
    case ADDRESS_POST:
        return base;
    case ADDRESS_REGISTER:
        return base + register_offset(vcpu, d);
    case ADDRESS_LITERAL:
        return state->pc + (uint64_t)d->offset;
    default:
        return moved;
    }
}

/* Guest-physical address of a transfer. In the page where the exit was, that is the hardware's own word. */
static bool translate(struct vcpu_context *vcpu, const struct load_store *d, uint64_t address, uint64_t *gpa)
{
    const struct vcpu_exit_memory *memory = &vcpu->page->exit.memory;
    if (memory->gva_valid != 0 && ((address ^ memory->gva) & ~PAGE_OFFSET) == 0) {
        *gpa = (memory->gpa & ~PAGE_OFFSET) | (address & PAGE_OFFSET);
        return true;
    }
    bool unprivileged = d->unprivileged || at_el0(&vcpu->page->state);
    struct walk_result result =
        walk(vcpu, address, (d->load ? WALK_READ : WALK_WRITE) | (unprivileged ? WALK_UNPRIVILEGED : 0));
    if (result.fault) {
        exception_abort(
            vcpu,
            &(struct abort){.status = result.status, .write = !d->load, .address_valid = true, .address = address});
        return false;
    }
    *gpa = result.gpa;
    return true;
}

static bool crosses_page(uint64_t address, uint32_t width)
{
    return (address & PAGE_OFFSET) + width > PAGE_OFFSET + 1;
}

enum access_result emulate_load_store(struct vcpu_context *vcpu)
{
    struct vcpu_arch_state *state = &vcpu->page->state;
    struct load_store d;
    uint32_t instruction;
    if (!execution_need(vcpu, VCPU_STATE_EL1)) {
        return ACCESS_FAULT;
    }
    if (!fetch(vcpu, &instruction)) {
        memory_external_abort(vcpu, "the instruction cannot be read");
        return ACCESS_FAULT;
    }
    if (!load_store_decode(instruction, &d)) {
        memory_external_abort(vcpu, "not an access that devices take");
        return ACCESS_FAULT;
    }
    if (d.cache_maintenance) { /* of what is not memory: nothing to do */
        execution_advance(vcpu);
        return ACCESS_DONE;
    }
    uint64_t new_base;
    uint64_t gpa[2] = {0, 0};
    uint64_t values[2] = {0, 0};
    uint64_t address = addresses(vcpu, &d, &new_base);
    /* All is translated before anything is touched. */
    for (uint32_t i = 0; i < d.count; i++) {
        if (crosses_page(address + (uint64_t)i * d.width, d.width)) {
            memory_external_abort(vcpu, "access across pages");
            return ACCESS_FAULT;
        }
        if (!translate(vcpu, &d, address + (uint64_t)i * d.width, &gpa[i])) {
            return ACCESS_FAULT;
        }
    }
    for (uint32_t i = 0; i < d.count; i++) {
        uint64_t value = register_read(vcpu, i == 0 ? d.rt : d.rt2) & width_mask(d.width);
        bool there =
            d.load ? physical_read(vcpu, gpa[i], d.width, &values[i]) : physical_write(vcpu, gpa[i], d.width, value);
        if (!there) {
            memory_external_abort(vcpu, "nothing there");
            return ACCESS_FAULT;
        }
        if (gic_take_retry(&vcpu->vm->arch.gic)) {
            return ACCESS_RETRY;
        }
    }
    if (d.address == ADDRESS_PRE || d.address == ADDRESS_POST) {
        if (d.rn == 31) {
            *stack_pointer(state) = new_base;
            execution_dirty(vcpu, VCPU_STATE_EL1);
        } else {
            register_write(vcpu, d.rn, new_base);
        }
    }
    for (uint32_t i = 0; d.load && i < d.count; i++) {
        register_write(vcpu, i == 0 ? d.rt : d.rt2, extend_value(values[i], d.width, d.sign_extend, d.register_width));
    }
    execution_advance(vcpu);
    return ACCESS_DONE;
}
