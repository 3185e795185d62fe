/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones as rules: POSIX TZ. */
#include "app/core/zone.h"
