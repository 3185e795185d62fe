/* SPDX-License-Identifier: Apache-2.0 */
/* An account that owns its memory. */
#include "app/base/book.h"
