/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a device sends as its descriptors: what is found lies inside of them, no interface comes
 * twice, and where the bytes are cut off nothing else is found than stands before the cut. The
 * first byte is the configuration. */
#include "tests/fuzz/fuzz.h"

#include "hal/usb/descriptors.h"

static void claim_inside(const struct hal_interface *found, const uint8_t *bytes, size_t len)
{
    const uint8_t *at = found->class_descriptors;
    FUZZ_CLAIM(at >= bytes + USB_DEVICE_DESCRIPTOR_LEN && at <= bytes + len);
    FUZZ_CLAIM(found->class_descriptors_len <= (size_t)(bytes + len - at));
    FUZZ_CLAIM(found->report_descriptor == NULL);
    FUZZ_CLAIM(found->interrupt_in == 0 || (found->interrupt_in & 0x80) != 0);
    FUZZ_CLAIM(found->bulk_in == 0 || (found->bulk_in & 0x80) != 0);
    FUZZ_CLAIM((found->bulk_out & 0x80) == 0);
    FUZZ_CLAIM(found->bulk_in_packet_len < 0x800 && found->bulk_out_packet_len < 0x800);
}

static void claim_once(const struct hal_interface *found, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        FUZZ_CLAIM(found[i].bInterfaceNumber != found[count - 1].bInterfaceNumber);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hal_interface found[USB_INTERFACES_MAX], before[USB_INTERFACES_MAX];
    if (size == 0) {
        return 0;
    }
    const uint8_t *bytes = data + 1;
    size_t len = size - 1;
    size_t count = usb_find_interfaces(bytes, len, data[0], found);
    FUZZ_CLAIM(count <= USB_INTERFACES_MAX);
    for (size_t i = 0; i < count; i++) {
        claim_inside(&found[i], bytes, len);
        claim_once(found, i + 1);
    }
    size_t cut_count = usb_find_interfaces(bytes, len / 2, data[0], before);
    FUZZ_CLAIM(cut_count <= count);
    for (size_t i = 0; i < cut_count; i++) {
        FUZZ_CLAIM(before[i].class_descriptors == found[i].class_descriptors);
        FUZZ_CLAIM(before[i].class_descriptors_len <= found[i].class_descriptors_len);
        claim_inside(&before[i], bytes, len / 2);
    }
    return 0;
}
