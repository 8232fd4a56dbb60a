/* SPDX-License-Identifier: BSD-2-Clause */
#include "arm_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libfdt.h>

#include <vmm/hv.h>

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

/* The least that a tool would make: two cells, memory that the VMM replaces, /chosen. */
static void make_device_tree(struct arm_fixture *f)
{
    void *t = f->device_tree;
    static const char memory[] = "memory";
    fdt64_t reg[2] = {cpu_to_fdt64(0x12340000), cpu_to_fdt64(0x1000)};
    int bad = fdt_create(t, (int)sizeof(f->device_tree)) | fdt_finish_reservemap(t) | fdt_begin_node(t, "") |
              fdt_property_u32(t, "#address-cells", 2) | fdt_property_u32(t, "#size-cells", 2) |
              fdt_begin_node(t, "chosen") | fdt_property_string(t, "stdout-path", "serial0") | fdt_end_node(t) |
              fdt_begin_node(t, "memory@12340000") | fdt_property(t, "device_type", memory, sizeof(memory)) |
              fdt_property(t, "reg", reg, sizeof(reg)) | fdt_end_node(t) | fdt_end_node(t) | fdt_finish(t);
    if (bad != 0) {
        abort();
    }
}

void fixture_configure(struct arm_fixture *f, uint32_t gic_version, const void *code, size_t size)
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
    make_device_tree(f);
    struct vm_config *c = &f->config;
    c->magic = VM_CONFIG_MAGIC;
    c->version = VM_CONFIG_VERSION;
    c->size = sizeof(*c);
    strcpy(c->name, "test");
    c->vcpu_count = 1;
    c->boot_protocol = VM_BOOT_FLAT;
    c->flags = VM_CONFIG_AUTOSTART;
    c->ram_range_count = 2;
    c->ram[0] = (struct vm_ram_range){.gpa = GUEST_RAM_BASE, .address = (uintptr_t)f->ram, .size = FIXTURE_RAM_SIZE};
    c->ram[1] =
        (struct vm_ram_range){.gpa = FIXTURE_HIGH, .address = (uintptr_t)f->high_ram, .size = FIXTURE_HIGH_SIZE};
    c->kernel = (struct vm_image){.address = (uintptr_t)code, .size = size};
    c->kernel_load_address = FIXTURE_CODE;
    c->device_tree_gicv2 = c->device_tree_gicv3 =
        (struct vm_image){.address = (uintptr_t)f->device_tree, .size = fdt_totalsize(f->device_tree)};
    strcpy(c->command_line, "console=ttyAMA0");
    for (uint32_t i = 0; i < FIXTURE_VCPUS; i++) {
        c->vcpu_page[i] = (uintptr_t)fixture_page(f, i);
        fixture_page(f, i)->state.gic.version = gic_version;
        fixture_page(f, i)->state.gic.list_count = FIXTURE_LISTS;
        fixture_page(f, i)->state.gic.kernel_private = 0x800ffff;
        fixture_page(f, i)->state.vpidr = FIXTURE_MIDR;
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

const char *fixture_create(struct arm_fixture *f)
{
    f->vm = calloc(1, sizeof(*f->vm));
    return vm_create(f->vm, &f->config);
}

void fixture_start(struct arm_fixture *f, uint32_t gic_version, uint32_t vcpus)
{
    static const uint32_t code[4] = {0xd503201f, 0xd503201f, 0xd503207f, 0x14000000}; /* nop, nop, wfi, b . */
    fixture_configure(f, gic_version, code, sizeof(code));
    f->config.vcpu_count = vcpus;
    const char *problem = fixture_create(f);
    if (problem != NULL) {
        abort();
    }
    vmm_begin(f->vm);
    for (uint32_t i = 0; i < vcpus; i++) {
        if (i != 0) {
            vmm_handle_event(&f->vm->vcpus[i]);
        }
        fixture_page(f, i)->control.dirty = 0;
    }
}

void fixture_destroy(struct arm_fixture *f)
{
    free(f->vm);
    munmap(f->ram, FIXTURE_RAM_SIZE + 4096);
    munmap(f->high_ram, FIXTURE_HIGH_SIZE + 4096);
    free(f->pages);
    free(f->control);
    free(f->log);
}

struct vcpu_page *fixture_exit(struct arm_fixture *f, uint32_t vcpu, enum vcpu_exit_kind kind)
{
    struct vcpu_page *page = fixture_page(f, vcpu);
    memset(&page->exit, 0, sizeof(page->exit));
    page->exit.kind = kind;
    page->exit.instruction_length = 4;
    page->control.dirty = 0;
    return page;
}

void fixture_handle(struct arm_fixture *f, uint32_t vcpu)
{
    vmm_handle_exit(&f->vm->vcpus[vcpu]);
}

static void access(struct arm_fixture *f, uint32_t vcpu, uint64_t gpa, uint32_t width, bool write)
{
    struct vcpu_page *page = fixture_exit(f, vcpu, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){.gpa = gpa,
                                                  .gva = gpa,
                                                  .gva_valid = 1,
                                                  .access = write ? VCPU_ACCESS_WRITE : VCPU_ACCESS_READ,
                                                  .width = (uint8_t)width,
                                                  .gpr = 5,
                                                  .register_width = width == 8 ? 8 : 4};
    fixture_handle(f, vcpu);
}

void fixture_store(struct arm_fixture *f, uint32_t vcpu, uint64_t gpa, uint32_t width, uint64_t value)
{
    fixture_page(f, vcpu)->state.gpr[5] = value;
    access(f, vcpu, gpa, width, true);
}

uint64_t fixture_load(struct arm_fixture *f, uint32_t vcpu, uint64_t gpa, uint32_t width)
{
    access(f, vcpu, gpa, width, false);
    return fixture_page(f, vcpu)->state.gpr[5];
}

void fixture_undecoded(struct arm_fixture *f, uint32_t instruction, uint64_t gpa, bool write)
{
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_MEMORY);
    page->exit.memory = (struct vcpu_exit_memory){
        .gpa = gpa, .gva = gpa, .gva_valid = 1, .access = write ? VCPU_ACCESS_WRITE : VCPU_ACCESS_READ};
    memcpy(fixture_ram(f, page->state.pc), &instruction, sizeof(instruction));
    fixture_handle(f, 0);
}

uint64_t fixture_mrs(struct arm_fixture *f, uint32_t encoding, uint64_t host)
{
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register =
        (struct vcpu_exit_system_register){.encoding = encoding, .write = 0, .gpr = 5, .value = host};
    fixture_handle(f, 0);
    return page->state.gpr[5];
}

void fixture_msr(struct arm_fixture *f, uint32_t encoding, uint64_t value)
{
    struct vcpu_page *page = fixture_exit(f, 0, VCPU_EXIT_SYSTEM_REGISTER);
    page->exit.system_register = (struct vcpu_exit_system_register){.encoding = encoding, .write = 1, .gpr = 5};
    page->state.gpr[5] = value;
    fixture_handle(f, 0);
}

uint64_t fixture_call(struct arm_fixture *f, uint32_t vcpu, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    struct vcpu_page *page = fixture_exit(f, vcpu, VCPU_EXIT_HYPERCALL);
    page->state.gpr[0] = x0;
    page->state.gpr[1] = x1;
    page->state.gpr[2] = x2;
    page->state.gpr[3] = x3;
    fixture_handle(f, vcpu);
    return page->state.gpr[0];
}

bool fixture_took(struct arm_fixture *f, uint64_t esr)
{
    struct vcpu_arch_state *s = &f->pages[0].state;
    bool at_vector = s->pc == s->vbar_el1 + 0x200 || s->pc == s->vbar_el1 + 0x400 || s->pc == s->vbar_el1 ||
                     s->pc == s->vbar_el1 + 0x600;
    if (!at_vector || s->esr_el1 != esr || (f->pages[0].control.dirty & VCPU_STATE_EL1) == 0) {
        return false;
    }
    s->pc = s->elr_el1;
    s->pstate = s->spsr_el1;
    return true;
}

const char *fixture_log(struct arm_fixture *f)
{
    static char text[FIXTURE_LOG_SIZE];
    uint64_t length = f->log->written < FIXTURE_LOG_SIZE - 64 ? f->log->written : FIXTURE_LOG_SIZE - 65;
    memcpy(text, f->log->text, length);
    text[length] = '\0';
    return text;
}
