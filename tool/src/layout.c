/* SPDX-License-Identifier: BSD-2-Clause */
#include <tool/elf_image.h>
#include <tool/layout.h>

static void take(struct system *system, struct list *ranges, uint64_t start, uint64_t end, const char *what)
{
    struct occupied *range = ARENA_NEW(&system->arena, struct occupied);
    *range = (struct occupied){.start = start, .end = end, .what = what};
    list_append(&system->arena, ranges, range);
}

void layout_occupied(struct system *system, const struct pd *pd, struct list *ranges)
{
    struct arena *arena = &system->arena;
    const struct target *target = system->target;
    for (uint32_t i = 0; pd->image != NULL && i < pd->image->segment_count; i++) {
        const struct elf_segment *segment = &pd->image->segments[i];
        take(system, ranges, align_down(segment->address, LAYOUT_PAGE),
             align_up(segment->address + segment->memory_size, LAYOUT_PAGE), "its program image");
    }
    for (uint32_t i = 0; i < pd_thread_count(pd); i++) {
        uint64_t top = layout_stack_top(target, i), buffer = layout_ipc_buffer(target, i);
        const char *stack = i == 0 ? "its stack (with guard pages)"
                                   : arena_format(arena, "the stack (with guard pages) of its thread %u", i);
        /* One guard page below; above, the page after the top up to the IPC buffer. */
        take(system, ranges, top - pd->stack_size - LAYOUT_PAGE, top + LAYOUT_PAGE, stack);
        take(system, ranges, buffer, buffer + LAYOUT_PAGE,
             i == 0 ? "its IPC buffer" : arena_format(arena, "the IPC buffer of its thread %u", i));
        if (pd->vm != NULL) {
            take(system, ranges, layout_vcpu_page(target, i), layout_vcpu_page(target, i) + LAYOUT_PAGE,
                 arena_format(arena, "its vCPU page %u", i));
        }
    }
}
