# SPDX-License-Identifier: BSD-2-Clause
# Services: one program each, and the parts of them that run on the host for tests.

CONSOLE_SOURCES := $(addprefix services/console/, multiplexer.c terminal_filter.c terminal_report.c)
$(call pd_program,console,services/console/console.c $(CONSOLE_SOURCES))

MANAGER_SOURCES := $(addprefix services/manager/, commands.c command_line.c device_view.c disk_control.c disk_view.c event_log.c export.c fault_view.c \
	hardware_view.c line_editor.c log_view.c manager.c memory_view.c net_control.c net_view.c pci_class.c \
	statistics_view.c text_output.c tpm_view.c verification_view.c virtual_machine.c) $(CRYPTO_SEAL_SOURCES)
MANAGER_SOURCES_x86_64 := $(MANAGER_SOURCES) $(wildcard services/manager/arch/x86_64/*.c)
MANAGER_SOURCES_aarch64 := $(MANAGER_SOURCES) $(wildcard services/manager/arch/aarch64/*.c)
$(foreach s,commands device_view disk_control disk_view event_log export manager manager_main net_control net_view,$(eval CFLAGS_services_manager_$s := \
	-Icrypto/include))
$(call pd_program,manager,services/manager/manager_main.c $(MANAGER_SOURCES_$(ARCH)))

CFLAGS_services_echo_echo := $(LIBSOCKET_INCLUDES)
$(call pd_program,echo,services/echo/echo.c,$(BUILD)/lib/libsocket.a)

SWITCH_SOURCES := $(addprefix services/switch/,capture.c deliver.c forward.c frame.c limits.c mac_table.c offload.c port.c \
	rate_limit.c switch.c) services/shared/throttle.c
$(call pd_program,switch,services/switch/switch_main.c $(SWITCH_SOURCES))

STORAGE_SOURCES := $(addprefix services/storage/,disk.c disk_config.c overlay.c partition.c partition_gpt.c partition_mbr.c \
	storage.c) services/shared/throttle.c
$(call pd_program,storage,services/storage/storage_main.c $(STORAGE_SOURCES))

# --- Unit tests ---

UNIT_MICROKIT := -Ilibmicrokit/include -Ilibmicrokit/arch/@ARCH@/include

CFLAGS_tests_unit_services_console_test := -Iservices/console
$(call unit_test,console_test,tests/unit/services/console_test.c $(CONSOLE_SOURCES))
CFLAGS_tests_unit_services_console_size_test := -Iservices/console
$(call unit_test,console_size_test,tests/unit/services/console_size_test.c $(CONSOLE_SOURCES))

# The manager reads faults from message registers, as <microkit.h> declares them.
$(foreach s,fault_view arch_x86_64_fault_arch arch_aarch64_fault_arch,$(eval CFLAGS_services_manager_$s := $(UNIT_MICROKIT)))
CFLAGS_services_manager_manager += $(UNIT_MICROKIT)
MANAGER_TESTS := $(addprefix tests/unit/services/manager_,test.c view_test.c export_test.c net_test.c)
MANAGER_FIXTURE := tests/unit/services/manager_fixture.c
$(foreach s,$(MANAGER_TESTS) $(MANAGER_FIXTURE),$(eval CFLAGS_$(subst /,_,$(basename $s)) := -Iservices/manager \
	-Icrypto/include $(UNIT_MICROKIT) -Itests/unit/services/arch/@ARCH@))
$(foreach t,$(MANAGER_TESTS),$(call unit_test,$(notdir $(basename $t)),$t $(MANAGER_FIXTURE) $(MANAGER_SOURCES_x86_64)))
$(foreach t,$(MANAGER_TESTS),$(call unit_test_aarch64,$(notdir $(basename $t)),$t $(MANAGER_FIXTURE) \
	$(MANAGER_SOURCES_aarch64)))
CFLAGS_tests_unit_services_arch_aarch64_manager_aarch64_test := -Iservices/manager $(UNIT_MICROKIT)
$(call unit_test_aarch64,manager_aarch64_test,tests/unit/services/arch/aarch64/manager_aarch64_test.c \
	$(wildcard services/manager/arch/aarch64/*.c) services/manager/text_output.c base/src/format.c)

SWITCH_FIXTURE := tests/unit/services/switch_fixture.c
SWITCH_TESTS := $(addprefix tests/unit/services/switch_,test.c hostile_test.c limits_test.c offload_test.c)
$(foreach s,$(SWITCH_TESTS) $(SWITCH_FIXTURE),$(eval CFLAGS_$(subst /,_,$(basename $s)) := -Iservices/switch))
$(foreach t,$(SWITCH_TESTS),$(call unit_test,$(notdir $(basename $t)),$t $(SWITCH_FIXTURE) $(SWITCH_SOURCES)))
SWITCH_FUZZ := switch_frame_fuzz switch_ring_fuzz
$(foreach f,$(SWITCH_FUZZ),$(eval CFLAGS_tests_fuzz_$f := -Iservices/switch))
$(foreach f,$(SWITCH_FUZZ),$(call fuzz_target,$f,tests/fuzz/$f.c $(SWITCH_SOURCES)))

STORAGE_FIXTURE := tests/unit/services/storage_fixture.c
STORAGE_TESTS := $(addprefix tests/unit/services/storage_,test.c hostile_test.c partition_test.c)
$(foreach s,$(STORAGE_TESTS) $(STORAGE_FIXTURE),$(eval CFLAGS_$(subst /,_,$(basename $s)) := -Iservices/storage))
$(foreach t,$(STORAGE_TESTS),$(call unit_test,$(notdir $(basename $t)),$t $(STORAGE_FIXTURE) $(STORAGE_SOURCES)))
STORAGE_FUZZ := storage_queue_fuzz partition_fuzz
$(foreach f,$(STORAGE_FUZZ),$(eval CFLAGS_tests_fuzz_$f := -Iservices/storage))
$(foreach f,$(STORAGE_FUZZ),$(call fuzz_target,$f,tests/fuzz/$f.c $(STORAGE_SOURCES)))

# The event log's reader and its view, without the rest of the manager.
TPM_VIEW_SOURCES := $(addprefix services/manager/,event_log.c text_output.c tpm_view.c) $(CRYPTO_HASH_SOURCES)
CFLAGS_tests_unit_services_tpm_view_test := -Iservices/manager -Icrypto/include
$(call unit_test,tpm_view_test,tests/unit/services/tpm_view_test.c $(TPM_VIEW_SOURCES))

CFLAGS_tests_fuzz_event_log_fuzz := -Iservices/manager
$(call fuzz_target,event_log_fuzz,tests/fuzz/event_log_fuzz.c $(TPM_VIEW_SOURCES))
