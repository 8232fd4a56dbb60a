/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <skyscope/payload.h>
#include <stdio.h>
#include <string.h>
#include <tool/boot_image.h>
#include <tool/command.h>
#include <tool/number.h>
#include <tool/process.h>
#include <unistd.h>

static const char help[] =
    "Usage: skyscope iso [OPTION]... FILE\n"
    "Makes a bootable ISO image with GRUB, for BIOS (x86-64) and UEFI, CD and USB stick. FILE is a payload or a system "
    "file,\n"
    "which is built first.\n\n"
    "  -o, --output FILE       write the image to FILE (default: FILE's name with .iso)\n"
    "  -s, --search-path DIR   look for programs and data in DIR too; can be repeated\n"
    "      --arch ARCH         x86_64 or aarch64, for a system file (default: what the kernel image is for)\n"
    "      --loader FILE       use this loader (default: the one built with this tool)\n"
    "      --kernel-image FILE use this kernel (default: the one built with this tool)\n"
    "      --secure-boot-key FILE, --secure-boot-cert FILE\n"
    "                          sign GRUB for UEFI Secure Boot with this private key and its certificate (PEM)\n"
    "      --timeout SECONDS   how long GRUB's menu waits (default 0)\n"
    "      --verbose           show the commands and what they say\n"
    "  -q, --quiet             say nothing but errors\n"
    "      --help              show this\n\n"
    "Write it to a USB stick with: dd if=FILE.iso of=/dev/DEVICE bs=1M\n";

#define VOLUME_NAME      "SKYSCOPE"
#define BIOS_IMAGE       BOOT_IMAGE_PAYLOAD_DIRECTORY "/bios.img"
#define EFI_IMAGE        BOOT_IMAGE_PAYLOAD_DIRECTORY "/efi.img"
/* Parts of GRUB for BIOS: the first sectors of a CD's boot image, and of a disk. */
#define CD_BOOT_SECTOR   "/usr/lib/grub/i386-pc/cdboot.img"
#define DISK_BOOT_SECTOR "/usr/lib/grub/i386-pc/boot_hybrid.img"

struct iso_request {
    const char *file, *output, *loader;
    const char *secure_boot_key, *secure_boot_certificate;
    struct build_request build;
    uint64_t timeout;
    bool verbose;
};

/* GRUB's image for a CD by BIOS: what the firmware starts, and behind it GRUB. */
static bool write_cd_image(struct arena *arena, const struct boot_images *images, const char *path)
{
    const char *reason = NULL;
    struct blob *first = read_file(arena, CD_BOOT_SECTOR, FILE_MAX_SIZE, &reason);
    struct blob *core = first == NULL ? NULL : read_file(arena, images->bios_core, FILE_MAX_SIZE, &reason);
    if (core != NULL) {
        uint8_t *both = arena_allocate(arena, first->size + core->size);
        memcpy(both, first->data, first->size);
        memcpy(both + first->size, core->data, core->size);
        if (write_file(arena, path, both, first->size + core->size, &reason)) {
            return true;
        }
    }
    failure("GRUB's image for BIOS cannot be made: %s", reason);
    return false;
}

/* A CD by UEFI, and the same as a disk with a GPT. */
#define EFI_OPTIONS  "--efi-boot", EFI_IMAGE, "-efi-boot-part", "--efi-boot-image"
/* No time of making. */
#define DATE_OPTIONS "--modification-date=" BOOT_IMAGE_EPOCH_DATE, "--set_all_file_dates", BOOT_IMAGE_EPOCH_DATE

static bool finish_image(const struct iso_request *request, const char *image, bool made)
{
    if (!made || rename(image, request->output) != 0) {
        unlink(image);
        if (made) {
            failure("'%s' cannot be written", request->output);
        }
        return false;
    }
    return true;
}

static bool make_image(struct arena *arena, const struct boot_tools *tools, const struct iso_request *request,
                       const struct boot_image_request *boot)
{
    struct boot_images images;
    const char *root = arena_format(arena, "%s/root", tools->directory);
    const char *image = arena_format(arena, "%s.new", request->output);
    if (!boot_images_make(arena, tools, boot, &images) || !payload_tree_make(arena, boot, &images, root)) {
        return false;
    }
    if (images.bios_core == NULL) {
        return efi_partition_make(arena, tools, &images, 0, arena_format(arena, "%s/" EFI_IMAGE, root)) &&
               finish_image(request, image,
                            BOOT_TOOL_RUN(arena, tools, "xorriso", "-no_rc", "-as", "mkisofs", "-quiet",
                                          "-rational-rock", "-V", VOLUME_NAME, "-o", image, EFI_OPTIONS, DATE_OPTIONS,
                                          root));
    }
    if (!write_cd_image(arena, &images, arena_format(arena, "%s/" BIOS_IMAGE, root)) ||
        !efi_partition_make(arena, tools, &images, 0, arena_format(arena, "%s/" EFI_IMAGE, root))) {
        return false;
    }
    return finish_image(request, image,
                        BOOT_TOOL_RUN(arena, tools, "xorriso", "-no_rc", "-as", "mkisofs", "-quiet", "-rational-rock",
                                      "-V", VOLUME_NAME, "-o", image,
                                      /* A CD by BIOS, and the same as a disk. */
                                      "-b", BIOS_IMAGE, "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
                                      "--grub2-boot-info", "--grub2-mbr", DISK_BOOT_SECTOR, "--protective-msdos-label",
                                      EFI_OPTIONS, DATE_OPTIONS, root));
}

static int make_iso(struct arena *arena, struct iso_request *request)
{
    const char *reason = NULL;
    struct system system = {0};
    struct blob *payload = NULL;
    if (is_special_file(request->output)) {
        return failure("'%s' is not a regular file; write the image to a file first, then copy that", request->output);
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
    const struct target *target = NULL;
    struct blob *loader = payload == NULL ? NULL : boot_loader_read(arena, request->loader, payload, &target);
    const char *temporary = loader != NULL && boot_tools_present(arena, target, request->secure_boot_key != NULL)
                                ? temporary_directory(arena, &reason)
                                : NULL;
    if (reason != NULL) {
        failure("no temporary directory can be made: %s", reason);
    }
    if (temporary != NULL) {
        bool progress = !request->verbose && !request->build.quiet && isatty(STDERR_FILENO);
        struct boot_tools tools = {.directory = temporary, .verbose = request->verbose};
        struct boot_image_request boot = {.target = target,
                                          .loader = loader,
                                          .payload = payload,
                                          .timeout = request->timeout,
                                          .secure_boot_key = request->secure_boot_key,
                                          .secure_boot_certificate = request->secure_boot_certificate};
        boot_image_warn(arena, &boot);
        if (progress) {
            fprintf(stderr, "writing %s ...", request->output);
        }
        if (make_image(arena, &tools, request, &boot)) {
            status = EXIT_OK;
        }
        if (progress) {
            fprintf(stderr, "\r\033[K");
        }
        remove_tree(temporary);
    }
    system_free(&system);
    return status;
}

static int parse_options(struct arena *arena, int count, char **arguments, struct iso_request *request,
                         struct list *search, bool *helped)
{
    enum {
        OPTION_ARCH = 256,
        OPTION_LOADER,
        OPTION_KERNEL,
        OPTION_TIMEOUT,
        OPTION_KEY,
        OPTION_CERTIFICATE,
        OPTION_VERBOSE,
        OPTION_HELP
    };
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"search-path", required_argument, NULL, 's'},
        {"arch", required_argument, NULL, OPTION_ARCH},
        {"loader", required_argument, NULL, OPTION_LOADER},
        {"kernel-image", required_argument, NULL, OPTION_KERNEL},
        {"timeout", required_argument, NULL, OPTION_TIMEOUT},
        {"secure-boot-key", required_argument, NULL, OPTION_KEY},
        {"secure-boot-cert", required_argument, NULL, OPTION_CERTIFICATE},
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
        case OPTION_ARCH:
            if (!arch_option("iso", optarg, &request->build.machine.target)) {
                return EXIT_USAGE;
            }
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
        case OPTION_KEY:
            request->secure_boot_key = optarg;
            break;
        case OPTION_CERTIFICATE:
            request->secure_boot_certificate = optarg;
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
    if ((request->secure_boot_key == NULL) != (request->secure_boot_certificate == NULL)) {
        return usage_error("iso", "--secure-boot-key and --secure-boot-cert are of use only together; give both");
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
        if (request.output == NULL) {
            request.output = replace_extension(&arena, request.file, ".iso");
        }
        status = make_iso(&arena, &request);
    }
    arena_free(&arena);
    return status;
}
