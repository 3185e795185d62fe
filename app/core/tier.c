/* SPDX-License-Identifier: Apache-2.0 */
/* Which tier a member is in. */
#include "app/core/tier.h"
