/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <skyscope/payload.h>
#include <stdio.h>
#include <string.h>
#include <tool/command.h>
#include <tool/process.h>
#include <unistd.h>

static const char help[] =
    "Usage: skyscope run [OPTION]... FILE [-- QEMU-OPTION...]\n"
    "Boots FILE, an ISO or disk image or a payload, in QEMU; this terminal becomes the console. Ctrl-A x leaves.\n\n"
    "  -m, --memory SIZE       memory of the machine (default 2G)\n"
    "  -c, --cpus N            CPUs of the machine (default 2)\n"
    "      --firmware KIND     bios or uefi (default bios); for an image\n"
    "      --kernel-direct     QEMU loads the loader itself, without GRUB; for a payload (the default there)\n"
    "      --loader FILE       use this loader with a payload (default: the one built with this tool)\n"
    "      --verbose           show the QEMU command\n"
    "      --dry-run           show the QEMU command and do nothing\n"
    "      --help              show this\n";

struct run_request {
    const char *file, *loader;
    uint64_t memory, cpus;
    bool uefi, disk, direct, verbose, dry_run;
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

static bool add_firmware(struct arena *arena, struct list *arguments)
{
    static const char *const pairs[][2] = {
        {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
        {"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (is_regular_file(pairs[i][0]) && is_regular_file(pairs[i][1])) {
            add_two(arena, arguments, "-drive",
                    arena_format(arena, "if=pflash,format=raw,readonly=on,file=%s", pairs[i][0]));
            /* Changes of the variables go to a temporary file. */
            add_two(arena, arguments, "-drive",
                    arena_format(arena, "if=pflash,format=raw,snapshot=on,file=%s", pairs[i][1]));
            return true;
        }
    }
    failure("the UEFI firmware for QEMU is missing; install the package ovmf (apt install ovmf)");
    return false;
}

/* What the file is, by its content. */
static bool look_at_file(const char *path, bool *is_payload, bool *is_iso, bool *is_disk)
{
    char start[8] = "", volume[6] = "", table[8] = "";
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    *is_payload = fread(start, 1, 8, file) == 8 && memcmp(start, PAYLOAD_MAGIC, 8) == 0;
    /* The primary volume descriptor of ISO 9660 is in sector 16. */
    *is_iso =
        fseek(file, 16 * 2048 + 1, SEEK_SET) == 0 && fread(volume, 1, 5, file) == 5 && memcmp(volume, "CD001", 5) == 0;
    /* The GUID partition table is in sector 1; an ISO image for USB sticks has one as well. */
    *is_disk = !*is_iso && fseek(file, 512, SEEK_SET) == 0 && fread(table, 1, 8, file) == 8 &&
               memcmp(table, "EFI PART", 8) == 0;
    fclose(file);
    return true;
}

static bool build_command(struct arena *arena, const struct run_request *request, struct list *arguments)
{
    static const char *const fixed[] = {"qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu",
                                        "EPYC,+svm,+npt"};
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        add(arena, arguments, fixed[i]);
    }
    add_two(arena, arguments, "-smp", arena_format(arena, "%llu", (unsigned long long)request->cpus));
    add_two(arena, arguments, "-m", arena_format(arena, "%lluM", (unsigned long long)(request->memory >> 20)));
    add(arena, arguments, "-nodefaults");
    add(arena, arguments, "-no-reboot");
    add_two(arena, arguments, "-display", "none");
    add_two(arena, arguments, "-serial", "mon:stdio");
    if (request->uefi) {
        if (!add_firmware(arena, arguments)) {
            return false;
        }
        /* GRUB on UEFI complains of a machine without any display. */
        add_two(arena, arguments, "-device", "VGA");
    }
    if (request->direct) {
        add_two(arena, arguments, "-kernel", request->loader);
        add_two(arena, arguments, "-initrd", escape_commas(arena, request->file));
    } else if (request->disk) {
        /* What the machine writes to it is forgotten. */
        add_two(arena, arguments, "-drive",
                arena_format(arena, "format=raw,if=ide,snapshot=on,file=%s", escape_commas(arena, request->file)));
    } else {
        add_two(arena, arguments, "-cdrom", request->file);
    }
    return true;
}

static int check_request(struct run_request *request)
{
    bool is_payload = false, is_iso = false;
    if (!look_at_file(request->file, &is_payload, &is_iso, &request->disk)) {
        return failure("'%s' cannot be read; make it with 'skyscope iso' or 'skyscope build'", request->file);
    }
    if (!is_payload && !is_iso && !request->disk) {
        return failure("'%s' is neither an image nor a payload; make one with 'skyscope iso' or 'skyscope build'",
                       request->file);
    }
    if (request->direct && !is_payload) {
        return usage_error("run", "--kernel-direct needs a payload, and '%s' is an image", request->file);
    }
    request->direct = is_payload;
    if (request->direct && request->uefi) {
        return usage_error("run", "--firmware uefi needs an image, and '%s' is a payload", request->file);
    }
    if (request->direct && !is_regular_file(request->loader)) {
        return failure("loader '%s' does not exist; build it, or name another with --loader", request->loader);
    }
    return EXIT_OK;
}

static int run(struct arena *arena, struct run_request *request, const struct list *extra)
{
    struct list arguments = {0};
    int status = check_request(request);
    if (status != EXIT_OK) {
        return status;
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
    if (find_program(arena, "qemu-system-x86_64") == NULL) {
        return failure("QEMU is missing; install the package qemu-system-x86 (apt install qemu-system-x86)");
    }
    printf("Leave QEMU: Ctrl-A x. Console: Ctrl-] ? tells the keys (Ctrl-] m: manager, Ctrl-] n: next VM).\n");
    fflush(stdout);
    become_program(arena, &arguments);
    return failure("QEMU cannot be started");
}

static int parse_options(int count, char **arguments, struct run_request *request, bool *helped)
{
    enum { OPTION_FIRMWARE = 256, OPTION_DIRECT, OPTION_LOADER, OPTION_VERBOSE, OPTION_DRY_RUN, OPTION_HELP };
    static const struct option options[] = {
        {"memory", required_argument, NULL, 'm'},
        {"cpus", required_argument, NULL, 'c'},
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
        case OPTION_FIRMWARE:
            if (strcmp(optarg, "bios") != 0 && strcmp(optarg, "uefi") != 0) {
                return usage_error("run", "--firmware '%s' is not known; use bios or uefi", optarg);
            }
            request->uefi = strcmp(optarg, "uefi") == 0;
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
    struct run_request request = {.memory = 2ull << 30, .cpus = 2};
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
        if (request.loader == NULL) {
            request.loader = arena_format(&arena, "%s/loader.elf", installation_directory(&arena));
        }
        status = run(&arena, &request, &extra);
    }
    arena_free(&arena);
    return status;
}
