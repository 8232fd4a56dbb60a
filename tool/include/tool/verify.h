/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an image is what the owner of a trust anchor signed. */
#pragma once

#include <tool/key_directory.h>
#include <tool/payload_reader.h>

/* What a file given to `verify` or `inspect` is. */
enum input_kind {
    INPUT_UNKNOWN = 0,
    INPUT_PAYLOAD,
    INPUT_ISO,      /* an ISO 9660 image, in a file or on a device */
    INPUT_TRUST,    /* a trust anchor */
    INPUT_KEY,      /* a file of a private key */
    INPUT_OPERATOR, /* a file of an operator's public key */
    INPUT_LOADER,   /* an ELF file: the loader */
};

struct input {
    enum input_kind kind;
    struct blob *payload; /* of a payload or an image */
    struct blob *loader;  /* of an image: something that has the loader in it; NULL: it was not found */
    struct blob *file;    /* of a trust anchor, keys or a loader: all of it */
};

/* "payload", "ISO image", ... */
const char *input_kind_name(enum input_kind kind);
/* Looks at the file's content, and takes out of it what there is. False: *reason says why not. */
bool input_open(struct arena *arena, const char *path, struct input *input, const char **reason);

struct verdict {
    struct payload_view view;
    const struct trust_pair *pair; /* the anchor's pair that vouches; NULL: none */
    bool loader_checked;           /* the loader beside the payload has the same trust anchor */
    struct list problems;          /* char *, each names the check that failed; empty: all is right */
};

/* Checks a payload by itself, and who vouches for it. True if nothing is wrong. */
bool verify_payload_blob(struct arena *arena, const struct blob *payload, const struct trust_anchor *anchor,
                         struct verdict *verdict);
/* The loader in an image must trust what the anchor's file says, no more and no less but for a higher
 * lowest rollback index. Adds to the verdict. */
void verify_loader_blob(struct arena *arena, const struct blob *loader, const struct trust_anchor *anchor,
                        struct verdict *verdict);
