/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory as the guest's processor reaches it: local APIC page, devices, RAM. */
#include <base/memory.h>

#include <vmm/arch/execution.h>
#include <vmm/arch/walk.h>

static bool in_lapic_page(const struct vcpu_context *vcpu, uint64_t gpa, uint32_t width)
{
    uint64_t base = lapic_mmio_base(&vcpu->arch.lapic);
    return base != 0 && gpa - base <= PAGE_SIZE_4K - width;
}

void physical_read(struct vcpu_context *vcpu, uint64_t gpa, uint32_t width, uint64_t *value)
{
    struct vm *vm = vcpu->vm;
    if (in_lapic_page(vcpu, gpa, width)) {
        *value = lapic_mmio_read(&vcpu->arch.lapic, gpa & 0xfff, width) & width_mask(width);
        return;
    }
    if (bus_read(&vm->memory_bus, gpa, width, value)) {
        return;
    }
    const void *ram = guest_slice(&vm->memory, GPA(gpa), width);
    if (ram != NULL) {
        *value = 0;
        memcpy(value, ram, width);
        return;
    }
    log_guest_error(vm, &vm->arch.limits[X86_LOG_MEMORY], "memory", "vCPU %u read %u bytes at 0x%llx: nothing there",
                    vcpu->id, width, (unsigned long long)gpa);
}

void physical_write(struct vcpu_context *vcpu, uint64_t gpa, uint32_t width, uint64_t value)
{
    struct vm *vm = vcpu->vm;
    if (in_lapic_page(vcpu, gpa, width)) {
        lapic_mmio_write(&vcpu->arch.lapic, gpa & 0xfff, width, value & width_mask(width));
        return;
    }
    if (bus_write(&vm->memory_bus, gpa, width, value)) {
        return;
    }
    void *ram = guest_slice(&vm->memory, GPA(gpa), width);
    if (ram != NULL) {
        memcpy(ram, &value, width);
        return;
    }
    log_guest_error(vm, &vm->arch.limits[X86_LOG_MEMORY], "memory", "vCPU %u wrote %u bytes at 0x%llx: nothing there",
                    vcpu->id, width, (unsigned long long)gpa);
}

static bool canonical(const struct vcpu_context *vcpu, uint64_t linear)
{
    uint32_t bits = (vcpu->page->state.cr4 & CR4_LA57) != 0 ? 57 : 48;
    return (uint64_t)((int64_t)(linear << (64 - bits)) >> (64 - bits)) == linear;
}

enum access_result linear_translate(struct vcpu_context *vcpu, uint64_t linear, bool write, uint64_t *gpa)
{
    if ((vcpu->page->state.efer & EFER_LMA) != 0 && !canonical(vcpu, linear)) {
        event_exception(vcpu, EXCEPTION_GP, 0);
        return ACCESS_FAULT;
    }
    uint32_t access = (write ? WALK_WRITE : WALK_READ) | ((vcpu->page->state.cpl & 3u) == 3 ? WALK_USER : 0);
    struct walk_result result = walk(vcpu, linear, access);
    if (result.bad_table) {
        vm_request_action(vcpu->vm, VM_ACTION_CRASH, "page table outside RAM, for address 0x%llx",
                          (unsigned long long)linear);
        return ACCESS_FAILED;
    }
    if (result.fault) {
        event_page_fault(vcpu, linear, result.error_code);
        return ACCESS_FAULT;
    }
    *gpa = result.gpa;
    return ACCESS_DONE;
}

static bool crosses_page(uint64_t linear, uint32_t width)
{
    return (linear & 0xfff) + width > PAGE_SIZE_4K;
}

/* Both pages are translated before anything is touched. */
static enum access_result translate_both(struct vcpu_context *vcpu, uint64_t linear, uint32_t width, bool write,
                                         uint64_t gpa[2])
{
    enum access_result result = linear_translate(vcpu, linear, write, &gpa[0]);
    if (result != ACCESS_DONE || !crosses_page(linear, width)) {
        return result;
    }
    return linear_translate(vcpu, (linear | 0xfff) + 1, write, &gpa[1]);
}

enum access_result linear_read(struct vcpu_context *vcpu, uint64_t linear, uint32_t width, uint64_t *value)
{
    uint64_t gpa[2] = {0, 0};
    enum access_result result = translate_both(vcpu, linear, width, false, gpa);
    if (result != ACCESS_DONE) {
        return result;
    }
    if (!crosses_page(linear, width)) {
        physical_read(vcpu, gpa[0], width, value);
        return ACCESS_DONE;
    }
    uint32_t first = (uint32_t)(PAGE_SIZE_4K - (linear & 0xfff));
    *value = 0;
    for (uint32_t i = 0; i < width; i++) {
        uint64_t byte;
        physical_read(vcpu, i < first ? gpa[0] + i : gpa[1] + (i - first), 1, &byte);
        *value |= byte << (8 * i);
    }
    return ACCESS_DONE;
}

enum access_result linear_write(struct vcpu_context *vcpu, uint64_t linear, uint32_t width, uint64_t value)
{
    uint64_t gpa[2] = {0, 0};
    enum access_result result = translate_both(vcpu, linear, width, true, gpa);
    if (result != ACCESS_DONE) {
        return result;
    }
    if (!crosses_page(linear, width)) {
        physical_write(vcpu, gpa[0], width, value);
        return ACCESS_DONE;
    }
    uint32_t first = (uint32_t)(PAGE_SIZE_4K - (linear & 0xfff));
    for (uint32_t i = 0; i < width; i++) {
        physical_write(vcpu, i < first ? gpa[0] + i : gpa[1] + (i - first), 1, value >> (8 * i) & 0xff);
    }
    return ACCESS_DONE;
}

uint64_t segment_linear(struct vcpu_context *vcpu, uint8_t segment, uint64_t address, uint8_t address_width)
{
    const struct vcpu_arch_state *state = &vcpu->page->state;
    address &= width_mask(address_width);
    bool is_64bit = execution_mode(vcpu) == INSTRUCTION_MODE_64;
    if (is_64bit && segment < 4) {
        return address;
    }
    if (!execution_need(vcpu, VCPU_STATE_SEGMENTS)) {
        return address;
    }
    const struct vcpu_segment *const segments[] = {&state->es, &state->cs, &state->ss,
                                                   &state->ds, &state->fs, &state->gs};
    uint64_t linear = address + (segment < 6 ? segments[segment]->base : 0);
    return is_64bit ? linear : linear & UINT32_MAX;
}
