# SPDX-License-Identifier: BSD-2-Clause
# PQClean (public domain and permissive licences: its LICENSE files say which) as
# packed by npm's pqclean: ML-DSA, ML-KEM and SPHINCS+ in C. The lock file leaves out
# what that package needs to be built for Node.js: it is not.

$(call npm_package,pqclean)
