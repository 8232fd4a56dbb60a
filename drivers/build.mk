# SPDX-License-Identifier: BSD-2-Clause
# User-mode device drivers: one program each.

$(call pd_program,serial_driver,drivers/serial/serial_driver.c drivers/serial/uart_16550.c)

CFLAGS_tests_unit_drivers_uart_16550_test := -Idrivers/serial
$(call unit_test,uart_16550_test,tests/unit/drivers/uart_16550_test.c drivers/serial/uart_16550.c)
