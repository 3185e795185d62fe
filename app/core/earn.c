/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules give. */
#include "app/core/earn.h"
