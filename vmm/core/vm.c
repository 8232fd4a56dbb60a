/* SPDX-License-Identifier: BSD-2-Clause */
/* Life cycle of a VM: starting, stopping, restarting. */
#include <base/format.h>
#include <base/memory.h>

#include <vmm/hv.h>
#include <vmm/vm.h>

/* A guest that ends this soon after its start, this often in a row, is left stopped. */
#define QUICK_RESTART_SECONDS 2u
#define QUICK_RESTARTS_MAX    5u

const char *vm_state_name(uint32_t state)
{
    static const char *const names[] = {"starting", "stopped", "running", "paused", "failed"};
    return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

void vm_publish(struct vm *vm)
{
    if (vm->control == NULL) {
        return;
    }
    vm->control->status.interrupts_injected = arch_interrupts_injected(vm);
    vm->control->status.guest_errors = vm->guest_errors;
    vm->control->status.console_bytes_dropped = arch_console_dropped(vm);
}

void vm_set_state(struct vm *vm, enum vm_state state)
{
    vm->state = state;
    if (vm->control != NULL) {
        memcpy(vm->control->status.reason, vm->reason, sizeof(vm->reason));
        vm->control->status.boots = vm->boots;
        __atomic_store_n(&vm->control->status.state, (uint32_t)state, __ATOMIC_RELEASE);
        vm_publish(vm);
        hv_notify(vm->config.control_channel);
    }
}

static void kick_others(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vcpu_kick(&vm->vcpus[i]);
    }
}

void vm_request_action(struct vm *vm, enum vm_action action, const char *format, ...)
{
    if (vm->action != VM_ACTION_NONE) {
        return;
    }
    vm->action = action;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(vm->reason, sizeof(vm->reason), format, arguments);
    va_end(arguments);
}

static bool restarts(struct vm *vm, enum vm_action action)
{
    uint32_t choice;
    switch (action) {
    case VM_ACTION_RESET:
        return true;
    case VM_ACTION_POWER_OFF:
        choice = vm->config.on_poweroff;
        break;
    case VM_ACTION_REBOOT:
        choice = vm->config.on_reboot;
        break;
    case VM_ACTION_CRASH:
        choice = vm->config.on_crash;
        break;
    default:
        return false;
    }
    if (choice != VM_ON_EVENT_RESTART) {
        return false;
    }
    uint64_t ran = hv_now() - vm->started_at;
    if (ran >= vm->clock.frequency * QUICK_RESTART_SECONDS) {
        vm->quick_restarts = 0;
    } else if (++vm->quick_restarts > QUICK_RESTARTS_MAX) {
        vmm_log(vm, "%s: it ended %u times in a row right after its start, and stays stopped", vm->config.name,
                vm->quick_restarts);
        vm->quick_restarts = 0;
        return false;
    }
    return true;
}

void vm_take_action(struct vm *vm)
{
    enum vm_action action = (enum vm_action)vm->action;
    vm->action = VM_ACTION_NONE;
    if (vm->state != VM_STATE_RUNNING && vm->state != VM_STATE_PAUSED) {
        return;
    }
    bool restart = restarts(vm, action);
    vmm_log(vm, "%s: %s; %s", vm->config.name, vm->reason, restart ? "restarting" : "stopped");
    vm->start_after_stop = restart;
    vm_console_flush(vm);
    device_set_reset(vm); /* what is on its way to or from others is for no guest any more */
    vm_set_state(vm, VM_STATE_STOPPED);
    kick_others(vm);
}

void vm_request_start(struct vm *vm)
{
    if (vm->created && (vm->state == VM_STATE_STOPPED || vm->state == VM_STATE_FAILED)) {
        vm->start_after_stop = true;
    }
}

static void fail(struct vm *vm, const char *problem)
{
    snprintf(vm->reason, sizeof(vm->reason), "%s", problem);
    vmm_log(vm, "%s: cannot start: %s", vm->config.name, problem);
    vm_set_state(vm, VM_STATE_FAILED);
}

void vm_try_start(struct vm *vm)
{
    if (!vm->start_after_stop) {
        return;
    }
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if (!vm->vcpus[i].parked) {
            return;
        }
    }
    vm->start_after_stop = false;
    vm->started_at = hv_now();
    if (vm->boots > 0) { /* at boot memory is zero */
        for (uint32_t i = 0; i < vm->memory.count; i++) {
            guest_zero(&vm->memory, GPA(vm->memory.ranges[i].gpa), vm->memory.ranges[i].size);
        }
    }
    vm->boots++;
    device_set_reset(vm);
    const char *problem = arch_vm_reset(vm);
    if (problem != NULL) {
        fail(vm, problem);
        return;
    }
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vm->vcpus[i].parked = false;
    }
    vm->reason[0] = '\0';
    vm_set_state(vm, VM_STATE_RUNNING);
    kick_others(vm);
}

/* --- Creation --- */

static bool terminated(const char *text, size_t size)
{
    return strnlen(text, size) < size;
}

static const char *check_memory(const struct vm_config *config)
{
    if (config->ram_range_count == 0 || config->ram_range_count > VM_MAX_RAM_RANGES ||
        config->ram[0].gpa != ARCH_RAM_BASE) {
        return "configuration: RAM does not start where this machine's does";
    }
    uint64_t end = 0;
    for (uint32_t i = 0; i < config->ram_range_count; i++) {
        const struct vm_ram_range *range = &config->ram[i];
        if (range->size == 0 || (range->size | range->gpa) % PAGE_SIZE_2M != 0 || range->address == 0 ||
            range->gpa < end || range->gpa + range->size < range->gpa ||
            range->address + range->size < range->address) {
            return "configuration: bad range of RAM";
        }
        end = range->gpa + range->size;
    }
    return NULL;
}

static const char *check(const struct vm_config *config)
{
    if (config->magic != VM_CONFIG_MAGIC || config->version != VM_CONFIG_VERSION || config->size != sizeof(*config)) {
        return "configuration: not of this version";
    }
    if (!terminated(config->name, sizeof(config->name)) ||
        !terminated(config->command_line, sizeof(config->command_line))) {
        return "configuration: text without end";
    }
    if (config->vcpu_count == 0 || config->vcpu_count > VM_MAX_VCPUS) {
        return "configuration: bad number of vCPUs";
    }
    for (uint32_t i = 0; i < config->vcpu_count; i++) {
        if (config->vcpu_page[i] == 0 || config->vcpu_page[i] % PAGE_SIZE_4K != 0) {
            return "configuration: vCPU without a page";
        }
    }
    if (config->control != 0 && config->control_channel >= 62) {
        return "configuration: bad channel of the manager";
    }
    if (config->log != 0 && config->log_size <= sizeof(struct log_ring)) {
        return "configuration: log too small";
    }
    return check_memory(config);
}

static void open_log(struct vm *vm)
{
    struct log_ring *ring = (struct log_ring *)(uintptr_t)vm->config.log;
    vm->log_capacity = vm->config.log_size - (uint32_t)sizeof(struct log_ring);
    ring->capacity = vm->log_capacity;
    ring->written = 0;
    ring->dropped = 0;
    __atomic_store_n(&ring->magic, LOG_RING_MAGIC, __ATOMIC_RELEASE);
    vm->log_ring = ring;
}

const char *vm_create(struct vm *vm, const struct vm_config *config)
{
    memcpy(&vm->config, config, sizeof(vm->config));
    const char *problem = check(&vm->config);
    if (problem != NULL) {
        vm->config.name[0] = '\0';
        vm->state = VM_STATE_FAILED;
        return problem;
    }
    if (vm->config.log != 0) {
        open_log(vm);
    }
    vm->control = (struct vm_control *)(uintptr_t)vm->config.control;
    if (vm->control != NULL) {
        /* Not 0 if this VMM was restarted: memory then holds what the last guest left. */
        vm->boots = vm->control->status.boots;
    }
    vm->kernel = vm->config.kernel;
    vm->initrd = vm->config.initrd;
    vm->memory.count = vm->config.ram_range_count;
    memcpy(vm->memory.ranges, vm->config.ram, sizeof(vm->memory.ranges));
    vm->vcpu_count = vm->config.vcpu_count;
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vm->vcpus[i].vm = vm;
        vm->vcpus[i].id = i;
        vm->vcpus[i].page = (struct vcpu_page *)(uintptr_t)vm->config.vcpu_page[i];
        vm->vcpus[i].parked = true;
    }
    problem = vm_console_init(vm) ? arch_vm_create(vm) : "configuration: bad console";
    problem = problem != NULL ? problem : device_set_create(vm);
    if (problem != NULL) {
        fail(vm, problem);
        return problem;
    }
    vmm_log(vm, "%s: %u vCPU%s, %llu MiB of memory", vm->config.name, vm->vcpu_count, vm->vcpu_count == 1 ? "" : "s",
            (unsigned long long)(guest_memory_size(&vm->memory) >> 20));
    vm->created = true;
    vm_set_state(vm, VM_STATE_STOPPED);
    return NULL;
}
