# SPDX-License-Identifier: BSD-2-Clause
$(GUEST)/net_bench: bench/linux/net.c
	@mkdir -p $(@D)
	@echo "  CC  [guest] $<"
	@$(CC) -std=gnu11 -O2 $(WARNINGS) -static $< -o $@
$(eval $(call initrd_rules,bench_net_initrd.img,kernel,virtio_pci virtio_net,$(GUEST)/net_bench bench/linux/net_bench.sh))
$(call vm_system,bench_net,$(GUEST)/vmlinuz $(GUEST)/bench_net_initrd.img)
