/* SPDX-License-Identifier: Apache-2.0 */
/* What every event has in common. */
#include "app/core/event.h"
