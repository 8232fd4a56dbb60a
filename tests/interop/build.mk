# SPDX-License-Identifier: BSD-2-Clause
# Our cryptography against published test vectors and against an independent
# implementation. crypto_cli offers it to the tests in Python: built as in a host
# program, and, slower, under the address and undefined-behaviour sanitizers.

CRYPTO_CLI_SOURCES := $(sort $(wildcard tests/interop/crypto_cli*.c))
CRYPTO_CLI_NEEDS := $(sort $(CRYPTO_HASH_SOURCES) $(CRYPTO_SIGNATURE_VERIFY_SOURCES) $(CRYPTO_SIGNATURE_SOURCES) \
	$(CRYPTO_KEM_SOURCES) $(CRYPTO_SEAL_SOURCES) $(CRYPTO_ENTROPY_HOST_SOURCES))
# See tests/interop/crypto_cli_signature.c.
CRYPTO_CLI_LDFLAGS := -Wl,--wrap=keccak_absorb_bytes

$(foreach s,$(CRYPTO_CLI_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $s)) := -Icrypto/include))

$(HOST_BUILD)/tests/crypto_cli: $(call objects,host,$(CRYPTO_CLI_SOURCES) $(CRYPTO_CLI_NEEDS))
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(HOST_CC) $(CRYPTO_CLI_LDFLAGS) $^ -o $@
$(HOST_BUILD)/tests/crypto_cli_sanitized: $(call objects,unit,$(CRYPTO_CLI_SOURCES) $(CRYPTO_CLI_NEEDS))
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(HOST_CC) -fsanitize=address,undefined $(CRYPTO_CLI_LDFLAGS) $^ -o $@

TOOL_TEST_NEEDS += $(HOST_BUILD)/tests/crypto_cli $(HOST_BUILD)/tests/crypto_cli_sanitized \
	third_party/download/npm/node_modules/@noble/hashes.stamp third_party/download/npm/node_modules/@noble/post-quantum.stamp

# The same objects as in the loader, in a host program.
ifeq ($(ARCH),$(HOST_ARCH))
SIGNATURE_STACK_OBJECTS := $(call objects,loader,$(sort $(CRYPTO_HASH_SOURCES) $(CRYPTO_SIGNATURE_VERIFY_SOURCES) \
	$(CRYPTO_SIGNATURE_SOURCES)))
CFLAGS_tests_interop_signature_stack := -Icrypto/include -fno-pie
$(BUILD)/tests/signature_stack: $(call objects,host,tests/interop/signature_stack.c) $(SIGNATURE_STACK_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -static -no-pie $^ -o $@
TOOL_TEST_NEEDS += $(BUILD)/tests/signature_stack
endif
