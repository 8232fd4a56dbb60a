# SPDX-License-Identifier: BSD-2-Clause
# Unit tests and fuzzers of virtio: a VM of RAM only, and a driver. vmm/build.mk includes this file.

VIRTIO_CORE_SOURCES := $(wildcard vmm/virtio/virtio.c vmm/virtio/virtqueue*.c)
VIRTIO_TEST_SUPPORT := tests/unit/vmm/virtio/virtio_machine.c vmm/core/guest_memory.c $(VIRTIO_CORE_SOURCES)

$(foreach source,$(wildcard tests/unit/vmm/virtio/*.c) tests/fuzz/virtqueue_fuzz.c tests/fuzz/virtio_transport_fuzz.c,\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES)))

VIRTIO_TRANSPORT_SOURCES := tests/unit/vmm/virtio/transport_machine.c vmm/core/bus.c vmm/core/irq.c \
	$(wildcard vmm/virtio/virtio_pci*.c vmm/virtio/virtio_mmio*.c vmm/virtio/virtio_legacy.c) \
	$(addprefix vmm/pci/, pci_device.c pci_host.c pci_port.c pci_slot.c msix.c)

# What a test needs beyond that.
VIRTIO_TEST_virtqueue_test := tests/unit/vmm/virtio/virtqueue_fixture.c
VIRTIO_TEST_virtqueue_events_test := $(VIRTIO_TEST_virtqueue_test)
VIRTIO_TEST_virtqueue_hostile_test := $(VIRTIO_TEST_virtqueue_test)
VIRTIO_TEST_virtio_test :=
VIRTIO_TEST_virtio_pci_test := $(VIRTIO_TRANSPORT_SOURCES)
VIRTIO_TEST_virtio_pci_port_test := $(VIRTIO_TRANSPORT_SOURCES)
VIRTIO_TEST_virtio_rng_test := vmm/virtio/virtio_rng.c vmm/core/timer.c
VIRTIO_TEST_virtio_mmio_test := $(VIRTIO_TRANSPORT_SOURCES)
VIRTIO_TEST_virtio_balloon_test := vmm/virtio/virtio_balloon.c vmm/core/timer.c
VIRTIO_TEST_virtio_console_test := $(wildcard vmm/virtio/virtio_console*.c) vmm/core/timer.c
VIRTIO_TEST_virtio_pmem_test := vmm/virtio/virtio_pmem.c vmm/core/bus.c
VIRTIO_TEST_virtio_vsock_test := $(wildcard vmm/virtio/*vsock*.c) vmm/core/timer.c \
	$(LIBSOCKET_SOURCES)
VIRTIO_NET_SOURCES := $(wildcard vmm/virtio/virtio_net*.c) vmm/virtio/net_port.c vmm/core/timer.c $(SWITCH_SOURCES)
VIRTIO_TEST_virtio_net_test := tests/unit/vmm/virtio/net_machine.c $(VIRTIO_NET_SOURCES)
VIRTIO_TEST_virtio_net_flow_test := $(VIRTIO_TEST_virtio_net_test)
VIRTIO_TEST_virtio_net_control_test := $(VIRTIO_TEST_virtio_net_test)
$(foreach name,net_machine virtio_net_test virtio_net_flow_test virtio_net_control_test,\
	$(eval CFLAGS_tests_unit_vmm_virtio_$(name) += -Iservices/switch))
VIRTIO_BLK_MACHINE := tests/unit/vmm/virtio/blk_machine.c $(wildcard vmm/virtio/virtio_blk*.c) vmm/core/timer.c $(STORAGE_SOURCES)
VIRTIO_TEST_virtio_blk_test := tests/unit/vmm/virtio/blk_driver.c $(VIRTIO_BLK_MACHINE)
VIRTIO_TEST_virtio_blk_flow_test := $(VIRTIO_TEST_virtio_blk_test)
$(foreach name,blk_machine blk_driver virtio_blk_test virtio_blk_flow_test,\
	$(eval CFLAGS_tests_unit_vmm_virtio_$(name) += -Iservices/storage))
CFLAGS_tests_unit_vmm_virtio_virtio_vsock_test += -Ilibsocket/include

$(foreach test,$(notdir $(basename $(wildcard tests/unit/vmm/virtio/*_test.c))),\
	$(call unit_test,vmm_$(test),tests/unit/vmm/virtio/$(test).c $(VIRTIO_TEST_SUPPORT) $(VIRTIO_TEST_$(test))))

$(call fuzz_target,virtqueue_fuzz,tests/fuzz/virtqueue_fuzz.c $(VIRTIO_TEST_SUPPORT),-lcmocka)
$(call fuzz_target,virtio_transport_fuzz,tests/fuzz/virtio_transport_fuzz.c $(VIRTIO_TEST_SUPPORT) \
	$(VIRTIO_TRANSPORT_SOURCES),-lcmocka)
CFLAGS_tests_fuzz_virtio_blk_fuzz := $(VMM_INCLUDES) -Itests/unit/vmm/virtio -Iservices/storage
$(call fuzz_target,virtio_blk_fuzz,tests/fuzz/virtio_blk_fuzz.c $(VIRTIO_TEST_SUPPORT) $(VIRTIO_BLK_MACHINE),-lcmocka)
CFLAGS_tests_fuzz_virtio_console_fuzz := $(VMM_INCLUDES) -Itests/unit/vmm/virtio
$(call fuzz_target,virtio_console_fuzz,tests/fuzz/virtio_console_fuzz.c $(VIRTIO_TEST_SUPPORT) \
	$(VIRTIO_TEST_virtio_console_test),-lcmocka)
CFLAGS_tests_fuzz_virtio_requests_fuzz := $(VMM_INCLUDES) -Itests/unit/vmm/virtio -Iservices/switch -Ilibsocket/include $(FUSE_INCLUDES)
$(call objects,fuzz,tests/fuzz/virtio_requests_fuzz.c): | $(FUSE_HEADER)
$(call fuzz_target,virtio_requests_fuzz,tests/fuzz/virtio_requests_fuzz.c $(VIRTIO_TEST_SUPPORT) \
	$(sort $(foreach kind,balloon pmem rng vsock,$(VIRTIO_TEST_virtio_$(kind)_test)) $(VIRTIO_NET_SOURCES) vmm/virtio/virtio_fs.c $(VMM_FS_SOURCES)),\
	-lcmocka)
