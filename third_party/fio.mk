# SPDX-License-Identifier: BSD-2-Clause
# fio 3.33 (GPL-2.0): tests and measures disks, in guests only. Debian's own package needs forty libraries; this one has
# no engine but those of the C library and the kernel, and is linked statically.

$(call debian_source,fio,d2410e13e0f379d061d077cc5ae325835bb7c6186aa7bafc1df954cbc9b014fc)

FIO_OPTIONS := --cpu=$(ARCH) --cc=$(CC) --build-static --disable-native --disable-numa --disable-rdma --disable-rados \
	--disable-rbd --disable-http --disable-gfapi --disable-libnfs --disable-lex --disable-pmem --disable-xnvme \
	--disable-libzbc --disable-tcmalloc --disable-dfs --disable-shm

# Not $(MAKE) in the recipe: that line would be carried out by make --dry-run as well, which lint asks.
FIO_MAKE := $(MAKE)

$(GUEST)/fio: $(DOWNLOAD)/fio.stamp
	@echo "  FIO $@"
	@rm -rf $(BUILD)/fio && mkdir -p $(BUILD)/fio $(@D)
	@cd $(BUILD)/fio && $(abspath $(DOWNLOAD))/fio/configure $(FIO_OPTIONS) >configure.log && \
		{ $(FIO_MAKE) V=0 fio MAKEFLAGS= -j2 >make.log 2>&1 || { tail make.log >&2; exit 1; }; }
	@$(OBJCOPY) --strip-all $(BUILD)/fio/fio $@
