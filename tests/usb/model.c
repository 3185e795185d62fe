/* SPDX-License-Identifier: Apache-2.0 */
/* Devices by name. */
#include "tests/usb/model_kinds.h"

struct model *model_make(const char *kind)
{
    struct model *model = model_reader_make(kind);
    return model != NULL ? model : model_hid_make(kind);
}

void model_free(struct model *model)
{
    model->ops->free(model);
}
