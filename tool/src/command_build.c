/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/manifest.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tool/command.h>
#include <tool/elf_image.h>
#include <tool/kernel_options.h>
#include <tool/number.h>
#include <tool/plan_builder.h>
#include <tool/process.h>
#include <tool/sel4.h>
#include <tool/target.h>

static const char help[] =
    "Usage: skyscope build [OPTION]... FILE.system\n"
    "Makes the payload that the loader boots: kernel, plan, programs and data in one file.\n\n"
    "  -o, --output FILE       write the payload to FILE (default: FILE.system's name with .payload)\n"
    "  -s, --search-path DIR   look for programs and data in DIR too; can be repeated\n"
    "      --kernel-image FILE use this kernel (default: the one built with this tool)\n"
    "      --arch ARCH         x86_64 or aarch64, with the kernel that was built for it (default: what the kernel\n"
    "                          image is for)\n" KERNEL_OPTIONS_HELP "      --microkit-image FILE\n"
    "                          write the image to FILE as well as the Microkit makes it, for seL4\n"
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

/* The kernel's image says what machine the payload is for; --arch alone names one that was built with this tool. */
static struct elf_image *read_kernel(struct arena *arena, const struct build_request *request, struct machine *machine)
{
    const char *reason = NULL;
    const struct target *asked = request->machine.target;
    const char *path = request->kernel != NULL
                           ? request->kernel
                           : arena_format(arena, "%s%s/kernel.elf", installation_directory(arena),
                                          asked != NULL ? asked->directory : target_x86_64.directory);
    struct blob *blob = read_file(arena, path, FILE_MAX_SIZE, &reason);
    struct elf_image *image = blob == NULL ? NULL : elf_read(arena, blob, &reason);
    if (image == NULL) {
        failure("kernel image '%s' cannot be used: %s; build it, or name another with --kernel-image", path, reason);
        return NULL;
    }
    machine->target = target_of_machine(image->machine);
    machine->kernel_file = path;
    if (asked != NULL && machine->target != asked) {
        failure("kernel image '%s' is for %s, and --arch %s asks for %s; name another with --kernel-image, or leave "
                "--arch out",
                path, machine->target->name, asked->option, asked->name);
        return NULL;
    }
    return image;
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

static bool load(struct system *system, const struct build_request *request, const struct machine *machine)
{
    bool good = system_load(system, request->file, request->search, machine);
    diagnostics_print(&system->diagnostics, stderr);
    if (!good) {
        fprintf(stderr, "%s: %zu error%s, nothing built\n", request->file, system->diagnostics.error_count,
                system->diagnostics.error_count == 1 ? "" : "s");
    }
    return good;
}

static struct blob *write_payload(struct system *system, const struct build_request *request, const struct list *images)
{
    struct payload_options options = {
        .system_name = system->name,
        .rollback_index = request->rollback_index,
        .creation_time = creation_time(),
        .progress = !request->quiet,
    };
    struct blob *payload = payload_write(&system->arena, images, &options);
    if (payload == NULL) {
        failure("the payload of '%s' cannot be written", system->name);
    }
    return payload;
}

static struct blob *build_for_machine(struct system *system, const struct build_request *request,
                                      const struct machine *machine, const struct elf_image *kernel_image)
{
    if (!load(system, request, machine)) {
        return NULL;
    }
    const struct blob *kernel = program_write(&system->arena, program_create(&system->arena, kernel_image), "kernel");
    struct plan_tables *plan = plan_build(system, kernel);
    if (!fits(plan)) {
        return NULL;
    }
    struct blob *payload = write_payload(system, request, &plan->images);
    if (payload != NULL && !request->quiet) {
        printf("%s: %zu protection domains, %zu VMs, %u CPU%s; payload %llu KiB, memory %llu MiB, kernel memory %llu "
               "MiB\n",
               system->name, system->pds.count, plan->tables[PLAN_TABLE_VMS].count, system_cpu_count(system),
               system_cpu_count(system) == 1 ? "" : "s", (unsigned long long)(payload->size >> 10),
               (unsigned long long)((plan_region_memory(plan) + 0xfffff) >> 20),
               (unsigned long long)(plan_kernel_pool_size(plan) >> 20));
    }
    return payload;
}

/* The image as the Microkit's tool made it, for whoever boots it in another way. */
static bool write_microkit_image(struct system *system, const char *path, const struct list *images)
{
    const char *reason = NULL;
    const struct payload_item *last = images->items[images->count - 1];
    if (path != NULL && !write_file(&system->arena, path, last->blob->data, last->blob->size, &reason)) {
        failure("'%s' cannot be written: %s", path, reason);
        return false;
    }
    return true;
}

static struct blob *build_for_sel4(struct system *system, const struct build_request *request)
{
    const struct machine *machine = &request->machine;
    const char *reason = NULL;
    struct list images = {0};
    struct blob *payload = NULL;
    if (!load(system, request, machine)) {
        return NULL;
    }
    const char *directory = temporary_directory(&system->arena, &reason);
    if (directory == NULL) {
        failure("no temporary directory can be made: %s", reason);
        return NULL;
    }
    if (sel4_build(system, directory, false, &images) &&
        write_microkit_image(system, request->microkit_image, &images)) {
        payload = write_payload(system, request, &images);
    }
    remove_tree(directory);
    if (payload != NULL && !request->quiet) {
        printf("%s: seL4, board %s, configuration %s; %zu protection domains; payload %llu KiB\n", system->name,
               machine->sel4.board->name, machine->sel4.configuration, system->pds.count,
               (unsigned long long)(payload->size >> 10));
    }
    return payload;
}

struct blob *build_payload(struct system *system, const struct build_request *request)
{
    if (request->machine.sel4.board != NULL) {
        return build_for_sel4(system, request);
    }
    struct arena kernel_arena = {0};
    struct machine machine = request->machine;
    struct elf_image *kernel_image = read_kernel(&kernel_arena, request, &machine);
    struct blob *payload = NULL;
    *system = (struct system){0};
    if (kernel_image != NULL) {
        payload = build_for_machine(system, request, &machine, kernel_image);
    }
    arena_free(&kernel_arena);
    return payload;
}

static bool check_request(const struct build_request *request, int *status)
{
    const struct sel4_request *sel4 = &request->machine.sel4;
    if (sel4->board == NULL && request->microkit_image != NULL) {
        *status = usage_error("build", "--microkit-image is for seL4; add --kernel sel4");
    } else if (sel4->board != NULL && request->kernel != NULL) {
        *status = usage_error("build", "--kernel-image is for Skyscope's own kernel; on seL4 the SDK has the kernel");
    } else if (sel4->board != NULL && sel4->sdk == NULL) {
        *status = usage_error("build", "--sdk DIR is missing: seL4 comes with an SDK of the Microkit");
    } else {
        return true;
    }
    return false;
}

int command_build(int count, char **arguments)
{
    enum {
        OPTION_KERNEL_IMAGE = 256,
        OPTION_ARCH,
        OPTION_MICROKIT_IMAGE,
        OPTION_KERNEL,
        OPTION_MEMORY = OPTION_KERNEL + KERNEL_OPTION_COUNT,
        OPTION_CPUS,
        OPTION_ROLLBACK,
        OPTION_HELP
    };
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"search-path", required_argument, NULL, 's'},
        {"kernel-image", required_argument, NULL, OPTION_KERNEL_IMAGE},
        {"arch", required_argument, NULL, OPTION_ARCH},
        {"microkit-image", required_argument, NULL, OPTION_MICROKIT_IMAGE},
        KERNEL_OPTIONS(OPTION_KERNEL),
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
    struct kernel_options kernel = {0};
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
        case OPTION_KERNEL_IMAGE:
            request.kernel = optarg;
            break;
        case OPTION_MICROKIT_IMAGE:
            request.microkit_image = optarg;
            break;
        case OPTION_ARCH:
            status = arch_option("build", optarg, &request.machine.target) ? EXIT_OK : EXIT_USAGE;
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
        case '?':
            status = usage_error("build", "wrong option");
            break;
        default:
            kernel_option_set(&kernel, option - OPTION_KERNEL, optarg);
        }
    }
    if (status == EXIT_OK && !one_operand("build", "the system file", count, arguments)) {
        status = EXIT_USAGE;
    }
    if (status == EXIT_OK && kernel_options_complete(&arena, "build", &kernel, &request.machine, &status) &&
        check_request(&request, &status)) {
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
