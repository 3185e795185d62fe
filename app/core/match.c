/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a rule speaks about a sale, and about which lines. */
#include "app/core/match.h"
