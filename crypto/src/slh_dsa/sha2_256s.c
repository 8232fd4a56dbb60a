/* SPDX-License-Identifier: BSD-2-Clause */
/* SLH-DSA-SHA2-256s: built with the headers of PQClean's sphincs-sha2-256s-simple. */
#define SLH_DSA_FUNCTION(name) slh_dsa_sha2_256s_##name

#include <string.h>

#include <crypto/wipe.h>

#include "message_hash_sha2.h"

#include "parameter_set.h"
