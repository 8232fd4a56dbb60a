/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VCPU_EXIT_MEMORY: an access to guest-physical memory that is not RAM.
 *
 * What a guest gets for it:
 *   a device's register         what the device answers
 *   nothing there               an external abort, as on a real bus; logged
 *   an instruction for which there is no emulation (exclusives, atomics, vector
 *   registers)                  the same
 *   code, or page tables, outside RAM
 *                               an external abort of the fetch or of the walk; logged
 */
#include <base/memory.h>

#include <vmm/arch/execution.h>
#include <vmm/arch/walk.h>

bool physical_read(struct vcpu_context *vcpu, uint64_t gpa, uint32_t width, uint64_t *value)
{
    struct vm *vm = vcpu->vm;
    if (bus_read(&vm->memory_bus, gpa, width, value)) {
        return true;
    }
    const void *ram = guest_slice(&vm->memory, GPA(gpa), width);
    if (ram == NULL) {
        return false;
    }
    *value = 0;
    memcpy(value, ram, width);
    return true;
}

bool physical_write(struct vcpu_context *vcpu, uint64_t gpa, uint32_t width, uint64_t value)
{
    struct vm *vm = vcpu->vm;
    if (bus_write(&vm->memory_bus, gpa, width, value)) {
        return true;
    }
    void *ram = guest_slice(&vm->memory, GPA(gpa), width);
    if (ram == NULL) {
        return false;
    }
    memcpy(ram, &value, width);
    return true;
}

static uint64_t fault_address(const struct vcpu_exit_memory *memory)
{
    return memory->gva_valid != 0 ? memory->gva : 0;
}

void memory_external_abort(struct vcpu_context *vcpu, const char *what)
{
    const struct vcpu_exit_memory *memory = &vcpu->page->exit.memory;
    bool write = (memory->access & VCPU_ACCESS_WRITE) != 0;
    log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[AARCH64_LOG_MEMORY], "memory",
                    "vCPU %u %s at 0x%llx by the instruction at 0x%llx: %s: external abort", vcpu->id,
                    (memory->access & VCPU_ACCESS_FETCH) != 0 ? "fetches"
                    : write                                   ? "writes"
                                                              : "reads",
                    (unsigned long long)memory->gpa, (unsigned long long)vcpu->page->state.pc, what);
    exception_abort(vcpu, &(struct abort){.status = FAULT_EXTERNAL,
                                          .fetch = (memory->access & VCPU_ACCESS_FETCH) != 0,
                                          .write = write,
                                          .address_valid = memory->gva_valid != 0,
                                          .address = fault_address(memory)});
}

/* A page table lies outside RAM. Which level's is found by walking again. */
static void walk_abort(struct vcpu_context *vcpu)
{
    const struct vcpu_exit_memory *memory = &vcpu->page->exit.memory;
    if (!execution_need(vcpu, VCPU_STATE_EL1)) {
        return;
    }
    struct walk_result result = walk(vcpu, fault_address(memory), WALK_UNCHECKED);
    uint32_t status = result.fault && result.status >= FAULT_EXTERNAL_WALK ? result.status : FAULT_EXTERNAL_WALK;
    log_guest_error(vcpu->vm, &vcpu->vm->arch.limits[AARCH64_LOG_MEMORY], "memory",
                    "vCPU %u: page table at 0x%llx, not RAM: external abort", vcpu->id,
                    (unsigned long long)memory->gpa);
    exception_abort(vcpu, &(struct abort){.status = status,
                                          .fetch = (memory->access & VCPU_ACCESS_FETCH) != 0,
                                          .write = (memory->access & VCPU_ACCESS_WRITE) != 0,
                                          .address_valid = memory->gva_valid != 0,
                                          .address = fault_address(memory)});
}

/* The hardware says which register is transferred. */
static void transfer(struct vcpu_context *vcpu, const struct vcpu_exit_memory *memory)
{
    struct gic *gic = &vcpu->vm->arch.gic;
    if ((memory->access & VCPU_ACCESS_WRITE) != 0) {
        uint64_t value = register_read(vcpu, memory->gpr) & width_mask(memory->width);
        if (__builtin_expect(!physical_write(vcpu, memory->gpa, memory->width, value), 0)) {
            memory_external_abort(vcpu, "nothing there");
            return;
        }
        if (__builtin_expect(!gic_take_retry(gic), 1)) {
            execution_advance(vcpu);
        }
        return;
    }
    uint64_t value;
    if (__builtin_expect(!physical_read(vcpu, memory->gpa, memory->width, &value), 0)) {
        memory_external_abort(vcpu, "nothing there");
        return;
    }
    if (__builtin_expect(!gic_take_retry(gic), 1)) {
        register_write(vcpu, memory->gpr,
                       extend_value(value, memory->width, memory->sign_extend != 0, memory->register_width));
        execution_advance(vcpu);
    }
}

static bool possible_width(uint32_t width)
{
    return width == 1 || width == 2 || width == 4 || width == 8;
}

void exit_memory(struct vcpu_context *vcpu)
{
    /* Ours: the kernel writes it, and only between exits. */
    const struct vcpu_exit_memory *memory = &vcpu->page->exit.memory;
    if (__builtin_expect((memory->access & VCPU_ACCESS_PAGE_WALK) != 0, 0)) {
        walk_abort(vcpu);
    } else if (__builtin_expect((memory->access & VCPU_ACCESS_FETCH) != 0, 0)) {
        memory_external_abort(vcpu, "no code there");
    } else if (__builtin_expect(possible_width(memory->width), 1)) {
        transfer(vcpu, memory);
    } else {
        emulate_load_store(vcpu);
    }
}
