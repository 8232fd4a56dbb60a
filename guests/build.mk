# SPDX-License-Identifier: BSD-2-Clause
# Guest images: Debian's kernel, a small user space for it, and guests that
# behave badly.

GUEST := $(BUILD)/guest
GUEST_KERNEL_PACKAGE := linux-image-cloud-amd64

$(GUEST)/kernel/vmlinuz: guests/fetch_debian_kernel.sh
	@echo "  GET $(GUEST_KERNEL_PACKAGE)"
	@guests/fetch_debian_kernel.sh $(GUEST_KERNEL_PACKAGE) $(GUEST)/kernel
	@touch $@

$(GUEST)/vmlinuz: $(GUEST)/kernel/vmlinuz
	@ln -f $< $@

$(GUEST)/guest_check: guests/linux/guest_check.c
	@mkdir -p $(@D)
	@echo "  CC  [guest] $<"
	@$(CC) -std=gnu11 -O2 $(WARNINGS) -ffreestanding -fno-stack-protector -fno-pic -fcf-protection=none \
		-fno-asynchronous-unwind-tables -nostdlib -static -no-pie -Wl,--build-id=none -s $< -o $@

LINUX_GUEST_FILES := $(shell find guests/linux/root -type f)
$(GUEST)/initrd.img: guests/linux/make_initrd.sh $(LINUX_GUEST_FILES) $(GUEST)/guest_check $(GUEST)/kernel/vmlinuz
	@echo "  CPIO $@"
	@guests/linux/make_initrd.sh $@ $(GUEST)/kernel/modules $(GUEST)/guest_check
