# SPDX-License-Identifier: BSD-2-Clause
# libfdt, compiled freestanding, out of Arm Trusted Firmware 2.8: Debian's mirror
# lacks the source package of libfdt itself. lib/libfdt is under BSD-2-Clause or
# GPL-2.0-or-later; nothing else of the package is used.

$(call debian_source,arm-trusted-firmware,a4ecc35e0b893fe8682c075fc1bdb858de87e4cb18fbed9a1597e2c9f6d320de)
