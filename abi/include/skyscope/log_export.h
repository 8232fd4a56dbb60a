/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the manager's `export log` writes and `skyscope open` reads: UTF-8 text,
 * sealed to the operator's key (<crypto/seal.h>) with this context, as armoured
 * text (<crypto/armour.h>).
 */
#pragma once

#define LOG_EXPORT_CONTEXT "skyscope log export 1"
