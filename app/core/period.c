/* SPDX-License-Identifier: Apache-2.0 */
/* Spans of days. */
#include "app/core/period.h"
