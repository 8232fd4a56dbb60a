# SPDX-License-Identifier: BSD-2-Clause
# Unit tests and fuzzers of virtio: a VM of RAM only, and a driver. vmm/build.mk includes this file.

VIRTIO_CORE_SOURCES := $(wildcard vmm/virtio/virtio.c vmm/virtio/virtqueue*.c)
VIRTIO_TEST_SUPPORT := tests/unit/vmm/virtio/virtio_machine.c vmm/core/guest_memory.c $(VIRTIO_CORE_SOURCES)

$(foreach source,$(wildcard tests/unit/vmm/virtio/*.c) tests/fuzz/virtqueue_fuzz.c,\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES)))

# What a test needs beyond that.
VIRTIO_TEST_virtqueue_test :=
VIRTIO_TEST_virtio_test :=
VIRTIO_TEST_virtio_vsock_test := vmm/virtio/virtio_vsock.c vmm/virtio/vsock_connections.c vmm/core/timer.c \
	$(LIBSOCKET_SOURCES)
CFLAGS_tests_unit_vmm_virtio_virtio_vsock_test += -Ilibsocket/include

$(foreach test,$(notdir $(basename $(wildcard tests/unit/vmm/virtio/*_test.c))),\
	$(call unit_test,vmm_$(test),tests/unit/vmm/virtio/$(test).c $(VIRTIO_TEST_SUPPORT) $(VIRTIO_TEST_$(test))))

$(call fuzz_target,virtqueue_fuzz,tests/fuzz/virtqueue_fuzz.c $(VIRTIO_TEST_SUPPORT),-lcmocka)
