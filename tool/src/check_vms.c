/* SPDX-License-Identifier: BSD-2-Clause */
/* <vm> elements: do kernel, initrd and memory go together? */
#include "check.h"
#include <string.h>
#include <tool/number.h>

/* Linux/x86 boot protocol (Documentation/x86/boot.rst): offsets in a bzImage. */
#define LINUX_SETUP_SECTORS 0x1f1u
#define LINUX_BOOT_FLAG     0x1feu
#define LINUX_MAGIC         0x202u
#define LINUX_VERSION       0x206u
#define LINUX_LOAD_FLAGS    0x236u
#define LINUX_COMMAND_LINE  0x238u
#define LINUX_PREFERRED     0x258u
#define LINUX_INIT_SIZE     0x260u
#define LINUX_HEADER_END    0x268u
/* First version whose header has all of these. */
#define LINUX_VERSION_MIN   0x20cu
#define LINUX_KERNEL_64     1u

/* The services' priority; a VMM above it could keep the console from running. */
#define SERVICE_PRIORITY 200u

static uint32_t read_32(const struct blob *blob, size_t offset)
{
    uint32_t value;
    memcpy(&value, blob->data + offset, sizeof(value));
    return value;
}

static uint64_t read_64(const struct blob *blob, size_t offset)
{
    uint64_t value;
    memcpy(&value, blob->data + offset, sizeof(value));
    return value;
}

static void check_linux(struct system *system, const struct vm_element *vm)
{
    const struct blob *kernel = vm->kernel.blob;
    if (kernel->size < LINUX_HEADER_END || memcmp(kernel->data + LINUX_MAGIC, "HdrS", 4) != 0 ||
        kernel->data[LINUX_BOOT_FLAG] != 0x55 || kernel->data[LINUX_BOOT_FLAG + 1] != 0xaa) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<kernel path=\"%s\"> of VM '%s' is not a Linux bzImage; give a vmlinuz file, or <boot "
                     "protocol=\"flat\" load_address=\"...\" /> for a raw image",
                     vm->kernel.path, vm->name);
        return;
    }
    uint32_t version = read_32(kernel, LINUX_VERSION) & 0xffff;
    if (version < LINUX_VERSION_MIN || (kernel->data[LINUX_LOAD_FLAGS] & LINUX_KERNEL_64) == 0) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<kernel path=\"%s\"> of VM '%s' has no 64-bit entry (boot protocol %u.%02u); give an x86-64 "
                     "kernel of Linux 3.8 or later",
                     vm->kernel.path, vm->name, version >> 8, version & 0xff);
        return;
    }
    uint32_t limit = read_32(kernel, LINUX_COMMAND_LINE);
    if (strlen(vm->command_line) > limit) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<cmdline> of VM '%s' has %zu characters and its kernel takes %u; shorten it", vm->name,
                     strlen(vm->command_line), limit);
    }
    uint64_t need = read_64(kernel, LINUX_PREFERRED), initrd = vm->initrd.blob == NULL ? 0 : vm->initrd.blob->size;
    if (__builtin_add_overflow(need, read_32(kernel, LINUX_INIT_SIZE) + initrd + PAGE_SIZE_2M, &need)) {
        need = UINT64_MAX;
    }
    if (vm->memory != 0 && need > vm->memory) {
        report_error(&system->diagnostics, vm->line,
                     "<vm name=\"%s\"> memory of %llu MiB is too little for its kernel and initrd, which need %llu "
                     "MiB; give more",
                     vm->name, (unsigned long long)(vm->memory >> 20), (unsigned long long)(need >> 20) + 1);
    }
}

static void check_flat(struct system *system, const struct vm_element *vm)
{
    if (vm->memory != 0 && (vm->load_address >= vm->memory || vm->kernel.blob->size > vm->memory - vm->load_address)) {
        report_error(&system->diagnostics, vm->kernel.line,
                     "<kernel path=\"%s\"> of VM '%s' with %zu bytes at load_address %#llx ends outside its memory; "
                     "use a lower address or give more memory",
                     vm->kernel.path, vm->name, vm->kernel.blob->size, (unsigned long long)vm->load_address);
    }
    if (vm->initrd.line != 0) {
        report_error(&system->diagnostics, vm->initrd.line,
                     "<initrd> of VM '%s' with <boot protocol=\"flat\">, which has none; remove it", vm->name);
    }
}

void check_vms(struct system *system)
{
    LIST_FOR (const struct vm_element, vm, &system->vms) {
        if (vm->kernel.blob != NULL) {
            if (vm->protocol == VM_BOOT_LINUX) {
                check_linux(system, vm);
            } else {
                check_flat(system, vm);
            }
        }
        if (vm->priority > SERVICE_PRIORITY) {
            report_warning(&system->diagnostics, vm->line,
                           "<vm name=\"%s\"> priority %u is above the manager's (%u): a busy guest on its CPU keeps it "
                           "from running; use less",
                           vm->name, vm->priority, SERVICE_PRIORITY);
        }
        for (uint32_t i = 0; i < vm->vcpu_count; i++) {
            for (uint32_t j = 0; j < i; j++) {
                if (vm->cpus[i] == vm->cpus[j]) {
                    report_warning(&system->diagnostics, vm->line,
                                   "<vm name=\"%s\"> has vCPUs %u and %u on CPU %u: they wait for each other; put each "
                                   "on its own",
                                   vm->name, j, i, vm->cpus[i]);
                }
            }
        }
    }
}
