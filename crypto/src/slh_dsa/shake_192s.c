/* SPDX-License-Identifier: BSD-2-Clause */
/* SLH-DSA-SHAKE-192s: built with the headers of PQClean's sphincs-shake-192s-simple. */
#define SLH_DSA_FUNCTION(name) slh_dsa_shake_192s_##name

#include <string.h>

#include <crypto/wipe.h>

#include "message_hash_shake.h"

#include "parameter_set.h"
