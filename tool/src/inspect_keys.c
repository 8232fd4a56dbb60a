/* SPDX-License-Identifier: BSD-2-Clause */
/* Listings of trust anchors and of the public part of key files. */
#include "inspect.h"
#include <crypto/seal.h>
#include <inttypes.h>
#include <time.h>
#include <tool/json.h>
#include <tool/key_options.h>

#define YEAR_10000 253402300800u /* in seconds since 1970 */

void print_creation_time(uint64_t seconds, FILE *to)
{
    char text[32];
    struct tm time;
    time_t when = seconds < YEAR_10000 ? (time_t)seconds : 0;
    if (seconds == 0) {
        fprintf(to, "created         not recorded\n");
    } else if (when != 0 && gmtime_r(&when, &time) != NULL &&
               strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &time) != 0) {
        fprintf(to, "created         %s UTC\n", text);
    } else {
        fprintf(to, "created         %" PRIu64 " seconds after 1970 began\n", seconds);
    }
}

static void print_id(FILE *to, const uint8_t *id)
{
    for (size_t i = 0; i < SIGNATURE_KEY_ID_SIZE; i++) {
        fprintf(to, "%02x", id[i]);
    }
}

static void print_key(FILE *to, const struct trust_key *key)
{
    fprintf(to, "    %-18s ", signature_parameters(key->algorithm)->name);
    print_id(to, key->id);
    fputc('\n', to);
}

void inspect_trust_text(const struct trust_anchor *anchor, FILE *to)
{
    fprintf(to, "trust anchor    serial number %" PRIu64 "\n", anchor->serial);
    if ((anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0) {
        fprintf(to, "                DEVELOPMENT KEY\n");
    }
    fprintf(to, "system          %s\n", anchor->system_name[0] == '\0' ? "any" : anchor->system_name);
    fprintf(to, "rollback index  at least %" PRIu64 "%s\n", anchor->minimum_rollback_index,
            (anchor->flags & TRUST_FLAG_REQUIRE_ROLLBACK_STORE) != 0 ? ", only where it can be kept" : "");
    fprintf(to, "on failure      %s\n", (anchor->flags & TRUST_FLAG_REBOOT_ON_FAILURE) != 0 ? "reboot" : "halt");
    for (uint32_t i = 0; i < anchor->pair_count; i++) {
        fprintf(to, "%s keys\n", trust_status_name(anchor->pairs[i].status));
        print_key(to, &anchor->pairs[i].lattice);
        print_key(to, &anchor->pairs[i].hash);
    }
    fprintf(to, "revoked keys    %" PRIu32 "\n", anchor->revoked_count);
    for (uint32_t i = 0; i < anchor->revoked_count; i++) {
        fprintf(to, "    ");
        print_id(to, anchor->revoked + (size_t)i * SIGNATURE_KEY_ID_SIZE);
        fputc('\n', to);
    }
}

void write_key_id(struct json *json, const char *name, uint32_t algorithm, const uint8_t id[SIGNATURE_KEY_ID_SIZE])
{
    json_open(json, name, '{');
    json_string(json, "algorithm", signature_parameters(algorithm)->name);
    json_bytes(json, "key_id", id, SIGNATURE_KEY_ID_SIZE);
    json_close(json, '}');
}

void write_trust_key(struct json *json, const char *name, const struct trust_key *key)
{
    write_key_id(json, name, key->algorithm, key->id);
}

void inspect_trust_json(const struct trust_anchor *anchor, FILE *to)
{
    struct json json = {.to = to};
    json_open(&json, NULL, '{');
    json_string(&json, "kind", "trust anchor");
    json_number(&json, "serial", anchor->serial);
    json_boolean(&json, "development", (anchor->flags & TRUST_FLAG_DEVELOPMENT) != 0);
    json_string(&json, "system", anchor->system_name);
    json_number(&json, "minimum_rollback_index", anchor->minimum_rollback_index);
    json_boolean(&json, "require_rollback_store", (anchor->flags & TRUST_FLAG_REQUIRE_ROLLBACK_STORE) != 0);
    json_string(&json, "on_failure", (anchor->flags & TRUST_FLAG_REBOOT_ON_FAILURE) != 0 ? "reboot" : "halt");
    json_open(&json, "pairs", '[');
    for (uint32_t i = 0; i < anchor->pair_count; i++) {
        json_open(&json, NULL, '{');
        json_string(&json, "pair", trust_status_name(anchor->pairs[i].status));
        write_trust_key(&json, "lattice", &anchor->pairs[i].lattice);
        write_trust_key(&json, "hash_based", &anchor->pairs[i].hash);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_open(&json, "revoked", '[');
    for (uint32_t i = 0; i < anchor->revoked_count; i++) {
        json_bytes(&json, NULL, anchor->revoked + (size_t)i * SIGNATURE_KEY_ID_SIZE, SIGNATURE_KEY_ID_SIZE);
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

void inspect_key_text(struct arena *arena, const struct key_file *key, FILE *to)
{
    fprintf(to, "private key     %s, %s%s\n", key_kind_name(key->kind), key_algorithm_name(arena, key->algorithm),
            (key->flags & KEY_FLAG_DEVELOPMENT) != 0 ? ", DEVELOPMENT KEY" : "");
    fprintf(to, "key id          ");
    print_id(to, key->id);
    fputc('\n', to);
    print_creation_time(key->creation_time, to);
    fprintf(to, "public key      %zu bytes\n", key->public_key_size);
    fprintf(to, "encrypted by    ChaCha20-Poly1305; Argon2id, %" PRIu32 " KiB, %" PRIu32 " passes, %" PRIu32 " lanes\n",
            key->derivation.memory_kib, key->derivation.passes, key->derivation.lanes);
}

void inspect_key_json(struct arena *arena, const struct key_file *key, FILE *to)
{
    struct json json = {.to = to};
    json_open(&json, NULL, '{');
    json_string(&json, "kind", "private key");
    json_string(&json, "use", key_kind_name(key->kind));
    json_string(&json, "algorithm", key_algorithm_name(arena, key->algorithm));
    json_boolean(&json, "development", (key->flags & KEY_FLAG_DEVELOPMENT) != 0);
    json_bytes(&json, "key_id", key->id, KEY_FILE_ID_SIZE);
    json_number(&json, "creation_time", key->creation_time);
    json_bytes(&json, "public_key", key->public_key, key->public_key_size);
    json_string(&json, "cipher", "ChaCha20-Poly1305");
    json_string(&json, "key_derivation", "Argon2id");
    json_number(&json, "memory_kib", key->derivation.memory_kib);
    json_number(&json, "passes", key->derivation.passes);
    json_number(&json, "lanes", key->derivation.lanes);
    json_close(&json, '}');
}

void inspect_operator_text(uint32_t suite, const uint8_t *public_key, FILE *to)
{
    uint8_t id[SEAL_KEY_ID_SIZE];
    seal_key_id(suite, public_key, id);
    fprintf(to, "public key      operator, %s\nkey id          ", seal_parameters(suite)->name);
    print_id(to, id);
    fputc('\n', to);
}

void inspect_operator_json(uint32_t suite, const uint8_t *public_key, FILE *to)
{
    struct json json = {.to = to};
    uint8_t id[SEAL_KEY_ID_SIZE];
    seal_key_id(suite, public_key, id);
    json_open(&json, NULL, '{');
    json_string(&json, "kind", "public key");
    json_string(&json, "use", "operator");
    json_string(&json, "algorithm", seal_parameters(suite)->name);
    json_bytes(&json, "key_id", id, sizeof(id));
    json_bytes(&json, "public_key", public_key, seal_parameters(suite)->public_key_size);
    json_close(&json, '}');
}
