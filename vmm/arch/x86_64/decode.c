/* SPDX-License-Identifier: BSD-2-Clause */
/* From bytes to struct instruction, by Zydis. */
#include <base/memory.h>

#include <Zydis/Zydis.h>

#include <vmm/arch/instruction.h>

static enum instruction_operation operation_of(ZydisMnemonic mnemonic)
{
    switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVNTI:
        return OPERATION_MOV;
    case ZYDIS_MNEMONIC_MOVZX:
        return OPERATION_MOVZX;
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
        return OPERATION_MOVSX;
    case ZYDIS_MNEMONIC_ADD:
        return OPERATION_ADD;
    case ZYDIS_MNEMONIC_OR:
        return OPERATION_OR;
    case ZYDIS_MNEMONIC_ADC:
        return OPERATION_ADC;
    case ZYDIS_MNEMONIC_SBB:
        return OPERATION_SBB;
    case ZYDIS_MNEMONIC_AND:
        return OPERATION_AND;
    case ZYDIS_MNEMONIC_SUB:
        return OPERATION_SUB;
    case ZYDIS_MNEMONIC_XOR:
        return OPERATION_XOR;
    case ZYDIS_MNEMONIC_CMP:
        return OPERATION_CMP;
    case ZYDIS_MNEMONIC_TEST:
        return OPERATION_TEST;
    case ZYDIS_MNEMONIC_INC:
        return OPERATION_INC;
    case ZYDIS_MNEMONIC_DEC:
        return OPERATION_DEC;
    case ZYDIS_MNEMONIC_NOT:
        return OPERATION_NOT;
    case ZYDIS_MNEMONIC_NEG:
        return OPERATION_NEG;
    case ZYDIS_MNEMONIC_XCHG:
        return OPERATION_XCHG;
    case ZYDIS_MNEMONIC_XADD:
        return OPERATION_XADD;
    case ZYDIS_MNEMONIC_CMPXCHG:
        return OPERATION_CMPXCHG;
    case ZYDIS_MNEMONIC_BT:
        return OPERATION_BT;
    case ZYDIS_MNEMONIC_BTS:
        return OPERATION_BTS;
    case ZYDIS_MNEMONIC_BTR:
        return OPERATION_BTR;
    case ZYDIS_MNEMONIC_BTC:
        return OPERATION_BTC;
    case ZYDIS_MNEMONIC_PUSH:
        return OPERATION_PUSH;
    case ZYDIS_MNEMONIC_POP:
        return OPERATION_POP;
    case ZYDIS_MNEMONIC_MOVSB:
    case ZYDIS_MNEMONIC_MOVSW:
    case ZYDIS_MNEMONIC_MOVSD: /* also SSE2's, told apart by its operands */
    case ZYDIS_MNEMONIC_MOVSQ:
        return OPERATION_STRING_MOVE;
    case ZYDIS_MNEMONIC_STOSB:
    case ZYDIS_MNEMONIC_STOSW:
    case ZYDIS_MNEMONIC_STOSD:
    case ZYDIS_MNEMONIC_STOSQ:
        return OPERATION_STRING_STORE;
    case ZYDIS_MNEMONIC_LODSB:
    case ZYDIS_MNEMONIC_LODSW:
    case ZYDIS_MNEMONIC_LODSD:
    case ZYDIS_MNEMONIC_LODSQ:
        return OPERATION_STRING_LOAD;
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_INSD:
        return OPERATION_STRING_IN;
    case ZYDIS_MNEMONIC_OUTSB:
    case ZYDIS_MNEMONIC_OUTSW:
    case ZYDIS_MNEMONIC_OUTSD:
        return OPERATION_STRING_OUT;
    case ZYDIS_MNEMONIC_WBINVD:
    case ZYDIS_MNEMONIC_INVD:
        return OPERATION_CACHE_FLUSH; /* WBNOINVD is WBINVD with a prefix */
    case ZYDIS_MNEMONIC_RDPMC:
        return OPERATION_READ_COUNTER;
    default:
        return OPERATION_UNSUPPORTED;
    }
}

static bool is_string(enum instruction_operation operation)
{
    return operation >= OPERATION_STRING_MOVE && operation <= OPERATION_STRING_OUT;
}

/* False if it is not a general register. */
static bool general_register(ZydisRegister reg, uint8_t *number, bool *high_byte)
{
    *high_byte = false;
    if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL) {
        *number = (uint8_t)(reg - ZYDIS_REGISTER_AL);
    } else if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
        *number = (uint8_t)(reg - ZYDIS_REGISTER_AH);
        *high_byte = true;
    } else if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B) {
        *number = (uint8_t)(reg - ZYDIS_REGISTER_SPL + 4);
    } else if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W) {
        *number = (uint8_t)(reg - ZYDIS_REGISTER_AX);
    } else if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D) {
        *number = (uint8_t)(reg - ZYDIS_REGISTER_EAX);
    } else if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15) {
        *number = (uint8_t)(reg - ZYDIS_REGISTER_RAX);
    } else {
        return false;
    }
    return true;
}

static bool address_register(ZydisRegister reg, uint8_t *number)
{
    bool high_byte;
    if (reg == ZYDIS_REGISTER_NONE) {
        *number = OPERAND_NO_REGISTER;
        return true;
    }
    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP) {
        *number = OPERAND_IP_RELATIVE;
        return true;
    }
    return general_register(reg, number, &high_byte);
}

static bool convert_memory(const ZydisDecodedOperand *from, struct instruction *out)
{
    if (from->mem.type != ZYDIS_MEMOP_TYPE_MEM || from->mem.segment < ZYDIS_REGISTER_ES ||
        from->mem.segment > ZYDIS_REGISTER_GS) {
        return false;
    }
    out->segment = (uint8_t)(from->mem.segment - ZYDIS_REGISTER_ES);
    out->scale = from->mem.scale;
    out->displacement = from->mem.disp.has_displacement ? from->mem.disp.value : 0;
    return address_register(from->mem.base, &out->base) && address_register(from->mem.index, &out->index);
}

static bool convert_operand(const ZydisDecodedOperand *from, struct instruction *out, struct instruction_operand *to)
{
    to->width = (uint8_t)(from->size / 8);
    switch (from->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        if (from->reg.value >= ZYDIS_REGISTER_CR0 && from->reg.value <= ZYDIS_REGISTER_CR15) {
            to->kind = OPERAND_CONTROL_REGISTER;
            to->number = (uint8_t)(from->reg.value - ZYDIS_REGISTER_CR0);
            return true;
        }
        to->kind = OPERAND_REGISTER;
        return general_register(from->reg.value, &to->number, &to->high_byte);
    case ZYDIS_OPERAND_TYPE_MEMORY:
        to->kind = OPERAND_MEMORY;
        return convert_memory(from, out);
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        to->kind = OPERAND_IMMEDIATE;
        out->immediate = from->imm.value.u;
        return true;
    default:
        return false;
    }
}

/* Strings have fixed operands: only their width and the source's segment vary. */
static bool convert_string(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands,
                           struct instruction *out)
{
    out->repeat = (decoded->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
    out->segment = 3; /* DS unless overridden */
    for (uint32_t i = 0; i < decoded->operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY) {
            continue;
        }
        out->operands[0] = (struct instruction_operand){.kind = OPERAND_MEMORY, .width = (uint8_t)(operand->size / 8)};
        bool is_source = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
        if (is_source && operand->mem.segment >= ZYDIS_REGISTER_ES && operand->mem.segment <= ZYDIS_REGISTER_GS) {
            out->segment = (uint8_t)(operand->mem.segment - ZYDIS_REGISTER_ES);
        }
    }
    return out->operands[0].width != 0;
}

static bool convert(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands,
                    struct instruction *out)
{
    if (decoded->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY) {
        return false;
    }
    enum instruction_operation operation = operation_of(decoded->mnemonic);
    if (operation == OPERATION_UNSUPPORTED) {
        return false;
    }
    if (is_string(operation)) {
        if (decoded->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT || !convert_string(decoded, operands, out)) {
            return false;
        }
        out->operation = (uint8_t)operation;
        return true;
    }
    uint32_t count = decoded->operand_count_visible;
    if (count > 2) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!convert_operand(&operands[i], out, &out->operands[i])) {
            return false;
        }
    }
    if (out->operands[0].kind == OPERAND_CONTROL_REGISTER || out->operands[1].kind == OPERAND_CONTROL_REGISTER) {
        operation = OPERATION_MOV_CONTROL;
    }
    if (operation == OPERATION_PUSH || operation == OPERATION_POP) {
        /* The stack operand's width: 2, 4 or 8 bytes. */
        out->operands[1].width = (uint8_t)(decoded->operand_width / 8);
    }
    out->operation = (uint8_t)operation;
    return true;
}

void instruction_decode(enum instruction_mode mode, const uint8_t *bytes, uint32_t count, struct instruction *out)
{
    memset(out, 0, sizeof(*out));
    ZydisMachineMode machine = mode == INSTRUCTION_MODE_64   ? ZYDIS_MACHINE_MODE_LONG_64
                               : mode == INSTRUCTION_MODE_32 ? ZYDIS_MACHINE_MODE_LEGACY_32
                                                             : ZYDIS_MACHINE_MODE_LEGACY_16;
    ZydisStackWidth stack = mode == INSTRUCTION_MODE_64   ? ZYDIS_STACK_WIDTH_64
                            : mode == INSTRUCTION_MODE_32 ? ZYDIS_STACK_WIDTH_32
                                                          : ZYDIS_STACK_WIDTH_16;
    ZydisDecoder decoder;
    ZydisDecoderContext context;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, machine, stack)) ||
        !ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, &context, bytes, count, &decoded)) ||
        !ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&decoder, &context, &decoded, operands, decoded.operand_count))) {
        return;
    }
    if (!convert(&decoded, operands, out)) {
        *out = (struct instruction){.operation = OPERATION_UNSUPPORTED};
    }
    out->length = decoded.length;
    out->address_width = (uint8_t)(decoded.address_width / 8);
}
