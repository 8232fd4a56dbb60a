/* SPDX-License-Identifier: BSD-2-Clause */
/* VCPU_EXIT_PORT_IO: IN, OUT, INS, OUTS. */
#include <vmm/arch/execution.h>

#define ELEMENTS_PER_EXIT 128u

static bool valid_width(uint8_t width)
{
    return width == 1 || width == 2 || width == 4;
}

/* INS and OUTS. A repeated one does a bounded number of elements for each exit. */
static void string_io(struct vcpu_context *vcpu, struct vcpu_exit_port_io io)
{
    const struct instruction *instruction = instruction_fetch(vcpu);
    if (instruction == NULL || instruction->operation != (io.write ? OPERATION_STRING_OUT : OPERATION_STRING_IN)) {
        log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[X86_LOG_PORT], "cpu",
                        "vCPU %u: no INS or OUTS found at 0x%llx: #UD", vcpu->id,
                        (unsigned long long)vcpu->page->state.rip);
        event_exception(vcpu, EXCEPTION_UD, 0);
        return;
    }
    struct vm *vm = vcpu->vm;
    uint8_t length = instruction->length;
    uint8_t address_width = instruction->address_width;
    uint8_t segment = io.write ? instruction->segment : 0;
    uint8_t pointer = io.write ? VCPU_RSI : VCPU_RDI;
    uint64_t by = (vcpu->page->state.rflags & RFLAGS_DF) != 0 ? 0 - (uint64_t)io.width : io.width;
    bool repeat = instruction->repeat != 0;
    for (uint32_t i = 0; i < ELEMENTS_PER_EXIT; i++) {
        uint64_t count = repeat ? register_read(vcpu, VCPU_RCX, address_width, false) : 1;
        if (count == 0) {
            execution_advance(vcpu, length);
            return;
        }
        uint64_t offset = register_read(vcpu, pointer, address_width, false);
        uint64_t linear = segment_linear(vcpu, segment, offset, address_width);
        uint64_t value = 0;
        uint64_t gpa;
        if (io.write) {
            if (linear_read(vcpu, linear, io.width, &value) != ACCESS_DONE) {
                return;
            }
            bus_write(&vm->port_bus, io.port, io.width, value);
        } else {
            /* A fault must come before the port is read. */
            if (linear_translate(vcpu, linear, true, &gpa) != ACCESS_DONE) {
                return;
            }
            bus_read(&vm->port_bus, io.port, io.width, &value);
            if (linear_write(vcpu, linear, io.width, value) != ACCESS_DONE) {
                return;
            }
        }
        register_write(vcpu, pointer, address_width, false, offset + by);
        if (repeat) {
            register_write(vcpu, VCPU_RCX, address_width, false, count - 1);
        }
        if (count == 1) {
            execution_advance(vcpu, length);
            return;
        }
        if (vm->action != VM_ACTION_NONE) {
            return;
        }
    }
}

void exit_port_io(struct vcpu_context *vcpu)
{
    struct vm *vm = vcpu->vm;
    struct vcpu_exit_port_io io = vcpu->page->exit.port_io;
    if (__builtin_expect(!valid_width(io.width), 0)) {
        event_exception(vcpu, EXCEPTION_UD, 0);
        return;
    }
    if (__builtin_expect(io.string != 0, 0)) {
        string_io(vcpu, io);
        return;
    }
    uint32_t length = execution_length(vcpu);
    if (length == 0) {
        return;
    }
    if (io.write) {
        bus_write(&vm->port_bus, io.port, io.width, register_read(vcpu, VCPU_RAX, io.width, false));
    } else {
        uint64_t value;
        bus_read(&vm->port_bus, io.port, io.width, &value);
        register_write(vcpu, VCPU_RAX, io.width, false, value);
    }
    execution_advance(vcpu, length);
}
