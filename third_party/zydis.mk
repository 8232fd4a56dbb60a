# SPDX-License-Identifier: BSD-2-Clause
# Zydis 4.0 (MIT licence): x86 instruction decoding, compiled freestanding.

$(call debian_source,zydis,e990107f80c62afc1deb51de230023a1098db801b8ea6bf483e296d45459e234)
