# SPDX-License-Identifier: BSD-2-Clause
# A root file system of Debian's essential packages, systemd, and what it takes to use a network.
DEBIAN_PACKAGES := '?and(?essential,?not(?exact-name(apt)))' systemd-sysv udev dbus iproute2 iputils-ping kmod login passwd \
	libpam-runtime usr-is-merged
# Drivers that the root file system brings, beyond those in the initial RAM disk.
DEBIAN_MODULES := virtio_net virtio-rng virtio_console virtio_balloon vmw_vsock_virtio_transport autofs4 button gpio_keys evdev
DEBIAN_FILES := $(shell find guests/debian/root -type f)
DEBIAN_IMAGE_MIB := 128

$(GUEST)/debian_packages/stamp: guests/debian/fetch_packages.sh guests/own_index.sh systems/debian/system.mk
	@echo "  GET Debian's essential packages, systemd and others"
	@guests/debian/fetch_packages.sh $(GUEST_DEBIAN_ARCH) $(@D) $(DEBIAN_PACKAGES) && touch $@

$(GUEST)/debian.img: guests/debian/make_root.sh guests/linux/order_modules.py $(GUEST)/debian_packages/stamp $(DEBIAN_FILES) \
		$(GUEST)/kernel/vmlinuz
	@echo "  EXT4 $@"
	@fakeroot guests/debian/make_root.sh $@ $(DEBIAN_IMAGE_MIB) $(GUEST)/debian_packages guests/debian/root \
		$(GUEST)/kernel/modules $(DEBIAN_MODULES)

# Mounts the disk; the kernel unpacks one archive after the other.
$(eval $(call initrd_rules,disk_initrd.img,kernel,virtio_pci virtio_mmio virtio_blk ext4))
$(GUEST)/debian_initrd.img: $(GUEST)/disk_initrd.img guests/debian/initrd_init
	@echo "  CPIO $@"
	@rm -rf $@.root && mkdir -p $@.root && install -m 755 guests/debian/initrd_init $@.root/init && touch -d @0 $@.root/init
	@(cat $<; cd $@.root && echo init | cpio --quiet --create --format=newc --reproducible --owner=+0:+0) >$@.new
	@rm -rf $@.root && mv $@.new $@

$(call vm_system,debian,$(GUEST)/vmlinuz $(GUEST)/debian_initrd.img $(GUEST)/network_initrd.img $(GUEST)/debian.img)
