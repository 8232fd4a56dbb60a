/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual timer (DDI 0487, chapter D12): the guest's own while it is resident, and
 * off otherwise. Its interrupt is taken by the host, stays active at the GIC so that it
 * does not come again, and reaches the guest by a list register with the HW bit: the
 * guest's end of interrupt deactivates both.
 */
#include "vcpu_hardware.h"

#include <arch/gic.h>
#include <skyscope/guest_aarch64.h>

#define CONTROL_MASK (TIMER_ENABLE | TIMER_MASK)

void vcpu_timer_stop(struct vcpu_hardware *hardware)
{
    struct vcpu_timer *timer = &hardware->timer;
    if (timer->stopped) {
        return;
    }
    timer->control = (uint32_t)read_sysreg(cntv_ctl_el0) & CONTROL_MASK;
    timer->compare = read_sysreg(cntv_cval_el0);
    timer->stopped = true;
    write_sysreg(cntv_ctl_el0, 0);
    /* Its line is down before anybody looks at the GIC. */
    isb();
}

void vcpu_timer_start(struct vcpu_hardware *hardware)
{
    struct vcpu_timer *timer = &hardware->timer;
    struct vcpu_interface *interface = &hardware->interface;
    timer->stopped = false;
    write_sysreg(cntvoff_el2, timer->offset);
    write_sysreg(cntv_cval_el0, timer->compare);
    if (timer->control == TIMER_ENABLE && !interface->timer_active &&
        read_counter() - timer->offset >= timer->compare) {
        /* It would come at once: taken here, it costs the guest no exit. */
        gic_private_set_active(vcpu_platform.timer_intid, true);
        interface->timer_active = true;
    }
    write_sysreg(cntv_ctl_el0, timer->control);
}

bool vcpu_timer_asserted(const struct vcpu_hardware *hardware)
{
    if (hardware->timer.stopped) {
        return false;
    }
    return (read_sysreg(cntv_ctl_el0) & (TIMER_ENABLE | TIMER_MASK | TIMER_STATUS)) == (TIMER_ENABLE | TIMER_STATUS);
}

void vcpu_timer_interrupt(struct percpu *percpu)
{
    struct vcpu_hardware *hardware = percpu->vcpu != NULL ? percpu->vcpu->current : NULL;
    if (hardware != NULL && !hardware->timer.stopped) {
        hardware->interface.timer_active = true;
        return;
    }
    /* It was on its way when the timer was stopped. */
    bool active = hardware != NULL && hardware->interface.timer_active;
    gic_private_set_active(vcpu_platform.timer_intid, active);
}

bool vcpu_timer_deliver(struct vcpu_hardware *hardware, struct vcpu_gic *page)
{
    struct vcpu_interface *interface = &hardware->interface;
    const uint32_t intid = GUEST_PPI_VIRTUAL_TIMER;
    if (!vcpu_timer_asserted(hardware)) {
        /* Level-triggered: not any more. */
        vcpu_timer_ended(hardware, false);
        return true;
    }
    if ((READ_ONCE(page->private_enabled) >> intid & 1) == 0) {
        bool told = interface->timer_told;
        interface->timer_told = true;
        return told;
    }
    if (vcpu_interface_find(hardware, intid, 0) != VCPU_NO_LIST) {
        return true; /* the VMM's, by other means: after that */
    }
    uint32_t index = vcpu_interface_find(hardware, UINT32_MAX, 0);
    if (index == VCPU_NO_LIST) {
        interface->own_control = VCPU_GIC_UNDERFLOW;
        return true;
    }
    interface->timer_list = (uint8_t)index;
    vcpu_interface_pend(hardware, page, index,
                        LIST_HARDWARE | LIST_GROUP(vcpu_platform.gic_version) |
                            (uint64_t)READ_ONCE(page->private_priority[intid]) << LIST_PRIORITY_SHIFT |
                            (uint64_t)vcpu_platform.timer_intid << LIST_PHYSICAL_SHIFT | intid);
    return true;
}

void vcpu_timer_ended(struct vcpu_hardware *hardware, bool by_guest)
{
    struct vcpu_interface *interface = &hardware->interface;
    interface->timer_list = VCPU_NO_LIST;
    interface->timer_active = false;
    interface->timer_told = false;
    if (!by_guest) {
        /* If the timer still asserts it, it comes again. */
        gic_private_set_active(vcpu_platform.timer_intid, false);
    }
}
