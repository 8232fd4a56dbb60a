/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI: fixed hardware and tables. The tables are also read by ACPICA's disassembler (iasl). */
#include "pc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TABLES_ADDRESS 0xe0000u

static int setup(void **state)
{
    static struct pc pc;
    pc_create(&pc);
    *state = &pc;
    return 0;
}

/* --- Fixed hardware --- */

static void soft_off(void **state)
{
    struct pc *pc = *state;
    assert_int_equal(in(pc, 0x604, 2), 1); /* SCI_EN */
    out(pc, 0x604, 2, PC_SLEEP_TYPE_S5 << 10);
    assert_int_equal(pc->power_offs, 0);
    assert_int_equal(in(pc, 0x604, 2), PC_SLEEP_TYPE_S5 << 10 | 1);
    out(pc, 0x604, 2, PC_SLEEP_TYPE_S5 << 10 | 0x2000);
    assert_int_equal(pc->power_offs, 1);
    assert_int_equal(in(pc, 0x604, 2) & 0x2000, 0);
}

static void other_sleep_types_are_logged_and_ignored(void **state)
{
    struct pc *pc = *state;
    uint32_t errors = pc_guest_errors();
    for (uint32_t type = 0; type < 8; type++) {
        if (type != PC_SLEEP_TYPE_S5) {
            out(pc, 0x604, 2, type << 10 | 0x2000);
        }
    }
    assert_int_equal(pc->power_offs, 0);
    assert_int_equal(pc_guest_errors() - errors, 7);
}

static void power_button_raises_sci_until_cleared(void **state)
{
    struct pc *pc = *state;
    assert_false(acpi_pm_press_power_button(&pc->pm)); /* not enabled */
    assert_false(pc->lines[9]);
    assert_int_equal(in(pc, 0x600, 2), 0x100);
    out(pc, 0x602, 2, 0x100);
    assert_true(pc->lines[9]);
    out(pc, 0x600, 2, 0x100);
    assert_false(pc->lines[9]);
    assert_true(acpi_pm_press_power_button(&pc->pm));
    assert_true(pc->lines[9]);
    out(pc, 0x600, 2, 0x001); /* another bit */
    assert_true(pc->lines[9]);
    outb(pc, 0x601, 0x01); /* the same as a byte */
    assert_false(pc->lines[9]);
}

static void timer_counts_at_its_frequency_and_wraps(void **state)
{
    struct pc *pc = *state;
    uint32_t start = in(pc, 0x608, 4);
    pc_advance_us(pc, 1000000);
    assert_in_range(in(pc, 0x608, 4) - start, 3579544, 3579545);
    pc_advance_us(pc, 1200ull * 1000000); /* 2^32 ticks are 1200 seconds */
    uint64_t expected = 1201ull * 3579545;
    assert_in_range(in(pc, 0x608, 4), (uint32_t)expected - 2, (uint32_t)expected);
    assert_int_equal(in(pc, 0x609, 1), in(pc, 0x608, 4) >> 8 & 0xff);
    out(pc, 0x608, 4, 0);
    assert_in_range(in(pc, 0x608, 4), (uint32_t)expected - 2, (uint32_t)expected);
}

static void timer_status_is_set_when_the_highest_bit_changes(void **state)
{
    struct pc *pc = *state;
    pc_advance_us(pc, 599900000);
    assert_int_equal(in(pc, 0x600, 2), 0);
    pc_advance_us(pc, 100000);
    assert_int_equal(in(pc, 0x600, 2), 1);
    assert_int_equal(pc->timers.next, 0);
    out(pc, 0x600, 2, 1);
    out(pc, 0x602, 2, 1);
    pc_advance_us(pc, 599000000);
    assert_false(pc->lines[9]);
    pc_advance_us(pc, 1000000);
    assert_true(pc->lines[9]);
    out(pc, 0x600, 2, 1);
    assert_false(pc->lines[9]);
    pc_advance_us(pc, 600000000);
    assert_true(pc->lines[9]);
}

static void accesses_of_any_width(void **state)
{
    struct pc *pc = *state;
    out(pc, 0x600, 4, 0x07210000); /* status and enable at once */
    assert_int_equal(in(pc, 0x600, 4), 0x07210000);
    assert_int_equal(in(pc, 0x602, 1), 0x21);
    assert_int_equal(in(pc, 0x603, 1), 0x07);
    outb(pc, 0x603, 0);
    assert_int_equal(in(pc, 0x602, 2), 0x0021);
    assert_int_equal(in(pc, 0x606, 2), 0);
    outb(pc, 0x605, PC_SLEEP_TYPE_S5 << 2 | 0x20);
    assert_int_equal(pc->power_offs, 1);
}

static void reset_clears_and_releases(void **state)
{
    struct pc *pc = *state;
    out(pc, 0x602, 2, 0x100);
    acpi_pm_press_power_button(&pc->pm);
    acpi_pm_reset(&pc->pm);
    assert_false(pc->lines[9]);
    assert_int_equal(in(pc, 0x600, 4), 0);
}

/* --- Tables --- */

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint8_t sum(const uint8_t *bytes, uint32_t size)
{
    uint8_t total = 0;
    for (uint32_t i = 0; i < size; i++) {
        total = (uint8_t)(total + bytes[i]);
    }
    return total;
}

#define ALL_SLOTS 0xfffffffeu /* but the host bridge's */

static uint8_t blob[ACPI_TABLES_MAX_SIZE];

static uint32_t build_with(uint32_t vcpus, uint32_t transports, uint32_t slots)
{
    struct acpi_tables_config config = {.vcpu_count = vcpus, .virtio_mmio_count = transports, .pci_slots = slots};
    for (uint32_t i = 0; i < transports; i++) {
        config.virtio_mmio[i] = (struct acpi_virtio_mmio){.base = PC_VIRTIO_MMIO_BASE + i * 0x200, .gsi = 20 + i % 4};
    }
    memset(blob, 0xcc, sizeof(blob));
    uint32_t used = acpi_tables_build(&config, blob, sizeof(blob), TABLES_ADDRESS);
    assert_true(used > 0 && used <= sizeof(blob));
    for (uint32_t i = used; i < sizeof(blob); i++) {
        assert_int_equal(blob[i], 0xcc);
    }
    return used;
}

static uint32_t build(uint32_t vcpus)
{
    return build_with(vcpus, 0, 0);
}

static const uint8_t *at_address(uint32_t address)
{
    assert_in_range(address, TABLES_ADDRESS, TABLES_ADDRESS + sizeof(blob) - 36);
    return blob + (address - TABLES_ADDRESS);
}

/* Follows the RSDP as an operating system does. */
static const uint8_t *find_table(const char *signature)
{
    const uint8_t *xsdt = at_address(word(blob + 24));
    uint32_t length = word(xsdt + 4);
    for (uint32_t i = 36; i < length; i += 8) {
        const uint8_t *table = at_address(word(xsdt + i));
        assert_int_equal(word(xsdt + i + 4), 0);
        if (memcmp(table, signature, 4) == 0) {
            return table;
        }
    }
    fail();
    return NULL;
}

static void root_tables_lead_to_all_others(void **state)
{
    (void)state;
    build(2);
    assert_memory_equal(blob, "RSD PTR ", 8);
    assert_int_equal(sum(blob, 20), 0);
    assert_int_equal(sum(blob, 36), 0);
    const uint8_t *rsdt = at_address(word(blob + 16));
    const uint8_t *xsdt = at_address(word(blob + 24));
    assert_int_equal(sum(rsdt, word(rsdt + 4)), 0);
    assert_int_equal(sum(xsdt, word(xsdt + 4)), 0);
    assert_int_equal((word(rsdt + 4) - 36) / 4, (word(xsdt + 4) - 36) / 8);
    static const char *const signatures[] = {"FACP", "APIC", "MCFG"};
    for (uint32_t i = 0; i < 3; i++) {
        const uint8_t *table = find_table(signatures[i]);
        assert_int_equal(sum(table, word(table + 4)), 0);
        assert_int_equal(word(rsdt + 36 + 4 * i), word(xsdt + 36 + 8 * i));
    }
    const uint8_t *fadt = find_table("FACP");
    const uint8_t *dsdt = at_address(word(fadt + 40));
    assert_memory_equal(dsdt, "DSDT", 4);
    assert_int_equal(sum(dsdt, word(dsdt + 4)), 0);
    const uint8_t *facs = at_address(word(fadt + 36));
    assert_memory_equal(facs, "FACS", 4);
    assert_int_equal(word(fadt + 36) % 64, 0);
}

static void fadt_names_the_registers(void **state)
{
    (void)state;
    build(1);
    const uint8_t *fadt = find_table("FACP");
    assert_int_equal(word(fadt + 4), 276);
    assert_int_equal(fadt[8], 6);
    assert_int_equal(fadt[46], PC_GSI_SCI);
    assert_int_equal(word(fadt + 48), 0);
    assert_int_equal(word(fadt + 56), 0x600);
    assert_int_equal(word(fadt + 64), 0x604);
    assert_int_equal(word(fadt + 76), 0x608);
    assert_int_equal(fadt[108], 0x32);
    assert_int_equal(word(fadt + 120), 0xcf9);
    assert_int_equal(fadt[128], 6);
    assert_int_equal(word(fadt + 152), 0x600);
    assert_int_equal(word(fadt + 112) & 1u << 10, 1u << 10);
}

static void reset_register_of_the_fadt_resets(void **state)
{
    struct pc *pc = *state;
    build(1);
    const uint8_t *fadt = find_table("FACP");
    outb(pc, (uint16_t)word(fadt + 120), fadt[128]);
    assert_int_equal(pc->resets, 1);
    assert_int_equal(pc->reset_kind, MACHINE_RESET_HARD);
}

static void madt_lists_processors_and_overrides(void **state)
{
    (void)state;
    for (uint32_t vcpus = 1; vcpus <= VM_MAX_VCPUS; vcpus++) {
        build(vcpus);
        const uint8_t *madt = find_table("APIC");
        uint32_t length = word(madt + 4);
        uint32_t processors = 0, ioapics = 0, overrides = 0, nmis = 0;
        assert_int_equal(word(madt + 36), 0xfee00000);
        for (uint32_t at = 44; at < length; at += madt[at + 1]) {
            assert_true(madt[at + 1] >= 2 && at + madt[at + 1] <= length);
            switch (madt[at]) {
            case 0:
                assert_int_equal(madt[at + 3], processors);
                assert_int_equal(word(madt + at + 4), 1);
                processors++;
                break;
            case 1:
                assert_int_equal(word(madt + at + 4), 0xfec00000);
                assert_int_equal(word(madt + at + 8), 0);
                ioapics++;
                break;
            case 2:
                if (madt[at + 3] == 0) {
                    assert_int_equal(word(madt + at + 4), 2);
                    assert_int_equal(madt[at + 8], 0);
                } else {
                    assert_int_equal(madt[at + 3], 9);
                    assert_int_equal(word(madt + at + 4), 9);
                    assert_int_equal(madt[at + 8], 0x0d);
                }
                overrides++;
                break;
            case 4:
                nmis++;
                break;
            default:
                fail();
            }
        }
        assert_int_equal(processors, vcpus);
        assert_int_equal(ioapics, 1);
        assert_int_equal(overrides, 2);
        assert_int_equal(nmis, 1);
    }
}

static void ssdt_lists_transports(void **state)
{
    (void)state;
    build(1);
    assert_int_equal(word(at_address(word(blob + 24)) + 4), 36 + 3 * 8); /* none: no table */
    build_with(1, ACPI_MAX_VIRTIO_MMIO, 0);
    const uint8_t *ssdt = find_table("SSDT");
    uint32_t length = word(ssdt + 4);
    assert_int_equal(sum(ssdt, length), 0);
    uint32_t found = 0;
    for (uint32_t i = 36; i + 12 <= length; i++) {
        /* A fixed range of memory, then an interrupt. */
        if (memcmp(ssdt + i, "\x86\x09\x00\x01", 4) == 0) {
            assert_int_equal(word(ssdt + i + 4), PC_VIRTIO_MMIO_BASE + found * 0x200);
            assert_int_equal(word(ssdt + i + 8), 0x200);
            assert_int_equal(word(ssdt + i + 17), 20 + found % 4);
            found++;
        }
    }
    assert_int_equal(found, ACPI_MAX_VIRTIO_MMIO);
}

static void ssdt_lists_slots(void **state)
{
    (void)state;
    build_with(1, 0, 1u << 3 | 1u << 31);
    const uint8_t *ssdt = find_table("SSDT");
    uint32_t length = word(ssdt + 4);
    assert_int_equal(sum(ssdt, length), 0);
    uint32_t addresses = 0, ejects = 0;
    for (uint32_t i = 36; i + 16 <= length; i++) {
        if (memcmp(ssdt + i, "_ADR", 4) == 0) {
            assert_int_equal(word(ssdt + i + 5), (addresses == 0 ? 3u : 31u) << 16);
            addresses++;
        }
        if (memcmp(ssdt + i, "_EJ0", 4) == 0) {
            assert_int_equal(word(ssdt + i + 7), 1u << (ejects == 0 ? 3 : 31));
            assert_memory_equal(ssdt + i + 11, "SEJT", 4);
            ejects++;
        }
    }
    assert_int_equal(addresses, 2);
    assert_int_equal(ejects, 2);
}

/* --- General-purpose events and slots --- */

static void events_raise_sci_until_cleared(void **state)
{
    struct pc *pc = *state;
    build(1);
    const uint8_t *fadt = find_table("FACP");
    uint16_t status = (uint16_t)word(fadt + 80), enable = (uint16_t)(status + fadt[92] / 2);
    assert_int_equal(word(fadt + 224), status);
    acpi_pm_raise_event(&pc->pm, 9);
    assert_false(pc->lines[PC_GSI_SCI]); /* not enabled */
    assert_int_equal(in(pc, status, 2), 1u << 9);
    outb(pc, (uint16_t)(enable + 1), 1u << 1);
    assert_true(pc->lines[PC_GSI_SCI]);
    outb(pc, status, 0xff); /* others */
    assert_true(pc->lines[PC_GSI_SCI]);
    outb(pc, (uint16_t)(status + 1), 1u << 1);
    assert_false(pc->lines[PC_GSI_SCI]);
    assert_int_equal(in(pc, status, 4), 1u << 25);
    acpi_pm_reset(&pc->pm);
    assert_int_equal(in(pc, status, 4), 0);
}

#define SLOTS_CHANGED 0x620
#define SLOTS_LEAVING 0x624
#define SLOTS_PRESENT 0x628
#define SLOTS_EJECT   0x62c

static uint32_t let_go[PCI_SLOTS];

static void released(void *context, uint32_t slot)
{
    assert_ptr_equal(context, let_go);
    let_go[slot]++;
}

static void add_function(struct pc *pc, struct pci_device *function, uint32_t slot, bool removable, bool present)
{
    static const struct pci_identity identity = {.vendor_id = 0x1234, .device_id = 0x5678};
    pci_device_init(function, "function", &identity, NULL, NULL);
    assert_int_equal(removable ? pci_slot_add(&pc->pci, slot, function, present)
                               : pci_host_add(&pc->pci, PCI_DEVFN(slot, 0), function),
                     0);
}

static uint32_t vendor(struct pc *pc, uint32_t slot)
{
    out(pc, 0xcf8, 4, 0x80000000u | slot << 11);
    return in(pc, 0xcfc, 2);
}

static void slots_are_filled_and_emptied(void **state)
{
    struct pc *pc = *state;
    struct pci_device functions[2];
    memset(let_go, 0, sizeof(let_go));
    pc->pci.slot_released = released;
    pc->pci.slot_context = let_go;
    add_function(pc, &functions[0], 3, true, false);
    add_function(pc, &functions[1], 31, true, true);
    outb(pc, PC_PORT_GPE0 + 2, 1u << PC_GPE_PCI_SLOTS);
    assert_int_equal(in(pc, SLOTS_PRESENT, 4), 1u << 31);
    assert_int_equal(vendor(pc, 3), 0xffff);
    pci_slot_insert(&pc->pci, 3);
    assert_true(pc->lines[PC_GSI_SCI]);
    assert_int_equal(vendor(pc, 3), 0x1234);
    assert_int_equal(in(pc, SLOTS_CHANGED, 4), 1u << 3);
    assert_int_equal(in(pc, SLOTS_PRESENT, 4), 1u << 31 | 1u << 3);
    outb(pc, PC_PORT_GPE0, 1u << PC_GPE_PCI_SLOTS);
    out(pc, SLOTS_CHANGED, 4, ~0u);
    assert_int_equal(in(pc, SLOTS_CHANGED, 4), 0);
    pci_slot_ask(&pc->pci, 3);
    assert_true(pc->lines[PC_GSI_SCI]);
    assert_int_equal(in(pc, SLOTS_LEAVING, 4), 1u << 3);
    pci_slot_withdraw(&pc->pci, 3);
    assert_int_equal(in(pc, SLOTS_LEAVING, 4), 0);
    pci_slot_ask(&pc->pci, 3);
    out(pc, SLOTS_EJECT, 4, 1u << 3);
    assert_int_equal(let_go[3], 1);
    assert_int_equal(in(pc, SLOTS_LEAVING, 4), 0);
    assert_int_equal(in(pc, SLOTS_PRESENT, 4), 1u << 31);
    assert_int_equal(vendor(pc, 3), 0xffff);
    pci_slot_pull(&pc->pci, 31);
    assert_int_equal(in(pc, SLOTS_CHANGED, 4), 1u << 31);
    assert_int_equal(in(pc, SLOTS_PRESENT, 4), 0);
    assert_int_equal(let_go[31], 0);
}

/* A guest ejects what and when it likes. */
static void senseless_ejections_are_counted(void **state)
{
    struct pc *pc = *state;
    struct pci_device functions[3];
    uint32_t errors = pc_guest_errors();
    memset(let_go, 0, sizeof(let_go));
    pc->pci.slot_released = released;
    pc->pci.slot_context = let_go;
    add_function(pc, &functions[0], 3, true, false);
    add_function(pc, &functions[1], 4, true, true);
    add_function(pc, &functions[2], 5, false, true);
    out(pc, SLOTS_EJECT, 4, 0xffffffffu); /* the host bridge, what is fixed, what is not there; and, unasked, 4 */
    assert_int_equal(pc_guest_errors() - errors, 31);
    out(pc, SLOTS_EJECT, 4, 1u << 4);
    assert_int_equal(pc_guest_errors() - errors, 32);
    assert_int_equal(let_go[4], 1);
    assert_int_equal(vendor(pc, 5), 0x1234);
    assert_int_equal(vendor(pc, 0), PC_PCI_BRIDGE_VENDOR);
    /* Other widths, what is read-only. */
    out(pc, SLOTS_PRESENT, 4, ~0u);
    outb(pc, SLOTS_EJECT, 0xff);
    out(pc, SLOTS_LEAVING + 2, 2, 0xffff);
    assert_int_equal(pc_guest_errors() - errors, 35);
    assert_int_equal(in(pc, SLOTS_EJECT, 4), 0);
    assert_int_equal(in(pc, SLOTS_PRESENT, 1), 0);
    for (uint32_t slot = 0; slot < PCI_SLOTS; slot++) {
        assert_int_equal(let_go[slot], slot == 4);
    }
}

static void impossible_configurations_are_refused(void **state)
{
    (void)state;
    struct acpi_tables_config config = {.vcpu_count = 0};
    assert_int_equal(acpi_tables_build(&config, blob, sizeof(blob), TABLES_ADDRESS), 0);
    config.vcpu_count = VM_MAX_VCPUS + 1;
    assert_int_equal(acpi_tables_build(&config, blob, sizeof(blob), TABLES_ADDRESS), 0);
    config.vcpu_count = 1;
    config.virtio_mmio_count = ACPI_MAX_VIRTIO_MMIO + 1;
    assert_int_equal(acpi_tables_build(&config, blob, sizeof(blob), TABLES_ADDRESS), 0);
    config.virtio_mmio_count = 0;
    config.pci_slots = 1; /* the host bridge's */
    assert_int_equal(acpi_tables_build(&config, blob, sizeof(blob), TABLES_ADDRESS), 0);
    config.pci_slots = 0;
    assert_int_equal(acpi_tables_build(&config, blob, sizeof(blob), TABLES_ADDRESS + 8), 0);
    assert_int_equal(acpi_tables_build(&config, blob, sizeof(blob), 0xfffffff0), 0);
    assert_int_equal(acpi_tables_build(&config, blob, sizeof(blob), 1ull << 32), 0);
}

static void every_size_that_is_too_small_is_refused(void **state)
{
    (void)state;
    uint32_t used = build_with(VM_MAX_VCPUS, ACPI_MAX_VIRTIO_MMIO, ALL_SLOTS);
    struct acpi_tables_config config = {
        .vcpu_count = VM_MAX_VCPUS, .virtio_mmio_count = ACPI_MAX_VIRTIO_MMIO, .pci_slots = ALL_SLOTS};
    for (uint32_t size = 0; size <= used; size++) {
        /* The address sanitizer watches the end. */
        uint8_t *exact = malloc((size_t)size + 1);
        assert_non_null(exact);
        exact[size] = 0xcc;
        assert_int_equal(acpi_tables_build(&config, exact, size, TABLES_ADDRESS), size < used ? 0 : used);
        assert_int_equal(exact[size], 0xcc);
        free(exact);
    }
}

/* Runs iasl in `directory` with its output in `log` there. */
static void run_iasl(const char *directory, const char *option, const char *input, const char *log)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (chdir(directory) == 0 && freopen(log, "w", stdout) != NULL && dup2(STDOUT_FILENO, STDERR_FILENO) >= 0) {
            execlp("iasl", "iasl", option, input, (char *)NULL);
        }
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void assert_no_complaint(const char *path)
{
    static const char *const complaints[] = {"error", "invalid", "warning", "unknown", "unexpected"};
    char line[512];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        /* What the DSDT declares is not known of the other table. */
        if (strstr(line, " 0 Errors, 0 Warnings") != NULL || strstr(line, ", UnknownObj)") != NULL) {
            continue;
        }
        for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
            if (strcasestr(line, complaints[i]) != NULL) {
                print_error("%s: %s", path, line);
                fail();
            }
        }
    }
    fclose(file);
}

static void remove_file(const char *directory, const char *name, const char *extension)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s.%s", directory, name, extension);
    assert_int_equal(unlink(path), 0);
}

/* The disassembler reports errors of a table in its output and by its status. */
static void disassemble(const char *directory, const char *name, const uint8_t *table, bool again)
{
    char input[64];
    char log[64];
    char path[256];
    snprintf(input, sizeof(input), "%s.dat", name);
    snprintf(log, sizeof(log), "%s.log", name);
    snprintf(path, sizeof(path), "%s/%s", directory, input);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(table, 1, word(table + 4), file), word(table + 4));
    fclose(file);
    run_iasl(directory, "-d", input, log);
    snprintf(path, sizeof(path), "%s/%s.log", directory, name);
    assert_no_complaint(path);
    snprintf(path, sizeof(path), "%s/%s.dsl", directory, name);
    assert_no_complaint(path);
    if (again) { /* what was disassembled compiles */
        snprintf(input, sizeof(input), "%s.dsl", name);
        run_iasl(directory, "-ve", input, log);
        remove_file(directory, name, "aml");
    }
    remove_file(directory, name, "dat");
    remove_file(directory, name, "log");
    remove_file(directory, name, "dsl");
}

static void disassembler_reads_every_table(void **state)
{
    (void)state;
    char directory[] = "/tmp/acpi_test.XXXXXX";
    build_with(3, 18, ALL_SLOTS);
    assert_non_null(mkdtemp(directory));
    const uint8_t *fadt = find_table("FACP");
    disassemble(directory, "dsdt", at_address(word(fadt + 40)), true);
    disassemble(directory, "facs", at_address(word(fadt + 36)), false);
    disassemble(directory, "fadt", fadt, false);
    disassemble(directory, "madt", find_table("APIC"), false);
    disassemble(directory, "mcfg", find_table("MCFG"), false);
    disassemble(directory, "ssdt", find_table("SSDT"), true);
    disassemble(directory, "rsdt", at_address(word(blob + 16)), false);
    disassemble(directory, "xsdt", at_address(word(blob + 24)), false);
    assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(soft_off, setup),
        cmocka_unit_test_setup(other_sleep_types_are_logged_and_ignored, setup),
        cmocka_unit_test_setup(power_button_raises_sci_until_cleared, setup),
        cmocka_unit_test_setup(timer_counts_at_its_frequency_and_wraps, setup),
        cmocka_unit_test_setup(timer_status_is_set_when_the_highest_bit_changes, setup),
        cmocka_unit_test_setup(accesses_of_any_width, setup),
        cmocka_unit_test_setup(reset_clears_and_releases, setup),
        cmocka_unit_test(root_tables_lead_to_all_others),
        cmocka_unit_test(fadt_names_the_registers),
        cmocka_unit_test_setup(reset_register_of_the_fadt_resets, setup),
        cmocka_unit_test(madt_lists_processors_and_overrides),
        cmocka_unit_test(impossible_configurations_are_refused),
        cmocka_unit_test(every_size_that_is_too_small_is_refused),
        cmocka_unit_test(ssdt_lists_transports),
        cmocka_unit_test(ssdt_lists_slots),
        cmocka_unit_test_setup(events_raise_sci_until_cleared, setup),
        cmocka_unit_test_setup(slots_are_filled_and_emptied, setup),
        cmocka_unit_test_setup(senseless_ejections_are_counted, setup),
        cmocka_unit_test(disassembler_reads_every_table),
    };
    return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
