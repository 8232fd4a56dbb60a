# SPDX-License-Identifier: BSD-2-Clause
# Services: one program each, and the parts of them that run on the host for tests.

CONSOLE_SOURCES := services/console/multiplexer.c services/console/terminal_filter.c
$(call pd_program,console,services/console/console.c $(CONSOLE_SOURCES))
