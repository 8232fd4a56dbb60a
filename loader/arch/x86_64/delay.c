/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader_arch/delay.h>

#include <stdbool.h>

#include <loader_arch/cpu.h>

#define PM_TIMER_HZ           3579545u /* ACPI 6.4, section 4.8.2.1 */
#define PIT_HZ                1193182u
#define PIT_CHANNEL2          0x42
#define PIT_COMMAND           0x43
#define PIT_CHANNEL2_ONE_SHOT 0xb0 /* channel 2, two bytes, mode 0, binary */
#define SYSTEM_CONTROL        0x61
#define CONTROL_GATE2         0x01
#define CONTROL_SPEAKER       0x02
#define CONTROL_OUT2          0x20
#define POLLS                 100000u
#define DIAGNOSTIC_PORT       0x80 /* an access takes about a microsecond */

static enum { DELAY_PORT, DELAY_PIT, DELAY_PM_TIMER } source;
static struct hardware_register pm_timer;
static uint32_t pm_timer_mask;

static uint32_t read_pm_timer(void)
{
    uint32_t value = pm_timer.space == 1 ? in32((uint16_t)pm_timer.address) : mmio_read32(pm_timer.address);
    return value & pm_timer_mask;
}

/* One shot of at most 50 ms. False if the counter does not run. */
static bool wait_by_pit(uint32_t microseconds)
{
    uint32_t count = (uint32_t)((uint64_t)microseconds * PIT_HZ / 1000000u) + 1;
    uint8_t control = in8(SYSTEM_CONTROL) & (uint8_t) ~(CONTROL_GATE2 | CONTROL_SPEAKER);
    out8(SYSTEM_CONTROL, control | CONTROL_GATE2);
    out8(PIT_COMMAND, PIT_CHANNEL2_ONE_SHOT);
    out8(PIT_CHANNEL2, (uint8_t)count);
    out8(PIT_CHANNEL2, (uint8_t)(count >> 8));
    uint32_t polls = POLLS + microseconds * 10; /* a poll takes a tenth of a microsecond at least */
    while (polls > 0 && (in8(SYSTEM_CONTROL) & CONTROL_OUT2) == 0) {
        polls--;
    }
    out8(SYSTEM_CONTROL, control);
    return polls > 0;
}

void delay_start(const struct hardware_info *hardware)
{
    pm_timer = hardware->arch.pm_timer;
    pm_timer_mask = hardware->arch.pm_timer_32bit != 0 ? 0xffffffffu : 0xffffffu;
    bool usable = pm_timer.valid != 0 && ((pm_timer.space == 1 && pm_timer.address <= 0xffff) ||
                                          (pm_timer.space == 0 && pm_timer.address < 0x100000000ull));
    if (usable) {
        uint32_t start = read_pm_timer();
        for (uint32_t i = 0; i < POLLS; i++) {
            if (read_pm_timer() != start) {
                source = DELAY_PM_TIMER;
                return;
            }
        }
    }
    source = wait_by_pit(100) ? DELAY_PIT : DELAY_PORT;
}

void delay_microseconds(uint32_t microseconds)
{
    if (source == DELAY_PM_TIMER) {
        uint64_t wanted = (uint64_t)microseconds * PM_TIMER_HZ / 1000000u + 1;
        uint32_t last = read_pm_timer();
        for (uint64_t passed = 0; passed < wanted;) {
            uint32_t now = read_pm_timer();
            passed += (now - last) & pm_timer_mask;
            last = now;
            cpu_pause();
        }
        return;
    }
    while (microseconds > 0) {
        uint32_t part = microseconds < 50000 ? microseconds : 50000;
        if (source == DELAY_PIT) {
            wait_by_pit(part);
        } else {
            for (uint32_t i = 0; i < part; i++) {
                in8(DIAGNOSTIC_PORT);
            }
        }
        microseconds -= part;
    }
}
