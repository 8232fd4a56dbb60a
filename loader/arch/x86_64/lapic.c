/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader_arch/apic.h>

#include <loader_arch/cpu.h>
#include <loader_arch/delay.h>

#define MSR_APIC_BASE     0x1b
#define APIC_BASE_X2APIC  (1ull << 10)
#define APIC_BASE_ENABLE  (1ull << 11)
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull
#define MSR_X2APIC        0x800
#define CPUID_X2APIC      (1u << 21)

enum lapic_register {
    LAPIC_ID = 0x020,
    LAPIC_VERSION = 0x030,
    LAPIC_TASK_PRIORITY = 0x080,
    LAPIC_SPURIOUS = 0x0f0,
    LAPIC_ERROR_STATUS = 0x280,
    LAPIC_COMMAND = 0x300,
    LAPIC_COMMAND_HIGH = 0x310,
    LAPIC_LVT_TIMER = 0x320,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_LVT_ERROR = 0x370,
};

#define SPURIOUS_ENABLE 0x1ffu /* enabled, vector 255 */
#define LVT_MASKED      0x10000u
#define COMMAND_INIT    0x4500u /* INIT, assert, edge */
#define COMMAND_STARTUP 0x4600u
#define COMMAND_PENDING 0x1000u
#define COMMAND_POLLS   1000u

bool lapic_is_x2apic(void)
{
    return (read_msr(MSR_APIC_BASE) & APIC_BASE_X2APIC) != 0;
}

static uint64_t base_address(void)
{
    return read_msr(MSR_APIC_BASE) & APIC_BASE_ADDRESS;
}

static uint32_t read_register(uint32_t offset)
{
    return lapic_is_x2apic() ? (uint32_t)read_msr(MSR_X2APIC + (offset >> 4)) : mmio_read32(base_address() + offset);
}

static void write_register(uint32_t offset, uint32_t value)
{
    if (lapic_is_x2apic()) {
        write_msr(MSR_X2APIC + (offset >> 4), value);
    } else {
        mmio_write32(base_address() + offset, value);
    }
}

bool lapic_wants_x2apic(void)
{
    return lapic_is_x2apic() || (read_cpuid(1).ecx & CPUID_X2APIC) != 0;
}

void lapic_enable(bool x2apic)
{
    uint64_t base = read_msr(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    write_msr(MSR_APIC_BASE, base);
    if (x2apic) {
        write_msr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
    }
    write_register(LAPIC_SPURIOUS, SPURIOUS_ENABLE);
    write_register(LAPIC_TASK_PRIORITY, 0);
    write_register(LAPIC_LVT_TIMER, LVT_MASKED);
    write_register(LAPIC_LVT_LINT0, LVT_MASKED); /* the i8259's virtual wire */
    write_register(LAPIC_LVT_ERROR, LVT_MASKED);
    write_register(LAPIC_ERROR_STATUS, 0);
}

uint32_t lapic_id(void)
{
    uint32_t id = read_register(LAPIC_ID);
    return lapic_is_x2apic() ? id : id >> 24;
}

static bool send(uint32_t apic_id, uint32_t command)
{
    if (lapic_is_x2apic()) {
        write_msr(MSR_X2APIC + (LAPIC_COMMAND >> 4), (uint64_t)apic_id << 32 | command);
        return true;
    }
    if (apic_id > 0xfe) {
        return false;
    }
    write_register(LAPIC_COMMAND_HIGH, apic_id << 24);
    write_register(LAPIC_COMMAND, command);
    for (uint32_t i = 0; i < COMMAND_POLLS; i++) {
        if ((read_register(LAPIC_COMMAND) & COMMAND_PENDING) == 0) {
            return true;
        }
        delay_microseconds(1);
    }
    return false;
}

bool lapic_send_init(uint32_t apic_id)
{
    return send(apic_id, COMMAND_INIT);
}

bool lapic_send_startup(uint32_t apic_id, uint64_t page)
{
    return send(apic_id, COMMAND_STARTUP | (uint32_t)(page >> 12));
}
