/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot loader told: by a device tree, or to the UEFI application. */
#include <base/memory.h>
#include <crypto/wipe.h>
#include <loader/entropy.h>
#include <loader/log.h>
#include <loader/machine.h>
#include <loader_arch/device_tree.h>
#include <loader_arch/entry.h>

static struct uefi_handoff *uefi; /* NULL: not started so */
static uint64_t tree_address;     /* 0: none */

/* Linux's boot protocol: X0 is the device tree. */
static int read_linux(uint64_t address, struct boot_source *source, struct loader_error *error)
{
    const struct device_tree *tree = machine_tree(address, error);
    source->protocol = HARDWARE_BOOT_LINUX;
    source->firmware = HARDWARE_FIRMWARE_UNKNOWN;
    source->device_tree = address;
    tree_address = address;
    return tree == NULL ? 0 : device_tree_boot_source(tree, source, error);
}

void boot_source_clock(struct hardware_info *hardware)
{
    if (uefi != NULL) {
        hardware->wall_clock = uefi->wall_clock;
        hardware->wall_clock_ticks = uefi->wall_clock_ticks;
    }
}

int boot_source_read(const struct physical_memory *memory, const struct boot_entry *entry, struct boot_source *source,
                     struct loader_error *error)
{
    (void)memory;
    if (entry->first == HARDWARE_BOOT_LINUX) {
        return read_linux(entry->second, source, error);
    }
    uefi = (struct uefi_handoff *)(uintptr_t)entry->second;
    memcpy(source, &uefi->source, sizeof(*source));
    tree_address = source->device_tree;
    return 1;
}

static void add_from_tree(struct entropy *entropy, const struct device_tree *tree)
{
    struct device_tree_random random;
    if (!page_tables_let_write((uintptr_t)tree->blob, tree->size)) {
        log_warning("the device tree cannot be written: its random numbers are not used");
        return;
    }
    device_tree_take_random(tree, &random);
    if (random.seed_size != 0) {
        entropy_add(entropy, HARDWARE_ENTROPY_DEVICE_TREE, random.seed, random.seed_size, CREDIT_FULL);
    }
    if (random.kaslr_size != 0) {
        entropy_add(entropy, HARDWARE_ENTROPY_KASLR, random.kaslr, random.kaslr_size, CREDIT_NONE);
    }
    secret_wipe(&random, sizeof(random));
}

void boot_source_entropy(struct entropy *entropy)
{
    struct loader_error error;
    const struct device_tree *tree = tree_address == 0 ? NULL : machine_tree(tree_address, &error);
    if (tree != NULL) {
        add_from_tree(entropy, tree);
    }
    if (uefi != NULL && uefi->random_size != 0) {
        entropy_add(entropy, HARDWARE_ENTROPY_FIRMWARE, uefi->random, uefi->random_size, CREDIT_HALF);
        secret_wipe(uefi->random, sizeof(uefi->random));
    }
}
