/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of private keys: what was sealed opens, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <crypto/signature.h>
#include <stdlib.h>
#include <string.h>
#include <tool/key_file.h>

#define SECRET_SIZE 64u /* SLH-DSA-SHA2-128s */
#define PUBLIC_SIZE 32u

/* Offsets of fields, from the format in <tool/key_file.h>. */
enum {
    AT_VERSION = 8,
    AT_KIND = 10,
    AT_ALGORITHM = 12,
    AT_FLAGS = 14,
    AT_SIZE = 16,
    AT_TIME = 20,
    AT_ID = 28,
    AT_PUBLIC_SIZE = 60,
    AT_PUBLIC = 62,
    AT_METHOD = AT_PUBLIC + PUBLIC_SIZE,
    AT_MEMORY = AT_METHOD + 2,
    AT_PASSES = AT_MEMORY + 4,
    AT_LANES = AT_PASSES + 4,
    AT_SALT = AT_LANES + 2,
    AT_CIPHER = AT_SALT + 32,
    AT_NONCE = AT_CIPHER + 2,
    AT_SECRET_SIZE = AT_NONCE + 12,
    AT_SECRET = AT_SECRET_SIZE + 2,
    AT_TAG = AT_SECRET + SECRET_SIZE,
    FILE_SIZE = AT_TAG + 16,
};

static const struct key_derivation cheap = {.memory_kib = 16, .passes = 1, .lanes = 2};
static char words[] = "correct horse";
static const struct passphrase right = {.text = words, .size = sizeof(words) - 1};

static uint8_t public_key[PUBLIC_SIZE], secret_key[SECRET_SIZE];

static struct blob *seal(struct arena *arena, uint32_t kind, uint32_t algorithm)
{
    const char *reason = NULL;
    struct key_material material = {
        .kind = kind,
        .algorithm = algorithm,
        .creation_time = 1234567890,
        .public_key = public_key,
        .public_key_size = sizeof(public_key),
        .secret_key = secret_key,
        .secret_key_size = sizeof(secret_key),
    };
    memset(public_key, 0x11, sizeof(public_key));
    memset(secret_key, 0x22, sizeof(secret_key));
    struct blob *blob = key_file_seal(arena, &material, &right, &cheap, &reason);
    assert_non_null(blob);
    assert_null(reason);
    return blob;
}

static void put(struct blob *blob, size_t at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        blob->data[at + i] = (uint8_t)(value >> (8 * i));
    }
}

static void opens_again(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct key_file key;
    uint8_t opened[SECRET_SIZE], id[KEY_FILE_ID_SIZE];
    struct blob *blob = seal(&arena, KEY_KIND_HASH_BASED, SIGNATURE_SLH_DSA_SHA2_128S);
    assert_int_equal(blob->size, FILE_SIZE);
    assert_null(key_file_parse(blob->data, blob->size, &key));
    assert_int_equal(key.kind, KEY_KIND_HASH_BASED);
    assert_int_equal(key.algorithm, SIGNATURE_SLH_DSA_SHA2_128S);
    assert_int_equal(key.creation_time, 1234567890);
    assert_int_equal(key.header_size, AT_SECRET);
    assert_memory_equal(key.public_key, public_key, sizeof(public_key));
    signature_key_id(SIGNATURE_SLH_DSA_SHA2_128S, public_key, id);
    assert_memory_equal(key.id, id, sizeof(id));
    assert_int_equal(key.derivation.memory_kib, cheap.memory_kib);
    assert_int_equal(key.derivation.lanes, cheap.lanes);
    assert_null(key_file_unlock(&key, &right, opened));
    assert_memory_equal(opened, secret_key, sizeof(secret_key));
    /* Nothing of the secret is readable. */
    assert_null(memmem(blob->data, blob->size, secret_key, 8));
    arena_free(&arena);
}

static void two_files_of_one_key_differ(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct blob *one = seal(&arena, KEY_KIND_HASH_BASED, SIGNATURE_SLH_DSA_SHA2_128S);
    struct blob *two = seal(&arena, KEY_KIND_HASH_BASED, SIGNATURE_SLH_DSA_SHA2_128S);
    assert_memory_equal(one->data, two->data, AT_SALT);
    assert_memory_not_equal(one->data + AT_SALT, two->data + AT_SALT, KEY_FILE_SALT_SIZE);
    assert_memory_not_equal(one->data + AT_NONCE, two->data + AT_NONCE, KEY_FILE_NONCE_SIZE);
    assert_memory_not_equal(one->data + AT_SECRET, two->data + AT_SECRET, SECRET_SIZE);
    arena_free(&arena);
}

static void other_passphrases_do_not_open(void **state)
{
    (void)state;
    static char wrong_words[][20] = {"", "correct hors", "correct horse ", "Correct horse"};
    struct arena arena = {0};
    struct key_file key;
    struct blob *blob = seal(&arena, KEY_KIND_HASH_BASED, SIGNATURE_SLH_DSA_SHA2_128S);
    assert_null(key_file_parse(blob->data, blob->size, &key));
    for (size_t i = 0; i < sizeof(wrong_words) / sizeof(wrong_words[0]); i++) {
        struct passphrase wrong = {.text = wrong_words[i], .size = strlen(wrong_words[i])};
        uint8_t opened[SECRET_SIZE], zero[SECRET_SIZE] = {0};
        memset(opened, 0xff, sizeof(opened));
        assert_non_null(key_file_unlock(&key, &wrong, opened));
        assert_memory_equal(opened, zero, sizeof(zero));
    }
    arena_free(&arena);
}

/* No bit of the file can change unnoticed: the parser sees it, or the tag does. */
static void every_changed_bit_is_found(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct blob *blob = seal(&arena, KEY_KIND_HASH_BASED, SIGNATURE_SLH_DSA_SHA2_128S);
    for (size_t bit = 0; bit < blob->size * 8; bit++) {
        /* The high bits of the cost would only make the test slow. */
        bool cost = bit / 8 >= AT_MEMORY && bit / 8 < AT_SALT;
        struct key_file key;
        uint8_t opened[SECRET_SIZE];
        blob->data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        const char *problem = key_file_parse(blob->data, blob->size, &key);
        if (problem == NULL && !(cost && (key.derivation.memory_kib > 0x1000 || key.derivation.passes > 4))) {
            problem = key_file_unlock(&key, &right, opened);
            assert_non_null(problem);
        }
        blob->data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    arena_free(&arena);
}

static void every_cut_is_found(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct key_file key;
    struct blob *blob = seal(&arena, KEY_KIND_HASH_BASED, SIGNATURE_SLH_DSA_SHA2_128S);
    for (size_t size = 0; size < blob->size; size++) {
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, blob->data, size);
        assert_non_null(key_file_parse(cut, size, &key));
        /* Also where the size field agrees. */
        if (size >= AT_TIME) {
            struct blob view = {.data = cut, .size = size};
            put(&view, AT_SIZE, size, 4);
            assert_non_null(key_file_parse(cut, size, &key));
        }
        free(cut);
    }
    uint8_t *longer = malloc(blob->size + 1);
    memcpy(longer, blob->data, blob->size);
    longer[blob->size] = 0;
    struct blob view = {.data = longer, .size = blob->size + 1};
    assert_non_null(key_file_parse(longer, view.size, &key));
    put(&view, AT_SIZE, view.size, 4);
    assert_non_null(key_file_parse(longer, view.size, &key));
    free(longer);
    arena_free(&arena);
}

static void expect_field(size_t at, uint64_t value, size_t size, const char *text)
{
    struct arena arena = {0};
    struct key_file key;
    struct blob *blob = seal(&arena, KEY_KIND_HASH_BASED, SIGNATURE_SLH_DSA_SHA2_128S);
    put(blob, at, value, size);
    const char *problem = key_file_parse(blob->data, blob->size, &key);
    assert_non_null(problem);
    if (strstr(problem, text) == NULL) {
        fail_msg("'%s' does not say '%s'", problem, text);
    }
    arena_free(&arena);
}

static void each_wrong_field_has_its_message(void **state)
{
    (void)state;
    expect_field(0, 'X', 1, "no file of a private key");
    expect_field(AT_VERSION, 2, 2, "another format version");
    expect_field(AT_KIND, 0, 2, "unknown kind");
    expect_field(AT_KIND, 4, 2, "unknown kind");
    expect_field(AT_KIND, KEY_KIND_LATTICE, 2, "not of the family");
    expect_field(AT_KIND, KEY_KIND_OPERATOR, 2, "for signatures and its kind is not");
    expect_field(AT_ALGORITHM, 0x9999, 2, "signature algorithm is not known");
    expect_field(AT_ALGORITHM, SIGNATURE_SLH_DSA_SHA2_256S, 2, "size of its keys");
    expect_field(AT_FLAGS, 2, 2, "unknown flags");
    expect_field(AT_SIZE, FILE_SIZE - 1, 4, "longer than it says");
    expect_field(AT_SIZE, FILE_SIZE + 1, 4, "cut off");
    expect_field(AT_ID, 0, 1, "key id is not that of its public key");
    expect_field(AT_PUBLIC, 0, 1, "key id is not that of its public key");
    expect_field(AT_PUBLIC_SIZE, 0, 2, "public key has no possible size");
    expect_field(AT_PUBLIC_SIZE, 0xffff, 2, "public key has no possible size");
    expect_field(AT_METHOD, 2, 2, "encrypted in an unknown way");
    expect_field(AT_CIPHER, 0, 2, "encrypted in an unknown way");
    expect_field(AT_SECRET_SIZE, 0, 2, "secret key has no possible size");
    expect_field(AT_SECRET_SIZE, 0xffff, 2, "secret key has no possible size");
    expect_field(AT_SECRET_SIZE, SECRET_SIZE - 1, 2, "follow its end");
}

/* Whoever hands us a file does not decide how long we compute. */
static void cost_is_bounded(void **state)
{
    (void)state;
    expect_field(AT_LANES, 0, 2, "lanes");
    expect_field(AT_LANES, KEY_DERIVATION_MAX_LANES + 1, 2, "lanes");
    expect_field(AT_PASSES, 0, 4, "passes");
    expect_field(AT_PASSES, KEY_DERIVATION_MAX_PASSES + 1, 4, "passes");
    expect_field(AT_MEMORY, 15, 4, "memory");
    expect_field(AT_MEMORY, 0, 4, "memory");
    expect_field(AT_MEMORY, KEY_DERIVATION_MAX_MEMORY + 1, 4, "memory");
    expect_field(AT_MEMORY, 0xffffffff, 4, "memory");
}

/* Keys of kinds that are not for signatures: any algorithm id of theirs, any size within bounds. */
static void operator_keys(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct key_file key;
    uint8_t opened[SECRET_SIZE];
    struct blob *blob = seal(&arena, KEY_KIND_OPERATOR, 0x0401);
    assert_null(key_file_parse(blob->data, blob->size, &key));
    assert_int_equal(key.algorithm, 0x0401);
    assert_null(key_file_unlock(&key, &right, opened));
    assert_memory_equal(opened, secret_key, sizeof(secret_key));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_again),
        cmocka_unit_test(two_files_of_one_key_differ),
        cmocka_unit_test(other_passphrases_do_not_open),
        cmocka_unit_test(every_changed_bit_is_found),
        cmocka_unit_test(every_cut_is_found),
        cmocka_unit_test(each_wrong_field_has_its_message),
        cmocka_unit_test(cost_is_bounded),
        cmocka_unit_test(operator_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
