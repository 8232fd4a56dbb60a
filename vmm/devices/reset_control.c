/* SPDX-License-Identifier: BSD-2-Clause */
#include <vmm/devices/pc_map.h>
#include <vmm/devices/reset_control.h>

#define RESET_FULL    0x08u
#define RESET_CPU     0x04u /* a rising edge resets */
#define RESET_SYSTEM  0x02u /* hard reset instead of INIT */
#define RESET_READ_AS (RESET_FULL | RESET_SYSTEM | RESET_CPU)

#define SYSTEM_A_INIT     0x01u /* a rising edge resets the processor */
#define SYSTEM_A_A20      0x02u
#define SYSTEM_A_WRITABLE 0xdbu /* bits 2 and 5 are not writable (IBM PS/2 technical reference) */

uint8_t reset_control_read(const struct reset_control *control)
{
    return control->control;
}

void reset_control_write(struct reset_control *control, uint8_t value)
{
    uint8_t rising = value & (uint8_t)~control->control;
    control->control = value & RESET_READ_AS;
    if ((rising & RESET_CPU) != 0) {
        enum machine_reset_kind kind =
            (value & (RESET_SYSTEM | RESET_FULL)) != 0 ? MACHINE_RESET_HARD : MACHINE_RESET_INIT;
        control->machine->reset(control->machine->context, kind, "reset control register");
    }
}

static uint64_t system_a_read(void *device, uint64_t offset, uint32_t width)
{
    const struct reset_control *control = device;
    (void)offset;
    (void)width;
    return control->system_a;
}

static void system_a_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct reset_control *control = device;
    (void)offset;
    (void)width;
    uint8_t rising = (uint8_t)value & (uint8_t)~control->system_a;
    control->system_a = (uint8_t)value & SYSTEM_A_WRITABLE;
    if ((rising & SYSTEM_A_INIT) != 0) {
        control->machine->reset(control->machine->context, MACHINE_RESET_INIT, "port 0x92");
    }
}

static const struct bus_ops system_a_ops = {.read = system_a_read, .write = system_a_write};

static uint64_t post_read(void *device, uint64_t offset, uint32_t width)
{
    const struct reset_control *control = device;
    (void)offset;
    (void)width;
    return control->post_code;
}

static void post_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    struct reset_control *control = device;
    (void)offset;
    (void)width;
    control->post_code = (uint8_t)value;
}

static const struct bus_ops post_ops = {.read = post_read, .write = post_write};

void reset_control_reset(struct reset_control *control)
{
    control->control = 0;
    control->system_a = SYSTEM_A_A20; /* no address line is ever masked: A20 reads as open */
    control->post_code = 0;
}

int reset_control_init(struct reset_control *control, struct bus *io, const struct machine_control *machine,
                       struct vm *vm)
{
    (void)vm;
    *control = (struct reset_control){.machine = machine};
    reset_control_reset(control);
    if (bus_register(io, PC_PORT_SYSTEM_A, 1, &system_a_ops, control, "system control port A") != 0 ||
        bus_register(io, PC_PORT_POST, 1, &post_ops, control, "POST code") != 0) {
        return -1;
    }
    return 0;
}
