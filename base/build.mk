# SPDX-License-Identifier: BSD-2-Clause
# Freestanding helpers are in BASE_SOURCES (mk/rules.mk). Here: libfdt, for programs
# that read or change device trees. They link $(call objects,KIND,$(LIBFDT_SOURCES)),
# compile what includes <libfdt.h> with $(LIBFDT_INCLUDES), and such objects depend on
# | $(LIBFDT_STAMP). It reads as base/libfdt/libfdt_env.h says; it checks every tree.

LIBFDT := third_party/download/arm-trusted-firmware
LIBFDT_STAMP := $(LIBFDT).stamp
LIBFDT_INCLUDES := -Ibase/libfdt -isystem $(LIBFDT)/include/lib/libfdt
LIBFDT_SOURCES := $(addprefix $(LIBFDT)/lib/libfdt/, fdt.c fdt_addresses.c fdt_empty_tree.c fdt_ro.c fdt_rw.c \
	fdt_strerror.c fdt_sw.c fdt_wip.c)

$(foreach s,$(LIBFDT_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $s)) := -w $(LIBFDT_INCLUDES)))
$(LIBFDT_SOURCES): $(LIBFDT_STAMP) ;
LINT_NEEDS += $(LIBFDT_STAMP)
