/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ITS's command queue (Arm IHI 0069 §5.3). A command that makes no sense is noted
 * and passed over; a queue that is not RAM stalls. Each entry to the model carries out
 * a bounded number.
 */
#include <base/memory.h>

#include "gic_its.h"

#define COMMANDS_AT_A_TIME 256u

enum its_command {
    ITS_MOVI = 0x01,
    ITS_INT = 0x03,
    ITS_CLEAR = 0x04,
    ITS_SYNC = 0x05,
    ITS_MAPD = 0x08,
    ITS_MAPC = 0x09,
    ITS_MAPTI = 0x0a,
    ITS_MAPI = 0x0b,
    ITS_INV = 0x0c,
    ITS_INVALL = 0x0d,
    ITS_MOVALL = 0x0e,
    ITS_DISCARD = 0x0f,
};

struct command {
    uint64_t word[4];
};

static uint32_t device_of(const struct command *command)
{
    return (uint32_t)(command->word[0] >> 32);
}

static uint32_t event_of(const struct command *command)
{
    return (uint32_t)command->word[1];
}

static uint32_t collection_of(const struct command *command)
{
    return (uint32_t)command->word[2] & 0xffffu;
}

/* RDbase is the number of a processor (GITS_TYPER.PTA is 0). */
static uint32_t redistributor_of(uint64_t word)
{
    return (uint32_t)(word >> 16) & 0xffffffffu;
}

static bool map_device(struct gic *gic, const struct command *command)
{
    gpa_t at;
    uint64_t size = command->word[1] & ITS_DEVICE_SIZE;
    uint64_t entry = 0;
    if ((command->word[2] & ITS_VALID) != 0) {
        entry = ITS_VALID | (command->word[2] & ITS_DEVICE_ADDRESS) | size;
    }
    return size < GIC_ITS_EVENT_BITS && its_device_entry(gic, device_of(command), &at) &&
           guest_write(gic->memory, at, &entry, sizeof(entry));
}

static bool map_collection(struct gic *gic, const struct command *command)
{
    uint32_t collection = collection_of(command);
    uint32_t vcpu = redistributor_of(command->word[2] & ~ITS_VALID);
    if (collection >= GIC_ITS_COLLECTIONS) {
        return false;
    }
    if ((command->word[2] & ITS_VALID) == 0) {
        gic->its.collections[collection] = GIC_NO_VCPU;
        return true;
    }
    if (vcpu >= gic->config.vcpu_count) {
        return false;
    }
    gic->its.collections[collection] = (uint8_t)vcpu;
    return true;
}

static bool map_event(struct gic *gic, const struct command *command, uint32_t intid)
{
    gpa_t at;
    uint32_t collection = collection_of(command);
    if (intid < GIC_FIRST_LPI || intid - GIC_FIRST_LPI >= GIC_LPIS || collection >= GIC_ITS_COLLECTIONS ||
        !its_event_entry(gic, device_of(command), event_of(command), &at)) {
        return false;
    }
    uint64_t entry = ITS_VALID | (uint64_t)collection << 32 | intid;
    gic_assign(gic->lpi_cached, intid - GIC_FIRST_LPI, false);
    return guest_write(gic->memory, at, &entry, sizeof(entry));
}

static bool move_event(struct gic *gic, const struct command *command)
{
    struct its_translation translation;
    uint32_t collection = collection_of(command);
    if (collection >= GIC_ITS_COLLECTIONS || gic->its.collections[collection] == GIC_NO_VCPU ||
        !its_translate(gic, device_of(command), event_of(command), &translation)) {
        return false;
    }
    uint64_t entry = ITS_VALID | (uint64_t)collection << 32 | (GIC_FIRST_LPI + translation.lpi);
    if (!guest_write(gic->memory, translation.entry, &entry, sizeof(entry))) {
        return false;
    }
    gic_lpi_move(gic, translation.lpi, gic->its.collections[collection]);
    return true;
}

static bool discard(struct gic *gic, const struct command *command)
{
    struct its_translation translation;
    uint64_t entry = 0;
    if (!its_translate(gic, device_of(command), event_of(command), &translation) ||
        !guest_write(gic->memory, translation.entry, &entry, sizeof(entry))) {
        return false;
    }
    gic_lpi_clear(gic, translation.lpi);
    return true;
}

static bool move_all(struct gic *gic, const struct command *command)
{
    uint32_t from = redistributor_of(command->word[2]);
    uint32_t to = redistributor_of(command->word[3]);
    if (from >= gic->config.vcpu_count || to >= gic->config.vcpu_count) {
        return false;
    }
    if (from != to) {
        gic_lpi_move_all(gic, from, to);
    }
    return true;
}

/* CLEAR, INV and INT of an event that is mapped. */
static bool at_event(struct gic *gic, const struct command *command)
{
    struct its_translation translation;
    if (!its_translate(gic, device_of(command), event_of(command), &translation)) {
        return false;
    }
    switch (command->word[0] & 0xffu) {
    case ITS_CLEAR:
        gic_lpi_clear(gic, translation.lpi);
        break;
    case ITS_INV:
        gic_lpi_invalidate(gic, translation.lpi);
        break;
    default:
        gic_its_event(gic, device_of(command), event_of(command));
        break;
    }
    return true;
}

/* False: the command makes no sense. */
static bool carry_out(struct gic *gic, const struct command *command)
{
    switch (command->word[0] & 0xffu) {
    case ITS_MAPD:
        return map_device(gic, command);
    case ITS_MAPC:
        return map_collection(gic, command);
    case ITS_MAPTI:
        return map_event(gic, command, (uint32_t)(command->word[1] >> 32));
    case ITS_MAPI:
        return map_event(gic, command, event_of(command));
    case ITS_MOVI:
        return move_event(gic, command);
    case ITS_MOVALL:
        return move_all(gic, command);
    case ITS_DISCARD:
        return discard(gic, command);
    case ITS_CLEAR:
    case ITS_INV:
    case ITS_INT:
        return at_event(gic, command);
    case ITS_INVALL:
        gic_lpi_invalidate_all(gic);
        return true;
    case ITS_SYNC:
        return true; /* commands take effect in order, at once */
    default:
        return false;
    }
}

bool gic_its_commands_wait(const struct gic *gic)
{
    const struct gic_its *its = &gic->its;
    return its->command_read != its->command_write && its->control != 0 && its_queue_size(gic) != 0 &&
           (its->command_read & ITS_STALLED) == 0;
}

void gic_its_run_commands(struct gic *gic)
{
    struct gic_its *its = &gic->its;
    uint32_t current = gic->config.ops->current(gic->config.context);
    for (uint32_t i = 0; i < COMMANDS_AT_A_TIME && gic_its_commands_wait(gic); i++) {
        struct command command;
        gpa_t at = {(its->command_base & 0x000ffffffffff000ull) + its->command_read};
        if (!guest_read(gic->memory, at, &command, sizeof(command))) {
            log_guest_error(gic->vm, &gic->errors, "its", "the command queue is not in RAM");
            its->command_read |= ITS_STALLED;
            return;
        }
        if (!carry_out(gic, &command)) {
            log_guest_error(gic->vm, &gic->errors, "its", "command 0x%x of device 0x%x makes no sense",
                            (uint32_t)command.word[0] & 0xffu, device_of(&command));
        }
        its->command_read += ITS_COMMAND_BYTES;
        if (its->command_read >= its_queue_size(gic)) {
            its->command_read = 0;
        }
    }
    if (gic_its_commands_wait(gic) && current < gic->config.vcpu_count) {
        gic->vcpus[current].attention = 1; /* goes on when it enters the guest */
    }
}
