# SPDX-License-Identifier: BSD-2-Clause
# Exported files. vmm/build.mk includes this file.

VMM_FS_SOURCES := $(sort $(wildcard vmm/fs/*.c))

# Linux's description of its FUSE protocol comes with linux-libc-dev; nothing else of /usr/include is seen.
FUSE_INCLUDE := $(HOST_BUILD)/fuse
FUSE_INCLUDES := -isystem $(FUSE_INCLUDE)
FUSE_HEADER := $(FUSE_INCLUDE)/linux/fuse.h

$(FUSE_HEADER):
	@mkdir -p $(@D)
	@ln -sfn /usr/include/linux/fuse.h $@

$(foreach source,$(VMM_FS_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(VMM_INCLUDES) $(FUSE_INCLUDES)) \
	$(foreach kind,pd unit unit_aarch64 fuzz fuzz_aarch64,$(eval $(call objects,$(kind),$(source)): | $(FUSE_HEADER))))
LINT_NEEDS += $(FUSE_HEADER)
