# SPDX-License-Identifier: BSD-2-Clause
# Manifests and trust anchors. They need what signatures need.

CRYPTO_MANIFEST_SOURCES := $(addprefix crypto/src/,manifest_parse.c manifest_write.c manifest_verify.c trust_anchor.c)

$(foreach s,$(CRYPTO_MANIFEST_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $s)) := -Icrypto/include))
