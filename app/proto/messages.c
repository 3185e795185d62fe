/* SPDX-License-Identifier: Apache-2.0 */
/* The service's messages to bytes and back. */
#include "app/proto/messages.h"

#include "app/base/alloc.h"
#include "app/proto/pb_io.h"

enum { SMALL_LEN_MAX = 4096, LABEL_LEN_MAX = 256, NAME_LEN_MAX = 1024 };

/* ------------------------------------------------------------------ shared */

static bool is_within(struct tally_slice slice, size_t len_min, size_t len_max)
{
    return slice.len >= len_min && slice.len <= len_max;
}

static enum tally_status ok_or_invalid(bool ok)
{
    return ok ? TALLY_OK : TALLY_E_INVALID;
}

/* A bytes field that is exactly `len` long. */
static bool take_fixed(const pb_byte_t *from, size_t from_len, uint8_t *to, size_t len)
{
    if (from_len != len) {
        return false;
    }
    memcpy(to, from, len);
    return true;
}

/* ------------------------------------------------------------------ enrolment */

static enum tally_status enrol_request_check(const struct tally_msg_enrol_request *message)
{
    return ok_or_invalid(pb_text_is(message->token, 1, LABEL_LEN_MAX) &&
                         is_within(message->csr, 1, SMALL_LEN_MAX) &&
                         pb_text_is(message->software, 0, LABEL_LEN_MAX));
}

enum tally_status tally_msg_enrol_request_encode(const struct tally_msg_enrol_request *message,
                                                 struct tally_buffer *ret_bytes)
{
    TALLY_TRY(enrol_request_check(message));
    tally_v1_EnrolRequest out = {
        .token = pb_out_slice(&message->token),
        .csr = pb_out_slice(&message->csr),
        .software = pb_out_slice(&message->software),
    };
    return pb_encode_to(tally_v1_EnrolRequest_fields, &out, ret_bytes);
}

enum tally_status tally_msg_enrol_request_decode(struct tally_slice bytes,
                                                 struct tally_msg_enrol_request *ret)
{
    struct tally_msg_enrol_request message = {0};
    tally_v1_EnrolRequest in = {
        .token = pb_in_slice(&message.token),
        .csr = pb_in_slice(&message.csr),
        .software = pb_in_slice(&message.software),
    };
    TALLY_TRY(pb_decode_from(bytes, tally_v1_EnrolRequest_fields, &in));
    TALLY_TRY(enrol_request_check(&message));
    *ret = message;
    return TALLY_OK;
}

static enum tally_status enrol_reply_check(const struct tally_msg_enrol_reply *message)
{
    if (!is_within(message->certificate, 1, SMALL_LEN_MAX) ||
        !pb_text_is(message->hq_name, 0, LABEL_LEN_MAX) ||
        message->issuer_count > TALLY_MSG_ISSUERS_MAX) {
        return TALLY_E_INVALID;
    }
    for (size_t i = 0; i < message->issuer_count; i++) {
        if (!is_within(message->issuers[i], 1, SMALL_LEN_MAX)) {
            return TALLY_E_INVALID;
        }
    }
    return TALLY_OK;
}

static bool put_issuers(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_msg_enrol_reply *message = *arg;
    return pb_put_slices(stream, field, message->issuers, message->issuer_count);
}

static bool take_issuer(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    return pb_take_slice(stream, field, *arg, TALLY_MSG_ISSUERS_MAX);
}

enum tally_status tally_msg_enrol_reply_encode(const struct tally_msg_enrol_reply *message,
                                               struct tally_buffer *ret_bytes)
{
    TALLY_TRY(enrol_reply_check(message));
    tally_v1_EnrolReply out = {
        .terminal = message->terminal,
        .shop = message->shop,
        .epoch = message->epoch,
        .certificate = pb_out_slice(&message->certificate),
        .issuers = {.funcs.encode = put_issuers, .arg = pb_borrowed(message)},
        .hq_name = pb_out_slice(&message->hq_name),
    };
    return pb_encode_to(tally_v1_EnrolReply_fields, &out, ret_bytes);
}

enum tally_status tally_msg_enrol_reply_decode(struct tally_slice bytes,
                                               struct tally_msg_enrol_reply *ret)
{
    struct tally_msg_enrol_reply message = {0};
    struct pb_array issuers = {0};
    tally_v1_EnrolReply in = {
        .certificate = pb_in_slice(&message.certificate),
        .issuers = {.funcs.decode = take_issuer, .arg = &issuers},
        .hq_name = pb_in_slice(&message.hq_name),
    };
    enum tally_status status = pb_decode_from(bytes, tally_v1_EnrolReply_fields, &in);
    message.terminal = in.terminal;
    message.shop = in.shop;
    message.epoch = in.epoch;
    message.issuers = issuers.items;
    message.issuer_count = issuers.count;
    if (status == TALLY_OK) {
        status = enrol_reply_check(&message);
    }
    if (status != TALLY_OK) {
        tally_msg_enrol_reply_free(&message);
        return status;
    }
    *ret = message;
    return TALLY_OK;
}

void tally_msg_enrol_reply_free(struct tally_msg_enrol_reply *message)
{
    tally_free(message->issuers);
    *message = (struct tally_msg_enrol_reply){0};
}

/* ------------------------------------------------------------------ push */

static bool record_ok(const struct tally_msg_record *message)
{
    return is_within(message->event, 1, TALLY_EVENT_LEN_MAX) &&
           is_within(message->sidecar, 0, TALLY_SIDECAR_LEN_MAX);
}

static tally_v1_Record record_out(const struct tally_msg_record *message)
{
    return (tally_v1_Record){
        .event = pb_out_slice(&message->event),
        .sidecar = pb_out_slice(&message->sidecar),
    };
}

static tally_v1_Record record_in(struct tally_msg_record *message)
{
    return (tally_v1_Record){
        .event = pb_in_slice(&message->event),
        .sidecar = pb_in_slice(&message->sidecar),
    };
}

enum tally_status tally_msg_record_encode(const struct tally_msg_record *message,
                                          struct tally_buffer *ret_bytes)
{
    TALLY_TRY(ok_or_invalid(record_ok(message)));
    tally_v1_Record out = record_out(message);
    return pb_encode_to(tally_v1_Record_fields, &out, ret_bytes);
}

enum tally_status tally_msg_record_decode(struct tally_slice bytes, struct tally_msg_record *ret)
{
    struct tally_msg_record message = {0};
    tally_v1_Record in = record_in(&message);
    TALLY_TRY(pb_decode_from(bytes, tally_v1_Record_fields, &in));
    TALLY_TRY(ok_or_invalid(record_ok(&message)));
    *ret = message;
    return TALLY_OK;
}

static bool put_records(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_msg_push_request *message = *arg;
    for (size_t i = 0; i < message->record_count; i++) {
        tally_v1_Record out = record_out(&message->records[i]);
        if (!record_ok(&message->records[i]) ||
            !pb_put_message(stream, field, tally_v1_Record_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool take_record(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    struct tally_msg_record *record =
        pb_array_next(stream, *arg, sizeof(struct tally_msg_record), TALLY_MSG_RECORDS_MAX);
    if (record == NULL) {
        return false;
    }
    tally_v1_Record in = record_in(record);
    return pb_decode(stream, tally_v1_Record_fields, &in) && record_ok(record);
}

enum tally_status tally_msg_push_request_encode(const struct tally_msg_push_request *message,
                                                struct tally_buffer *ret_bytes)
{
    TALLY_TRY(ok_or_invalid(message->record_count <= TALLY_MSG_RECORDS_MAX));
    tally_v1_PushRequest out = {
        .epoch = message->epoch,
        .first_seq = message->first_seq,
        .chain_before = {.size = TALLY_HASH_LEN},
        .records = {.funcs.encode = put_records, .arg = pb_borrowed(message)},
        .chain_after = {.size = TALLY_HASH_LEN},
    };
    memcpy(out.chain_before.bytes, message->chain_before, TALLY_HASH_LEN);
    memcpy(out.chain_after.bytes, message->chain_after, TALLY_HASH_LEN);
    return pb_encode_to(tally_v1_PushRequest_fields, &out, ret_bytes);
}

enum tally_status tally_msg_push_request_decode(struct tally_slice bytes,
                                                struct tally_msg_push_request *ret)
{
    struct tally_msg_push_request message = {0};
    struct pb_array records = {0};
    tally_v1_PushRequest in = tally_v1_PushRequest_init_zero;
    in.records = (pb_callback_t){.funcs.decode = take_record, .arg = &records};
    enum tally_status status = pb_decode_from(bytes, tally_v1_PushRequest_fields, &in);
    message.epoch = in.epoch;
    message.first_seq = in.first_seq;
    message.records = records.items;
    message.record_count = records.count;
    if (status == TALLY_OK) {
        status = ok_or_invalid(take_fixed(in.chain_before.bytes, in.chain_before.size,
                                          message.chain_before, TALLY_HASH_LEN) &&
                               take_fixed(in.chain_after.bytes, in.chain_after.size,
                                          message.chain_after, TALLY_HASH_LEN));
    }
    if (status != TALLY_OK) {
        tally_msg_push_request_free(&message);
        return status;
    }
    *ret = message;
    return TALLY_OK;
}

void tally_msg_push_request_free(struct tally_msg_push_request *message)
{
    tally_free(message->records);
    *message = (struct tally_msg_push_request){0};
}

enum tally_status tally_msg_push_reply_encode(const struct tally_msg_push_reply *message,
                                              struct tally_buffer *ret_bytes)
{
    tally_v1_PushReply out = {
        .acked_seq = message->acked_seq,
        .chain = {.size = TALLY_HASH_LEN},
    };
    memcpy(out.chain.bytes, message->chain, TALLY_HASH_LEN);
    return pb_encode_to(tally_v1_PushReply_fields, &out, ret_bytes);
}

enum tally_status tally_msg_push_reply_decode(struct tally_slice bytes,
                                              struct tally_msg_push_reply *ret)
{
    tally_v1_PushReply in = tally_v1_PushReply_init_zero;
    TALLY_TRY(pb_decode_from(bytes, tally_v1_PushReply_fields, &in));
    struct tally_msg_push_reply message = {.acked_seq = in.acked_seq};
    TALLY_TRY(
        ok_or_invalid(take_fixed(in.chain.bytes, in.chain.size, message.chain, TALLY_HASH_LEN)));
    *ret = message;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ members and accounts */

static bool member_row_ok(const struct tally_msg_member_row *message)
{
    return is_within(message->profile, 0, TALLY_PROFILE_LEN_MAX) &&
           is_within(message->wrapped_key, 0, TALLY_SIDECAR_LEN_MAX) &&
           message->handle_count <= TALLY_MSG_HANDLES_MAX &&
           message->blocked_count <= TALLY_MSG_HANDLES_MAX;
}

static bool put_each(pb_ostream_t *stream, const pb_field_t *field,
                     uint8_t (*const handles)[TALLY_HANDLE_LEN], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_string(stream, handles[i], TALLY_HANDLE_LEN)) {
            return false;
        }
    }
    return true;
}

static bool put_handles(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_msg_member_row *message = *arg;
    return put_each(stream, field, message->handles, message->handle_count);
}

static bool put_blocked(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_msg_member_row *message = *arg;
    return put_each(stream, field, message->blocked, message->blocked_count);
}

static bool take_handle(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    if (stream->bytes_left != TALLY_HANDLE_LEN) {
        return false;
    }
    uint8_t *handle = pb_array_next(stream, *arg, TALLY_HANDLE_LEN, TALLY_MSG_HANDLES_MAX);
    return handle != NULL && pb_read(stream, handle, TALLY_HANDLE_LEN);
}

static tally_v1_MemberRow member_row_out(const struct tally_msg_member_row *message)
{
    return (tally_v1_MemberRow){
        .member = message->member,
        .account = message->account,
        .home_shop = message->home_shop,
        .profile = pb_out_slice(&message->profile),
        .wrapped_key = pb_out_slice(&message->wrapped_key),
        .handles = {.funcs.encode = put_handles, .arg = pb_borrowed(message)},
        .blocked = {.funcs.encode = put_blocked, .arg = pb_borrowed(message)},
    };
}

/* Fills `message` from the rest of the stream; whatever it answers, the message may be freed. */
static bool member_row_take(pb_istream_t *stream, struct tally_msg_member_row *message)
{
    struct pb_array handles = {0}, blocked = {0};
    tally_v1_MemberRow in = {
        .profile = pb_in_slice(&message->profile),
        .wrapped_key = pb_in_slice(&message->wrapped_key),
        .handles = {.funcs.decode = take_handle, .arg = &handles},
        .blocked = {.funcs.decode = take_handle, .arg = &blocked},
    };
    bool ok = pb_decode(stream, tally_v1_MemberRow_fields, &in);
    message->member = in.member;
    message->account = in.account;
    message->home_shop = in.home_shop;
    message->handles = handles.items;
    message->handle_count = handles.count;
    message->blocked = blocked.items;
    message->blocked_count = blocked.count;
    return ok && member_row_ok(message);
}

static bool account_row_ok(const struct tally_msg_account_row *message)
{
    return is_within(message->account, 1, TALLY_MSG_LEN_MAX) &&
           message->member_count <= TALLY_MSG_MEMBERS_MAX;
}

static bool put_members(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_msg_account_row *message = *arg;
    for (size_t i = 0; i < message->member_count; i++) {
        tally_v1_MemberRow out = member_row_out(&message->members[i]);
        if (!member_row_ok(&message->members[i]) ||
            !pb_put_message(stream, field, tally_v1_MemberRow_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool take_member(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    struct tally_msg_member_row *row =
        pb_array_next(stream, *arg, sizeof(struct tally_msg_member_row), TALLY_MSG_MEMBERS_MAX);
    return row != NULL && member_row_take(stream, row);
}

static tally_v1_AccountRow account_row_out(const struct tally_msg_account_row *message)
{
    return (tally_v1_AccountRow){
        .account = pb_out_slice(&message->account),
        .members = {.funcs.encode = put_members, .arg = pb_borrowed(message)},
        .as_of_seq = message->as_of_seq,
        .as_of_epoch = message->as_of_epoch,
    };
}

static bool account_row_take(pb_istream_t *stream, struct tally_msg_account_row *message)
{
    struct pb_array members = {0};
    tally_v1_AccountRow in = {
        .account = pb_in_slice(&message->account),
        .members = {.funcs.decode = take_member, .arg = &members},
    };
    bool ok = pb_decode(stream, tally_v1_AccountRow_fields, &in);
    message->members = members.items;
    message->member_count = members.count;
    message->as_of_seq = in.as_of_seq;
    message->as_of_epoch = in.as_of_epoch;
    return ok && account_row_ok(message);
}

enum tally_status tally_msg_member_row_encode(const struct tally_msg_member_row *message,
                                              struct tally_buffer *ret_bytes)
{
    TALLY_TRY(ok_or_invalid(member_row_ok(message)));
    tally_v1_MemberRow out = member_row_out(message);
    return pb_encode_to(tally_v1_MemberRow_fields, &out, ret_bytes);
}

static bool whole_member_row(pb_istream_t *stream, void *message)
{
    return member_row_take(stream, message);
}

enum tally_status tally_msg_member_row_decode(struct tally_slice bytes,
                                              struct tally_msg_member_row *ret)
{
    struct tally_msg_member_row message = {0};
    enum tally_status status = pb_decode_with(bytes, whole_member_row, &message);
    if (status != TALLY_OK) {
        tally_msg_member_row_free(&message);
        return status;
    }
    *ret = message;
    return TALLY_OK;
}

void tally_msg_member_row_free(struct tally_msg_member_row *message)
{
    tally_free(message->handles);
    tally_free(message->blocked);
    *message = (struct tally_msg_member_row){0};
}

enum tally_status tally_msg_account_row_encode(const struct tally_msg_account_row *message,
                                               struct tally_buffer *ret_bytes)
{
    TALLY_TRY(ok_or_invalid(account_row_ok(message)));
    tally_v1_AccountRow out = account_row_out(message);
    return pb_encode_to(tally_v1_AccountRow_fields, &out, ret_bytes);
}

static bool whole_account_row(pb_istream_t *stream, void *message)
{
    return account_row_take(stream, message);
}

enum tally_status tally_msg_account_row_decode(struct tally_slice bytes,
                                               struct tally_msg_account_row *ret)
{
    struct tally_msg_account_row message = {0};
    enum tally_status status = pb_decode_with(bytes, whole_account_row, &message);
    if (status != TALLY_OK) {
        tally_msg_account_row_free(&message);
        return status;
    }
    *ret = message;
    return TALLY_OK;
}

void tally_msg_account_row_free(struct tally_msg_account_row *message)
{
    for (size_t i = 0; i < message->member_count; i++) {
        tally_msg_member_row_free(&message->members[i]);
    }
    tally_free(message->members);
    *message = (struct tally_msg_account_row){0};
}

/* ------------------------------------------------------------------ keys and programme */

static bool shared_keys_ok(const struct tally_msg_shared_keys *message)
{
    return is_within(message->programme_key, 0, SMALL_LEN_MAX);
}

static tally_v1_SharedKeys shared_keys_out(const struct tally_msg_shared_keys *message)
{
    tally_v1_SharedKeys out = {
        .card_key = {.size = TALLY_SHARED_KEY_LEN},
        .data_key = {.size = TALLY_SHARED_KEY_LEN},
        .programme_key = pb_out_slice(&message->programme_key),
    };
    memcpy(out.card_key.bytes, message->card_key, TALLY_SHARED_KEY_LEN);
    memcpy(out.data_key.bytes, message->data_key, TALLY_SHARED_KEY_LEN);
    return out;
}

/* `message` has its programme_key already. */
static bool shared_keys_in(const tally_v1_SharedKeys *in, struct tally_msg_shared_keys *message)
{
    return take_fixed(in->card_key.bytes, in->card_key.size, message->card_key,
                      TALLY_SHARED_KEY_LEN) &&
           take_fixed(in->data_key.bytes, in->data_key.size, message->data_key,
                      TALLY_SHARED_KEY_LEN) &&
           shared_keys_ok(message);
}

enum tally_status tally_msg_shared_keys_encode(const struct tally_msg_shared_keys *message,
                                               struct tally_buffer *ret_bytes)
{
    TALLY_TRY(ok_or_invalid(shared_keys_ok(message)));
    tally_v1_SharedKeys out = shared_keys_out(message);
    enum tally_status status = pb_encode_to(tally_v1_SharedKeys_fields, &out, ret_bytes);
    explicit_bzero(&out, sizeof out);
    return status;
}

enum tally_status tally_msg_shared_keys_decode(struct tally_slice bytes,
                                               struct tally_msg_shared_keys *ret)
{
    struct tally_msg_shared_keys message = {0};
    tally_v1_SharedKeys in = {.programme_key = pb_in_slice(&message.programme_key)};
    enum tally_status status = pb_decode_from(bytes, tally_v1_SharedKeys_fields, &in);
    if (status == TALLY_OK) {
        status = ok_or_invalid(shared_keys_in(&in, &message));
    }
    if (status == TALLY_OK) {
        *ret = message;
    }
    explicit_bzero(&in, sizeof in);
    explicit_bzero(&message, sizeof message);
    return status;
}

static bool signed_programme_ok(const struct tally_msg_signed_programme *message)
{
    return is_within(message->document, 1, TALLY_PROGRAMME_LEN_MAX) &&
           is_within(message->signature, 1, SMALL_LEN_MAX);
}

static tally_v1_SignedProgramme
signed_programme_out(const struct tally_msg_signed_programme *message)
{
    return (tally_v1_SignedProgramme){
        .document = pb_out_slice(&message->document),
        .signature = pb_out_slice(&message->signature),
    };
}

static tally_v1_SignedProgramme signed_programme_in(struct tally_msg_signed_programme *message)
{
    return (tally_v1_SignedProgramme){
        .document = pb_in_slice(&message->document),
        .signature = pb_in_slice(&message->signature),
    };
}

enum tally_status
tally_msg_signed_programme_encode(const struct tally_msg_signed_programme *message,
                                  struct tally_buffer *ret_bytes)
{
    TALLY_TRY(ok_or_invalid(signed_programme_ok(message)));
    tally_v1_SignedProgramme out = signed_programme_out(message);
    return pb_encode_to(tally_v1_SignedProgramme_fields, &out, ret_bytes);
}

enum tally_status tally_msg_signed_programme_decode(struct tally_slice bytes,
                                                    struct tally_msg_signed_programme *ret)
{
    struct tally_msg_signed_programme message = {0};
    tally_v1_SignedProgramme in = signed_programme_in(&message);
    TALLY_TRY(pb_decode_from(bytes, tally_v1_SignedProgramme_fields, &in));
    TALLY_TRY(ok_or_invalid(signed_programme_ok(&message)));
    *ret = message;
    return TALLY_OK;
}

/* ------------------------------------------------------------------ grants of a reply */

struct grants {
    struct pb_array grants;
    struct pb_array moves; /* of all grants, one behind the other */
};

/* A grant says what its event will: the same limits hold. */
static enum tally_status grant_check(const struct tally_msg_grant *grant)
{
    const struct tally_event event = {
        .type = TALLY_EVENT_GRANT,
        .account = grant->account,
        .effects = {.moves = grant->moves, .move_count = grant->move_count},
        .as.grant = {.grant_seq = grant->grant_seq, .to_terminal = grant->to_terminal},
    };
    return ok_or_invalid(grant->account != 0 && grant->grant_seq != 0 &&
                         grant->to_terminal != TALLY_TERMINAL_HQ &&
                         tally_effects_check(&event) == TALLY_OK);
}

static bool put_grant_moves(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_msg_grant *grant = *arg;
    return pb_put_moves(stream, field, grant->moves, grant->move_count);
}

static bool put_grants(pb_ostream_t *stream, const pb_field_t *field,
                       const struct tally_msg_grant *grants, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tally_v1_Grant out = {
            .account = grants[i].account,
            .grant_seq = grants[i].grant_seq,
            .to_terminal = grants[i].to_terminal,
            .moves = {.funcs.encode = put_grant_moves, .arg = pb_borrowed(&grants[i])},
        };
        if (grant_check(&grants[i]) != TALLY_OK ||
            !pb_put_message(stream, field, tally_v1_Grant_fields, &out)) {
            return false;
        }
    }
    return true;
}

/* Each grant has at most TALLY_MOVES_MAX of them and is checked by itself; the array of all has to
 * end somewhere, and the length of the message sees to that. */
static bool take_grant_move(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    return pb_take_move(stream, *arg, SIZE_MAX / sizeof(struct tally_move));
}

static bool take_grant(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    struct grants *grants = *arg;
    size_t moves_before = grants->moves.count;
    tally_v1_Grant in = {.moves = {.funcs.decode = take_grant_move, .arg = &grants->moves}};
    if (!pb_decode(stream, tally_v1_Grant_fields, &in)) {
        return false;
    }
    struct tally_msg_grant *grant = pb_array_next(
        stream, &grants->grants, sizeof(struct tally_msg_grant), TALLY_MSG_GRANTS_MAX);
    if (grant == NULL) {
        return false;
    }
    grant->account = in.account;
    grant->grant_seq = in.grant_seq;
    grant->to_terminal = in.to_terminal;
    grant->move_count = grants->moves.count - moves_before;
    return true;
}

/* Once no array grows any more, every grant gets its part of the moves. */
static enum tally_status settle_grants(struct grants *grants)
{
    struct tally_msg_grant *all = grants->grants.items;
    const struct tally_move *next = grants->moves.items;
    for (size_t i = 0; i < grants->grants.count; i++) {
        all[i].moves = all[i].move_count > 0 ? next : NULL;
        TALLY_TRY(grant_check(&all[i]));
        next = all[i].move_count > 0 ? next + all[i].move_count : next;
    }
    return TALLY_OK;
}

/* ------------------------------------------------------------------ pull */

enum tally_status tally_msg_pull_request_encode(const struct tally_msg_pull_request *message,
                                                struct tally_buffer *ret_bytes)
{
    tally_v1_PullRequest out = {
        .cursor = message->cursor,
        .programme_version = message->programme_version,
        .grant_seq = message->grant_seq,
    };
    return pb_encode_to(tally_v1_PullRequest_fields, &out, ret_bytes);
}

enum tally_status tally_msg_pull_request_decode(struct tally_slice bytes,
                                                struct tally_msg_pull_request *ret)
{
    tally_v1_PullRequest in = tally_v1_PullRequest_init_zero;
    TALLY_TRY(pb_decode_from(bytes, tally_v1_PullRequest_fields, &in));
    *ret = (struct tally_msg_pull_request){in.cursor, in.programme_version, in.grant_seq};
    return TALLY_OK;
}

static bool put_accounts(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_msg_pull_reply *message = *arg;
    for (size_t i = 0; i < message->account_count; i++) {
        tally_v1_AccountRow out = account_row_out(&message->accounts[i]);
        if (!account_row_ok(&message->accounts[i]) ||
            !pb_put_message(stream, field, tally_v1_AccountRow_fields, &out)) {
            return false;
        }
    }
    return true;
}

static bool take_account(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    (void)field;
    struct tally_msg_account_row *row =
        pb_array_next(stream, *arg, sizeof(struct tally_msg_account_row), TALLY_MSG_ROWS_MAX);
    return row != NULL && account_row_take(stream, row);
}

static bool put_pull_grants(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_msg_pull_reply *message = *arg;
    return put_grants(stream, field, message->grants, message->grant_count);
}

enum tally_status tally_msg_pull_reply_encode(const struct tally_msg_pull_reply *message,
                                              struct tally_buffer *ret_bytes)
{
    TALLY_TRY(ok_or_invalid(message->account_count <= TALLY_MSG_ROWS_MAX &&
                            message->grant_count <= TALLY_MSG_GRANTS_MAX &&
                            (!message->has_keys || shared_keys_ok(&message->keys)) &&
                            (!message->has_programme || signed_programme_ok(&message->programme)) &&
                            message->hq_time_ms >= 0));
    tally_v1_PullReply out = {
        .accounts = {.funcs.encode = put_accounts, .arg = pb_borrowed(message)},
        .cursor = message->cursor,
        .has_keys = message->has_keys,
        .has_programme = message->has_programme,
        .grants = {.funcs.encode = put_pull_grants, .arg = pb_borrowed(message)},
        .caught_up = message->caught_up,
        .hq_time = (uint64_t)message->hq_time_ms,
    };
    if (message->has_keys) {
        out.keys = shared_keys_out(&message->keys);
    }
    if (message->has_programme) {
        out.programme = signed_programme_out(&message->programme);
    }
    enum tally_status status = pb_encode_to(tally_v1_PullReply_fields, &out, ret_bytes);
    explicit_bzero(&out.keys, sizeof out.keys);
    return status;
}

/* What nanopb decoded, into a message whose slices are set; the arrays change hands. */
static enum tally_status pull_reply_in(const tally_v1_PullReply *in,
                                       const struct pb_array *accounts, struct grants *grants,
                                       struct tally_msg_pull_reply *message)
{
    message->accounts = accounts->items;
    message->account_count = accounts->count;
    message->grants = grants->grants.items;
    message->grant_count = grants->grants.count;
    message->grant_moves = grants->moves.items;
    message->cursor = in->cursor;
    message->caught_up = in->caught_up;
    message->has_keys = in->has_keys;
    message->has_programme = in->has_programme;
    if (in->hq_time > INT64_MAX || (in->has_keys && !shared_keys_in(&in->keys, &message->keys)) ||
        (in->has_programme && !signed_programme_ok(&message->programme))) {
        return TALLY_E_INVALID;
    }
    message->hq_time_ms = (int64_t)in->hq_time;
    return settle_grants(grants);
}

enum tally_status tally_msg_pull_reply_decode(struct tally_slice bytes,
                                              struct tally_msg_pull_reply *ret)
{
    struct tally_msg_pull_reply message = {0};
    struct pb_array accounts = {0};
    struct grants grants = {0};
    tally_v1_PullReply in = {
        .accounts = {.funcs.decode = take_account, .arg = &accounts},
        .keys = {.programme_key = pb_in_slice(&message.keys.programme_key)},
        .programme = signed_programme_in(&message.programme),
        .grants = {.funcs.decode = take_grant, .arg = &grants},
    };
    enum tally_status decoded = pb_decode_from(bytes, tally_v1_PullReply_fields, &in);
    enum tally_status status = pull_reply_in(&in, &accounts, &grants, &message);
    status = decoded != TALLY_OK ? decoded : status;
    explicit_bzero(&in.keys, sizeof in.keys);
    if (status != TALLY_OK) {
        tally_msg_pull_reply_free(&message);
        return status;
    }
    *ret = message;
    explicit_bzero(&message.keys, sizeof message.keys);
    return TALLY_OK;
}

void tally_msg_pull_reply_free(struct tally_msg_pull_reply *message)
{
    for (size_t i = 0; i < message->account_count; i++) {
        tally_msg_account_row_free(&message->accounts[i]);
    }
    tally_free(message->accounts);
    tally_free(message->grants);
    tally_free(message->grant_moves);
    explicit_bzero(message, sizeof *message);
}

/* ------------------------------------------------------------------ draw */

enum tally_status tally_msg_draw_request_encode(const struct tally_msg_draw_request *message,
                                                struct tally_buffer *ret_bytes)
{
    tally_v1_DrawRequest out = {
        .request_id = {.size = TALLY_REQUEST_ID_LEN},
        .account = message->account,
        .points = message->points,
        .grant_seq = message->grant_seq,
        .purse = message->purse,
    };
    memcpy(out.request_id.bytes, message->request_id, TALLY_REQUEST_ID_LEN);
    return pb_encode_to(tally_v1_DrawRequest_fields, &out, ret_bytes);
}

enum tally_status tally_msg_draw_request_decode(struct tally_slice bytes,
                                                struct tally_msg_draw_request *ret)
{
    tally_v1_DrawRequest in = tally_v1_DrawRequest_init_zero;
    TALLY_TRY(pb_decode_from(bytes, tally_v1_DrawRequest_fields, &in));
    struct tally_msg_draw_request message = {
        .account = in.account, .points = in.points, .grant_seq = in.grant_seq, .purse = in.purse};
    TALLY_TRY(ok_or_invalid(take_fixed(in.request_id.bytes, in.request_id.size, message.request_id,
                                       TALLY_REQUEST_ID_LEN)));
    *ret = message;
    return TALLY_OK;
}

static bool put_draw_grants(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const struct tally_msg_draw_reply *message = *arg;
    return put_grants(stream, field, message->grants, message->grant_count);
}

enum tally_status tally_msg_draw_reply_encode(const struct tally_msg_draw_reply *message,
                                              struct tally_buffer *ret_bytes)
{
    TALLY_TRY(ok_or_invalid(message->grant_count <= TALLY_MSG_GRANTS_MAX));
    tally_v1_DrawReply out = {
        .grants = {.funcs.encode = put_draw_grants, .arg = pb_borrowed(message)}};
    return pb_encode_to(tally_v1_DrawReply_fields, &out, ret_bytes);
}

enum tally_status tally_msg_draw_reply_decode(struct tally_slice bytes,
                                              struct tally_msg_draw_reply *ret)
{
    struct grants grants = {0};
    tally_v1_DrawReply in = {.grants = {.funcs.decode = take_grant, .arg = &grants}};
    enum tally_status status = pb_decode_from(bytes, tally_v1_DrawReply_fields, &in);
    if (status == TALLY_OK) {
        status = settle_grants(&grants);
    }
    struct tally_msg_draw_reply message = {
        .grants = grants.grants.items,
        .grant_count = grants.grants.count,
        .grant_moves = grants.moves.items,
    };
    if (status != TALLY_OK) {
        tally_msg_draw_reply_free(&message);
        return status;
    }
    *ret = message;
    return TALLY_OK;
}

void tally_msg_draw_reply_free(struct tally_msg_draw_reply *message)
{
    tally_free(message->grants);
    tally_free(message->grant_moves);
    *message = (struct tally_msg_draw_reply){0};
}

/* ------------------------------------------------------------------ a person */

static bool birthday_ok(uint32_t month, uint32_t day)
{
    static const uint8_t days[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 0 ? day == 0 : month <= 12 && day >= 1 && day <= days[month];
}

static enum tally_status profile_check(const struct tally_msg_profile *message)
{
    return ok_or_invalid(pb_text_is(message->name, 0, NAME_LEN_MAX) &&
                         pb_text_is(message->phone, 0, TALLY_TEXT_LEN_MAX) &&
                         birthday_ok(message->birth_month, message->birth_day));
}

enum tally_status tally_msg_profile_encode(const struct tally_msg_profile *message,
                                           struct tally_buffer *ret_bytes)
{
    TALLY_TRY(profile_check(message));
    tally_v1_Profile out = {
        .name = pb_out_slice(&message->name),
        .phone = pb_out_slice(&message->phone),
        .birth_month = message->birth_month,
        .birth_day = message->birth_day,
    };
    return pb_encode_to(tally_v1_Profile_fields, &out, ret_bytes);
}

enum tally_status tally_msg_profile_decode(struct tally_slice bytes, struct tally_msg_profile *ret)
{
    struct tally_msg_profile message = {0};
    tally_v1_Profile in = {
        .name = pb_in_slice(&message.name),
        .phone = pb_in_slice(&message.phone),
    };
    TALLY_TRY(pb_decode_from(bytes, tally_v1_Profile_fields, &in));
    message.birth_month = in.birth_month;
    message.birth_day = in.birth_day;
    TALLY_TRY(profile_check(&message));
    *ret = message;
    return TALLY_OK;
}
