# SPDX-License-Identifier: BSD-2-Clause
# Services: one program each, and the parts of them that run on the host for tests.

CONSOLE_SOURCES := services/console/multiplexer.c services/console/terminal_filter.c
$(call pd_program,console,services/console/console.c $(CONSOLE_SOURCES))

MANAGER_SOURCES := $(addprefix services/manager/, commands.c command_line.c fault_view.c hardware_view.c line_editor.c \
	log_view.c manager.c pci_class.c statistics_view.c text_output.c virtual_machine.c)
$(call pd_program,manager,services/manager/manager_main.c $(MANAGER_SOURCES))
