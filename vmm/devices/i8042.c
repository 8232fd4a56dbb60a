/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel 8042 as programmed for the PC AT (IBM Personal Computer AT Technical
 * Reference, "Keyboard Controller"), keyboard unplugged.
 */
#include <vmm/devices/i8042.h>
#include <vmm/devices/pc_map.h>

#include <base/memory.h>

#define STATUS_OUTPUT_FULL 0x01u
#define STATUS_SYSTEM      0x04u /* self-test passed */
#define STATUS_COMMAND     0x08u /* last write was a command */
#define STATUS_UNLOCKED    0x10u
#define STATUS_TIMEOUT     0x40u

#define MODE_KEYBOARD_INTERRUPT 0x01u
#define MODE_SYSTEM             0x04u
#define MODE_KEYBOARD_DISABLED  0x10u
#define MODE_TRANSLATE          0x40u

#define OUTPUT_PORT_NO_RESET 0x01u
#define OUTPUT_PORT_A20      0x02u

enum {
    COMMAND_READ_RAM = 0x20,
    COMMAND_WRITE_RAM = 0x60,
    COMMAND_AUX_TEST = 0xa9,
    COMMAND_SELF_TEST = 0xaa,
    COMMAND_INTERFACE_TEST = 0xab,
    COMMAND_DISABLE_KEYBOARD = 0xad,
    COMMAND_ENABLE_KEYBOARD = 0xae,
    COMMAND_READ_INPUT_PORT = 0xc0,
    COMMAND_READ_OUTPUT_PORT = 0xd0,
    COMMAND_WRITE_OUTPUT_PORT = 0xd1,
    COMMAND_WRITE_KEYBOARD_BUFFER = 0xd2,
    COMMAND_WRITE_AUX_BUFFER = 0xd3,
    COMMAND_WRITE_AUX = 0xd4,
    COMMAND_A20_OFF = 0xdd,
    COMMAND_A20_ON = 0xdf,
    COMMAND_PULSE = 0xf0,
};

#define SELF_TEST_PASSED 0x55u
#define CLOCK_STUCK_LOW  0x01u /* interface test: nothing there */
#define RESEND           0xfeu
#define INPUT_PORT       0x80u /* keyboard not locked */

static void update_irq(struct i8042 *controller)
{
    bool level = (controller->status & STATUS_OUTPUT_FULL) != 0 && (controller->ram[0] & MODE_KEYBOARD_INTERRUPT) != 0;
    if (level != controller->irq_level) {
        controller->irq_level = level;
        irq_set_line(controller->router, PC_GSI_KEYBOARD, level);
    }
}

static void answer(struct i8042 *controller, uint8_t byte, uint8_t flags)
{
    /* A byte still unread is lost, but the line must show that there is a new one. */
    controller->status &= (uint8_t) ~(STATUS_OUTPUT_FULL | STATUS_TIMEOUT);
    update_irq(controller);
    controller->output = byte;
    controller->status |= (uint8_t)(STATUS_OUTPUT_FULL | flags);
    update_irq(controller);
}

static void write_output_port(struct i8042 *controller, uint8_t value)
{
    controller->output_port = value | OUTPUT_PORT_NO_RESET;
    if ((value & OUTPUT_PORT_NO_RESET) == 0) {
        controller->machine->reset(controller->machine->context, MACHINE_RESET_INIT, "keyboard controller output port");
    }
}

static void write_command(struct i8042 *controller, uint8_t command)
{
    controller->status |= STATUS_COMMAND;
    controller->pending = 0;
    if (command >= COMMAND_PULSE) {
        /* Bits 3:0 that are 0 pulse low the output port's line; line 0 is the reset. */
        if ((command & 1u) == 0) {
            controller->machine->reset(controller->machine->context, MACHINE_RESET_INIT, "keyboard controller");
        }
        return;
    }
    if (command >= COMMAND_READ_RAM && command < COMMAND_READ_RAM + 32) {
        answer(controller, controller->ram[command - COMMAND_READ_RAM], 0);
        return;
    }
    if (command >= COMMAND_WRITE_RAM && command < COMMAND_WRITE_RAM + 32) {
        controller->pending = command;
        return;
    }
    switch (command) {
    case COMMAND_AUX_TEST:
        answer(controller, CLOCK_STUCK_LOW, 0);
        break;
    case COMMAND_SELF_TEST:
        controller->status |= STATUS_SYSTEM;
        controller->ram[0] = MODE_SYSTEM | MODE_KEYBOARD_DISABLED;
        answer(controller, SELF_TEST_PASSED, 0);
        break;
    case COMMAND_INTERFACE_TEST:
        answer(controller, CLOCK_STUCK_LOW, 0);
        break;
    case COMMAND_DISABLE_KEYBOARD:
        controller->ram[0] |= MODE_KEYBOARD_DISABLED;
        break;
    case COMMAND_ENABLE_KEYBOARD:
        controller->ram[0] &= (uint8_t)~MODE_KEYBOARD_DISABLED;
        break;
    case COMMAND_READ_INPUT_PORT:
        answer(controller, INPUT_PORT, 0);
        break;
    case COMMAND_READ_OUTPUT_PORT:
        answer(controller, controller->output_port, 0);
        break;
    case COMMAND_WRITE_OUTPUT_PORT:
    case COMMAND_WRITE_KEYBOARD_BUFFER:
    case COMMAND_WRITE_AUX_BUFFER:
    case COMMAND_WRITE_AUX:
        controller->pending = command;
        break;
    case COMMAND_A20_OFF:
        controller->output_port &= (uint8_t)~OUTPUT_PORT_A20;
        break;
    case COMMAND_A20_ON:
        controller->output_port |= OUTPUT_PORT_A20;
        break;
    default:
        break; /* not a command of this controller */
    }
}

static void write_data(struct i8042 *controller, uint8_t value)
{
    uint8_t command = controller->pending;
    controller->pending = 0;
    controller->status &= (uint8_t)~STATUS_COMMAND;
    if (command >= COMMAND_WRITE_RAM && command < COMMAND_WRITE_RAM + 32) {
        controller->ram[command - COMMAND_WRITE_RAM] = value;
        if (command == COMMAND_WRITE_RAM) {
            controller->status &= (uint8_t)~STATUS_SYSTEM;
            controller->status |= value & MODE_SYSTEM;
        }
        update_irq(controller);
        return;
    }
    switch (command) {
    case COMMAND_WRITE_OUTPUT_PORT:
        write_output_port(controller, value);
        break;
    case COMMAND_WRITE_KEYBOARD_BUFFER:
    case COMMAND_WRITE_AUX_BUFFER: /* without an auxiliary port it is the keyboard's buffer, too */
        answer(controller, value, 0);
        break;
    default: /* to the keyboard or the auxiliary device: there is none */
        answer(controller, RESEND, STATUS_TIMEOUT);
        break;
    }
}

static uint64_t data_read(void *device, uint64_t offset, uint32_t width)
{
    struct i8042 *controller = device;
    (void)offset;
    (void)width;
    controller->status &= (uint8_t) ~(STATUS_OUTPUT_FULL | STATUS_TIMEOUT);
    update_irq(controller);
    return controller->output;
}

static void data_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    (void)offset;
    (void)width;
    write_data(device, (uint8_t)value);
}

static uint64_t command_read(void *device, uint64_t offset, uint32_t width)
{
    const struct i8042 *controller = device;
    (void)offset;
    (void)width;
    return controller->status;
}

static void command_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    (void)offset;
    (void)width;
    write_command(device, (uint8_t)value);
}

static const struct bus_ops data_ops = {.read = data_read, .write = data_write};
static const struct bus_ops command_ops = {.read = command_read, .write = command_write};

void i8042_reset(struct i8042 *controller)
{
    controller->status = STATUS_SYSTEM | STATUS_UNLOCKED;
    controller->output = 0;
    controller->output_port = OUTPUT_PORT_NO_RESET | OUTPUT_PORT_A20;
    controller->pending = 0;
    memset(controller->ram, 0, sizeof(controller->ram));
    controller->ram[0] = MODE_SYSTEM | MODE_KEYBOARD_DISABLED | MODE_TRANSLATE;
    update_irq(controller);
}

int i8042_init(struct i8042 *controller, struct bus *io, struct irq_router *router,
               const struct machine_control *machine, struct vm *vm)
{
    (void)vm;
    *controller = (struct i8042){.router = router, .machine = machine};
    if (bus_register(io, PC_PORT_I8042_DATA, 1, &data_ops, controller, "i8042 data") != 0 ||
        bus_register(io, PC_PORT_I8042_COMMAND, 1, &command_ops, controller, "i8042 command") != 0) {
        return -1;
    }
    i8042_reset(controller);
    return 0;
}
