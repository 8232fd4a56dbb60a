# SPDX-License-Identifier: BSD-2-Clause
# Random numbers, key encapsulation, the sealed channel.
#
#   CRYPTO_RANDOM_SOURCES        <crypto/random.h>; wants CRYPTO_HASH_SOURCES, and one of
#   CRYPTO_ENTROPY_HOST_SOURCES    on Linux
#   CRYPTO_ENTROPY_SOURCES         on the bare machine
#   CRYPTO_SEAL_SOURCES          <crypto/seal.h>, <crypto/armour.h>; all that they want, but for entropy

CRYPTO_ENTROPY_HOST_SOURCES := crypto/src/random_entropy_host.c
CRYPTO_ENTROPY_SOURCES := crypto/arch/@ARCH@/random_entropy.c

BEARSSL_RANDOM_SOURCES := $(addprefix $(BEARSSL)/src/,rand/hmac_drbg.c)
BEARSSL_SEAL_SOURCES := $(addprefix $(BEARSSL)/src/,kdf/hkdf.c ec/ec_c25519_m31.c codec/ccopy.c)
$(call bearssl_sources,$(BEARSSL_RANDOM_SOURCES) $(BEARSSL_SEAL_SOURCES))

CRYPTO_RANDOM_SOURCES := crypto/src/random.c $(BEARSSL_RANDOM_SOURCES) $(BEARSSL_HMAC_SOURCES)
CRYPTO_SEAL_SOURCES := $(sort crypto/src/seal.c crypto/src/seal_record.c crypto/src/armour.c $(BEARSSL_SEAL_SOURCES) \
	$(CRYPTO_AEAD_SOURCES) $(CRYPTO_KEM_SOURCES) $(CRYPTO_RANDOM_SOURCES) $(CRYPTO_HASH_SOURCES))

SEAL_OWN_SOURCES := $(addprefix crypto/src/,kem.c random.c seal.c seal_record.c armour.c) $(CRYPTO_ENTROPY_HOST_SOURCES) \
	$(wildcard crypto/arch/*/random_entropy.c)
SEAL_TESTS := $(addprefix tests/unit/crypto/,kem_test.c random_test.c seal_test.c armour_test.c) \
	$(addprefix tests/fuzz/,seal_fuzz.c armour_fuzz.c)
$(foreach s,$(SEAL_OWN_SOURCES) $(SEAL_TESTS),$(eval CFLAGS_$(subst /,_,$(basename $s)) := -Icrypto/include \
	$(BEARSSL_INCLUDES)))
$(foreach k,$(CRYPTO_KINDS),$(call objects,$k,$(SEAL_OWN_SOURCES) $(CRYPTO_ENTROPY_SOURCES) $(SEAL_TESTS))): $(BEARSSL).stamp

$(call unit_test,crypto_kem,tests/unit/crypto/kem_test.c $(CRYPTO_KEM_SOURCES) $(CRYPTO_HASH_SOURCES))
$(call unit_test,crypto_random,tests/unit/crypto/random_test.c $(CRYPTO_RANDOM_SOURCES) $(CRYPTO_HASH_SOURCES) \
	$(CRYPTO_ENTROPY_SOURCES))
$(call unit_test,crypto_seal,tests/unit/crypto/seal_test.c $(CRYPTO_SEAL_SOURCES))
$(call unit_test,crypto_armour,tests/unit/crypto/armour_test.c crypto/src/armour.c)
$(call fuzz_target,seal,tests/fuzz/seal_fuzz.c $(CRYPTO_SEAL_SOURCES))
$(call fuzz_target,armour,tests/fuzz/armour_fuzz.c crypto/src/armour.c)

# The same objects as in protection domains, in a host program (tests/interop/test_seal_stack.py).
ifeq ($(ARCH),$(HOST_ARCH))
CFLAGS_tests_interop_seal_stack := -Icrypto/include -fno-pie
$(BUILD)/tests/seal_stack: $(call objects,host,tests/interop/seal_stack.c) $(call objects,pd,$(CRYPTO_SEAL_SOURCES))
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -static -no-pie $^ -o $@
TOOL_TEST_NEEDS += $(BUILD)/tests/seal_stack
endif
