# SPDX-License-Identifier: BSD-2-Clause
# The runtime of protection domains: build/lib/libmicrokit.a.

LIBMICROKIT_SOURCES := \
	$(sort $(wildcard libmicrokit/arch/$(ARCH)/src/*.S libmicrokit/arch/$(ARCH)/src/*.c)) \
	libmicrokit/src/data_restore.c \
	libmicrokit/src/debug.c \
	libmicrokit/src/main_loop.c \
	libmicrokit/src/microkit.c \
	libmicrokit/src/sel4.c \
	libmicrokit/src/skyscope.c \
	libmicrokit/src/stack_check.c \
	libmicrokit/src/thread_main.c \
	libmicrokit/src/variables.c

# Its own headers, which programs do not see.
$(foreach source,$(LIBMICROKIT_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $(source))) := \
	-Ilibmicrokit/src -Ilibmicrokit/arch/@ARCH@/src))

# These run before or while the stack canary is set, and so does what they call.
$(foreach source,libmicrokit/arch/$(ARCH)/src/stack_guard libmicrokit/src/data_restore libmicrokit/src/stack_check \
	libmicrokit/src/thread_main libmicrokit/src/debug libmicrokit/src/skyscope, \
	$(eval CFLAGS_$(subst /,_,$(source)) += -fno-stack-protector))

# The C library's functions are weak, so that a program may bring its own. (Only
# those that an object defines: an undefined weak symbol would not be linked in.)
$(BUILD)/lib/weak/%.o: $(BUILD)/pd/%.o
	@mkdir -p $(@D)
	@$(OBJCOPY) $$($(NM) -g --defined-only -f posix $< | sed -n 's/^\([^ ]*\) .*/--weaken-symbol=\1/p') $< $@

# Random numbers, with the cryptography that is in them, in one object that has these names only.
LIBMICROKIT_RANDOM_NAMES := skyscope_random microkit_random_start microkit_seed
LIBMICROKIT_RANDOM_SOURCES := $(sort $(CRYPTO_RANDOM_SOURCES) $(CRYPTO_SEED_SOURCES) $(CRYPTO_HASH_SOURCES) \
	$(CRYPTO_ENTROPY_SOURCES))
CFLAGS_libmicrokit_src_random := -Ilibmicrokit/src -Ilibmicrokit/arch/@ARCH@/src -Icrypto/include
$(BUILD)/lib/microkit_random.o: $(call objects,pd,libmicrokit/src/random.c $(LIBMICROKIT_RANDOM_SOURCES))
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) -nostdlib -no-pie -r $^ -o $@
	@$(OBJCOPY) $(LIBMICROKIT_RANDOM_NAMES:%=--keep-global-symbol=%) $@

LIBMICROKIT_OBJECTS := $(call objects,pd,$(LIBMICROKIT_SOURCES)) $(BUILD)/lib/microkit_random.o $(call objects,lib/weak,$(BASE_SOURCES))

$(BUILD)/lib/libmicrokit.a: $(LIBMICROKIT_OBJECTS)
	@mkdir -p $(@D)
	@echo "  AR  $@"
	@rm -f $@
	@$(AR) rcs $@ $^

comma := ,

# --- Unit test: on a kernel that the test plays, by its own system_call.h ---

LIBMICROKIT_FIXTURE := $(addprefix tests/unit/libmicrokit/, program_fixture.c library_under_test.c \
	loop_under_test.c data_under_test.c)
LIBMICROKIT_TESTS := $(filter-out %_under_test.c %/random_test.c,$(wildcard tests/unit/libmicrokit/*_test.c))
LIBMICROKIT_TEST_INCLUDES := -Itests/unit/libmicrokit -Itests/unit/libmicrokit/arch/@ARCH@ -Ilibmicrokit/include \
	-Ilibmicrokit/arch/@ARCH@/include -Ilibmicrokit/src
$(foreach source,$(LIBMICROKIT_FIXTURE) $(LIBMICROKIT_TESTS),$(eval CFLAGS_$(subst /,_,$(basename $(source))) := \
	$(LIBMICROKIT_TEST_INCLUDES)))
# "protected" and others of the program's are weak in the library, and strong in the test.
LIBMICROKIT_TEST_LDFLAGS := -Wl$(comma)--wrap=microkit_internal_crash -Wl$(comma)--wrap=microkit_restore_data
$(foreach kind,unit_test unit_test_aarch64,$(foreach test,$(LIBMICROKIT_TESTS),\
	$(call $(kind),$(notdir $(basename $(test))),$(test) $(LIBMICROKIT_FIXTURE),$(LIBMICROKIT_TEST_LDFLAGS))))

# Its cryptography is what is in PDs, its processor the test's.
MICROKIT_RANDOM_TEST_SOURCES := $(addprefix tests/unit/libmicrokit/,random_test.c random_under_test.c)
$(foreach source,$(MICROKIT_RANDOM_TEST_SOURCES),$(eval CFLAGS_$(subst /,_,$(basename $(source))) := \
	$(LIBMICROKIT_TEST_INCLUDES) -Icrypto/include))
$(foreach kind,unit_test unit_test_aarch64,$(call $(kind),microkit_random,$(MICROKIT_RANDOM_TEST_SOURCES) \
	$(filter-out $(CRYPTO_ENTROPY_SOURCES),$(LIBMICROKIT_RANDOM_SOURCES))))
