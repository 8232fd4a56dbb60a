/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual Arm machine (<skyscope/guest_aarch64.h>): which devices it has and how they are wired. */
#include <base/memory.h>

#include <vmm/arch/execution.h>
#include <vmm/boot.h>
#include <vmm/hv.h>

#define POWER_LINE 3u /* of the PL061 */

/* --- What the GIC asks of the vCPUs --- */

static uint32_t gic_current(void *context)
{
    const struct vm *vm = context;
    return vm->current != NULL ? vm->current->id : GIC_NO_VCPU;
}

static void gic_kick(void *context, uint32_t vcpu)
{
    struct vm *vm = context;
    vcpu_kick(&vm->vcpus[vcpu]);
}

static const struct gic_ops gic_ops = {.current = gic_current, .kick = gic_kick};

/* --- Clock --- */

static uint64_t clock_now(void *context)
{
    (void)context;
    return hv_now();
}

/* --- Construction --- */

/* Affinity fields as the guest's device tree has them: an SGI reaches 8 or 16 CPUs of one Aff1. */
static uint64_t mpidr_of(uint32_t vcpu, uint32_t gic_version)
{
    uint32_t cluster = gic_version == 2 ? 8 : 16;
    return (uint64_t)(vcpu / cluster) << 8 | vcpu % cluster;
}

static const char *create_gic(struct vm *vm)
{
    uint32_t version = vm->vcpus[0].page->state.gic.version;
    if (version != 2 && version != 3) {
        return "the kernel does not say which GIC this machine has";
    }
    if (version == 2 && vm->vcpu_count > GIC_V2_VCPUS) {
        return "more than 8 vCPUs, which is the most that this machine's GICv2 serves";
    }
    struct gic_config config = {
        .version = version,
        .vcpu_count = vm->vcpu_count,
        .its = version == 3,
        .ops = &gic_ops,
        .context = vm,
    };
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        config.vcpus[i].mpidr = mpidr_of(i, version);
        config.vcpus[i].hardware = &vm->vcpus[i].page->state.gic;
    }
    vm->arch.id.gic_version = version;
    if (gic_init(&vm->arch.gic, &config, &vm->memory_bus, &vm->irq, &vm->memory, vm) != 0) {
        return "no room for the interrupt controller";
    }
    if (version == 2 && gic_v2m_init(&vm->arch.v2m, &vm->memory_bus, GUEST_V2M_BASE, GUEST_V2M_SPI, GUEST_V2M_SPI_COUNT,
                                     &vm->irq) != 0) {
        return "no room for the interrupt controller's message frame";
    }
    return NULL;
}

static const char *create_vcpu(struct vcpu_context *vcpu)
{
    vcpu->arch.physical_timer = (struct timer){.expired = physical_timer_expired, .device = vcpu};
    vcpu->arch.virtual_timer = (struct timer){.expired = interrupt_virtual_timer, .device = vcpu};
    if (timer_add(&vcpu->timers, &vcpu->arch.physical_timer) != 0 ||
        timer_add(&vcpu->timers, &vcpu->arch.virtual_timer) != 0) {
        return "no room for a vCPU's timers";
    }
    return NULL;
}

static const char *create_devices(struct vm *vm)
{
    struct vm_arch *machine = &vm->arch;
    struct bus *bus = &vm->memory_bus;
    struct timer_set *timers = &vm->vcpus[0].timers;
    struct uart_backend console = {.put = vm_console_put, .get = vm_console_get, .context = vm};
    if (pl011_init(&machine->uart, bus, GUEST_UART_BASE, GUEST_UART_SPI, &vm->irq, timers, &vm->clock, &console) != 0 ||
        pl031_init(&machine->rtc, bus, GUEST_RTC_BASE, GUEST_RTC_SPI, &vm->irq, timers, &vm->clock) != 0 ||
        pl061_init(&machine->gpio, bus, GUEST_POWER_BASE, GUEST_POWER_SPI, &vm->irq, timers, &vm->clock) != 0) {
        return "no room for the devices";
    }
    return NULL;
}

/* --- PCI --- */

/* The window through which ports are memory. */
static uint64_t ports_read(void *device, uint64_t offset, uint32_t width)
{
    uint64_t value;
    bus_read(device, offset, width, &value);
    return value;
}

static void ports_write(void *device, uint64_t offset, uint32_t width, uint64_t value)
{
    bus_write(device, offset, width, value);
}

static const struct bus_ops ports_ops = {.read = ports_read, .write = ports_write};

static const char *create_pci(struct vm *vm)
{
    struct pci_host_config config = {
        .io = &vm->port_bus,
        .mmio = &vm->memory_bus,
        .router = &vm->irq,
        .vm = vm,
        .ecam_base = GUEST_ECAM_BASE,
        .bus_count = GUEST_PCI_BUSES,
        .io_window = {GUEST_PCI_IO_FIRST, GUEST_PCI_IO_SIZE - GUEST_PCI_IO_FIRST},
        .memory_window = {GUEST_PCI_MEMORY_BASE, GUEST_PCI_MEMORY_SIZE},
        .first_line = GUEST_PCI_SPI,
        .bridge_vendor = GUEST_PCI_BRIDGE_VENDOR,
        .bridge_device = GUEST_PCI_BRIDGE_DEVICE,
        .ports = vm->arch.ports,
        .port_count = GUEST_PCI_PORTS,
    };
    if (pci_host_init(&vm->arch.pci, &config) != 0 ||
        bus_register(&vm->memory_bus, GUEST_PCI_IO_BASE, GUEST_PCI_IO_SIZE, &ports_ops, &vm->port_bus, "PCI I/O") !=
            0) {
        return "no room for the PCI host bridge";
    }
    return NULL;
}

struct pci_host *arch_pci_host(struct vm *vm)
{
    return &vm->arch.pci;
}

bool arch_virtio_mmio(uint32_t slot, struct virtio_mmio_place *place)
{
    *place = (struct virtio_mmio_place){.base = GUEST_VIRTIO_MMIO_BASE + slot * GUEST_VIRTIO_MMIO_SIZE,
                                        .line = GUEST_VIRTIO_MMIO_SPI + slot};
    return slot < GUEST_VIRTIO_MMIO_COUNT;
}

const char *arch_vm_create(struct vm *vm)
{
    struct hv_time time = hv_time();
    if (time.tick_frequency == 0) {
        return "the frequency of the generic timer is not known";
    }
    vm->clock = (struct vm_clock){.frequency = time.tick_frequency,
                                  .now = clock_now,
                                  .wall_clock = time.wall_clock,
                                  .wall_clock_ticks = time.wall_clock_ticks};
    for (uint32_t i = 0; i < vm->memory.count; i++) {
        const struct vm_ram_range *range = &vm->memory.ranges[i];
        if (range->gpa + range->size > GUEST_PHYSICAL_END_AARCH64) {
            return "RAM above 512 GiB, which stage 2 does not translate";
        }
    }
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        const char *problem = create_vcpu(&vm->vcpus[i]);
        if (problem != NULL) {
            return problem;
        }
    }
    const char *problem = create_gic(vm);
    problem = problem != NULL ? problem : create_devices(vm);
    return problem != NULL ? problem : create_pci(vm);
}

const char *arch_vm_reset(struct vm *vm)
{
    struct vm_arch *machine = &vm->arch;
    uint64_t offset = hv_now(); /* the guest's virtual counter starts at 0 */
    gic_reset(&machine->gic);
    pci_host_reset(&machine->pci);
    pl011_reset(&machine->uart);
    pl031_reset(&machine->rtc);
    pl061_reset(&machine->gpio);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        struct vcpu_context *vcpu = &vm->vcpus[i];
        vcpu->page->state.cntvoff = offset;
        vcpu->arch.power = i == 0 ? VCPU_POWER_ON : VCPU_POWER_OFF;
        interrupt_reset(vcpu);
        physical_timer_reset(vcpu);
        reset_registers(vcpu);
        vcpu->activity = i == 0 ? VCPU_RUNNING : VCPU_WAIT_START;
    }
    pl011_set_up(&machine->uart); /* there is no firmware that would */
    return boot_load(vm);
}

void arch_power_button(struct vm *vm)
{
    if (!pl061_press(&vm->arch.gpio, POWER_LINE)) {
        vmm_log(vm, "power button: the guest does not listen to it");
    }
}

void arch_console_input(struct vm *vm)
{
    pl011_backend_ready(&vm->arch.uart);
}

bool arch_console_waits(const struct vm *vm)
{
    return pl011_waiting_for_room(&vm->arch.uart);
}

uint64_t arch_console_dropped(const struct vm *vm)
{
    return vm->arch.uart.bytes_dropped;
}

uint64_t arch_interrupts_injected(const struct vm *vm)
{
    return vm->arch.gic.delivered;
}
