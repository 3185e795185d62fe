/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a basket can be. */
#include "app/core/basket.h"
