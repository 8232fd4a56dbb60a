# SPDX-License-Identifier: BSD-2-Clause
# Manifests and trust anchors: <crypto/manifest.h>, <crypto/trust_anchor.h>. They
# want CRYPTO_HASH_SOURCES and CRYPTO_SIGNATURE_VERIFY_SOURCES as well.

CRYPTO_MANIFEST_SOURCES := $(addprefix crypto/src/,manifest_parse.c manifest_write.c manifest_verify.c trust_anchor.c)
# All that is needed to say whether a manifest is vouched for, and images are its own.
CRYPTO_VERIFY_SOURCES := $(CRYPTO_MANIFEST_SOURCES) $(CRYPTO_SIGNATURE_VERIFY_SOURCES) $(CRYPTO_IMAGE_HASH_SOURCES) \
	$(CRYPTO_HASH_SOURCES)

MANIFEST_TESTS := tests/unit/crypto/manifest_test.c tests/unit/crypto/trust_anchor_test.c \
	tests/fuzz/manifest_fuzz.c tests/fuzz/trust_anchor_fuzz.c
$(foreach s,$(CRYPTO_MANIFEST_SOURCES) $(MANIFEST_TESTS),$(eval CFLAGS_$(subst /,_,$(basename $s)) := -Icrypto/include))

$(call unit_test,crypto_manifest,tests/unit/crypto/manifest_test.c $(CRYPTO_VERIFY_SOURCES))
$(call unit_test,crypto_trust_anchor,tests/unit/crypto/trust_anchor_test.c $(CRYPTO_VERIFY_SOURCES))
$(call fuzz_target,manifest,tests/fuzz/manifest_fuzz.c $(CRYPTO_VERIFY_SOURCES))
$(call fuzz_target,trust_anchor,tests/fuzz/trust_anchor_fuzz.c $(CRYPTO_VERIFY_SOURCES))
