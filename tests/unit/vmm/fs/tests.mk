# SPDX-License-Identifier: BSD-2-Clause
# Unit tests and fuzzers of exported files. vmm/build.mk includes this file.

FS_TEST_SUPPORT := tests/unit/vmm/fs/fuse_client.c $(VMM_FS_SOURCES) \
	tests/unit/vmm/virtio/virtio_machine.c vmm/core/guest_memory.c $(wildcard vmm/virtio/virtio.c vmm/virtio/virtqueue*.c)
$(foreach source,$(wildcard tests/unit/vmm/fs/*.c tests/fuzz/fuse_fuzz.c tests/fuzz/file_tree_fuzz.c),\
	$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES) $(FUSE_INCLUDES)) \
	$(foreach kind,unit fuzz,$(eval $(call objects,$(kind),$(source)): | $(FUSE_HEADER))))

$(foreach test,$(notdir $(basename $(wildcard tests/unit/vmm/fs/*_test.c))),\
	$(call unit_test,vmm_$(test),tests/unit/vmm/fs/$(test).c $(FS_TEST_SUPPORT)))

$(call fuzz_target,file_tree_fuzz,tests/fuzz/file_tree_fuzz.c vmm/fs/file_tree.c)
$(call fuzz_target,fuse_fuzz,tests/fuzz/fuse_fuzz.c $(filter-out tests/unit/vmm/fs/fuse_client.c,$(FS_TEST_SUPPORT)),-lcmocka)
