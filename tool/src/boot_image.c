/* SPDX-License-Identifier: BSD-2-Clause */
#include <crypto/hash.h>
#include <string.h>
#include <tool/boot_image.h>
#include <tool/command.h>

/* Modules that both kinds of GRUB need: to find the payload's volume, to read it, to start the loader. Neither
 * a network nor another way to boot. */
#define COMMON_MODULES                                                                                                 \
    "normal", "memdisk", "tar", "iso9660", "part_gpt", "part_msdos", "search", "search_fs_file", "terminal", "echo",   \
        "test", "boot"

#define IDENTITY_SIZE 16u /* bytes of the payload's hash */

static const char *identity_of(struct arena *arena, const struct blob *payload)
{
    uint8_t hash[HASH_SHA512_SIZE];
    const char *text = "";
    hash_sha512(payload->data, payload->size, hash);
    for (unsigned int i = 0; i < IDENTITY_SIZE; i++) {
        text = arena_format(arena, "%s%02x", text, hash[i]);
    }
    return text;
}

/* With superusers set to somebody who has no password, GRUB lets nobody edit an entry or get a command line; the
 * entry itself needs nobody's leave. */
static const char *configuration(struct arena *arena, const struct boot_image_request *request, const char *identity)
{
    const struct target_boot *boot = &request->target->boot;
    return arena_format(arena,
                        "# Made by skyscope.\n"
                        "set superusers=nobody\n"
                        "if serial --unit=0 --speed=115200; then\n"
                        "    terminal_input console serial\n"
                        "    terminal_output console serial\n"
                        "fi\n"
                        "set timeout=%llu\n"
                        "set default=0\n"
                        "menuentry \"Skyscope\" --unrestricted {\n"
                        "    if search --no-floppy --set=root --file /" BOOT_IMAGE_PAYLOAD_DIRECTORY "/%s; then\n"
                        "        %s (memdisk)/boot/%s\n"
                        "        %s /" BOOT_IMAGE_PAYLOAD "%s\n"
                        /* After multiboot2, which sets it for itself. */
                        "        if [ \"$grub_platform\" = pc ]; then\n"
                        "            set gfxpayload=text\n"
                        "        fi\n"
                        "        boot\n"
                        "    else\n"
                        "        echo \"The volume with payload %s was not found.\"\n"
                        "    fi\n"
                        "}\n",
                        (unsigned long long)request->timeout, identity, boot->start, boot->loader, boot->payload,
                        boot->payload_words, identity);
}

/* Signs for Secure Boot. */
static bool sign(struct arena *arena, const struct boot_tools *tools, const struct boot_image_request *request,
                 const char *unsigned_image, const char *image)
{
    return BOOT_TOOL_RUN(arena, tools, "sbsign", "--key", request->secure_boot_key, "--cert",
                         request->secure_boot_certificate, "--output", image, unsigned_image);
}

/* The loader as GRUB starts it. One that is an EFI application itself goes through the firmware, which wants its
 * signature. */
static bool loader_make(struct arena *arena, const struct boot_tools *tools, const struct boot_image_request *request,
                        const char *path)
{
    const char *reason = NULL;
    bool signing = request->secure_boot_key != NULL && request->target->boot.loader_is_image;
    const char *plain = signing ? arena_format(arena, "%s/loader.unsigned", tools->directory) : path;
    if (!write_file(arena, plain, request->loader->data, request->loader->size, &reason)) {
        failure("'%s' cannot be written: %s", plain, reason);
        return false;
    }
    return !signing || sign(arena, tools, request, plain, path);
}

static bool memory_disk_make(struct arena *arena, const struct boot_tools *tools,
                             const struct boot_image_request *request, const char *identity, const char *path)
{
    const char *reason = NULL;
    const char *root = arena_format(arena, "%s/memdisk", tools->directory);
    const char *text = configuration(arena, request, identity);
    if (!make_directories(arena, arena_format(arena, "%s/boot/grub", root), &reason) ||
        !write_file(arena, arena_format(arena, "%s/boot/grub/grub.cfg", root), text, strlen(text), &reason)) {
        failure("'%s' cannot be filled: %s", root, reason);
        return false;
    }
    return loader_make(arena, tools, request, arena_format(arena, "%s/boot/%s", root, request->target->boot.loader)) &&
           BOOT_TOOL_RUN(arena, tools, "tar", "--create", "--format=ustar", "--sort=name", "--mtime=@" BOOT_IMAGE_EPOCH,
                         "--owner=0", "--group=0", "--numeric-owner", "--mode=a=rX", "--file", path, "--directory",
                         root, "boot");
}

/* GRUB for UEFI. A prefix in the memory disk: GRUB then looks nowhere else for its configuration. Shim's verifier
 * would refuse the loader's start for want of shim; what it would verify is in the image, which the firmware has
 * verified. */
static bool efi_image_make(struct arena *arena, const struct boot_tools *tools, const struct target *target,
                           const char *memory_disk, const char *output)
{
    const char *words[64] = {"grub-mkimage",
                             "--directory",
                             target_grub_modules(arena, target),
                             arena_format(arena, "--format=%s", target->boot.grub_platform),
                             "--prefix=(memdisk)/boot/grub",
                             "--memdisk",
                             memory_disk,
                             "--disable-shim-lock",
                             "--output",
                             output,
                             COMMON_MODULES};
    size_t count = 0;
    while (words[count] != NULL) {
        count++;
    }
    for (size_t i = 0; target->boot.modules[i] != NULL; i++) {
        words[count++] = target->boot.modules[i];
    }
    return boot_tool_run(arena, tools, words, count);
}

bool boot_images_make(struct arena *arena, const struct boot_tools *tools, const struct boot_image_request *request,
                      struct boot_images *images)
{
    const char *memory_disk = arena_format(arena, "%s/memdisk.tar", tools->directory);
    const char *plain = arena_format(arena, "%s/grub.efi", tools->directory);
    *images = (struct boot_images){
        .target = request->target,
        .identity = identity_of(arena, request->payload),
        .bios_core = request->target->boot.bios ? arena_format(arena, "%s/core.img", tools->directory) : NULL,
        .efi = plain,
    };
    if (!memory_disk_make(arena, tools, request, images->identity, memory_disk) ||
        (images->bios_core != NULL &&
         !BOOT_TOOL_RUN(arena, tools, "grub-mkimage", "--format=i386-pc", "--prefix=(memdisk)/boot/grub", "--memdisk",
                        memory_disk, "--output", images->bios_core, COMMON_MODULES, "multiboot2", "serial",
                        "biosdisk")) ||
        !efi_image_make(arena, tools, request->target, memory_disk, plain)) {
        return false;
    }
    if (request->secure_boot_key != NULL) {
        images->efi = arena_format(arena, "%s/grub.signed.efi", tools->directory);
        return sign(arena, tools, request, plain, images->efi);
    }
    return true;
}

bool payload_tree_make(struct arena *arena, const struct boot_image_request *request, const struct boot_images *images,
                       const char *root)
{
    const char *reason = NULL;
    const char *directory = arena_format(arena, "%s/" BOOT_IMAGE_PAYLOAD_DIRECTORY, root);
    if (!make_directories(arena, directory, &reason) ||
        !write_file(arena, arena_format(arena, "%s/%s", directory, images->identity), "", 0, &reason) ||
        !write_file(arena, arena_format(arena, "%s/" BOOT_IMAGE_PAYLOAD, root), request->payload->data,
                    request->payload->size, &reason)) {
        failure("'%s' cannot be filled: %s", root, reason);
        return false;
    }
    return true;
}
