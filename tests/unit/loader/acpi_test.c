/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables: hand-made right ones, and hostile ones. */
#include "support.h"

#include <loader_arch/acpi.h>

static struct fake_memory fake;
static struct hardware_info hardware;
static struct acpi_fixed fixed;

static int set_up(void **state)
{
    (void)state;
    fake_memory_start(&fake);
    memset(&hardware, 0, sizeof(hardware));
    memset(&fixed, 0, sizeof(fixed));
    forget_warnings();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_memory_end(&fake);
    return 0;
}

static uint8_t sum(const uint8_t *bytes, uint32_t size)
{
    uint8_t result = 0;
    for (uint32_t i = 0; i < size; i++) {
        result = (uint8_t)(result + bytes[i]);
    }
    return result;
}

static void fix_checksum(uint8_t *table, uint32_t size)
{
    table[9] = 0;
    table[9] = (uint8_t)(0 - sum(table, size));
}

static uint8_t *add_table(uint64_t address, const char *signature, const void *body, uint32_t body_size)
{
    uint8_t *table = fake_memory_add(&fake, address, NULL, 36 + body_size);
    memcpy(table, signature, 4);
    put_u32(table + 4, 36 + body_size);
    if (body != NULL) {
        memcpy(table + 36, body, body_size);
    }
    fix_checksum(table, 36 + body_size);
    return table;
}

static void make_rsdp(uint8_t rsdp[36], uint8_t revision, uint32_t rsdt, uint64_t xsdt)
{
    memset(rsdp, 0, 36);
    memcpy(rsdp, (const uint8_t[]){'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '}, 8);
    rsdp[15] = revision;
    put_u32(rsdp + 16, rsdt);
    put_u32(rsdp + 20, 36);
    put_u64(rsdp + 24, xsdt);
    rsdp[8] = (uint8_t)(0 - sum(rsdp, 20));
    rsdp[32] = (uint8_t)(0 - sum(rsdp, 36));
}

static const uint8_t madt_body[] = {
    0x00, 0x00, 0xe0, 0xfe, 1, 0, 0,    0,                               /* LAPIC address, flags */
    0,    8,    0,    0,    1, 0, 0,    0,                               /* CPU 0, enabled */
    0,    8,    1,    5,    1, 0, 0,    0,                               /* CPU with APIC id 5 */
    0,    8,    2,    6,    0, 0, 0,    0,                               /* disabled */
    0,    8,    3,    7,    2, 0, 0,    0,                               /* could be plugged in */
    9,    16,   0,    0,    5, 0, 0,    0,    1,    0, 0, 0, 9, 0, 0, 0, /* APIC id 5 again, as x2APIC */
    9,    16,   0,    0,    0, 1, 0,    0,    1,    0, 0, 0, 8, 0, 0, 0, /* x2APIC id 256 */
    1,    12,   3,    0,    0, 0, 0xc0, 0xfe, 24,   0, 0, 0,             /* IOAPIC */
    2,    10,   0,    0,    2, 0, 0,    0,    0,    0,                   /* IRQ 0 is GSI 2 */
    2,    10,   0,    9,    9, 0, 0,    0,    0x0f, 0,                   /* IRQ 9: low, level */
    2,    10,   0,    5,    5, 0, 0,    0,    0x0d, 0,                   /* IRQ 5: high, level */
    2,    10,   1,    7,    7, 0, 0,    0,    0x0f, 0,                   /* not the ISA bus */
    4,    6,    0xff, 0,    0, 1,                                        /* NMI: of no interest */
    5,    12,   0,    0,    0, 0, 0xe1, 0xfe, 1,    0, 0, 0,             /* LAPIC address, 64 bits */
};

static void test_madt(void **state)
{
    (void)state;
    add_table(0x1000, "APIC", madt_body, sizeof(madt_body));
    acpi_read_madt(acpi_table_at(&fake.memory, 0x1000), &hardware);
    assert_int_equal(hardware.cpu_count, 3);
    assert_int_equal(hardware.cpus[0].apic_id, 0);
    assert_int_equal(hardware.cpus[1].apic_id, 5);
    assert_int_equal(hardware.cpus[1].acpi_id, 1);
    assert_int_equal(hardware.cpus[2].apic_id, 256);
    assert_int_equal(hardware.cpus[2].acpi_id, 8);
    assert_int_equal(hardware.arch.ioapic_count, 1);
    assert_int_equal(hardware.arch.ioapics[0].id, 3);
    assert_int_equal(hardware.arch.ioapics[0].address, 0xfec00000);
    assert_int_equal(hardware.arch.ioapics[0].gsi_base, 24);
    assert_int_equal(hardware.arch.override_count, 3);
    assert_int_equal(hardware.arch.overrides[0].source, 0);
    assert_int_equal(hardware.arch.overrides[0].gsi, 2);
    assert_int_equal(hardware.arch.overrides[0].active_low, 0);
    assert_int_equal(hardware.arch.overrides[0].edge, 1);
    assert_int_equal(hardware.arch.overrides[1].active_low, 1);
    assert_int_equal(hardware.arch.overrides[1].edge, 0);
    assert_int_equal(hardware.arch.overrides[2].active_low, 0);
    assert_int_equal(hardware.arch.overrides[2].edge, 0);
    assert_int_equal(hardware.arch.lapic_address, 0x1fee10000ull);
    assert_int_equal(warning_count, 0);
}

static void test_madt_hostile(void **state)
{
    (void)state;
    /* Entries of every type with every length, at the table's very end. */
    for (uint32_t type = 0; type < 20; type++) {
        for (uint32_t told = 0; told < 24; told++) {
            for (uint32_t real = 0; real < 20; real++) {
                uint8_t body[8 + 20];
                memset(body, 0xff, sizeof(body));
                body[8] = (uint8_t)type;
                body[9] = (uint8_t)told;
                fake_memory_end(&fake);
                add_table(0x1000, "APIC", body, 8 + real);
                acpi_read_madt(acpi_table_at(&fake.memory, 0x1000), &hardware);
            }
        }
    }
    /* More of everything than there is room for. */
    static uint8_t many[8 + 100 * (8 + 12 + 10)];
    uint32_t position = 8;
    for (uint32_t i = 0; i < 100; i++) {
        uint8_t *entry = many + position;
        memcpy(entry, (uint8_t[]){0, 8, (uint8_t)i, (uint8_t)i, 1, 0, 0, 0}, 8);
        memcpy(entry + 8, (uint8_t[]){1, 12, (uint8_t)i, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 12);
        memcpy(entry + 20, (uint8_t[]){2, 10, 0, (uint8_t)i, 0, 0, 0, 0, 0, 0}, 10);
        position += 30;
    }
    tear_down(NULL);
    set_up(NULL);
    add_table(0x2000, "APIC", many, position);
    acpi_read_madt(acpi_table_at(&fake.memory, 0x2000), &hardware);
    assert_int_equal(hardware.cpu_count, HARDWARE_MAX_CPUS);
    assert_int_equal(hardware.arch.ioapic_count, HARDWARE_MAX_IOAPICS);
    assert_int_equal(hardware.arch.override_count, HARDWARE_MAX_OVERRIDES);
    /* A table without room for its fixed part. */
    tear_down(NULL);
    set_up(NULL);
    add_table(0x3000, "APIC", madt_body, 7);
    acpi_read_madt(acpi_table_at(&fake.memory, 0x3000), &hardware);
    assert_int_equal(hardware.cpu_count, 0);
    assert_int_equal(warning_count, 1);
}

/* Name (\_S5_, Package () {5, 4, 0, 0}) among other things. */
static const uint8_t dsdt_body[] = {0x10, 0x05, '_',  'S',  'B',  '_',  0x08, '\\', '_',  'S', '5',
                                    '_',  0x12, 0x08, 0x04, 0x0a, 0x05, 0x0a, 0x04, 0x00, 0x00};

static uint8_t *add_fadt(uint64_t address, uint32_t dsdt)
{
    uint8_t body[268 - 36] = {0};
    put_u32(body + 40 - 36, dsdt);
    put_u16(body + 46 - 36, 9);
    put_u32(body + 48 - 36, 0xb2);
    body[52 - 36] = 0xf1;
    put_u32(body + 56 - 36, 0x600);
    put_u32(body + 64 - 36, 0x604);
    put_u32(body + 76 - 36, 0x608);
    body[88 - 36] = 4;
    body[89 - 36] = 2;
    body[91 - 36] = 4;
    body[108 - 36] = 0x32;
    put_u32(body + 112 - 36, 1u << 8 | 1u << 10);
    memcpy(body + 116 - 36, (uint8_t[]){1, 8, 0, 0, 0xf9, 0x0c, 0, 0, 0, 0, 0, 0}, 12);
    body[128 - 36] = 0x0f;
    /* The extended control register is elsewhere; the extended timer is not given. */
    memcpy(body + 172 - 36, (uint8_t[]){0, 16, 0, 0, 0x04, 0, 0, 0xfd, 0, 0, 0, 0}, 12);
    return add_table(address, "FACP", body, sizeof(body));
}

static void test_whole_tree(void **state)
{
    (void)state;
    static const uint8_t mcfg[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0};
    static const uint8_t hpet[] = {1, 0xa2, 0x86, 0x80, 0, 64, 0, 0, 0, 0, 0xd0, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t tpm2[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0};
    uint8_t entries[6 * 8];
    put_u64(entries, 0x2000);
    put_u64(entries + 8, 0x3000);
    put_u64(entries + 16, 0x4000);
    put_u64(entries + 24, 0x5000);
    put_u64(entries + 32, 0x123456789000ull); /* nothing there */
    put_u64(entries + 40, 0x7000);
    add_table(0x1000, "XSDT", entries, sizeof(entries));
    add_fadt(0x2000, 0x6000);
    add_table(0x3000, "APIC", madt_body, sizeof(madt_body));
    add_table(0x4000, "MCFG", mcfg, sizeof(mcfg));
    add_table(0x5000, "HPET", hpet, sizeof(hpet));
    add_table(0x7000, "TPM2", tpm2, sizeof(tpm2));
    add_table(0x6000, "DSDT", dsdt_body, sizeof(dsdt_body));
    uint8_t rsdp[36];
    make_rsdp(rsdp, 2, 0, 0x1000);
    assert_true(acpi_read(&fake.memory, rsdp, sizeof(rsdp), &hardware, &fixed));
    assert_int_equal(warning_count, 0);
    assert_int_equal(hardware.cpu_count, 3);
    assert_int_equal(hardware.ecam_count, 1);
    assert_int_equal(hardware.ecams[0].address, 0xb0000000);
    assert_int_equal(hardware.ecams[0].last_bus, 255);
    assert_int_equal(hardware.arch.hpet_address, 0xfed00000);
    assert_int_equal(hardware.tpm_start_method, 6);
    assert_int_equal(hardware.arch.sci_interrupt, 9);
    assert_int_equal(hardware.arch.pm1a_event.address, 0x600);
    assert_int_equal(hardware.arch.pm1a_event.space, 1);
    assert_int_equal(hardware.arch.pm1a_event.width, 32);
    assert_int_equal(hardware.arch.pm1a_control.address, 0xfd000004);
    assert_int_equal(hardware.arch.pm1a_control.space, 0);
    assert_int_equal(hardware.arch.pm1b_control.valid, 0);
    assert_int_equal(hardware.arch.pm_timer.address, 0x608);
    assert_int_equal(hardware.arch.pm_timer_32bit, 1);
    assert_int_equal(hardware.arch.reset.address, 0xcf9);
    assert_int_equal(hardware.arch.reset.value, 0x0f);
    assert_int_equal(hardware.arch.reset.valid, 1);
    assert_int_equal(hardware.arch.s5_valid, 1);
    assert_int_equal(hardware.arch.s5_type_a, 5);
    assert_int_equal(hardware.arch.s5_type_b, 4);
    assert_int_equal(fixed.century_register, 0x32);
    assert_int_equal(fixed.smi_command_port, 0xb2);
    assert_int_equal(fixed.acpi_enable_value, 0xf1);
}

static void test_rsdt_and_ssdt(void **state)
{
    (void)state;
    uint8_t entries[3 * 4];
    put_u32(entries, 0x2000);
    put_u32(entries + 4, 0);
    put_u32(entries + 8, 0x7000);
    add_table(0x1000, "RSDT", entries, sizeof(entries));
    add_fadt(0x2000, 0x6000);
    add_table(0x6000, "DSDT", "nothing", 7);
    add_table(0x7000, "SSDT", dsdt_body, sizeof(dsdt_body));
    uint8_t rsdp[36];
    make_rsdp(rsdp, 0, 0x1000, 0);
    assert_true(acpi_read(&fake.memory, rsdp, 20, &hardware, &fixed));
    assert_int_equal(hardware.arch.s5_valid, 1);
    assert_int_equal(hardware.arch.s5_type_a, 5);
}

static void test_wrong_tables_are_left_out(void **state)
{
    (void)state;
    uint8_t entries[8];
    put_u64(entries, 0x3000);
    uint8_t *root = add_table(0x1000, "XSDT", entries, sizeof(entries));
    uint8_t *madt = add_table(0x3000, "APIC", madt_body, sizeof(madt_body));
    uint8_t rsdp[36];
    make_rsdp(rsdp, 2, 0, 0x1000);
    madt[20] ^= 1;
    assert_true(acpi_read(&fake.memory, rsdp, sizeof(rsdp), &hardware, &fixed));
    assert_int_equal(hardware.cpu_count, 0);
    assert_non_null(strstr(last_warning, "table APIC has a wrong checksum"));
    madt[20] ^= 1;
    static const uint32_t lengths[] = {0, 35, 37, 0x2000000, 0xffffffff};
    for (unsigned int i = 0; i < 5; i++) {
        put_u32(madt + 4, lengths[i]);
        if (lengths[i] == 37) {
            fix_checksum(madt, 37); /* shorter than it is: right, but useless */
        }
        assert_true(acpi_read(&fake.memory, rsdp, sizeof(rsdp), &hardware, &fixed));
        assert_int_equal(hardware.cpu_count, 0);
    }
    root[10] ^= 1;
    assert_false(acpi_read(&fake.memory, rsdp, sizeof(rsdp), &hardware, &fixed));
    root[10] ^= 1;
    rsdp[33] ^= 1;
    assert_false(acpi_read(&fake.memory, rsdp, sizeof(rsdp), &hardware, &fixed));
    make_rsdp(rsdp, 2, 0, UINT64_MAX - 4);
    assert_false(acpi_read(&fake.memory, rsdp, sizeof(rsdp), &hardware, &fixed));
    make_rsdp(rsdp, 2, 0x3000, 0); /* a table, but no root */
    put_u32(madt + 4, 36 + sizeof(madt_body));
    fix_checksum(madt, 36 + sizeof(madt_body));
    assert_false(acpi_read(&fake.memory, rsdp, sizeof(rsdp), &hardware, &fixed));
}

/* A root table that names itself, or one table many times: read once each. */
static void test_loops(void **state)
{
    (void)state;
    static uint8_t entries[2000 * 8];
    for (unsigned int i = 0; i < 2000; i++) {
        put_u64(entries + 8 * i, i % 2 == 0 ? 0x1000 : 0x20000);
    }
    add_table(0x1000, "XSDT", entries, sizeof(entries));
    add_table(0x20000, "APIC", madt_body, sizeof(madt_body));
    uint8_t rsdp[36];
    make_rsdp(rsdp, 2, 0, 0x1000);
    assert_true(acpi_read(&fake.memory, rsdp, sizeof(rsdp), &hardware, &fixed));
    assert_int_equal(hardware.cpu_count, 3);
    assert_int_equal(hardware.arch.ioapic_count, 1);
}

static void test_fadt_lengths(void **state)
{
    (void)state;
    add_fadt(0x2000, 0x6000);
    for (uint32_t length = 0; length <= 268; length++) {
        uint8_t *copy = malloc(length + 1);
        assert_non_null(copy);
        memcpy(copy, fake.areas[0].bytes, length);
        uint8_t *exact = realloc(copy, length == 0 ? 1 : length);
        assert_non_null(exact);
        memset(&hardware, 0, sizeof(hardware));
        acpi_read_fadt((struct acpi_table){.bytes = exact, .length = length}, &hardware, &fixed);
        assert_int_equal(hardware.arch.reset.valid, length > 128);
        assert_int_equal(hardware.arch.pm1a_control.valid, length >= 116);
        free(exact);
    }
}

static void test_s5_patterns(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[16];
        uint8_t size;
        bool found;
        uint8_t a, b;
    } cases[] = {
        {{8, '_', 'S', '5', '_', 0x12, 6, 4, 0, 0, 0, 0}, 12, true, 0, 0},
        {{8, '_', 'S', '5', '_', 0x12, 6, 2, 1, 0x0a, 7}, 11, true, 1, 7},
        {{8, '_', 'S', '5', '_', 0x12, 6, 2, 0x0b, 5, 0, 1}, 12, true, 5, 1},
        {{8, '_', 'S', '5', '_', 0x12, 0x46, 0, 2, 0x0a, 3, 0x0a, 3}, 13, true, 3, 3}, /* long PkgLength */
        {{8, '_', 'S', '5', '_', 0x12, 6, 2, 0x0a, 8, 0}, 11, false, 0, 0},            /* type 8 */
        {{8, '_', 'S', '5', '_', 0x12, 6, 1, 0, 0}, 10, false, 0, 0},                  /* one element */
        {{8, '_', 'S', '5', '_', 0x12, 6, 2, 0}, 9, false, 0, 0},                      /* cut short */
        {{8, '_', 'S', '5', '_', 0x12, 0xc6}, 7, false, 0, 0},
        {{8, '_', 'S', '5', '_', 0x12}, 6, false, 0, 0},
        {{8, '_', 'S', '5', '_'}, 5, false, 0, 0},
        {{'_', 'S', '5', '_', 0x12, 6, 2, 0, 0}, 9, false, 0, 0}, /* not a name's definition */
        {{8, '_', 'S', '4', '_', 0x12, 6, 2, 0, 0}, 10, false, 0, 0},
    };
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t length = 40u + cases[i].size;
        uint8_t *table = calloc(1, length);
        assert_non_null(table);
        memcpy(table + 40, cases[i].bytes, cases[i].size);
        memset(&hardware, 0, sizeof(hardware));
        bool found = acpi_read_s5((struct acpi_table){.bytes = table, .length = length}, &hardware);
        free(table);
        if (found != cases[i].found || hardware.arch.s5_type_a != cases[i].a || hardware.arch.s5_type_b != cases[i].b) {
            fail_msg("case %u: found %d, %u, %u", i, found, hardware.arch.s5_type_a, hardware.arch.s5_type_b);
        }
    }
}

static void test_finds_rsdp(void **state)
{
    (void)state;
    uint8_t rsdp[36];
    make_rsdp(rsdp, 2, 0, 0x1000);
    uint8_t *bios = fake_memory_add(&fake, 0xe0000, NULL, 0x20000);
    assert_int_equal(acpi_find_rsdp(&fake.memory), 0);
    memcpy(bios + 0x15a31, rsdp, 36); /* not on a 16-byte boundary */
    assert_int_equal(acpi_find_rsdp(&fake.memory), 0);
    memcpy(bios + 0x1ffd0, rsdp, 36);
    assert_int_equal(acpi_find_rsdp(&fake.memory), 0xfffd0);
    uint8_t *segment = fake_memory_add(&fake, 0x40e, NULL, 2);
    uint8_t *ebda = fake_memory_add(&fake, 0x9fc00, NULL, 0x400);
    put_u16(segment, 0x9fc0);
    memcpy(ebda + 0x10, rsdp, 36);
    assert_int_equal(acpi_find_rsdp(&fake.memory), 0x9fc10);
    ebda[0x10 + 5] ^= 1;
    assert_int_equal(acpi_find_rsdp(&fake.memory), 0xfffd0);
    put_u16(segment, 0xffff);
    assert_int_equal(acpi_find_rsdp(&fake.memory), 0xfffd0);
    assert_false(acpi_rsdp_valid(rsdp, 19));
    assert_false(acpi_rsdp_valid(rsdp, 20)); /* says that it is longer */
}

static void test_mcfg_and_hpet_hostile(void **state)
{
    (void)state;
    uint8_t body[8 + 20 * 16] = {0};
    for (uint32_t i = 0; i < 20; i++) {
        put_u64(body + 8 + i * 16, 0xb0000000 + i * 0x10000000ull);
        body[8 + i * 16 + 11] = 255;
    }
    put_u64(body + 8, 0xb0000001); /* not aligned */
    put_u64(body + 8 + 16, 0);     /* none */
    body[8 + 32 + 10] = 9;         /* buses 9 to 3 */
    body[8 + 32 + 11] = 3;
    for (uint32_t size = 0; size <= sizeof(body); size++) {
        fake_memory_end(&fake);
        memset(&hardware, 0, sizeof(hardware));
        add_table(0x1000, "MCFG", body, size);
        acpi_read_mcfg(acpi_table_at(&fake.memory, 0x1000), &hardware);
        uint32_t entries = size < 8 ? 0 : (size - 8) / 16;
        uint32_t right = entries < 3 ? 0 : entries - 3;
        assert_int_equal(hardware.ecam_count, right < HARDWARE_MAX_ECAM ? right : HARDWARE_MAX_ECAM);
    }
    for (uint32_t size = 0; size < 24; size++) {
        fake_memory_end(&fake);
        memset(&hardware, 0, sizeof(hardware));
        memset(body, 0, sizeof(body));
        put_u64(body + 8, 0xfed00000);
        add_table(0x1000, "HPET", body, size);
        acpi_read_hpet(acpi_table_at(&fake.memory, 0x1000), &hardware);
        assert_int_equal(hardware.arch.hpet_address != 0, size >= 20);
    }
}

static void test_tpm2_lengths(void **state)
{
    (void)state;
    uint8_t body[24] = {0};
    put_u64(body + 4, 0xfed40040);
    put_u32(body + 12, 7);
    for (uint32_t size = 0; size <= sizeof(body); size++) {
        fake_memory_end(&fake);
        memset(&hardware, 0, sizeof(hardware));
        forget_warnings();
        add_table(0x1000, "TPM2", body, size);
        acpi_read_tpm2(acpi_table_at(&fake.memory, 0x1000), &hardware);
        assert_int_equal(hardware.tpm_control_area, size >= 16 ? 0xfed40040 : 0);
        assert_int_equal(hardware.tpm_start_method, size >= 16 ? 7 : 0);
        assert_int_equal(warning_count, size >= 16 ? 0 : 1);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_madt),
        TEST(test_madt_hostile),
        TEST(test_whole_tree),
        TEST(test_rsdt_and_ssdt),
        TEST(test_wrong_tables_are_left_out),
        TEST(test_loops),
        TEST(test_fadt_lengths),
        TEST(test_s5_patterns),
        TEST(test_finds_rsdp),
        TEST(test_mcfg_and_hpet_hostile),
        TEST(test_tpm2_lengths),
    };
    return cmocka_run_group_tests_name("loader_acpi", tests, NULL, NULL);
}
