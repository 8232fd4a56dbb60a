/* SPDX-License-Identifier: BSD-2-Clause */
#include "command_run.h"
#include <elf.h>
#include <getopt.h>
#include <skyscope/payload.h>
#include <stdio.h>
#include <string.h>
#include <tool/boot_image.h>
#include <tool/command.h>
#include <tool/elf_image.h>
#include <tool/payload_reader.h>
#include <tool/process.h>
#include <tool/verify.h>
#include <unistd.h>

static const char help[] =
    "Usage: skyscope run [OPTION]... FILE [-- QEMU-OPTION...]\n"
    "Boots FILE, an ISO or disk image or a payload, in QEMU or Bochs; this terminal becomes the console. Ctrl-A x "
    "leaves. FILE\n"
    "says whether it is for x86-64 or AArch64. An AArch64 image of the Microkit (an ELF file, skyscope build --kernel\n"
    "sel4 --microkit-image FILE) is booted as it is.\n\n"
    "  -m, --memory SIZE       memory of the machine (default 2G)\n"
    "  -c, --cpus N            CPUs of the machine (default 2; Bochs: 1)\n"
    "      --cpu MODEL         kind of CPU as QEMU names it (default EPYC,+svm,+npt; AArch64: cortex-a72, seL4:\n"
    "                          cortex-a53; Bochs: " BOCHS_CPU ")\n"
    "      --machine NAME      machine as QEMU names it (default q35; AArch64: virt,virtualization=on)\n"
    "      --gic VERSION       interrupt controller of an AArch64 machine: 2 or 3 (default 3, seL4: 2)\n"
    "      --emulator NAME     qemu or bochs (default qemu). Bochs is slow, and has Intel's VT-x, which seL4 needs "
    "for\n"
    "                          virtual machines on x86-64; it boots images, not payloads\n"
    "      --firmware KIND     bios or uefi (default bios; AArch64: uefi); for an image\n"
    "      --kernel-direct     QEMU loads the loader itself, without GRUB; for a payload (the default there)\n"
    "      --loader FILE       use this loader with a payload (default: the one built with this tool)\n"
    "      --verbose           show the QEMU command\n"
    "      --dry-run           show the QEMU command and do nothing\n"
    "      --help              show this\n";

/* Of the board qemu_virt_aarch64 in the Microkit's SDK. */
#define SEL4_CPU "cortex-a53"

struct run_request {
    const char *file, *loader, *cpu, *machine, *firmware;
    const struct target *target;
    uint64_t memory, cpus, gic;
    bool bochs, uefi, disk, direct, microkit, sel4, verbose, dry_run;
};

static void add(struct arena *arena, struct list *arguments, const char *word)
{
    list_append(arena, arguments, arena_copy_string(arena, word));
}

static void add_two(struct arena *arena, struct list *arguments, const char *option, const char *value)
{
    add(arena, arguments, option);
    add(arena, arguments, value);
}

/* QEMU takes two commas for one in the value of an option. */
static const char *escape_commas(struct arena *arena, const char *path)
{
    char *copy = arena_allocate(arena, 2 * strlen(path) + 1);
    char *to = copy;
    for (; *path != '\0'; path++) {
        *to++ = *path;
        if (*path == ',') {
            *to++ = ',';
        }
    }
    return copy;
}

static bool add_firmware(struct arena *arena, const struct target_qemu *qemu, struct list *arguments)
{
    for (size_t i = 0; i < sizeof(qemu->firmware) / sizeof(qemu->firmware[0]) && qemu->firmware[i][0] != NULL; i++) {
        const char *code = qemu->firmware[i][0], *variables = qemu->firmware[i][1];
        if (is_regular_file(code) && is_regular_file(variables)) {
            add_two(arena, arguments, "-drive", arena_format(arena, "if=pflash,format=raw,readonly=on,file=%s", code));
            /* Changes of the variables go to a temporary file. */
            add_two(arena, arguments, "-drive",
                    arena_format(arena, "if=pflash,format=raw,snapshot=on,file=%s", variables));
            return true;
        }
    }
    failure("the UEFI firmware for QEMU is missing; install the package %s (apt install %s)", qemu->firmware_package,
            qemu->firmware_package);
    return false;
}

/* What the file is, by its content. */
static bool look_at_file(const char *path, bool *is_payload, bool *is_iso, bool *is_disk, bool *is_elf)
{
    char start[8] = "", volume[6] = "", table[8] = "";
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    bool whole = fread(start, 1, 8, file) == 8;
    *is_payload = whole && memcmp(start, PAYLOAD_MAGIC, 8) == 0;
    *is_elf = whole && memcmp(start, ELFMAG, SELFMAG) == 0;
    /* The primary volume descriptor of ISO 9660 is in sector 16. */
    *is_iso =
        fseek(file, 16 * 2048 + 1, SEEK_SET) == 0 && fread(volume, 1, 5, file) == 5 && memcmp(volume, "CD001", 5) == 0;
    /* The GUID partition table is in sector 1; an ISO image for USB sticks has one as well. */
    *is_disk = !*is_iso && fseek(file, 512, SEEK_SET) == 0 && fread(table, 1, 8, file) == 8 &&
               memcmp(table, "EFI PART", 8) == 0;
    fclose(file);
    return true;
}

/* What the machine writes to a disk is forgotten. */
static void add_medium(struct arena *arena, const struct run_request *request, struct list *arguments)
{
    const struct target_qemu *qemu = &request->target->qemu;
    const char *drive = request->disk ? qemu->disk_drive : qemu->cd_drive;
    const char *device = request->disk ? qemu->disk_device : qemu->cd_device;
    add_two(arena, arguments, "-drive",
            arena_format(arena, "format=raw,%s,%sfile=%s", drive, request->disk ? "snapshot=on," : "",
                         escape_commas(arena, request->file)));
    if (device != NULL) {
        add_two(arena, arguments, "-device", device);
    }
}

static bool build_command(struct arena *arena, const struct run_request *request, struct list *arguments)
{
    const struct target_qemu *qemu = &request->target->qemu;
    const char *machine = request->machine != NULL ? request->machine : qemu->machine;
    if (qemu->has_gic && strstr(machine, "gic-version=") == NULL) {
        machine = arena_format(arena, "%s,gic-version=%llu", machine, (unsigned long long)request->gic);
    }
    add(arena, arguments, qemu->program);
    add_two(arena, arguments, "-accel", "tcg");
    add_two(arena, arguments, "-machine", machine);
    add_two(arena, arguments, "-cpu", request->cpu);
    add_two(arena, arguments, "-smp",
            arena_format(arena, "%llu", request->cpus != 0 ? (unsigned long long)request->cpus : 2ull));
    add_two(arena, arguments, "-m", arena_format(arena, "%lluM", (unsigned long long)(request->memory >> 20)));
    add(arena, arguments, "-nodefaults");
    add(arena, arguments, "-no-reboot");
    add_two(arena, arguments, "-display", "none");
    add_two(arena, arguments, "-serial", "mon:stdio");
    if (request->uefi) {
        if (!add_firmware(arena, qemu, arguments)) {
            return false;
        }
        if (qemu->efi_device != NULL) {
            add_two(arena, arguments, "-device", qemu->efi_device);
        }
    }
    if (request->microkit) {
        add_two(arena, arguments, "-kernel", request->file);
    } else if (request->direct) {
        add_two(arena, arguments, "-kernel", request->loader);
        add_two(arena, arguments, "-initrd", escape_commas(arena, request->file));
    } else {
        add_medium(arena, request, arguments);
    }
    return true;
}

/* The machine that the file is for. NULL: reported. */
static const struct target *find_microkit_target(struct arena *arena, struct run_request *request)
{
    const char *reason = NULL;
    struct blob *file = read_file(arena, request->file, FILE_MAX_SIZE, &reason);
    struct elf_image *image = file == NULL ? NULL : elf_read(arena, file, &reason);
    request->sel4 = true;
    if (image == NULL) {
        failure("'%s' cannot be used: %s", request->file, reason);
        return NULL;
    }
    if (image->machine != target_aarch64.machine) {
        failure(
            "'%s' is not for AArch64; on x86-64 seL4 and its boot module are two files, run the payload or an image "
            "of it",
            request->file);
        return NULL;
    }
    return &target_aarch64;
}

/* Whether the system in an ISO image is seL4's. */
static bool image_is_sel4(struct arena *arena, const struct run_request *request)
{
    struct input input;
    const char *reason = NULL;
    return !request->disk && input_open(arena, request->file, &input, &reason) && input.payload != NULL &&
           payload_is_foreign(arena, input.payload);
}

static const struct target *find_target(struct arena *arena, struct run_request *request)
{
    const char *reason = NULL;
    const struct target *target = NULL;
    if (request->microkit) {
        return find_microkit_target(arena, request);
    }
    if (!request->direct) {
        target = boot_image_find_target(arena, request->file);
        request->sel4 = !request->bochs && image_is_sel4(arena, request);
        return target != NULL ? target : &target_x86_64;
    }
    struct blob *payload = read_file(arena, request->file, FILE_MAX_SIZE, &reason);
    if (payload == NULL) {
        failure("'%s' cannot be read: %s", request->file, reason);
        return NULL;
    }
    struct blob *loader = boot_loader_read(arena, request->loader, payload, &target);
    if (loader == NULL) {
        return NULL;
    }
    request->loader = loader->path;
    request->sel4 = payload_is_foreign(arena, payload);
    return target;
}

/* What Bochs cannot do. */
static int check_bochs(const struct run_request *request)
{
    if (request->direct) {
        return usage_error("run", "--emulator bochs boots images, and '%s' is none; make one with 'skyscope iso'",
                           request->file);
    }
    if (request->target != &target_x86_64) {
        return usage_error("run", "--emulator bochs is a PC, and '%s' is for %s", request->file, request->target->name);
    }
    if (request->uefi || request->machine != NULL) {
        return usage_error("run", "--emulator bochs has one machine, with a BIOS; leave %s out",
                           request->uefi ? "--firmware" : "--machine");
    }
    return EXIT_OK;
}

/* QEMU boots it all the same: a system without virtual machines, on another board's kernel, may run. */
static void warn_of_sel4(const struct run_request *request)
{
    if (request->sel4 && !request->bochs && request->target == &target_x86_64) {
        fprintf(stderr,
                "skyscope: warning: QEMU has no VT-x, without which seL4 with virtual machines (board "
                "x86_64_generic_vtx) stops: in its debug configuration with \"vt-x: not supported\", else silently; "
                "boot an ISO image of it with --emulator bochs, or on a machine with an Intel processor\n");
    }
}

static int check_request(struct arena *arena, struct run_request *request)
{
    bool is_payload = false, is_iso = false;
    if (!look_at_file(request->file, &is_payload, &is_iso, &request->disk, &request->microkit)) {
        return failure("'%s' cannot be read; make it with 'skyscope iso' or 'skyscope build'", request->file);
    }
    if (!is_payload && !is_iso && !request->disk && !request->microkit) {
        return failure("'%s' is neither an image nor a payload; make one with 'skyscope iso' or 'skyscope build'",
                       request->file);
    }
    if (request->direct && !is_payload) {
        return usage_error("run", "--kernel-direct needs a payload, and '%s' is an image", request->file);
    }
    request->direct = is_payload || request->microkit;
    request->target = find_target(arena, request);
    if (request->target == NULL) {
        return EXIT_FAILED;
    }
    request->uefi = request->firmware != NULL ? strcmp(request->firmware, "uefi") == 0
                                              : !request->direct && !request->target->boot.bios;
    if (request->direct && request->uefi) {
        return usage_error("run", "--firmware uefi needs an ISO or disk image, and '%s' is a %s", request->file,
                           is_payload ? "payload" : "Microkit's image");
    }
    if (!request->direct && !request->uefi && !request->target->boot.bios) {
        return usage_error("run", "--firmware bios: %s has no BIOS, and '%s' is for it; use uefi",
                           request->target->name, request->file);
    }
    if (request->gic != 0 && !request->target->qemu.has_gic) {
        return usage_error("run", "--gic is for AArch64, and '%s' is for %s; leave it out", request->file,
                           request->target->name);
    }
    if (request->bochs) {
        return check_bochs(request);
    }
    warn_of_sel4(request);
    /* What the SDK's board is. */
    request->gic = request->gic != 0 ? request->gic : request->sel4 ? 2 : 3;
    if (request->cpu == NULL) {
        request->cpu = request->sel4 && request->target == &target_aarch64 ? SEL4_CPU : request->target->qemu.cpu;
    }
    return EXIT_OK;
}

static int run_bochs(struct arena *arena, const struct run_request *request)
{
    const struct bochs_request bochs = {
        .file = request->file,
        .cpu = request->cpu != NULL ? request->cpu : BOCHS_CPU,
        .disk = request->disk,
        .memory = request->memory,
        .cpus = request->cpus != 0 ? request->cpus : 1,
        .verbose = request->verbose,
        .dry_run = request->dry_run,
    };
    return bochs_run(arena, &bochs);
}

static int run(struct arena *arena, struct run_request *request, const struct list *extra)
{
    struct list arguments = {0};
    int status = check_request(arena, request);
    if (status != EXIT_OK) {
        return status;
    }
    if (request->bochs) {
        return extra->count != 0 ? usage_error("run", "what follows -- is for QEMU, and Bochs takes none of it")
                                 : run_bochs(arena, request);
    }
    if (!build_command(arena, request, &arguments)) {
        return EXIT_FAILED;
    }
    LIST_FOR (char, word, extra) {
        list_append(arena, &arguments, word);
    }
    if (request->verbose || request->dry_run) {
        printf("%s\n", command_line(arena, &arguments));
        fflush(stdout);
    }
    if (request->dry_run) {
        return EXIT_OK;
    }
    const struct target_qemu *qemu = &request->target->qemu;
    if (find_program(arena, qemu->program) == NULL) {
        return failure("QEMU is missing; install the package %s (apt install %s)", qemu->package, qemu->package);
    }
    printf("Leave QEMU: Ctrl-A x. Console: Ctrl-] ? tells the keys (Ctrl-] m: manager, Ctrl-] n: next VM).\n");
    fflush(stdout);
    become_program(arena, &arguments);
    return failure("QEMU cannot be started");
}

static int parse_options(int count, char **arguments, struct run_request *request, bool *helped)
{
    enum {
        OPTION_CPU = 256,
        OPTION_MACHINE,
        OPTION_GIC,
        OPTION_EMULATOR,
        OPTION_FIRMWARE,
        OPTION_DIRECT,
        OPTION_LOADER,
        OPTION_VERBOSE,
        OPTION_DRY_RUN,
        OPTION_HELP
    };
    static const struct option options[] = {
        {"memory", required_argument, NULL, 'm'},
        {"cpus", required_argument, NULL, 'c'},
        {"cpu", required_argument, NULL, OPTION_CPU},
        {"machine", required_argument, NULL, OPTION_MACHINE},
        {"gic", required_argument, NULL, OPTION_GIC},
        {"emulator", required_argument, NULL, OPTION_EMULATOR},
        {"firmware", required_argument, NULL, OPTION_FIRMWARE},
        {"kernel-direct", no_argument, NULL, OPTION_DIRECT},
        {"loader", required_argument, NULL, OPTION_LOADER},
        {"verbose", no_argument, NULL, OPTION_VERBOSE},
        {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "m:c:", options, NULL)) != -1) {
        switch (option) {
        case 'm':
            if (!size_option("run", "--memory", optarg, &request->memory)) {
                return EXIT_USAGE;
            }
            if (request->memory < 64ull << 20) {
                return usage_error("run", "--memory '%s' is too little; give at least 64M", optarg);
            }
            break;
        case 'c':
            if (!cpus_option("run", optarg, &request->cpus)) {
                return EXIT_USAGE;
            }
            break;
        case OPTION_CPU:
            request->cpu = optarg;
            break;
        case OPTION_MACHINE:
            request->machine = optarg;
            break;
        case OPTION_GIC:
            if (strcmp(optarg, "2") != 0 && strcmp(optarg, "3") != 0) {
                return usage_error("run", "--gic '%s' is not known; use 2 or 3", optarg);
            }
            request->gic = (uint64_t)(optarg[0] - '0');
            break;
        case OPTION_EMULATOR:
            if (strcmp(optarg, "qemu") != 0 && strcmp(optarg, "bochs") != 0) {
                return usage_error("run", "--emulator '%s' is not known; use qemu or bochs", optarg);
            }
            request->bochs = optarg[0] == 'b';
            break;
        case OPTION_FIRMWARE:
            if (strcmp(optarg, "bios") != 0 && strcmp(optarg, "uefi") != 0) {
                return usage_error("run", "--firmware '%s' is not known; use bios or uefi", optarg);
            }
            request->firmware = optarg;
            break;
        case OPTION_DIRECT:
            request->direct = true;
            break;
        case OPTION_LOADER:
            request->loader = optarg;
            break;
        case OPTION_VERBOSE:
            request->verbose = true;
            break;
        case OPTION_DRY_RUN:
            request->dry_run = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            *helped = true;
            return EXIT_OK;
        default:
            return usage_error("run", "wrong option");
        }
    }
    if (optind >= count) {
        return usage_error("run", "the image or payload is missing");
    }
    return EXIT_OK;
}

int command_run(int count, char **arguments)
{
    struct arena arena = {0};
    struct run_request request = {.target = &target_x86_64, .memory = 2ull << 30};
    struct list extra = {0};
    bool helped = false;
    /* What follows "--" is QEMU's. */
    int own = 1;
    while (own < count && strcmp(arguments[own], "--") != 0) {
        own++;
    }
    for (int i = own + 1; i < count; i++) {
        list_append(&arena, &extra, arguments[i]);
    }
    int status = parse_options(own, arguments, &request, &helped);
    if (status == EXIT_OK && !helped && !one_operand("run", "the image or payload", own, arguments)) {
        status = EXIT_USAGE;
    }
    if (status == EXIT_OK && !helped) {
        request.file = arguments[optind];
        status = run(&arena, &request, &extra);
    }
    arena_free(&arena);
    return status;
}
