/* SPDX-License-Identifier: BSD-2-Clause */
/* <vm>: a virtual machine in one element. */
#include "parse.h"
#include <string.h>
#include <tool/number.h>
#include <tool/target.h>
#include <tool/vm_device.h>

#define VM_PRIORITY_DEFAULT 100u
/* Without load_address, a flat image goes so far above the start of guest memory. */
#define FLAT_LOAD_OFFSET    0x200000ull

static void parse_cpus(struct system *system, xmlNodePtr node, struct vm_element *vm)
{
    uint64_t vcpus = 1;
    bool vcpus_given = number_attribute(system, node, "vcpus", 1, VM_MAX_VCPUS, &vcpus);
    const char *text = attribute(system, node, "cpus");
    uint32_t count = 0;
    vm->vcpu_count = (uint32_t)vcpus;
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        vm->cpus[i] = i;
    }
    if (text == NULL) {
        return;
    }
    uint32_t cpus[VM_MAX_VCPUS];
    if (!parse_cpu_list(text, cpus, VM_MAX_VCPUS, &count)) {
        report_error(&system->diagnostics, vm->line,
                     "<vm> cpus=\"%s\" is not a list of at most %u CPUs; write the CPU of each vCPU, such as \"0,1\"",
                     text, VM_MAX_VCPUS);
        return;
    }
    if (vcpus_given && count != vcpus) {
        report_error(&system->diagnostics, vm->line,
                     "<vm> cpus=\"%s\" names %u CPUs for %llu vCPUs; name one CPU for each", text, count,
                     (unsigned long long)vcpus);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (cpus[i] >= PLAN_MAX_CPUS) {
            report_error(&system->diagnostics, vm->line, "<vm> cpus=\"%s\": CPU %u is out of range; use 0 to %u", text,
                         cpus[i], PLAN_MAX_CPUS - 1);
            return;
        }
    }
    memcpy(vm->cpus, cpus, sizeof(cpus));
    vm->vcpu_count = count;
}

static void parse_memory(struct system *system, xmlNodePtr node, struct vm_element *vm)
{
    if (required_attribute(system, node, "memory") == NULL) {
        return;
    }
    uint64_t memory;
    if (!size_attribute(system, node, "memory", &memory)) {
        return;
    }
    if (memory == 0 || memory % PAGE_SIZE_2M != 0) {
        report_error(&system->diagnostics, vm->line,
                     "<vm> memory=\"%s\" is not a multiple of 2 MiB; guest memory is in 2 MiB pages, use for example "
                     "256MiB",
                     attribute(system, node, "memory"));
        return;
    }
    if (memory > system->target->ram_maximum) {
        report_error(&system->diagnostics, vm->line,
                     "<vm> memory=\"%s\" is more than %llu GiB, the most on %s; use less",
                     attribute(system, node, "memory"), (unsigned long long)(system->target->ram_maximum >> 30),
                     system->target->name);
        return;
    }
    vm->memory = memory;
}

static void parse_vm_attributes(struct system *system, xmlNodePtr node, struct vm_element *vm)
{
    static const char *const known[] = {"name",   "cpus",   "vcpus",     "memory", "priority",
                                        "budget", "period", "autostart", NULL};
    uint64_t priority = VM_PRIORITY_DEFAULT;
    check_attributes(system, node, known);
    vm->name = name_attribute(system, node, "name");
    if (strlen(vm->name) > 40) {
        report_error(&system->diagnostics, vm->line,
                     "<vm name=\"%s\"> has more than 40 characters; shorten it, names of its parts are made from it",
                     vm->name);
    }
    number_attribute(system, node, "priority", 0, PLAN_PRIORITY_MAX, &priority);
    vm->priority = (uint32_t)priority;
    parse_budget(system, node, &vm->budget, &vm->period);
    vm->autostart = true;
    boolean_attribute(system, node, "autostart", &vm->autostart);
    parse_cpus(system, node, vm);
    parse_memory(system, node, vm);
}

static bool first_time(struct system *system, xmlNodePtr node, long *line)
{
    if (*line != 0) {
        report_error(&system->diagnostics, element_line(node), "<%s> again in <vm> (first at line %ld); keep one",
                     element_name(node), *line);
        return false;
    }
    *line = element_line(node);
    return true;
}

static void parse_guest_image(struct system *system, xmlNodePtr node, struct guest_image *image)
{
    static const char *const known[] = {"path", "unsigned", "packed", NULL};
    if (first_time(system, node, &image->line)) {
        check_attributes(system, node, known);
        check_empty(system, node);
        image->path = required_attribute(system, node, "path");
        boolean_attribute(system, node, "unsigned", &image->is_unsigned);
        image->packing_given = attribute(system, node, "packed") != NULL;
        boolean_attribute(system, node, "packed", &image->packed);
        if (image->packed && image->is_unsigned) {
            report_error(&system->diagnostics, image->line,
                         "<%s> is packed and unsigned: what replaces it would have to be packed as well; remove one "
                         "of them",
                         element_name(node));
        }
    }
}

static void parse_command_line(struct system *system, xmlNodePtr node, struct vm_element *vm)
{
    static const char *const none[] = {NULL};
    check_attributes(system, node, none);
    FOR_EACH_CHILD (child, node) {
        report_unknown_element(system, child, none);
    }
    xmlChar *content = xmlNodeGetContent(node);
    char *text = arena_copy_string(&system->arena, content == NULL ? "" : (const char *)content);
    xmlFree(content);
    /* Line breaks and indentation around it are the system file's, not the kernel's. */
    char *start = text + strspn(text, " \t\r\n");
    size_t length = strlen(start);
    while (length > 0 && strchr(" \t\r\n", start[length - 1]) != NULL) {
        length--;
    }
    start[length] = '\0';
    for (char *c = start; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\r' || *c == '\t') {
            *c = ' ';
        } else if (*c < 0x20 || *c > 0x7e) {
            report_error(&system->diagnostics, element_line(node),
                         "<cmdline> has a character that is not printable ASCII; remove it");
            return;
        }
    }
    if (length >= VM_COMMAND_LINE_LENGTH) {
        report_error(&system->diagnostics, element_line(node), "<cmdline> has %zu characters; use at most %u", length,
                     VM_COMMAND_LINE_LENGTH - 1);
        return;
    }
    vm->command_line = start;
}

static void parse_boot(struct system *system, xmlNodePtr node, struct vm_element *vm)
{
    static const char *const known[] = {"protocol", "load_address", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    const char *protocol = attribute(system, node, "protocol");
    bool address_given = number_attribute(system, node, "load_address", 0, 0xffffffffull, &vm->load_address);
    bool address_present = xmlHasProp(node, (const xmlChar *)"load_address") != NULL;
    if (protocol == NULL || strcmp(protocol, "linux") == 0) {
        vm->protocol = VM_BOOT_LINUX;
        if (address_given) {
            report_error(&system->diagnostics, element_line(node),
                         "<boot> load_address is for protocol=\"flat\"; remove it, the Linux boot protocol says where "
                         "the kernel goes");
        }
    } else if (strcmp(protocol, "flat") == 0) {
        vm->protocol = VM_BOOT_FLAT;
        if (!address_present) {
            vm->load_address = system->target->ram_start + FLAT_LOAD_OFFSET;
        } else if (address_given && vm->load_address % 0x1000 != 0) {
            report_error(&system->diagnostics, element_line(node),
                         "<boot> load_address %#llx is not a multiple of 4 KiB; use %#llx",
                         (unsigned long long)vm->load_address, (unsigned long long)(vm->load_address & ~0xfffull));
        }
    } else if (strcmp(protocol, "pvh") == 0 || strcmp(protocol, "multiboot") == 0 ||
               strcmp(protocol, "multiboot2") == 0) {
        report_error(&system->diagnostics, element_line(node),
                     "<boot protocol=\"%s\"> is not supported yet by this version; use linux or flat", protocol);
    } else {
        report_error(&system->diagnostics, element_line(node), "<boot> protocol=\"%s\" is not known; use linux or flat",
                     protocol);
    }
}

static void parse_hypervisor(struct system *system, xmlNodePtr node, struct vm_element *vm)
{
    static const char *const known[] = {"leaf", "x2apic", "tsc_deadline", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    switch_attribute(system, node, "leaf", &vm->hypervisor_leaf);
    switch_attribute(system, node, "x2apic", &vm->x2apic);
    switch_attribute(system, node, "tsc_deadline", &vm->tsc_deadline);
}

/* <on_reboot>restart</on_reboot>, as libvirt writes it. */
static void parse_on_event(struct system *system, xmlNodePtr node, enum vm_on_event *action)
{
    static const char *const none[] = {NULL};
    check_attributes(system, node, none);
    FOR_EACH_CHILD (child, node) {
        report_unknown_element(system, child, none);
    }
    xmlChar *content = xmlNodeGetContent(node);
    char text[32] = "";
    if (content != NULL) {
        const char *start = (const char *)content + strspn((const char *)content, " \t\r\n");
        size_t length = strcspn(start, " \t\r\n");
        if (start[length + strspn(start + length, " \t\r\n")] == '\0') {
            snprintf(text, sizeof(text), "%.*s", (int)(length < 31 ? length : 31), start);
        }
    }
    xmlFree(content);
    if (strcmp(text, "stop") == 0 || strcmp(text, "destroy") == 0) {
        *action = VM_ON_EVENT_STOP;
    } else if (strcmp(text, "restart") == 0) {
        *action = VM_ON_EVENT_RESTART;
    } else {
        report_error(&system->diagnostics, element_line(node), "<%s> \"%s\" is not known; write stop or restart",
                     element_name(node), text);
    }
}

static bool is_later_work(xmlNodePtr node)
{
    static const char *const names[] = {"firmware", "multiboot", "passthrough"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (element_is(node, names[i])) {
            return true;
        }
    }
    return false;
}

/* The one that every VM has. */
static void parse_serial_console(struct system *system, xmlNodePtr node)
{
    static const char *const known[] = {"type", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    const char *type = attribute(system, node, "type");
    if (type != NULL && strcmp(type, "serial") != 0) {
        report_error(&system->diagnostics, element_line(node),
                     "<console> type=\"%s\" is not known; use serial for the VM's serial port, or virtio", type);
    }
}

struct vm_child_lines {
    long command_line, boot, console, hypervisor, on_poweroff, on_reboot, on_crash;
};

static void parse_vm_child(struct system *system, xmlNodePtr node, struct vm_element *vm, struct vm_child_lines *lines)
{
    static const char *const known[] = {"kernel",      "initrd",     "cmdline",  "boot",    "console", "hypervisor",
                                        "on_poweroff", "on_reboot",  "on_crash", "disk",    "net",     "rng",
                                        "vsock",       "filesystem", "pmem",     "balloon", NULL};
    if (element_is(node, "kernel")) {
        parse_guest_image(system, node, &vm->kernel);
    } else if (element_is(node, "initrd")) {
        parse_guest_image(system, node, &vm->initrd);
    } else if (element_is(node, "cmdline")) {
        if (first_time(system, node, &lines->command_line)) {
            parse_command_line(system, node, vm);
        }
    } else if (element_is(node, "boot")) {
        if (first_time(system, node, &lines->boot)) {
            parse_boot(system, node, vm);
        }
    } else if (element_is(node, "console") && vm_device_type_of(node) == NULL) {
        if (first_time(system, node, &lines->console)) {
            parse_serial_console(system, node);
        }
    } else if (element_is(node, "hypervisor")) {
        if (first_time(system, node, &lines->hypervisor)) {
            parse_hypervisor(system, node, vm);
        }
    } else if (element_is(node, "on_poweroff")) {
        if (first_time(system, node, &lines->on_poweroff)) {
            parse_on_event(system, node, &vm->on_poweroff);
        }
    } else if (element_is(node, "on_reboot")) {
        if (first_time(system, node, &lines->on_reboot)) {
            parse_on_event(system, node, &vm->on_reboot);
        }
    } else if (element_is(node, "on_crash")) {
        if (first_time(system, node, &lines->on_crash)) {
            parse_on_event(system, node, &vm->on_crash);
        }
    } else if (vm_device_type_of(node) != NULL) {
        parse_vm_device(system, node, vm, vm_device_type_of(node));
    } else if (is_later_work(node)) {
        report_error(&system->diagnostics, element_line(node),
                     "<%s> in <vm> is not supported yet by this version; remove it", element_name(node));
    } else {
        report_unknown_element(system, node, known);
    }
}

/* Whether a command line has a word that starts like this. */
static bool has_word(const char *command_line, const char *start)
{
    for (const char *word = command_line; (word = strstr(word, start)) != NULL; word++) {
        if (word == command_line || word[-1] == ' ') {
            return true;
        }
    }
    return false;
}

/* A Linux guest's console is its serial port, unless its command line says where it is: then the same
 * system file is right for every machine. */
static void choose_console(struct system *system, struct vm_element *vm, long line)
{
    static const char *const others[] = {"console=ttyS", "console=ttyAMA"};
    if (vm->protocol != VM_BOOT_LINUX) {
        return;
    }
    if (!has_word(vm->command_line, "console=")) {
        const char *separator = vm->command_line[0] == '\0' ? "" : " ";
        char *text =
            arena_format(&system->arena, "console=%s%s%s", system->target->console, separator, vm->command_line);
        if (strlen(text) >= VM_COMMAND_LINE_LENGTH) {
            report_error(&system->diagnostics, line,
                         "<cmdline> with console=%s in front has %zu characters; use at most %u",
                         system->target->console, strlen(text), VM_COMMAND_LINE_LENGTH - 1);
            return;
        }
        vm->command_line = text;
        return;
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        bool own = strncmp(others[i] + strlen("console="), system->target->console, 4) == 0;
        if (!own && has_word(vm->command_line, others[i])) {
            report_warning(&system->diagnostics, line,
                           "<cmdline> of VM '%s' names a serial port that VMs on %s do not have; leave console= out, "
                           "then it is console=%s here and right on other machines",
                           vm->name, system->target->name, system->target->console);
        }
    }
}

void parse_vm(struct system *system, xmlNodePtr node)
{
    struct vm_element *vm = ARENA_NEW(&system->arena, struct vm_element);
    struct vm_child_lines lines = {0};
    vm->line = element_line(node);
    vm->command_line = "";
    vm->protocol = VM_BOOT_LINUX;
    vm->hypervisor_leaf = true;
    vm->x2apic = true;
    vm->tsc_deadline = true;
    vm->on_reboot = VM_ON_EVENT_RESTART;
    vm->console = true;
    vm->index = (uint32_t)system->vms.count;
    check_no_text(system, node);
    parse_vm_attributes(system, node, vm);
    FOR_EACH_CHILD (child, node) {
        parse_vm_child(system, child, vm, &lines);
    }
    choose_console(system, vm, lines.command_line != 0 ? lines.command_line : vm->line);
    if (vm->kernel.line == 0) {
        report_error(&system->diagnostics, vm->line, "<vm name=\"%s\"> has no kernel; add <kernel path=\"FILE\" />",
                     vm->name);
    }
    list_append(&system->arena, &system->vms, vm);
}
