/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: what one event does to the points of one account. */
#include "app/core/account.h"
