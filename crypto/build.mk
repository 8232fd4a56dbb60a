# SPDX-License-Identifier: BSD-2-Clause
# Cryptography: our interfaces on BearSSL's code. A program that hashes links
# $(call objects,KIND,$(CRYPTO_HASH_SOURCES)) and has -Icrypto/include.

BEARSSL_HASH_SOURCES := $(addprefix third_party/download/bearssl/src/,hash/sha2big.c codec/dec64be.c codec/enc64be.c)
CRYPTO_HASH_SOURCES := crypto/src/hash.c $(BEARSSL_HASH_SOURCES)

BEARSSL_INCLUDES := -isystem third_party/download/bearssl/inc -idirafter crypto/freestanding

CFLAGS_crypto_src_hash := -Icrypto/include $(BEARSSL_INCLUDES)
# Upstream's code with upstream's warnings. -O3 unrolls the rounds: the loader hashes everything it starts.
$(foreach s,$(BEARSSL_HASH_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $s)) := \
	-w -O3 -funroll-loops -I third_party/download/bearssl/src $(BEARSSL_INCLUDES)))

$(BEARSSL_HASH_SOURCES): third_party/download/bearssl.stamp ;
$(foreach k,loader host unit,$(call objects,$k,crypto/src/hash.c)): third_party/download/bearssl.stamp

CFLAGS_tests_unit_crypto_hash_test := -Icrypto/include
$(call unit_test,crypto_hash,tests/unit/crypto/hash_test.c $(CRYPTO_HASH_SOURCES))

LINT_NEEDS += third_party/download/bearssl.stamp

include crypto/manifest.mk
