# SPDX-License-Identifier: BSD-2-Clause
# Speed, counted in instructions: `make bench`. See docs/performance.md.

$(call pd_program,bench_sender,bench/pd/sender.c)
$(call pd_program,bench_receiver,bench/pd/receiver.c)
$(call pd_program,bench_server,bench/pd/server.c)

# A flat guest that measures its own exits.
BENCH_GUEST := bench/guests/arch/$(ARCH)
$(eval $(call compile_rules,bench_guest,$(GUEST_CFLAGS)))

$(BUILD)/guest/bench_exits.elf: $(call objects,bench_guest,$(BENCH_GUEST)/start.S $(BENCH_GUEST)/exits.c) $(BENCH_GUEST)/guest.ld
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
		-Wl,--no-warn-rwx-segments -T $(BENCH_GUEST)/guest.ld $(filter %.o,$^) -o $@
$(BUILD)/guest/bench_exits.bin: $(BUILD)/guest/bench_exits.elf
	@$(OBJCOPY) -O binary $< $@

# A Linux user space of one program.
$(BUILD)/guest/bench_init: bench/linux/arch/$(ARCH)/init.c
	@mkdir -p $(@D)
	@echo "  CC  [guest] $<"
	@$(CC) $(GUEST_USER_CFLAGS) $< -o $@
$(BUILD)/guest/bench_initrd.img: $(BUILD)/guest/bench_init
	@echo "  CPIO $@"
	@rm -rf $@.root && mkdir -p $@.root && cp $< $@.root/init && touch -d @0 $@.root/init
	@cd $@.root && echo init | cpio --quiet --create --format=newc --reproducible --owner=+0:+0 >../$(@F).new
	@mv $@.new $@ && rm -rf $@.root

# Requests to disks, measured by a program in a guest with drivers.
$(BUILD)/guest/disk_bench: bench/linux/disk.c
	@mkdir -p $(@D)
	@echo "  CC  [guest] $<"
	@$(CC) -std=gnu11 -O2 $(WARNINGS) -static $< -o $@

BENCH_SYSTEMS := $(notdir $(patsubst %/,%,$(dir $(wildcard systems/bench_*/system.mk))))
BENCH_NEEDS := $(LOADER) $(BUILD)/kernel.elf $(BENCH_SYSTEMS:%=$(BUILD)/systems/%/payload.bin)

.PHONY: bench
bench: $(BENCH_NEEDS)
	@SKYSCOPE_ARCH=$(ARCH) bench/run.py

# Where the instructions go: bench/profile/profile.py.
$(HOST_BUILD)/bench/profile.so: bench/profile/plugin.c
	@mkdir -p $(@D)
	@echo "  CC  [plugin] $<"
	@$(HOST_CC) -std=gnu11 -O2 $(WARNINGS) -fPIC -shared -fvisibility=hidden $< -o $@
LINT_NEEDS += $(HOST_BUILD)/bench/profile.so
