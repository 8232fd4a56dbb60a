# SPDX-License-Identifier: BSD-2-Clause
# The host command `skyscope`.

# Partitions it reads as the storage service does.
TOOL_SOURCES := $(sort $(wildcard tool/src/*.c services/storage/partition*.c))
TOOL_CRYPTO_SOURCES := $(sort $(CRYPTO_VERIFY_SOURCES) $(CRYPTO_SIGNATURE_SOURCES) $(CRYPTO_SEAL_SOURCES) \
	$(CRYPTO_MERKLE_SOURCES))
# All of it that tests can call: without main(), the commands and what reports as they do.
TOOL_LIBRARY_SOURCES := $(filter-out $(addprefix tool/src/,main.c command_%.c boot_%.c efi_%.c),$(TOOL_SOURCES)) $(TOOL_CRYPTO_SOURCES)
TOOL_TEST_SOURCES := $(sort $(wildcard tests/unit/tool/*_test.c))
TOOL_CFLAGS := -Itool/include -Itool/src -Iservices/storage -Icrypto/include -isystem /usr/include/libxml2
TOOL_LIBS := -lxml2 -lelf -largon2 -lfdisk -lfdt -llz4 -lpthread

$(foreach source,$(filter tool/%,$(TOOL_SOURCES)) $(TOOL_TEST_SOURCES) tests/fuzz/system_file_fuzz.c tests/fuzz/payload_fuzz.c \
	tests/fuzz/key_file_fuzz.c, $(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(TOOL_CFLAGS)))
# Formats in the way of crypto/, and BearSSL's cipher.
CFLAGS_tool_src_key_file += -Icrypto/src
CFLAGS_tool_src_key_cipher += $(BEARSSL_INCLUDES)
$(foreach k,host unit fuzz,$(call objects,$k,tool/src/key_cipher.c)): $(BEARSSL).stamp

$(HOST_BUILD)/bin/skyscope: $(call objects,host,$(TOOL_SOURCES) $(TOOL_CRYPTO_SOURCES))
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(HOST_CC) $^ $(TOOL_LIBS) -o $@

$(foreach source,$(TOOL_TEST_SOURCES), \
	$(call unit_test,tool_$(notdir $(basename $(source))),$(source) $(TOOL_LIBRARY_SOURCES),$(TOOL_LIBS)))
$(call fuzz_target,system_file,tests/fuzz/system_file_fuzz.c $(TOOL_LIBRARY_SOURCES),$(TOOL_LIBS))
$(call fuzz_target,payload,tests/fuzz/payload_fuzz.c $(TOOL_LIBRARY_SOURCES),$(TOOL_LIBS))
# What fuzzing starts from is of the present format.
FUZZ_PAYLOADS := $(HOST_BUILD)/fuzz/seeds/stamp
$(FUZZ_PAYLOADS): tests/fuzz/make_payload_seeds.py tests/tool/elf_maker.py $(HOST_BUILD)/bin/skyscope
	@tests/fuzz/make_payload_seeds.py $(HOST_BUILD)/bin/skyscope $(@D)
	@touch $@
$(HOST_BUILD)/fuzz/payload $(HOST_BUILD)/fuzz/loader_payload_fuzz: | $(FUZZ_PAYLOADS)
$(call fuzz_target,key_file,tests/fuzz/key_file_fuzz.c $(TOOL_LIBRARY_SOURCES),$(TOOL_LIBS))

# GRUB for AArch64's UEFI, for bootable images: Debian has it for that architecture only.
GRUB_aarch64 := $(HOST_BUILD)/aarch64/grub/arm64-efi/linux.mod
$(GRUB_aarch64): tool/fetch_grub.sh
	@echo "  GET grub-efi-arm64-bin"
	@tool/fetch_grub.sh grub-efi-arm64-bin arm64 $(HOST_BUILD)/aarch64/grub
	@touch $@
# Tests of the tool make images for both, and start a kernel with a guest's device tree.
TOOL_TEST_NEEDS += $(GRUB_aarch64) $(if $(filter aarch64,$(ARCH)),$(BUILD)/guest/vmlinuz)
# What `skyscope iso` and `disk` need besides installed packages.
IMAGE_NEEDS := $(GRUB_$(ARCH))
$(foreach s,$(SYSTEMS),$(eval $(BUILD)/systems/$s/$s.iso: | $(IMAGE_NEEDS)))
