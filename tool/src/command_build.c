/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/manifest.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tool/command.h>
#include <tool/elf_image.h>
#include <tool/number.h>
#include <tool/plan_builder.h>

static const char help[] =
    "Usage: skyscope build [OPTION]... FILE.system\n"
    "Makes the payload that the loader boots: kernel, plan, programs and data in one file.\n\n"
    "  -o, --output FILE       write the payload to FILE (default: FILE.system's name with .payload)\n"
    "  -s, --search-path DIR   look for programs and data in DIR too; can be repeated\n"
    "      --kernel-image FILE use this kernel (default: the one built with this tool)\n"
    "      --memory SIZE       check against a machine with this much memory, such as 2G\n"
    "      --cpus N            check against a machine with this many CPUs\n"
    "      --rollback-index N  number that must never go down from payload to payload (default 0)\n"
    "  -q, --quiet             say nothing but errors\n"
    "      --help              show this\n\n"
    "The same input gives the same bytes. The creation time is taken from SOURCE_DATE_EPOCH, if set.\n";

/* Seconds since 1970 that the build claims to be made at; 0 unless SOURCE_DATE_EPOCH says. */
static uint64_t creation_time(void)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    uint64_t value = 0;
    return text != NULL && parse_number(text, &value) ? value : 0;
}

static const struct blob *read_kernel(struct system *system, const char *path)
{
    const char *reason = NULL;
    struct blob *blob = read_file(&system->arena, path, FILE_MAX_SIZE, &reason);
    struct elf_image *image = blob == NULL ? NULL : elf_read(&system->arena, blob, &reason);
    if (image == NULL) {
        failure("kernel image '%s' cannot be used: %s; build it, or name another with --kernel-image", path, reason);
        return NULL;
    }
    return program_write(&system->arena, program_create(&system->arena, image), "kernel");
}

/* Limits of the formats that the checks do not know. */
static bool fits(const struct plan_tables *plan)
{
    const struct payload_item *item = plan->images.items[1];
    if (plan->images.count > MANIFEST_MAX_IMAGES) {
        failure("the payload would have %zu images; %u are possible, use fewer programs and prefilled regions",
                plan->images.count, MANIFEST_MAX_IMAGES);
        return false;
    }
    if (item->blob->size > PLAN_MAX_SIZE) {
        failure("the plan would have %zu bytes; %u are possible, make the system smaller", item->blob->size,
                PLAN_MAX_SIZE);
        return false;
    }
    return true;
}

struct blob *build_payload(struct system *system, const struct build_request *request)
{
    bool good = system_load(system, request->file, request->search, &request->machine);
    diagnostics_print(&system->diagnostics, stderr);
    if (!good) {
        fprintf(stderr, "%s: %zu error%s, nothing built\n", request->file, system->diagnostics.error_count,
                system->diagnostics.error_count == 1 ? "" : "s");
        return NULL;
    }
    const char *kernel_path =
        request->kernel != NULL ? request->kernel
                                : arena_format(&system->arena, "%s/kernel.elf", installation_directory(&system->arena));
    const struct blob *kernel = read_kernel(system, kernel_path);
    if (kernel == NULL) {
        return NULL;
    }
    struct plan_tables *plan = plan_build(system, kernel);
    if (!fits(plan)) {
        return NULL;
    }
    struct payload_options options = {
        .system_name = system->name,
        .rollback_index = request->rollback_index,
        .creation_time = creation_time(),
        .progress = !request->quiet,
    };
    struct blob *payload = payload_write(&system->arena, &plan->images, &options);
    if (payload == NULL) {
        failure("the payload of '%s' cannot be written", system->name);
        return NULL;
    }
    if (!request->quiet) {
        printf("%s: %zu protection domains, %zu VMs, %u CPU%s; payload %llu KiB, memory %llu MiB, kernel memory %llu "
               "MiB\n",
               system->name, system->pds.count, plan->tables[PLAN_TABLE_VMS].count, system_cpu_count(system),
               system_cpu_count(system) == 1 ? "" : "s", (unsigned long long)(payload->size >> 10),
               (unsigned long long)((plan_region_memory(plan) + 0xfffff) >> 20),
               (unsigned long long)(plan_kernel_pool_size(plan) >> 20));
    }
    return payload;
}

int command_build(int count, char **arguments)
{
    enum { OPTION_KERNEL = 256, OPTION_MEMORY, OPTION_CPUS, OPTION_ROLLBACK, OPTION_HELP };
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"search-path", required_argument, NULL, 's'},
        {"kernel-image", required_argument, NULL, OPTION_KERNEL},
        {"memory", required_argument, NULL, OPTION_MEMORY},
        {"cpus", required_argument, NULL, OPTION_CPUS},
        {"rollback-index", required_argument, NULL, OPTION_ROLLBACK},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    struct arena arena = {0};
    struct list search = {0};
    struct build_request request = {.search = &search};
    const char *output = NULL;
    int option;
    int status = EXIT_OK;
    while (status == EXIT_OK && (option = getopt_long(count, arguments, "o:s:q", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            output = optarg;
            break;
        case 's':
            list_append(&arena, &search, optarg);
            break;
        case 'q':
            request.quiet = true;
            break;
        case OPTION_KERNEL:
            request.kernel = optarg;
            break;
        case OPTION_MEMORY:
            status = size_option("build", "--memory", optarg, &request.machine.memory) ? EXIT_OK : EXIT_USAGE;
            break;
        case OPTION_CPUS:
            status = cpus_option("build", optarg, &request.machine.cpus) ? EXIT_OK : EXIT_USAGE;
            break;
        case OPTION_ROLLBACK:
            if (!parse_number(optarg, &request.rollback_index)) {
                status = usage_error("build", "--rollback-index '%s' is not a number", optarg);
            }
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            arena_free(&arena);
            return EXIT_OK;
        default:
            status = usage_error("build", "wrong option");
        }
    }
    if (status == EXIT_OK && !one_operand("build", "the system file", count, arguments)) {
        status = EXIT_USAGE;
    }
    if (status == EXIT_OK) {
        struct system system;
        const char *reason = NULL;
        request.file = arguments[optind];
        struct blob *payload = build_payload(&system, &request);
        output = output != NULL ? output : replace_extension(&arena, request.file, ".payload");
        if (payload == NULL) {
            status = EXIT_FAILED;
        } else if (!write_file(&arena, output, payload->data, payload->size, &reason)) {
            status = failure("'%s' cannot be written: %s", output, reason);
        }
        system_free(&system);
    }
    arena_free(&arena);
    return status;
}
