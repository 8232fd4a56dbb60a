# SPDX-License-Identifier: BSD-2-Clause
# The same programs for seL4, with a Microkit SDK: MICROKIT_SDK=DIRECTORY. Without
# one there is nothing here.
#
# build/ARCH/sel4/BOARD-CONFIG/NAME.elf: linked with the SDK's libmicrokit;
# .../systems/NAME.elf: the Microkit's image of a system, sel4/systems/NAME.system or
# that of systems/NAME.
#
# KERNEL=sel4: make run and make test are about these.

KERNEL          ?= skyscope
MICROKIT_SDK    ?=
MICROKIT_CONFIG ?= release
MICROKIT_BOARD  ?= $(MICROKIT_BOARD_$(ARCH))
MICROKIT_BOARD_aarch64 := qemu_virt_aarch64
MICROKIT_BOARD_x86_64  := x86_64_generic_vtx

ifeq ($(filter $(KERNEL),skyscope sel4),)
$(error KERNEL=$(KERNEL): use skyscope or sel4)
endif
ifeq ($(KERNEL)$(MICROKIT_SDK),sel4)
$(error KERNEL=sel4 needs a Microkit SDK: MICROKIT_SDK=DIRECTORY (docs/sel4.md says where one comes from))
endif
ifneq ($(MICROKIT_SDK),)
# Tests find it there.
export MICROKIT_SDK := $(abspath $(MICROKIT_SDK))
endif

# Either architecture may be built with an SDK that has a board of the other only, unless KERNEL=sel4 asks for it.
ifneq ($(and $(MICROKIT_SDK),$(or $(filter sel4,$(KERNEL)),$(wildcard $(MICROKIT_SDK)/board/$(MICROKIT_BOARD)))),)
SEL4_SDK := $(MICROKIT_SDK)/board/$(MICROKIT_BOARD)/$(MICROKIT_CONFIG)
ifeq ($(wildcard $(SEL4_SDK)/lib/libmicrokit.a),)
$(error There is no Microkit SDK with the board $(MICROKIT_BOARD) and the configuration $(MICROKIT_CONFIG) \
	in MICROKIT_SDK=$(MICROKIT_SDK); its boards: $(notdir $(wildcard $(MICROKIT_SDK)/board/*)))
endif
SEL4_BUILD := $(BUILD)/sel4/$(MICROKIT_BOARD)-$(MICROKIT_CONFIG)

# Headers of the SDK are no better than others' code is: no warnings from them. There
# is nobody to seed a stack canary before main() here.
SEL4_CFLAGS := $(COMMON_CFLAGS) $(FREESTANDING_CFLAGS) $(ARCH_CFLAGS) $(ARCH_PD_CFLAGS) -fno-stack-protector \
	-Isel4/include -Isel4/arch/$(ARCH) -Ivmm/hv/sel4/arch/$(ARCH) -isystem $(SEL4_SDK)/include

define sel4_compile_rules
$(SEL4_BUILD)/objects/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC  [sel4] $$<"
	@$$(CC) $(subst @ARCH@,$(ARCH),$(SEL4_CFLAGS)) \
		$$(subst @ARCH@,$(ARCH),$$(filter-out -Ilibmicrokit%,$$(CFLAGS_$$(subst /,_,$$(basename $$<))))) \
		$$($(ARCH)_CFLAGS_$$(subst /,_,$$(basename $$<))) -c $$< -o $$@
endef
$(eval $(sel4_compile_rules))
sel4_objects = $(patsubst %,$(SEL4_BUILD)/objects/%.o,$(basename $(subst @ARCH@,$(ARCH),$(1))))

# $(call sel4_program,NAME,SOURCES,LINKER_FLAGS)
define sel4_program_rules
$(SEL4_BUILD)/$(1).elf: $(call sel4_objects,$(2) $(BASE_SOURCES))
	@mkdir -p $$(@D)
	@echo "  LD  $$@"
	@$$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,--gc-sections $(3) \
		-T $(SEL4_SDK)/lib/microkit.ld $$^ -L$(SEL4_SDK)/lib -Wl,--start-group -lmicrokit -Wl,--end-group -o $$@
SEL4_PROGRAMS += $(SEL4_BUILD)/$(1).elf
endef
sel4_program = $(eval $(call sel4_program_rules,$(strip $(1)),$(strip $(2)),$(strip $(3))))

SEL4_TIMERS := -Wl,--wrap=notified

SEL4_CLOCK := $(wildcard sel4/arch/$(ARCH)/*.c)

$(call sel4_program,timer_driver,drivers/timer/timer_driver.c drivers/timer/timeouts.c \
	$(wildcard drivers/timer/arch/$(ARCH)/*.c) $(SEL4_CLOCK))
$(call sel4_program,serial_driver,drivers/serial/serial_driver.c drivers/serial/arch/$(ARCH)/registers.c \
	$(SERIAL_UART_$(ARCH)))
$(call sel4_program,console,services/console/console.c $(CONSOLE_SOURCES) sel4/src/skyscope.c \
	$(SEL4_CLOCK),$(SEL4_TIMERS))
$(call sel4_program,storage,services/storage/storage_main.c $(STORAGE_SOURCES) sel4/src/skyscope.c $(SEL4_CLOCK),\
	$(SEL4_TIMERS))
$(call sel4_program,switch,services/switch/switch_main.c $(SWITCH_SOURCES) sel4/src/skyscope.c $(SEL4_CLOCK),\
	$(SEL4_TIMERS))
$(call sel4_program,echo,services/echo/echo.c $(LIBSOCKET_SOURCES))
# Random numbers for those who ask for them, from the processor alone: no loader leaves seeds there.
SEL4_RANDOM := $(sort sel4/src/random.c $(CRYPTO_RANDOM_SOURCES) $(CRYPTO_HASH_SOURCES) $(CRYPTO_ENTROPY_SOURCES))
CFLAGS_sel4_src_random := -Icrypto/include
$(call sel4_program,manager,services/manager/manager_main.c $(sort $(MANAGER_SOURCES_$(ARCH)) $(SEL4_RANDOM)) \
	sel4/src/skyscope.c $(SEL4_CLOCK),$(SEL4_TIMERS))
SEL4_VMM_SOURCES := vmm/hv/sel4/program.c $(wildcard vmm/hv/sel4/*_$(ARCH).c) $(SEL4_CLOCK)
$(foreach source,$(filter-out %_aarch64.c %_x86_64.c,$(SEL4_VMM_SOURCES)),\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES)))
SEL4_VMM_LIBRARY := $(SEL4_BUILD)/libskyscope_vmm.a
$(SEL4_VMM_LIBRARY): $(call sel4_objects,$(SEL4_VMM_SOURCES) $(VMM_SOURCES) $(VMM_LIBRARY_$(ARCH)) $(SEL4_RANDOM) $(BASE_SOURCES))
	@mkdir -p $(@D)
	@echo "  AR  $@"
	@rm -f $@
	@$(AR) rcs $@ $^
$(call sel4_program,vmm,$(SEL4_VMM_SOURCES) $(VMM_SOURCES) $(VMM_LIBRARY_$(ARCH)) $(SEL4_RANDOM))
$(call sel4_objects,$(VMM_SOURCES)): | $(LIBFDT_STAMP) $(LZ4).stamp
# What the same sources wait for in the other kinds.
$(call sel4_objects,crypto/src/keccak.c): $(KECCAK_SPONGE)
$(call sel4_objects,$(filter crypto/%,$(SEL4_RANDOM) $(MANAGER_SOURCES_$(ARCH)))): | $(BEARSSL).stamp
$(call sel4_objects,vmm/acpi/dsdt.c): $(DSDT_BYTES)
$(call sel4_objects,$(filter vmm/fs/%,$(VMM_SOURCES))): | $(FUSE_HEADER)
$(call sel4_objects,$(ZYDIS_SOURCES) vmm/arch/x86_64/decode.c): | $(DOWNLOAD)/zydis.stamp $(ZYCORE_INCLUDE)/Zycore

.PHONY: sel4-programs
sel4-programs: $(SEL4_PROGRAMS) $(SEL4_VMM_LIBRARY)

# --- Systems ---

# As in systems/: NAME.ARCH.system is for one architecture.
sel4_system_file = $(firstword $(wildcard sel4/systems/$(1).$(ARCH).system sel4/systems/$(1).system) $(call system_file,$(1)))
# What boots it: on AArch64 the Microkit's image, by QEMU's -kernel; on x86-64, where nobody but our loader starts it
# without a boot manager's configuration, an ISO image.
SEL4_IMAGE_KIND_aarch64 := elf
SEL4_IMAGE_KIND_x86_64  := iso
sel4_image = $(SEL4_BUILD)/systems/$(1).$(SEL4_IMAGE_KIND_$(ARCH))

# $(call sel4_system,NAME): the Microkit's image, NAME.payload with the same for our loader, unsigned; and an ISO image.
define sel4_system_rules
$(SEL4_BUILD)/systems/$(1).elf: $(call sel4_system_file,$(1)) $(SEL4_PROGRAMS) $(HOST_BUILD)/bin/skyscope \
		$(addprefix $(GUEST)/,vmlinuz initrd.img bench_initrd.img sharing_initrd.img sharing.squashfs)
	@mkdir -p $$(@D)
	@echo "  SEL4 $$@"
	@$(HOST_BUILD)/bin/skyscope build --quiet --kernel sel4 --sdk $(MICROKIT_SDK) --board $(MICROKIT_BOARD) \
		--config $(MICROKIT_CONFIG) --search-path $(SEL4_BUILD) --search-path $(GUEST) \
		--microkit-image $$@ --output $(SEL4_BUILD)/systems/$(1).payload $$<
$(SEL4_BUILD)/systems/$(1).iso: $(SEL4_BUILD)/systems/$(1).elf $(LOADER) $(HOST_BUILD)/keys/system.trust
	$$(call sign,$(SEL4_BUILD)/systems/$(1).payload,$(SEL4_BUILD)/systems/$(1).bin)
	@echo "  ISO $$@"
	@$(HOST_BUILD)/bin/skyscope iso --quiet --loader $(LOADER) --output $$@ $(SEL4_BUILD)/systems/$(1).bin
endef
# On x86-64 VMs of the Microkit have one vCPU, and seL4 does not keep two VMs on one CPU apart.
SEL4_TEST_SYSTEMS_aarch64 := linux duo smp devices
SEL4_TEST_SYSTEMS_x86_64  := linux devices
SEL4_TEST_SYSTEMS := $(SEL4_TEST_SYSTEMS_$(ARCH))
$(foreach system,$(sort $(SEL4_TEST_SYSTEMS) $(SYSTEM)),$(eval $(call sel4_system_rules,$(system))))
SEL4_TEST_IMAGES := $(foreach system,$(SEL4_TEST_SYSTEMS),$(call sel4_image,$(system)))

ifeq ($(ARCH),aarch64)
# A Microkit system that is not described to our tool, with its own VMM that is linked with the library.
SEL4_EXAMPLE := $(SEL4_BUILD)/example
$(SEL4_EXAMPLE)/example_vmm.elf: $(call sel4_objects,sel4/example/vmm.c) $(SEL4_VMM_LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -T $(SEL4_SDK)/lib/microkit.ld $(filter %.o,$^) \
		-L$(SEL4_BUILD) -L$(SEL4_SDK)/lib -Wl,--start-group -lskyscope_vmm -lmicrokit -Wl,--end-group -o $@
$(SEL4_EXAMPLE)/example_serial.elf: $(call sel4_objects,sel4/example/serial.c drivers/serial/serial_driver.c \
		drivers/serial/arch/$(ARCH)/registers.c $(SERIAL_UART_$(ARCH)) $(BASE_SOURCES))
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -T $(SEL4_SDK)/lib/microkit.ld $^ \
		-L$(SEL4_SDK)/lib -lmicrokit -o $@
$(SEL4_EXAMPLE)/guest.dtb: sel4/example/guest.dts
	@mkdir -p $(@D)
	@dtc -q -I dts -O dtb -o $@ $<
$(SEL4_EXAMPLE)/example.elf: sel4/example/example.system $(SEL4_EXAMPLE)/example_vmm.elf \
		$(SEL4_EXAMPLE)/example_serial.elf $(SEL4_EXAMPLE)/guest.dtb $(SEL4_BUILD)/timer_driver.elf \
		$(GUEST)/vmlinuz $(GUEST)/initrd.img
	@echo "  SEL4 $@"
	@$(MICROKIT_SDK)/bin/microkit $< --board $(MICROKIT_BOARD) --config $(MICROKIT_CONFIG) --image-type elf \
		--output $@ --report $(@D)/report.txt --search-path $(SEL4_EXAMPLE) $(SEL4_BUILD) $(GUEST) >$(@D)/log 2>&1 \
		|| { cat $(@D)/log >&2; exit 1; }
.PHONY: sel4-example
sel4-example: $(SEL4_EXAMPLE)/example.elf
SEL4_TEST_IMAGES += $(SEL4_EXAMPLE)/example.elf
endif
SYSTEM_TEST_NEEDS += $(SEL4_TEST_IMAGES)
export SKYSCOPE_SEL4_IMAGES_$(ARCH) := $(SEL4_BUILD)/systems
endif
