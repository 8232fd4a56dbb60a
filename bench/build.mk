# SPDX-License-Identifier: BSD-2-Clause
# Speed, counted in instructions: `make bench`. See docs/performance.md.

$(call pd_program,bench_sender,bench/pd/sender.c)
$(call pd_program,bench_receiver,bench/pd/receiver.c)
$(call pd_program,bench_server,bench/pd/server.c)

# A flat guest that measures its own exits.
BENCH_GUEST_CFLAGS := $(COMMON_CFLAGS) $(FREESTANDING_CFLAGS) $(X86_64_CFLAGS) -mcmodel=small
$(eval $(call compile_rules,bench_guest,$(BENCH_GUEST_CFLAGS)))

$(BUILD)/guest/bench_exits.elf: $(call objects,bench_guest,bench/guests/start.S bench/guests/exits.c) bench/guests/guest.ld
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
		-Wl,--no-warn-rwx-segments -T bench/guests/guest.ld $(filter %.o,$^) -o $@
$(BUILD)/guest/bench_exits.bin: $(BUILD)/guest/bench_exits.elf
	@$(OBJCOPY) -O binary $< $@

# A Linux user space of one program.
$(BUILD)/guest/bench_init: bench/linux/init.c
	@mkdir -p $(@D)
	@echo "  CC  [guest] $<"
	@$(CC) -std=gnu11 -O2 $(WARNINGS) -ffreestanding -fno-stack-protector -fno-pic -fcf-protection=none \
		-fno-asynchronous-unwind-tables -nostdlib -static -no-pie -Wl,--build-id=none -s $< -o $@
$(BUILD)/guest/bench_initrd.img: $(BUILD)/guest/bench_init
	@echo "  CPIO $@"
	@rm -rf $@.root && mkdir -p $@.root && cp $< $@.root/init && touch -d @0 $@.root/init
	@cd $@.root && echo init | cpio --quiet --create --format=newc --reproducible --owner=+0:+0 >../$(@F).new
	@mv $@.new $@ && rm -rf $@.root

BENCH_SYSTEMS := bench_exits bench_pd bench_linux_quiet bench_linux_log bench_duo
BENCH_NEEDS := $(BUILD)/loader.elf $(BUILD)/kernel.elf $(BENCH_SYSTEMS:%=$(BUILD)/systems/%/payload.bin)

.PHONY: bench
bench: $(BENCH_NEEDS)
	@bench/run.py

# Where the instructions go: bench/profile/profile.py.
$(BUILD)/bench/profile.so: bench/profile/plugin.c
	@mkdir -p $(@D)
	@echo "  CC  [plugin] $<"
	@$(CC) -std=gnu11 -O2 $(WARNINGS) -fPIC -shared -fvisibility=hidden $< -o $@
LINT_NEEDS += $(BUILD)/bench/profile.so
