# SPDX-License-Identifier: BSD-2-Clause
# Cryptography: our interfaces on BearSSL's and PQClean's code. A program that uses
# one of them links $(call objects,KIND,SOURCES) for KIND loader, pd, host, unit,
# fuzz, unit_aarch64 or fuzz_aarch64, with these SOURCES, each of which wants those before it as well:
#
#   CRYPTO_HASH_SOURCES               <crypto/hash.h>, <crypto/wipe.h>
#   CRYPTO_SIGNATURE_VERIFY_SOURCES   of <crypto/signature.h> all but making keys and signatures
#   CRYPTO_SIGNATURE_SOURCES          those two; wants CRYPTO_SIGNATURE_VERIFY_SOURCES as well
#   CRYPTO_KEM_SOURCES                <crypto/kem.h>; wants CRYPTO_HASH_SOURCES only
#
# and compiles with -Icrypto/include. $(sort ...) drops what is named twice.

CRYPTO_KINDS := loader pd host unit fuzz unit_aarch64 fuzz_aarch64

# --- BearSSL ---

BEARSSL := third_party/download/bearssl
BEARSSL_INCLUDES := -isystem $(BEARSSL)/inc -idirafter crypto/freestanding
BEARSSL_HASH_SOURCES := $(addprefix $(BEARSSL)/src/,hash/sha2big.c hash/sha2small.c codec/dec32be.c codec/enc32be.c \
	codec/dec64be.c codec/enc64be.c)
BEARSSL_HMAC_SOURCES := $(addprefix $(BEARSSL)/src/,mac/hmac.c hash/dig_size.c)

# $(call bearssl_sources,SOURCES): lets SOURCES of BearSSL be compiled; upstream's code, so upstream's warnings.
# -O3 unrolls the rounds: the loader hashes everything it starts.
bearssl_flags = $(eval CFLAGS_$(subst /,_,$(basename $1)) := -w -O3 -funroll-loops -I $(BEARSSL)/src $(BEARSSL_INCLUDES))
bearssl_sources = $(foreach s,$1,$(call bearssl_flags,$s))$(eval $1: $(BEARSSL).stamp ;)
$(call bearssl_sources,$(BEARSSL_HASH_SOURCES) $(BEARSSL_HMAC_SOURCES))

# --- PQClean ---

PQCLEAN := third_party/download/npm/node_modules/pqclean/deps/PQClean
PQCLEAN_STAMP := third_party/download/npm/node_modules/pqclean.stamp

# Keccak's permutation and sponge: the part of upstream's fips202.c in front of its
# interface, which allocates each state. crypto/src/keccak.c includes it.
KECCAK_SPONGE := $(HOST_BUILD)/crypto/keccak_sponge.h
$(KECCAK_SPONGE): $(PQCLEAN_STAMP)
	@mkdir -p $(@D)
	@sed -e '/^void shake128_inc_init/,$$d' -e '/^#include/d' $(PQCLEAN)/common/fips202.c >$@

# Our sha2.h, fips202.h and randombytes.h come in front of PQClean's.
PQCLEAN_INCLUDES := -Icrypto/src/pqclean -isystem $(PQCLEAN)/common $(BEARSSL_INCLUDES)

# $(call pqclean_sources,SOURCES): the same for SOURCES of PQClean.
pqclean_flags = $(eval CFLAGS_$(subst /,_,$(basename $1)) := -w -O3 $(PQCLEAN_INCLUDES))
pqclean_sources = $(foreach s,$1,$(call pqclean_flags,$s))$(eval $1: $(PQCLEAN_STAMP) $(BEARSSL).stamp ;)

ML_DSA_SOURCES := $(foreach set,65 87,$(addprefix $(PQCLEAN)/crypto_sign/ml-dsa-$(set)/clean/,\
	ntt.c packing.c poly.c polyvec.c reduce.c rounding.c sign.c symmetric-shake.c))
ML_KEM_SOURCES := $(foreach set,768 1024,$(addprefix $(PQCLEAN)/crypto_kem/ml-kem-$(set)/clean/,\
	cbd.c indcpa.c kem.c ntt.c poly.c polyvec.c reduce.c symmetric-shake.c verify.c))

# $(call slh_dsa_directory,SET): where PQClean has the parameter set SET, named as in crypto/src/slh_dsa/SET.c.
slh_dsa_directory = $(PQCLEAN)/crypto_sign/sphincs-$(subst _,-,$1)-simple/clean
SLH_DSA_SETS := sha2_128s sha2_192s sha2_256s shake_128s shake_192s shake_256s
# Of PQClean all but sign.c and fors.c, in whose place are crypto/src/slh_dsa/*.h.
SLH_DSA_PQCLEAN_SOURCES := $(foreach set,$(SLH_DSA_SETS),$(addprefix $(call slh_dsa_directory,$(set))/,\
	address.c merkle.c utils.c utilsx1.c wots.c wotsx1.c \
	$(foreach hash,$(firstword $(subst _, ,$(set))),context_$(hash).c hash_$(hash).c thash_$(hash)_simple.c)))
SLH_DSA_SOURCES := $(SLH_DSA_SETS:%=crypto/src/slh_dsa/%.c)

$(call pqclean_sources,$(ML_DSA_SOURCES) $(ML_KEM_SOURCES) $(SLH_DSA_PQCLEAN_SOURCES))

# --- Ours ---

CRYPTO_HASH_SOURCES := $(addprefix crypto/src/,hash.c hash_sha3.c keccak.c wipe.c) $(BEARSSL_HASH_SOURCES)
# The linker leaves out what signing alone needs, where it may (--gc-sections).
CRYPTO_SIGNATURE_VERIFY_SOURCES := crypto/src/signature.c $(SLH_DSA_SOURCES) $(ML_DSA_SOURCES) \
	$(SLH_DSA_PQCLEAN_SOURCES) $(BEARSSL_HMAC_SOURCES) crypto/src/pqclean_random.c
CRYPTO_SIGNATURE_SOURCES := crypto/src/signature_sign.c
CRYPTO_KEM_SOURCES := crypto/src/kem.c $(ML_KEM_SOURCES) crypto/src/pqclean_random.c

$(foreach s,hash signature signature_sign,$(eval CFLAGS_crypto_src_$s := -Icrypto/include \
	-isystem $(PQCLEAN)/crypto_sign $(BEARSSL_INCLUDES)))
$(foreach s,hash_sha3 wipe pqclean_random,$(eval CFLAGS_crypto_src_$s := -Icrypto/include -idirafter crypto/freestanding))
CFLAGS_crypto_src_keccak := -O3 -isystem $(dir $(KECCAK_SPONGE)) -idirafter crypto/freestanding
$(foreach set,$(SLH_DSA_SETS),$(eval CFLAGS_crypto_src_slh_dsa_$(set) := -Icrypto/include -Icrypto/src/pqclean \
	-isystem $(call slh_dsa_directory,$(set)) -isystem $(PQCLEAN)/common $(BEARSSL_INCLUDES)))

$(foreach k,$(CRYPTO_KINDS),$(call objects,$k,$(SLH_DSA_SOURCES) $(addprefix crypto/src/,hash.c signature.c \
	signature_sign.c))): $(BEARSSL).stamp $(PQCLEAN_STAMP)
$(foreach k,$(CRYPTO_KINDS),$(call objects,$k,crypto/src/keccak.c)): $(KECCAK_SPONGE)

# --- Tests ---

$(foreach t,hash wipe signature,$(eval CFLAGS_tests_unit_crypto_$t_test := -Icrypto/include))
$(call unit_test,crypto_hash,tests/unit/crypto/hash_test.c $(CRYPTO_HASH_SOURCES))
$(call unit_test,crypto_wipe,tests/unit/crypto/wipe_test.c crypto/src/wipe.c)
$(call unit_test,crypto_signature,tests/unit/crypto/signature_test.c $(CRYPTO_HASH_SOURCES) \
	$(CRYPTO_SIGNATURE_VERIFY_SOURCES) $(CRYPTO_SIGNATURE_SOURCES))
CFLAGS_tests_fuzz_signature_fuzz := -Icrypto/include
$(call fuzz_target,signature,tests/fuzz/signature_fuzz.c $(CRYPTO_HASH_SOURCES) $(CRYPTO_SIGNATURE_VERIFY_SOURCES) \
	$(CRYPTO_SIGNATURE_SOURCES))

LINT_NEEDS += $(BEARSSL).stamp $(PQCLEAN_STAMP) $(KECCAK_SPONGE)

# The parts that build on these.
include $(sort $(filter-out crypto/build.mk,$(wildcard crypto/*.mk)))
