/* SPDX-License-Identifier: BSD-2-Clause */
#include "export.h"

#include <base/memory.h>
#include <skyscope/log_export.h>

#include "hardware_view.h"
#include "log_view.h"
#include "manager.h"
#include "statistics_view.h"

/* Output that a record may make, as lines of base64. */
#define RECORD_TEXT ((EXPORT_RECORD_DATA + SEAL_RECORD_OVERHEAD) * 3 / 2)

_Static_assert(RECORD_TEXT + SEAL_MAX_HEADER * 3 / 2 + 1024 < MANAGER_OUTPUT_SIZE, "a record must fit the output");

/* Sections before those of the VMs. */
enum section { SECTION_SYSTEM, SECTION_STATISTICS, SECTION_KERNEL_LOG, SECTION_FIRST_VM };

void export_initialise(struct manager *manager, uint64_t key_file, uint64_t key_file_size)
{
    manager->operator_key = NULL;
    manager->operator_key_error = SEAL_OK;
    manager->log_export.active = false;
    if (key_file != 0) {
        manager->operator_key_error = seal_key_file_parse((const uint8_t *)(uintptr_t)key_file, key_file_size,
                                                          &manager->operator_suite, &manager->operator_key);
        if (manager->operator_key_error != SEAL_OK) {
            manager->operator_key = NULL;
        }
    }
}

/* --- What is exported --- */

static void show_system(struct manager *manager, struct text_output *text)
{
    const struct hardware_info *hardware = manager->hardware;
    print(text, "Skyscope log export\n");
    if (hardware != NULL) {
        print(text, "system    ");
        print_untrusted(text, hardware->system_name, sizeof(hardware->system_name), 0);
        uint64_t since = manager->operations->now() - hardware->wall_clock_ticks;
        if (manager->tick_frequency > 0 && hardware->wall_clock > 0) {
            unsigned long long seconds = hardware->wall_clock + since / manager->tick_frequency;
            print(text, "\ntime      %llu seconds since 1970, by the machine's own clock", seconds);
        }
        print(text, "\nverified  SHA-512 of the manifest ");
        for (unsigned int i = 0; i < sizeof(hardware->payload_hash); i++) {
            print(text, "%02x", hardware->payload_hash[i]);
        }
        print(text, "\n\n=== hardware ===\n");
        show_hardware_summary(text, hardware);
    }
    print(text, "\n=== virtual machines ===\n");
    show_vm_heading(text);
    for (uint32_t i = 0; i < manager->vm_count; i++) {
        show_vm(text, i, &manager->vms[i], manager->statistics);
    }
}

static void show_statistics(const struct manager *manager, struct text_output *text)
{
    print(text, "\n=== statistics ===\n");
    if (manager->statistics == NULL) {
        print(text, "none\n");
        return;
    }
    show_kernel_summary(text, manager->statistics);
    show_pds(text, manager->statistics);
    show_raw_statistics(text, manager->statistics);
    for (uint32_t i = 0; i < manager->vm_count; i++) {
        show_raw_vm(text, i, &manager->vms[i]);
    }
}

static void show_vm_log(const struct virtual_machine *vm, struct text_output *text)
{
    print(text, "\n=== VM %s: faults of its VMM ===\n", vm->config.name);
    if (vm->fault_count == 0) {
        print(text, "none\n");
    } else {
        print(text, "%u, the last: %s\n", (unsigned int)vm->fault_count, vm->last_fault);
    }
    print(text, "\n=== VM %s: log of its VMM ===\n", vm->config.name);
    show_whole_log(text, (const struct log_ring *)(uintptr_t)vm->config.log, vm->config.log_size);
}

/* Writes the next section into the buffer. False if there is none. */
static bool next_section(struct manager *manager)
{
    struct log_export *log_export = &manager->log_export;
    struct text_output *text = &log_export->text;
    unsigned int section = log_export->section++;
    switch (section) {
    case SECTION_SYSTEM:
        show_system(manager, text);
        break;
    case SECTION_STATISTICS:
        show_statistics(manager, text);
        break;
    case SECTION_KERNEL_LOG:
        print(text, "\n=== kernel: log ===\n");
        show_whole_log(text, manager->kernel_log, KERNEL_LOG_REGION_SIZE);
        break;
    default:
        if (section - SECTION_FIRST_VM >= manager->vm_count) {
            return false;
        }
        show_vm_log(&manager->vms[section - SECTION_FIRST_VM], text);
        break;
    }
    return true;
}

/* Fills log_export->data with text, without the carriage returns of consoles. False if this is all. */
static bool collect(struct manager *manager, size_t *size)
{
    struct log_export *log_export = &manager->log_export;
    struct text_output *text = &log_export->text;
    *size = 0;
    while (*size < EXPORT_RECORD_DATA) {
        char c;
        if (text_output_take(text, &c, 1) == 0) {
            if (text->dropped > 0) {
                uint64_t dropped = text->dropped;
                text->dropped = 0;
                print(text, "\n(%llu bytes of this section found no room)\n", (unsigned long long)dropped);
            } else if (!next_section(manager)) {
                return false;
            }
        } else if (c != '\r') {
            log_export->data[(*size)++] = (uint8_t)c;
        }
    }
    return true;
}

/* --- The command --- */

static void write_line(void *context, const char *line)
{
    print(context, "%s\n", line);
}

void export_start(struct manager *manager)
{
    struct log_export *log_export = &manager->log_export;
    struct text_output *out = &manager->out;
    if (manager->operator_key == NULL) {
        if (manager->operator_key_error != SEAL_OK) {
            print(out, "the operator's key is not usable: %s\n", seal_error_text(manager->operator_key_error));
        } else {
            print(out, "this system has no operator's key to seal the logs to, so nothing is exported\n");
        }
        print(out, "make one with `skyscope keygen --operator DIRECTORY`, add <operator key=\"operator.pub\"/> to the\n"
                   "system file, and build and sign the system again\n");
        return;
    }
    struct random_generator random;
    uint8_t header[SEAL_MAX_HEADER];
    if (!random_start(&random, manager->operations->entropy, NULL, "manager: export log")) {
        print(out,
              "this machine has no source of random numbers that can be used (`hardware platform`), so nothing is\n"
              "exported: without them, anybody could open what is sealed\n");
        return;
    }
    enum seal_error error = seal_start(&log_export->session, manager->operator_suite, manager->operator_key,
                                       LOG_EXPORT_CONTEXT, sizeof(LOG_EXPORT_CONTEXT) - 1, &random, header);
    random_end(&random);
    if (error != SEAL_OK) {
        print(out, "nothing is exported: %s\n", seal_error_text(error));
        return;
    }
    uint8_t id[SEAL_KEY_ID_SIZE];
    seal_key_id(manager->operator_suite, manager->operator_key, id);
    print(out, "Sealed to the operator's key ");
    for (unsigned int i = 0; i < 8; i++) {
        print(out, "%02x", id[i]);
    }
    print(out, ". Copy the lines from BEGIN to END into a file;\n"
               "`skyscope open --key operator.key FILE` opens it. Stay on this console until the end.\n");
    log_export->active = true;
    log_export->section = 0;
    log_export->records = log_export->bytes = 0;
    log_export->text = (struct text_output){.buffer = log_export->text_buffer, .size = EXPORT_SECTION_SIZE};
    armour_start(&log_export->armour, write_line, out);
    armour_add(&log_export->armour, header, seal_parameters(manager->operator_suite)->header_size);
}

bool export_step(struct manager *manager)
{
    struct log_export *log_export = &manager->log_export;
    struct text_output *out = &manager->out;
    while (log_export->active && out->size - text_output_waiting(out) > RECORD_TEXT + 256) {
        size_t size;
        bool last = !collect(manager, &size);
        enum seal_error error = seal_write(&log_export->session, log_export->data, size, last, log_export->record);
        if (error != SEAL_OK) {
            print(out, "the export ends here: %s\n", seal_error_text(error));
            log_export->active = false;
            break;
        }
        armour_add(&log_export->armour, log_export->record, size + SEAL_RECORD_OVERHEAD);
        log_export->records++;
        log_export->bytes += (uint32_t)size;
        if (last) {
            armour_finish(&log_export->armour);
            print(out, "%u bytes of logs in %u sealed records\n", (unsigned int)log_export->bytes,
                  (unsigned int)log_export->records);
            log_export->active = false;
        }
    }
    if (!log_export->active) {
        seal_end(&log_export->session);
    }
    return log_export->active;
}
