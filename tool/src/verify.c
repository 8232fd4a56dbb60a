/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>
#include <tool/loader_image.h>
#include <tool/verify.h>

static void add_problem(struct arena *arena, struct verdict *verdict, const char *text)
{
    list_append(arena, &verdict->problems, arena_copy_string(arena, text));
}

static void check_signatures(struct arena *arena, const struct trust_anchor *anchor, struct verdict *verdict)
{
    const struct payload_view *view = &verdict->view;
    struct manifest_problem problem = {0};
    if (!view->manifest_present) {
        return;
    }
    if (!view->is_signed) {
        add_problem(arena, verdict, "nobody signed it; sign it with 'skyscope sign'");
        return;
    }
    if (!manifest_verify(&view->manifest, view->manifest_bytes, view->header.manifest_size, &view->signatures, anchor,
                         &verdict->pair, &problem)) {
        verdict->pair = NULL;
        add_problem(arena, verdict, manifest_error_text(problem.error));
    }
}

bool verify_payload_blob(struct arena *arena, const struct blob *payload, const struct trust_anchor *anchor,
                         struct verdict *verdict)
{
    *verdict = (struct verdict){0};
    payload_read(arena, payload, &verdict->view);
    verdict->problems = verdict->view.problems;
    check_signatures(arena, anchor, verdict);
    return verdict->problems.count == 0;
}

void verify_loader_blob(struct arena *arena, const struct blob *loader, const struct trust_anchor *anchor,
                        struct verdict *verdict)
{
    const char *reason = NULL;
    struct trust_anchor own = {0};
    struct blob *blob = loader_scan_anchor(arena, loader, &reason);
    reason = blob == NULL ? reason : trust_anchor_parse(blob->data, blob->size, &own);
    if (reason != NULL) {
        add_problem(arena, verdict, arena_format(arena, "the loader vouches for nothing: %s", reason));
        return;
    }
    if (own.minimum_rollback_index < anchor->minimum_rollback_index) {
        add_problem(arena, verdict,
                    arena_format(arena,
                                 "the loader accepts rollback index %" PRIu64 ", below the trust anchor's %" PRIu64,
                                 own.minimum_rollback_index, anchor->minimum_rollback_index));
    } else if (verdict->view.manifest_present && verdict->view.manifest.rollback_index < own.minimum_rollback_index) {
        add_problem(
            arena, verdict,
            arena_format(arena, "the loader wants a rollback index of at least %" PRIu64, own.minimum_rollback_index));
    }
    /* But for that number both must be the same. */
    struct blob *expected = NULL, *found = NULL;
    uint64_t serial = own.serial;
    own.minimum_rollback_index = anchor->minimum_rollback_index;
    expected = trust_file_make(arena, anchor, &reason);
    found = trust_file_make(arena, &own, &reason);
    if (expected == NULL || found == NULL || expected->size != found->size ||
        memcmp(expected->data, found->data, found->size) != 0) {
        add_problem(arena, verdict,
                    arena_format(arena,
                                 "the loader has another trust anchor (serial number %" PRIu64
                                 ", and this one has %" PRIu64 "%s); write this one into it with 'skyscope provision'",
                                 serial, anchor->serial, serial == anchor->serial ? ", but other content" : ""));
        return;
    }
    verdict->loader_checked = true;
}
