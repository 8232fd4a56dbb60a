/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of UEFI (UEFI specification 2.10) that the loader uses as an
 * application: tables and protocols as they lie in memory, up to the last member
 * that is needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loader/physical.h>
#include <loader_arch/entry.h>

typedef uint64_t uefi_status; /* bit 63: an error */
typedef void *uefi_handle;

#define UEFI_SUCCESS           0ull
#define UEFI_ERROR(code)       (1ull << 63 | (code))
#define UEFI_LOAD_ERROR        UEFI_ERROR(1)
#define UEFI_INVALID_PARAMETER UEFI_ERROR(2)
#define UEFI_BUFFER_TOO_SMALL  UEFI_ERROR(5)
#define UEFI_NOT_FOUND         UEFI_ERROR(14)

struct uefi_guid {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
};

struct uefi_table_header {
    uint64_t signature;
    uint32_t revision, size, checksum, reserved;
};

/* Section 12.4. */
struct uefi_text_output {
    void *reset;
    uefi_status (*output_string)(struct uefi_text_output *self, const uint16_t *text);
};

/* Section 7.2: memory descriptors, each as large as the map's descriptor_size. */
struct uefi_memory_descriptor {
    uint32_t type, padding;
    uint64_t physical_start, virtual_start, page_count, attributes;
};

enum uefi_memory_type {
    UEFI_LOADER_CODE = 1,
    UEFI_LOADER_DATA = 2,
    UEFI_BOOT_CODE = 3,
    UEFI_BOOT_DATA = 4,
    UEFI_CONVENTIONAL = 7,
    UEFI_UNUSABLE = 8,
    UEFI_ACPI_RECLAIM = 9,
    UEFI_ACPI_NVS = 10,
};
#define UEFI_MEMORY_WRITE_BACK 8ull
#define UEFI_PAGE_SIZE         4096ull

struct uefi_device_path {
    uint8_t type, subtype, length[2];
};
enum { UEFI_PATH_MEDIA = 4, UEFI_PATH_END = 0x7f, UEFI_MEDIA_VENDOR = 3, UEFI_MEDIA_FILE = 4, UEFI_END_ALL = 0xff };

/* Section 4.4. Members that are not used are named by what they are for. */
struct uefi_boot_services {
    struct uefi_table_header header;
    void *raise_priority, *restore_priority;
    uefi_status (*allocate_pages)(uint32_t kind, uint32_t type, uint64_t pages, uint64_t *address);
    uefi_status (*free_pages)(uint64_t address, uint64_t pages);
    uefi_status (*get_memory_map)(uint64_t *size, void *map, uint64_t *key, uint64_t *descriptor_size,
                                  uint32_t *descriptor_version);
    uefi_status (*allocate_pool)(uint32_t type, uint64_t size, void **buffer);
    uefi_status (*free_pool)(void *buffer);
    void *events[6], *protocol_interfaces[3];
    uefi_status (*handle_protocol)(uefi_handle handle, const struct uefi_guid *protocol, void **interface);
    void *reserved, *notify, *locate_handle;
    uefi_status (*locate_device_path)(const struct uefi_guid *protocol, struct uefi_device_path **path,
                                      uefi_handle *handle);
    void *install_table, *load_image, *start_image, *exit, *unload_image;
    uefi_status (*exit_boot_services)(uefi_handle image, uint64_t key);
    void *count, *stall, *watchdog, *connections[2], *open_protocols[3], *handle_lists[2];
    uefi_status (*locate_protocol)(const struct uefi_guid *protocol, void *registration, void **interface);
};

struct uefi_time {
    uint16_t year;
    uint8_t month, day, hour, minute, second, padding;
    uint32_t nanosecond;
    int16_t time_zone; /* minutes; UEFI_NO_TIME_ZONE: not told */
    uint8_t daylight, padding2;
};
#define UEFI_NO_TIME_ZONE 0x7ff

/* Section 4.5. */
struct uefi_runtime_services {
    struct uefi_table_header header;
    uefi_status (*get_time)(struct uefi_time *time, void *capabilities);
};

struct uefi_configuration_table {
    struct uefi_guid guid;
    void *table;
};

/* Section 4.3. */
struct uefi_system_table {
    struct uefi_table_header header;
    const uint16_t *firmware_vendor;
    uint32_t firmware_revision;
    uefi_handle input_handle;
    void *input;
    uefi_handle output_handle;
    struct uefi_text_output *output;
    uefi_handle error_handle;
    void *error;
    struct uefi_runtime_services *runtime;
    struct uefi_boot_services *boot;
    uint64_t table_count;
    struct uefi_configuration_table *tables;
};

/* Section 9.1. */
struct uefi_loaded_image {
    uint32_t revision;
    uefi_handle parent;
    struct uefi_system_table *system;
    uefi_handle device;
    struct uefi_device_path *path;
    void *reserved;
    uint32_t options_size; /* bytes */
    const void *options;   /* UTF-16 */
};

/* Section 13.5. */
struct uefi_file {
    uint64_t revision;
    uefi_status (*open)(struct uefi_file *self, struct uefi_file **file, const uint16_t *name, uint64_t mode,
                        uint64_t attributes);
    uefi_status (*close)(struct uefi_file *self);
    void *delete_file;
    uefi_status (*read)(struct uefi_file *self, uint64_t *size, void *buffer);
    void *write;
    uefi_status (*get_position)(struct uefi_file *self, uint64_t *position);
    uefi_status (*set_position)(struct uefi_file *self, uint64_t position);
};

/* Section 13.4. */
struct uefi_file_system {
    uint64_t revision;
    uefi_status (*open_volume)(struct uefi_file_system *self, struct uefi_file **root);
};

/* Section 13.2. */
struct uefi_load_file {
    uefi_status (*load)(struct uefi_load_file *self, struct uefi_device_path *path, bool boot_policy, uint64_t *size,
                        void *buffer);
};

/* The application, for its parts. */
struct uefi {
    uefi_handle image;
    struct uefi_system_table *system;
    struct uefi_boot_services *boot;
    struct uefi_loaded_image *loaded;
};

/* Section 2.3.6: called by entry.S. Returns if the loader cannot go on. */
uefi_status uefi_main(uefi_handle image, struct uefi_system_table *system);
/* In entry.S: leaves UEFI's MMU and goes the way that an Image goes. */
__attribute__((noreturn)) void uefi_leave(const struct uefi_handoff *handoff);

/* --- uefi_text.c --- */

/* Prints to UEFI's console. */
__attribute__((format(printf, 2, 3))) void uefi_print(const struct uefi *uefi, const char *format, ...);
/* Copies UTF-16 of at most length characters; what is not printable ASCII becomes '?'. */
void uefi_ascii(const uint16_t *text, uint64_t length, char *ascii, uint32_t size);

/* --- uefi_payload.c --- */

/* Loads the payload that the boot loader offers (LINUX_EFI_INITRD_MEDIA_GUID) or, if
 * it offers none, payload.bin beside the application, as a module. Without either
 * there is none. False, after a message: it could not be loaded. */
bool uefi_load_payload(const struct uefi *uefi, struct boot_source *source);

/* --- uefi_memory.c --- */

/* Reads the memory map into *source; *key is its key. buffer: room for it. */
uefi_status uefi_memory_map(const struct uefi *uefi, void *buffer, uint64_t room, struct boot_source *source,
                            uint64_t *key);
/* Room that the memory map needs now, and some more. */
uint64_t uefi_memory_map_room(const struct uefi *uefi);

/* --- uefi_random.c --- */

/* Fills the buffer by EFI_RNG_PROTOCOL. Returns size, or 0 if there is none. */
uint32_t uefi_random(const struct uefi *uefi, uint8_t *bytes, uint32_t size);

/* --- uefi_time.c --- */

/* Seconds since 1970, or 0 if it is no date. */
uint64_t uefi_seconds(const struct uefi_time *time);
