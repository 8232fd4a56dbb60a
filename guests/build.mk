# SPDX-License-Identifier: BSD-2-Clause
# Guest images: Debian's kernel, a small user space for it, and guests that
# behave badly.

GUEST := $(BUILD)/guest
GUEST_DEBIAN_ARCH_x86_64 := amd64
GUEST_DEBIAN_ARCH_aarch64 := arm64
GUEST_DEBIAN_ARCH := $(GUEST_DEBIAN_ARCH_$(ARCH))
GUEST_KERNEL_PACKAGE := linux-image-cloud-$(GUEST_DEBIAN_ARCH)
# The kernel with all drivers, for a machine's every flavour of device.
GUEST_GENERIC_KERNEL_PACKAGE := linux-image-$(GUEST_DEBIAN_ARCH)

FETCH_PACKAGE := guests/fetch_debian_package.sh
# $(call debian_kernel_rules,DIRECTORY,PACKAGE): build/guest/DIRECTORY/vmlinuz, and its modules in DIRECTORY/modules/VERSION.
define debian_kernel_rules
$(GUEST)/$(1)/vmlinuz: $(FETCH_PACKAGE)
	@echo "  GET $(2)"
	@$(FETCH_PACKAGE) $(GUEST_DEBIAN_ARCH) $(2) $(GUEST)/$(1)
	@rm -rf $$(@D)/modules && mv $$(@D)/files/lib/modules $$(@D)/modules
	@mv $$(@D)/files/boot/vmlinuz-* $$@ && rm -rf $$(@D)/files && touch $$@
endef
$(eval $(call debian_kernel_rules,kernel,$(GUEST_KERNEL_PACKAGE)))
$(eval $(call debian_kernel_rules,kernel_generic,$(GUEST_GENERIC_KERNEL_PACKAGE)))

$(GUEST)/vmlinuz: $(GUEST)/kernel/vmlinuz
	@ln -f $< $@
$(GUEST)/vmlinuz_generic: $(GUEST)/kernel_generic/vmlinuz
	@ln -f $< $@

# Packages with programs for guests, unpacked: build/guest/packages/NAME/files.
$(GUEST)/packages/%/stamp: $(FETCH_PACKAGE)
	@echo "  GET $*"
	@$(FETCH_PACKAGE) $(GUEST_DEBIAN_ARCH) $* $(@D)
	@touch $@

# The machine's own, or the same of the guests' architecture.
GUEST_BUSYBOX := $(if $(filter $(ARCH),$(HOST_ARCH)),/bin/busybox,$(GUEST)/busybox/files/bin/busybox)
$(GUEST)/busybox/files/bin/busybox: $(FETCH_PACKAGE)
	@echo "  GET busybox-static"
	@$(FETCH_PACKAGE) $(GUEST_DEBIAN_ARCH) busybox-static $(GUEST)/busybox
	@touch $@

GUEST_CHECK := guests/linux/guest_check.c guests/linux/arch/$(ARCH)/guest_arch.h
$(GUEST)/guest_check: $(GUEST_CHECK)
	@mkdir -p $(@D)
	@echo "  CC  [guest] $<"
	@$(CC) $(GUEST_USER_CFLAGS) -Iguests/linux/arch/$(ARCH) $< -o $@

LINUX_GUEST_FILES := $(shell find guests/linux/root -type f)
# $(call initrd_rules,NAME,DIRECTORY,MODULES,PROGRAMS): build/guest/NAME with modules of the kernel in DIRECTORY, and
# further MODULES and PROGRAMS.
define initrd_rules
$(GUEST)/$(1): guests/linux/make_initrd.sh guests/linux/order_modules.py $(LINUX_GUEST_FILES) $(GUEST)/guest_check \
		$(GUEST)/$(2)/vmlinuz $(GUEST_BUSYBOX) $(4)
	@echo "  CPIO $$@"
	@guests/linux/make_initrd.sh $(if $(3),-m "$(3)") $$@ $(GUEST_BUSYBOX) $(GUEST)/$(2)/modules \
		$(GUEST)/guest_check $(4)
endef
$(eval $(call initrd_rules,initrd.img,kernel))
$(eval $(call initrd_rules,initrd_generic.img,kernel_generic))

# The same with drivers of all virtio devices, and file systems that lie on disks.
GUEST_VIRTIO_MODULES := virtio_pci virtio_mmio virtio_blk virtio_net virtio-rng virtio_console virtio_balloon \
	vmw_vsock_virtio_transport virtiofs virtio_pmem nd_pmem ext4 squashfs overlay
$(eval $(call initrd_rules,virtio_initrd.img,kernel,$(GUEST_VIRTIO_MODULES)))

# Flat images for 64-bit mode, by what they do wrong.
HOSTILE := guests/hostile/arch/$(ARCH)
HOSTILE_GUESTS := $(filter-out start,$(basename $(notdir $(wildcard $(HOSTILE)/*.c))))
HOSTILE_CFLAGS := -std=gnu11 -O1 -g -MMD -MP $(WARNINGS) $(INCLUDES) $(FREESTANDING_CFLAGS) $(ARCH_CFLAGS) $(ARCH_PD_CFLAGS)
$(eval $(call compile_rules,hostile,$(HOSTILE_CFLAGS)))

define hostile_guest_rules
$(GUEST)/hostile_$(1).elf: $(call objects,hostile,$(HOSTILE)/start.S $(HOSTILE)/$(1).c) $(HOSTILE)/hostile.ld
	@mkdir -p $$(@D)
	@echo "  LD  $$@"
	@$$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
		-Wl,--no-warn-rwx-segments -T $(HOSTILE)/hostile.ld $$(filter %.o,$$^) -o $$@
$(GUEST)/hostile_$(1).bin: $(GUEST)/hostile_$(1).elf
	@$$(OBJCOPY) -O binary $$< $$@
endef
$(foreach guest,$(HOSTILE_GUESTS),$(eval $(call hostile_guest_rules,$(guest))))

# One that breaks the rules of virtio's drivers.
HOSTILE_VIRTIO := guests/hostile/virtio
HOSTILE_VIRTIO_SOURCES := $(HOSTILE)/start.S base/src/memory.c base/arch/$(ARCH)/memory_arch.c $(wildcard $(HOSTILE_VIRTIO)/*.c $(HOSTILE_VIRTIO)/arch/$(ARCH)/*)
$(foreach source,$(wildcard $(HOSTILE_VIRTIO)/*.c $(HOSTILE_VIRTIO)/arch/*/*.c),\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := -Iguests/hostile/arch/@ARCH@ -Ivmm/include))
$(GUEST)/hostile_virtio.elf: $(call objects,hostile,$(HOSTILE_VIRTIO_SOURCES)) $(HOSTILE)/hostile.ld
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
		-Wl,--no-warn-rwx-segments -T $(HOSTILE)/hostile.ld $(filter %.o,$^) -o $@
$(GUEST)/hostile_virtio.bin: $(GUEST)/hostile_virtio.elf
	@$(OBJCOPY) -O binary $< $@

VCPU_CHECK := guests/vcpu_check/arch/$(ARCH)
# A flat guest that checks its virtual CPU; vcpu_check2 is the same without
# hardware watchpoints: QEMU's SVM mixes up those of two guests on one CPU.
define vcpu_check_rules
$(GUEST)/$(1).elf: $(call objects,bench_guest,$(wildcard $(VCPU_CHECK)/*.S $(VCPU_CHECK)/*.c)) \
		$(BENCH_GUEST)/guest.ld
	@mkdir -p $$(@D)
	@echo "  LD  $$@"
	@$$(CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
		-Wl,--no-warn-rwx-segments -Wl,--defsym=has_watchpoints=$(2) -T $(BENCH_GUEST)/guest.ld $$(filter %.o,$$^) -o $$@
$(GUEST)/$(1).bin: $(GUEST)/$(1).elf
	@$$(OBJCOPY) -O binary $$< $$@
endef
$(eval $(call vcpu_check_rules,vcpu_check,1))
$(eval $(call vcpu_check_rules,vcpu_check2,0))
