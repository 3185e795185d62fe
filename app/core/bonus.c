/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to an account outside a sale. */
#include "app/core/bonus.h"
