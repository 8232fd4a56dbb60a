/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rotation: a directory of keys gets a new pair in place of one that is revoked.
 * First the new keys and then pending.trust are written; from then on the
 * rotation counts, and what is left is renaming, which can be taken up at any
 * point: key ids tell which file is which.
 */
#pragma once

#include <tool/key_directory.h>

struct rotation_request {
    const char *directory;
    const char *passphrase_file; /* NULL: the terminal */
    /* Revoke the next pair instead of the primary one, and keep the primary one. */
    bool replace_next;
    const struct signature_parameters *lattice, *hash; /* of the new pair; NULL: as the next pair has them now */
    uint64_t minimum_rollback_index;                   /* 0: leave it */
    uint64_t creation_time;
};

/* Whether a rotation was interrupted after the point from which it counts. */
bool rotation_pending(struct arena *arena, const char *directory);
/* Makes the new keys and pending.trust. False: *reason says why not; nothing has changed. */
bool rotation_prepare(struct arena *arena, const struct rotation_request *request, const char **reason);
/* Puts everything in its place. False: *reason says why not; it can be called again. */
bool rotation_finish(struct arena *arena, const char *directory, struct trust_file *trust, const char **reason);
