/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MOVS, STOS and LODS with at least one side outside RAM. A repeated one does a
 * bounded number of elements for each exit; then the registers say where it
 * stands, and the guest executes the rest, taking interrupts in between, as the
 * architecture has it.
 */
#include <vmm/arch/execution.h>

#define ELEMENTS_PER_EXIT 128u

/* Translation of the page in use, so that each page is walked once. */
struct side {
    uint64_t page; /* linear | 1 if valid */
    uint64_t gpa;
    bool write;
};

static enum access_result element_gpa(struct vcpu_context *vcpu, struct side *side, uint64_t linear, uint64_t *gpa)
{
    uint64_t page = linear & ~0xfffull;
    if (side->page != (page | 1)) {
        enum access_result result = linear_translate(vcpu, linear, side->write, gpa);
        if (result != ACCESS_DONE) {
            return result;
        }
        side->page = page | 1;
        side->gpa = *gpa & ~0xfffull;
    }
    *gpa = side->gpa | (linear & 0xfff);
    return ACCESS_DONE;
}

static enum access_result element_read(struct vcpu_context *vcpu, struct side *side, uint64_t linear, uint8_t width,
                                       uint64_t *value)
{
    uint64_t gpa;
    if ((linear & 0xfff) + width > PAGE_SIZE_4K) {
        return linear_read(vcpu, linear, width, value);
    }
    enum access_result result = element_gpa(vcpu, side, linear, &gpa);
    if (result == ACCESS_DONE) {
        physical_read(vcpu, gpa, width, value);
    }
    return result;
}

static enum access_result element_write(struct vcpu_context *vcpu, struct side *side, uint64_t linear, uint8_t width,
                                        uint64_t value)
{
    uint64_t gpa;
    if ((linear & 0xfff) + width > PAGE_SIZE_4K) {
        return linear_write(vcpu, linear, width, value);
    }
    enum access_result result = element_gpa(vcpu, side, linear, &gpa);
    if (result == ACCESS_DONE) {
        physical_write(vcpu, gpa, width, value);
    }
    return result;
}

static void step(struct vcpu_context *vcpu, uint8_t number, uint8_t address_width, uint64_t by)
{
    register_write(vcpu, number, address_width, false, register_read(vcpu, number, address_width, false) + by);
}

static enum access_result one_element(struct vcpu_context *vcpu, const struct instruction *instruction,
                                      struct side *source, struct side *destination)
{
    uint8_t width = instruction->operands[0].width;
    uint8_t address_width = instruction->address_width;
    bool loads = instruction->operation != OPERATION_STRING_STORE;
    bool stores = instruction->operation != OPERATION_STRING_LOAD;
    uint64_t by = (vcpu->page->state.rflags & RFLAGS_DF) != 0 ? 0 - (uint64_t)width : width;
    uint64_t value = register_read(vcpu, VCPU_RAX, width, false);
    enum access_result result = ACCESS_DONE;
    if (loads) {
        uint64_t offset = register_read(vcpu, VCPU_RSI, address_width, false);
        result = element_read(vcpu, source, segment_linear(vcpu, instruction->segment, offset, address_width), width,
                              &value);
    }
    if (result == ACCESS_DONE && stores) {
        uint64_t offset = register_read(vcpu, VCPU_RDI, address_width, false);
        result = element_write(vcpu, destination, segment_linear(vcpu, 0, offset, address_width), width, value);
    }
    if (result != ACCESS_DONE) {
        return result;
    }
    if (!stores) {
        register_write(vcpu, VCPU_RAX, width, false, value);
    }
    if (loads) {
        step(vcpu, VCPU_RSI, address_width, by);
    }
    if (stores) {
        step(vcpu, VCPU_RDI, address_width, by);
    }
    return ACCESS_DONE;
}

enum access_result emulate_string(struct vcpu_context *vcpu, const struct instruction *instruction)
{
    uint8_t address_width = instruction->address_width;
    struct side source = {.write = false};
    struct side destination = {.write = true};
    if (!instruction->repeat) {
        enum access_result result = one_element(vcpu, instruction, &source, &destination);
        if (result == ACCESS_DONE) {
            execution_advance(vcpu, instruction->length);
        }
        return result;
    }
    for (uint32_t i = 0; i < ELEMENTS_PER_EXIT; i++) {
        uint64_t count = register_read(vcpu, VCPU_RCX, address_width, false);
        if (count == 0) {
            execution_advance(vcpu, instruction->length);
            return ACCESS_DONE;
        }
        enum access_result result = one_element(vcpu, instruction, &source, &destination);
        if (result != ACCESS_DONE) {
            return result;
        }
        register_write(vcpu, VCPU_RCX, address_width, false, count - 1);
        if (count == 1) {
            execution_advance(vcpu, instruction->length);
            return ACCESS_DONE;
        }
    }
    return ACCESS_DONE; /* the guest goes on with the same instruction */
}
