/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole AArch64 VM on a hypervisor that is a few variables: for unit tests of the VMM. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/arch/execution.h>
#include <vmm/vm.h>

#define FIXTURE_RAM_SIZE   (64u << 20) /* at GUEST_RAM_BASE */
#define FIXTURE_HIGH_SIZE  (2u << 20)  /* at FIXTURE_HIGH */
#define FIXTURE_HIGH       0x100000000ull
#define FIXTURE_FREQUENCY  62500000ull
#define FIXTURE_QUEUE_SIZE 1024u
#define FIXTURE_LOG_SIZE   8192u
#define FIXTURE_TREE_SIZE  16384u
#define FIXTURE_VCPUS      4u
#define FIXTURE_CONTROL    5u /* channels */
#define FIXTURE_CONSOLE    6u
#define FIXTURE_LISTS      4u
#define FIXTURE_MIDR       0x410fd034ull
#define FIXTURE_CODE       (GUEST_RAM_BASE + 0x200000)

struct arm_fixture {
    struct vm *vm;
    struct vm_config config;
    uint8_t *ram, *high_ram;
    struct vcpu_page *pages; /* that of vCPU 0; the others follow, 4 KiB apart */
    struct vm_control *control;
    struct log_ring *log;
    struct serial_queue transmit, receive;
    char transmit_data[FIXTURE_QUEUE_SIZE], receive_data[FIXTURE_QUEUE_SIZE];
    uint8_t device_tree[FIXTURE_TREE_SIZE];
};

/* What the fake hypervisor saw, and its clock. */
struct fake_hv {
    uint64_t now;
    bool on[VM_MAX_VCPUS];
    uint32_t kicks[VM_MAX_VCPUS];
    uint32_t notifications[64];
    uint32_t reads;
    uint32_t groups_read;
    bool refuse_read;
    uint64_t tick_frequency;
    bool no_random;
    uint8_t random; /* the last random byte: they are 1, 2, 3 ... */
};
extern struct fake_hv fake_hv;

/* A configuration with all parts present, flat boot of `code` at FIXTURE_CODE, not started; a GIC of that version. */
void fixture_configure(struct arm_fixture *f, uint32_t gic_version, const void *code, size_t size);
/* Creates the VM from f->config. NULL, or what vm_create() said. */
const char *fixture_create(struct arm_fixture *f);
/* fixture_configure with a few instructions, `vcpus` vCPUs, fixture_create and a started guest. */
void fixture_start(struct arm_fixture *f, uint32_t gic_version, uint32_t vcpus);
void fixture_destroy(struct arm_fixture *f);

static inline struct vcpu_page *fixture_page(struct arm_fixture *f, uint32_t vcpu)
{
    return (struct vcpu_page *)(void *)((uint8_t *)f->pages + vcpu * 4096ull);
}

/* Where guest-physical memory is. */
static inline void *fixture_ram(struct arm_fixture *f, uint64_t gpa)
{
    return f->ram + (gpa - GUEST_RAM_BASE);
}

/* Exit of a vCPU: sets exit.kind, clears what the kernel would have cleared; the caller fills in the rest. */
struct vcpu_page *fixture_exit(struct arm_fixture *f, uint32_t vcpu, enum vcpu_exit_kind kind);
void fixture_handle(struct arm_fixture *f, uint32_t vcpu);
/* An access by a load or store of a general register, with the hardware's syndrome. */
void fixture_store(struct arm_fixture *f, uint32_t vcpu, uint64_t gpa, uint32_t width, uint64_t value);
uint64_t fixture_load(struct arm_fixture *f, uint32_t vcpu, uint64_t gpa, uint32_t width);
/* The same without syndrome, by `instruction` at pc; gva = gpa. */
void fixture_undecoded(struct arm_fixture *f, uint32_t instruction, uint64_t gpa, bool write);
/* MRS and MSR, X5. host: exit.system_register.value. */
uint64_t fixture_mrs(struct arm_fixture *f, uint32_t encoding, uint64_t host);
void fixture_msr(struct arm_fixture *f, uint32_t encoding, uint64_t value);
/* HVC with the arguments in X0..X3; returns X0. */
uint64_t fixture_call(struct arm_fixture *f, uint32_t vcpu, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);
/* Whether the guest got an exception with this ESR_EL1 (and undoes it: pc and PSTATE as before). */
bool fixture_took(struct arm_fixture *f, uint64_t esr);
/* The log's text, terminated. */
const char *fixture_log(struct arm_fixture *f);
