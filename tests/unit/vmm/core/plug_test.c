/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that come and go: what the manager asks, what the guest sees and does, and what it does wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <skyscope/block_queue.h>
#include <skyscope/net_queue.h>
#include <skyscope/vm_devices.h>

#include <vmm/devices/pc_map.h>
#include <vmm/virtio/virtio_blk.h>
#include <vmm/virtio/virtio_pci.h>

#include "machine_fixture.h"

#define ECAM(slot, offset) (PC_ECAM_BASE + ((slot) << 15) + (offset))
#define DISK_CHANNEL       3u
#define QUEUE_CAPACITY     16u
#define DATA_SIZE          0x10000u
#define CARD_CHANNEL       4u

/* Slots */
#define FIXED 1u
#define SPARE 2u /* an rng, not plugged at first */
#define DISK  3u /* plugged at first */
#define CARD  4u /* in one test: a network card, plugged at first */

#define CHANGED PC_PORT_PCI_SLOTS
#define LEAVING (PC_PORT_PCI_SLOTS + 4)
#define PRESENT (PC_PORT_PCI_SLOTS + 8)
#define EJECT   (PC_PORT_PCI_SLOTS + 12)

/* Common configuration */
#define STATUS 0x14u

static struct machine_fixture f;
static struct vm_devices_config devices;
static uint8_t workspace[0x80000] __attribute__((aligned(4096)));
static uint8_t requests[4096] __attribute__((aligned(4096))), responses[4096] __attribute__((aligned(4096)));
static uint8_t data[DATA_SIZE] __attribute__((aligned(4096)));
static struct block_storage_info info;
static struct block_queue_handle service;

static const uint8_t code[] = {0xf4}; /* HLT */

static void describe(uint32_t index, uint32_t kind, uint32_t slot, uint32_t hotplug, uint32_t plugged, const char *name)
{
    struct vm_device_config *device = &devices.devices[index];
    *device = (struct vm_device_config){
        .kind = kind, .transport = VM_TRANSPORT_PCI, .slot = slot, .queues = 1, .plugged = plugged, .hotplug = hotplug};
    memcpy(device->name, name, strlen(name));
}

static int setup(void **state)
{
    *state = NULL;
    fixture_configure(&f, code, sizeof(code));
    memset(&devices, 0, sizeof(devices));
    memset(requests, 0, sizeof(requests));
    memset(responses, 0, sizeof(responses));
    devices = (struct vm_devices_config){.magic = VM_DEVICES_MAGIC,
                                         .version = VM_DEVICES_VERSION,
                                         .size = sizeof(devices),
                                         .count = 3,
                                         .workspace = (uintptr_t)workspace,
                                         .workspace_size = sizeof(workspace)};
    describe(0, VM_DEVICE_RNG, FIXED, 0, 1, "fixed");
    describe(1, VM_DEVICE_RNG, SPARE, 1, 0, "spare");
    describe(2, VM_DEVICE_BLOCK, DISK, 1, 1, "disk");
    assert_true(block_queue_attach(&service, (uintptr_t)requests, (uintptr_t)responses, QUEUE_CAPACITY));
    info = (struct block_storage_info){.ready = 1, .capacity = 1000, .sector_size = 512};
    devices.devices[2].block.logical_block_size = 512;
    devices.devices[2].block.client = (struct block_client_config){.request_queue = (uintptr_t)requests,
                                                                   .response_queue = (uintptr_t)responses,
                                                                   .data = (uintptr_t)data,
                                                                   .storage_info = (uintptr_t)&info,
                                                                   .data_size = DATA_SIZE,
                                                                   .capacity = QUEUE_CAPACITY,
                                                                   .channel = DISK_CHANNEL,
                                                                   .transfer_size = 512};
    f.config.devices = (struct vm_image){.address = (uintptr_t)&devices, .size = sizeof(devices)};
    return 0;
}

static int setup_and_start(void **state)
{
    setup(state);
    assert_null(fixture_create(&f));
    vmm_begin(f.vm);
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
    return 0;
}

static int teardown(void **state)
{
    *state = NULL;
    fixture_destroy(&f);
    return 0;
}

static uint64_t get(uint64_t address, uint32_t width)
{
    uint64_t value;
    bus_read(&f.vm->memory_bus, address, width, &value);
    return value;
}

static void set(uint64_t address, uint32_t width, uint64_t value)
{
    bus_write(&f.vm->memory_bus, address, width, value);
}

static uint32_t in(uint32_t port)
{
    uint64_t value;
    bus_read(&f.vm->port_bus, port, 4, &value);
    return (uint32_t)value;
}

static void out(uint32_t port, uint32_t value)
{
    bus_write(&f.vm->port_bus, port, 4, value);
}

static void ask(enum vm_command command, const char *device)
{
    f.control->request.command = command;
    memset(f.control->request.device, 0, sizeof(f.control->request.device));
    memcpy(f.control->request.device, device, strlen(device));
    f.control->request.sequence++;
    vmm_handle_notification(f.vm, FIXTURE_CONTROL);
}

static bool answered(void)
{
    return f.control->status.sequence == f.control->request.sequence;
}

static void expect_result(enum vm_command command, const char *device, enum vm_result result)
{
    ask(command, device);
    assert_true(answered());
    assert_int_equal(f.control->status.result, result);
}

static uint32_t plug_state(uint32_t index)
{
    assert_int_equal(f.control->status.device_count, 3);
    return f.control->status.devices[index].plug;
}

static bool there(uint32_t slot)
{
    uint32_t vendor = (uint32_t)get(ECAM(slot, 0), 2);
    assert_true(vendor == 0x1af4 || vendor == 0xffff);
    assert_int_equal(in(PRESENT) >> slot & 1u, slot != FIXED && vendor == 0x1af4);
    return vendor == 0x1af4;
}

static uint64_t bar(uint32_t slot)
{
    return get(ECAM(slot, PCI_BAR0 + 4), 4);
}

static void enable(uint32_t slot)
{
    set(ECAM(slot, PCI_COMMAND), 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Drives the disk up to a read of sector 0 under way. */
static void read_from_disk(void)
{
    enable(DISK);
    uint64_t base = bar(DISK);
    memset(f.ram + 0x10000, 0, 0x6000);
    set(base + STATUS, 1, 3);
    set(base + 8, 4, 1);
    set(base + 12, 4, 1); /* VERSION_1 */
    set(base + STATUS, 1, 11);
    set(base + 0x18, 2, 8);
    set(base + 0x20, 4, 0x10000);
    set(base + 0x28, 4, 0x11000);
    set(base + 0x30, 4, 0x12000);
    set(base + 0x1c, 2, 1);
    set(base + STATUS, 1, 15);
    const struct {
        uint64_t address;
        uint32_t length;
        uint16_t flags, next;
    } descriptors[3] = {{0x13000, 16, 1, 1}, {0x14000, 512, 3, 2}, {0x15000, 1, 2, 0}};
    const uint16_t available[3] = {0, 1, 0};
    memcpy(f.ram + 0x10000, descriptors, sizeof(descriptors));
    memcpy(f.ram + 0x11000, available, sizeof(available));
    memset(f.ram + 0x14000, 0x77, 512);
    uint32_t notified = fake_hv.notifications[DISK_CHANNEL];
    set(base + VIRTIO_PCI_NOTIFY, 2, 0);
    assert_int_equal(fake_hv.notifications[DISK_CHANNEL], notified + 1);
}

/* The service answers all that was asked of it. */
static void answer_disk(void)
{
    struct block_request request;
    memset(data, 0x55, sizeof(data));
    while (block_queue_take_request(&service, &request)) {
        struct block_response response = {
            .status = BLOCK_RESPONSE_OK, .success_count = request.count, .id = request.id};
        assert_true(block_queue_put_response(&service, &response));
    }
    vmm_handle_notification(f.vm, DISK_CHANNEL);
}

static void assert_guest_memory_untouched(void)
{
    assert_int_equal(f.ram[0x14000], 0x77);
    assert_int_equal(f.ram[0x12002], 0); /* nothing is used */
}

/* --- As it is meant --- */

static void what_is_not_plugged_is_not_there(void **state)
{
    (void)state;
    assert_true(there(FIXED));
    assert_false(there(SPARE));
    assert_true(there(DISK));
    assert_int_equal(plug_state(0), VM_PLUG_FIXED);
    assert_int_equal(plug_state(1), VM_PLUG_UNPLUGGED);
    assert_int_equal(plug_state(2), VM_PLUG_PLUGGED);
    assert_string_equal(f.control->status.devices[2].name, "disk");
    assert_int_equal(f.control->status.devices[2].kind, VM_DEVICE_BLOCK);
    /* Writing to nothing makes nothing. */
    enable(SPARE);
    assert_false(there(SPARE));
}

static void a_device_comes_and_goes(void **state)
{
    (void)state;
    bus_write(&f.vm->port_bus, PC_PORT_GPE0 + 2, 2, 1u << PC_GPE_PCI_SLOTS);
    for (uint32_t round = 0; round < 3; round++) {
        expect_result(VM_COMMAND_PLUG, "spare", VM_RESULT_DONE);
        assert_true(there(SPARE));
        assert_int_equal(plug_state(1), VM_PLUG_PLUGGED);
        assert_int_equal(in(CHANGED), 1u << SPARE);
        out(CHANGED, 1u << SPARE);
        assert_int_equal(get(ECAM(SPARE, PCI_COMMAND), 2), 0);
        enable(SPARE);
        uint64_t registers = bar(SPARE);
        assert_int_equal(get(registers + STATUS, 1), 0);
        set(registers + STATUS, 1, 3);
        ask(VM_COMMAND_UNPLUG, "spare");
        assert_false(answered());
        assert_int_equal(plug_state(1), VM_PLUG_LEAVING);
        assert_int_equal(in(LEAVING), 1u << SPARE);
        assert_int_equal(get(registers + STATUS, 1), 3); /* until the guest lets go it works */
        out(LEAVING, 1u << SPARE);
        out(EJECT, 1u << SPARE);
        assert_true(answered());
        assert_int_equal(f.control->status.result, VM_RESULT_DONE);
        assert_int_equal(plug_state(1), VM_PLUG_UNPLUGGED);
        assert_false(there(SPARE));
        uint64_t value;
        assert_false(bus_read(&f.vm->memory_bus, registers + STATUS, 1, &value));
        assert_int_equal(value, 0xff);
    }
    assert_int_equal(f.control->status.guest_errors, 0);
}

static void commands_that_make_no_sense(void **state)
{
    (void)state;
    expect_result(VM_COMMAND_PLUG, "none", VM_RESULT_NO_DEVICE);
    expect_result(VM_COMMAND_UNPLUG, "", VM_RESULT_NO_DEVICE);
    expect_result(VM_COMMAND_UNPLUG, "fixed", VM_RESULT_FIXED);
    expect_result(VM_COMMAND_PULL, "fixed", VM_RESULT_FIXED);
    expect_result(VM_COMMAND_PLUG, "fixed", VM_RESULT_FIXED);
    expect_result(VM_COMMAND_PLUG, "disk", VM_RESULT_WRONG_STATE);
    expect_result(VM_COMMAND_UNPLUG, "spare", VM_RESULT_WRONG_STATE);
    expect_result(VM_COMMAND_PULL, "spare", VM_RESULT_WRONG_STATE);
    /* A name without end. */
    memset(f.control->request.device, 'd', sizeof(f.control->request.device));
    f.control->request.sequence++;
    vmm_handle_notification(f.vm, FIXTURE_CONTROL);
    assert_int_equal(f.control->status.result, VM_RESULT_NO_DEVICE);
    assert_true(there(FIXED) && there(DISK) && !there(SPARE));
}

/* --- Guests that do not answer --- */

static void run_clock(uint64_t seconds)
{
    fake_hv.now += seconds * FIXTURE_FREQUENCY;
    vmm_handle_event(&f.vm->vcpus[0]);
}

static void a_deaf_guest_keeps_its_device(void **state)
{
    (void)state;
    ask(VM_COMMAND_UNPLUG, "disk");
    run_clock(DEVICE_PLUG_PATIENCE_SECONDS - 1);
    assert_false(answered());
    run_clock(2);
    assert_true(answered());
    assert_int_equal(f.control->status.result, VM_RESULT_GUEST_KEEPS_IT);
    assert_int_equal(plug_state(2), VM_PLUG_LEAVING);
    assert_true(there(DISK));
    read_from_disk();
    answer_disk();
    assert_int_equal(f.ram[0x14000], 0x55);
    /* It may still let go. */
    out(EJECT, 1u << DISK);
    assert_int_equal(plug_state(2), VM_PLUG_UNPLUGGED);
    assert_false(there(DISK));
}

static void a_request_is_taken_back(void **state)
{
    (void)state;
    ask(VM_COMMAND_UNPLUG, "disk");
    assert_int_equal(in(LEAVING), 1u << DISK);
    expect_result(VM_COMMAND_PLUG, "disk", VM_RESULT_DONE);
    assert_int_equal(in(LEAVING), 0);
    assert_int_equal(plug_state(2), VM_PLUG_PLUGGED);
    /* Nobody waits any more. */
    uint32_t notifications = fake_hv.notifications[FIXTURE_CONTROL];
    run_clock(2 * DEVICE_PLUG_PATIENCE_SECONDS);
    assert_int_equal(fake_hv.notifications[FIXTURE_CONTROL], notifications);
}

static void a_pulled_device_is_gone_at_once(void **state)
{
    (void)state;
    read_from_disk();
    uint64_t registers = bar(DISK);
    expect_result(VM_COMMAND_PULL, "disk", VM_RESULT_DONE);
    assert_false(there(DISK));
    assert_int_equal(in(CHANGED), 1u << DISK);
    answer_disk();
    assert_guest_memory_untouched();
    /* A driver that waits for a reset device finds one; nothing that it writes arrives. */
    assert_int_equal(get(registers + STATUS, 1), 0);
    set(registers + STATUS, 1, 3);
    assert_int_equal(get(registers + STATUS, 1), 0);
    /* Where it was, another can be. */
    expect_result(VM_COMMAND_PLUG, "spare", VM_RESULT_DONE);
    set(ECAM(SPARE, PCI_BAR0 + 4), 4, registers);
    enable(SPARE);
    set(registers + STATUS, 1, 3);
    assert_int_equal(get(registers + STATUS, 1), 3);
    /* And it again. */
    expect_result(VM_COMMAND_PLUG, "disk", VM_RESULT_DONE);
    set(ECAM(DISK, PCI_BAR0 + 4), 4, registers + VIRTIO_PCI_BAR_SIZE);
    read_from_disk();
    answer_disk();
    assert_int_equal(f.ram[0x14000], 0x55);
}

static void pulled_and_plugged_again_in_its_place(void **state)
{
    (void)state;
    enable(DISK);
    expect_result(VM_COMMAND_PULL, "disk", VM_RESULT_DONE);
    expect_result(VM_COMMAND_PLUG, "disk", VM_RESULT_DONE);
    uint64_t value;
    assert_false(bus_read(&f.vm->memory_bus, bar(DISK), 4, &value));
    read_from_disk();
    answer_disk();
    assert_int_equal(f.ram[0x14000], 0x55);
}

/* --- Guests that do what they like --- */

static void ejected_unasked_during_a_request(void **state)
{
    (void)state;
    read_from_disk();
    out(EJECT, 1u << DISK);
    assert_int_equal(plug_state(2), VM_PLUG_UNPLUGGED);
    answer_disk();
    assert_guest_memory_untouched();
    out(EJECT, 1u << DISK); /* twice */
    out(EJECT, ~0u);
    assert_true(there(FIXED));
    assert_true(f.vm->guest_errors > 0);
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
    expect_result(VM_COMMAND_PLUG, "disk", VM_RESULT_DONE);
    read_from_disk();
    answer_disk();
    assert_int_equal(f.ram[0x14000], 0x55);
}

/* Whatever the guest writes and the manager asks, in any order: a device is there, or not, and its state is told. */
static void anything_in_any_order(void **state)
{
    (void)state;
    static const char *const names[] = {"fixed", "spare", "disk"};
    uint32_t seed = 1, seen[4] = {0};
    for (uint32_t i = 0; i < 20000; i++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t value = seed * 2654435761u, slot = FIXED + (seed >> 16) % 3;
        switch (seed >> 29) {
        case 0:
            ask(VM_COMMAND_PLUG + (seed >> 8) % 3, names[slot - 1]);
            break;
        case 1:
            out(PC_PORT_PCI_SLOTS + (value & 12u), value);
            break;
        case 2:
            out(EJECT, 1u << slot);
            break;
        case 3:
            set(ECAM(slot, value & 0xfcu), 4, seed);
            break;
        case 4:
            if (there(DISK) && get(bar(DISK) + STATUS, 1) != 0xff) {
                set(bar(DISK) + STATUS, 1, value & 3u ? 0 : 0xff);
            }
            set(ECAM(DISK, PCI_BAR0 + 4), 4, PC_PCI_WINDOW_BASE + (value & 0xffu) * VIRTIO_PCI_BAR_SIZE);
            enable(slot);
            break;
        case 5:
            answer_disk();
            break;
        case 6:
            run_clock(1 + (value & 15u));
            break;
        default:
            if ((value & 15u) == 0) {
                ask(VM_COMMAND_RESET, "");
                vmm_handle_event(&f.vm->vcpus[0]);
            }
            break;
        }
        assert_int_equal(f.vm->state, VM_STATE_RUNNING);
        assert_true(there(FIXED));
        assert_int_equal(there(SPARE), plug_state(1) != VM_PLUG_UNPLUGGED);
        assert_int_equal(there(DISK), plug_state(2) != VM_PLUG_UNPLUGGED);
        assert_true(answered() || plug_state(1) == VM_PLUG_LEAVING || plug_state(2) == VM_PLUG_LEAVING);
        seen[plug_state(2)]++;
    }
    assert_true(seen[VM_PLUG_UNPLUGGED] > 100 && seen[VM_PLUG_PLUGGED] > 100 && seen[VM_PLUG_LEAVING] > 100);
}

/* --- The VM's life --- */

static void a_reset_ends_what_was_leaving(void **state)
{
    (void)state;
    expect_result(VM_COMMAND_PLUG, "spare", VM_RESULT_DONE);
    enable(SPARE);
    ask(VM_COMMAND_UNPLUG, "disk");
    assert_false(answered());
    expect_result(VM_COMMAND_RESET, "", VM_RESULT_DONE);
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(f.control->status.boots, 2);
    assert_true(there(SPARE)); /* what was plugged is */
    assert_false(there(DISK));
    assert_int_equal(plug_state(1), VM_PLUG_PLUGGED);
    assert_int_equal(plug_state(2), VM_PLUG_UNPLUGGED);
    assert_int_equal(in(CHANGED) | in(LEAVING), 0);
    assert_int_equal(get(ECAM(SPARE, PCI_COMMAND), 2), 0);
}

static void the_guest_is_told_when_it_resets_itself(void **state)
{
    (void)state;
    ask(VM_COMMAND_UNPLUG, "disk");
    assert_false(answered());
    f.config.on_reboot = VM_ON_EVENT_RESTART;
    vm_request_action(f.vm, VM_ACTION_REBOOT, "test");
    vmm_handle_event(&f.vm->vcpus[0]);
    assert_true(answered());
    assert_int_equal(f.control->status.result, VM_RESULT_DONE);
    assert_int_equal(plug_state(2), VM_PLUG_UNPLUGGED);
}

static void a_vm_that_does_not_run(void **state)
{
    (void)state;
    expect_result(VM_COMMAND_PAUSE, "", VM_RESULT_DONE);
    expect_result(VM_COMMAND_UNPLUG, "disk", VM_RESULT_GUEST_KEEPS_IT);
    expect_result(VM_COMMAND_STOP, "", VM_RESULT_DONE);
    assert_int_equal(plug_state(2), VM_PLUG_UNPLUGGED);
    expect_result(VM_COMMAND_PLUG, "spare", VM_RESULT_DONE);
    expect_result(VM_COMMAND_PLUG, "disk", VM_RESULT_DONE);
    expect_result(VM_COMMAND_UNPLUG, "disk", VM_RESULT_DONE);
    vmm_handle_event(&f.vm->vcpus[0]);
    expect_result(VM_COMMAND_START, "", VM_RESULT_DONE);
    assert_true(there(SPARE));
    assert_false(there(DISK));
    assert_int_equal(in(CHANGED), 0);
}

/* --- Who else need know --- */

static uint8_t card_queues[4][8192] __attribute__((aligned(8)));

/* A card whose switch never answers. */
static int setup_with_card(void **state)
{
    setup(state);
    memset(card_queues, 0, sizeof(card_queues));
    describe(3, VM_DEVICE_NET, CARD, 1, 1, "card");
    devices.count = 4;
    devices.devices[3].net.client = (struct net_client_config){.transmit_free = (uintptr_t)card_queues[0],
                                                               .transmit_active = (uintptr_t)card_queues[1],
                                                               .receive_free = (uintptr_t)card_queues[2],
                                                               .receive_active = (uintptr_t)card_queues[3],
                                                               .transmit_data = (uintptr_t)data,
                                                               .receive_data = (uintptr_t)data,
                                                               .transmit_data_size = DATA_SIZE,
                                                               .receive_data_size = DATA_SIZE,
                                                               .capacity = QUEUE_CAPACITY,
                                                               .buffer_size = 2048,
                                                               .channel = CARD_CHANNEL,
                                                               .flags = NET_CLIENT_EXTENDED};
    assert_null(fixture_create(&f));
    vmm_begin(f.vm);
    return 0;
}

/* Whether the switch was told once that the card has come (or gone) since `*told` notifications. */
static void assert_told(uint32_t *told, bool is_there)
{
    struct net_queue_handle queue;
    assert_true(net_queue_attach(&queue, (uintptr_t)card_queues[2], QUEUE_CAPACITY));
    const struct net_client_state *client = net_queue_state(&queue);
    assert_int_equal(fake_hv.notifications[CARD_CHANNEL], ++*told);
    assert_int_equal(client->unplugged == 0, is_there);
}

static void the_switch_is_told_of_cards(void **state)
{
    (void)state;
    uint32_t told = fake_hv.notifications[CARD_CHANNEL] - 1;
    assert_told(&told, true);
    /* Asked, and not gone yet; then ejected. */
    ask(VM_COMMAND_UNPLUG, "card");
    assert_int_equal(fake_hv.notifications[CARD_CHANNEL], told);
    out(EJECT, 1u << CARD);
    assert_told(&told, false);
    expect_result(VM_COMMAND_PLUG, "card", VM_RESULT_DONE);
    assert_told(&told, true);
    /* Taken back. */
    ask(VM_COMMAND_UNPLUG, "card");
    expect_result(VM_COMMAND_PLUG, "card", VM_RESULT_DONE);
    assert_int_equal(fake_hv.notifications[CARD_CHANNEL], told);
    /* Ejected unasked. */
    out(EJECT, 1u << CARD);
    assert_told(&told, false);
    expect_result(VM_COMMAND_PLUG, "card", VM_RESULT_DONE);
    assert_told(&told, true);
    expect_result(VM_COMMAND_PULL, "card", VM_RESULT_DONE);
    assert_told(&told, false);
    /* Gone with the guest that was asked. */
    expect_result(VM_COMMAND_PLUG, "card", VM_RESULT_DONE);
    assert_told(&told, true);
    ask(VM_COMMAND_UNPLUG, "card");
    expect_result(VM_COMMAND_RESET, "", VM_RESULT_DONE);
    assert_told(&told, false);
}

static void impossible_configurations(void **state)
{
    (void)state;
    static const char problem[] = "configuration: a device that is to come and go where none can";
    devices.devices[1].hotplug = 0;
    assert_string_equal(fixture_create(&f), problem);
    free(f.vm);
    devices.devices[1].hotplug = 1;
    devices.devices[1].transport = VM_TRANSPORT_MMIO;
    assert_string_equal(fixture_create(&f), problem);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_and_start, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_plugged_is_not_there),
        TEST(a_device_comes_and_goes),
        TEST(commands_that_make_no_sense),
        TEST(a_deaf_guest_keeps_its_device),
        TEST(a_request_is_taken_back),
        TEST(a_pulled_device_is_gone_at_once),
        TEST(pulled_and_plugged_again_in_its_place),
        TEST(ejected_unasked_during_a_request),
        TEST(anything_in_any_order),
        TEST(a_reset_ends_what_was_leaving),
        TEST(the_guest_is_told_when_it_resets_itself),
        TEST(a_vm_that_does_not_run),
        cmocka_unit_test_setup_teardown(the_switch_is_told_of_cards, setup_with_card, teardown),
        cmocka_unit_test_setup_teardown(impossible_configurations, setup, teardown),
    };
    return cmocka_run_group_tests_name("plug", tests, NULL, NULL);
}
