/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <tool/boot_image.h>
#include <tool/command.h>
#include <tool/disk.h>
#include <tool/layout.h>
#include <tool/number.h>
#include <tool/payload_reader.h>
#include <tool/process.h>
#include <unistd.h>

#define MIB          0x100000ull
#define SIZE_MINIMUM (1024 * MIB)
#define SIZE_MAXIMUM (2048 * MIB)

static const char help[] =
    "Usage: skyscope disk [OPTION]... --keys DIRECTORY --output FILE PAYLOAD\n"
    "Makes a disk image: a GUID partition table, GRUB for BIOS (x86-64) and UEFI, and a read-only boot partition with "
    "the "
    "payload.\n"
    "Every block of the boot partition is under a Merkle tree whose root is signed; 'skyscope verify' checks it.\n\n"
    "  -o, --output FILE       write the image to FILE\n"
    "      --keys DIRECTORY    the keys that sign, as 'skyscope keygen' made them\n"
    "      --passphrase-file FILE\n"
    "                          the keys' passphrase (default: ask at the terminal)\n"
    "      --size SIZE         size of the boot partition, 1GiB (default) to 2GiB\n"
    "      --loader FILE       use this loader (default: the one built with this tool)\n"
    "      --secure-boot-key FILE, --secure-boot-cert FILE\n"
    "                          sign GRUB for UEFI Secure Boot with this private key and its certificate (PEM)\n"
    "      --timeout SECONDS   how long GRUB's menu waits (default 0)\n"
    "      --verbose           show the commands and what they say\n"
    "  -q, --quiet             say nothing but errors\n"
    "      --help              show this\n\n"
    "Write it to a disk with: dd if=FILE of=/dev/DEVICE bs=1M conv=sparse\n";

struct disk_request {
    const char *file, *output, *loader, *keys, *passphrase_file;
    const char *secure_boot_key, *secure_boot_certificate;
    uint64_t size, timeout;
    bool verbose, quiet;
};

/* An ISO 9660 volume with the payload: a file system that nobody can write to, which GRUB reads. */
static const char *make_volume(struct arena *arena, const struct boot_tools *tools,
                               const struct boot_image_request *boot, const struct boot_images *images)
{
    const char *root = arena_format(arena, "%s/root", tools->directory);
    const char *volume = arena_format(arena, "%s/volume.iso", tools->directory);
    if (!payload_tree_make(arena, boot, images, root) ||
        !BOOT_TOOL_RUN(arena, tools, "xorriso", "-no_rc", "-as", "mkisofs", "-quiet", "-rational-rock", "-V",
                       "SKYSCOPE", "-no-pad", "-o", volume, "--modification-date=" BOOT_IMAGE_EPOCH_DATE,
                       "--set_all_file_dates", BOOT_IMAGE_EPOCH_DATE, root)) {
        return NULL;
    }
    return volume;
}

struct disk_parts {
    struct disk_layout layout;
    struct boot_images images;
    const char *volume, *efi_partition; /* files */
    struct disk_identity identity;
};

static bool make_parts(struct arena *arena, const struct boot_tools *tools, const struct boot_image_request *boot,
                       const struct manifest *manifest, uint64_t size, struct disk_parts *parts)
{
    uint8_t hash[HASH_SHA512_SIZE];
    disk_layout_make(size, boot->target->boot.bios, &parts->layout);
    parts->efi_partition = arena_format(arena, "%s/efi.img", tools->directory);
    if (!boot_images_make(arena, tools, boot, &parts->images) ||
        !efi_partition_make(arena, tools, &parts->images, parts->layout.efi_size, parts->efi_partition)) {
        return false;
    }
    parts->volume = make_volume(arena, tools, boot, &parts->images);
    parts->identity = (struct disk_identity){
        .system_name = manifest->system_name,
        .rollback_index = manifest->rollback_index,
        .creation_time = manifest->creation_time,
    };
    /* Another salt for each payload, and the same for the same. */
    const char *text = arena_format(arena, "skyscope disk salt %s", parts->images.identity);
    hash_sha512(text, strlen(text), hash);
    memcpy(parts->identity.salt, hash, sizeof(parts->identity.salt));
    return parts->volume != NULL;
}

static bool fill_disk(struct arena *arena, int disk, const char *path, const struct disk_parts *parts,
                      const struct signing_pair *pair, bool progress, const char **reason)
{
    const struct disk_layout *layout = &parts->layout;
    uint64_t size = 0, efi_size = 0;
    return disk_table_write(arena, path, layout, parts->images.identity, reason) &&
           (parts->images.bios_core == NULL ||
            disk_boot_code_write(arena, disk, layout, parts->images.bios_core, reason)) &&
           disk_copy_file(arena, disk, layout->efi_offset, layout->efi_size, parts->efi_partition, &efi_size, reason) &&
           disk_copy_file(arena, disk, layout->boot_offset, layout->boot_size, parts->volume, &size, reason) &&
           disk_partition_seal(arena, disk, layout, &parts->identity, pair, size, progress, reason);
}

static bool write_disk(struct arena *arena, const struct disk_request *request, const struct disk_parts *parts,
                       const struct signing_pair *pair)
{
    const char *reason = "there is no space";
    const char *image = arena_format(arena, "%s.new", request->output);
    bool progress = !request->quiet && !request->verbose && isatty(STDERR_FILENO);
    int disk = open(image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = disk >= 0 && ftruncate(disk, (off_t)parts->layout.total_size) == 0 &&
              fill_disk(arena, disk, image, parts, pair, progress, &reason);
    if (disk >= 0 && (fsync(disk) != 0 || close(disk) != 0)) {
        ok = false;
    }
    if (!ok || rename(image, request->output) != 0) {
        unlink(image);
        failure("'%s' cannot be written: %s", request->output, reason);
        return false;
    }
    return true;
}

static bool make_disk(struct arena *arena, const struct disk_request *request, const struct boot_image_request *boot,
                      const struct manifest *manifest, const char *temporary)
{
    const char *reason = NULL;
    struct disk_parts parts;
    struct signing_pair pair;
    struct boot_tools tools = {.directory = temporary, .verbose = request->verbose};
    if (!make_parts(arena, &tools, boot, manifest, request->size, &parts)) {
        return false;
    }
    if (!signing_pair_load(arena, request->keys, "primary", request->passphrase_file, &pair, &reason)) {
        failure("%s", reason);
        return false;
    }
    bool made = write_disk(arena, request, &parts, &pair);
    signing_pair_forget(&pair);
    return made;
}

static int run(struct arena *arena, const struct disk_request *request)
{
    const char *reason = NULL;
    struct payload_view *view = ARENA_NEW(arena, struct payload_view);
    if (is_special_file(request->output)) {
        return failure("'%s' is not a regular file; write the image to a file first, then copy that", request->output);
    }
    struct blob *payload = read_file(arena, request->file, FILE_MAX_SIZE, &reason);
    if (payload == NULL) {
        return failure("'%s' cannot be read: %s", request->file, reason);
    }
    if (!payload_read(arena, payload, view)) {
        return failure("'%s' is not a right payload: %s; make one with 'skyscope build'", request->file,
                       (const char *)view->problems.items[0]);
    }
    if (!view->is_signed) {
        return failure("'%s' is not signed, so that the loader would refuse it; sign it with 'skyscope sign'",
                       request->file);
    }
    const struct target *target = NULL;
    struct blob *loader = boot_loader_read(arena, request->loader, payload, &target);
    if (loader == NULL || !boot_tools_present(arena, target, request->secure_boot_key != NULL)) {
        return EXIT_FAILED;
    }
    const char *temporary = temporary_directory(arena, &reason);
    if (temporary == NULL) {
        return failure("no temporary directory can be made: %s", reason);
    }
    struct boot_image_request boot = {.target = target,
                                      .loader = loader,
                                      .payload = payload,
                                      .timeout = request->timeout,
                                      .secure_boot_key = request->secure_boot_key,
                                      .secure_boot_certificate = request->secure_boot_certificate};
    boot_image_warn(arena, &boot);
    bool made = make_disk(arena, request, &boot, &view->manifest, temporary);
    remove_tree(temporary);
    return made ? EXIT_OK : EXIT_FAILED;
}

static int check_options(const struct disk_request *request, int count, char **arguments)
{
    if (!one_operand("disk", "the payload", count, arguments)) {
        return EXIT_USAGE;
    }
    if (request->output == NULL) {
        return usage_error("disk", "--output FILE is missing");
    }
    if (request->keys == NULL) {
        return usage_error("disk", "--keys DIRECTORY is missing; make one with 'skyscope keygen'");
    }
    if (request->size < SIZE_MINIMUM || request->size > SIZE_MAXIMUM || request->size % MIB != 0) {
        return usage_error("disk", "--size must be 1GiB to 2GiB, and a multiple of 1MiB");
    }
    if ((request->secure_boot_key == NULL) != (request->secure_boot_certificate == NULL)) {
        return usage_error("disk", "--secure-boot-key and --secure-boot-cert are of use only together; give both");
    }
    return EXIT_OK;
}

static int parse_options(int count, char **arguments, struct disk_request *request, bool *helped)
{
    enum {
        OPTION_KEYS = 256,
        OPTION_PASSPHRASE,
        OPTION_SIZE,
        OPTION_LOADER,
        OPTION_KEY,
        OPTION_CERTIFICATE,
        OPTION_TIMEOUT,
        OPTION_VERBOSE,
        OPTION_HELP
    };
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"keys", required_argument, NULL, OPTION_KEYS},
        {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE},
        {"size", required_argument, NULL, OPTION_SIZE},
        {"loader", required_argument, NULL, OPTION_LOADER},
        {"secure-boot-key", required_argument, NULL, OPTION_KEY},
        {"secure-boot-cert", required_argument, NULL, OPTION_CERTIFICATE},
        {"timeout", required_argument, NULL, OPTION_TIMEOUT},
        {"verbose", no_argument, NULL, OPTION_VERBOSE},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(count, arguments, "o:q", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            request->output = optarg;
            break;
        case OPTION_KEYS:
            request->keys = optarg;
            break;
        case OPTION_PASSPHRASE:
            request->passphrase_file = optarg;
            break;
        case OPTION_SIZE:
            if (!size_option("disk", "--size", optarg, &request->size)) {
                return EXIT_USAGE;
            }
            break;
        case OPTION_LOADER:
            request->loader = optarg;
            break;
        case OPTION_KEY:
            request->secure_boot_key = optarg;
            break;
        case OPTION_CERTIFICATE:
            request->secure_boot_certificate = optarg;
            break;
        case OPTION_TIMEOUT:
            if (!parse_number(optarg, &request->timeout) || request->timeout > 3600) {
                return usage_error("disk", "--timeout '%s' is not a number of seconds up to 3600", optarg);
            }
            break;
        case OPTION_VERBOSE:
            request->verbose = true;
            break;
        case 'q':
            request->quiet = true;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            *helped = true;
            return EXIT_OK;
        default:
            return usage_error("disk", "wrong option");
        }
    }
    return check_options(request, count, arguments);
}

int command_disk(int count, char **arguments)
{
    struct arena arena = {0};
    struct disk_request request = {.size = SIZE_MINIMUM};
    bool helped = false;
    int status = parse_options(count, arguments, &request, &helped);
    if (status == EXIT_OK && !helped) {
        request.file = arguments[optind];
        secret_protect_process();
        status = run(&arena, &request);
    }
    arena_free(&arena);
    return status;
}
