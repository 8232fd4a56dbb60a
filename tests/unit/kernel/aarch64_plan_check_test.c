/* SPDX-License-Identifier: BSD-2-Clause */
/* What of a plan is AArch64's: interrupts of the GIC, addresses that the machine tells,
 * address limits. The rest is checked in plan_check_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arch/frame.h>

#include "fake/plan.h"

static struct fake_plan plan;
static struct fake_machine machine;

static int setup(void **state)
{
    (void)state;
    fake_plan_init(&plan);
    fake_machine_init(&machine);
    return 0;
}

static bool accepted(struct plan_error *error)
{
    struct plan_view view;
    memset(error, 0, sizeof(*error));
    return plan_check(&plan, sizeof(plan), &machine.machine, &view, error);
}

/* Part of the message must name what is wrong; NULL: nothing is. */
static void expect(const char *message)
{
    struct plan_error error;
    bool ok = accepted(&error);

    if (message == NULL) {
        assert_string_equal(error.text, "");
        assert_true(ok);
    } else {
        assert_false(ok);
        if (strstr(error.text, message) == NULL) {
            fail_msg("unexpected reason: %s", error.text);
        }
    }
}

#define CASE(name, statement, message)                                                                                 \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        statement;                                                                                                     \
        expect(message);                                                                                               \
    }

#define HARDWARE machine.hardware.arch
#define DEVICE   plan.regions[FAKE_REGION_UART]

CASE(valid, (void)0, NULL)
CASE(other_machine, plan.header.machine = PLAN_MACHINE_X86_64, "another machine")
CASE(ioports, plan.header.tables[PLAN_TABLE_IOPORTS].count = 1, "I/O ports")

static void give_gicv3(void)
{
    HARDWARE.gic_version = 3;
    HARDWARE.redistributor_count = 1;
    HARDWARE.redistributors[0] = (struct hardware_range){0x480a0000, 0xf60000};
    HARDWARE.its_count = 1;
    HARDWARE.its[0].address = 0x48080000;
}

CASE(no_gic, HARDWARE.gic_version = 0, "version 0")
CASE(gic_version, HARDWARE.gic_version = 4, "version 4")
CASE(too_many_redistributors, HARDWARE.redistributor_count = 9, "redistributors")
CASE(too_many_its, (give_gicv3(), HARDWARE.its_count = 9), "ITSs")
CASE(too_many_smmus, HARDWARE.smmu_count = 9, "SMMUs")

CASE(irq_isa, plan.irqs[1].flags = PLAN_IRQ_LEGACY_ISA, "bad flags")
CASE(irq_active_low, plan.irqs[1].flags = PLAN_IRQ_ACTIVE_LOW, "bad flags")
CASE(irq_edge, plan.irqs[1].flags = PLAN_IRQ_EDGE, NULL)
CASE(irq_ioapic, plan.irqs[1].kind = PLAN_IRQ_IOAPIC, "unknown kind")
CASE(irq_vector, plan.irqs[1].vector = 108, "vector 108")
CASE(irq_same_vector, plan.irqs[1].vector = 1, NULL)
CASE(irq_private, plan.irqs[1].pin = 27, "no shared interrupt")
CASE(irq_first, plan.irqs[1].pin = 32, NULL)
CASE(irq_last, plan.irqs[1].pin = 1019, NULL)
CASE(irq_special, plan.irqs[1].pin = 1020, "no shared interrupt")
CASE(irq_of_console, plan.irqs[1].pin = 33, "already that of")
CASE(irq_id, plan.irqs[1].id = 7, "there are two")
CASE(irq_no_console, HARDWARE.uart_interrupt.intid = 0, "console has none")
CASE(msi, (plan.irqs[1].kind = PLAN_IRQ_MSI, plan.irqs[1].msi_handle = 143), NULL)
CASE(msi_range, (plan.irqs[1].kind = PLAN_IRQ_MSI, plan.irqs[1].msi_handle = 144), "takes MSIs of 80 to 143")
CASE(msi_below, (plan.irqs[1].kind = PLAN_IRQ_MSI, plan.irqs[1].msi_handle = 79), "takes MSIs of")
CASE(msi_nowhere, (plan.irqs[1].kind = PLAN_IRQ_MSI, plan.irqs[1].msi_handle = 80, HARDWARE.v2m.address = 0),
     "nothing that takes MSIs")
CASE(its_of_gicv2, (give_gicv3(), HARDWARE.gic_version = 2), "ITS of a GICv2")

static void give_msis(void)
{
    give_gicv3();
    for (unsigned int i = 0; i < 2; i++) {
        plan.irqs[i].kind = PLAN_IRQ_MSI;
        plan.irqs[i].pci_address = 0x08;
        plan.irqs[i].msi_handle = i;
    }
}
CASE(its, give_msis(), NULL)
CASE(its_last_event, (give_msis(), plan.irqs[0].msi_handle = 255), NULL)
CASE(its_event, (give_msis(), plan.irqs[0].msi_handle = 256), "no MSI 256")
CASE(its_device, (give_msis(), plan.irqs[0].pci_address = 0x10000), "device 0x10000 has no MSI")
CASE(its_twice, (give_msis(), plan.irqs[0].msi_handle = 1), "this MSI is already")
CASE(its_other_device, (give_msis(), plan.irqs[0].msi_handle = 1, plan.irqs[0].pci_address = 0x10), NULL)
CASE(msi_and_spi,
     (plan.irqs[0] = plan.irqs[1], plan.irqs[0].id = 9, plan.irqs[0].pin = 80, plan.irqs[1].kind = PLAN_IRQ_MSI,
      plan.irqs[1].msi_handle = 80),
     "already that of")

CASE(no_console, HARDWARE.uart.address = 0, "no console")
CASE(console_kind, HARDWARE.uart_kind = HARDWARE_UART_NONE, "no console")
CASE(console_unaligned, HARDWARE.uart.address = 0x49000800, "cannot be at 0x49000800")
CASE(console_is_memory, HARDWARE.uart.address = 0x200000, "are memory")
CASE(device_distributor, DEVICE.physical_address = 0x4800f000, "interrupt controller")
CASE(device_gicc, DEVICE.physical_address = 0x48010000, "interrupt controller")
CASE(device_gich, DEVICE.physical_address = 0x48030000, "interrupt controller")
CASE(device_gicv, DEVICE.physical_address = 0x48040000, "interrupt controller")
CASE(device_v2m, DEVICE.physical_address = 0x48020000, "interrupt controller")
CASE(device_redistributor, (give_gicv3(), DEVICE.physical_address = 0x48fff000), "redistributors")
CASE(device_its, (give_gicv3(), DEVICE.physical_address = 0x48090000), "an ITS")
CASE(device_smmu, DEVICE.physical_address = 0x4a06f000, "an SMMU")
CASE(device_other, DEVICE.physical_address = 0x4a070000, NULL)
CASE(device_too_high, DEVICE.physical_address = 1ull << 48, "cannot be at")
CASE(device_last_page, DEVICE.physical_address = (1ull << 48) - 0x1000, NULL)

static void give_gicv(void)
{
    DEVICE.physical_address = PLAN_GICV_ADDRESS;
    DEVICE.size = PLAN_GICV_SIZE;
    plan.maps[3].space = FAKE_PDS;
    plan.maps[3].virtual_address = 0x8010000;
    plan.maps[3].size = PLAN_GICV_SIZE;
}
CASE(gicv, give_gicv(), NULL)
CASE(gicv_of_pd, (give_gicv(), plan.maps[3].space = FAKE_PD_SERVER), "is for VMs")
CASE(gicv_missing, (give_gicv(), HARDWARE.gicv.address = 0), "no virtual CPU interface")
CASE(gicv_small, (give_gicv(), HARDWARE.gicv.size = 0x1000), "no virtual CPU interface")
CASE(gicv_of_gicv3, (give_gicv(), HARDWARE.gic_version = 3, HARDWARE.gicv.address = 0), NULL)

CASE(map_high, plan.maps[1].virtual_address = USER_ADDRESS_END - 0x8000, NULL)
CASE(map_too_high, plan.maps[1].virtual_address = USER_ADDRESS_END - 0x7000, "not possible")
CASE(guest_high, plan.maps[7].virtual_address = 0x7fffc00000, NULL)
CASE(guest_too_high, plan.maps[7].virtual_address = 0x7fffe00000, "not possible")
CASE(buffer_too_high, plan.threads[0].ipc_buffer = USER_CANONICAL_END, "cannot be at")

static void test_device_addresses(void **state)
{
    (void)state;
    struct plan_error error;
    uint64_t address = 0;

    assert_true(plan_arch_device_address(&DEVICE, &HARDWARE, &address, &error));
    assert_int_equal(address, 0x49000000);
    DEVICE.physical_address = 0x12345000;
    assert_true(plan_arch_device_address(&DEVICE, &HARDWARE, &address, &error));
    assert_int_equal(address, 0x12345000);
    give_gicv();
    assert_true(plan_arch_device_address(&DEVICE, &HARDWARE, &address, &error));
    assert_int_equal(address, 0x48040000);
    HARDWARE.gic_version = 3;
    assert_true(plan_arch_device_address(&DEVICE, &HARDWARE, &address, &error));
    assert_true(address == PLAN_ANY_ADDRESS);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(valid),
        TEST(other_machine),
        TEST(ioports),
        TEST(no_gic),
        TEST(gic_version),
        TEST(too_many_redistributors),
        TEST(too_many_its),
        TEST(too_many_smmus),
        TEST(irq_isa),
        TEST(irq_active_low),
        TEST(irq_edge),
        TEST(irq_ioapic),
        TEST(irq_vector),
        TEST(irq_same_vector),
        TEST(irq_private),
        TEST(irq_first),
        TEST(irq_last),
        TEST(irq_special),
        TEST(irq_of_console),
        TEST(irq_id),
        TEST(irq_no_console),
        TEST(msi),
        TEST(msi_range),
        TEST(msi_below),
        TEST(msi_nowhere),
        TEST(its_of_gicv2),
        TEST(its),
        TEST(its_last_event),
        TEST(its_event),
        TEST(its_device),
        TEST(its_twice),
        TEST(its_other_device),
        TEST(msi_and_spi),
        TEST(no_console),
        TEST(console_kind),
        TEST(console_unaligned),
        TEST(console_is_memory),
        TEST(device_distributor),
        TEST(device_gicc),
        TEST(device_gich),
        TEST(device_gicv),
        TEST(device_v2m),
        TEST(device_redistributor),
        TEST(device_its),
        TEST(device_smmu),
        TEST(device_other),
        TEST(device_too_high),
        TEST(device_last_page),
        TEST(gicv),
        TEST(gicv_of_pd),
        TEST(gicv_missing),
        TEST(gicv_small),
        TEST(gicv_of_gicv3),
        TEST(map_high),
        TEST(map_too_high),
        TEST(guest_high),
        TEST(guest_too_high),
        TEST(buffer_too_high),
        TEST(test_device_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
