# SPDX-License-Identifier: BSD-2-Clause
# The host command `skyscope`.

TOOL_LIBRARY_SOURCES := $(filter-out tool/src/main.c tool/src/command_%.c,$(sort $(wildcard tool/src/*.c)))
TOOL_SOURCES := $(sort $(wildcard tool/src/*.c))
TOOL_CFLAGS := -Itool/include -Icrypto/include -isystem /usr/include/libxml2
TOOL_LIBS := -lxml2 -lelf

$(foreach source,$(TOOL_SOURCES) $(wildcard tests/unit/tool/*.c tests/fuzz/system_file_fuzz.c tests/fuzz/payload_fuzz.c), \
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(TOOL_CFLAGS)))

TOOL_OBJECTS := $(call objects,host,$(TOOL_SOURCES) $(CRYPTO_HASH_SOURCES))

$(BUILD)/bin/skyscope: $(TOOL_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $^ $(TOOL_LIBS) -o $@
