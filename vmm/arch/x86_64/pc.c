/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual PC: which devices it has and how they are wired. */
#include <base/memory.h>

#include <vmm/arch/execution.h>
#include <vmm/boot.h>
#include <vmm/devices/pc_map.h>
#include <vmm/hv.h>

#define GIB (1ull << 30)

/* --- What devices ask of the machine --- */

static void machine_reset(void *context, enum machine_reset_kind kind, const char *cause)
{
    /* With no firmware to return to, INIT of the processor restarts the machine too. */
    (void)kind;
    vm_request_action(context, VM_ACTION_REBOOT, "reset by %s", cause);
}

static void machine_power_off(void *context)
{
    vm_request_action(context, VM_ACTION_POWER_OFF, "powered off by the guest");
}

/* --- What local APICs ask of the vCPUs --- */

static void apic_interrupt_pending(void *context, uint32_t vcpu)
{
    struct vm *vm = context;
    vcpu_kick(&vm->vcpus[vcpu]);
}

static void apic_event(void *context, uint32_t index, enum apic_event event, uint8_t vector)
{
    struct vm *vm = context;
    struct vcpu_context *vcpu = &vm->vcpus[index];
    switch (event) {
    case APIC_EVENT_NMI:
        vcpu->arch.requests |= X86_REQUEST_NMI;
        break;
    case APIC_EVENT_INIT:
        vcpu->arch.requests = X86_REQUEST_INIT;
        break;
    case APIC_EVENT_STARTUP:
        vcpu->arch.requests |= X86_REQUEST_STARTUP;
        vcpu->arch.startup_vector = vector;
        break;
    case APIC_EVENT_SMI: /* there is no system management mode */
        return;
    }
    vcpu_kick(vcpu);
}

static const struct apic_bus_ops apic_ops = {.interrupt_pending = apic_interrupt_pending, .event = apic_event};

static void pic_output(void *context, bool level)
{
    struct vm *vm = context;
    lapic_set_lint(&vm->vcpus[0].arch.lapic, 0, level);
    vcpu_kick(&vm->vcpus[0]);
}

/* --- Clock --- */

static uint64_t clock_now(void *context)
{
    (void)context;
    return hv_now();
}

/* --- Construction --- */

static const char *create_vcpu(struct vm *vm, struct vcpu_context *vcpu)
{
    struct lapic_config config = {
        .vcpu = vcpu->id,
        .physical_bits = vm->arch.cpuid.physical_bits,
        .x2apic = (vm->config.flags & VM_CONFIG_X2APIC) != 0,
        .tsc_deadline = (vm->config.flags & VM_CONFIG_TSC_DEADLINE) != 0,
    };
    vcpu->arch.priority_timer = (struct timer){.expired = event_priority_timer, .device = vcpu};
    if (timer_add(&vcpu->timers, &vcpu->arch.priority_timer) != 0 ||
        lapic_init(&vcpu->arch.lapic, &vm->arch.apic, &config, &vcpu->timers, &vm->clock, vm) != 0) {
        return "no room for a local APIC";
    }
    return NULL;
}

static const char *create_devices(struct vm *vm)
{
    struct vm_arch *pc = &vm->arch;
    struct bus *io = &vm->port_bus;
    struct irq_router *irq = &vm->irq;
    struct timer_set *timers = &vm->vcpus[0].timers;
    const struct vm_clock *clock = &vm->clock;
    const struct machine_control *machine = &pc->machine;
    struct uart_backend console = {.put = vm_console_put, .get = vm_console_get, .context = vm};
    struct pci_host_config pci = {
        .io = io,
        .mmio = &vm->memory_bus,
        .router = irq,
        .vm = vm,
        .ecam_base = PC_ECAM_BASE,
        .io_window = {PC_PCI_IO_BASE, PC_PCI_IO_SIZE},
        .memory_window = {PC_PCI_WINDOW_BASE, PC_PCI_WINDOW_SIZE},
        .first_line = PC_GSI_PCI_FIRST,
        .first_isa_line = PC_ISA_PCI_FIRST,
        .bridge_vendor = PC_PCI_BRIDGE_VENDOR,
        .bridge_device = PC_PCI_BRIDGE_DEVICE,
        .fast_ports = true,
    };
    if (i8259_init(&pc->pic, io, irq, vm) != 0 || ioapic_init(&pc->ioapic, &vm->memory_bus, irq, &pc->apic, vm) != 0 ||
        i8254_init(&pc->pit, io, irq, timers, clock, vm) != 0 ||
        mc146818_init(&pc->rtc, io, irq, timers, clock, vm) != 0 ||
        uart16550_init(&pc->uart, io, PC_PORT_COM1, PC_GSI_COM1, irq, timers, clock, &console, vm) != 0 ||
        i8042_init(&pc->keyboard, io, irq, machine, vm) != 0 || reset_control_init(&pc->reset, io, machine, vm) != 0 ||
        acpi_pm_init(&pc->pm, io, irq, timers, clock, machine, vm) != 0 || pci_host_init(&pc->pci, &pci) != 0 ||
        pci_mechanism1_init(&pc->pci_ports, &pc->pci, &pc->reset) != 0 ||
        acpi_slots_init(&pc->pci_slots, io, &pc->pci, &pc->pm, vm) != 0) {
        return "no room for the devices";
    }
    i8259_connect(&pc->pic, pic_output, vm);
    irq->msi = apic_bus_msi;
    irq->msi_target = &pc->apic;
    return NULL;
}

const char *arch_vm_create(struct vm *vm)
{
    struct vm_arch *pc = &vm->arch;
    struct hv_time time = hv_time();
    if (time.tick_frequency == 0) {
        return "the frequency of the TSC is not known";
    }
    vm->clock = (struct vm_clock){.frequency = time.tick_frequency,
                                  .now = clock_now,
                                  .wall_clock = time.wall_clock,
                                  .wall_clock_ticks = time.wall_clock_ticks};
    uint32_t limits = vm->vcpus[0].page->state.limits;
    struct cpuid_options options = {
        .vcpu_count = vm->vcpu_count,
        .tsc_frequency = time.tick_frequency,
        .hypervisor = (vm->config.flags & VM_CONFIG_HYPERVISOR_LEAF) != 0,
        .x2apic = (vm->config.flags & VM_CONFIG_X2APIC) != 0,
        .tsc_deadline = (vm->config.flags & VM_CONFIG_TSC_DEADLINE) != 0,
        .host_tsc = (limits & VCPU_LIMIT_TSC) != 0,
        .no_xsave = (limits & VCPU_LIMIT_XSAVE) != 0,
    };
    cpuid_policy_create(&pc->cpuid, &options, cpuid_host, NULL);
    pc->machine = (struct machine_control){.reset = machine_reset, .power_off = machine_power_off, .context = vm};
    for (uint32_t i = 0; i < vm->memory.count; i++) {
        const struct vm_ram_range *range = &vm->memory.ranges[i];
        if (range->gpa < 4 * GIB && range->gpa + range->size > PC_PCI_WINDOW_BASE) {
            return "RAM between 3 and 4 GiB, where the devices are";
        }
    }
    apic_bus_init(&pc->apic, &apic_ops, vm);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        const char *problem = create_vcpu(vm, &vm->vcpus[i]);
        if (problem != NULL) {
            return problem;
        }
    }
    return create_devices(vm);
}

struct pci_host *arch_pci_host(struct vm *vm)
{
    return &vm->arch.pci;
}

bool arch_virtio_mmio(uint32_t slot, struct virtio_mmio_place *place)
{
    *place = (struct virtio_mmio_place){
        .base = PC_VIRTIO_MMIO_BASE + (uint64_t)slot * PC_VIRTIO_MMIO_SIZE,
        .line = PC_GSI_VIRTIO + slot % PC_GSI_VIRTIO_COUNT,
    };
    return slot < PC_VIRTIO_MMIO_COUNT;
}

static void reset_devices(struct vm *vm)
{
    struct vm_arch *pc = &vm->arch;
    i8259_reset(&pc->pic);
    ioapic_reset(&pc->ioapic);
    i8254_reset(&pc->pit);
    mc146818_reset(&pc->rtc);
    uart16550_reset(&pc->uart);
    i8042_reset(&pc->keyboard);
    reset_control_reset(&pc->reset);
    acpi_pm_reset(&pc->pm);
    acpi_slots_reset(&pc->pci_slots);
    pci_host_reset(&pc->pci);
    pci_mechanism1_reset(&pc->pci_ports);
    uint64_t low = 0;
    for (uint32_t i = 0; i < vm->memory.count; i++) {
        low += vm->memory.ranges[i].gpa < 4 * GIB ? vm->memory.ranges[i].size : 0;
    }
    mc146818_describe_machine(&pc->rtc, low, guest_memory_size(&vm->memory) - low, vm->vcpu_count);
}

const char *arch_vm_reset(struct vm *vm)
{
    reset_devices(vm);
    bool host_tsc = (vm->vcpus[0].page->state.limits & VCPU_LIMIT_TSC) != 0;
    uint64_t offset = host_tsc ? 0 : 0 - hv_now(); /* the guest's TSC starts at 0, if it can */
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        struct vcpu_context *vcpu = &vm->vcpus[i];
        lapic_reset(&vcpu->arch.lapic, true);
        lapic_set_tsc_offset(&vcpu->arch.lapic, (int64_t)offset);
        vcpu->arch.tsc_offset = offset;
        vcpu->arch.requests = 0;
        vcpu->arch.nmi_pending = false;
        vcpu->arch.deferred_event = 0;
        memset(vcpu->arch.fetch_walks, 0, sizeof(vcpu->arch.fetch_walks));
        timer_arm(&vcpu->timers, &vcpu->arch.priority_timer, 0);
        reset_registers(vcpu);
        reset_msrs(vcpu);
        vcpu->activity = i == 0 ? VCPU_RUNNING : VCPU_WAIT_START;
    }
    return boot_load(vm);
}

void arch_power_button(struct vm *vm)
{
    if (!acpi_pm_press_power_button(&vm->arch.pm)) {
        vmm_log(vm, "power button: the guest does not listen to it");
    }
}

void arch_console_input(struct vm *vm)
{
    uart16550_backend_ready(&vm->arch.uart);
}

bool arch_console_waits(const struct vm *vm)
{
    return uart16550_waiting_for_room(&vm->arch.uart);
}

uint64_t arch_console_dropped(const struct vm *vm)
{
    return vm->arch.uart.bytes_dropped;
}

uint64_t arch_interrupts_injected(const struct vm *vm)
{
    return vm->arch.interrupts_injected;
}
