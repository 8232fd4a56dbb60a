/* SPDX-License-Identifier: BSD-2-Clause */
/* A root port with a slot, and a virtio device that comes and goes behind it. */
#include "transport_machine.h"

#include <stdlib.h>
#include <string.h>

#define SLOT    3u
#define BUS     5u
#define EXPRESS 0x40u /* the capability */

#define SLOT_CONTROL (EXPRESS + 0x18)
#define SLOT_STATUS  (EXPRESS + 0x1a)
#define LINK_STATUS  (EXPRESS + 0x12)
#define LINK_ACTIVE  0x2000u

#define BUTTON       0x0001u
#define PRESENCE     0x0008u
#define INTERRUPTS   0x0020u
#define PRESENT      0x0040u
#define POWER_OFF    0x0400u
#define LINK_CHANGED 0x0100u
/* As Linux sets it: the button, the link's changes, interrupts. */
#define CONTROL      0x1021u

#define WINDOW 0xc0100000ull

static struct transport_machine m;
static uint32_t let_go;

static void released(void *context, uint32_t slot)
{
    assert_null(context);
    assert_int_equal(slot, SLOT);
    let_go++;
}

static int setup(void **state)
{
    *state = NULL;
    let_go = 0;
    transport_create(&m, TRANSPORT_PCI_PORT, VIRTIO_TYPE_ENTROPY);
    m.host.slot_released = released;
    return 0;
}

static uint64_t child_at(uint32_t offset)
{
    return TRANSPORT_ECAM + ((uint64_t)BUS << 20) + offset;
}

static bool child_seen(void)
{
    return transport_read(&m, child_at(0), 4) == 0x10441af4;
}

static uint32_t port(uint32_t offset, uint32_t width)
{
    return (uint32_t)transport_config(&m, offset, width);
}

static void set_port(uint32_t offset, uint32_t width, uint32_t value)
{
    transport_set_config(&m, offset, width, value);
}

/* As a guest does that has found the port. */
static void open_port(void)
{
    set_port(0x18, 4, BUS << 16 | BUS << 8);
    set_port(0x20, 4, (uint32_t)(WINDOW >> 16) | (uint32_t)(WINDOW + 0x100000));
    set_port(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    set_port(SLOT_CONTROL, 2, CONTROL);
}

static void open_child(uint64_t address)
{
    transport_write(&m, child_at(PCI_BAR0 + 4), 4, address);
    transport_write(&m, child_at(PCI_COMMAND), 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static bool answers(uint64_t address)
{
    uint64_t value;
    return bus_read(&m.mmio, address + 0x14, 1, &value);
}

static bool interrupts(void)
{
    return m.lines[TRANSPORT_LINE + SLOT % 4];
}

static void a_port_says_what_it_is(void **state)
{
    (void)state;
    assert_int_equal(port(PCI_CLASS, 2) | port(PCI_CLASS + 2, 1) << 16, 0x060400);
    assert_int_equal(port(PCI_HEADER_TYPE, 1), 1);
    assert_int_equal(port(PCI_CAPABILITY_POINTER, 1), EXPRESS);
    assert_int_equal(port(EXPRESS, 4), 0x01420010);
    assert_int_equal(port(EXPRESS + 0x14, 4), SLOT << 19 | 1u << 18 | 0x63);
    assert_int_equal(port(SLOT_STATUS, 2), PRESENT);
    assert_int_equal(port(LINK_STATUS, 2), LINK_ACTIVE | 0x11);
    /* Nothing but what a guest may write. */
    for (uint32_t at = 0; at < 256; at += 4) {
        set_port(at, 4, 0xffffffff);
    }
    assert_int_equal(port(PCI_COMMAND, 2), 0x407);
    assert_int_equal(port(0x18, 4), 0x00ffffff);
    assert_int_equal(port(0x1c, 4), 0x0000f0f0);
    assert_int_equal(port(0x20, 4), 0xfff0fff0);
    assert_int_equal(port(0x24, 4), 0); /* no prefetchable window */
    assert_int_equal(port(0x3e, 2), 0x47);
    assert_int_equal(port(EXPRESS + 0x14, 4), SLOT << 19 | 1u << 18 | 0x63);
    assert_int_equal(port(SLOT_CONTROL, 2), 0x17ff);
}

static void the_child_is_behind_its_bus_and_windows(void **state)
{
    (void)state;
    assert_false(child_seen());
    open_port();
    assert_true(child_seen());
    assert_int_equal(transport_read(&m, child_at(1u << 15), 4), 0xffffffff); /* device 1 */
    assert_int_equal(transport_read(&m, child_at(0) + (1u << 20), 4), 0xffffffff);
    open_child(WINDOW + 0x8000);
    assert_true(answers(WINDOW + 0x8000));
    open_child(WINDOW + 0x1f8000);
    assert_true(answers(WINDOW + 0x1f8000));
    open_child(WINDOW + 0x200000); /* behind the window */
    assert_false(answers(WINDOW + 0x200000));
    open_child(WINDOW - 0x8000);
    assert_false(answers(WINDOW - 0x8000));
    set_port(0x20, 4, (uint32_t)((WINDOW - 0x100000) >> 16) | (uint32_t)WINDOW);
    assert_true(answers(WINDOW - 0x8000));
    set_port(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    assert_false(answers(WINDOW - 0x8000));
    set_port(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_true(answers(WINDOW - 0x8000));
    set_port(0x18, 4, 0);
    assert_false(child_seen());
}

static void interrupts_of_the_child_go_through_the_port(void **state)
{
    (void)state;
    open_port();
    open_child(WINDOW);
    pci_device_set_interrupt(&m.pci.function, true);
    assert_true(m.lines[TRANSPORT_LINE + SLOT % 4]);
    pci_device_set_interrupt(&m.pci.function, false);
    assert_false(m.lines[TRANSPORT_LINE + SLOT % 4]);
    m.pci.msix.entries[0] = (struct msix_entry){.address = 0xfee00000, .data = 7};
    transport_write(&m, child_at(m.pci.msix.capability + 2u), 2, 0x8000);
    msix_signal(&m.pci.msix, 0);
    assert_int_equal(m.message_count, 1);
    assert_int_equal(m.messages[0].device, BUS << 8);
}

static void a_device_leaves_and_comes_again(void **state)
{
    (void)state;
    open_port();
    for (uint32_t round = 0; round < 3; round++) {
        open_child(WINDOW);
        pci_slot_ask(&m.host, SLOT);
        assert_true(interrupts());
        assert_int_equal(port(SLOT_STATUS, 2), PRESENT | BUTTON);
        set_port(SLOT_STATUS, 2, BUTTON);
        assert_false(interrupts());
        assert_true(child_seen() && answers(WINDOW));
        uint32_t resets = m.resets;
        set_port(SLOT_CONTROL, 2, CONTROL | POWER_OFF);
        assert_int_equal(let_go, round + 1);
        assert_true(m.resets > resets);
        assert_false(child_seen() || answers(WINDOW));
        assert_int_equal(port(SLOT_STATUS, 2), PRESENCE | LINK_CHANGED);
        assert_true(interrupts());
        set_port(SLOT_STATUS, 2, 0xffff);
        assert_false(interrupts());
        /* Once. */
        set_port(SLOT_CONTROL, 2, CONTROL);
        set_port(SLOT_CONTROL, 2, CONTROL | POWER_OFF);
        assert_int_equal(let_go, round + 1);
        /* It is put into a slot without power. */
        pci_slot_insert(&m.host, SLOT);
        assert_int_equal(port(SLOT_STATUS, 2), PRESENT | PRESENCE | BUTTON);
        assert_true(interrupts());
        assert_false(child_seen());
        set_port(SLOT_STATUS, 2, 0xffff);
        set_port(SLOT_CONTROL, 2, CONTROL);
        assert_true(child_seen());
        assert_int_equal(port(SLOT_STATUS, 2), PRESENT | LINK_CHANGED);
        assert_false(answers(WINDOW)); /* as after reset */
        set_port(SLOT_STATUS, 2, 0xffff);
    }
}

static void the_button_is_pressed_again_to_take_it_back(void **state)
{
    (void)state;
    open_port();
    pci_slot_ask(&m.host, SLOT);
    pci_slot_withdraw(&m.host, SLOT); /* the guest has not seen it */
    assert_false(interrupts());
    assert_int_equal(port(SLOT_STATUS, 2), PRESENT);
    pci_slot_ask(&m.host, SLOT);
    set_port(SLOT_STATUS, 2, BUTTON);
    pci_slot_withdraw(&m.host, SLOT);
    assert_true(interrupts());
    assert_int_equal(port(SLOT_STATUS, 2), PRESENT | BUTTON);
}

static void a_pulled_device_is_missed(void **state)
{
    (void)state;
    open_port();
    open_child(WINDOW);
    pci_slot_pull(&m.host, SLOT);
    assert_true(interrupts());
    assert_int_equal(port(SLOT_STATUS, 2), PRESENCE | LINK_CHANGED);
    assert_int_equal(port(LINK_STATUS, 2) & LINK_ACTIVE, 0);
    assert_false(child_seen());
    /* Its driver goes on for a while, and finds registers that are 0. */
    set_port(SLOT_STATUS, 2, 0xffff);
    assert_true(answers(WINDOW));
    assert_int_equal(transport_read(&m, WINDOW + 0x14, 1), 0);
    set_port(SLOT_CONTROL, 2, CONTROL | POWER_OFF);
    assert_int_equal(let_go, 0);
    pci_slot_insert(&m.host, SLOT);
    assert_false(answers(WINDOW));
}

/* Linux turns the power off when it misses a device, and looks then whether there is another. */
static void another_device_after_one_that_was_pulled(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 2; before++) {
        open_port();
        open_child(WINDOW);
        pci_slot_pull(&m.host, SLOT);
        set_port(SLOT_STATUS, 2, 0xffff);
        if (before != 0) {
            pci_slot_insert(&m.host, SLOT);
        }
        set_port(SLOT_CONTROL, 2, CONTROL | POWER_OFF);
        if (before == 0) {
            set_port(SLOT_STATUS, 2, 0xffff);
            pci_slot_insert(&m.host, SLOT);
        }
        assert_int_equal(let_go, before); /* by the last turn */
        assert_int_equal(port(SLOT_STATUS, 2), PRESENT | PRESENCE | LINK_CHANGED);
        assert_int_equal(port(LINK_STATUS, 2) & LINK_ACTIVE, LINK_ACTIVE);
        assert_true(interrupts());
        set_port(SLOT_STATUS, 2, 0xffff);
        set_port(SLOT_CONTROL, 2, CONTROL);
        assert_true(child_seen());
        assert_int_equal(port(SLOT_STATUS, 2), PRESENT);
        /* This one is let go as any. */
        set_port(SLOT_CONTROL, 2, CONTROL | POWER_OFF);
        assert_int_equal(let_go, before + 1);
        assert_false(child_seen());
        pci_slot_insert(&m.host, SLOT);
        assert_true((port(SLOT_STATUS, 2) & BUTTON) != 0);
        set_port(SLOT_CONTROL, 2, CONTROL);
    }
}

static void what_has_no_power_is_let_go_at_once(void **state)
{
    (void)state;
    open_port();
    set_port(SLOT_CONTROL, 2, CONTROL | POWER_OFF);
    assert_int_equal(let_go, 1);
    pci_slot_insert(&m.host, SLOT);
    pci_slot_ask(&m.host, SLOT);
    assert_int_equal(let_go, 2);
    assert_false(pci_slot_occupied(&m.host, SLOT));
    assert_int_equal(port(SLOT_STATUS, 2) & PRESENT, 0);
}

static void the_bus_behind_is_reset(void **state)
{
    (void)state;
    open_port();
    open_child(WINDOW);
    set_port(0x3e, 1, 0x40);
    assert_false(answers(WINDOW));
    assert_int_equal(transport_read(&m, child_at(PCI_COMMAND), 2), 0);
    set_port(0x3e, 2, 0);
    open_child(WINDOW);
    assert_true(answers(WINDOW));
}

static void reset_of_the_machine(void **state)
{
    (void)state;
    open_port();
    open_child(WINDOW);
    pci_slot_ask(&m.host, SLOT);
    pci_host_reset(&m.host);
    assert_false(interrupts() || child_seen() || answers(WINDOW));
    assert_int_equal(port(SLOT_STATUS, 2), PRESENT);
    open_port();
    assert_true(child_seen());
    set_port(SLOT_CONTROL, 2, CONTROL | POWER_OFF);
    pci_host_reset(&m.host);
    assert_int_equal(port(SLOT_STATUS, 2), 0); /* what left is not back */
    assert_int_equal(port(SLOT_CONTROL, 2), 0);
}

static void there_are_no_more_ports_than_there_are(void **state)
{
    (void)state;
    static struct pci_device other;
    const struct pci_identity identity = {.vendor_id = 1, .device_id = 1};
    pci_device_init(&other, "other", &identity, NULL, NULL);
    assert_int_equal(pci_slot_add(&m.host, 4, &other, true), -1);
    assert_int_equal(pci_slot_add(&m.host, 0, &other, true), -1);
    assert_int_equal(pci_slot_add(&m.host, PCI_SLOTS, &other, true), -1);
}

/* Any write of the guest, and any order of the manager's: the device is there or not, and never half. */
static void anything_in_any_order(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (uint32_t i = 0; i < 200000; i++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t width = 1u << (seed >> 8) % 3, value = seed * 2654435761u;
        uint32_t offset = (seed >> 12 & 0xffu) & ~(width - 1);
        bool there = pci_slot_occupied(&m.host, SLOT);
        switch (seed >> 28) {
        case 0:
            if (!there) {
                pci_slot_insert(&m.host, SLOT);
                assert_true(pci_slot_occupied(&m.host, SLOT));
            }
            break;
        case 1:
            if (there) {
                pci_slot_pull(&m.host, SLOT);
                assert_false(pci_slot_occupied(&m.host, SLOT));
            }
            break;
        case 2:
            if (there) {
                pci_slot_ask(&m.host, SLOT);
            }
            break;
        case 3:
            pci_slot_withdraw(&m.host, SLOT);
            break;
        case 4:
            open_port();
            open_child(WINDOW);
            break;
        case 5:
        case 6:
        case 7:
            transport_write(&m, child_at(offset), width, value);
            break;
        case 8:
            pci_host_reset(&m.host);
            break;
        default:
            set_port((seed & 0x40000000u) != 0 ? SLOT_CONTROL & ~(width - 1) : offset, width, value);
            break;
        }
        there = pci_slot_occupied(&m.host, SLOT);
        assert_int_equal((port(SLOT_STATUS, 2) & PRESENT) != 0, there);
        bool powered = (port(SLOT_CONTROL, 2) & POWER_OFF) == 0;
        assert_int_equal((port(LINK_STATUS, 2) & LINK_ACTIVE) != 0, there && (powered || m.port.by_link));
        assert_int_equal(m.port.powered, powered);
        assert_true(there || !child_seen());
    }
    assert_true(let_go > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_port_says_what_it_is, setup),
        cmocka_unit_test_setup(the_child_is_behind_its_bus_and_windows, setup),
        cmocka_unit_test_setup(interrupts_of_the_child_go_through_the_port, setup),
        cmocka_unit_test_setup(a_device_leaves_and_comes_again, setup),
        cmocka_unit_test_setup(the_button_is_pressed_again_to_take_it_back, setup),
        cmocka_unit_test_setup(a_pulled_device_is_missed, setup),
        cmocka_unit_test_setup(another_device_after_one_that_was_pulled, setup),
        cmocka_unit_test_setup(what_has_no_power_is_let_go_at_once, setup),
        cmocka_unit_test_setup(the_bus_behind_is_reset, setup),
        cmocka_unit_test_setup(reset_of_the_machine, setup),
        cmocka_unit_test_setup(there_are_no_more_ports_than_there_are, setup),
        cmocka_unit_test_setup(anything_in_any_order, setup),
    };
    return cmocka_run_group_tests_name("virtio_pci_port", tests, NULL, NULL);
}
