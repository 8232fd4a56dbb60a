# SPDX-License-Identifier: BSD-2-Clause
# ChaCha20-Poly1305 (RFC 8439), of BearSSL: <bearssl_block.h>, br_poly1305_ctmulq_run() with br_chacha20_ct_run().

CRYPTO_AEAD_SOURCES := $(addprefix $(BEARSSL)/src/,symcipher/chacha20_ct.c symcipher/poly1305_ctmulq.c)
$(call bearssl_sources,$(CRYPTO_AEAD_SOURCES))
# Keys and nonces in a file or message lie at any address.
$(foreach s,$(CRYPTO_AEAD_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $s)) += -DBR_LE_UNALIGNED=0))
