# SPDX-License-Identifier: BSD-2-Clause
# Merkle trees: <crypto/merkle.h>. They want CRYPTO_HASH_SOURCES as well.

CRYPTO_MERKLE_SOURCES := $(addprefix crypto/src/,merkle_nodes.c merkle_build.c merkle_read.c)

$(foreach s,$(CRYPTO_MERKLE_SOURCES) tests/unit/crypto/merkle_test.c, \
	$(eval CFLAGS_$(subst /,_,$(basename $s)) := -Icrypto/include))

$(call unit_test,crypto_merkle,tests/unit/crypto/merkle_test.c $(CRYPTO_MERKLE_SOURCES) $(CRYPTO_HASH_SOURCES))
