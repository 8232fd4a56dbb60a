/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual interrupt interface between the vCPU page and the hardware. */
#include "virtual_interface.h"

#include <arch/gic.h>
#include <base/memory.h>

static inline void write_list(struct vcpu_interface *interface, uint32_t index, uint64_t value)
{
    interface->list[index] = value;
    uint32_t bit = 1u << index;
    interface->used = (value & LIST_STATE) != 0 ? interface->used | bit : interface->used & ~bit;
    interface_write_list(index, value);
}

void vcpu_interface_set_list(struct vcpu_hardware *hardware, struct vcpu_gic *page, uint32_t index, uint64_t value)
{
    write_list(&hardware->interface, index, value);
    page->list[index] = value;
}

void vcpu_interface_pend(struct vcpu_hardware *hardware, struct vcpu_gic *page, uint32_t index, uint64_t value)
{
    hardware->vcpu->statistics->interrupts++;
    vcpu_interface_set_list(hardware, page, index, value | LIST_PENDING);
}

uint32_t vcpu_interface_find(const struct vcpu_hardware *hardware, uint32_t intid, uint32_t source)
{
    const struct vcpu_interface *interface = &hardware->interface;
    if (intid == UINT32_MAX) {
        uint32_t free = ~interface->used & ((1u << vcpu_platform.list_count) - 1);
        return free != 0 ? (uint32_t)__builtin_ctz(free) : VCPU_NO_LIST;
    }
    for (uint32_t used = interface->used; used != 0; used &= used - 1) {
        uint32_t index = (uint32_t)__builtin_ctz(used);
        uint64_t list = interface->list[index];
        if (LIST_INTID(list) == intid &&
            (vcpu_platform.gic_version == 3 || intid >= 16 || LIST_SOURCE(list) == source)) {
            return index;
        }
    }
    return VCPU_NO_LIST;
}

/* The VMM wrote something else than what it read. */
static __attribute__((noinline)) void take_list(struct vcpu_hardware *hardware, struct vcpu_gic *page, uint32_t index,
                                                uint64_t wanted)
{
    struct vcpu_interface *interface = &hardware->interface;
    /* The timer's may be only where its interrupt is active; there is one of it. */
    bool timer_possible =
        interface->timer_active && (interface->timer_list == VCPU_NO_LIST || interface->timer_list == index);
    uint64_t list = vcpu_list_valid(wanted, vcpu_platform.gic_version, timer_possible ? vcpu_platform.timer_intid : 0);
    bool timer = (list & LIST_HARDWARE) != 0 && (list & LIST_STATE) != 0;
    write_list(interface, index, list);
    page->list[index] = list;
    if (timer) {
        interface->timer_list = (uint8_t)index;
    } else if (interface->timer_list == index) {
        vcpu_timer_ended(hardware, false);
    }
}

bool vcpu_interface_enter(struct vcpu_hardware *hardware, struct vcpu_gic *page)
{
    struct vcpu_interface *interface = &hardware->interface;
    uint32_t count = vcpu_platform.list_count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t wanted = READ_ONCE(page->list[i]);
        if (__builtin_expect(wanted != interface->list[i], 0)) {
            take_list(hardware, page, i, wanted);
        }
    }
    interface->own_control = 0;
    if ((__atomic_load_n(&page->private_pending, __ATOMIC_SEQ_CST) & READ_ONCE(page->private_enabled)) != 0) {
        vcpu_sgi_deliver(hardware, page);
    }
    if (interface->timer_active && interface->timer_list == VCPU_NO_LIST && !vcpu_timer_deliver(hardware, page)) {
        return false;
    }
    uint32_t control = (READ_ONCE(page->control) & INTERFACE_CONDITION) | interface->own_control | INTERFACE_ENABLE;
    struct vcpu_cpu *cpu = hardware->cpu;
    if (cpu->interface_control != control) {
        cpu->interface_control = control;
        interface_write_control(control | interface->end_count);
        interface->end_count = 0;
    }
    return true;
}

void vcpu_interface_read_lists(struct vcpu_hardware *hardware, struct vcpu_gic *page)
{
    struct vcpu_interface *interface = &hardware->interface;
    for (uint32_t used = interface->used; used != 0; used &= used - 1) {
        uint32_t index = (uint32_t)__builtin_ctz(used);
        uint64_t state = interface_read_state(index);
        uint64_t list = interface->list[index];
        if (state == (list & LIST_STATE)) {
            continue;
        }
        list = (list & ~LIST_STATE) | state;
        interface->list[index] = list;
        page->list[index] = list;
        if (state == 0) {
            interface->used &= ~(1u << index);
            if (index == interface->timer_list) {
                vcpu_timer_ended(hardware, true);
            }
        }
    }
}

void vcpu_interface_publish(struct vcpu_hardware *hardware, struct vcpu_gic *page)
{
    (void)hardware;
    page->vmcr = interface_read_vmcr();
    page->active_priorities = interface_read_active_priorities();
}

bool vcpu_interface_maintenance(struct vcpu_hardware *hardware, struct vcpu_page *vcpu_page)
{
    struct vcpu_interface *interface = &hardware->interface;
    struct vcpu_gic *page = &vcpu_page->state.gic;
    uint32_t reasons = interface_read_maintenance();
    if (reasons == 0) {
        return false;
    }
    uint32_t ended = interface_read_ended() & ((1u << vcpu_platform.list_count) - 1);
    uint32_t count = interface_read_control() & INTERFACE_EOI_COUNT;
    /* The line goes down. The next entry says anew what is asked for. */
    interface_write_control(0);
    hardware->cpu->interface_control = 0;
    for (uint32_t rest = ended; rest != 0; rest &= rest - 1) {
        uint32_t index = (uint32_t)__builtin_ctz(rest);
        /* Or it would be said for ever. */
        vcpu_interface_set_list(hardware, page, index, 0);
    }
    /* An underflow that only the kernel asked about is no business of the VMM's. */
    uint32_t asked = (READ_ONCE(page->control) & INTERFACE_CONDITION) | ~(uint32_t)INTERFACE_CONDITION;
    if ((reasons & asked) == 0) {
        interface->end_count = count;
        return false;
    }
    page->maintenance = (reasons & asked) | count;
    page->end_of_interrupt_status = ended;
    vcpu_page->exit.hardware_code = 0;
    vcpu_page->exit.hardware_info = reasons;
    return true;
}

void vcpu_maintenance_interrupt(struct percpu *percpu)
{
    struct vcpu_cpu *cpu = percpu->vcpu;
    if (cpu == NULL || cpu->current == NULL) {
        interface_write_control(0);
        return;
    }
    /* It came between the guest's exit and the PD: it comes again at the next entry. */
    vcpu_interface_unload(cpu->current);
}

void vcpu_interface_load(struct vcpu_hardware *hardware)
{
    /* The entry writes it. */
    hardware->cpu->interface_control = 0;
}

void vcpu_interface_unload(struct vcpu_hardware *hardware)
{
    struct vcpu_cpu *cpu = hardware->cpu;
    if (cpu->interface_control == 0) {
        return;
    }
    if (cpu->interface_control != INTERFACE_ENABLE) {
        hardware->interface.end_count = interface_read_control() & INTERFACE_EOI_COUNT;
    }
    interface_write_control(0);
    cpu->interface_control = 0;
}

/* The words of active priorities that there are, group by group. */
#define FOR_EACH_PRIORITY_WORD(x) x(0) x(1) x(2) x(3)

static void write_control_state(const struct vcpu_interface *interface)
{
    interface_write_vmcr(interface->vmcr);
    if (interface_is_v2()) {
        vcpu_platform.gich[GICH_APR] = interface->active_priorities[1][0];
        return;
    }
#define LOAD_PRIORITIES(n)                                                                                             \
    if (n < vcpu_platform.active_priority_words) {                                                                     \
        write_sysreg_s(ICH_AP0R##n##_EL2, interface->active_priorities[0][n]);                                         \
        write_sysreg_s(ICH_AP1R##n##_EL2, interface->active_priorities[1][n]);                                         \
    }
    FOR_EACH_PRIORITY_WORD(LOAD_PRIORITIES)
}

void vcpu_interface_make_resident(struct vcpu_hardware *hardware)
{
    struct vcpu_interface *interface = &hardware->interface;
    interface_write_control(0);
    hardware->cpu->interface_control = 0;
    write_control_state(interface);
    for (uint32_t i = 0; i < vcpu_platform.list_count; i++) {
        interface_write_list(i, interface->list[i]);
    }
    if (interface->timer_active) {
        gic_private_set_active(vcpu_platform.timer_intid, true);
    }
}

void vcpu_interface_evict(struct vcpu_hardware *hardware)
{
    struct vcpu_interface *interface = &hardware->interface;
    interface->vmcr = interface_read_vmcr();
    if (interface_is_v2()) {
        interface->active_priorities[1][0] = vcpu_platform.gich[GICH_APR];
    } else {
#define SAVE_PRIORITIES(n)                                                                                             \
    if (n < vcpu_platform.active_priority_words) {                                                                     \
        interface->active_priorities[0][n] = (uint32_t)read_sysreg_s(ICH_AP0R##n##_EL2);                               \
        interface->active_priorities[1][n] = (uint32_t)read_sysreg_s(ICH_AP1R##n##_EL2);                               \
    }
        FOR_EACH_PRIORITY_WORD(SAVE_PRIORITIES)
    }
    if (interface->timer_active) {
        gic_private_set_active(vcpu_platform.timer_intid, false);
    }
}

void vcpu_interface_reset(struct vcpu_hardware *hardware)
{
    struct vcpu_interface *interface = &hardware->interface;
    *interface = (struct vcpu_interface){.timer_list = VCPU_NO_LIST};
}

void vcpu_interface_clear(struct vcpu_hardware *hardware, struct vcpu_gic *page)
{
    struct vcpu_interface *interface = &hardware->interface;
    interface->vmcr = 0;
    memset(interface->active_priorities, 0, sizeof(interface->active_priorities));
    interface->end_count = 0;
    for (uint32_t intid = 0; intid < sizeof(interface->sgi_sources); intid++) {
        /* The VMM has taken back what was pending; a sender may be at work already. */
        if ((__atomic_load_n(&page->private_pending, __ATOMIC_SEQ_CST) >> intid & 1) == 0) {
            __atomic_store_n(&interface->sgi_sources[intid], 0, __ATOMIC_SEQ_CST);
        }
    }
    page->vmcr = 0;
    page->active_priorities = 0;
    if (vcpu_is_resident(hardware)) {
        write_control_state(interface);
    }
}
