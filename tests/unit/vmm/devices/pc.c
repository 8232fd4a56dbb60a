/* SPDX-License-Identifier: BSD-2-Clause */
#include "pc.h"

#include <string.h>

static uint32_t guest_errors;

void vmm_log(struct vm *vm, const char *format, ...)
{
    (void)vm;
    (void)format;
}

void log_guest_error(struct vm *vm, struct log_limit *limit, const char *device, const char *format, ...)
{
    (void)vm;
    (void)device;
    (void)format;
    limit->total++;
    guest_errors++;
}

uint32_t pc_guest_errors(void)
{
    return guest_errors;
}

static uint64_t clock_now(void *context)
{
    return ((struct pc *)context)->now;
}

static void record_line(void *context, uint32_t gsi, bool level)
{
    struct pc *pc = context;
    assert_true(gsi < PC_GSIS);
    if (level && !pc->lines[gsi]) {
        pc->edges[gsi]++;
    }
    pc->lines[gsi] = level;
}

static void machine_reset(void *context, enum machine_reset_kind kind, const char *cause)
{
    struct pc *pc = context;
    assert_non_null(cause);
    pc->resets++;
    pc->reset_kind = kind;
}

static void machine_power_off(void *context)
{
    ((struct pc *)context)->power_offs++;
}

static bool backend_put(void *context, uint8_t byte)
{
    struct pc *pc = context;
    if (pc->room == 0) {
        return false;
    }
    pc->room--;
    pc->sent[pc->sent_count++ % sizeof(pc->sent)] = byte;
    return true;
}

static bool backend_get(void *context, uint8_t *byte)
{
    struct pc *pc = context;
    if (pc->receive_count == 0) {
        return false;
    }
    *byte = pc->to_receive[pc->receive_first++ % sizeof(pc->to_receive)];
    pc->receive_count--;
    return true;
}

void pc_type(struct pc *pc, const char *text)
{
    for (; *text != '\0'; text++) {
        pc->to_receive[(pc->receive_first + pc->receive_count++) % sizeof(pc->to_receive)] = (uint8_t)*text;
    }
    uart16550_backend_ready(&pc->uart);
}

static void interrupt_pending(void *context, uint32_t vcpu)
{
    struct pc *pc = context;
    assert_true(vcpu < PC_VCPUS);
    pc->wakes[vcpu]++;
}

static void apic_event(void *context, uint32_t vcpu, enum apic_event event, uint8_t vector)
{
    struct pc *pc = context;
    assert_true(vcpu < PC_VCPUS);
    pc->events[pc->event_count++ % 64] = (struct pc_event){.vcpu = vcpu, .event = event, .vector = vector};
}

static const struct apic_bus_ops apic_ops = {.interrupt_pending = interrupt_pending, .event = apic_event};

static void pic_output(void *context, bool level)
{
    lapic_set_lint(&((struct pc *)context)->lapics[0], 0, level);
}

void pc_create_with_frequency(struct pc *pc, uint64_t frequency)
{
    memset(pc, 0, sizeof(*pc));
    pc->now = 5000000000ull;
    pc->clock = (struct vm_clock){
        .frequency = frequency,
        .now = clock_now,
        .context = pc,
        .wall_clock = PC_WALL_CLOCK,
        .wall_clock_ticks = pc->now,
    };
    pc->machine = (struct machine_control){.reset = machine_reset, .power_off = machine_power_off, .context = pc};
    pc->room = UINT32_MAX;
    apic_bus_init(&pc->apic_bus, &apic_ops, pc);
    pc->router.msi = apic_bus_msi;
    pc->router.msi_target = &pc->apic_bus;
    struct irq_sink recorder = {.line = record_line, .controller = pc};
    struct uart_backend backend = {.put = backend_put, .get = backend_get, .context = pc};
    struct pci_host_config pci = {.io = &pc->io,
                                  .mmio = &pc->mmio,
                                  .router = &pc->router,
                                  .ecam_base = PC_ECAM_BASE,
                                  .io_window = {PC_PCI_IO_BASE, PC_PCI_IO_SIZE},
                                  .memory_window = {PC_PCI_WINDOW_BASE, PC_PCI_WINDOW_SIZE},
                                  .first_line = PC_GSI_PCI_FIRST,
                                  .first_isa_line = PC_ISA_PCI_FIRST,
                                  .bridge_vendor = PC_PCI_BRIDGE_VENDOR,
                                  .bridge_device = PC_PCI_BRIDGE_DEVICE};
    assert_int_equal(irq_add_sink(&pc->router, recorder), 0);
    assert_int_equal(i8259_init(&pc->pic, &pc->io, &pc->router, NULL), 0);
    i8259_connect(&pc->pic, pic_output, pc);
    assert_int_equal(i8254_init(&pc->pit, &pc->io, &pc->router, &pc->timers, &pc->clock, NULL), 0);
    assert_int_equal(mc146818_init(&pc->rtc, &pc->io, &pc->router, &pc->timers, &pc->clock, NULL), 0);
    assert_int_equal(uart16550_init(&pc->uart, &pc->io, PC_PORT_COM1, PC_GSI_COM1, &pc->router, &pc->timers, &pc->clock,
                                    &backend, NULL),
                     0);
    assert_int_equal(i8042_init(&pc->keyboard, &pc->io, &pc->router, &pc->machine, NULL), 0);
    assert_int_equal(reset_control_init(&pc->reset, &pc->io, &pc->machine, NULL), 0);
    assert_int_equal(acpi_pm_init(&pc->pm, &pc->io, &pc->router, &pc->timers, &pc->clock, &pc->machine, NULL), 0);
    assert_int_equal(pci_host_init(&pc->pci, &pci), 0);
    assert_int_equal(pci_mechanism1_init(&pc->pci_ports, &pc->pci, &pc->reset), 0);
    assert_int_equal(acpi_slots_init(&pc->pci_slots, &pc->io, &pc->pci, &pc->pm, NULL), 0);
    assert_int_equal(ioapic_init(&pc->ioapic, &pc->mmio, &pc->router, &pc->apic_bus, NULL), 0);
    for (uint32_t i = 0; i < PC_VCPUS; i++) {
        struct lapic_config config = {.vcpu = i, .physical_bits = 40, .x2apic = true, .tsc_deadline = true};
        assert_int_equal(lapic_init(&pc->lapics[i], &pc->apic_bus, &config, &pc->vcpu_timers[i], &pc->clock, NULL), 0);
    }
}

void pc_create(struct pc *pc)
{
    pc_create_with_frequency(pc, PC_TSC_FREQUENCY);
}

static struct timer_set *earliest(struct pc *pc)
{
    struct timer_set *set = NULL;
    if (pc->timers.next != 0) {
        set = &pc->timers;
    }
    for (uint32_t i = 0; i < PC_VCPUS; i++) {
        struct timer_set *own = &pc->vcpu_timers[i];
        if (own->next != 0 && (set == NULL || own->next < set->next)) {
            set = own;
        }
    }
    return set;
}

void pc_advance(struct pc *pc, uint64_t ticks)
{
    uint64_t target = pc->now + ticks;
    for (;;) {
        struct timer_set *set = earliest(pc);
        if (set == NULL || set->next > target) {
            break;
        }
        if (set->next > pc->now) {
            pc->now = set->next;
        }
        pc->expirations++;
        timer_run(set, pc->now);
        /* A timer armed for the past would run for ever. */
        assert_true(set->next == 0 || set->next > pc->now);
    }
    pc->now = target;
}

void pc_advance_us(struct pc *pc, uint64_t microseconds)
{
    pc_advance(pc, timer_scale(microseconds, pc->clock.frequency, 1000000));
}

uint32_t in(struct pc *pc, uint16_t port, uint32_t width)
{
    uint64_t value;
    bus_read(&pc->io, port, width, &value);
    return (uint32_t)value;
}

void out(struct pc *pc, uint16_t port, uint32_t width, uint32_t value)
{
    bus_write(&pc->io, port, width, value);
}

uint8_t inb(struct pc *pc, uint16_t port)
{
    return (uint8_t)in(pc, port, 1);
}

void outb(struct pc *pc, uint16_t port, uint8_t value)
{
    out(pc, port, 1, value);
}

static bool is_lapic(struct pc *pc, uint32_t vcpu, uint64_t address, uint32_t width)
{
    uint64_t base = lapic_mmio_base(&pc->lapics[vcpu]);
    return base != 0 && address >= base && address - base <= PC_LAPIC_SIZE - width;
}

uint64_t mmio_read(struct pc *pc, uint32_t vcpu, uint64_t address, uint32_t width)
{
    uint64_t value;
    if (is_lapic(pc, vcpu, address, width)) {
        return lapic_mmio_read(&pc->lapics[vcpu], address - lapic_mmio_base(&pc->lapics[vcpu]), width);
    }
    bus_read(&pc->mmio, address, width, &value);
    return value;
}

void mmio_write(struct pc *pc, uint32_t vcpu, uint64_t address, uint32_t width, uint64_t value)
{
    if (is_lapic(pc, vcpu, address, width)) {
        lapic_mmio_write(&pc->lapics[vcpu], address - lapic_mmio_base(&pc->lapics[vcpu]), width, value);
    } else {
        bus_write(&pc->mmio, address, width, value);
    }
}
