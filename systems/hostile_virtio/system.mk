# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,hostile_virtio,$(BUILD)/programs/echo.elf $(GUEST)/vmlinuz $(GUEST)/sharing_initrd.img \
	$(GUEST)/sharing.squashfs $(GUEST)/hostile_virtio.bin)
