/* SPDX-License-Identifier: BSD-2-Clause */
/* Who vouches for a manifest; and what is said of one that is refused. */
#include <crypto/manifest.h>

#include <base/memory.h>

static bool refuse(struct manifest_problem *problem, enum manifest_error error)
{
    *problem = (struct manifest_problem){.error = error, .image = MANIFEST_NO_IMAGE};
    return false;
}

/* The anchor's pair that has the key in its lattice or hash-based place; NULL: none. */
static const struct trust_pair *find_pair(const struct trust_anchor *anchor, enum signature_family family,
                                          uint32_t algorithm, const uint8_t id[SIGNATURE_KEY_ID_SIZE])
{
    for (uint32_t i = 0; i < anchor->pair_count; i++) {
        const struct trust_pair *pair = &anchor->pairs[i];
        const struct trust_key *key = family == SIGNATURE_FAMILY_LATTICE ? &pair->lattice : &pair->hash;
        if (key->algorithm == algorithm && memcmp(key->id, id, SIGNATURE_KEY_ID_SIZE) == 0) {
            return pair;
        }
    }
    return NULL;
}

bool manifest_verify(const struct manifest *manifest, const void *manifest_bytes, size_t manifest_size,
                     const struct manifest_signatures *signatures, const struct trust_anchor *anchor,
                     const struct trust_pair **pair, struct manifest_problem *problem)
{
    const char *context = manifest->kind == MANIFEST_KIND_DISK ? MANIFEST_CONTEXT_DISK : MANIFEST_CONTEXT_SYSTEM;
    size_t context_size = strlen(context);
    *problem = (struct manifest_problem){.image = MANIFEST_NO_IMAGE};
    if (trust_anchor_revoked(anchor, manifest->lattice_key_id) ||
        trust_anchor_revoked(anchor, manifest->hash_based_key_id)) {
        return refuse(problem, MANIFEST_KEY_REVOKED);
    }
    const struct trust_pair *found =
        find_pair(anchor, SIGNATURE_FAMILY_LATTICE, manifest->lattice_algorithm, manifest->lattice_key_id);
    const struct trust_pair *other =
        find_pair(anchor, SIGNATURE_FAMILY_HASH, manifest->hash_based_algorithm, manifest->hash_based_key_id);
    if (found == NULL || other == NULL) {
        return refuse(problem, MANIFEST_KEY_UNKNOWN);
    }
    if (found != other) {
        return refuse(problem, MANIFEST_KEYS_OF_DIFFERENT_PAIRS);
    }
    if (!signature_verify(found->lattice.algorithm, found->lattice.public_key, found->lattice.size, context,
                          context_size, manifest_bytes, manifest_size, signatures->lattice, signatures->lattice_size)) {
        return refuse(problem, MANIFEST_LATTICE_SIGNATURE_WRONG);
    }
    if (!signature_verify(found->hash.algorithm, found->hash.public_key, found->hash.size, context, context_size,
                          manifest_bytes, manifest_size, signatures->hash_based, signatures->hash_based_size)) {
        return refuse(problem, MANIFEST_HASH_BASED_SIGNATURE_WRONG);
    }
    if (anchor->system_name[0] != '\0' && strcmp(anchor->system_name, manifest->system_name) != 0) {
        return refuse(problem, MANIFEST_OTHER_SYSTEM);
    }
    if (manifest->rollback_index < anchor->minimum_rollback_index) {
        return refuse(problem, MANIFEST_TOO_OLD);
    }
    *pair = found;
    return true;
}

const char *manifest_error_text(enum manifest_error error)
{
    static const char *const texts[MANIFEST_ERROR_COUNT] = {
        [MANIFEST_OK] = "nothing is wrong",
        [MANIFEST_TRUNCATED] = "it ends within a field",
        [MANIFEST_TRAILING_BYTES] = "bytes follow its last field",
        [MANIFEST_WRONG_MAGIC] = "it does not begin with the mark of a manifest",
        [MANIFEST_WRONG_VERSION] = "it has a format version other than 1",
        [MANIFEST_WRONG_KIND] = "it is neither a system's nor a disk's",
        [MANIFEST_WRONG_SIZE] = "its size field does not give its size",
        [MANIFEST_TOO_LARGE] = "it is larger than 64 KiB",
        [MANIFEST_UNKNOWN_HASH] = "it names an unknown hash algorithm",
        [MANIFEST_UNKNOWN_SIGNATURE_ALGORITHM] = "it names an unknown signature algorithm",
        [MANIFEST_WRONG_FAMILY] = "it names a signature algorithm of the other family: one lattice-based and one "
                                  "hash-based signature are needed",
        [MANIFEST_BAD_SYSTEM_NAME] = "the system's name is empty, too long or not printable ASCII",
        [MANIFEST_NO_IMAGES] = "it lists no images",
        [MANIFEST_TOO_MANY_IMAGES] = "it lists more than 256 images",
        [MANIFEST_BAD_IMAGE_NAME] = "the image's name is empty, too long or not printable ASCII",
        [MANIFEST_DUPLICATE_IMAGE] = "an image before has the same name",
        [MANIFEST_UNKNOWN_ROLE] = "the image has an unknown role",
        [MANIFEST_ROLE_NOT_ALLOWED] = "the image has a role that this kind of manifest or of system does not have",
        [MANIFEST_UNKNOWN_FLAGS] = "the image has unknown flags",
        [MANIFEST_UNSIGNED_NOT_ALLOWED] = "the image is marked unsigned, which only what a guest boots may be",
        [MANIFEST_WRONG_HASH_LENGTH] = "the image's hash has a wrong length",
        [MANIFEST_EMPTY_IMAGE] = "the image is empty",
        [MANIFEST_MISALIGNED_IMAGE] = "the image does not start at a multiple of 4096",
        [MANIFEST_OVERLAPPING_IMAGE] = "the image overlaps what is before it",
        [MANIFEST_GAP_BEFORE_IMAGE] = "the image leaves a gap to what is before it",
        [MANIFEST_IMAGE_TOO_LARGE] = "the image's size is beyond all bounds",
        [MANIFEST_MISSING_ROLE] = "there is no kernel or no plan among the images",
        [MANIFEST_DUPLICATE_ROLE] = "an image before has the same role, which there is only one of",
        [MANIFEST_SIGNATURES_TRUNCATED] = "the signature block ends within a field",
        [MANIFEST_SIGNATURES_TRAILING_BYTES] = "bytes follow the last signature",
        [MANIFEST_SIGNATURES_WRONG_MAGIC] = "the signature block does not begin with its mark",
        [MANIFEST_SIGNATURES_WRONG_SIZE] = "the signature block's size field does not give its size",
        [MANIFEST_SIGNATURES_WRONG_COUNT] = "there are not exactly two signatures",
        [MANIFEST_SIGNATURE_WRONG_ALGORITHM] = "a signature is by another algorithm than the manifest names",
        [MANIFEST_SIGNATURE_WRONG_KEY_ID] = "a signature is by another key than the manifest names",
        [MANIFEST_SIGNATURE_WRONG_LENGTH] = "a signature has a wrong length for its algorithm",
        [MANIFEST_KEY_REVOKED] = "it is signed by a revoked key",
        [MANIFEST_KEY_UNKNOWN] = "it is signed by a key that is not trusted here",
        [MANIFEST_KEYS_OF_DIFFERENT_PAIRS] = "its two signatures are by keys of different key pairs",
        [MANIFEST_LATTICE_SIGNATURE_WRONG] = "its lattice-based signature is wrong: it was changed, or signed by "
                                             "someone else",
        [MANIFEST_HASH_BASED_SIGNATURE_WRONG] = "its hash-based signature is wrong: it was changed, or signed by "
                                                "someone else",
        [MANIFEST_OTHER_SYSTEM] = "it is of another system than the one trusted here",
        [MANIFEST_TOO_OLD] = "its rollback index is lower than the lowest accepted here: an older version",
    };
    return (unsigned int)error < MANIFEST_ERROR_COUNT && texts[error] != NULL ? texts[error] : "an unknown error";
}
