/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn sales. */
#include "app/core/surprise.h"
