# SPDX-License-Identifier: BSD-2-Clause
# Guests with socat, which speaks to sockets of every kind.
SHARING_PACKAGES := socat libssl3 libwrap0 libnsl2 libtirpc3 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 \
	libcom-err2 libkeyutils1 libc6
SHARING_STAMPS := $(SHARING_PACKAGES:%=$(GUEST)/packages/%/stamp)

$(GUEST)/sharing_programs.cpio: guests/linux/pack_programs.py $(SHARING_STAMPS)
	@echo "  CPIO $@"
	@guests/linux/pack_programs.py $@ $(GUEST)/packages usr/bin/socat

$(GUEST)/sharing_initrd.img: $(GUEST)/virtio_initrd.img $(GUEST)/sharing_programs.cpio
	@cat $^ >$@.new && mv $@.new $@

# An image that both mount where it is.
SHARING_FILES := $(shell find systems/sharing/files)
$(GUEST)/sharing.squashfs: $(SHARING_FILES)
	@mkdir -p $(@D)
	@echo "  SQUASHFS $@"
	@mksquashfs systems/sharing/files $@ -quiet -no-progress -noappend -all-root -all-time 0 -mkfs-time 0

$(call vm_system,sharing,$(BUILD)/programs/echo.elf $(GUEST)/vmlinuz $(GUEST)/sharing_initrd.img $(GUEST)/sharing.squashfs \
	$(SHARING_FILES))
