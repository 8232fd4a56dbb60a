/* SPDX-License-Identifier: BSD-2-Clause */
#include "verification_view.h"

#define KEY_ID_SIZE    32u
#define KEY_ID_SUMMARY 8u

/* enum trust_status of <crypto/trust_anchor.h>. */
static const char *key_status_name(uint32_t status)
{
    return status == 1 ? "primary" : status == 2 ? "next" : "unknown";
}

static void show_key(struct text_output *out, const char *algorithm, size_t limit, const uint8_t id[KEY_ID_SIZE],
                     unsigned int size)
{
    print_untrusted(out, algorithm, limit, 0);
    print(out, " key ");
    for (unsigned int i = 0; i < size; i++) {
        print(out, "%02x", id[i]);
    }
}

static void show_warnings(struct text_output *out, const struct hardware_verification *verification)
{
    if (verification->development != 0) {
        print(out, "  DEVELOPMENT KEY: its private half lies unprotected in a build directory\n");
    }
    if (verification->unsigned_images != 0) {
        print(out, "  UNSIGNED: nothing vouches for %u guest image%s\n", (unsigned int)verification->unsigned_images,
              verification->unsigned_images == 1 ? "" : "s");
    }
}

void show_verification_summary(struct text_output *out, const struct hardware_info *hardware)
{
    const struct hardware_verification *verification = &hardware->verification;
    if (verification->key_status == 0) {
        print(out, "  signed    NOT VERIFIED: nothing vouches for this system\n");
        return;
    }
    print(out, "  signed    version %llu, by the %s key pair: ", (unsigned long long)verification->rollback_index,
          key_status_name(verification->key_status));
    show_key(out, verification->lattice_algorithm, sizeof(verification->lattice_algorithm),
             verification->lattice_key_id, KEY_ID_SUMMARY);
    print(out, ", ");
    show_key(out, verification->hash_based_algorithm, sizeof(verification->hash_based_algorithm),
             verification->hash_based_key_id, KEY_ID_SUMMARY);
    print(out, "\n");
    show_warnings(out, verification);
}

void show_verification(struct text_output *out, const struct hardware_info *hardware)
{
    const struct hardware_verification *verification = &hardware->verification;
    print(out, "Signatures: ");
    if (verification->key_status == 0) {
        print(out, "NOT VERIFIED: nothing vouches for this system\n");
        return;
    }
    print(out, "by the %s key pair of trust anchor %llu\n  ", key_status_name(verification->key_status),
          (unsigned long long)verification->trust_serial);
    show_key(out, verification->lattice_algorithm, sizeof(verification->lattice_algorithm),
             verification->lattice_key_id, KEY_ID_SIZE);
    print(out, "\n  ");
    show_key(out, verification->hash_based_algorithm, sizeof(verification->hash_based_algorithm),
             verification->hash_based_key_id, KEY_ID_SIZE);
    print(out, "\n  version        %llu\n", (unsigned long long)verification->rollback_index);
    if (verification->creation_time != 0) {
        print(out, "  created        %llu seconds after 1970\n", (unsigned long long)verification->creation_time);
    }
    show_warnings(out, verification);
}
