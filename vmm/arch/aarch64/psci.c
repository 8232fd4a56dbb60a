/* SPDX-License-Identifier: BSD-2-Clause */
/* Power State Coordination Interface 1.1 (Arm DEN 0022). */
#include <vmm/arch/execution.h>

/* Function numbers; the same in the 32-bit (0x84000000) and the 64-bit (0xC4000000) convention. */
enum psci_function {
    PSCI_VERSION = 0,
    CPU_SUSPEND = 1,
    CPU_OFF = 2,
    CPU_ON = 3,
    AFFINITY_INFO = 4,
    MIGRATE_INFO_TYPE = 6,
    SYSTEM_OFF = 8,
    SYSTEM_RESET = 9,
    PSCI_FEATURES = 10,
    SYSTEM_RESET2 = 18,
};

enum psci_result {
    PSCI_SUCCESS = 0,
    PSCI_NOT_SUPPORTED = -1,
    PSCI_INVALID_PARAMETERS = -2,
    PSCI_ALREADY_ON = -4,
    PSCI_ON_PENDING = -5,
    PSCI_INVALID_ADDRESS = -9,
};

#define BASE_32       0x84000000u
#define BASE_64       0xc4000000u
#define FUNCTION_MASK 0x1fu

#define VERSION_1_1        0x00010001
#define NO_TRUSTED_OS      2 /* MIGRATE_INFO_TYPE: nothing to migrate */
#define SMCCC_VERSION      0x80000000u
#define POWER_STATE_DOWN   (1u << 16)
#define POWER_STATE_FIELDS 0x0301ffffu /* StateID, StateType, PowerLevel: the original format */

/* Which functions exist in which convention: bit per function number. */
#define FUNCTIONS_32                                                                                                   \
    ((1u << PSCI_VERSION) | (1u << CPU_SUSPEND) | (1u << CPU_OFF) | (1u << CPU_ON) | (1u << AFFINITY_INFO) |           \
     (1u << MIGRATE_INFO_TYPE) | (1u << SYSTEM_OFF) | (1u << SYSTEM_RESET) | (1u << PSCI_FEATURES) |                   \
     (1u << SYSTEM_RESET2))
#define FUNCTIONS_64 ((1u << CPU_SUSPEND) | (1u << CPU_ON) | (1u << AFFINITY_INFO) | (1u << SYSTEM_RESET2))

bool psci_has(uint32_t function)
{
    uint32_t number = function & FUNCTION_MASK;
    switch (function & ~FUNCTION_MASK) {
    case BASE_32:
        return (FUNCTIONS_32 >> number & 1u) != 0;
    case BASE_64:
        return (FUNCTIONS_64 >> number & 1u) != 0;
    default:
        return false;
    }
}

/* A vCPU's affinity fields, as reset_registers() gives them. */
static uint64_t affinity_of(const struct vcpu_context *vcpu)
{
    return vcpu->vm->arch.gic.config.vcpus[vcpu->id].mpidr & MPIDR_AFFINITY;
}

static struct vcpu_context *vcpu_with(struct vm *vm, uint64_t affinity)
{
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if (affinity_of(&vm->vcpus[i]) == affinity) {
            return &vm->vcpus[i];
        }
    }
    return NULL;
}

/* Code starts where there is RAM for one instruction at least. */
static bool possible_entry(struct vm *vm, uint64_t address)
{
    return (address & 3u) == 0 && guest_slice(&vm->memory, GPA(address), 4) != NULL;
}

static int64_t cpu_on(struct vcpu_context *caller, uint64_t target, uint64_t entry, uint64_t context)
{
    struct vm *vm = caller->vm;
    struct vcpu_context *vcpu = vcpu_with(vm, target);
    if (vcpu == NULL) {
        return PSCI_INVALID_PARAMETERS;
    }
    if (vcpu->arch.power != VCPU_POWER_OFF) {
        return vcpu->arch.power == VCPU_POWER_ON ? PSCI_ALREADY_ON : PSCI_ON_PENDING;
    }
    if (!possible_entry(vm, entry)) {
        return PSCI_INVALID_ADDRESS;
    }
    vcpu->arch.power = VCPU_POWER_ON_PENDING;
    vcpu->arch.start_address = entry;
    vcpu->arch.start_context = context;
    vcpu_kick(vcpu);
    return PSCI_SUCCESS;
}

static void cpu_off(struct vcpu_context *vcpu)
{
    struct vm *vm = vcpu->vm;
    vcpu->arch.power = VCPU_POWER_OFF;
    vcpu->activity = VCPU_WAIT_START;
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i].arch.power != VCPU_POWER_OFF) {
            return;
        }
    }
    vm_request_action(vm, VM_ACTION_POWER_OFF, "the guest turned its last CPU off");
}

/* On as soon as one of the CPUs below that level is. */
static int64_t affinity_info(struct vcpu_context *caller, uint64_t target, uint64_t level)
{
    static const uint64_t masks[] = {0xff00ffffff, 0xff00ffff00, 0xff00ff0000, 0xff00000000};
    struct vm *vm = caller->vm;
    int64_t result = PSCI_INVALID_PARAMETERS;
    if (level >= sizeof(masks) / sizeof(masks[0]) || (target & ~MPIDR_AFFINITY) != 0) {
        return PSCI_INVALID_PARAMETERS;
    }
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if (((affinity_of(&vm->vcpus[i]) ^ target) & masks[level]) != 0) {
            continue;
        }
        if (vm->vcpus[i].arch.power == VCPU_POWER_ON) {
            return VCPU_POWER_ON;
        }
        if (vm->vcpus[i].arch.power == VCPU_POWER_ON_PENDING || result == PSCI_INVALID_PARAMETERS) {
            result = vm->vcpus[i].arch.power;
        }
    }
    return result;
}

static int64_t cpu_suspend(struct vcpu_context *vcpu, uint64_t power_state, uint64_t entry, uint64_t context)
{
    if ((power_state & ~(uint64_t)POWER_STATE_FIELDS) != 0) {
        return PSCI_INVALID_PARAMETERS;
    }
    if ((power_state & POWER_STATE_DOWN) != 0) {
        if (!possible_entry(vcpu->vm, entry)) {
            return PSCI_INVALID_ADDRESS;
        }
        vcpu->arch.start_on_wake = true;
        vcpu->arch.start_address = entry;
        vcpu->arch.start_context = context;
    }
    interrupt_wait(vcpu);
    return PSCI_SUCCESS;
}

static int64_t system_reset2(struct vcpu_context *vcpu, uint32_t kind)
{
    if (kind != 0) { /* only the architectural warm reset, which is like any other here */
        return PSCI_INVALID_PARAMETERS;
    }
    vm_request_action(vcpu->vm, VM_ACTION_REBOOT, "reset by PSCI SYSTEM_RESET2");
    return PSCI_SUCCESS;
}

static int64_t features(uint32_t function)
{
    return psci_has(function) || function == SMCCC_VERSION ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

bool psci_call(struct vcpu_context *vcpu, uint32_t function, int64_t *result)
{
    if (!psci_has(function)) {
        return false;
    }
    uint64_t mask = (function & ~FUNCTION_MASK) == BASE_64 ? UINT64_MAX : UINT32_MAX;
    uint64_t x1 = register_read(vcpu, 1) & mask;
    uint64_t x2 = register_read(vcpu, 2) & mask;
    uint64_t x3 = register_read(vcpu, 3) & mask;
    *result = PSCI_SUCCESS;
    switch (function & FUNCTION_MASK) {
    case PSCI_VERSION:
        *result = VERSION_1_1;
        break;
    case CPU_SUSPEND:
        *result = cpu_suspend(vcpu, (uint32_t)x1, x2, x3);
        break;
    case CPU_OFF:
        cpu_off(vcpu);
        break;
    case CPU_ON:
        *result = cpu_on(vcpu, x1, x2, x3);
        break;
    case AFFINITY_INFO:
        *result = affinity_info(vcpu, x1, (uint32_t)x2);
        break;
    case MIGRATE_INFO_TYPE:
        *result = NO_TRUSTED_OS;
        break;
    case SYSTEM_OFF:
        vm_request_action(vcpu->vm, VM_ACTION_POWER_OFF, "powered off by the guest");
        break;
    case SYSTEM_RESET:
        vm_request_action(vcpu->vm, VM_ACTION_REBOOT, "reset by PSCI SYSTEM_RESET");
        break;
    case PSCI_FEATURES:
        *result = features((uint32_t)x1);
        break;
    default: /* SYSTEM_RESET2 */
        *result = system_reset2(vcpu, (uint32_t)x1);
        break;
    }
    return true;
}
