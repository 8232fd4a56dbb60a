/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio devices of a VM: made from its configuration, found by the guest, reset with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <skyscope/vm_devices.h>

#include <vmm/devices/pc_map.h>
#include <vmm/virtio/virtio_mmio.h>
#include <vmm/virtio/virtio_pci.h>

#include "machine_fixture.h"

#define WORKSPACE          0x40000u
#define ECAM(slot, offset) (PC_ECAM_BASE + ((slot) << 15) + (offset))

static struct machine_fixture f;
static struct vm_devices_config devices;
static uint8_t workspace[WORKSPACE] __attribute__((aligned(4096)));

static const uint8_t code[] = {0xf4}; /* HLT */

static int setup(void **state)
{
    *state = NULL;
    fixture_configure(&f, code, sizeof(code));
    memset(workspace, 0xa5, sizeof(workspace)); /* of a VMM before this one */
    memset(&devices, 0, sizeof(devices));
    devices = (struct vm_devices_config){.magic = VM_DEVICES_MAGIC,
                                         .version = VM_DEVICES_VERSION,
                                         .size = sizeof(devices),
                                         .count = 4,
                                         .workspace = (uintptr_t)workspace,
                                         .workspace_size = WORKSPACE};
    static const struct {
        enum vm_transport transport;
        uint32_t slot;
    } places[] = {{VM_TRANSPORT_PCI, 1},
                  {VM_TRANSPORT_PCI_TRANSITIONAL, 2},
                  {VM_TRANSPORT_MMIO, 0},
                  {VM_TRANSPORT_MMIO_LEGACY, 4}};
    for (uint32_t i = 0; i < 4; i++) {
        devices.devices[i] = (struct vm_device_config){
            .kind = VM_DEVICE_RNG, .transport = places[i].transport, .slot = places[i].slot, .queues = 1, .plugged = 1};
        memcpy(devices.devices[i].name, "rng0", 5);
        devices.devices[i].name[3] = (char)('0' + i);
    }
    f.config.devices = (struct vm_image){.address = (uintptr_t)&devices, .size = sizeof(devices)};
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

static void start(void)
{
    assert_null(fixture_create(&f));
    vmm_begin(f.vm);
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
}

static void the_guest_finds_them(void **state)
{
    (void)state;
    start();
    assert_int_equal(f.vm->devices.count, 4);
    assert_int_equal(get(ECAM(1, 0), 4), 0x10441af4);
    assert_int_equal(get(ECAM(2, 0), 4), 0x10051af4);
    assert_int_equal(get(ECAM(3, 0), 4), 0xffffffff);
    /* Addresses in the windows that the ACPI tables name. */
    assert_int_equal(get(ECAM(1, PCI_BAR0 + 4), 4), PC_PCI_WINDOW_BASE);
    assert_int_equal(get(ECAM(2, PCI_BAR0 + 4), 4), PC_PCI_WINDOW_BASE + VIRTIO_PCI_BAR_SIZE);
    uint64_t port = get(ECAM(2, PCI_BAR0), 4) - 1;
    assert_in_range(port, PC_PCI_IO_BASE, PC_PCI_IO_LAST);
    set(ECAM(2, PCI_COMMAND), 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    uint64_t value;
    assert_true(bus_read(&f.vm->port_bus, port + 12, 2, &value));
    assert_int_equal(value, 8); /* entries of the queue */
    assert_int_equal(get(PC_VIRTIO_MMIO_BASE, 4), 0x74726976);
    assert_int_equal(get(PC_VIRTIO_MMIO_BASE + 4, 4), 2);
    assert_int_equal(get(PC_VIRTIO_MMIO_BASE + 4 * PC_VIRTIO_MMIO_SIZE + 4, 4), 1);
    /* The one in slot 4 is on the same line as that in slot 0, and the tables say so. */
    assert_int_equal(f.vm->devices.line_count, 1);
    uint32_t found = 0;
    for (uint64_t at = 0xe0000; at < 0xe4000; at++) {
        found += memcmp(f.ram + at, "LNRO0005", 8) == 0;
    }
    assert_int_equal(found, 2);
}

static void run_device(void)
{
    uint64_t base = PC_VIRTIO_MMIO_BASE;
    set(base + 0x70, 4, 3);
    set(base + 0x24, 4, 1);
    set(base + 0x20, 4, 1);
    set(base + 0x70, 4, 11);
    set(base + 0x38, 4, 8);
    set(base + 0x80, 4, 0x10000);
    set(base + 0x90, 4, 0x11000);
    set(base + 0xa0, 4, 0x12000);
    set(base + 0x44, 4, 1);
    set(base + 0x70, 4, 15);
    assert_int_equal(get(base + 0x70, 4), 15);
    assert_int_equal(get(base + 0x44, 4), 1);
}

static void command(uint32_t which)
{
    f.control->request.command = which;
    f.control->request.sequence++;
    vmm_handle_notification(f.vm, FIXTURE_CONTROL);
}

static void they_are_reset_with_the_vm(void **state)
{
    (void)state;
    start();
    set(ECAM(1, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
    set(PC_PCI_WINDOW_BASE + 0x14, 1, 3);
    assert_int_equal(get(PC_PCI_WINDOW_BASE + 0x14, 1), 3);
    run_device();
    command(VM_COMMAND_STOP);
    /* While nobody runs, nothing is taken from rings that lie in memory about to be cleared. */
    assert_int_equal(get(PC_VIRTIO_MMIO_BASE + 0x70, 4), 0);
    command(VM_COMMAND_START);
    assert_int_equal(f.vm->state, VM_STATE_RUNNING);
    assert_int_equal(get(ECAM(1, PCI_COMMAND), 2), 0);
    set(ECAM(1, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
    assert_int_equal(get(PC_PCI_WINDOW_BASE + 0x14, 1), 0);
    run_device();
    command(VM_COMMAND_RESET);
    assert_int_equal(get(PC_VIRTIO_MMIO_BASE + 0x70, 4), 0);
    run_device();
}

static void listener(void *context)
{
    ++*(uint32_t *)context;
}

static void channels_reach_their_device(void **state)
{
    (void)state;
    uint32_t counts[2] = {0, 0};
    start();
    assert_int_equal(device_listen(f.vm, 20, listener, &counts[0]), 0);
    assert_int_equal(device_listen(f.vm, 61, listener, &counts[1]), 0);
    assert_int_equal(device_listen(f.vm, 20, listener, &counts[1]), -1);
    assert_int_equal(device_listen(f.vm, 62, listener, &counts[1]), -1);
    vmm_handle_notification(f.vm, 20);
    vmm_handle_notification(f.vm, 61);
    vmm_handle_notification(f.vm, 61);
    vmm_handle_notification(f.vm, 21);
    vmm_handle_notification(f.vm, 62);
    vmm_handle_notification(f.vm, UINT32_MAX);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 2);
}

static void bad_configurations(void **state)
{
    (void)state;
    for (int i = 0;; i++) {
        teardown(state);
        setup(state);
        switch (i) {
        case 0:
            devices.magic ^= 1;
            break;
        case 1:
            devices.version++;
            break;
        case 2:
            devices.size--;
            break;
        case 3:
            f.config.devices.size--;
            break;
        case 4:
            devices.count = VM_MAX_DEVICES + 1;
            break;
        case 5:
            devices.devices[1].kind = 0;
            break;
        case 6:
            devices.devices[1].kind = UINT32_MAX;
            break;
        case 7:
            devices.devices[2].transport = 0;
            break;
        case 8:
            devices.devices[2].transport = 99;
            break;
        case 9: /* two in one place */
            devices.devices[1].slot = 1;
            break;
        case 10: /* the host bridge's */
            devices.devices[0].slot = 0;
            break;
        case 11:
            devices.devices[0].slot = 32;
            break;
        case 12:
            devices.devices[3].slot = 0;
            break;
        case 13:
            devices.devices[3].slot = PC_VIRTIO_MMIO_COUNT;
            break;
        case 14:
            memset(devices.devices[0].name, 'x', VM_DEVICE_NAME);
            break;
        case 15:
            devices.workspace_size = 0x1000;
            break;
        case 16:
            devices.workspace = 0;
            break;
        case 17:
            devices.workspace_size = UINT64_MAX;
            break;
        default:
            assert_int_equal(i, 18);
            return;
        }
        const char *problem = fixture_create(&f);
        if (problem == NULL || f.vm->state != VM_STATE_FAILED) {
            fail_msg("configuration %d was taken", i);
        }
        vmm_begin(f.vm);
        assert_int_equal(f.vm->state, VM_STATE_FAILED);
    }
}

/* As many as there can be, and their memory: never more than the tool gives. */
static void a_bus_full_of_devices(void **state)
{
    (void)state;
    static uint8_t large[VM_MAX_DEVICES * (VM_WORKSPACE_TRANSPORT + VM_WORKSPACE_RNG)] __attribute__((aligned(4096)));
    devices.count = VM_MAX_DEVICES;
    devices.workspace = (uintptr_t)large;
    devices.workspace_size = sizeof(large);
    for (uint32_t i = 0; i < VM_MAX_DEVICES; i++) {
        devices.devices[i] = devices.devices[0];
        devices.devices[i].transport = VM_TRANSPORT_PCI_TRANSITIONAL;
        devices.devices[i].slot = i + 1;
    }
    start();
    for (uint32_t i = 1; i <= VM_MAX_DEVICES; i++) {
        set(ECAM(i, PCI_COMMAND), 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
        uint64_t bar = get(ECAM(i, PCI_BAR0 + 4), 4);
        assert_int_equal(bar, PC_PCI_WINDOW_BASE + (i - 1) * VIRTIO_PCI_BAR_SIZE);
        assert_int_equal(get(bar + 0x12, 2), 1); /* queues */
    }
    assert_null(strstr(fixture_log(&f), "overlaps"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_guest_finds_them, setup, teardown),
        cmocka_unit_test_setup_teardown(they_are_reset_with_the_vm, setup, teardown),
        cmocka_unit_test_setup_teardown(channels_reach_their_device, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_configurations, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bus_full_of_devices, setup, teardown),
    };
    return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
