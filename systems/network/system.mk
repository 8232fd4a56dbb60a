# SPDX-License-Identifier: BSD-2-Clause
# Guests with what it takes to try a network: Debian's ping and iperf3, behind the image with drivers of virtio devices.
NETWORK_PACKAGES := iperf3 libiperf0 libsctp1 libssl3 libc6 iputils-ping libcap2 libidn2-0 libunistring2
NETWORK_PROGRAMS := usr/bin/iperf3 bin/ping
NETWORK_STAMPS := $(NETWORK_PACKAGES:%=$(GUEST)/packages/%/stamp)

$(GUEST)/network_programs.cpio: guests/linux/pack_programs.py $(NETWORK_STAMPS)
	@echo "  CPIO $@"
	@guests/linux/pack_programs.py $@ $(GUEST)/packages $(NETWORK_PROGRAMS)

$(GUEST)/network_initrd.img: $(GUEST)/virtio_initrd.img $(GUEST)/network_programs.cpio
	@cat $^ >$@.new && mv $@.new $@

$(call vm_system,network,$(GUEST)/vmlinuz $(GUEST)/network_initrd.img)
