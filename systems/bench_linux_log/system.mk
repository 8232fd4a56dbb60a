# SPDX-License-Identifier: BSD-2-Clause
$(call vm_system,bench_linux_log,$(GUEST)/vmlinuz $(GUEST)/bench_initrd.img)
