// SPDX-License-Identifier: GPL-2.0-only
/*
 * adf_mstate_mgr.c of the kernel source, as it is; a copy of its directory beside this file, which
 * may be a changed one, goes first.
 */

/* As the Makefile there has it. */
#define DEFAULT_SYMBOL_NAMESPACE "CRYPTO_QAT"

#if __has_include("qat_common/adf_mstate_mgr.c")
#include "qat_common/adf_mstate_mgr.c"
#else
#include <../drivers/crypto/intel/qat/qat_common/adf_mstate_mgr.c>
#endif
