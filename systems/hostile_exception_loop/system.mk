# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,hostile_exception_loop,$(GUEST)/vmlinuz $(GUEST)/initrd.img $(GUEST)/hostile_exception_loop.bin)
