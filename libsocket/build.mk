# SPDX-License-Identifier: BSD-2-Clause
# Sockets of protection domains: build/lib/libsocket.a.

LIBSOCKET_SOURCES := $(sort $(wildcard libsocket/src/*.c))
LIBSOCKET_INCLUDES := -Ilibsocket/include
$(foreach source,$(LIBSOCKET_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $(source))) := $(LIBSOCKET_INCLUDES) \
	-Ilibsocket/src))

$(BUILD)/lib/libsocket.a: $(call objects,pd,$(LIBSOCKET_SOURCES))
	@mkdir -p $(@D)
	@echo "  AR  $@"
	@rm -f $@
	@$(AR) rcs $@ $^

CFLAGS_tests_unit_libsocket_socket_test := $(LIBSOCKET_INCLUDES)
$(call unit_test,socket_test,tests/unit/libsocket/socket_test.c $(LIBSOCKET_SOURCES))
