/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the payload comes from under UEFI. */
#include <loader_arch/uefi.h>

#include <base/memory.h>

#define ALLOCATE_ANY 0u
#define FILE_READ    1u
#define NAME_MAX     256u /* characters of a path */
#define PAYLOAD_NAME "payload.bin"

static const struct uefi_guid load_file2 = {
    0x4006c0c1, 0xfcb3, 0x403e, {0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};
static const struct uefi_guid file_system = {0x964e5b22, 0x6459, 0x11d2, {0x8e, 0x39, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

/* LINUX_EFI_INITRD_MEDIA_GUID (Linux, Documentation/arch/x86/boot.rst), as a device path and its end. */
static const struct {
    struct uefi_device_path vendor;
    uint8_t guid[16];
    struct uefi_device_path end;
} initrd_path = {
    .vendor = {.type = UEFI_PATH_MEDIA, .subtype = UEFI_MEDIA_VENDOR, .length = {20, 0}},
    .guid = {0x27, 0xe4, 0x68, 0x55, 0xfc, 0x68, 0x3d, 0x4f, 0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68},
    .end = {.type = UEFI_PATH_END, .subtype = UEFI_END_ALL, .length = {4, 0}},
};

/* Memory of its own, in whole pages. 0: none, after a message. */
static uint64_t allocate(const struct uefi *uefi, uint64_t size)
{
    uint64_t address = 0;
    uint64_t pages = size / UEFI_PAGE_SIZE + (size % UEFI_PAGE_SIZE != 0);
    if (size == 0 || uefi->boot->allocate_pages(ALLOCATE_ANY, UEFI_LOADER_DATA, pages, &address) != UEFI_SUCCESS) {
        uefi_print(uefi, "loader: error: no memory for the payload (%llu bytes)\n", (unsigned long long)size);
        return 0;
    }
    return address;
}

static bool fail(const struct uefi *uefi, const char *what, uefi_status status)
{
    uefi_print(uefi, "loader: error: the payload cannot be loaded: %s (UEFI status 0x%llx)\n", what,
               (unsigned long long)status);
    return false;
}

/* What the boot loader offers. *found: whether it does. */
static bool load_offered(const struct uefi *uefi, struct boot_source *source, bool *found)
{
    uint8_t path[sizeof(initrd_path)];
    struct uefi_device_path *at = (struct uefi_device_path *)(void *)path;
    struct uefi_load_file *loader = NULL;
    uefi_handle handle;
    uint64_t size = 0;
    memcpy(path, &initrd_path, sizeof(path));
    *found = uefi->boot->locate_device_path(&load_file2, &at, &handle) == UEFI_SUCCESS &&
             uefi->boot->handle_protocol(handle, &load_file2, (void **)&loader) == UEFI_SUCCESS;
    if (!*found) {
        return true;
    }
    uefi_status status = loader->load(loader, at, false, &size, NULL);
    if (status == UEFI_NOT_FOUND) {
        *found = false; /* QEMU's firmware: -kernel without -initrd */
        return true;
    }
    if (status != UEFI_BUFFER_TOO_SMALL) {
        return fail(uefi, "the boot loader does not tell its size", status);
    }
    uint64_t address = allocate(uefi, size);
    if (address == 0) {
        return false;
    }
    status = loader->load(loader, at, false, &size, (void *)(uintptr_t)address);
    return status == UEFI_SUCCESS ? boot_add_module(source, address, size)
                                  : fail(uefi, "the boot loader does not give it", status);
}

/* The path of the payload: the application's, with another last part. False: too long. */
static bool payload_name(const struct uefi *uefi, uint16_t *name)
{
    const struct uefi_device_path *node = uefi->loaded->path;
    uint32_t length = 0;
    while (node != NULL && node->type != UEFI_PATH_END) {
        uint32_t size = node->length[0] | (uint32_t)node->length[1] << 8;
        const uint8_t *text = (const uint8_t *)(node + 1);
        if (size < sizeof(*node)) {
            return false;
        }
        for (uint32_t i = 0;
             node->type == UEFI_PATH_MEDIA && node->subtype == UEFI_MEDIA_FILE && i + 1 < size - sizeof(*node);
             i += 2) {
            uint16_t c = (uint16_t)(text[i] | text[i + 1] << 8);
            if (length + sizeof(PAYLOAD_NAME) >= NAME_MAX) {
                return false;
            }
            if (c != 0) {
                name[length++] = c == '/' ? '\\' : c;
            }
        }
        node = (const struct uefi_device_path *)(const void *)((const uint8_t *)node + size);
    }
    while (length > 0 && name[length - 1] != '\\') {
        length--;
    }
    if (length == 0) {
        name[length++] = '\\';
    }
    for (uint32_t i = 0; i < sizeof(PAYLOAD_NAME); i++) {
        name[length++] = (uint8_t)PAYLOAD_NAME[i];
    }
    return true;
}

static bool read_file(const struct uefi *uefi, struct uefi_file *file, struct boot_source *source)
{
    uint64_t size = 0, done = 0;
    /* Position UINT64_MAX is the end. */
    uefi_status status = file->set_position(file, UINT64_MAX);
    status = status == UEFI_SUCCESS ? file->get_position(file, &size) : status;
    status = status == UEFI_SUCCESS ? file->set_position(file, 0) : status;
    if (status != UEFI_SUCCESS) {
        return fail(uefi, PAYLOAD_NAME " has no size", status);
    }
    uint64_t address = allocate(uefi, size);
    while (address != 0 && done < size) {
        uint64_t piece = size - done;
        status = file->read(file, &piece, (void *)(uintptr_t)(address + done));
        if (status != UEFI_SUCCESS || piece == 0) {
            return fail(uefi, PAYLOAD_NAME " cannot be read", status);
        }
        done += piece;
    }
    return address != 0 && boot_add_module(source, address, size);
}

/* payload.bin beside the application; a boot loader that started it from memory has no volume. */
static bool load_beside(const struct uefi *uefi, struct boot_source *source)
{
    static uint16_t name[NAME_MAX];
    struct uefi_file_system *volume = NULL;
    struct uefi_file *root = NULL, *file = NULL;
    if (uefi->loaded->device == NULL ||
        uefi->boot->handle_protocol(uefi->loaded->device, &file_system, (void **)&volume) != UEFI_SUCCESS ||
        !payload_name(uefi, name) || volume->open_volume(volume, &root) != UEFI_SUCCESS) {
        return true;
    }
    bool done = true;
    if (root->open(root, &file, name, FILE_READ, 0) == UEFI_SUCCESS) {
        done = read_file(uefi, file, source);
        (void)file->close(file);
    }
    (void)root->close(root);
    return done;
}

bool uefi_load_payload(const struct uefi *uefi, struct boot_source *source)
{
    bool found;
    if (!load_offered(uefi, source, &found)) {
        return false;
    }
    return found || load_beside(uefi, source);
}
