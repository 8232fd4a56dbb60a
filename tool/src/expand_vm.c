/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * <vm> elements become protection domains: one VMM for each, children of the
 * manager, and once per system the serial driver, the console multiplexer and the
 * manager. Each reads a configuration block that is made here.
 */
#include "expand.h"
#include "operator.h"
#include <skyscope/boot_info.h>
#include <skyscope/kernel_info.h>
#include <string.h>
#include <tool/layout.h>
#include <tool/socket.h>
#include <tool/target.h>

#define SERIAL_PRIORITY  220u
#define CONSOLE_PRIORITY 210u
#define MANAGER_PRIORITY 200u
#define SERVICE_STACK    0x4000u
/* Sealing takes more: SEAL_STACK in <crypto/seal.h>. */
#define MANAGER_STACK    0x10000u
/* All services together have three quarters of their CPU at most, in microseconds: whoever wakes them without pause
 * still leaves the last quarter to the VMs there. */
#define SERVICE_BUDGET   500u
#define SERVICE_PERIOD   2000u
#define SERVICES_BUDGET  1500u
#define VMM_STACK        0x10000u

/* Address space of a PD that the tool adds. */
#define CONFIG_ADDRESS     0x10000000ull
#define QUEUE_ADDRESS      0x11000000ull
#define CONTROL_ADDRESS    0x12000000ull
#define LOG_ADDRESS        0x12100000ull
#define HARDWARE_ADDRESS   0x13000000ull
#define STATISTICS_ADDRESS 0x13100000ull
#define KERNEL_LOG_ADDRESS 0x13200000ull
#define OPERATOR_ADDRESS   0x13300000ull
#define KERNEL_ADDRESS     0x800000000ull
#define INITRD_ADDRESS     0xa00000000ull
/* Guest-physical address 0 in the VMM. */
#define GUEST_RAM_ADDRESS  0x1000000000ull

#define LOG_SIZE        0x10000u
#define HISTORY_SIZE    0x10000u
/* Bytes of characters that wait between two programs, each way. */
#define CHARACTER_QUEUE 0x10000u

#define HOT_KEY 0x1du /* Ctrl-] */

/* Channels. */
#define SERIAL_IRQ_CHANNEL    0u
#define SERIAL_CLIENT_CHANNEL 1u
#define CONSOLE_DRIVER        0u
#define CONSOLE_FIRST_CLIENT  1u
#define MANAGER_CONSOLE       0u
#define MANAGER_FIRST_VM      1u
#define VMM_MANAGER           0u
#define VMM_CONSOLE           1u

struct pd *add_service(struct system *system, struct services *services, const char *name, const char *program,
                       uint32_t priority)
{
    struct pd *pd = add_pd(system, services->line, NULL, name, program, priority, SERVICE_STACK);
    pd->period = SERVICE_PERIOD;
    list_append(&system->arena, &services->all, pd);
    return pd;
}

void *add_service_config(struct system *system, struct pd *pd, const char *name, size_t size)
{
    struct arena *arena = &system->arena;
    struct blob *blob = add_blob(system, arena_format(arena, "%s_config.bin", name), size);
    struct region *region = add_region(system, pd->line, arena_format(arena, "%s_config", name), 0, PAGE_SIZE_4K, blob);
    add_map(system, &pd->maps, pd->line, region, CONFIG_ADDRESS, READ, "skyscope_config");
    return blob->data;
}

static void add_serial_driver(struct system *system, struct services *services)
{
    struct pd *pd = add_service(system, services, "serial_driver", "serial_driver.elf", SERIAL_PRIORITY);
    services->serial = pd;
    services->serial_config = add_service_config(system, pd, "serial_driver", sizeof(struct serial_config));
    *services->serial_config = (struct serial_config){
        .magic = SERIAL_CONFIG_MAGIC,
        .version = SERIAL_CONFIG_VERSION,
        .size = sizeof(struct serial_config),
        .irq_channel = SERIAL_IRQ_CHANNEL,
    };
    system->target->add_serial_device(system, pd, services->serial_config);
}

static void add_console(struct system *system, struct services *services)
{
    struct pd *pd = add_service(system, services, "console", "console.elf", CONSOLE_PRIORITY);
    services->console = pd;
    services->console_config = add_service_config(system, pd, "console", sizeof(struct console_config));
    *services->console_config = (struct console_config){
        .magic = CONSOLE_CONFIG_MAGIC,
        .version = CONSOLE_CONFIG_VERSION,
        .size = sizeof(struct console_config),
        .hot_key = HOT_KEY,
    };
    struct queue_side driver = {pd, QUEUE_ADDRESS, CONSOLE_DRIVER, &services->console_config->driver};
    struct queue_side serial = {services->serial, QUEUE_ADDRESS, SERIAL_CLIENT_CHANNEL,
                                &services->serial_config->client};
    add_queue_pair(system, services->line, "serial", CHARACTER_QUEUE, &driver, &serial);
}

/* Adds a client of the console multiplexer. */
static void add_console_client(struct system *system, struct services *services, const struct console_client *added)
{
    struct arena *arena = &system->arena;
    uint32_t index = services->console_config->client_count;
    if (index == CONSOLE_MAX_CLIENTS) {
        report_error(&system->diagnostics, added->line,
                     "\"%s\" is one console too many: %u are possible, with each VM's own and the manager's; remove "
                     "some",
                     added->name, CONSOLE_MAX_CLIENTS);
        return;
    }
    services->console_config->client_count++;
    struct console_client_config *client = &services->console_config->clients[index];
    uint64_t base = CLIENT_ADDRESS + index * CLIENT_SPAN;
    struct queue_side console = {services->console, base, CONSOLE_FIRST_CLIENT + index, &client->queue};
    add_queue_pair(system, added->line, added->queue_name, added->queue_size, &added->side, &console);
    struct region *history = add_region(system, added->line, arena_format(arena, "%s_history", added->history_name),
                                        added->history_size, PAGE_SIZE_4K, NULL);
    add_map(system, &services->console->maps, added->line, history, base + QUEUE_PAIR_SPAN, READ_WRITE, NULL);
    memcpy(client->name, added->name, strnlen(added->name, sizeof(client->name) - 1));
    client->history = base + QUEUE_PAIR_SPAN;
    client->history_size = added->history_size;
    client->is_manager = added->is_manager;
}

/* That of a VM's serial port, or of the manager. */
static void add_own_console(struct system *system, struct services *services, long line, const char *name,
                            const struct queue_side *side, bool is_manager)
{
    struct console_client client = {
        .line = line,
        .name = name,
        .queue_name = arena_format(&system->arena, "%s_console", name),
        .history_name = name,
        .queue_size = CHARACTER_QUEUE,
        .history_size = HISTORY_SIZE,
        .is_manager = is_manager,
        .side = *side,
    };
    add_console_client(system, services, &client);
}

static void add_kernel_region(struct system *system, struct services *services, const char *name,
                              enum region_source source, uint64_t size, uint64_t address)
{
    struct region *region = add_region(system, services->line, name, size, PAGE_SIZE_4K, NULL);
    region->source = source;
    add_map(system, &services->manager->maps, services->line, region, address, READ, NULL);
}

/* What our own kernel fills for the manager. */
static void add_kernel_regions(struct system *system, struct services *services)
{
    services->manager_config->hardware = HARDWARE_ADDRESS;
    services->manager_config->statistics = STATISTICS_ADDRESS;
    services->manager_config->kernel_log = KERNEL_LOG_ADDRESS;
    add_kernel_region(system, services, "hardware", REGION_SOURCE_HARDWARE, HARDWARE_INFO_REGION_SIZE,
                      HARDWARE_ADDRESS);
    add_kernel_region(system, services, "statistics", REGION_SOURCE_STATISTICS, KERNEL_STATISTICS_REGION_SIZE,
                      STATISTICS_ADDRESS);
    add_kernel_region(system, services, "kernel_log", REGION_SOURCE_KERNEL_LOG, KERNEL_LOG_REGION_SIZE,
                      KERNEL_LOG_ADDRESS);
}

static void add_manager(struct system *system, struct services *services)
{
    struct pd *pd = add_service(system, services, "manager", "manager.elf", MANAGER_PRIORITY);
    pd->system_control = true;
    pd->stack_size = MANAGER_STACK;
    services->manager = pd;
    services->manager_config = add_service_config(system, pd, "manager", sizeof(struct manager_config));
    *services->manager_config = (struct manager_config){
        .magic = MANAGER_CONFIG_MAGIC,
        .version = MANAGER_CONFIG_VERSION,
        .size = sizeof(struct manager_config),
    };
    if (system->sel4.board == NULL) {
        add_kernel_regions(system, services);
    }
    expand_operator(system, pd, OPERATOR_ADDRESS, services->manager_config);
}

/* Maps a range of guest RAM into the VM and, at the same distance from its start, into the VMM. */
static void add_guest_ram(struct system *system, const struct vm_element *vm, struct pd *pd, struct vm_config *config,
                          const char *suffix, uint64_t gpa, uint64_t size)
{
    const char *name = arena_format(&system->arena, "%s_ram%s", vm->name, suffix);
    struct region *region = add_region(system, vm->line, name, size, PAGE_SIZE_2M, NULL);
    add_map(system, &pd->maps, vm->line, region, GUEST_RAM_ADDRESS + gpa, READ_WRITE, NULL);
    add_map(system, &pd->vm->maps, vm->line, region, gpa, READ_WRITE | PLAN_MAP_EXECUTE, NULL);
    config->ram[config->ram_range_count++] =
        (struct vm_ram_range){.gpa = gpa, .address = GUEST_RAM_ADDRESS + gpa, .size = size};
}

struct region *guest_image_region(struct system *system, long line, const char *name, const struct guest_image *image,
                                  uint64_t page_size)
{
    LIST_FOR (struct region, other, &system->regions) {
        if (other->generated && other->is_guest && other->prefill == image->blob && !other->is_unsigned &&
            !image->is_unsigned && other->page_size == page_size) {
            return other;
        }
    }
    struct region *region = add_region(system, line, name, 0, page_size, image->blob);
    region->prefill_path = image->path;
    region->is_guest = true;
    region->is_unsigned = image->is_unsigned;
    return region;
}

static void add_guest_image(struct system *system, const struct vm_element *vm, struct pd *pd,
                            const struct guest_image *file, const char *suffix, uint64_t address,
                            struct vm_image *image)
{
    if (file->blob == NULL) {
        return;
    }
    const char *name = arena_format(&system->arena, "%s_%s", vm->name, suffix);
    struct guest_image stored = pack_guest_image(system, vm, file, name);
    struct region *region = guest_image_region(system, vm->line, name, &stored, PAGE_SIZE_4K);
    add_map(system, &pd->maps, vm->line, region, address, READ, NULL);
    *image = (struct vm_image){
        .address = address,
        .size = stored.blob->size,
        .unpacked_size = stored.blob != file->blob ? file->blob->size : 0,
    };
}

static void add_virtual_machine(struct system *system, const struct vm_element *vm, struct pd *pd,
                                struct vm_config *config)
{
    pd->vm = ARENA_NEW(&system->arena, struct virtual_machine);
    pd->vm->line = vm->line;
    pd->vm->name = vm->name;
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        struct vcpu *vcpu = ARENA_NEW(&system->arena, struct vcpu);
        *vcpu = (struct vcpu){.line = vm->line, .id = i, .id_valid = true, .cpu = vm->cpus[i], .cpu_given = true};
        list_append(&system->arena, &pd->vm->vcpus, vcpu);
        config->vcpu_page[i] = layout_vcpu_page(system->target, i);
    }
    const struct target *target = system->target;
    uint64_t low_maximum = target->ram_low_end - target->ram_start;
    uint64_t low = vm->memory < low_maximum ? vm->memory : low_maximum;
    if (low != 0) {
        add_guest_ram(system, vm, pd, config, "", target->ram_start, low);
    }
    if (vm->memory > low) {
        add_guest_ram(system, vm, pd, config, "_high", target->ram_high_start, vm->memory - low);
    }
}

static void describe_vm(const struct vm_element *vm, struct vm_config *config)
{
    *config = (struct vm_config){
        .magic = VM_CONFIG_MAGIC,
        .version = VM_CONFIG_VERSION,
        .size = sizeof(struct vm_config),
        .vm_id = vm->index,
        .vcpu_count = vm->vcpu_count,
        .boot_protocol = vm->protocol,
        .flags = (vm->hypervisor_leaf ? VM_CONFIG_HYPERVISOR_LEAF : 0u) | (vm->autostart ? VM_CONFIG_AUTOSTART : 0u) |
                 (vm->x2apic ? VM_CONFIG_X2APIC : 0u) | (vm->tsc_deadline ? VM_CONFIG_TSC_DEADLINE : 0u),
        .on_poweroff = vm->on_poweroff,
        .on_reboot = vm->on_reboot,
        .on_crash = vm->on_crash,
        .kernel_load_address = vm->load_address,
        .control = CONTROL_ADDRESS,
        .control_channel = VMM_MANAGER,
        .log = LOG_ADDRESS,
        .log_size = LOG_SIZE,
    };
    memcpy(config->name, vm->name, strnlen(vm->name, sizeof(config->name) - 1));
    memcpy(config->command_line, vm->command_line, strnlen(vm->command_line, sizeof(config->command_line) - 1));
}

/* The page and the log that the VMM shares with the manager. */
static void connect_manager(struct system *system, struct services *services, const struct vm_element *vm,
                            struct pd *pd, uint32_t kernel_vm)
{
    struct arena *arena = &system->arena;
    struct manager_config *manager = services->manager_config;
    uint32_t index = manager->vm_count++;
    uint64_t base = CLIENT_ADDRESS + index * CLIENT_SPAN;
    struct region *control =
        add_region(system, vm->line, arena_format(arena, "%s_control", vm->name), LAYOUT_PAGE, PAGE_SIZE_4K, NULL);
    struct region *log =
        add_region(system, vm->line, arena_format(arena, "%s_log", vm->name), LOG_SIZE, PAGE_SIZE_4K, NULL);
    add_map(system, &pd->maps, vm->line, control, CONTROL_ADDRESS, READ_WRITE, NULL);
    add_map(system, &pd->maps, vm->line, log, LOG_ADDRESS, READ_WRITE, NULL);
    add_map(system, &services->manager->maps, vm->line, control, base, READ_WRITE, NULL);
    add_map(system, &services->manager->maps, vm->line, log, base + 0x100000, READ, NULL);
    add_channel(system, vm->line, services->manager, MANAGER_FIRST_VM + index, pd, VMM_MANAGER);
    manager->vms[index] = (struct manager_vm_config){
        .control = base,
        .log = base + 0x100000,
        .log_size = LOG_SIZE,
        .channel = MANAGER_FIRST_VM + index,
        .child_id = pd->child_id,
        .kernel_vm = kernel_vm,
        .memory = vm->memory,
        .vcpu_count = vm->vcpu_count,
    };
    memcpy(manager->vms[index].name, vm->name, strnlen(vm->name, PLAN_NAME_LENGTH - 1));
}

static void add_vmm(struct system *system, struct services *services, const struct vm_element *vm, uint32_t index,
                    uint32_t kernel_vm)
{
    struct arena *arena = &system->arena;
    const char *name = arena_format(arena, "%s_vmm", vm->name);
    struct pd *pd = add_pd(system, vm->line, services->manager, name, "vmm.elf", vm->priority, VMM_STACK);
    pd->child_id = index;
    pd->child_id_valid = true;
    pd->cpu = vm->cpus[0];
    pd->budget = vm->budget;
    pd->period = vm->period;
    struct vm_config *config = add_service_config(system, pd, vm->name, sizeof(struct vm_config));
    describe_vm(vm, config);
    config->vm_id = index;
    add_virtual_machine(system, vm, pd, config);
    add_guest_image(system, vm, pd, &vm->kernel, "kernel", KERNEL_ADDRESS, &config->kernel);
    add_guest_image(system, vm, pd, &vm->initrd, "initrd", INITRD_ADDRESS, &config->initrd);
    system->target->add_vm_parts(system, vm, pd, config);
    connect_manager(system, services, vm, pd, kernel_vm);
    struct queue_side side = {pd, QUEUE_ADDRESS, VMM_CONSOLE, &config->console};
    add_own_console(system, services, vm->line, vm->name, &side, false);
    expand_vm_devices(system, services, vm, pd, config);
}

/* No blob if there is none or it cannot be read. */
void read_guest_image(struct system *system, const struct vm_element *vm, const char *element,
                      struct guest_image *image)
{
    const char *path = image->path;
    long line = image->line;
    if (path == NULL) {
        return;
    }
    const char *found = find_file(&system->arena, system->search, path);
    if (found == NULL) {
        report_error(&system->diagnostics, line,
                     "<%s> of VM '%s': '%s' is not found; build it, correct the path or add its directory with "
                     "--search-path",
                     element, vm->name, path);
        return;
    }
    const char *reason = NULL;
    struct blob *blob = system_read_blob(system, found, &reason);
    if (blob == NULL) {
        report_error(&system->diagnostics, line, "<%s> of VM '%s': '%s' cannot be read: %s; give a readable file",
                     element, vm->name, path, reason);
    } else if (blob->size == 0) {
        report_error(&system->diagnostics, line, "<%s> of VM '%s': '%s' is an empty file; give one with content",
                     element, vm->name, path);
        blob = NULL;
    }
    image->blob = blob;
}

static uint32_t count_virtual_machines(const struct list *pds)
{
    uint32_t count = 0;
    LIST_FOR (const struct pd, pd, pds) {
        count += (pd->vm != NULL) + count_virtual_machines(&pd->children);
    }
    return count;
}

/* VMs that can be expanded: those with a name of their own. */
static void select_vms(struct system *system, struct list *selected)
{
    LIST_FOR (struct vm_element, vm, &system->vms) {
        bool usable = vm->name[0] != '\0';
        LIST_FOR (const struct vm_element, other, selected) {
            if (usable && strcmp(vm->name, other->name) == 0) {
                report_error(&system->diagnostics, vm->line,
                             "<vm name=\"%s\"> again (first at line %ld); give each VM its own name", vm->name,
                             other->line);
                usable = false;
            }
        }
        if (usable && selected->count == MANAGER_MAX_VMS) {
            report_error(&system->diagnostics, vm->line, "<vm name=\"%s\"> is one too many; at most %u are possible",
                         vm->name, MANAGER_MAX_VMS);
            return;
        }
        read_guest_image(system, vm, "kernel", &vm->kernel);
        read_guest_image(system, vm, "initrd", &vm->initrd);
        if (usable) {
            list_append(&system->arena, selected, vm);
        }
    }
}

/* Parts of the services' time: those through which data passes get twice as much as the others. */
static uint32_t budget_parts(const struct services *services, const struct pd *pd)
{
    return pd == services->storage || pd == services->network_switch ? 2 : 1;
}

static void share_budget(const struct services *services)
{
    uint32_t parts = 0;
    LIST_FOR (const struct pd, pd, &services->all) {
        parts += budget_parts(services, pd);
    }
    uint64_t share = parts != 0 ? SERVICES_BUDGET / parts : 0;
    share = share < SERVICE_BUDGET ? share : SERVICE_BUDGET;
    LIST_FOR (struct pd, pd, &services->all) {
        pd->budget = share * budget_parts(services, pd);
    }
}

void system_expand(struct system *system)
{
    struct list vms = {0};
    select_vms(system, &vms);
    sockets_prepare(system);
    if (vms.count == 0) {
        sockets_expand_pds(system);
        expand_operator(system, NULL, 0, NULL);
        return;
    }
    uint32_t kernel_vm = count_virtual_machines(&system->top_pds);
    const struct vm_element *first = vms.items[0];
    struct services services = {.line = first->line};
    add_serial_driver(system, &services);
    add_console(system, &services);
    add_manager(system, &services);
    uint32_t index = 0;
    LIST_FOR (const struct vm_element, vm, &vms) {
        add_vmm(system, &services, vm, index, kernel_vm + index);
        index++;
    }
    struct queue_side side = {services.manager, QUEUE_ADDRESS, MANAGER_CONSOLE, &services.manager_config->console};
    add_own_console(system, &services, services.line, "manager", &side, true);
    LIST_FOR (const struct console_client, client, &services.console_ports) {
        add_console_client(system, &services, client);
    }
    sockets_expand_pds(system);
    share_budget(&services);
}
