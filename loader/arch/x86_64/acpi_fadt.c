/* SPDX-License-Identifier: BSD-2-Clause */
/* Fixed ACPI description table (ACPI 6.4, section 5.2.9) and the _S5_ object. */
#include <loader_arch/acpi.h>

#include <base/memory.h>
#include <loader/log.h>

enum fadt_layout {
    FADT_DSDT = 40,
    FADT_SCI_INTERRUPT = 46,
    FADT_SMI_COMMAND = 48,
    FADT_ACPI_ENABLE = 52,
    FADT_PM1A_EVENT = 56,
    FADT_PM1A_CONTROL = 64,
    FADT_PM1B_CONTROL = 68,
    FADT_PM_TIMER = 76,
    FADT_PM1_EVENT_LENGTH = 88,
    FADT_PM1_CONTROL_LENGTH = 89,
    FADT_PM_TIMER_LENGTH = 91,
    FADT_CENTURY = 108,
    FADT_BOOT_ARCHITECTURE = 109,
    FADT_FLAGS = 112,
    FADT_SIZE_V1 = 116,
    FADT_RESET_REGISTER = 116,
    FADT_RESET_VALUE = 128,
    FADT_X_DSDT = 140,
    FADT_X_PM1A_EVENT = 148,
    FADT_X_PM1A_CONTROL = 172,
    FADT_X_PM1B_CONTROL = 184,
    FADT_X_PM_TIMER = 208,
};

#define GENERIC_ADDRESS_SIZE    12u
#define FLAG_TIMER_32BIT        (1u << 8)
#define FLAG_RESET_REGISTER     (1u << 10)
#define FLAG_HARDWARE_REDUCED   (1u << 20)
#define BOOT_NO_REAL_TIME_CLOCK (1u << 5)
#define LAST_ADDRESS_SPACE      2u /* memory, I/O, PCI configuration */

/* Generic address structure (section 5.2.3.2); width in bits as told. */
static struct hardware_register generic_address(struct acpi_table fadt, uint32_t offset)
{
    struct hardware_register r = {0};
    if (fadt.length < offset + GENERIC_ADDRESS_SIZE) {
        return r;
    }
    const uint8_t *field = fadt.bytes + offset;
    r.address = read_u64(field + 4);
    r.space = field[0];
    r.width = field[1];
    r.valid = r.address != 0 && r.space <= LAST_ADDRESS_SPACE;
    return r;
}

/* The extended field where there is one, else the old I/O port field. */
static struct hardware_register fixed_register(struct acpi_table fadt, uint32_t extended, uint32_t legacy,
                                               uint32_t length_field)
{
    struct hardware_register r = generic_address(fadt, extended);
    if (!r.valid) {
        r = (struct hardware_register){.address = read_u32(fadt.bytes + legacy), .space = 1};
        r.valid = r.address != 0;
    }
    uint32_t bits = 8u * fadt.bytes[length_field];
    if (r.width == 0 && bits <= 64) {
        r.width = (uint8_t)bits;
    }
    return r;
}

uint64_t acpi_read_fadt(struct acpi_table fadt, struct hardware_info *hardware, struct acpi_fixed *fixed)
{
    if (fadt.length < FADT_SIZE_V1) {
        log_warning("ACPI: the FADT is too short");
        return 0;
    }
    const uint8_t *bytes = fadt.bytes;
    uint32_t flags = read_u32(bytes + FADT_FLAGS);
    hardware->arch.sci_interrupt = read_u16(bytes + FADT_SCI_INTERRUPT);
    if ((flags & FLAG_HARDWARE_REDUCED) == 0) {
        hardware->arch.pm1a_event = fixed_register(fadt, FADT_X_PM1A_EVENT, FADT_PM1A_EVENT, FADT_PM1_EVENT_LENGTH);
        hardware->arch.pm1a_control =
            fixed_register(fadt, FADT_X_PM1A_CONTROL, FADT_PM1A_CONTROL, FADT_PM1_CONTROL_LENGTH);
        hardware->arch.pm1b_control =
            fixed_register(fadt, FADT_X_PM1B_CONTROL, FADT_PM1B_CONTROL, FADT_PM1_CONTROL_LENGTH);
        hardware->arch.pm_timer = fixed_register(fadt, FADT_X_PM_TIMER, FADT_PM_TIMER, FADT_PM_TIMER_LENGTH);
        hardware->arch.pm_timer_32bit = (flags & FLAG_TIMER_32BIT) != 0;
        fixed->smi_command_port = read_u32(bytes + FADT_SMI_COMMAND);
        fixed->acpi_enable_value = bytes[FADT_ACPI_ENABLE];
    }
    if ((flags & FLAG_RESET_REGISTER) != 0 && fadt.length > FADT_RESET_VALUE) {
        hardware->arch.reset = generic_address(fadt, FADT_RESET_REGISTER);
        hardware->arch.reset.value = bytes[FADT_RESET_VALUE];
    }
    fixed->century_register = bytes[FADT_CENTURY];
    fixed->no_real_time_clock = (read_u16(bytes + FADT_BOOT_ARCHITECTURE) & BOOT_NO_REAL_TIME_CLOCK) != 0;
    uint64_t dsdt = fadt.length >= FADT_X_DSDT + 8 ? read_u64(bytes + FADT_X_DSDT) : 0;
    return dsdt != 0 ? dsdt : read_u32(bytes + FADT_DSDT);
}

#define AML_ZERO_OP    0x00
#define AML_ONE_OP     0x01
#define AML_NAME_OP    0x08
#define AML_BYTE       0x0a
#define AML_WORD       0x0b
#define AML_PACKAGE_OP 0x12
#define SLEEP_TYPE_MAX 7u

/* One integer of the package (ACPI 6.4, section 20.2.3). Returns the bytes it takes, 0: none. */
static uint32_t read_integer(const uint8_t *p, uint32_t room, uint32_t *value)
{
    if (room >= 1 && (p[0] == AML_ZERO_OP || p[0] == AML_ONE_OP)) {
        *value = p[0];
        return 1;
    }
    if (room >= 2 && p[0] == AML_BYTE) {
        *value = p[1];
        return 2;
    }
    if (room >= 3 && p[0] == AML_WORD) {
        *value = read_u16(p + 1);
        return 3;
    }
    return 0;
}

/* What follows the name: PackageOp PkgLength NumElements SLP_TYPa SLP_TYPb. */
static bool read_s5_package(const uint8_t *p, uint32_t room, struct hardware_info *hardware)
{
    if (room < 3 || p[0] != AML_PACKAGE_OP) {
        return false;
    }
    uint32_t extra = p[1] >> 6; /* further bytes of PkgLength */
    uint32_t position = 2 + extra;
    if (room <= position || p[position] < 2) {
        return false;
    }
    position++;
    uint32_t type_a, type_b;
    uint32_t size = read_integer(p + position, room - position, &type_a);
    if (size == 0 || read_integer(p + position + size, room - position - size, &type_b) == 0 ||
        type_a > SLEEP_TYPE_MAX || type_b > SLEEP_TYPE_MAX) {
        return false;
    }
    hardware->arch.s5_type_a = (uint8_t)type_a;
    hardware->arch.s5_type_b = (uint8_t)type_b;
    hardware->arch.s5_valid = 1;
    return true;
}

bool acpi_read_s5(struct acpi_table definitions, struct hardware_info *hardware)
{
    const uint8_t *bytes = definitions.bytes;
    /* Name (_S5_, Package ...) with or without a root prefix. */
    for (uint32_t i = 38; definitions.length >= 4 && i <= definitions.length - 4; i++) {
        if (bytes[i] == '_' && memcmp(bytes + i, "_S5_", 4) == 0 &&
            (bytes[i - 1] == AML_NAME_OP || (bytes[i - 1] == '\\' && bytes[i - 2] == AML_NAME_OP)) &&
            read_s5_package(bytes + i + 4, definitions.length - i - 4, hardware)) {
            return true;
        }
    }
    return false;
}
