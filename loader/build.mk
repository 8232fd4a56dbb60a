# SPDX-License-Identifier: BSD-2-Clause
# The loader: on x86-64 started by Multiboot 1, Multiboot 2 or PVH, on AArch64 like a Linux Image or by UEFI.
# systems/build.mk makes build/loader.elf (.img) of build/loader-template.elf (.img), with a trust anchor.

# --- Device trees: with libfdt, base/build.mk ---

DEVICE_TREE_SOURCES := $(addprefix loader/arch/aarch64/,device_tree.c device_tree_nodes.c device_tree_gic.c \
	device_tree_hardware.c device_tree_random.c)
$(foreach s,$(DEVICE_TREE_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $s)) += $(LIBFDT_INCLUDES)))
$(foreach k,loader unit_aarch64 fuzz_aarch64,$(call objects,$k,$(DEVICE_TREE_SOURCES))): $(LIBFDT).stamp

# --- Sources ---

# Pure: also compiled into host tests. First the portable part, then that of each architecture.
LOADER_PORTABLE_PURE_SOURCES := $(addprefix loader/src/,boot_source.c memory_map.c \
	free_memory.c trust.c payload.c plan.c elf.c bind.c acpi_tables.c pci.c \
	tpm_find.c tpm_fifo.c tpm_crb.c tpm_command.c tpm_pcr.c tpm_nv.c tpm_random.c rollback.c measured_boot.c \
	entropy.c) crypto/src/seed.c
LOADER_PURE_SOURCES_x86_64 := $(LOADER_PORTABLE_PURE_SOURCES) $(addprefix loader/arch/x86_64/,multiboot1.c \
	multiboot2.c pvh.c boot_memory_kind.c acpi_read.c acpi_madt.c acpi_fadt.c clock.c \
	multiboot2_header.c multiboot2_write.c foreign_places.c)
# What boot loaders and firmware tell.
LOADER_MACHINE_SOURCES_aarch64 := $(DEVICE_TREE_SOURCES) $(LIBFDT_SOURCES) \
	$(addprefix loader/arch/aarch64/,acpi_read.c acpi_madt.c uefi_time.c uefi_memory.c) \
	$(addprefix loader/src/,boot_source.c memory_map.c acpi_tables.c)
LOADER_PURE_SOURCES_aarch64 := $(sort $(LOADER_PORTABLE_PURE_SOURCES) $(LOADER_MACHINE_SOURCES_aarch64))
LOADER_PURE_SOURCES := $(LOADER_PURE_SOURCES_x86_64)
LOADER_SOURCES := $(sort $(LOADER_PURE_SOURCES_$(ARCH)) $(addprefix loader/src/,main.c hardware.c start.c foreign.c report.c \
	trusted_platform.c pci_ecam.c entropy_sources.c) \
	$(wildcard loader/arch/$(ARCH)/*.S loader/arch/$(ARCH)/*.c)) \
	$(CRYPTO_VERIFY_SOURCES) $(CRYPTO_ENTROPY_SOURCES) $(BASE_SOURCES)
LOADER_LINKER_SCRIPT := loader/arch/$(ARCH)/loader.ld

LOADER_TESTS := $(wildcard tests/unit/loader/*.c tests/unit/loader/aarch64/*.c) tests/fuzz/loader_boot_aarch64_fuzz.c tests/fuzz/loader_payload_fuzz.c tests/fuzz/loader_boot_fuzz.c \
	tests/fuzz/tpm_answers_fuzz.c
$(foreach s,$(filter loader/%,$(sort $(LOADER_SOURCES) $(LOADER_PURE_SOURCES_x86_64) $(LOADER_PURE_SOURCES_aarch64))) \
	$(LOADER_TESTS),$(eval CFLAGS_$(subst /,_,$(basename $s)) += \
	-Iloader/include -Iloader/arch/@ARCH@/include -Icrypto/include))

# build/loader-template.elf or .img: what boots, but for the trust anchor.
LOADER_TEMPLATE := $(BUILD)/loader-template.$(LOADER_SUFFIX)
LOADER := $(BUILD)/loader.$(LOADER_SUFFIX)

# Boot loaders for 32-bit entry points want a 32-bit ELF file; the code in it is 64-bit.
$(BUILD)/loader-template.elf: $(BUILD)/loader64.elf
	@echo "  OBJCOPY $@"
	@$(OBJCOPY) -O elf32-i386 --strip-debug $< $@

$(BUILD)/loader-template.img: $(BUILD)/loader64.elf
	@echo "  OBJCOPY $@"
	@$(OBJCOPY) -O binary $< $@

# AArch64's relocates itself (loader/arch/aarch64/entry.S).
LOADER_LINK_x86_64 := -static -no-pie
LOADER_LINK_aarch64 := -static -no-pie -Wl,-pie,--no-dynamic-linker,-Bsymbolic

LOADER_OBJECTS := $(call objects,loader,$(LOADER_SOURCES))
$(BUILD)/loader64.elf: $(LOADER_OBJECTS) $(LOADER_LINKER_SCRIPT)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib $(LOADER_LINK_$(ARCH)) -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,--gc-sections -Wl,--fatal-warnings -T $(LOADER_LINKER_SCRIPT) $(LOADER_OBJECTS) -o $@

# The kernel of the loader's system tests, which reports what it was given.
LOADER_TEST_KERNEL_OBJECTS := $(call objects,kernel,$(addprefix tests/system/loader/,kernel.c \
	arch/$(ARCH)/kernel_entry.S arch/$(ARCH)/kernel_arch.c) $(BASE_SOURCES))
$(BUILD)/tests/loader_kernel.elf: $(LOADER_TEST_KERNEL_OBJECTS) tests/system/loader/arch/$(ARCH)/kernel.ld
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,--fatal-warnings -T tests/system/loader/arch/$(ARCH)/kernel.ld $(LOADER_TEST_KERNEL_OBJECTS) -o $@
# Another kernel than ours, which reports how it was entered.
LOADER_TEST_FOREIGN_OBJECTS := $(call objects,kernel,$(addprefix tests/system/loader/,foreign.c \
	arch/$(ARCH)/foreign_entry.S arch/$(ARCH)/foreign_arch.c) $(BASE_SOURCES))
$(BUILD)/tests/loader_foreign.elf: $(LOADER_TEST_FOREIGN_OBJECTS) tests/system/loader/arch/$(ARCH)/foreign.ld
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,--no-warn-rwx-segments -Wl,--fatal-warnings -T tests/system/loader/arch/$(ARCH)/foreign.ld \
		$(LOADER_TEST_FOREIGN_OBJECTS) -o $@
# Signs what these tests make, right or wrong.
CFLAGS_tests_system_loader_payload_signer := -Icrypto/include
$(HOST_BUILD)/tests/payload_signer: $(call objects,host,tests/system/loader/payload_signer.c $(CRYPTO_VERIFY_SOURCES) \
	$(CRYPTO_SIGNATURE_SOURCES))
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(HOST_CC) $^ -o $@
SYSTEM_TEST_NEEDS += $(BUILD)/tests/loader_kernel.elf $(BUILD)/tests/loader_foreign.elf $(HOST_BUILD)/tests/payload_signer $(LOADER_TEMPLATE)

# Host tests.
# The event log is read by its reader in the manager.
CFLAGS_tests_unit_loader_measured_boot_test += -Iservices/manager
LOADER_TEST_SUPPORT := tests/unit/loader/support.c tests/unit/loader/fake_memory.c tests/unit/loader/fake_tpm.c services/manager/event_log.c \
	$(LOADER_PURE_SOURCES) $(CRYPTO_VERIFY_SOURCES) $(CRYPTO_SIGNATURE_SOURCES)
$(foreach t,$(patsubst tests/unit/loader/%_test.c,%,$(wildcard tests/unit/loader/*_test.c)),\
	$(call unit_test,loader_$t,tests/unit/loader/$t_test.c $(LOADER_TEST_SUPPORT)))

LOADER_TREE_MAKER := tests/unit/loader/aarch64/tree_maker.c
LOADER_TESTS_AARCH64 := $(LOADER_TREE_MAKER) $(wildcard tests/unit/loader/aarch64/device_tree*_test.c) \
	tests/fuzz/loader_boot_aarch64_fuzz.c
$(foreach s,$(LOADER_TESTS_AARCH64),$(eval CFLAGS_$(subst /,_,$(basename $s)) += $(LIBFDT_INCLUDES)))
$(foreach k,unit_aarch64 fuzz_aarch64,$(call objects,$k,$(LOADER_TESTS_AARCH64))): $(LIBFDT).stamp
$(foreach t,$(patsubst tests/unit/loader/aarch64/%_test.c,%,$(wildcard tests/unit/loader/aarch64/*_test.c)),\
	$(call unit_test_aarch64,loader_$t,tests/unit/loader/aarch64/$t_test.c tests/unit/loader/fake_memory.c \
	$(if $(filter device_tree%,$t),$(LOADER_TREE_MAKER)) $(LOADER_MACHINE_SOURCES_aarch64)))

$(call fuzz_target_aarch64,loader_boot_aarch64_fuzz,tests/fuzz/loader_boot_aarch64_fuzz.c \
	$(LOADER_MACHINE_SOURCES_aarch64))
$(call fuzz_target,loader_payload_fuzz,tests/fuzz/loader_payload_fuzz.c $(LOADER_PURE_SOURCES) $(CRYPTO_VERIFY_SOURCES))
$(call fuzz_target,loader_boot_fuzz,tests/fuzz/loader_boot_fuzz.c $(LOADER_PURE_SOURCES) \
	$(CRYPTO_VERIFY_SOURCES))
$(call fuzz_target,tpm_answers_fuzz,tests/fuzz/tpm_answers_fuzz.c $(LOADER_PURE_SOURCES) $(CRYPTO_VERIFY_SOURCES))
