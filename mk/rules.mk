# SPDX-License-Identifier: BSD-2-Clause
# Rules that the rooms' build.mk files call.
#
# A kind of program says which compiler and flags are used. What runs on ARCH
# (kernel, loader, pd, flat guests) is built in $(BUILD), what runs on the machine
# that builds in $(HOST_BUILD): host, and the tests' kinds unit and fuzz, and
# unit_aarch64 and fuzz_aarch64, in which sources for AArch64 that need no assembly
# run on the host.
#
# In lists of sources and in flags, @ARCH@ stands for the architecture that a kind
# is compiled for: abi/arch/@ARCH@ is abi/arch/aarch64 in kind unit_aarch64, and
# abi/arch/x86_64 in kind unit, whatever ARCH is.

HOST_KINDS := host unit fuzz unit_aarch64 fuzz_aarch64
kind_build = $(if $(filter $(HOST_KINDS),$(1)),$(HOST_BUILD),$(BUILD))
kind_arch = $(if $(filter %_aarch64,$(1)),aarch64,$(if $(filter $(HOST_KINDS),$(1)),$(HOST_ARCH),$(ARCH)))

# $(call objects,KIND,SOURCES): the object files of SOURCES compiled for KIND.
objects = $(patsubst %,$(call kind_build,$(1))/$(1)/%.o,$(basename $(subst @ARCH@,$(call kind_arch,$(1)),$(2))))

# $(call compile_rules,KIND,CFLAGS): how to compile .c and .S for KIND. Flags for one
# source a/b.c are in CFLAGS_a_b, those for it on one architecture in ARCH_CFLAGS_a_b.
define compile_rules
$(call kind_build,$(1))/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC  [$(1)] $$<"
	@$(if $(filter $(HOST_KINDS),$(1)),$$(HOST_CC),$$(CC)) $(subst @ARCH@,$(call kind_arch,$(1)),$(2)) \
		$$(subst @ARCH@,$(call kind_arch,$(1)),$$(CFLAGS_$$(subst /,_,$$(basename $$<)))) \
		$$($(call kind_arch,$(1))_CFLAGS_$$(subst /,_,$$(basename $$<))) -c $$< -o $$@
$(call kind_build,$(1))/$(1)/%.o: %.S
	@mkdir -p $$(@D)
	@echo "  AS  [$(1)] $$<"
	@$(if $(filter $(HOST_KINDS),$(1)),$$(HOST_CC),$$(CC)) $(subst @ARCH@,$(call kind_arch,$(1)),$(2)) \
		-D__ASSEMBLER__ -c $$< -o $$@
endef

$(eval $(call compile_rules,kernel,$(KERNEL_CFLAGS)))
$(eval $(call compile_rules,loader,$(LOADER_CFLAGS)))
$(eval $(call compile_rules,pd,$(PD_CFLAGS)))
$(eval $(call compile_rules,host,$(HOST_CFLAGS)))
$(eval $(call compile_rules,unit,$(UNIT_CFLAGS)))
$(eval $(call compile_rules,fuzz,$(FUZZ_CFLAGS)))
$(eval $(call compile_rules,unit_aarch64,$(UNIT_CFLAGS)))
$(eval $(call compile_rules,fuzz_aarch64,$(FUZZ_CFLAGS)))
$(HOST_BUILD)/fuzz/%.o: HOST_CC := $(CLANG)
$(HOST_BUILD)/fuzz_aarch64/%.o: HOST_CC := $(CLANG)

BASE_SOURCES := base/src/memory.c base/src/format.c base/arch/@ARCH@/memory_arch.c
CFLAGS_base_arch_aarch64_memory_arch := -fno-tree-loop-distribute-patterns

# $(call pd_program,NAME,SOURCES,EXTRA_ARCHIVES): a protection domain's program,
# build/programs/NAME.elf, linked with libmicrokit.
PD_LINKER_SCRIPT := libmicrokit/microkit.ld
define pd_program_rules
$(BUILD)/programs/$(1).elf: $(call objects,pd,$(2)) $(3) $(BUILD)/lib/libmicrokit.a $(PD_LINKER_SCRIPT)
	@mkdir -p $$(@D)
	@echo "  LD  $$@"
	@$$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack \
		-Wl,--gc-sections -Wl,--fatal-warnings -T $(PD_LINKER_SCRIPT) \
		$(call objects,pd,$(2)) -Wl,--start-group $(3) $(BUILD)/lib/libmicrokit.a -Wl,--end-group -o $$@
PROGRAMS += $(BUILD)/programs/$(1).elf
endef
pd_program = $(eval $(call pd_program_rules,$(strip $(1)),$(strip $(2)),$(strip $(3))))

# $(call unit_test,NAME,SOURCES,LIBRARIES): a host unit test with cmocka,
# build/unit/NAME, run by `make unit`. $(call unit_test_aarch64,...): the same of
# sources for AArch64, build/unit_aarch64/NAME.
define unit_test_rules
$(HOST_BUILD)/$(4)/$(1): $(call objects,$(4),$(2))
	@mkdir -p $$(@D)
	@echo "  LD  $$@"
	@$$(HOST_CC) -fsanitize=address,undefined $$^ -lcmocka $(3) -o $$@
$(5) += $(HOST_BUILD)/$(4)/$(1)
endef
unit_test = $(eval $(call unit_test_rules,$(strip $(1)),$(strip $(2)),$(strip $(3)),unit,UNIT_TESTS_x86_64))
unit_test_aarch64 = $(eval $(call \
	unit_test_rules,$(strip $(1)),$(strip $(2)),$(strip $(3)),unit_aarch64,UNIT_TESTS_aarch64))

# $(call fuzz_target,NAME,SOURCES,LIBRARIES): a libFuzzer program, build/fuzz/NAME,
# run by `make fuzz`. Seeds, if any, are in tests/fuzz/corpus/NAME/.
# $(call fuzz_target_aarch64,...): the same of sources for AArch64, build/fuzz_aarch64/NAME.
define fuzz_target_rules
$(HOST_BUILD)/$(4)/$(1): $(call objects,$(4),$(2))
	@mkdir -p $$(@D)
	@echo "  LD  $$@"
	@$$(CLANG) -fsanitize=fuzzer,address,undefined $$^ $(3) -o $$@
$(5) += $(HOST_BUILD)/$(4)/$(1)
endef
fuzz_target = $(eval $(call fuzz_target_rules,$(strip $(1)),$(strip $(2)),$(strip $(3)),fuzz,FUZZ_TARGETS_x86_64))
fuzz_target_aarch64 = $(eval $(call \
	fuzz_target_rules,$(strip $(1)),$(strip $(2)),$(strip $(3)),fuzz_aarch64,FUZZ_TARGETS_aarch64))
