# SPDX-License-Identifier: BSD-2-Clause
# LZ4 1.9.4 (lib/: BSD-2-Clause): unpacking of guests' images, compiled freestanding.

$(call debian_source,lz4,0b0e3aa07c8c063ddf40b082bdf7e37a1562bda40a0ff5272957f3e987e0e54b)
