/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that does anything: exits of every kind with any instruction, register,
 * control register and page table, on a whole VM with all its devices, and a
 * manager and a console that write nonsense into the shared pages.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vmm/arch/execution.h>

#include "../unit/vmm/core/machine_fixture.h"
#include "input.h"
#include "vm_devices.h"

#define CODE_WINDOW (FIXTURE_HIGH_SIZE - 16u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Addresses where something is, or begins, or ends. */
static uint64_t address(struct input *in)
{
    static const uint64_t bases[] = {
        0xfee00000, 0xfec00000, 0xe0000000,         0xe8000000,         0xc0000000,
        0xd0000000, 0x1ffffff0, 0xfeedf000,         0x100000,           0x2000,
        0x0,        1ull << 32, 0xffffffff80000000, 0x00007ffffffff000, 0xffff800000000000};
    uint64_t choice = take(in, 1);
    if (choice >= 0xf0) {
        return take(in, 8);
    }
    return bases[choice % (sizeof(bases) / sizeof(bases[0]))] + take(in, 2);
}

static void change_control(struct machine_fixture *f, struct input *in)
{
    struct vcpu_arch_state *s = &f->pages[0].state;
    switch (take(in, 1) % 8) {
    case 0:
        s->cr0 = take(in, 4);
        break;
    case 1:
        s->cr3 = address(in);
        break;
    case 2:
        s->cr4 = take(in, 3);
        break;
    case 3:
        s->efer = take(in, 2);
        break;
    case 4:
        s->cpl = (uint32_t)take(in, 1);
        s->cs.attributes = (uint16_t)take(in, 2);
        break;
    case 5:
        s->cs.base = s->ds.base = s->gs.base = address(in);
        break;
    case 6:
        s->rflags = take(in, 4);
        break;
    default:
        s->interrupt_shadow = (uint32_t)take(in, 1) & 1u;
        s->cr8 = (uint32_t)take(in, 1);
        break;
    }
}

static void one_exit(struct machine_fixture *f, struct input *in)
{
    struct vcpu_page *page = fixture_exit(f, (enum vcpu_exit_kind)(take(in, 1) % (VCPU_EXIT_KIND_COUNT + 1)));
    switch (page->exit.kind) {
    case VCPU_EXIT_MEMORY:
        page->exit.memory.gpa = address(in);
        page->exit.memory.access = (uint32_t)take(in, 1) & 7u;
        break;
    case VCPU_EXIT_PORT_IO: {
        uint64_t flags = take(in, 1);
        page->exit.port_io = (struct vcpu_exit_port_io){.port = (uint16_t)take(in, 2),
                                                        .width = (uint8_t)(1u << (flags & 3)),
                                                        .write = flags >> 2 & 1,
                                                        .string = flags >> 3 & 1,
                                                        .repeat = flags >> 4 & 1};
        break;
    }
    case VCPU_EXIT_MSR:
        page->exit.msr.write = (uint32_t)take(in, 1) & 1u;
        page->exit.msr.index = (uint32_t)take(in, 4);
        break;
    case VCPU_EXIT_CONTROL_REGISTER:
        page->exit.control_register.number = (uint8_t)take(in, 1);
        page->exit.control_register.write = (uint8_t)take(in, 1) & 1u;
        page->exit.control_register.gpr = (uint8_t)take(in, 1);
        break;
    case VCPU_EXIT_EXCEPTION:
        page->exit.exception.vector = (uint32_t)take(in, 4);
        page->exit.exception.error_code = (uint32_t)take(in, 4);
        break;
    default:
        break;
    }
    page->exit.instruction_length = (uint32_t)take(in, 1) & 3u;
    page->exit.instruction_count = (uint8_t)take(in, 1);
    memcpy(page->exit.instruction, in->data, in->size < 15 ? in->size : 15);
    vmm_handle_exit(&f->vm->vcpus[0]);
    if ((take(in, 1) & 3u) != 0) {
        page->control.event = 0; /* delivered */
    }
}

static void one_step(struct machine_fixture *f, struct input *in)
{
    struct vcpu_arch_state *s = &f->pages[0].state;
    switch (take(in, 1) % 12) {
    case 0:
        change_control(f, in);
        break;
    case 1:
        s->gpr[take(in, 1) % VCPU_GPR_COUNT] = address(in);
        break;
    case 2:
        s->gpr[take(in, 1) % VCPU_GPR_COUNT] = take(in, 8);
        break;
    case 3: { /* code */
        uint64_t at = s->rip % CODE_WINDOW;
        size_t length = in->size < 15 ? in->size : 15;
        memcpy(f->ram + at, in->data, length);
        break;
    }
    case 4: /* a page table entry */
        memcpy(f->ram + (take(in, 2) & 0x7ff8), in->data, in->size < 8 ? in->size : 8);
        break;
    case 5:
        s->rip = address(in);
        break;
    case 6:
        fake_hv.now += take(in, 4);
        vmm_handle_event(&f->vm->vcpus[take(in, 1) % f->vm->vcpu_count]);
        break;
    case 7:
        f->transmit.head = (uint32_t)take(in, 4);
        f->receive.tail = (uint32_t)take(in, 4);
        vmm_handle_notification(f->vm, FIXTURE_CONSOLE);
        break;
    case 8:
        f->control->request.command = (uint32_t)take(in, 1) % 8;
        f->control->request.sequence++;
        vmm_handle_notification(f->vm, FIXTURE_CONTROL);
        break;
    default:
        one_exit(f, in);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t code[] = {0x8b, 0x03, 0xf4};
    struct machine_fixture f;
    struct input in = {.data = data, .size = size};
    fixture_configure(&f, code, sizeof(code));
    f.config.vcpu_count = 2;
    f.config.on_crash = f.config.on_reboot = VM_ON_EVENT_STOP; /* restarting clears much memory */
    f.config.ram[0].size = FIXTURE_HIGH_SIZE;                  /* small, so that a run is short */
    add_devices(&f.config);
    if (fixture_create(&f) != NULL) {
        abort();
    }
    vmm_begin(f.vm);
    while (in.size > 0 && f.vm->boots < 4) {
        one_step(&f, &in);
    }
    fixture_destroy(&f);
    return 0;
}
