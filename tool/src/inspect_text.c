/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect.h"
#include <crypto/image_hash.h>
#include <inttypes.h>
#include <tool/number.h>
#include <tool/target.h>

const char *irq_kind_name(uint32_t kind)
{
    static const char *const names[] = {"?", "ioapic", "msi", "gic", "console"};
    return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

const char *plan_place_name(uint64_t physical_address)
{
    return physical_address == PLAN_CONSOLE_ADDRESS ? "console" : physical_address == PLAN_GICV_ADDRESS ? "gicv" : NULL;
}

const char *role_name(uint32_t role)
{
    static const char *const names[] = {"?",     "kernel", "plan",           "program", "data",
                                        "guest", "tree",   "foreign-kernel", "module"};
    return role < sizeof(names) / sizeof(names[0]) ? names[role] : "?";
}

const char *region_kind_name(uint32_t kind)
{
    static const char *const names[] = {"?", "ram", "device", "hardware", "statistics", "kernel_log"};
    return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "?";
}

const char *map_flags(char text[5], uint32_t flags)
{
    text[0] = (flags & PLAN_MAP_READ) != 0 ? 'r' : '-';
    text[1] = (flags & PLAN_MAP_WRITE) != 0 ? 'w' : '-';
    text[2] = (flags & PLAN_MAP_EXECUTE) != 0 ? 'x' : '-';
    text[3] = (flags & PLAN_MAP_UNCACHED) != 0 ? 'u' : '-';
    text[4] = '\0';
    return text;
}

static void print_signature(uint32_t algorithm, const uint8_t id[SIGNATURE_KEY_ID_SIZE], FILE *to)
{
    fprintf(to, "  %-18s by key ", signature_parameters(algorithm)->name);
    for (size_t i = 0; i < SIGNATURE_KEY_ID_SIZE; i++) {
        fprintf(to, "%02x", id[i]);
    }
    fputc('\n', to);
}

static void print_header(const struct payload_view *view, bool development, FILE *to)
{
    char size[32];
    const struct payload_header *header = &view->header;
    const struct manifest *manifest = &view->manifest;
    fprintf(to, "system          %s\n", manifest->system_name);
    fprintf(to, "format          %u\n", header->version);
    fprintf(to, "size            %s\n", format_size(size, header->total_size));
    fprintf(to, "rollback index  %" PRIu64 "\n", manifest->rollback_index);
    print_creation_time(manifest->creation_time, to);
    fprintf(to, "image hashes    %s\n", image_hash_name(manifest->hash_algorithm));
    if (view->is_signed) {
        fprintf(to, "signatures%s\n", development ? "      DEVELOPMENT KEY" : "");
        print_signature(manifest->lattice_algorithm, manifest->lattice_key_id, to);
        print_signature(manifest->hash_based_algorithm, manifest->hash_based_key_id, to);
    } else {
        fprintf(to, "signatures      none\n");
    }
}

static void print_images(const struct payload_view *view, FILE *to)
{
    fprintf(to, "\nimages\n  %3s %-14s %12s  %-5s %-16s %s\n", "#", "role", "bytes", "hash", "", "name");
    for (uint32_t i = 0; i < view->image_count; i++) {
        const struct image_view *image = &view->images[i];
        bool is_unsigned = (image->row->flags & MANIFEST_IMAGE_UNSIGNED) != 0;
        fprintf(to, "  %3u %-14s %12" PRIu64 "  %-5s ", i, role_name(image->row->role), image->row->size,
                is_unsigned         ? "none"
                : image->hash_right ? "right"
                                    : "WRONG");
        for (size_t j = 0; j < 8; j++) {
            if (is_unsigned) {
                fputs("--", to);
            } else {
                fprintf(to, "%02x", image->row->hash[j]);
            }
        }
        fprintf(to, " %s%s\n", image->row->name, is_unsigned ? " (UNSIGNED)" : "");
    }
}

static void print_pds(struct arena *arena, const struct payload_view *view, FILE *to)
{
    fprintf(to, "\nprotection domains\n  %3s %-24s %-16s %-8s %s\n", "#", "name", "parent", "flags", "threads");
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_PDS]; i++) {
        const struct plan_pd *pd = plan_row(view, PLAN_TABLE_PDS, i);
        fprintf(to, "  %3u %-24s %-16s %c%c%c      %u\n", i, plan_pd_name(arena, view, i),
                pd->parent == PLAN_NONE ? "-" : plan_pd_name(arena, view, pd->parent),
                (pd->flags & PLAN_PD_PASSIVE) != 0 ? 'p' : '-', (pd->flags & PLAN_PD_FPU) != 0 ? 'f' : '-',
                (pd->flags & PLAN_PD_SYSTEM_CONTROL) != 0 ? 's' : '-', pd->thread_count);
    }
    fprintf(to, "  (flags: p passive, f FPU, s system control)\n");
    fprintf(to, "\nthreads\n  %-24s %5s %4s %8s %10s %10s %s\n", "protection domain", "index", "cpu", "priority",
            "budget us", "period us", "vcpu");
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_THREADS]; i++) {
        const struct plan_thread *thread = plan_row(view, PLAN_TABLE_THREADS, i);
        fprintf(to, "  %-24s %5u %4u %8u %10" PRIu64 " %10" PRIu64 " ", plan_pd_name(arena, view, thread->pd),
                thread->index, thread->cpu, thread->priority, thread->budget_us, thread->period_us);
        if (thread->vcpu == PLAN_NONE) {
            fprintf(to, "-\n");
        } else {
            fprintf(to, "%u\n", thread->vcpu);
        }
    }
}

static void print_regions(struct arena *arena, const struct payload_view *view, FILE *to)
{
    char page[32];
    fprintf(to, "\nmemory regions\n  %4s %-32s %14s %8s %-10s %s\n", "#", "name", "bytes", "page", "kind", "content");
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_REGIONS]; i++) {
        const struct plan_region *region = plan_row(view, PLAN_TABLE_REGIONS, i);
        fprintf(to, "  %4u %-32s %14" PRIu64 " %8s %-10s", i, plan_region_name(arena, view, i), region->size,
                format_size(page, region->page_size), region_kind_name(region->kind));
        if (plan_place_name(region->physical_address) != NULL) {
            fprintf(to, " at the %s", plan_place_name(region->physical_address));
        } else if (region->physical_address != PLAN_ANY_ADDRESS) {
            fprintf(to, " at %#" PRIx64, region->physical_address);
        }
        if (region->image != PLAN_NONE) {
            fprintf(to, " %s image %u + %#" PRIx64 " (%" PRIu64 " bytes)",
                    (region->flags & PLAN_REGION_IN_PLACE) != 0 ? "in place:" : "copied:", region->image,
                    region->image_offset, region->image_size);
        }
        if ((region->flags & PLAN_REGION_SEED) != 0) {
            fprintf(to, " random seed at %#x", region->seed_offset);
        }
        fputc('\n', to);
    }
}

static void print_spaces(struct arena *arena, const struct payload_view *view, FILE *to)
{
    for (uint32_t space = 0; space < view->row_counts[PLAN_TABLE_SPACES]; space++) {
        const struct plan_space *row = plan_row(view, PLAN_TABLE_SPACES, space);
        fprintf(to, "\naddress space of %s '%s'\n", row->kind == PLAN_SPACE_VM ? "VM" : "protection domain",
                plan_space_name(arena, view, space));
        for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_MAPS]; i++) {
            const struct plan_map *map = plan_row(view, PLAN_TABLE_MAPS, i);
            char flags[5];
            if (map->space == space) {
                fprintf(to, "  %016" PRIx64 " - %016" PRIx64 "  %s  %s\n", map->virtual_address,
                        map->virtual_address + map->size, map_flags(flags, map->flags),
                        plan_region_name(arena, view, map->region));
            }
        }
    }
}

static void print_connections(struct arena *arena, const struct payload_view *view, FILE *to)
{
    fprintf(to, "\nchannel ends\n");
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_CHANNEL_ENDS]; i++) {
        const struct plan_channel_end *end = plan_row(view, PLAN_TABLE_CHANNEL_ENDS, i);
        fprintf(to, "  %s %u -> %s %u:%s%s%s\n", plan_pd_name(arena, view, end->pd), end->id,
                plan_pd_name(arena, view, end->peer_pd), end->peer_id,
                (end->flags & PLAN_CHANNEL_NOTIFY) != 0 ? " notify" : "",
                (end->flags & PLAN_CHANNEL_CALL) != 0 ? " call" : "", end->flags == 0 ? " nothing" : "");
    }
    fprintf(to, "\ninterrupts\n");
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_IRQS]; i++) {
        const struct plan_irq *irq = plan_row(view, PLAN_TABLE_IRQS, i);
        fprintf(to, "  %s %u: ", plan_pd_name(arena, view, irq->pd), irq->id);
        if (view->plan.machine == PLAN_MACHINE_X86_64) {
            fprintf(to, "vector %u, ", irq->vector);
        }
        if (irq->kind == PLAN_IRQ_MSI) {
            fprintf(to, "MSI of %02x:%02x.%x, handle %u\n", irq->pci_address >> 8 & 0xff, irq->pci_address >> 3 & 31,
                    irq->pci_address & 7, irq->msi_handle);
        } else if (irq->kind == PLAN_IRQ_CONSOLE) {
            fprintf(to, "the console's\n");
        } else if (irq->kind == PLAN_IRQ_GIC) {
            fprintf(to, "GIC %u, %s\n", irq->pin, (irq->flags & PLAN_IRQ_EDGE) != 0 ? "edge" : "level");
        } else if ((irq->flags & PLAN_IRQ_LEGACY_ISA) != 0) {
            fprintf(to, "ISA interrupt %u\n", irq->pin);
        } else {
            fprintf(to, "IOAPIC %u pin %u, %s, active %s\n", irq->ioapic, irq->pin,
                    (irq->flags & PLAN_IRQ_EDGE) != 0 ? "edge" : "level",
                    (irq->flags & PLAN_IRQ_ACTIVE_LOW) != 0 ? "low" : "high");
        }
    }
    fprintf(to, "\nI/O ports\n");
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_IOPORTS]; i++) {
        const struct plan_ioport *port = plan_row(view, PLAN_TABLE_IOPORTS, i);
        fprintf(to, "  %s %u: %#x, %u ports\n", plan_pd_name(arena, view, port->pd), port->id, port->base, port->size);
    }
}

static void print_vms(struct arena *arena, const struct payload_view *view, FILE *to)
{
    fprintf(to, "\nvirtual machines\n");
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_VMS]; i++) {
        const struct plan_vm *vm = plan_row(view, PLAN_TABLE_VMS, i);
        fprintf(to, "  %u %s: VMM %s, vCPUs %u (from %u)\n", i, plan_vm_name(arena, view, i),
                plan_pd_name(arena, view, vm->pd), vm->vcpu_count, vm->first_vcpu);
    }
}

static const char *machine_name(const struct payload_view *view)
{
    const struct target *target = target_of_machine(view->plan.machine);
    return target == NULL ? "unknown machine" : target->name;
}

void inspect_text(struct arena *arena, const struct payload_view *view, bool development, FILE *to)
{
    if (view->manifest_present) {
        print_header(view, development, to);
        print_images(view, to);
    }
    if (view->plan_present) {
        char pool[32];
        fprintf(to, "\nplan of '%s': %s, %u CPUs, kernel memory %s\n", view->plan.system_name, machine_name(view),
                view->plan.cpu_count, format_size(pool, view->plan.kernel_pool_size));
        print_pds(arena, view, to);
        print_vms(arena, view, to);
        print_connections(arena, view, to);
        print_regions(arena, view, to);
        print_spaces(arena, view, to);
    }
}
