# SPDX-License-Identifier: BSD-2-Clause
# The host command `skyscope`.

TOOL_SOURCES := $(sort $(wildcard tool/src/*.c))
# All of it that tests can call: without main() and the commands.
TOOL_LIBRARY_SOURCES := $(filter-out tool/src/main.c tool/src/command_%.c,$(TOOL_SOURCES)) $(CRYPTO_HASH_SOURCES)
TOOL_TEST_SOURCES := $(sort $(wildcard tests/unit/tool/*_test.c))
TOOL_CFLAGS := -Itool/include -Itool/src -Icrypto/include -isystem /usr/include/libxml2
TOOL_LIBS := -lxml2 -lelf

$(foreach source,$(TOOL_SOURCES) $(TOOL_TEST_SOURCES) tests/fuzz/system_file_fuzz.c tests/fuzz/payload_fuzz.c, \
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(TOOL_CFLAGS)))

$(BUILD)/bin/skyscope: $(call objects,host,$(TOOL_SOURCES) $(CRYPTO_HASH_SOURCES))
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $^ $(TOOL_LIBS) -o $@

$(foreach source,$(TOOL_TEST_SOURCES), \
	$(call unit_test,tool_$(notdir $(basename $(source))),$(source) $(TOOL_LIBRARY_SOURCES),$(TOOL_LIBS)))
$(call fuzz_target,system_file,tests/fuzz/system_file_fuzz.c $(TOOL_LIBRARY_SOURCES),$(TOOL_LIBS))
$(call fuzz_target,payload,tests/fuzz/payload_fuzz.c $(TOOL_LIBRARY_SOURCES),$(TOOL_LIBS))
