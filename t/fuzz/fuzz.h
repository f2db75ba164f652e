/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a fuzz target defines: one call with one input, which must neither crash nor leak. Returns
 * 0. */
#ifndef LOVFS_FUZZ_FUZZ_H
#define LOVFS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

#endif
