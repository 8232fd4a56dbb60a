/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who vouches for a payload: really signed ones, changed afterwards in every way.
 * Whatever is changed, it is refused, and a message says which check failed.
 */
#include "support.h"

#include <crypto/signature.h>
#include <loader/payload.h>
#include <loader/trust.h>

#define LATTICE         SIGNATURE_ML_DSA_65
#define HASH_BASED      SIGNATURE_SLH_DSA_SHA2_128S
#define LATTICE_SIZE    3309u
#define HASH_BASED_SIZE 7856u
#define MANIFEST_AT     sizeof(struct payload_header)
#define MUTATIONS       10000u

/* Two images of one size, so that they can be swapped. */
static uint8_t kernel_data[5001], plan_data[300], first_data[9000], second_data[9000], initrd_data[4096];

static const struct test_image images[] = {
    {"kernel", MANIFEST_ROLE_KERNEL, kernel_data, sizeof(kernel_data), 0},
    {"plan", MANIFEST_ROLE_PLAN, plan_data, sizeof(plan_data), 0},
    {"first", MANIFEST_ROLE_PROGRAM, first_data, sizeof(first_data), 0},
    {"second", MANIFEST_ROLE_PROGRAM, second_data, sizeof(second_data), 0},
    {"initrd", MANIFEST_ROLE_GUEST, initrd_data, sizeof(initrd_data), MANIFEST_IMAGE_UNSIGNED},
};
#define IMAGES 5u

/* Keys 0 and 1 are the anchor's pairs; 2 is a stranger's. */
static struct key_pair {
    uint8_t lattice_public[SIGNATURE_MAX_PUBLIC_KEY], lattice_secret[SIGNATURE_MAX_SECRET_KEY];
    uint8_t hash_public[64], hash_secret[128];
    uint8_t lattice_id[SIGNATURE_KEY_ID_SIZE], hash_id[SIGNATURE_KEY_ID_SIZE];
} keys[3];

/* A really signed payload, and the anchor's bytes. Made once: signing takes its time. */
static uint8_t *signed_bytes;
static uint64_t signed_size;
static struct manifest signed_manifest;
static uint32_t block_size;
static uint8_t anchor_bytes[TRUST_MAX_SIZE];
static size_t anchor_size;
/* Copy of the payload for a test to change. */
static uint8_t *bytes;

static void make_keys(struct key_pair *key, int number)
{
    uint8_t seed[SIGNATURE_MAX_SEED];
    memset(seed, 0x40 + number, sizeof(seed));
    assert_true(signature_make_key(LATTICE, seed, key->lattice_public, key->lattice_secret));
    assert_true(signature_make_key(HASH_BASED, seed, key->hash_public, key->hash_secret));
    signature_key_id(LATTICE, key->lattice_public, key->lattice_id);
    signature_key_id(HASH_BASED, key->hash_public, key->hash_id);
}

static struct trust_anchor right_anchor(void)
{
    struct trust_anchor anchor = {.flags = TRUST_FLAG_DEVELOPMENT,
                                  .serial = 3,
                                  .minimum_rollback_index = 5,
                                  .system_name = "unit test",
                                  .pair_count = 2};
    for (uint32_t i = 0; i < 2; i++) {
        anchor.pairs[i] = (struct trust_pair){
            .status = i == 0 ? TRUST_STATUS_PRIMARY : TRUST_STATUS_NEXT,
            .lattice = {.algorithm = LATTICE, .size = 1952, .public_key = keys[i].lattice_public},
            .hash = {.algorithm = HASH_BASED, .size = 32, .public_key = keys[i].hash_public},
        };
    }
    return anchor;
}

/* Signs a payload's manifest as it is, with these keys, into its signature block. */
static void sign_with(uint8_t *payload, const struct key_pair *lattice, const struct key_pair *hash_based)
{
    static uint8_t one[LATTICE_SIZE], other[HASH_BASED_SIZE];
    static struct manifest manifest;
    struct manifest_problem problem;
    const uint8_t random[SIGNATURE_MAX_RANDOM] = {0};
    size_t size = payload_header_of(payload)->manifest_size;
    uint8_t *message = payload + MANIFEST_AT;
    assert_true(manifest_parse(message, size, payload_first_image(size, block_size), &manifest, &problem));
    assert_true(signature_sign(LATTICE, lattice->lattice_secret, MANIFEST_CONTEXT_SYSTEM,
                               strlen(MANIFEST_CONTEXT_SYSTEM), message, size, random, one));
    assert_true(signature_sign(HASH_BASED, hash_based->hash_secret, MANIFEST_CONTEXT_SYSTEM,
                               strlen(MANIFEST_CONTEXT_SYSTEM), message, size, random, other));
    assert_int_equal(manifest_signatures_write(&manifest, one, other, message + size, block_size), block_size);
}

/* A payload signed by pairs that need not be of one kind; to be freed. */
static uint8_t *make_signed(struct manifest *manifest, int lattice, int hash_based, uint64_t *size)
{
    describe_images(manifest, images, IMAGES, block_size);
    memcpy(manifest->lattice_key_id, keys[lattice].lattice_id, SIGNATURE_KEY_ID_SIZE);
    memcpy(manifest->hash_based_key_id, keys[hash_based].hash_id, SIGNATURE_KEY_ID_SIZE);
    uint8_t *payload = assemble_payload(manifest, images, block_size, size);
    sign_with(payload, &keys[lattice], &keys[hash_based]);
    return payload;
}

static int set_up_group(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        make_keys(&keys[i], i);
    }
    memset(kernel_data, 0x11, sizeof(kernel_data));
    memset(plan_data, 0x22, sizeof(plan_data));
    memset(first_data, 0x33, sizeof(first_data));
    memset(second_data, 0x44, sizeof(second_data));
    memset(initrd_data, 0x55, sizeof(initrd_data));
    block_size = (uint32_t)manifest_signatures_size(LATTICE, HASH_BASED);
    signed_bytes = make_signed(&signed_manifest, 0, 0, &signed_size);
    struct trust_anchor anchor = right_anchor();
    anchor_size = trust_anchor_write(&anchor, anchor_bytes, sizeof(anchor_bytes));
    assert_int_not_equal(anchor_size, 0);
    bytes = aligned_alloc(4096, signed_size);
    assert_non_null(bytes);
    return 0;
}

static int tear_down_group(void **state)
{
    (void)state;
    free(signed_bytes);
    free(bytes);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    memcpy(bytes, signed_bytes, signed_size);
    return 0;
}

/* What the loader does, in its order. */
static int check_by(const struct trust_anchor *anchor, const uint8_t *payload_bytes, uint64_t size,
                    struct payload *payload, struct loader_error *error)
{
    error->text[0] = '\0';
    return payload_read(payload_bytes, size, payload, error) && payload_verify(payload, anchor, error) &&
           payload_check_images(payload, error);
}

static int check(const uint8_t *payload_bytes, uint64_t size, struct loader_error *error)
{
    static struct payload payload;
    static struct trust_anchor anchor;
    assert_null(trust_anchor_parse(anchor_bytes, anchor_size, &anchor));
    return check_by(&anchor, payload_bytes, size, &payload, error);
}

static void expect_refused(const uint8_t *payload_bytes, uint64_t size, const char *part)
{
    struct loader_error error;
    assert_int_equal(check(payload_bytes, size, &error), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

static void expect_refused_by(struct trust_anchor *anchor, const uint8_t *payload_bytes, uint64_t size,
                              const char *part)
{
    static uint8_t written[TRUST_MAX_SIZE];
    static struct payload payload;
    struct trust_anchor parsed;
    struct loader_error error;
    size_t written_size = trust_anchor_write(anchor, written, sizeof(written));
    assert_null(trust_anchor_parse(written, written_size, &parsed));
    assert_int_equal(check_by(&parsed, payload_bytes, size, &payload, &error), 0);
    if (strstr(error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, part);
    }
}

static void test_accepts_and_tells(void **state)
{
    static struct payload payload;
    struct trust_anchor anchor;
    struct loader_error error;
    struct hardware_verification told = {0};
    char text[KEY_ID_TEXT_SIZE];
    (void)state;
    assert_null(trust_anchor_parse(anchor_bytes, anchor_size, &anchor));
    assert_int_equal(check_by(&anchor, bytes, signed_size, &payload, &error), 1);
    assert_ptr_equal(payload.pair, &anchor.pairs[0]);
    trust_describe(&payload, &anchor, &told);
    assert_string_equal(told.lattice_algorithm, "ML-DSA-65");
    assert_string_equal(told.hash_based_algorithm, "SLH-DSA-SHA2-128s");
    assert_memory_equal(told.lattice_key_id, keys[0].lattice_id, 32);
    assert_memory_equal(told.hash_based_key_id, keys[0].hash_id, 32);
    assert_int_equal(told.development, 1);
    assert_int_equal(told.key_status, TRUST_STATUS_PRIMARY);
    assert_int_equal(told.trust_serial, 3);
    assert_int_equal(told.rollback_index, 5);
    assert_int_equal(told.unsigned_images, 1);
    key_id_text((const uint8_t[32]){0x01, 0xab}, text);
    assert_string_equal(text, "01ab000000000000");
    /* An unsigned image can have any content. */
    memset(bytes + payload.manifest.images[4].offset, 0x99, 4096);
    assert_int_equal(check(bytes, signed_size, &error), 1);
}

static void test_next_pair(void **state)
{
    static struct manifest manifest;
    struct loader_error error;
    uint64_t size;
    (void)state;
    uint8_t *payload = make_signed(&manifest, 1, 1, &size);
    assert_int_equal(check(payload, size, &error), 1);
    free(payload);
}

static void test_bit_in_each_image(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < IMAGES - 1; i++) {
        const struct manifest_image *image = &signed_manifest.images[i];
        for (uint64_t at = 0; at < image->size; at += at % 1024 == 0 ? 1023 : 1) {
            uint8_t bit = (uint8_t)(1u << (at % 8));
            char part[80];
            snprintf(part, sizeof(part), "image \"%s\": its SHA-512 hash is wrong", image->name);
            bytes[image->offset + at] ^= bit;
            expect_refused(bytes, signed_size, part);
            bytes[image->offset + at] ^= bit;
        }
    }
}

/* Every byte of the manifest, and of the header before it. */
static void test_bit_in_manifest(void **state)
{
    size_t end = MANIFEST_AT + payload_header_of(signed_bytes)->manifest_size;
    (void)state;
    for (size_t at = 0; at < end; at++) {
        uint8_t bit = (uint8_t)(1u << (at % 8));
        bytes[at] ^= bit;
        expect_refused(bytes, signed_size, "payload: ");
        bytes[at] ^= bit;
    }
}

/* Bytes around every boundary in the signature block, and some in between. */
static void test_bit_in_signatures(void **state)
{
    size_t block = MANIFEST_AT + payload_header_of(signed_bytes)->manifest_size;
    size_t lattice = block + 14 + 38, hash_based = lattice + LATTICE_SIZE + 38;
    (void)state;
    assert_int_equal(hash_based + HASH_BASED_SIZE, block + block_size);
    for (size_t at = block; at < block + block_size;) {
        bool in_lattice = at >= lattice && at < lattice + LATTICE_SIZE;
        bool in_hash_based = at >= hash_based;
        uint8_t bit = (uint8_t)(1u << (at % 8));
        bytes[at] ^= bit;
        expect_refused(bytes, signed_size,
                       in_lattice      ? "its lattice-based signature is wrong"
                       : in_hash_based ? "its hash-based signature is wrong"
                                       : "signature");
        bytes[at] ^= bit;
        /* c tilde, z and the hint of ML-DSA; R, FORS and the layers of SLH-DSA. */
        bool boundary = (in_lattice && (at - lattice < 50 || lattice + LATTICE_SIZE - at < 62)) ||
                        (in_hash_based && (at - hash_based < 20 || hash_based + HASH_BASED_SIZE - at < 20));
        at += boundary || !(in_lattice || in_hash_based) ? 1 : 97;
    }
}

static void test_key_ids(void **state)
{
    size_t block = MANIFEST_AT + payload_header_of(signed_bytes)->manifest_size;
    (void)state;
    for (size_t i = 0; i < SIGNATURE_KEY_ID_SIZE; i++) {
        /* In the manifest alone, in the block alone, in both. */
        bytes[MANIFEST_AT + 38 + i] ^= 1;
        expect_refused(bytes, signed_size, "by another key than the manifest names");
        bytes[block + 16 + i] ^= 1;
        expect_refused(bytes, signed_size, "by a key that is not trusted here");
        bytes[MANIFEST_AT + 38 + i] ^= 1;
        expect_refused(bytes, signed_size, "by another key than the manifest names");
        bytes[block + 16 + i] ^= 1;
    }
}

static void test_swapped_images(void **state)
{
    const struct manifest_image *first = &signed_manifest.images[2], *second = &signed_manifest.images[3];
    (void)state;
    memcpy(bytes + first->offset, second_data, sizeof(second_data));
    memcpy(bytes + second->offset, first_data, sizeof(first_data));
    expect_refused(bytes, signed_size, "image \"first\": its SHA-512 hash is wrong");
    /* With a manifest that agrees, which nobody signed. */
    struct manifest manifest = signed_manifest;
    memcpy(manifest.images[2].hash, second->hash, HASH_SHA512_SIZE);
    memcpy(manifest.images[3].hash, first->hash, HASH_SHA512_SIZE);
    manifest_write(&manifest, bytes + MANIFEST_AT, MANIFEST_MAX_SIZE);
    expect_refused(bytes, signed_size, "its lattice-based signature is wrong");
}

static void test_truncated(void **state)
{
    size_t manifest_end = MANIFEST_AT + payload_header_of(signed_bytes)->manifest_size;
    uint64_t cuts[] = {0,
                       1,
                       8,
                       12,
                       16,
                       20,
                       24,
                       31,
                       32,
                       40,
                       42,
                       44,
                       48,
                       56,
                       64,
                       66,
                       68,
                       70,
                       102,
                       134,
                       manifest_end - 1,
                       manifest_end,
                       manifest_end + 8,
                       manifest_end + 12,
                       manifest_end + 14,
                       manifest_end + 52,
                       manifest_end + block_size - 1,
                       manifest_end + block_size};
    (void)state;
    for (unsigned int i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        uint8_t *cut = malloc(cuts[i] == 0 ? 1 : cuts[i]);
        assert_non_null(cut);
        memcpy(cut, bytes, cuts[i]);
        expect_refused(cut, cuts[i], cuts[i] < 32 ? "too few" : "cut short");
        free(cut);
    }
    for (uint64_t size = 4096; size < signed_size; size += 4096) {
        expect_refused(bytes, size, "cut short");
        /* With a header that admits it. */
        payload_header_of(bytes)->total_size = size;
        expect_refused(bytes, size, "payload: ");
        payload_header_of(bytes)->total_size = signed_size;
    }
}

/* One signature is not enough, whichever it is and whatever stands for the other. */
static void test_one_family(void **state)
{
    size_t block = MANIFEST_AT + payload_header_of(signed_bytes)->manifest_size;
    size_t lattice = block + 14 + 38, hash_based = lattice + LATTICE_SIZE + 38;
    (void)state;
    memset(bytes + hash_based, 0, HASH_BASED_SIZE);
    expect_refused(bytes, signed_size, "its hash-based signature is wrong");
    set_up(NULL);
    memset(bytes + lattice, 0, LATTICE_SIZE);
    expect_refused(bytes, signed_size, "its lattice-based signature is wrong");
    /* One signature alone, the other twice. */
    set_up(NULL);
    bytes[block + 12] = 1;
    expect_refused(bytes, signed_size, "there are not exactly two signatures");
    set_up(NULL);
    memmove(bytes + lattice + LATTICE_SIZE, bytes + block + 14, 38 + LATTICE_SIZE);
    expect_refused(bytes, signed_size, "by another algorithm than the manifest names");
    /* No block: the images stay, but where they would have to lie is elsewhere. */
    set_up(NULL);
    payload_header_of(bytes)->signatures_size = 0;
    expect_refused(bytes, signed_size, "leaves a gap");
    /* An unsigned payload as the tool builds it. */
    struct manifest manifest = signed_manifest;
    uint64_t size;
    describe_images(&manifest, images, IMAGES, 0);
    uint8_t *plain = assemble_payload(&manifest, images, 0, &size);
    expect_refused(plain, size, "it is not signed");
    free(plain);
    /* The manifest says that both are of one family. */
    set_up(NULL);
    memcpy(bytes + MANIFEST_AT + 36, "\x02\x01", 2);
    expect_refused(bytes, signed_size, "of the other family");
}

static void test_revoked_keys(void **state)
{
    struct trust_anchor anchor = right_anchor();
    (void)state;
    anchor.revoked_count = 1;
    anchor.revoked = keys[0].lattice_id;
    expect_refused_by(&anchor, bytes, signed_size, "it is signed by a revoked key");
    anchor.revoked = keys[0].hash_id;
    expect_refused_by(&anchor, bytes, signed_size, "it is signed by a revoked key");
}

static void test_other_keys(void **state)
{
    static struct manifest manifest;
    uint64_t size;
    (void)state;
    uint8_t *stranger = make_signed(&manifest, 2, 2, &size);
    expect_refused(stranger, size, "by a key that is not trusted here");
    /* The stranger names our keys. */
    memcpy(manifest.lattice_key_id, keys[0].lattice_id, SIGNATURE_KEY_ID_SIZE);
    memcpy(manifest.hash_based_key_id, keys[0].hash_id, SIGNATURE_KEY_ID_SIZE);
    manifest_write(&manifest, stranger + MANIFEST_AT, MANIFEST_MAX_SIZE);
    sign_with(stranger, &keys[2], &keys[2]);
    expect_refused(stranger, size, "its lattice-based signature is wrong");
    sign_with(stranger, &keys[0], &keys[2]);
    expect_refused(stranger, size, "its hash-based signature is wrong");
    free(stranger);
    /* Each key is trusted, but not with the other. */
    uint8_t *mixed = make_signed(&manifest, 0, 1, &size);
    expect_refused(mixed, size, "by keys of different key pairs");
    free(mixed);
}

static void test_other_system_and_version(void **state)
{
    struct trust_anchor anchor = right_anchor();
    struct loader_error error;
    static struct payload payload;
    (void)state;
    snprintf(anchor.system_name, sizeof(anchor.system_name), "another");
    expect_refused_by(&anchor, bytes, signed_size, "it is of another system");
    anchor = right_anchor();
    anchor.minimum_rollback_index = 6;
    expect_refused_by(&anchor, bytes, signed_size, "an older version");
    /* An anchor for any system. */
    assert_null(trust_anchor_parse(anchor_bytes, anchor_size, &anchor));
    anchor.system_name[0] = '\0';
    assert_int_equal(check_by(&anchor, bytes, signed_size, &payload, &error), 1);
}

/* A disk's signature is none for a system: its context differs. */
static void test_context(void **state)
{
    static uint8_t signature[LATTICE_SIZE];
    const uint8_t random[SIGNATURE_MAX_RANDOM] = {0};
    size_t size = payload_header_of(bytes)->manifest_size;
    (void)state;
    assert_true(signature_sign(LATTICE, keys[0].lattice_secret, MANIFEST_CONTEXT_DISK, strlen(MANIFEST_CONTEXT_DISK),
                               bytes + MANIFEST_AT, size, random, signature));
    memcpy(bytes + MANIFEST_AT + size + 14 + 38, signature, sizeof(signature));
    expect_refused(bytes, signed_size, "its lattice-based signature is wrong");
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Changes some bytes in one of several ways; true if something is different. Most
 * changes are in front, where formats are. */
static bool mutate(uint32_t *random)
{
    uint64_t front = signed_manifest.images[0].offset;
    uint64_t range = next_random(random) % 4 == 0 ? signed_manifest.images[4].offset : front;
    uint32_t count = 1 + next_random(random) % 8;
    uint64_t at = next_random(random) % range, from = next_random(random) % range;
    uint64_t length = 1 + next_random(random) % 64;
    length = at + length > range ? range - at : length;
    length = from + length > range ? range - from : length;
    switch (next_random(random) % 5) {
    case 0: /* bits here and there */
        for (uint32_t i = 0; i < count; i++) {
            bytes[next_random(random) % range] ^= (uint8_t)(1u << next_random(random) % 8);
        }
        break;
    case 1: /* a piece of something else */
        memmove(bytes + at, bytes + from, length);
        break;
    case 2:
        memset(bytes + at, next_random(random) % 2 == 0 ? 0 : 0xff, length);
        break;
    case 3:
        for (uint64_t i = 0; i < length; i++) {
            bytes[at + i] = (uint8_t)next_random(random);
        }
        break;
    default: { /* one number in the header or manifest, a little more or less */
        uint64_t field = next_random(random) % (MANIFEST_AT + payload_header_of(signed_bytes)->manifest_size);
        bytes[field] = (uint8_t)(bytes[field] + (next_random(random) % 2 == 0 ? 1 : -1));
    }
    }
    return memcmp(bytes, signed_bytes, signed_manifest.images[4].offset) != 0;
}

static void test_random_mutations(void **state)
{
    uint32_t random = 0x5eed;
    unsigned int done = 0;
    (void)state;
    while (done < MUTATIONS) {
        struct loader_error error;
        memcpy(bytes, signed_bytes, signed_size);
        if (!mutate(&random)) {
            continue;
        }
        if (check(bytes, signed_size, &error) != 0) {
            fail_msg("mutation %u is accepted", done);
        }
        if (strncmp(error.text, "payload: ", 9) != 0 || strlen(error.text) < 30) {
            fail_msg("mutation %u: \"%s\" does not say what is wrong", done, error.text);
        }
        done++;
    }
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accepts_and_tells), TEST(test_next_pair),         TEST(test_bit_in_each_image),
        TEST(test_bit_in_manifest),   TEST(test_bit_in_signatures), TEST(test_key_ids),
        TEST(test_swapped_images),    TEST(test_truncated),         TEST(test_one_family),
        TEST(test_revoked_keys),      TEST(test_other_keys),        TEST(test_other_system_and_version),
        TEST(test_context),           TEST(test_random_mutations),
    };
    return cmocka_run_group_tests_name("loader_signed_payload", tests, set_up_group, tear_down_group);
}
