/* SPDX-License-Identifier: BSD-2-Clause */
#include <loader/main.h>

#include <base/memory.h>
#include <crypto/image_hash.h>
#include <loader/entropy.h>
#include <loader/machine.h>
#include <loader/trust.h>
#include <loader/trusted_platform.h>
#include <loader_arch/exceptions.h>
#include <loader_arch/layout.h>
#include <loader_arch/registers.h>
#include <skyscope/types.h>

_Static_assert(SIGNATURE_VERIFY_STACK + 0x8000 <= BOOT_STACK_SIZE, "the stack is too small to verify signatures");

/* What `skyscope provision` writes. */
extern const uint8_t trust_anchor_start[], trust_anchor_end[];

extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard; /* set in entry.S */

void __stack_chk_fail(void)
{
    loader_fail("stack overrun: a bug in the loader");
}

static const void *reachable_memory(const struct physical_memory *memory, uint64_t address, uint64_t size)
{
    (void)memory;
    return page_tables_reach(address, size) ? (const void *)(uintptr_t)address : NULL;
}

static const struct physical_memory machine_memory = {.at = reachable_memory};

static void reserve(struct free_memory *free, uint64_t base, uint64_t size)
{
    if (!free_memory_remove(free, base, size)) {
        loader_fail("the memory map is too fragmented");
    }
}

/* What may not be overwritten: the firmware's low memory, the loader, the modules. */
static void find_free_memory(const struct boot_source *source, const struct memory_map *map, struct free_memory *free)
{
    free_memory_from_map(free, map);
    reserve(free, 0, LOW_MEMORY_END);
    reserve(free, loader_image_start(), loader_image_end() - loader_image_start());
    for (uint32_t i = 0; i < source->module_count; i++) {
        reserve(free, source->modules[i].address, source->modules[i].size);
    }
}

/* Whom this loader trusts. From here on it fails as the anchor asks for, so this
 * comes first, before there is a screen to say why on. */
static int find_trust_anchor(struct trust_anchor *anchor, const struct hardware_info *hardware,
                             struct loader_error *error)
{
    size_t size = (size_t)((uintptr_t)trust_anchor_end - (uintptr_t)trust_anchor_start);
    if (!trust_anchor_read(trust_anchor_start, size, anchor, error)) {
        return 0;
    }
    if ((anchor->flags & TRUST_FLAG_REBOOT_ON_FAILURE) != 0) {
        loader_restart_on_failure(hardware);
    }
    return 1;
}

/* The one module, in memory that is nobody else's: what is hashed there is what
 * runs from there or is copied from there later. */
static const struct boot_module *find_payload(const struct boot_source *source, const struct memory_map *map)
{
    const struct boot_module *module = &source->modules[0];
    if (source->module_count == 0) {
        loader_fail("no payload: give build/systems/NAME/payload.bin as the loader's module (" PAYLOAD_HINT ")");
    }
    if (source->module_count > 1) {
        loader_fail("more than one module was loaded: give the payload alone as the loader's module");
    }
    if (module->address % PAGE_SIZE_4K != 0 || !page_tables_reach(module->address, module->size)) {
        loader_fail("the payload's address 0x%llx is not a multiple of 4096 in memory",
                    (unsigned long long)module->address);
    }
    bool over_loader = module->address < loader_image_end() && module->address + module->size > loader_image_start();
    if (module->address < FIRST_ADDRESS || over_loader ||
        !memory_map_is(map, module->address, module->size, HARDWARE_MEMORY_USABLE)) {
        loader_fail("the payload lies in memory that is not its own (%llu bytes at 0x%llx)",
                    (unsigned long long)module->size, (unsigned long long)module->address);
    }
    return module;
}

static void report_verification(const struct payload *payload, const struct trust_anchor *anchor,
                                const struct hardware_verification *verification)
{
    char lattice[KEY_ID_TEXT_SIZE], hash_based[KEY_ID_TEXT_SIZE];
    const struct manifest *manifest = &payload->manifest;
    key_id_text(manifest->lattice_key_id, lattice);
    key_id_text(manifest->hash_based_key_id, hash_based);
    loader_print("loader: \"%s\" version %llu signed by %s key pair: %s key %s, %s key %s\n", manifest->system_name,
                 (unsigned long long)manifest->rollback_index,
                 payload->pair->status == TRUST_STATUS_PRIMARY ? "primary" : "next", verification->lattice_algorithm,
                 lattice, verification->hash_based_algorithm, hash_based);
    if ((anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0) {
        loader_print("loader: DEVELOPMENT KEY: its private half lies unprotected in a build directory; for anything "
                     "real, make keys of your own\n");
    }
    for (uint32_t i = 0; i < manifest->image_count; i++) {
        if ((manifest->images[i].flags & MANIFEST_IMAGE_UNSIGNED) != 0) {
            loader_print("loader: UNSIGNED guest image \"%s\": nothing vouches for it\n", manifest->images[i].name);
        }
    }
}

/* Who vouches for the payload. */
static void verify_payload(const struct boot_module *module, const struct trust_anchor *anchor, struct payload *payload,
                           struct hardware_info *hardware)
{
    struct loader_error error;
    if (!payload_read((const void *)(uintptr_t)module->address, module->size, payload, &error)) {
        loader_fail("%s", error.text);
    }
    hardware->payload_address = module->address;
    hardware->payload_size = module->size;
    hash_sha512(payload->manifest_bytes, payload->manifest_size, hardware->payload_hash);
    strlcpy(hardware->system_name, payload->manifest.system_name, sizeof(hardware->system_name));
    uint64_t start = cycle_counter();
    if (!payload_verify(payload, anchor, &error)) {
        loader_fail("%s", error.text);
    }
    hardware->verification.signature_cycles = cycle_counter() - start;
    trust_describe(payload, anchor, &hardware->verification);
    report_verification(payload, anchor, &hardware->verification);
}

/* Whether the payload's images are those that its manifest names. */
static void check_images(const struct payload *payload, struct hardware_info *hardware)
{
    struct loader_error error;
    uint64_t start = cycle_counter();
    vectors_enable();
    int right = payload_check_images(payload, &error);
    vectors_disable();
    if (!right) {
        loader_fail("%s", error.text);
    }
    hardware->hash_cycles = cycle_counter() - start;
    loader_print("loader: payload \"%s\": %u images, %llu KiB, %s hashes are right\n", payload->manifest.system_name,
                 payload->manifest.image_count, (unsigned long long)payload->size >> 10,
                 image_hash_name(payload->manifest.hash_algorithm));
}

/* The event log takes what hardware_info leaves of its region. */
static void use_trusted_platform(struct trusted_platform *platform, const struct payload *payload,
                                 const struct trust_anchor *anchor, struct hardware_info *hardware, uint8_t *region)
{
    const uint32_t log_offset = (sizeof(*hardware) + 15) & ~15u;
    struct verified_system system = {
        .manifest = &payload->manifest, .payload = payload->bytes, .trust_flags = anchor->flags};
    memcpy(system.manifest_hash, hardware->payload_hash, sizeof(system.manifest_hash));
    hash_sha512(trust_anchor_start, trust_anchor_size(trust_anchor_start), system.anchor_hash);
    trusted_platform_start(platform, &system, hardware, region + log_offset, log_offset,
                           (uint32_t)HARDWARE_INFO_REGION_SIZE - log_offset);
}

void loader_main(uint64_t first, uint64_t second)
{
    static struct boot_source source;
    static struct memory_map map;
    static struct free_memory free;
    static struct payload payload;
    static struct trusted_platform platform;
    static struct trust_anchor anchor;
    static struct entropy entropy;
    static union {
        struct hardware_info info;
        uint8_t pages[HARDWARE_INFO_REGION_SIZE]; /* may be mapped to PDs as a whole */
    } hardware __attribute__((aligned(4096)));
    const struct boot_entry entry = {.first = first, .second = second};
    struct loader_error error, anchor_error;

    console_start();
    exceptions_start();
    int trusting = find_trust_anchor(&anchor, &hardware.info, &anchor_error);
    if (!boot_source_read(&machine_memory, &entry, &source, &error)) {
        loader_fail("%s", error.text);
    }
    console_use_screen(&source);
    loader_print("\nSkyscope loader: checking what to start\n");
    if (!trusting) {
        loader_fail("%s", anchor_error.text);
    }
    if (!memory_map_normalise(&map, source.memory, source.memory_count, &error)) {
        loader_fail("%s", error.text);
    }
    find_free_memory(&source, &map, &free);
    if (!page_tables_map_memory(&map, &free)) {
        loader_fail("no memory for page tables");
    }
    hardware_probe(&machine_memory, &source, &map, &hardware.info);
    const struct boot_module *module = find_payload(&source, &map);
    verify_payload(module, &anchor, &payload, &hardware.info);
    check_images(&payload, &hardware.info);
    use_trusted_platform(&platform, &payload, &anchor, &hardware.info, hardware.pages);
    if (payload.foreign != NULL) {
        foreign_start(&payload, &platform, &source, &map, &free, &hardware.info);
    }
    entropy_collect(&entropy, &platform.tpm, &hardware.info);
    system_start(&payload, &platform, &entropy, module->address, &map, &free, &hardware.info);
}
