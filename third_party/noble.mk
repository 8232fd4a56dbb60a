# SPDX-License-Identifier: BSD-2-Clause
# noble-post-quantum and noble-hashes (MIT licence): ML-DSA, SLH-DSA and ML-KEM in
# JavaScript, written independently of PQClean. The interoperability tests run it.

$(call npm_package,@noble/post-quantum)
$(call npm_package,@noble/hashes)
