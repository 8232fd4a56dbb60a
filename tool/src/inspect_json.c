/* SPDX-License-Identifier: BSD-2-Clause */
#include "inspect.h"
#include <crypto/image_hash.h>
#include <tool/json.h>
#include <tool/target.h>

static void write_images(struct json *json, const struct payload_view *view)
{
    json_open(json, "images", '[');
    for (uint32_t i = 0; i < view->image_count; i++) {
        const struct image_view *image = &view->images[i];
        json_open(json, NULL, '{');
        bool is_unsigned = (image->row->flags & MANIFEST_IMAGE_UNSIGNED) != 0;
        json_string(json, "name", image->row->name);
        json_string(json, "role", role_name(image->row->role));
        json_number(json, "offset", image->row->offset);
        json_number(json, "size", image->row->size);
        json_boolean(json, "unsigned", is_unsigned);
        if (!is_unsigned) {
            json_bytes(json, "hash", image->row->hash, sizeof(image->row->hash));
            json_boolean(json, "hash_right", image->hash_right);
        }
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_regions(struct arena *arena, struct json *json, const struct payload_view *view)
{
    json_open(json, "regions", '[');
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_REGIONS]; i++) {
        const struct plan_region *region = plan_row(view, PLAN_TABLE_REGIONS, i);
        json_open(json, NULL, '{');
        json_string(json, "name", plan_region_name(arena, view, i));
        json_number(json, "size", region->size);
        json_number(json, "page_size", region->page_size);
        json_string(json, "kind", region_kind_name(region->kind));
        json_boolean(json, "contiguous", (region->flags & PLAN_REGION_CONTIGUOUS) != 0);
        json_boolean(json, "in_place", (region->flags & PLAN_REGION_IN_PLACE) != 0);
        if (plan_place_name(region->physical_address) != NULL) {
            json_string(json, "place", plan_place_name(region->physical_address));
        } else if (region->physical_address != PLAN_ANY_ADDRESS) {
            json_number(json, "physical_address", region->physical_address);
        }
        if (region->image != PLAN_NONE) {
            json_number(json, "image", region->image);
            json_number(json, "image_offset", region->image_offset);
            json_number(json, "image_size", region->image_size);
            json_number(json, "prefill_offset", region->prefill_offset);
        }
        if ((region->flags & PLAN_REGION_SEED) != 0) {
            json_number(json, "seed_offset", region->seed_offset);
        }
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_spaces(struct arena *arena, struct json *json, const struct payload_view *view)
{
    json_open(json, "spaces", '[');
    for (uint32_t space = 0; space < view->row_counts[PLAN_TABLE_SPACES]; space++) {
        const struct plan_space *row = plan_row(view, PLAN_TABLE_SPACES, space);
        json_open(json, NULL, '{');
        json_string(json, "name", plan_space_name(arena, view, space));
        json_string(json, "kind", row->kind == PLAN_SPACE_VM ? "vm" : "pd");
        json_open(json, "maps", '[');
        for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_MAPS]; i++) {
            const struct plan_map *map = plan_row(view, PLAN_TABLE_MAPS, i);
            char flags[5];
            if (map->space != space) {
                continue;
            }
            json_open(json, NULL, '{');
            json_string(json, "region", plan_region_name(arena, view, map->region));
            json_number(json, "address", map->virtual_address);
            json_number(json, "size", map->size);
            json_number(json, "region_offset", map->region_offset);
            json_string(json, "flags", map_flags(flags, map->flags));
            json_close(json, '}');
        }
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_pds(struct arena *arena, struct json *json, const struct payload_view *view)
{
    json_open(json, "protection_domains", '[');
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_PDS]; i++) {
        const struct plan_pd *pd = plan_row(view, PLAN_TABLE_PDS, i);
        json_open(json, NULL, '{');
        json_string(json, "name", plan_pd_name(arena, view, i));
        if (pd->parent != PLAN_NONE) {
            json_string(json, "parent", plan_pd_name(arena, view, pd->parent));
            json_number(json, "child_id", pd->child_id);
        }
        json_boolean(json, "passive", (pd->flags & PLAN_PD_PASSIVE) != 0);
        json_boolean(json, "fpu", (pd->flags & PLAN_PD_FPU) != 0);
        json_boolean(json, "system_control", (pd->flags & PLAN_PD_SYSTEM_CONTROL) != 0);
        json_open(json, "threads", '[');
        for (uint32_t j = 0; j < view->row_counts[PLAN_TABLE_THREADS]; j++) {
            const struct plan_thread *thread = plan_row(view, PLAN_TABLE_THREADS, j);
            if (thread->pd != i) {
                continue;
            }
            json_open(json, NULL, '{');
            json_number(json, "index", thread->index);
            json_number(json, "cpu", thread->cpu);
            json_number(json, "priority", thread->priority);
            json_number(json, "budget_us", thread->budget_us);
            json_number(json, "period_us", thread->period_us);
            json_number(json, "entry", thread->entry);
            json_number(json, "stack_top", thread->stack_top);
            json_number(json, "ipc_buffer", thread->ipc_buffer);
            if (thread->vcpu != PLAN_NONE) {
                json_number(json, "vcpu", thread->vcpu);
            }
            json_close(json, '}');
        }
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_connections(struct arena *arena, struct json *json, const struct payload_view *view)
{
    json_open(json, "channel_ends", '[');
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_CHANNEL_ENDS]; i++) {
        const struct plan_channel_end *end = plan_row(view, PLAN_TABLE_CHANNEL_ENDS, i);
        json_open(json, NULL, '{');
        json_string(json, "pd", plan_pd_name(arena, view, end->pd));
        json_number(json, "id", end->id);
        json_string(json, "peer_pd", plan_pd_name(arena, view, end->peer_pd));
        json_number(json, "peer_thread", end->peer_thread);
        json_number(json, "peer_id", end->peer_id);
        json_boolean(json, "notify", (end->flags & PLAN_CHANNEL_NOTIFY) != 0);
        json_boolean(json, "call", (end->flags & PLAN_CHANNEL_CALL) != 0);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "interrupts", '[');
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_IRQS]; i++) {
        const struct plan_irq *irq = plan_row(view, PLAN_TABLE_IRQS, i);
        json_open(json, NULL, '{');
        json_string(json, "pd", plan_pd_name(arena, view, irq->pd));
        json_number(json, "id", irq->id);
        json_string(json, "kind", irq_kind_name(irq->kind));
        if (view->plan.machine == PLAN_MACHINE_X86_64) {
            json_number(json, "vector", irq->vector);
        }
        if (irq->kind == PLAN_IRQ_MSI) {
            json_number(json, "pci_address", irq->pci_address);
            json_number(json, "msi_handle", irq->msi_handle);
        } else if (irq->kind == PLAN_IRQ_GIC) {
            json_number(json, "irq", irq->pin);
            json_boolean(json, "edge", (irq->flags & PLAN_IRQ_EDGE) != 0);
        } else if (irq->kind == PLAN_IRQ_IOAPIC) {
            json_number(json, "ioapic", irq->ioapic);
            json_number(json, "pin", irq->pin);
            json_boolean(json, "edge", (irq->flags & PLAN_IRQ_EDGE) != 0);
            json_boolean(json, "active_low", (irq->flags & PLAN_IRQ_ACTIVE_LOW) != 0);
            json_boolean(json, "legacy", (irq->flags & PLAN_IRQ_LEGACY_ISA) != 0);
        }
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "ioports", '[');
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_IOPORTS]; i++) {
        const struct plan_ioport *port = plan_row(view, PLAN_TABLE_IOPORTS, i);
        json_open(json, NULL, '{');
        json_string(json, "pd", plan_pd_name(arena, view, port->pd));
        json_number(json, "id", port->id);
        json_number(json, "base", port->base);
        json_number(json, "size", port->size);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_vms(struct arena *arena, struct json *json, const struct payload_view *view)
{
    json_open(json, "vms", '[');
    for (uint32_t i = 0; i < view->row_counts[PLAN_TABLE_VMS]; i++) {
        const struct plan_vm *vm = plan_row(view, PLAN_TABLE_VMS, i);
        json_open(json, NULL, '{');
        json_string(json, "name", plan_vm_name(arena, view, i));
        json_string(json, "pd", plan_pd_name(arena, view, vm->pd));
        json_string(json, "space", plan_space_name(arena, view, vm->space));
        json_open(json, "vcpus", '[');
        for (uint32_t j = 0; j < view->row_counts[PLAN_TABLE_VCPUS]; j++) {
            const struct plan_vcpu *vcpu = plan_row(view, PLAN_TABLE_VCPUS, j);
            if (vcpu->vm == i) {
                json_open(json, NULL, '{');
                json_number(json, "id", vcpu->id);
                json_number(json, "thread", vcpu->thread);
                json_number(json, "state_page", vcpu->state_page);
                json_close(json, '}');
            }
        }
        json_close(json, ']');
        json_close(json, '}');
    }
    json_close(json, ']');
}

void inspect_json(struct arena *arena, const struct payload_view *view, bool development, FILE *to)
{
    struct json json = {.to = to};
    json_open(&json, NULL, '{');
    json_boolean(&json, "valid", view->problems.count == 0);
    json_open(&json, "problems", '[');
    LIST_FOR (const char, problem, &view->problems) {
        json_string(&json, NULL, problem);
    }
    json_close(&json, ']');
    if (view->manifest_present) {
        json_string(&json, "system", view->manifest.system_name);
        json_number(&json, "version", view->header.version);
        json_number(&json, "manifest_size", view->header.manifest_size);
        json_number(&json, "signatures_size", view->header.signatures_size);
        json_number(&json, "total_size", view->header.total_size);
        json_number(&json, "rollback_index", view->manifest.rollback_index);
        json_number(&json, "creation_time", view->manifest.creation_time);
        json_string(&json, "hash_algorithm", image_hash_name(view->manifest.hash_algorithm));
        json_boolean(&json, "signed", view->is_signed);
        if (view->is_signed) {
            const struct manifest *manifest = &view->manifest;
            json_open(&json, "signatures", '{');
            write_key_id(&json, "lattice", manifest->lattice_algorithm, manifest->lattice_key_id);
            write_key_id(&json, "hash_based", manifest->hash_based_algorithm, manifest->hash_based_key_id);
            json_boolean(&json, "development", development);
            json_close(&json, '}');
        }
        write_images(&json, view);
    }
    if (view->plan_present) {
        json_open(&json, "plan", '{');
        json_string(&json, "system", view->plan.system_name);
        const struct target *target = target_of_machine(view->plan.machine);
        json_string(&json, "machine", target == NULL ? "?" : target->option);
        json_number(&json, "cpu_count", view->plan.cpu_count);
        json_number(&json, "kernel_pool_size", view->plan.kernel_pool_size);
        write_pds(arena, &json, view);
        write_vms(arena, &json, view);
        write_connections(arena, &json, view);
        write_regions(arena, &json, view);
        write_spaces(arena, &json, view);
        json_close(&json, '}');
    }
    json_close(&json, '}');
}
