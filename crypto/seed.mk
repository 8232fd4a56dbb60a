# SPDX-License-Identifier: BSD-2-Clause
# Seeds: <crypto/seed.h>. They want CRYPTO_HASH_SOURCES as well.

CRYPTO_SEED_SOURCES := crypto/src/seed.c $(BEARSSL_HMAC_SOURCES)

CFLAGS_crypto_src_seed := -Icrypto/include $(BEARSSL_INCLUDES)
$(foreach k,$(CRYPTO_KINDS),$(call objects,$k,crypto/src/seed.c)): $(BEARSSL).stamp

CFLAGS_tests_unit_crypto_seed_test := -Icrypto/include
$(call unit_test,crypto_seed,tests/unit/crypto/seed_test.c $(CRYPTO_SEED_SOURCES) $(CRYPTO_HASH_SOURCES))
