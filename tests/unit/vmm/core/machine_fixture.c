/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <vmm/hv.h>

#include "machine_fixture.h"

struct fake_hv fake_hv;

void hv_vcpu_on(struct vcpu_context *vcpu)
{
    fake_hv.on[vcpu->id] = true;
}

void hv_vcpu_off(struct vcpu_context *vcpu)
{
    fake_hv.on[vcpu->id] = false;
}

bool hv_vcpu_read(struct vcpu_context *vcpu, uint32_t groups)
{
    (void)vcpu;
    fake_hv.reads++;
    fake_hv.groups_read |= groups;
    return !fake_hv.refuse_read;
}

void hv_vcpu_kick(struct vcpu_context *vcpu)
{
    fake_hv.kicks[vcpu->id]++;
}

void hv_notify(unsigned int channel)
{
    fake_hv.notifications[channel % 64]++;
}

uint64_t hv_now(void)
{
    return fake_hv.now;
}

struct hv_time hv_time(void)
{
    return (struct hv_time){.tick_frequency = fake_hv.tick_frequency, .wall_clock = 1767225600, .wall_clock_ticks = 0};
}

bool hv_random(void *buffer, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)buffer)[i] = ++fake_hv.random;
    }
    return !fake_hv.no_random;
}

void hv_debug_write(const char *text, size_t length)
{
    (void)text;
    (void)length;
}

static void *pages(size_t size)
{
    void *memory = aligned_alloc(4096, size);
    memset(memory, 0, size);
    return memory;
}

/* Guest RAM: zero without touching it, and followed by a page that faults. */
static uint8_t *guest_ram(size_t size)
{
    uint8_t *ram = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ram == MAP_FAILED || mprotect(ram + size, 4096, PROT_NONE) != 0) {
        abort();
    }
    return ram;
}

void fixture_configure(struct machine_fixture *f, const void *code, size_t size)
{
    memset(f, 0, sizeof(*f));
    memset(&fake_hv, 0, sizeof(fake_hv));
    fake_hv.now = 1000000;
    fake_hv.tick_frequency = FIXTURE_FREQUENCY;
    f->ram = guest_ram(FIXTURE_RAM_SIZE);
    f->high_ram = guest_ram(FIXTURE_HIGH_SIZE);
    f->pages = pages(FIXTURE_VCPUS * 4096);
    f->control = pages(4096);
    f->log = pages(FIXTURE_LOG_SIZE);
    struct vm_config *c = &f->config;
    c->magic = VM_CONFIG_MAGIC;
    c->version = VM_CONFIG_VERSION;
    c->size = sizeof(*c);
    strcpy(c->name, "test");
    c->vcpu_count = 1;
    c->boot_protocol = VM_BOOT_FLAT;
    c->flags = VM_CONFIG_HYPERVISOR_LEAF | VM_CONFIG_AUTOSTART | VM_CONFIG_X2APIC | VM_CONFIG_TSC_DEADLINE;
    c->ram_range_count = 2;
    c->ram[0] = (struct vm_ram_range){.gpa = 0, .address = (uintptr_t)f->ram, .size = FIXTURE_RAM_SIZE};
    c->ram[1] = (struct vm_ram_range){.gpa = 1ull << 32, .address = (uintptr_t)f->high_ram, .size = FIXTURE_HIGH_SIZE};
    c->kernel = (struct vm_image){.address = (uintptr_t)code, .size = size};
    c->kernel_load_address = FIXTURE_CODE;
    for (uint32_t i = 0; i < FIXTURE_VCPUS; i++) {
        c->vcpu_page[i] = (uintptr_t)f->pages + i * 4096ull;
    }
    c->control = (uintptr_t)f->control;
    c->control_channel = FIXTURE_CONTROL;
    c->log = (uintptr_t)f->log;
    c->log_size = FIXTURE_LOG_SIZE;
    c->console = (struct queue_pair_config){.transmit_queue = (uintptr_t)&f->transmit,
                                            .transmit_data = (uintptr_t)f->transmit_data,
                                            .receive_queue = (uintptr_t)&f->receive,
                                            .receive_data = (uintptr_t)f->receive_data,
                                            .transmit_capacity = FIXTURE_QUEUE_SIZE,
                                            .receive_capacity = FIXTURE_QUEUE_SIZE,
                                            .channel = FIXTURE_CONSOLE,
                                            .present = 1};
}

const char *fixture_create(struct machine_fixture *f)
{
    f->vm = calloc(1, sizeof(*f->vm));
    return vm_create(f->vm, &f->config);
}

void fixture_start(struct machine_fixture *f, const void *code, size_t size)
{
    fixture_configure(f, code, size);
    const char *problem = fixture_create(f);
    if (problem != NULL) {
        abort();
    }
    vmm_begin(f->vm);
    f->pages[0].control.dirty = 0;
}

void fixture_destroy(struct machine_fixture *f)
{
    free(f->vm);
    munmap(f->ram, FIXTURE_RAM_SIZE + 4096);
    munmap(f->high_ram, FIXTURE_HIGH_SIZE + 4096);
    free(f->pages);
    free(f->control);
    free(f->log);
}

void fixture_set_code(struct machine_fixture *f, const void *code, size_t size)
{
    memcpy(f->ram + f->pages[0].state.rip, code, size);
}

struct vcpu_page *fixture_exit(struct machine_fixture *f, enum vcpu_exit_kind kind)
{
    struct vcpu_page *page = &f->pages[0];
    memset(&page->exit, 0, sizeof(page->exit));
    page->exit.kind = kind;
    page->control.dirty = 0;
    page->state.cs_attributes = page->state.cs.attributes; /* as the kernel does */
    return page;
}

void fixture_memory_exit(struct machine_fixture *f, uint64_t gpa, uint32_t access)
{
    struct vcpu_page *page = fixture_exit(f, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){.gpa = gpa, .access = access};
    vmm_handle_exit(&f->vm->vcpus[0]);
}

const char *fixture_log(struct machine_fixture *f)
{
    static char text[FIXTURE_LOG_SIZE];
    uint64_t length = f->log->written < FIXTURE_LOG_SIZE - 64 ? f->log->written : FIXTURE_LOG_SIZE - 65;
    memcpy(text, f->log->text, length);
    text[length] = '\0';
    return text;
}
