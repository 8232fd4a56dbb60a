/* SPDX-License-Identifier: BSD-2-Clause */
/* Integer operations and their flags (AMD APM vol. 3, Intel SDM vol. 2). */
#include <vmm/arch/execution.h>

#define ARITHMETIC_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

static uint64_t result_flags(uint64_t result, uint8_t width)
{
    uint64_t sign = 1ull << (8 * width - 1);
    uint64_t flags = (result & width_mask(width)) == 0 ? RFLAGS_ZF : 0;
    flags |= (result & sign) != 0 ? RFLAGS_SF : 0;
    flags |= __builtin_parity((unsigned int)(result & 0xff)) == 0 ? RFLAGS_PF : 0;
    return flags;
}

static uint64_t add(uint8_t width, uint64_t a, uint64_t b, uint64_t carry, uint64_t *flags)
{
    uint64_t mask = width_mask(width);
    uint64_t sign = 1ull << (8 * width - 1);
    uint64_t result = (a + b + carry) & mask;
    bool carry_out = carry != 0 ? result <= a : result < a;
    *flags = result_flags(result, width);
    *flags |= carry_out ? RFLAGS_CF : 0;
    *flags |= ((a ^ b ^ result) & 0x10) != 0 ? RFLAGS_AF : 0;
    *flags |= ((a ^ result) & (b ^ result) & sign) != 0 ? RFLAGS_OF : 0;
    return result;
}

static uint64_t subtract(uint8_t width, uint64_t a, uint64_t b, uint64_t borrow, uint64_t *flags)
{
    uint64_t mask = width_mask(width);
    uint64_t sign = 1ull << (8 * width - 1);
    uint64_t result = (a - b - borrow) & mask;
    bool borrow_out = borrow != 0 ? a <= b : a < b;
    *flags = result_flags(result, width);
    *flags |= borrow_out ? RFLAGS_CF : 0;
    *flags |= ((a ^ b ^ result) & 0x10) != 0 ? RFLAGS_AF : 0;
    *flags |= ((a ^ b) & (a ^ result) & sign) != 0 ? RFLAGS_OF : 0;
    return result;
}

/* The bit's old value goes to CF; the other flags stay. */
static uint64_t bit_operation(enum instruction_operation operation, uint8_t width, uint64_t value, uint64_t position,
                              uint64_t *rflags)
{
    uint64_t bit = 1ull << (position & (8u * width - 1));
    *rflags = (*rflags & ~RFLAGS_CF) | ((value & bit) != 0 ? RFLAGS_CF : 0);
    switch (operation) {
    case OPERATION_BTS:
        return value | bit;
    case OPERATION_BTR:
        return value & ~bit;
    case OPERATION_BTC:
        return value ^ bit;
    default:
        return value;
    }
}

uint64_t alu_compute(enum instruction_operation operation, uint8_t width, uint64_t destination, uint64_t source,
                     uint64_t *rflags, bool *write)
{
    uint64_t mask = width_mask(width);
    uint64_t a = destination & mask;
    uint64_t b = source & mask;
    uint64_t carry = *rflags & RFLAGS_CF;
    uint64_t flags = 0;
    uint64_t affected = ARITHMETIC_FLAGS;
    uint64_t result;
    *write = true;
    switch (operation) {
    case OPERATION_ADD:
        result = add(width, a, b, 0, &flags);
        break;
    case OPERATION_ADC:
        result = add(width, a, b, carry, &flags);
        break;
    case OPERATION_SUB:
        result = subtract(width, a, b, 0, &flags);
        break;
    case OPERATION_SBB:
        result = subtract(width, a, b, carry, &flags);
        break;
    case OPERATION_CMP:
        result = subtract(width, a, b, 0, &flags);
        *write = false;
        break;
    case OPERATION_NEG:
        result = subtract(width, 0, a, 0, &flags);
        break;
    case OPERATION_INC:
        result = add(width, a, 1, 0, &flags);
        affected &= ~RFLAGS_CF;
        break;
    case OPERATION_DEC:
        result = subtract(width, a, 1, 0, &flags);
        affected &= ~RFLAGS_CF;
        break;
    case OPERATION_OR:
        result = a | b;
        flags = result_flags(result, width);
        break;
    case OPERATION_AND:
        result = a & b;
        flags = result_flags(result, width);
        break;
    case OPERATION_XOR:
        result = a ^ b;
        flags = result_flags(result, width);
        break;
    case OPERATION_TEST:
        result = a & b;
        flags = result_flags(result, width);
        *write = false;
        break;
    case OPERATION_NOT:
        return ~a & mask;
    case OPERATION_BT:
        *write = false;
        return bit_operation(operation, width, a, source, rflags);
    case OPERATION_BTS:
    case OPERATION_BTR:
    case OPERATION_BTC:
        return bit_operation(operation, width, a, source, rflags);
    default: /* moves */
        return b;
    }
    *rflags = (*rflags & ~affected) | (flags & affected);
    return result;
}
