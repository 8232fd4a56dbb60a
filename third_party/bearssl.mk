# SPDX-License-Identifier: BSD-2-Clause
# BearSSL 0.6 (MIT licence): SHA-512, made for freestanding use.

$(call debian_source,bearssl,102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004)
