/* SPDX-License-Identifier: BSD-2-Clause */
/* <memory_region> and <channel>. */
#include "parse.h"
#include <string.h>
#include <tool/target.h>

static void parse_source(struct system *system, xmlNodePtr node, struct region *region)
{
    static const struct {
        const char *word;
        enum region_source source;
    } words[] = {
        {"ram", REGION_SOURCE_RAM},
        {"device", REGION_SOURCE_DEVICE},
        {"hardware", REGION_SOURCE_HARDWARE},
        {"statistics", REGION_SOURCE_STATISTICS},
        {"kernel_log", REGION_SOURCE_KERNEL_LOG},
    };
    const char *text = attribute(system, node, "source");
    if (text == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i].word) == 0) {
            region->source = words[i].source;
            return;
        }
    }
    report_error(&system->diagnostics, region->line,
                 "<memory_region> source=\"%s\" is not understood; use ram, device, hardware, statistics or kernel_log",
                 text);
}

static void check_page_size(struct system *system, struct region *region)
{
    uint64_t size = region->page_size;
    if (size != PAGE_SIZE_4K && size != PAGE_SIZE_2M && size != PAGE_SIZE_1G) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> page_size %#llx is not supported; use 0x1000 (4 KiB), 0x200000 "
                     "(2 MiB) or 0x40000000 (1 GiB)",
                     region->name, (unsigned long long)size);
        region->page_size = PAGE_SIZE_4K;
        region->page_size_given = false;
        region->size = 0; /* nothing can be said about alignment */
        region->size_given = true;
    }
}

/* A number, or the name of a place that is known only at boot. */
static void parse_physical_address(struct system *system, xmlNodePtr node, struct region *region)
{
    static const struct {
        const char *word;
        uint64_t place, size;
    } places[] = {
        {"console", PLAN_CONSOLE_ADDRESS, PAGE_SIZE_4K},
        {"gicv", PLAN_GICV_ADDRESS, PLAN_GICV_SIZE},
    };
    const char *text = attribute(system, node, "phys_addr");
    for (size_t i = 0; text != NULL && i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(text, places[i].word) != 0) {
            continue;
        }
        if (system->target->machine != PLAN_MACHINE_AARCH64) {
            report_error(&system->diagnostics, region->line,
                         "<memory_region name=\"%s\"> phys_addr=\"%s\" is for AArch64; give the address, %s has no "
                         "such device of its own",
                         region->name, text, system->target->name);
            return;
        }
        region->has_physical_address = true;
        region->physical_address = places[i].place;
        if (region->size_given && region->size != places[i].size) {
            report_error(&system->diagnostics, region->line,
                         "<memory_region name=\"%s\"> phys_addr=\"%s\" with size %#llx; this device has %#llx bytes, "
                         "use that",
                         region->name, text, (unsigned long long)region->size, (unsigned long long)places[i].size);
        }
        if (region->page_size != PAGE_SIZE_4K) {
            report_error(&system->diagnostics, region->line,
                         "<memory_region name=\"%s\"> phys_addr=\"%s\" has 4 KiB pages; remove page_size", region->name,
                         text);
        }
        return;
    }
    region->has_physical_address =
        number_attribute(system, node, "phys_addr", 0, 0xfffffffffffffull, &region->physical_address);
}

void parse_memory_region(struct system *system, xmlNodePtr node)
{
    static const char *const known[] = {"name",   "size",  "page_size", "phys_addr", "prefill_path", "prefill_bootinfo",
                                        "source", "guest", "unsigned",  NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    struct region *region = ARENA_NEW(&system->arena, struct region);
    region->line = element_line(node);
    region->name = name_attribute(system, node, "name");
    region->page_size = PAGE_SIZE_4K;
    region->prefill_path = attribute(system, node, "prefill_path");
    parse_source(system, node, region);
    if (region->prefill_path != NULL && region->prefill_path[0] == '\0') {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> has an empty prefill_path; name a file", region->name);
        region->prefill_path = NULL;
    }
    boolean_attribute(system, node, "guest", &region->is_guest);
    boolean_attribute(system, node, "unsigned", &region->is_unsigned);
    if (region->is_guest && region->prefill_path == NULL) {
        report_error(
            &system->diagnostics, region->line,
            "<memory_region name=\"%s\"> guest=\"true\" is for what a VM boots; add prefill_path, or remove it",
            region->name);
    }
    if (region->is_unsigned && !region->is_guest) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> unsigned=\"true\" is possible for what a VM boots only; add "
                     "guest=\"true\", or remove it",
                     region->name);
    }
    const char *size_text = attribute(system, node, "size");
    region->size_given = size_text != NULL;
    if (size_attribute(system, node, "size", &region->size) && region->size == 0) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region name=\"%s\"> size is 0; give at least one page (0x1000)", region->name);
    }
    if (size_attribute(system, node, "page_size", &region->page_size)) {
        region->page_size_given = true;
        check_page_size(system, region);
    }
    parse_physical_address(system, node, region);
    const char *boot_information = attribute(system, node, "prefill_bootinfo");
    if (boot_information != NULL) {
        report_error(&system->diagnostics, region->line,
                     "<memory_region> prefill_bootinfo=\"%s\" is not supported yet by this version; map a region with "
                     "source=\"hardware\" to read what the loader found",
                     boot_information);
        region->size_given = true;
    }
    list_append(&system->arena, &system->regions, region);
}

static void parse_end(struct system *system, xmlNodePtr node, struct channel_end *end)
{
    static const char *const known[] = {"pd", "id", "pp", "notify", "setvar_id", NULL};
    check_attributes(system, node, known);
    check_empty(system, node);
    uint64_t id = 0;
    end->line = element_line(node);
    end->pd_name = required_attribute(system, node, "pd");
    end->notify = true;
    end->id_valid = required_number(system, node, "id", 0, PLAN_CHANNEL_IDS - 1, &id);
    end->id = (uint32_t)id;
    boolean_attribute(system, node, "pp", &end->call);
    boolean_attribute(system, node, "notify", &end->notify);
    end->setvar_id = attribute(system, node, "setvar_id");
}

void parse_channel(struct system *system, xmlNodePtr node)
{
    static const char *const no_attributes[] = {NULL};
    static const char *const children[] = {"end", NULL};
    check_attributes(system, node, no_attributes);
    check_no_text(system, node);
    struct channel *channel = ARENA_NEW(&system->arena, struct channel);
    channel->line = element_line(node);
    uint32_t count = 0;
    FOR_EACH_CHILD (child, node) {
        if (!element_is(child, "end")) {
            report_unknown_element(system, child, children);
            continue;
        }
        if (count < 2) {
            parse_end(system, child, &channel->ends[count]);
        }
        count++;
    }
    if (count != 2) {
        report_error(&system->diagnostics, channel->line, "<channel> has %u <end> elements; it must have exactly two",
                     count);
    }
    channel->end_count = count < 2 ? count : 2;
    list_append(&system->arena, &system->channels, channel);
}
