/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a programme's rules alone. */
#include "app/core/programme.h"
