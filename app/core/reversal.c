/* SPDX-License-Identifier: Apache-2.0 */
/* Voids and refunds. */
#include "app/core/reversal.h"
