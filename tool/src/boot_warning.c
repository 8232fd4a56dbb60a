/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <tool/boot_image.h>
#include <tool/loader_image.h>
#include <tool/verify.h>

void boot_image_warn(struct arena *arena, const struct boot_image_request *request)
{
    const char *reason = NULL;
    struct trust_anchor anchor;
    struct verdict *verdict = ARENA_NEW(arena, struct verdict);
    struct blob *bytes = loader_scan_anchor(arena, request->loader, &reason);
    reason = bytes == NULL ? reason : trust_anchor_parse(bytes->data, bytes->size, &anchor);
    if (reason != NULL) {
        fprintf(stderr, "skyscope: warning: '%s' will start nothing: %s\n", request->loader->path, reason);
    } else if (!verify_payload_blob(arena, request->payload, &anchor, verdict)) {
        fprintf(stderr, "skyscope: warning: '%s' will refuse '%s': %s\n", request->loader->path, request->payload->path,
                (const char *)verdict->problems.items[0]);
    }
}
