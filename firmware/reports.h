/* firmware/reports.h: the reports the open card reader sends, shared by the reader and the
 * terminal.
 *
 * The layout is the vendor-page layout that magnetic stripe readers in the field speak (337-byte
 * input report, no report ID); REPORTS.md beside this file states it byte by byte. A terminal that
 * meets other readers should take offsets from the HID report descriptor and use the usages below.
 *
 * Needs nothing but a C compiler: no header, no struct, only constants. */
#ifndef TALLY_FIRMWARE_REPORTS_H
#define TALLY_FIRMWARE_REPORTS_H

/* pid.codes keeps 0x1209:0x0001 for tests. A maker who ships this reader gets a number of his
 * own. */
enum { TALLY_MSR_USB_VENDOR = 0x1209, TALLY_MSR_USB_PRODUCT = 0x0001 };

/* What the input report looks like (TALLY_MSR_PROP_FORM). */
enum tally_msr_form {
    TALLY_MSR_FORM_SURESWIPE = 0, /* vendor page FF00, 337 bytes: as the factory sets it */
    TALLY_MSR_FORM_KEYBOARD = 1,  /* a boot keyboard that types the tracks */
    TALLY_MSR_FORM_SIGNED = 2,    /* SURESWIPE and a signature */
    TALLY_MSR_FORM_8E = 3,        /* USB-IF's page */
    TALLY_MSR_FORM_COUNT
};

enum { TALLY_MSR_TRACKS = 3, TALLY_MSR_TRACK_LEN_MAX = 110 };

/* HID usages. All fields are 8 bits wide, values 0..255. */
enum {
    TALLY_MSR_USAGE_PAGE = 0xff00,
    TALLY_MSR_USAGE_READER = 0x01, /* the application collection */
    TALLY_MSR_USAGE_STATUS_1 = 0x20,
    TALLY_MSR_USAGE_STATUS_2 = 0x21,
    TALLY_MSR_USAGE_STATUS_3 = 0x22,
    TALLY_MSR_USAGE_LEN_1 = 0x28,
    TALLY_MSR_USAGE_LEN_2 = 0x29,
    TALLY_MSR_USAGE_LEN_3 = 0x2a,
    TALLY_MSR_USAGE_ENCODE_TYPE = 0x38,
    TALLY_MSR_USAGE_DATA_1 = 0x30,
    TALLY_MSR_USAGE_DATA_2 = 0x31,
    TALLY_MSR_USAGE_DATA_3 = 0x32,
    TALLY_MSR_USAGE_COMMAND = 0x20, /* the feature report */
    TALLY_MSR_USAGE_COUNTER = 0x70, /* the signature trailer */
    TALLY_MSR_USAGE_MAC = 0x71
};

/* The other form of the report: HID Point of Sale Usage Tables 1.02, magnetic stripe reader
 * page. */
enum {
    TALLY_MSR_8E_USAGE_PAGE = 0x8e,
    TALLY_MSR_8E_USAGE_READER = 0x01,
    TALLY_MSR_8E_USAGE_LEN_1 = 0x11, /* 12, 13: tracks 2 and 3 */
    TALLY_MSR_8E_USAGE_DATA_1 = 0x21 /* 22, 23 */
};

/* Input report: offsets in bytes; track n (1..3) stands at AT + (n - 1) * stride. */
enum {
    TALLY_MSR_STATUS_AT = 0,
    TALLY_MSR_LEN_AT = 3,
    TALLY_MSR_ENCODE_TYPE_AT = 6,
    TALLY_MSR_DATA_AT = 7,
    TALLY_MSR_REPORT_LEN = 337
};
_Static_assert(TALLY_MSR_DATA_AT + TALLY_MSR_TRACKS * TALLY_MSR_TRACK_LEN_MAX ==
                   TALLY_MSR_REPORT_LEN,
               "three tracks fill the report");

/* The signature trailer of TALLY_MSR_FORM_SIGNED, behind the same 337 bytes. */
enum {
    TALLY_MSR_COUNTER_AT = 337, /* little-endian */
    TALLY_MSR_COUNTER_LEN = 4,
    TALLY_MSR_MAC_AT = 341,
    TALLY_MSR_MAC_LEN = 16, /* the first 16 bytes of HMAC-SHA-256(key, counter || report) */
    TALLY_MSR_SIGNED_REPORT_LEN = 357
};

/* Input report of TALLY_MSR_FORM_8E: three lengths, three tracks. */
enum { TALLY_MSR_8E_LEN_AT = 0, TALLY_MSR_8E_DATA_AT = 3, TALLY_MSR_8E_REPORT_LEN = 333 };

/* Input report of TALLY_MSR_FORM_KEYBOARD (HID 1.11, appendix B.1). */
enum { TALLY_MSR_KEYBOARD_REPORT_LEN = 8 };

/* Bit in a decode status byte. */
enum { TALLY_MSR_STATUS_ERROR = 0x01 };

enum tally_msr_encode_type {
    TALLY_MSR_ENCODE_ISO = 0,          /* at least one track was read */
    TALLY_MSR_ENCODE_UNDETERMINED = 5, /* something was on the card, nothing could be read */
    TALLY_MSR_ENCODE_NONE = 6          /* no track carries data */
};

/* Feature report: one command out, one answer back, both 24 bytes. */
enum {
    TALLY_MSR_FEATURE_LEN = 24,
    TALLY_MSR_FEATURE_CODE_AT = 0, /* command on the way out, result on the way back */
    TALLY_MSR_FEATURE_DATA_LEN_AT = 1,
    TALLY_MSR_FEATURE_DATA_AT = 2,
    TALLY_MSR_FEATURE_DATA_LEN_MAX = 22
};

enum tally_msr_command { TALLY_MSR_GET_PROP = 0, TALLY_MSR_SET_PROP = 1, TALLY_MSR_RESET = 2 };

enum tally_msr_answer {
    TALLY_MSR_ANSWER_OK = 0,
    TALLY_MSR_ANSWER_FAILED = 1,
    TALLY_MSR_ANSWER_BAD_PARAMETER = 2
};

/* Data of TALLY_MSR_RESET. */
enum { TALLY_MSR_RESET_FACTORY = 1 };

enum tally_msr_property {
    TALLY_MSR_PROP_SOFTWARE_ID = 0x00,
    TALLY_MSR_PROP_SERIAL = 0x01,
    TALLY_MSR_PROP_POLLING_MS = 0x02,
    TALLY_MSR_PROP_PACKET_LEN = 0x03,
    TALLY_MSR_PROP_TRACKS = 0x04,
    TALLY_MSR_PROP_PREFIX = 0x05,
    TALLY_MSR_PROP_SUFFIX = 0x06,
    TALLY_MSR_PROP_FORM = 0x10,
    TALLY_MSR_PROP_PAIR_KEY_1 = 0x20, /* write only */
    TALLY_MSR_PROP_PAIR_KEY_2 = 0x21,
    TALLY_MSR_PROP_PAIRED = 0x22,
    TALLY_MSR_PROP_PROOF = 0x23
};

enum {
    TALLY_MSR_POLLING_MS = 10,    /* as the factory sets it */
    TALLY_MSR_AFFIX_LEN_MAX = 20, /* prefix, suffix */
    TALLY_MSR_PAIR_HALF_LEN = 16,
    TALLY_MSR_NONCE_LEN = 16
};

#endif
