/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carries out an instruction whose memory operand is not RAM. The processor has
 * made the guest's own walk and its checks for the access that exited; what it
 * has not come to yet (a second operand, a second page) is checked here.
 */
#include <vmm/arch/execution.h>

/* Where the memory operand is. */
struct target {
    uint64_t linear;
    uint64_t gpa; /* valid if direct */
    bool direct;  /* the exit's own address, within one page */
};

static uint64_t effective_address(const struct vcpu_context *vcpu, const struct instruction *instruction)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    uint64_t address = (uint64_t)instruction->displacement;
    if (instruction->base == OPERAND_IP_RELATIVE) {
        address += state->rip + instruction->length;
    } else if (instruction->base != OPERAND_NO_REGISTER) {
        address += state->gpr[instruction->base & 15u];
    }
    if (instruction->index != OPERAND_NO_REGISTER) {
        address += state->gpr[instruction->index & 15u] * instruction->scale;
    }
    return address;
}

/* BT and its kin with a register: the bit may lie far from the operand. */
static uint64_t bit_string_offset(const struct vcpu_context *vcpu, const struct instruction *instruction)
{
    const struct instruction_operand *source = &instruction->operands[1];
    if (instruction->operation < OPERATION_BT || instruction->operation > OPERATION_BTC ||
        source->kind != OPERAND_REGISTER) {
        return 0;
    }
    uint32_t shift = 64u - 8u * source->width;
    int64_t position = (int64_t)(register_read(vcpu, source->number, source->width, false) << shift) >> shift;
    int64_t bits = 8 * source->width;
    int64_t unit = position >= 0 ? position / bits : -((bits - 1 - position) / bits);
    return (uint64_t)(unit * source->width);
}

static struct target find_target(struct vcpu_context *vcpu, const struct instruction *instruction, uint8_t width)
{
    uint64_t offset = effective_address(vcpu, instruction) + bit_string_offset(vcpu, instruction);
    struct target target = {.linear = segment_linear(vcpu, instruction->segment, offset, instruction->address_width)};
    uint64_t gpa = vcpu->page->exit.memory.gpa;
    target.gpa = gpa;
    target.direct = (target.linear & 0xfff) == (gpa & 0xfff) && (gpa & 0xfff) + width <= PAGE_SIZE_4K;
    return target;
}

static enum access_result target_read(struct vcpu_context *vcpu, const struct target *target, uint8_t width,
                                      uint64_t *value)
{
    if (target->direct) {
        physical_read(vcpu, target->gpa, width, value);
        return ACCESS_DONE;
    }
    return linear_read(vcpu, target->linear, width, value);
}

static enum access_result target_write(struct vcpu_context *vcpu, const struct target *target, uint8_t width,
                                       uint64_t value)
{
    if (target->direct) {
        physical_write(vcpu, target->gpa, width, value);
        return ACCESS_DONE;
    }
    return linear_write(vcpu, target->linear, width, value);
}

/* A read-modify-write needs the right to write before it reads. */
static enum access_result check_writable(struct vcpu_context *vcpu, const struct target *target, uint8_t width)
{
    if (target->direct && (vcpu->page->exit.memory.access & VCPU_ACCESS_WRITE) != 0) {
        return ACCESS_DONE;
    }
    uint64_t gpa;
    enum access_result result = linear_translate(vcpu, target->linear, true, &gpa);
    if (result != ACCESS_DONE || (target->linear & 0xfff) + width <= PAGE_SIZE_4K) {
        return result;
    }
    return linear_translate(vcpu, (target->linear | 0xfff) + 1, true, &gpa);
}

static uint64_t sign_extend(uint64_t value, uint8_t width)
{
    uint32_t shift = 64u - 8u * width;
    return (uint64_t)((int64_t)(value << shift) >> shift);
}

static void set_flags(struct vcpu_context *vcpu, uint64_t rflags)
{
    if (vcpu->page->state.rflags != rflags) {
        vcpu->page->state.rflags = rflags;
        execution_dirty(vcpu, VCPU_STATE_BASIC);
    }
}

/* The value of a source that is not memory. */
static uint64_t plain_source(const struct vcpu_context *vcpu, const struct instruction *instruction)
{
    const struct instruction_operand *source = &instruction->operands[1];
    if (source->kind == OPERAND_REGISTER) {
        return register_read(vcpu, source->number, source->width, source->high_byte);
    }
    return source->kind == OPERAND_IMMEDIATE ? instruction->immediate : 0;
}

/* Destination in memory, source in a register, an immediate or none. */
static enum access_result to_memory(struct vcpu_context *vcpu, const struct instruction *instruction)
{
    enum instruction_operation operation = (enum instruction_operation)instruction->operation;
    uint8_t width = instruction->operands[0].width;
    const struct instruction_operand *source = &instruction->operands[1];
    struct target target = find_target(vcpu, instruction, width);
    uint64_t operand = plain_source(vcpu, instruction);
    if (operation == OPERATION_MOV) {
        return target_write(vcpu, &target, width, operand);
    }
    uint64_t rflags = vcpu->page->state.rflags;
    bool only_read = operation == OPERATION_CMP || operation == OPERATION_TEST || operation == OPERATION_BT;
    enum access_result result = only_read ? ACCESS_DONE : check_writable(vcpu, &target, width);
    if (result != ACCESS_DONE) {
        return result;
    }
    uint64_t old;
    result = target_read(vcpu, &target, width, &old);
    if (result != ACCESS_DONE) {
        return result;
    }
    bool write = true;
    switch (operation) {
    case OPERATION_XCHG:
        result = target_write(vcpu, &target, width, operand);
        if (result == ACCESS_DONE) {
            register_write(vcpu, source->number, width, source->high_byte, old);
        }
        return result;
    case OPERATION_XADD: {
        uint64_t sum = alu_compute(OPERATION_ADD, width, old, operand, &rflags, &write);
        result = target_write(vcpu, &target, width, sum);
        if (result == ACCESS_DONE) {
            register_write(vcpu, source->number, width, source->high_byte, old);
            set_flags(vcpu, rflags);
        }
        return result;
    }
    case OPERATION_CMPXCHG: {
        uint64_t accumulator = register_read(vcpu, VCPU_RAX, width, false);
        alu_compute(OPERATION_CMP, width, accumulator, old, &rflags, &write);
        bool equal = accumulator == old;
        /* Memory is written in either case. */
        result = target_write(vcpu, &target, width, equal ? operand : old);
        if (result == ACCESS_DONE) {
            if (!equal) {
                register_write(vcpu, VCPU_RAX, width, false, old);
            }
            set_flags(vcpu, rflags);
        }
        return result;
    }
    default:
        break;
    }
    uint64_t value = alu_compute(operation, width, old, operand, &rflags, &write);
    if (write) {
        result = target_write(vcpu, &target, width, value);
    }
    if (result == ACCESS_DONE) {
        set_flags(vcpu, rflags);
    }
    return result;
}

/* Destination in a register, source in memory. */
static enum access_result from_memory(struct vcpu_context *vcpu, const struct instruction *instruction)
{
    enum instruction_operation operation = (enum instruction_operation)instruction->operation;
    const struct instruction_operand *destination = &instruction->operands[0];
    uint8_t width = instruction->operands[1].width;
    struct target target = find_target(vcpu, instruction, width);
    uint64_t value;
    enum access_result result = target_read(vcpu, &target, width, &value);
    if (result != ACCESS_DONE) {
        return result;
    }
    switch (operation) {
    case OPERATION_MOV:
    case OPERATION_MOVZX:
        break;
    case OPERATION_MOVSX:
        value = sign_extend(value, width);
        break;
    default: {
        uint64_t rflags = vcpu->page->state.rflags;
        uint64_t old = register_read(vcpu, destination->number, destination->width, destination->high_byte);
        bool write;
        value = alu_compute(operation, width, old, value, &rflags, &write);
        set_flags(vcpu, rflags);
        if (!write) {
            return ACCESS_DONE;
        }
        break;
    }
    }
    register_write(vcpu, destination->number, destination->width, destination->high_byte, value);
    return ACCESS_DONE;
}

static enum access_result push(struct vcpu_context *vcpu, const struct instruction *instruction)
{
    const struct instruction_operand *operand = &instruction->operands[0];
    uint8_t width = instruction->operands[1].width;
    uint64_t rsp = vcpu->page->state.gpr[VCPU_RSP] - width;
    uint64_t value = instruction->immediate;
    enum access_result result = ACCESS_DONE;
    if (operand->kind == OPERAND_MEMORY) {
        result = linear_read(vcpu, find_target(vcpu, instruction, width).linear, width, &value);
    } else if (operand->kind == OPERAND_REGISTER) {
        value = register_read(vcpu, operand->number, width, false);
    }
    if (result == ACCESS_DONE) {
        result = linear_write(vcpu, rsp, width, value);
    }
    if (result == ACCESS_DONE) {
        register_write(vcpu, VCPU_RSP, 8, false, rsp);
    }
    return result;
}

/* RSP moves before the operand's address is computed and before a register is
 * written, so that POP RSP leaves the value popped (Intel SDM vol. 2, POP). */
static enum access_result pop(struct vcpu_context *vcpu, const struct instruction *instruction)
{
    const struct instruction_operand *operand = &instruction->operands[0];
    uint8_t width = instruction->operands[1].width;
    uint64_t rsp = vcpu->page->state.gpr[VCPU_RSP];
    uint64_t value;
    enum access_result result = linear_read(vcpu, rsp, width, &value);
    if (result != ACCESS_DONE) {
        return result;
    }
    register_write(vcpu, VCPU_RSP, 8, false, rsp + width);
    if (operand->kind == OPERAND_REGISTER) {
        register_write(vcpu, operand->number, width, false, value);
        return ACCESS_DONE;
    }
    result = linear_write(vcpu, find_target(vcpu, instruction, width).linear, width, value);
    if (result != ACCESS_DONE) {
        register_write(vcpu, VCPU_RSP, 8, false, rsp);
    }
    return result;
}

static enum access_result unsupported(struct vcpu_context *vcpu, const struct instruction *instruction)
{
    const struct vcpu_page *page = vcpu->page;
    log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[X86_LOG_INSTRUCTION], "cpu",
                    "vCPU %u: instruction of %u bytes at 0x%llx not emulated for memory at 0x%llx: #UD", vcpu->id,
                    instruction->length, (unsigned long long)page->state.rip,
                    (unsigned long long)page->exit.memory.gpa);
    event_exception(vcpu, EXCEPTION_UD, 0);
    return ACCESS_FAULT;
}

enum access_result emulate_memory_instruction(struct vcpu_context *vcpu, const struct instruction *instruction)
{
    const struct instruction_operand *operands = instruction->operands;
    bool on_stack = instruction->operation == OPERATION_PUSH || instruction->operation == OPERATION_POP;
    uint8_t width = operands[0].kind == OPERAND_MEMORY && !on_stack ? operands[0].width : operands[1].width;
    if (instruction->operation == OPERATION_UNSUPPORTED || instruction->operation >= OPERATION_CACHE_FLUSH ||
        (width != 1 && width != 2 && width != 4 && width != 8)) {
        return unsupported(vcpu, instruction);
    }
    switch (instruction->operation) {
    case OPERATION_STRING_MOVE:
    case OPERATION_STRING_STORE:
    case OPERATION_STRING_LOAD:
        return emulate_string(vcpu, instruction);
    case OPERATION_STRING_IN:
    case OPERATION_STRING_OUT: /* their port comes first: see exit_port_io() */
        return unsupported(vcpu, instruction);
    case OPERATION_PUSH:
    case OPERATION_POP: /* in 64-bit mode, where the stack segment does not matter */
        if (execution_mode(vcpu) != INSTRUCTION_MODE_64) {
            return unsupported(vcpu, instruction);
        }
        return instruction->operation == OPERATION_PUSH ? push(vcpu, instruction) : pop(vcpu, instruction);
    default:
        break;
    }
    if (operands[0].kind == OPERAND_MEMORY) {
        return to_memory(vcpu, instruction);
    }
    if (operands[0].kind == OPERAND_REGISTER && operands[1].kind == OPERAND_MEMORY) {
        if (instruction->operation == OPERATION_XCHG) { /* one order or the other: the same */
            struct instruction swapped = *instruction;
            swapped.operands[0] = operands[1];
            swapped.operands[1] = operands[0];
            return to_memory(vcpu, &swapped);
        }
        return from_memory(vcpu, instruction);
    }
    return unsupported(vcpu, instruction);
}
