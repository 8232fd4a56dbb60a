# SPDX-License-Identifier: BSD-2-Clause
$(BUILD)/systems/storage/disk.img: systems/storage/make_image.py
	@mkdir -p $(@D)
	@$< $@

# The kernel unpacks one archive after the other.
$(GUEST)/storage_initrd.img: $(GUEST)/virtio_initrd.img $(GUEST)/fio
	@echo "  CPIO $@"
	@rm -rf $@.root && mkdir -p $@.root/bin && cp $(GUEST)/fio $@.root/bin && \
		find $@.root -exec touch -h -d @0 {} +
	@(cat $(GUEST)/virtio_initrd.img; cd $@.root && find . -mindepth 1 | LC_ALL=C sort | \
		cpio --quiet --create --format=newc --reproducible --owner=+0:+0) >$@.new
	@rm -rf $@.root && mv $@.new $@

$(call vm_system,storage,$(GUEST)/vmlinuz $(GUEST)/storage_initrd.img $(BUILD)/systems/storage/disk.img)
