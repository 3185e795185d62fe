/* SPDX-License-Identifier: Apache-2.0 */
/* Whether something looks like fraud. */
#include "app/core/guard.h"
