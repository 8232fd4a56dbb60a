/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole VM on a hypervisor that is a few variables: for unit tests of the VMM. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <vmm/vm.h>

#define FIXTURE_RAM_SIZE   (32u << 20)
#define FIXTURE_HIGH_SIZE  (2u << 20) /* at 4 GiB */
#define FIXTURE_FREQUENCY  1000000000ull
#define FIXTURE_QUEUE_SIZE 1024u
#define FIXTURE_LOG_SIZE   8192u
#define FIXTURE_VCPUS      4u
#define FIXTURE_CONTROL    5u /* channels */
#define FIXTURE_CONSOLE    6u

struct machine_fixture {
    struct vm *vm;
    struct vm_config config;
    uint8_t *ram, *high_ram;
    struct vcpu_page *pages; /* that of vCPU 0; the others follow, 4 KiB apart */
    struct vm_control *control;
    struct log_ring *log;
    struct serial_queue transmit, receive;
    char transmit_data[FIXTURE_QUEUE_SIZE], receive_data[FIXTURE_QUEUE_SIZE];
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

/* A configuration with all parts present, flat boot of `code` at 1 MiB, not started. */
void fixture_configure(struct machine_fixture *f, const void *code, size_t size);
/* Creates the VM from f->config. NULL, or what vm_create() said. */
const char *fixture_create(struct machine_fixture *f);
/* fixture_configure, fixture_create and a started guest. */
void fixture_start(struct machine_fixture *f, const void *code, size_t size);
void fixture_destroy(struct machine_fixture *f);

/* Bytes of an instruction at the guest's RIP. */
void fixture_set_code(struct machine_fixture *f, const void *code, size_t size);
/* Exit of vCPU 0: sets exit.kind, clears what the kernel would have cleared. */
struct vcpu_page *fixture_exit(struct machine_fixture *f, enum vcpu_exit_kind kind);
/* A memory exit for an access at gpa. */
void fixture_memory_exit(struct machine_fixture *f, uint64_t gpa, uint32_t access);
/* The log's text, terminated. */
const char *fixture_log(struct machine_fixture *f);

#define FIXTURE_CODE 0x100000ull
