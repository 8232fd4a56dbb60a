# SPDX-License-Identifier: BSD-2-Clause
# Rules that the rooms' build.mk files call.

# $(call objects,KIND,SOURCES): the object files of SOURCES compiled for KIND.
objects = $(patsubst %,$(BUILD)/$(1)/%.o,$(basename $(2)))

# $(call compile_rules,KIND,CFLAGS): how to compile .c and .S for KIND.
define compile_rules
$(BUILD)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC  [$(1)] $$<"
	@$$(CC) $(2) $$(CFLAGS_$$(subst /,_,$$(basename $$<))) -c $$< -o $$@
$(BUILD)/$(1)/%.o: %.S
	@mkdir -p $$(@D)
	@echo "  AS  [$(1)] $$<"
	@$$(CC) $(2) -D__ASSEMBLER__ -c $$< -o $$@
endef

$(eval $(call compile_rules,kernel,$(KERNEL_CFLAGS)))
$(eval $(call compile_rules,loader,$(LOADER_CFLAGS)))
$(eval $(call compile_rules,pd,$(PD_CFLAGS)))
$(eval $(call compile_rules,host,$(HOST_CFLAGS)))
$(eval $(call compile_rules,unit,$(UNIT_CFLAGS)))
$(eval $(call compile_rules,fuzz,$(FUZZ_CFLAGS)))
$(BUILD)/fuzz/%.o: CC := $(CLANG)

BASE_SOURCES := base/src/memory.c base/src/format.c base/arch/$(ARCH)/memory_arch.c

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
# build/unit/NAME, run by `make unit`.
define unit_test_rules
$(BUILD)/unit/$(1): $(call objects,unit,$(2))
	@mkdir -p $$(@D)
	@echo "  LD  $$@"
	@$$(CC) -fsanitize=address,undefined $$^ -lcmocka $(3) -o $$@
UNIT_TESTS += $(BUILD)/unit/$(1)
endef
unit_test = $(eval $(call unit_test_rules,$(strip $(1)),$(strip $(2)),$(strip $(3))))

# $(call fuzz_target,NAME,SOURCES,LIBRARIES): a libFuzzer program, build/fuzz/NAME,
# run by `make fuzz`. Seeds, if any, are in tests/fuzz/corpus/NAME/.
define fuzz_target_rules
$(BUILD)/fuzz/$(1): $(call objects,fuzz,$(2))
	@mkdir -p $$(@D)
	@echo "  LD  $$@"
	@$$(CLANG) -fsanitize=fuzzer,address,undefined $$^ $(3) -o $$@
FUZZ_TARGETS += $(BUILD)/fuzz/$(1)
endef
fuzz_target = $(eval $(call fuzz_target_rules,$(strip $(1)),$(strip $(2)),$(strip $(3))))
