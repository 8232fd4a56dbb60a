# SPDX-License-Identifier: BSD-2-Clause
# <crypto/image_hash.h>; wants CRYPTO_HASH_SOURCES as well.

CRYPTO_IMAGE_HASH_SOURCES := crypto/src/image_hash.c crypto/src/sha512_constants.c \
	crypto/arch/@ARCH@/sha512_lanes.c crypto/arch/@ARCH@/sha512_lanes_usable.c

CFLAGS_crypto_src_image_hash := -Icrypto/include -idirafter crypto/freestanding
# AVX2 in this file only; sha512_lanes_usable() guards it.
CFLAGS_crypto_arch_x86_64_sha512_lanes := -O3 -mavx2 -idirafter crypto/freestanding
CFLAGS_crypto_arch_aarch64_sha512_lanes := -idirafter crypto/freestanding

CFLAGS_tests_unit_crypto_image_hash_test := -Icrypto/include
$(call unit_test,crypto_image_hash,tests/unit/crypto/image_hash_test.c $(CRYPTO_IMAGE_HASH_SOURCES) \
	$(CRYPTO_HASH_SOURCES))
