# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call initrd_rules,bench_disk_initrd.img,kernel,virtio_pci virtio_blk,$(GUEST)/disk_bench bench/linux/disk_bench.sh))
$(call vm_system,bench_disk,$(GUEST)/vmlinuz $(GUEST)/bench_disk_initrd.img)
