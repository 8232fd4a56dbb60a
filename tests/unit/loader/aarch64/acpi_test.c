/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables of AArch64 machines, right and hostile; UEFI's memory map and date. */
#include "../support.h"

#include <loader_arch/acpi.h>
#include <loader_arch/uefi.h>

static struct fake_memory fake;
static struct hardware_info hardware;

static int set_up(void **state)
{
    (void)state;
    fake_memory_start(&fake);
    memset(&hardware, 0, sizeof(hardware));
    forget_warnings();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_memory_end(&fake);
    return 0;
}

static void again(void)
{
    tear_down(NULL);
    set_up(NULL);
}

static uint8_t sum(const uint8_t *bytes, uint32_t size)
{
    uint8_t result = 0;
    for (uint32_t i = 0; i < size; i++) {
        result = (uint8_t)(result + bytes[i]);
    }
    return result;
}

/* A table of size bytes in all; body: what follows the header. */
static uint8_t *add_table(uint64_t address, const char *signature, const void *body, uint32_t size)
{
    uint8_t *table = fake_memory_add(&fake, address, NULL, size);
    memcpy(table, signature, 4);
    put_u32(table + 4, size);
    table[8] = 3; /* revision */
    if (body != NULL) {
        memcpy(table + 36, body, size - 36);
    }
    table[9] = (uint8_t)(0 - sum(table, size));
    return table;
}

static struct acpi_table table_at(uint64_t address)
{
    return acpi_table_at(&fake.memory, address);
}

/* --- MADT --- */

static uint8_t madt[4096];
static uint32_t madt_size;

static uint8_t *add_entry(uint8_t type, uint8_t length)
{
    uint8_t *entry = madt + madt_size;
    memset(entry, 0, length);
    entry[0] = type;
    entry[1] = length;
    madt_size += length;
    return entry;
}

static void add_gicc(uint64_t mpidr, uint32_t uid, uint32_t flags, uint64_t gicc, uint64_t gicr)
{
    uint8_t *entry = add_entry(11, 80);
    put_u32(entry + 8, uid);
    put_u32(entry + 12, flags);
    put_u64(entry + 32, gicc);
    put_u64(entry + 40, gicc == 0 ? 0 : gicc + 0x30000);
    put_u64(entry + 48, gicc == 0 ? 0 : gicc + 0x20000);
    put_u32(entry + 56, 25);
    put_u64(entry + 60, gicr);
    put_u64(entry + 68, mpidr);
}

static void add_gicd(uint64_t address, uint8_t version)
{
    uint8_t *entry = add_entry(12, 24);
    put_u64(entry + 8, address);
    entry[20] = version;
}

static void start_madt(void)
{
    madt_size = 8;
    memset(madt, 0, madt_size);
}

static void read_madt(void)
{
    add_table(0x1000, "APIC", madt, 36 + madt_size);
    acpi_read_madt(table_at(0x1000), &hardware);
}

static void test_madt_gic_v2(void **state)
{
    (void)state;
    start_madt();
    add_gicd(0x8000000, 2);
    add_gicc(0x80000000, 7, 1, 0x8010000, 0); /* bit 31 of MPIDR is no affinity */
    add_gicc(0x100000001, 8, 5, 0x8010000, 0);
    add_gicc(2, 9, 0, 0x8010000, 0); /* not there */
    uint8_t *frame = add_entry(13, 24);
    put_u64(frame + 8, 0x8020000);
    put_u32(frame + 16, 1);
    put_u16(frame + 20, 64);
    put_u16(frame + 22, 80);
    read_madt();
    assert_int_equal(hardware.cpu_count, 2);
    assert_int_equal(hardware.cpus[0].mpidr, 0);
    assert_int_equal(hardware.cpus[0].acpi_id, 7);
    assert_int_equal(hardware.cpus[1].mpidr, 0x100000001);
    assert_int_equal(hardware.arch.gic_version, 2);
    assert_int_equal(hardware.arch.distributor.address, 0x8000000);
    assert_int_equal(hardware.arch.distributor.size, 0x1000);
    assert_int_equal(hardware.arch.gicc.address, 0x8010000);
    assert_int_equal(hardware.arch.gicc.size, 0x2000);
    assert_int_equal(hardware.arch.gich.address, 0x8030000);
    assert_int_equal(hardware.arch.gicv.address, 0x8040000);
    assert_int_equal(hardware.arch.maintenance.intid, 25);
    assert_int_equal(hardware.arch.maintenance.edge, 0);
    assert_int_equal(hardware.arch.v2m.address, 0x8020000);
    assert_int_equal(hardware.arch.v2m_spi_count, 64);
    assert_int_equal(hardware.arch.v2m_first_spi, 80);
    assert_int_equal(warning_count, 0);
}

static void test_madt_gic_v3(void **state)
{
    (void)state;
    start_madt();
    add_gicd(0x8000000, 3);
    add_gicc(0, 0, 1, 0, 0);
    uint8_t *redistributors = add_entry(14, 16);
    put_u64(redistributors + 4, 0x80a0000);
    put_u32(redistributors + 12, 0xf60000);
    for (uint32_t i = 0; i < 9; i++) {
        uint8_t *its = add_entry(15, 20);
        put_u32(its + 4, 5 + i);
        put_u64(its + 8, 0x9000000 + i * 0x20000);
    }
    read_madt();
    assert_int_equal(hardware.arch.gic_version, 3);
    assert_int_equal(hardware.arch.distributor.size, 0x10000);
    assert_int_equal(hardware.arch.redistributor_count, 1);
    assert_int_equal(hardware.arch.redistributors[0].address, 0x80a0000);
    assert_int_equal(hardware.arch.redistributors[0].size, 0xf60000);
    assert_int_equal(hardware.arch.its_count, HARDWARE_MAX_ITS);
    assert_int_equal(hardware.arch.its[1].id, 6);
    assert_int_equal(warning_count, 1);
}

/* Redistributors that only the CPUs' entries name, and a distributor that tells no version. */
static void test_madt_redistributors_by_cpu(void **state)
{
    (void)state;
    start_madt();
    for (uint32_t i = 0; i < 4; i++) {
        add_gicc(i, i, 1, 0, 0x80a0000 + i * 0x20000);
    }
    add_gicc(4, 4, 1, 0, 0x90a0000);
    add_gicd(0x8000000, 0);
    read_madt();
    assert_int_equal(hardware.arch.gic_version, 3);
    assert_int_equal(hardware.arch.redistributor_count, 2);
    assert_int_equal(hardware.arch.redistributors[0].size, 4 * 0x20000);
    assert_int_equal(hardware.arch.redistributors[1].address, 0x90a0000);
}

static void test_madt_hostile(void **state)
{
    (void)state;
    /* Entries of every type with every length, at the table's very end. */
    for (uint32_t type = 0; type < 20; type++) {
        for (uint32_t told = 0; told < 90; told++) {
            for (uint32_t real = 0; real < 90; real += 3) {
                uint8_t body[8 + 90];
                memset(body, 0xff, sizeof(body));
                body[8] = (uint8_t)type;
                body[9] = (uint8_t)told;
                again();
                add_table(0x1000, "APIC", body, 36 + 8 + real);
                acpi_read_madt(table_at(0x1000), &hardware);
            }
        }
    }
    /* More of everything than there is room for. */
    again();
    start_madt();
    for (uint32_t i = 0; madt_size + 80 + 24 + 20 + 16 < sizeof(madt); i++) {
        add_gicc(i, i, 1, 0, 0x10000000 + i * 0x100000);
        uint8_t *its = add_entry(15, 20);
        put_u64(its + 8, i);
    }
    read_madt();
    assert_true(hardware.cpu_count <= HARDWARE_MAX_CPUS);
    assert_int_equal(hardware.arch.redistributor_count, HARDWARE_MAX_GIC_REGIONS);
    assert_int_equal(hardware.arch.its_count, HARDWARE_MAX_ITS);
    assert_int_equal(hardware.arch.gic_version, 0); /* no distributor */
    again();
    add_table(0x1000, "APIC", madt, 43);
    acpi_read_madt(table_at(0x1000), &hardware);
    assert_string_equal(last_warning, "ACPI: the MADT is too short");
}

/* --- Others --- */

static void make_gtdt(uint8_t body[60])
{
    memset(body, 0, 60);
    put_u32(body + 12, 29);
    put_u32(body + 20, 30);
    put_u32(body + 28, 27);
    put_u32(body + 32, 1);
    put_u32(body + 36, 26);
}

static void make_spcr(uint8_t body[44])
{
    memset(body, 0, 44);
    body[0] = 3; /* PL011 */
    body[5] = 32;
    put_u64(body + 8, 0x9000000);
    body[16] = 8; /* by the GIC */
    put_u32(body + 18, 33);
    put_u32(body + 40, 24000000);
}

static void make_iort(uint8_t body[12 + 20 + 68], uint32_t smmu_length)
{
    memset(body, 0, 12 + 20 + 68);
    put_u32(body, 2);
    put_u32(body + 4, 48);
    body[12] = 0; /* ITS group */
    put_u16(body + 13, 20);
    uint8_t *node = body + 32;
    node[0] = 4;
    put_u16(node + 1, (uint16_t)smmu_length);
    put_u64(node + 16, 0x9050000);
    put_u32(node + 44, 106);
    put_u32(node + 48, 107);
    put_u32(node + 52, 109);
    put_u32(node + 56, 108);
}

static void test_all_tables(void **state)
{
    (void)state;
    uint8_t gtdt[60], spcr[44], iort[100], fadt[232] = {0}, root[7 * 8], rsdp[36] = "RSD PTR ";
    start_madt();
    add_gicd(0x8000000, 3);
    add_gicc(0, 0, 1, 0, 0x80a0000);
    add_table(0x1000, "APIC", madt, 36 + madt_size);
    make_gtdt(gtdt);
    add_table(0x2000, "GTDT", gtdt, 96);
    make_spcr(spcr);
    add_table(0x3000, "SPCR", spcr, 80);
    put_u16(fadt + 129 - 36, 1);
    add_table(0x4000, "FACP", fadt, 268);
    make_iort(iort, 68);
    add_table(0x5000, "IORT", iort, 136);
    uint8_t mcfg[24] = {0};
    put_u64(mcfg + 8, 0x4010000000);
    mcfg[19] = 255;
    add_table(0x6000, "MCFG", mcfg, 60);
    uint8_t tpm2[16] = {0};
    put_u64(tpm2 + 4, 0xc000000);
    put_u32(tpm2 + 12, 6);
    add_table(0x7000, "TPM2", tpm2, 52);
    for (uint32_t i = 0; i < 7; i++) {
        put_u64(root + 8 * i, 0x1000 * (i + 1));
    }
    add_table(0x8000, "XSDT", root, 36 + sizeof(root));
    rsdp[15] = 2;
    put_u32(rsdp + 20, 36);
    put_u64(rsdp + 24, 0x8000);
    rsdp[8] = (uint8_t)(0 - sum(rsdp, 20));
    rsdp[32] = (uint8_t)(0 - sum(rsdp, 36));
    assert_true(acpi_read(&fake.memory, rsdp, 36, &hardware));
    assert_int_equal(warning_count, 0);
    assert_int_equal(hardware.cpu_count, 1);
    assert_int_equal(hardware.arch.psci_conduit, HARDWARE_PSCI_SMC);
    assert_int_equal(hardware.arch.physical_timer.intid, 30);
    assert_int_equal(hardware.arch.virtual_timer.intid, 27);
    assert_int_equal(hardware.arch.virtual_timer.edge, 1);
    assert_int_equal(hardware.arch.hyper_timer.intid, 26);
    assert_int_equal(hardware.arch.uart.address, 0x9000000);
    assert_int_equal(hardware.arch.uart_kind, HARDWARE_UART_PL011);
    assert_int_equal(hardware.arch.uart_interrupt.intid, 33);
    assert_int_equal(hardware.arch.uart_clock, 24000000);
    assert_int_equal(hardware.arch.smmu_count, 1);
    assert_int_equal(hardware.arch.smmus[0].registers.address, 0x9050000);
    assert_int_equal(hardware.arch.smmus[0].event_interrupt, 106);
    assert_int_equal(hardware.arch.smmus[0].error_interrupt, 109);
    assert_int_equal(hardware.arch.smmus[0].command_interrupt, 108);
    assert_int_equal(hardware.ecam_count, 1);
    assert_int_equal(hardware.ecams[0].address, 0x4010000000);
    assert_int_equal(hardware.tpm_start_method, 6);
    assert_int_equal(hardware.tpm_control_area, 0xc000000);
    struct hardware_arch console = {0};
    assert_true(acpi_read_console(&fake.memory, rsdp, 36, &console));
    assert_int_equal(console.uart.address, 0x9000000);
    rsdp[20]++;
    assert_false(acpi_read(&fake.memory, rsdp, 36, &hardware));
}

static void test_psci_by_hvc(void **state)
{
    (void)state;
    uint8_t fadt[232] = {0};
    put_u16(fadt + 129 - 36, 3);
    add_table(0x1000, "FACP", fadt, 268);
    acpi_read_fadt(table_at(0x1000), &hardware.arch);
    assert_int_equal(hardware.arch.psci_conduit, HARDWARE_PSCI_HVC);
    again();
    add_table(0x1000, "FACP", fadt, 130); /* ends within the field */
    acpi_read_fadt(table_at(0x1000), &hardware.arch);
    assert_int_equal(hardware.arch.psci_conduit, HARDWARE_PSCI_NONE);
}

static void test_wrong_tables(void **state)
{
    (void)state;
    uint8_t gtdt[60], spcr[44], iort[100];
    make_gtdt(gtdt);
    make_spcr(spcr);
    make_iort(iort, 68);
    for (uint32_t size = 36; size < 80; size++) {
        again();
        add_table(0x1000, "GTDT", gtdt, size);
        acpi_read_gtdt(table_at(0x1000), &hardware.arch);
        add_table(0x2000, "SPCR", spcr, size);
        acpi_read_spcr(table_at(0x2000), &hardware.arch);
        assert_int_equal(hardware.arch.virtual_timer.intid, 0);
        assert_int_equal(hardware.arch.uart.address, 0);
    }
    for (uint32_t size = 36; size < 136; size++) {
        again();
        add_table(0x1000, "IORT", iort, size);
        acpi_read_iort(table_at(0x1000), &hardware.arch);
        assert_int_equal(hardware.arch.smmu_count, 0);
        assert_int_equal(warning_count, 1);
    }
    /* Nodes of no length, too many nodes, nodes elsewhere. */
    for (uint32_t length = 0; length < 80; length++) {
        for (uint32_t first = 0; first < 200; first += 7) {
            again();
            make_iort(iort, length);
            put_u32(iort, 0xffffffff);
            put_u32(iort + 4, first);
            add_table(0x1000, "IORT", iort, 136);
            acpi_read_iort(table_at(0x1000), &hardware.arch);
            assert_true(hardware.arch.smmu_count <= HARDWARE_MAX_SMMUS);
        }
    }
    /* A timer that is no PPI, a console of another kind. */
    again();
    put_u32(gtdt + 28, 32);
    add_table(0x1000, "GTDT", gtdt, 96);
    acpi_read_gtdt(table_at(0x1000), &hardware.arch);
    assert_int_equal(hardware.arch.virtual_timer.intid, 0);
    spcr[0] = 0;
    add_table(0x2000, "SPCR", spcr, 80);
    acpi_read_spcr(table_at(0x2000), &hardware.arch);
    assert_int_equal(hardware.arch.uart.address, 0);
    assert_non_null(strstr(last_warning, "serial port"));
}

/* --- UEFI --- */

static struct uefi_memory_descriptor descriptors[600];
static uint64_t descriptor_count, descriptor_size;

static uefi_status give_map(uint64_t *size, void *map, uint64_t *key, uint64_t *each, uint32_t *version)
{
    uint64_t needed = descriptor_count * descriptor_size;
    uint64_t room = *size;
    *size = needed;
    *each = descriptor_size;
    *version = 1;
    *key = 99;
    if (room < needed) {
        return UEFI_BUFFER_TOO_SMALL;
    }
    for (uint64_t i = 0; i < descriptor_count; i++) {
        memcpy((uint8_t *)map + i * descriptor_size, &descriptors[i],
               descriptor_size < sizeof(descriptors[i]) ? descriptor_size : sizeof(descriptors[i]));
    }
    return UEFI_SUCCESS;
}

static struct boot_source source;
static uint8_t map_buffer[64 * 1024];

static uefi_status read_map(uint64_t room)
{
    static struct uefi_boot_services boot = {.get_memory_map = give_map};
    struct uefi uefi = {.boot = &boot};
    uint64_t key = 0;
    memset(&source, 0, sizeof(source));
    assert_int_equal(uefi_memory_map_room(&uefi), descriptor_count * descriptor_size + 2048);
    return uefi_memory_map(&uefi, map_buffer, room, &source, &key);
}

static struct uefi_memory_descriptor descriptor(uint32_t type, uint64_t base, uint64_t pages)
{
    return (struct uefi_memory_descriptor){
        .type = type, .physical_start = base, .page_count = pages, .attributes = 0xf};
}

static void test_uefi_memory(void **state)
{
    (void)state;
    descriptor_size = 48; /* larger than what is known of it */
    descriptor_count = 0;
    descriptors[descriptor_count++] = descriptor(UEFI_CONVENTIONAL, 0x40000000, 0x100);
    descriptors[descriptor_count++] = descriptor(UEFI_BOOT_DATA, 0x40100000, 0x100);
    descriptors[descriptor_count++] = descriptor(UEFI_LOADER_CODE, 0x40200000, 1);
    descriptors[descriptor_count++] = descriptor(6, 0x40201000, 1); /* runtime services' data */
    descriptors[descriptor_count++] = descriptor(UEFI_ACPI_RECLAIM, 0x40202000, 1);
    descriptors[descriptor_count++] = descriptor(UEFI_ACPI_NVS, 0x40203000, 1);
    descriptors[descriptor_count++] = descriptor(UEFI_UNUSABLE, 0x40204000, 1);
    descriptors[descriptor_count++] = descriptor(UEFI_CONVENTIONAL, 0x80000000, 1);
    descriptors[descriptor_count - 1].attributes = 1; /* not to be cached */
    descriptors[descriptor_count++] = descriptor(UEFI_CONVENTIONAL, 0x1000, UINT64_MAX);
    assert_int_equal(read_map(sizeof(map_buffer)), UEFI_SUCCESS);
    static const uint32_t kinds[] = {
        HARDWARE_MEMORY_USABLE,   HARDWARE_MEMORY_RESERVED, HARDWARE_MEMORY_ACPI_RECLAIMABLE,
        HARDWARE_MEMORY_ACPI_NVS, HARDWARE_MEMORY_BAD,      HARDWARE_MEMORY_RESERVED};
    assert_int_equal(source.memory_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(source.memory[i].kind, kinds[i]);
    }
    assert_int_equal(source.memory[0].base, 0x40000000);
    assert_int_equal(source.memory[0].size, 0x201000);
    assert_int_equal(read_map(10), UEFI_BUFFER_TOO_SMALL);
    descriptor_size = 24;
    assert_int_equal(read_map(sizeof(map_buffer)), UEFI_LOAD_ERROR);
    descriptor_size = 48;
    for (descriptor_count = 0; descriptor_count < 600; descriptor_count++) {
        descriptors[descriptor_count] = descriptor(UEFI_CONVENTIONAL, descriptor_count * 0x2000, 1);
    }
    assert_int_equal(read_map(sizeof(map_buffer)), UEFI_LOAD_ERROR);
}

static void test_uefi_time(void **state)
{
    (void)state;
    struct uefi_time time = {.year = 1970, .month = 1, .day = 1, .time_zone = UEFI_NO_TIME_ZONE};
    assert_int_equal(uefi_seconds(&time), 0);
    time = (struct uefi_time){.year = 2024, .month = 2, .day = 29, .hour = 23, .minute = 59, .second = 59};
    assert_int_equal(uefi_seconds(&time), 1709251199);
    time = (struct uefi_time){.year = 2026, .month = 3, .day = 1, .hour = 1, .time_zone = -60};
    assert_int_equal(uefi_seconds(&time), 1772323200);
    time.month = 13;
    assert_int_equal(uefi_seconds(&time), 0);
    time.month = 0;
    assert_int_equal(uefi_seconds(&time), 0);
    time = (struct uefi_time){.year = 1960, .month = 3, .day = 1};
    assert_int_equal(uefi_seconds(&time), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_madt_gic_v2, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_madt_gic_v3, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_madt_redistributors_by_cpu, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_madt_hostile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_psci_by_hvc, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_tables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_uefi_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_uefi_time, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
