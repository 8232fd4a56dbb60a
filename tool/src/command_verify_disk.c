/* SPDX-License-Identifier: BSD-2-Clause */
/* `skyscope verify` of a disk. */
#include <inttypes.h>
#include <stdio.h>
#include <tool/command.h>
#include <tool/disk.h>
#include <tool/json.h>
#include <tool/key_options.h>
#include <unistd.h>

static void print_verdict(const char *path, const struct trust_anchor *anchor, const struct disk_verdict *verdict)
{
    printf("%s: disk\n", path);
    if (verdict->manifest_present) {
        printf("system          %s\n", verdict->manifest.system_name);
        printf("rollback index  %" PRIu64 "\n", verdict->manifest.rollback_index);
    }
    printf("trust anchor    serial number %" PRIu64 "%s\n", anchor->serial,
           (anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0 ? ", DEVELOPMENT KEY" : "");
    if (verdict->pair == NULL) {
        printf("vouched for by  NOBODY\n");
    } else {
        printf("vouched for by\n");
        print_trust_pair(stdout, verdict->pair);
    }
    printf("boot partition  at %" PRIu64 ", %" PRIu64 " bytes\n", verdict->offset, verdict->size);
    printf("blocks          %" PRIu64 " of %" PRIu64 " are right\n", verdict->good_blocks,
           verdict->partition.shape.data_blocks);
    if (verdict->problems.count == 0 || verdict->payload_right || verdict->loader_found) {
        printf("payload         %s\n", verdict->payload_right ? "right" : "WRONG");
        printf("loader          %s\n", !verdict->loader_found  ? "not found"
                                       : verdict->loader_right ? "has this trust anchor"
                                                               : "WRONG");
    }
    printf("verdict         %s\n", verdict->problems.count == 0 ? "right" : "WRONG");
}

static void write_verdict(const char *path, const struct trust_anchor *anchor, const struct disk_verdict *verdict)
{
    struct json json = {.to = stdout};
    json_open(&json, NULL, '{');
    json_string(&json, "file", path);
    json_string(&json, "kind", "disk");
    json_boolean(&json, "valid", verdict->problems.count == 0);
    json_open(&json, "problems", '[');
    LIST_FOR (const char, text, &verdict->problems) {
        json_string(&json, NULL, text);
    }
    json_close(&json, ']');
    json_number(&json, "trust_serial", anchor->serial);
    json_boolean(&json, "development", (anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0);
    if (verdict->pair != NULL) {
        json_string(&json, "vouched_by", trust_status_name(verdict->pair->status));
    }
    if (verdict->manifest_present) {
        json_string(&json, "system", verdict->manifest.system_name);
        json_number(&json, "rollback_index", verdict->manifest.rollback_index);
    }
    json_number(&json, "partition_offset", verdict->offset);
    json_number(&json, "partition_size", verdict->size);
    json_number(&json, "blocks", verdict->partition.shape.data_blocks);
    json_number(&json, "good_blocks", verdict->good_blocks);
    if (verdict->loader_found) {
        json_boolean(&json, "loader_right", verdict->loader_right);
    }
    json_close(&json, '}');
}

int verify_disk(struct arena *arena, const char *path, const struct trust_anchor *anchor, bool json)
{
    const char *reason = "it has no boot partition of Skyscope's";
    struct disk_verdict *verdict = ARENA_NEW(arena, struct disk_verdict);
    if (!disk_verify(arena, path, anchor, !json && isatty(STDERR_FILENO), verdict, &reason)) {
        return failure("'%s' cannot be verified: %s", path, reason);
    }
    if (verdict->problems.count == 0) {
        disk_verify_content(arena, path, anchor, verdict);
    }
    if (json) {
        write_verdict(path, anchor, verdict);
    } else {
        print_verdict(path, anchor, verdict);
    }
    int status = verdict->problems.count == 0 ? EXIT_OK : EXIT_FAILED;
    if (fflush(stdout) != 0) {
        status = failure("the output cannot be written");
    }
    LIST_FOR (const char, text, &verdict->problems) {
        fprintf(stderr, "%s: error: %s\n", path, text);
    }
    return status;
}
