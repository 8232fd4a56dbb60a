/* SPDX-License-Identifier: BSD-2-Clause */
/* Files by their content: payloads, images, trust anchors, keys. */
#include "iso_files.h"
#include <crypto/seal.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tool/boot_image.h>
#include <tool/verify.h>

#define LOADER_MAX_SIZE 0x1000000u /* bytes */

const char *input_kind_name(enum input_kind kind)
{
    static const char *const names[] = {
        "?", "payload", "ISO image", "trust anchor", "private key", "operator's public key", "loader"};
    return names[kind];
}

static enum input_kind look(FILE *file)
{
    char start[8] = "", volume[5] = "";
    bool has_start = fread(start, 1, sizeof(start), file) == sizeof(start);
    if (has_start && memcmp(start, PAYLOAD_MAGIC, sizeof(start)) == 0) {
        return INPUT_PAYLOAD;
    }
    if (has_start && memcmp(start, TRUST_MAGIC, sizeof(start)) == 0) {
        return INPUT_TRUST;
    }
    if (has_start && memcmp(start, KEY_FILE_MAGIC, sizeof(start)) == 0) {
        return INPUT_KEY;
    }
    if (has_start && memcmp(start, SEAL_KEY_MAGIC, sizeof(start)) == 0) {
        return INPUT_OPERATOR;
    }
    if (has_start && memcmp(start, "\177ELF", 4) == 0) {
        return INPUT_LOADER;
    }
    /* The primary volume descriptor of ISO 9660 is in sector 16. */
    bool iso = fseek(file, 16 * 2048 + 1, SEEK_SET) == 0 && fread(volume, 1, sizeof(volume), file) == sizeof(volume) &&
               memcmp(volume, "CD001", sizeof(volume)) == 0;
    return iso ? INPUT_ISO : INPUT_UNKNOWN;
}

static bool open_iso(struct arena *arena, const char *path, struct input *input, const char **reason)
{
    const char *why = NULL;
    input->payload = iso_read_file(arena, path, "/" BOOT_IMAGE_PAYLOAD, reason);
    /* Of the two loaders, the one in GRUB for BIOS is compressed. */
    input->loader =
        input->payload == NULL ? NULL : iso_read_file(arena, path, "/" BOOT_IMAGE_PAYLOAD_DIRECTORY "/efi.img", &why);
    return input->payload != NULL;
}

bool input_open(struct arena *arena, const char *path, struct input *input, const char **reason)
{
    *input = (struct input){0};
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        *reason = arena_copy_string(arena, strerror(errno));
        return false;
    }
    input->kind = look(file);
    fclose(file);
    switch (input->kind) {
    case INPUT_PAYLOAD:
        input->payload = read_file(arena, path, FILE_MAX_SIZE, reason);
        return input->payload != NULL;
    case INPUT_ISO:
        return open_iso(arena, path, input, reason);
    case INPUT_TRUST:
        input->file = read_file(arena, path, TRUST_MAX_SIZE, reason);
        return input->file != NULL;
    case INPUT_KEY:
    case INPUT_OPERATOR:
        input->file = read_file(arena, path, KEY_FILE_MAX_SIZE, reason);
        return input->file != NULL;
    case INPUT_LOADER:
        input->file = read_file(arena, path, LOADER_MAX_SIZE, reason);
        return input->file != NULL;
    default:
        *reason = "it is neither a payload nor an ISO image; make one with 'skyscope build' or 'skyscope iso'";
        return false;
    }
}
