/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An AArch64 guest that does anything: exits of every kind with any register,
 * instruction, address and page table, on a whole VM with all its devices, GICv2
 * and GICv3, on several vCPUs, with a manager and a console that write nonsense
 * into the shared pages.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/vmm/aarch64/arm_fixture.h"
#include "input.h"
#include "vm_devices.h"

#define VCPUS       3u
#define CODE_WINDOW (FIXTURE_HIGH_SIZE - 16u)
#define TABLES      (GUEST_RAM_BASE + 0x10000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Addresses where something is, or begins, or ends. */
static uint64_t address(struct input *in)
{
    static const uint64_t bases[] = {GUEST_GICD_BASE,
                                     GUEST_GICC_BASE,
                                     GUEST_GICR_BASE,
                                     GUEST_GICR_BASE + 0x10000,
                                     GUEST_ITS_BASE,
                                     GUEST_UART_BASE,
                                     GUEST_RTC_BASE,
                                     GUEST_POWER_BASE,
                                     GUEST_VIRTIO_MMIO_BASE,
                                     GUEST_RAM_BASE,
                                     TABLES,
                                     FIXTURE_HIGH,
                                     0,
                                     0x7ffffffff000ull,
                                     0xffff800000000000ull,
                                     GUEST_PHYSICAL_END_AARCH64,
                                     GUEST_ECAM_BASE,
                                     GUEST_PCI_MEMORY_BASE,
                                     GUEST_PCI_IO_BASE,
                                     GUEST_V2M_BASE,
                                     1ull << 47,
                                     GUEST_RAM_BASE + 0x1ff000,
                                     0xffffffffffff0000ull};
    uint64_t choice = take(in, 1);
    if (choice >= 0xf0) {
        return take(in, 8);
    }
    return bases[choice % (sizeof(bases) / sizeof(bases[0]))] + take(in, 2);
}

static void change_state(struct input *in, struct vcpu_page *page)
{
    struct vcpu_arch_state *s = &page->state;
    switch (take(in, 1) % 12) {
    case 0:
        s->sctlr_el1 = take(in, 8);
        break;
    case 1:
        s->tcr_el1 = take(in, 8);
        break;
    case 2:
        s->ttbr0_el1 = address(in);
        break;
    case 3:
        s->ttbr1_el1 = address(in);
        break;
    case 4:
        s->pstate = take(in, 4);
        break;
    case 5:
        s->vbar_el1 = address(in);
        s->sp_el0 = s->sp_el1 = address(in);
        break;
    case 6:
        s->cntv_ctl = take(in, 1);
        s->cntv_cval = take(in, 8);
        break;
    case 7:
        s->gic.private_pending = (uint32_t)take(in, 4);
        break;
    case 8:
        s->gic.vmcr = (uint32_t)take(in, 4);
        s->gic.active_priorities = (uint32_t)take(in, 4);
        break;
    case 9: /* what the hardware may have done to a list register */
        s->gic.list[take(in, 1) % FIXTURE_LISTS] &= ~(take(in, 1) << 56);
        break;
    case 10:
        s->gic.maintenance = (uint32_t)take(in, 1);
        s->gic.end_of_interrupt_status = (uint32_t)take(in, 2);
        break;
    default:
        s->gpr[take(in, 1) % VCPU_GPR_COUNT] = take(in, 8);
        break;
    }
}

static uint32_t register_encoding(struct input *in)
{
    uint64_t op = take(in, 3);
    /* Mostly those that exist: Op0 2 and 3. */
    return SYSREG(2 | (op & 1), op >> 1 & 7, op >> 4 & 15, op >> 8 & 15, op >> 12 & 7);
}

static void one_exit(struct arm_fixture *f, struct input *in, uint32_t vcpu)
{
    struct vcpu_page *page = fixture_exit(f, vcpu, (enum vcpu_exit_kind)(take(in, 1) % (VCPU_EXIT_KIND_COUNT + 1)));
    switch (page->exit.kind) {
    case VCPU_EXIT_MEMORY: {
        uint64_t flags = take(in, 2);
        uint64_t gpa = address(in);
        page->exit.memory =
            (struct vcpu_exit_memory){.gpa = gpa,
                                      .gva = (flags & 1) != 0 ? gpa : address(in),
                                      .gva_valid = flags >> 1 & 1,
                                      .access = (uint32_t)(flags >> 2 & 15),
                                      .width = (flags >> 6 & 1) != 0 ? 0 : (uint8_t)(1u << (flags >> 7 & 3)),
                                      .gpr = flags >> 9 & 31,
                                      .sign_extend = flags >> 14 & 1,
                                      .register_width = (flags >> 15) != 0 ? 8 : 4};
        break;
    }
    case VCPU_EXIT_SYSTEM_REGISTER: {
        uint64_t flags = take(in, 1);
        page->exit.system_register = (struct vcpu_exit_system_register){
            .encoding = register_encoding(in), .write = flags & 1, .gpr = flags >> 1 & 31, .value = take(in, 8)};
        break;
    }
    case VCPU_EXIT_HYPERCALL:
    case VCPU_EXIT_SECURE_CALL:
        page->exit.call.immediate = take(in, 1) == 0 ? 1 : 0;
        page->state.gpr[0] = (take(in, 1) & 1 ? 0x84000000u : 0xc4000000u) | (take(in, 1) & 0x1f);
        break;
    case VCPU_EXIT_EXCEPTION:
        page->exit.exception.vector = (uint32_t)take(in, 4);
        page->exit.exception.error_code = (uint32_t)take(in, 4);
        break;
    default:
        break;
    }
    page->exit.instruction_length = (uint32_t)take(in, 1) & 7u;
    vmm_handle_exit(&f->vm->vcpus[vcpu]);
}

static void one_step(struct arm_fixture *f, struct input *in)
{
    uint32_t vcpu = (uint32_t)take(in, 1) % VCPUS;
    struct vcpu_page *page = fixture_page(f, vcpu);
    switch (take(in, 1) % 14) {
    case 0:
    case 1:
        change_state(in, page);
        break;
    case 2:
        page->state.gpr[take(in, 1) % VCPU_GPR_COUNT] = address(in);
        break;
    case 3: { /* code */
        uint64_t at = page->state.pc % CODE_WINDOW;
        memcpy(f->ram + at, in->data, in->size < 4 ? in->size : 4);
        break;
    }
    case 4: /* a page table entry */
        memcpy(f->ram + 0x10000 + (take(in, 2) & 0x7ff8), in->data, in->size < 8 ? in->size : 8);
        break;
    case 5:
        page->state.pc = address(in);
        break;
    case 6:
        fake_hv.now += take(in, 4);
        vmm_handle_event(&f->vm->vcpus[vcpu]);
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
        one_exit(f, in, vcpu);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t code[] = {0xd503201f, 0xd503207f};
    struct arm_fixture f;
    struct input in = {.data = data, .size = size};
    fixture_configure(&f, take(&in, 1) % 2 == 0 ? 2 : 3, code, sizeof(code));
    f.config.vcpu_count = VCPUS;
    f.config.on_crash = f.config.on_reboot = VM_ON_EVENT_STOP; /* restarting clears much memory */
    f.config.kernel_load_address = GUEST_RAM_BASE;
    f.config.device_tree_gicv2.address = f.config.device_tree_gicv3.address = 0;
    f.config.ram[0].size = FIXTURE_HIGH_SIZE; /* small, so that a run is short */
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
