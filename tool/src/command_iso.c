/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <skyscope/payload.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tool/command.h>
#include <tool/number.h>
#include <tool/process.h>
#include <unistd.h>

static const char help[] =
    "Usage: skyscope iso [OPTION]... FILE\n"
    "Makes a bootable ISO image with GRUB, for BIOS and UEFI, CD and USB stick. FILE is a payload or a system file,\n"
    "which is built first.\n\n"
    "  -o, --output FILE       write the image to FILE (default: FILE's name with .iso)\n"
    "  -s, --search-path DIR   look for programs and data in DIR too; can be repeated\n"
    "      --loader FILE       use this loader (default: the one built with this tool)\n"
    "      --kernel-image FILE use this kernel (default: the one built with this tool)\n"
    "      --timeout SECONDS   how long GRUB's menu waits (default 0)\n"
    "      --verbose           show the commands and what they say\n"
    "  -q, --quiet             say nothing but errors\n"
    "      --help              show this\n\n"
    "Write it to a USB stick with: dd if=FILE.iso of=/dev/DEVICE bs=1M\n";

struct iso_request {
    const char *file, *output, *loader;
    struct build_request build;
    uint64_t timeout;
    bool verbose;
};

/* What grub-mkrescue needs, and the Debian package that has it. */
static bool tools_present(struct arena *arena)
{
    static const struct {
        const char *program, *package;
    } programs[] = {
        {"grub-mkrescue", "grub-common"},
        {"xorriso", "xorriso"},
        {"mformat", "mtools"},
    };
    static const struct {
        const char *file, *package;
    } files[] = {
        {"/usr/lib/grub/i386-pc/multiboot2.mod", "grub-pc-bin"},
        {"/usr/lib/grub/x86_64-efi/multiboot2.mod", "grub-efi-amd64-bin"},
    };
    bool all = true;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        if (find_program(arena, programs[i].program) == NULL) {
            failure("program '%s' is missing; install the package %s (apt install %s)", programs[i].program,
                    programs[i].package, programs[i].package);
            all = false;
        }
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (!is_regular_file(files[i].file)) {
            failure("GRUB's modules (%s) are missing; install the package %s (apt install %s)", files[i].file,
                    files[i].package, files[i].package);
            all = false;
        }
    }
    return all;
}

static bool write_tree(struct arena *arena, const char *root, const struct iso_request *request,
                       const struct blob *loader, const struct blob *payload)
{
    const char *reason = NULL;
    const char *boot = arena_format(arena, "%s/boot/skyscope", root);
    const char *grub = arena_format(arena, "%s/boot/grub", root);
    const char *configuration = arena_format(arena,
                                             "# Made by skyscope iso.\n"
                                             "if serial --unit=0 --speed=115200; then\n"
                                             "    terminal_input console serial\n"
                                             "    terminal_output console serial\n"
                                             "fi\n"
                                             "set timeout=%llu\n"
                                             "set default=0\n"
                                             "if [ \"$grub_platform\" = efi ]; then\n"
                                             "    insmod all_video\n"
                                             "fi\n"
                                             "menuentry \"Skyscope\" {\n"
                                             "    multiboot2 /boot/skyscope/loader.elf\n"
                                             "    module2 /boot/skyscope/payload.bin payload\n"
                                             /* After multiboot2, which sets it for itself. */
                                             "    if [ \"$grub_platform\" = pc ]; then\n"
                                             "        set gfxpayload=text\n"
                                             "    fi\n"
                                             "    boot\n"
                                             "}\n",
                                             (unsigned long long)request->timeout);
    if (!make_directories(arena, boot, &reason) || !make_directories(arena, grub, &reason) ||
        !write_file(arena, arena_format(arena, "%s/loader.elf", boot), loader->data, loader->size, &reason) ||
        !write_file(arena, arena_format(arena, "%s/payload.bin", boot), payload->data, payload->size, &reason) ||
        !write_file(arena, arena_format(arena, "%s/grub.cfg", grub), configuration, strlen(configuration), &reason)) {
        failure("'%s' cannot be filled: %s", root, reason);
        return false;
    }
    return true;
}

static void show_log(struct arena *arena, const char *path)
{
    const char *reason = NULL;
    struct blob *log = read_file(arena, path, 0x1000000, &reason);
    if (log != NULL) {
        fwrite(log->data, 1, log->size, stderr);
    }
}

static bool make_image(struct arena *arena, const struct iso_request *request, const char *temporary)
{
    const char *root = arena_format(arena, "%s/root", temporary);
    const char *image = arena_format(arena, "%s.new", request->output);
    const char *log = arena_format(arena, "%s/log", temporary);
    const char *words[] = {"grub-mkrescue", "--locales=", "--fonts=", "--themes=", "-o", image, root};
    struct list arguments = {0};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        list_append(arena, &arguments, arena_copy_string(arena, words[i]));
    }
    if (request->verbose) {
        fprintf(stderr, "%s\n", command_line(arena, &arguments));
    } else if (!request->build.quiet && isatty(STDERR_FILENO)) {
        fprintf(stderr, "writing %s ...", request->output);
    }
    int status = run_program(arena, &arguments, request->verbose ? NULL : log);
    if (!request->verbose && !request->build.quiet && isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K");
    }
    if (status != 0) {
        unlink(image);
        show_log(arena, log);
        failure("grub-mkrescue failed with status %d; its messages are above", status);
        return false;
    }
    if (rename(image, request->output) != 0) {
        unlink(image);
        failure("'%s' cannot be written", request->output);
        return false;
    }
    return true;
}

static int make_iso(struct arena *arena, struct iso_request *request)
{
    const char *reason = NULL;
    struct system system = {0};
    struct blob *payload = NULL, *loader = NULL;
    if (is_special_file(request->output)) {
        return failure("'%s' is not a regular file; write the image to a file first, then copy that", request->output);
    }
    if (!tools_present(arena)) {
        return EXIT_FAILED;
    }
    loader = read_file(arena, request->loader, FILE_MAX_SIZE, &reason);
    if (loader == NULL) {
        return failure("loader '%s' cannot be read: %s; build it, or name another with --loader", request->loader,
                       reason);
    }
    payload = read_file(arena, request->file, FILE_MAX_SIZE, &reason);
    if (payload == NULL) {
        return failure("'%s' cannot be read: %s", request->file, reason);
    }
    bool built = payload->size >= 8 && memcmp(payload->data, PAYLOAD_MAGIC, 8) == 0;
    if (!built) {
        request->build.file = request->file;
        payload = build_payload(&system, &request->build);
    }
    int status = EXIT_FAILED;
    const char *temporary = payload == NULL ? NULL : temporary_directory(arena, &reason);
    if (payload != NULL && temporary == NULL) {
        failure("no temporary directory can be made: %s", reason);
    }
    if (temporary != NULL) {
        if (write_tree(arena, arena_format(arena, "%s/root", temporary), request, loader, payload) &&
            make_image(arena, request, temporary)) {
            status = EXIT_OK;
        }
        remove_tree(temporary);
    }
    system_free(&system);
    return status;
}

static int parse_options(struct arena *arena, int count, char **arguments, struct iso_request *request,
                         struct list *search, bool *helped)
{
    enum { OPTION_LOADER = 256, OPTION_KERNEL, OPTION_TIMEOUT, OPTION_VERBOSE, OPTION_HELP };
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"search-path", required_argument, NULL, 's'},
        {"loader", required_argument, NULL, OPTION_LOADER},
        {"kernel-image", required_argument, NULL, OPTION_KERNEL},
        {"timeout", required_argument, NULL, OPTION_TIMEOUT},
        {"verbose", no_argument, NULL, OPTION_VERBOSE},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "o:s:q", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            request->output = optarg;
            break;
        case 's':
            list_append(arena, search, optarg);
            break;
        case 'q':
            request->build.quiet = true;
            break;
        case OPTION_LOADER:
            request->loader = optarg;
            break;
        case OPTION_KERNEL:
            request->build.kernel = optarg;
            break;
        case OPTION_TIMEOUT:
            if (!parse_number(optarg, &request->timeout) || request->timeout > 3600) {
                return usage_error("iso", "--timeout '%s' is not a number of seconds up to 3600", optarg);
            }
            break;
        case OPTION_VERBOSE:
            request->verbose = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            *helped = true;
            return EXIT_OK;
        default:
            return usage_error("iso", "wrong option");
        }
    }
    return one_operand("iso", "the payload or system file", count, arguments) ? EXIT_OK : EXIT_USAGE;
}

int command_iso(int count, char **arguments)
{
    struct arena arena = {0};
    struct list search = {0};
    struct iso_request request = {.build.search = &search};
    bool helped = false;
    int status = parse_options(&arena, count, arguments, &request, &search, &helped);
    if (status == EXIT_OK && !helped) {
        request.file = arguments[optind];
        if (request.loader == NULL) {
            request.loader = arena_format(&arena, "%s/loader.elf", installation_directory(&arena));
        }
        if (request.output == NULL) {
            request.output = replace_extension(&arena, request.file, ".iso");
        }
        status = make_iso(&arena, &request);
    }
    arena_free(&arena);
    return status;
}
