/* SPDX-License-Identifier: Apache-2.0 */
/* A basket becomes a quote or a sale. */
#include "app/core/sale.h"
