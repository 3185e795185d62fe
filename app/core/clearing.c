/* SPDX-License-Identifier: Apache-2.0 */
/* Who owes whom. */
#include "app/core/clearing.h"
