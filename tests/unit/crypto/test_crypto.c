/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of hash, MAC, checksum, sealing and signatures, and what they refuse. */
#include "app/crypto/internal.h"

#include <mbedtls/gcm.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct tally_slice text(const char *string)
{
    return (struct tally_slice){(const uint8_t *)string, strlen(string)};
}

static void unhex(const char *hex, uint8_t *ret_bytes)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        unsigned value = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        ret_bytes[i] = (uint8_t)value;
    }
}

static int start(void **state)
{
    (void)state;
    return tally_crypto_start() == TALLY_OK ? 0 : -1;
}

/* FIPS 180-2, appendix B.1 and B.2. */
static void sha256_gives_the_standards_answers_however_the_input_is_cut(void **state)
{
    (void)state;
    uint8_t want[32], have[32];
    unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", want);
    const struct tally_slice abc = text("abc");
    assert_int_equal(tally_sha256(&abc, 1, have), TALLY_OK);
    assert_memory_equal(have, want, 32);

    unhex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", want);
    const char *message = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    for (size_t cut = 0; cut <= strlen(message); cut++) {
        struct tally_slice parts[2] = {text(message), text(message + cut)};
        parts[0].len = cut;
        assert_int_equal(tally_sha256(parts, 2, have), TALLY_OK);
        assert_memory_equal(have, want, 32);
    }
    unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", want);
    assert_int_equal(tally_sha256(NULL, 0, have), TALLY_OK);
    assert_memory_equal(have, want, 32);
}

static void the_chain_is_the_hash_of_before_and_event(void **state)
{
    (void)state;
    uint8_t both[35] = {0}, have[32], want[32];
    memcpy(both + 32, "abc", 3);
    const struct tally_slice all = {both, sizeof both};
    assert_int_equal(tally_sha256(&all, 1, want), TALLY_OK);
    assert_int_equal(tally_chain_next(both, text("abc"), have), TALLY_OK);
    assert_memory_equal(have, want, 32);
}

/* Computed with `openssl dgst -sha256 -mac HMAC` over 01 "4000001234" under 32 bytes of 0b. */
static void a_handle_is_truncated_hmac_of_kind_and_identity(void **state)
{
    (void)state;
    uint8_t key[32], have[16], other[16], want[16];
    memset(key, 0x0b, sizeof key);
    struct tally_card card = {.kind = TALLY_CARD_NUMBER, .entry = TALLY_ENTRY_SWIPED, .len = 10};
    memcpy(card.bytes, "4000001234", 10);
    assert_int_equal(tally_card_handle(key, &card, have), TALLY_OK);
    unhex("7f80578c7e54053e58d2015d8219f635", want);
    assert_memory_equal(have, want, 16);

    card.entry = TALLY_ENTRY_TYPED; /* the same card, however it was read */
    assert_int_equal(tally_card_handle(key, &card, other), TALLY_OK);
    assert_memory_equal(have, other, 16);
    card.kind = TALLY_CARD_PHONE; /* another name space */
    assert_int_equal(tally_card_handle(key, &card, other), TALLY_OK);
    assert_memory_not_equal(have, other, 16);
}

/* RFC 4231, test case 1, through the library that the handle uses. */
/* RFC 5869, A.1: the PRK and info of the example, OKM of 42 bytes. Its info is ten bytes that are
 * no text but hold no NUL. */
static void a_derived_key_is_rfc_5869s(void **state)
{
    static const uint8_t prk[TALLY_KEY_LEN] = {0x07, 0x77, 0x09, 0x36, 0x2c, 0x2e, 0x32, 0xdf,
                                               0x0d, 0xdc, 0x3f, 0x0d, 0xc4, 0x7b, 0xba, 0x63,
                                               0x90, 0xb6, 0xc7, 0x3b, 0xb5, 0x0f, 0x9c, 0x31,
                                               0x22, 0xec, 0x84, 0x4a, 0xd7, 0xc2, 0xb3, 0xe5};
    static const char info[] = "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9";
    static const uint8_t expected[] = {0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a,
                                       0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36, 0x2f, 0x2a};
    uint8_t key[42];
    (void)state;
    assert_int_equal(TALLY_OK, tally_key_derive(prk, info, key, sizeof key));
    assert_memory_equal(expected, key, sizeof expected);
}

static void the_librarys_hmac_gives_rfc_4231s_answer(void **state)
{
    (void)state;
    uint8_t key[20], want[32], have[32];
    memset(key, 0x0b, sizeof key);
    unhex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", want);
    assert_int_equal(mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key, sizeof key,
                                     (const uint8_t *)"Hi There", 8, have),
                     0);
    assert_memory_equal(have, want, 32);
}

/* NIST SP 800-38A, appendix F.2.1 and F.2.2: CBC-AES128, four blocks. */
static void aes_cbc_gives_the_standards_answers_in_both_directions(void **state)
{
    (void)state;
    uint8_t key[16], iv[16], plain[64], cipher[64], have[64];
    unhex("2b7e151628aed2a6abf7158809cf4f3c", key);
    unhex("000102030405060708090a0b0c0d0e0f", iv);
    unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
          "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
          plain);
    unhex("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
          "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
          cipher);
    assert_int_equal(tally_aes_cbc_encrypt(key, iv, (struct tally_slice){plain, 64}, have),
                     TALLY_OK);
    assert_memory_equal(have, cipher, 64);
    assert_int_equal(tally_aes_cbc_decrypt(key, iv, (struct tally_slice){have, 64}, have),
                     TALLY_OK);
    assert_memory_equal(have, plain, 64);
    assert_int_equal(tally_aes_cbc_encrypt(key, iv, (struct tally_slice){plain, 17}, have),
                     TALLY_E_INVALID);
    assert_int_equal(tally_aes_cbc_decrypt(key, iv, (struct tally_slice){NULL, 0}, have), TALLY_OK);
    assert_memory_equal(have, plain, 64);
}

/* NIST SP 800-38B, appendix D.1: CMAC-AES128, examples 1 to 4. */
static void aes_cmac_gives_the_standards_answers(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        const char *mac;
    } examples[] = {{0, "bb1d6929e95937287fa37d129b756746"},
                    {16, "070a16b46b4d4144f79bdd9dd04a287c"},
                    {40, "dfa66747de9ae63030ca32611497c827"},
                    {64, "51f0bebf7e3b9d92fc49741779363cfe"}};
    uint8_t key[16], message[64], want[16], have[16];
    unhex("2b7e151628aed2a6abf7158809cf4f3c", key);
    unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
          "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
          message);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        unhex(examples[i].mac, want);
        struct tally_slice part = {examples[i].len > 0 ? message : NULL, examples[i].len};
        assert_int_equal(tally_aes_cmac(key, part, have), TALLY_OK);
        assert_memory_equal(have, want, 16);
    }
}

/* RFC 3720, appendix B.4. */
static void crc32c_gives_the_standards_answers(void **state)
{
    (void)state;
    uint8_t bytes[32];
    assert_int_equal(tally_crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(tally_crc32c(0, "", 0), 0);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(tally_crc32c(0, bytes, 32), 0x8A9136AA);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(tally_crc32c(0, bytes, 32), 0x62A8AB43);
    for (uint8_t i = 0; i < 32; i++) {
        bytes[i] = i;
    }
    assert_int_equal(tally_crc32c(0, bytes, 32), 0x46DD794E);
}

static void crc32c_can_be_continued_at_any_byte_and_any_alignment(void **state)
{
    (void)state;
    uint8_t bytes[64 + 8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    for (size_t shift = 0; shift < 8; shift++) {
        uint32_t whole = tally_crc32c(0, bytes + shift, 64);
        for (size_t cut = 0; cut <= 64; cut++) {
            uint32_t first = tally_crc32c(0, bytes + shift, cut);
            assert_int_equal(tally_crc32c(first, bytes + shift + cut, 64 - cut), whole);
        }
    }
}

/* NIST's GCM test case 16 (McGrew and Viega), through the library that sealing uses. */
static void the_librarys_gcm_gives_nists_answer(void **state)
{
    (void)state;
    uint8_t key[32], nonce[12], aad[20], plain[60], want[60], want_tag[16], have[60], tag[16];
    unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key);
    unhex("cafebabefacedbaddecaf888", nonce);
    unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad);
    unhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449"
        "a6b525b16aedf5aa0de657ba637b39",
        plain);
    unhex(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056"
        "828838c5f61e6393ba7a0abcc9f662",
        want);
    unhex("76fc6ece0f4e1768cddf8853bb2d551b", want_tag);
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    assert_int_equal(mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 256), 0);
    assert_int_equal(mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, 60, nonce, 12, aad, 20,
                                               plain, have, 16, tag),
                     0);
    mbedtls_gcm_free(&gcm);
    assert_memory_equal(have, want, 60);
    assert_memory_equal(tag, want_tag, 16);
}

static void what_was_sealed_opens_with_the_same_key_and_context(void **state)
{
    (void)state;
    uint8_t key[32] = {1, 2, 3};
    for (size_t len = 0; len < 70; len++) {
        uint8_t plain[70];
        memset(plain, (int)len, sizeof plain);
        struct tally_buffer sealed = {0}, opened = {0};
        assert_int_equal(
            tally_seal(key, text("profile"), (struct tally_slice){plain, len}, &sealed), TALLY_OK);
        assert_int_equal(sealed.len, len + TALLY_SEAL_OVERHEAD);
        assert_int_equal(tally_unseal(key, text("profile"), tally_buffer_slice(&sealed), &opened),
                         TALLY_OK);
        assert_int_equal(opened.len, len);
        if (len > 0) {
            assert_memory_equal(opened.data, plain, len);
        }
        tally_buffer_free(&sealed);
        tally_buffer_wipe(&opened);
    }
}

static void any_changed_bit_a_cut_another_key_or_context_does_not_open(void **state)
{
    (void)state;
    uint8_t key[32] = {7};
    struct tally_buffer sealed = {0}, opened = {0};
    assert_int_equal(tally_seal(key, text("profile\x01"), text("Li Wei, 13800138000"), &sealed),
                     TALLY_OK);
    const struct tally_slice slice = tally_buffer_slice(&sealed);
    for (size_t bit = 0; bit < sealed.len * 8; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(tally_unseal(key, text("profile\x01"), slice, &opened), TALLY_E_SIGNATURE);
        sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < sealed.len; len++) {
        assert_int_equal(
            tally_unseal(key, text("profile\x01"), (struct tally_slice){sealed.data, len}, &opened),
            TALLY_E_SIGNATURE);
    }
    assert_int_equal(tally_unseal(key, text("profile\x02"), slice, &opened), TALLY_E_SIGNATURE);
    assert_int_equal(tally_unseal(key, text(""), slice, &opened), TALLY_E_SIGNATURE);
    key[31] ^= 1;
    assert_int_equal(tally_unseal(key, text("profile\x01"), slice, &opened), TALLY_E_SIGNATURE);
    assert_int_equal(opened.len, 0);
    tally_buffer_free(&sealed);
    tally_buffer_free(&opened);
}

static void sealing_the_same_twice_never_gives_the_same_bytes(void **state)
{
    (void)state;
    uint8_t key[32] = {7};
    struct tally_buffer one = {0}, two = {0};
    assert_int_equal(tally_seal(key, text(""), text("same"), &one), TALLY_OK);
    assert_int_equal(tally_seal(key, text(""), text("same"), &two), TALLY_OK);
    assert_memory_not_equal(one.data, two.data, TALLY_NONCE_LEN);
    tally_buffer_free(&one);
    tally_buffer_free(&two);
}

static void a_signature_verifies_and_a_changed_one_does_not(void **state)
{
    (void)state;
    struct tally_buffer key = {0}, spki = {0}, signature = {0}, other = {0}, other_spki = {0};
    assert_int_equal(tally_key_generate(&key), TALLY_OK);
    assert_int_equal(tally_key_generate(&other), TALLY_OK);
    assert_int_equal(key.data[key.len - 1], 0);
    assert_int_equal(tally_key_public(tally_buffer_slice(&key), &spki), TALLY_OK);
    assert_int_equal(tally_key_public(tally_buffer_slice(&other), &other_spki), TALLY_OK);
    assert_int_equal(tally_sign(tally_buffer_slice(&key), text("programme 7"), &signature),
                     TALLY_OK);
    assert_int_equal(tally_verify(tally_buffer_slice(&spki), text("programme 7"),
                                  tally_buffer_slice(&signature)),
                     TALLY_OK);
    assert_int_equal(tally_verify(tally_buffer_slice(&spki), text("programme 8"),
                                  tally_buffer_slice(&signature)),
                     TALLY_E_SIGNATURE);
    assert_int_equal(tally_verify(tally_buffer_slice(&other_spki), text("programme 7"),
                                  tally_buffer_slice(&signature)),
                     TALLY_E_SIGNATURE);
    for (size_t i = 0; i < signature.len; i++) {
        signature.data[i] ^= 0x40;
        assert_int_equal(tally_verify(tally_buffer_slice(&spki), text("programme 7"),
                                      tally_buffer_slice(&signature)),
                         TALLY_E_SIGNATURE);
        signature.data[i] ^= 0x40;
    }
    assert_int_equal(
        tally_verify(text("garbage"), text("programme 7"), tally_buffer_slice(&signature)),
        TALLY_E_SIGNATURE);
    assert_int_equal(tally_sign(text("garbage"), text("x"), &signature), TALLY_E_INVALID);
    tally_buffer_wipe(&key);
    tally_buffer_wipe(&other);
    tally_buffer_free(&spki);
    tally_buffer_free(&other_spki);
    tally_buffer_free(&signature);
}

/* RFC 6979, A.2.5: P-256 with SHA-256, message "sample". */
static void the_standards_ecdsa_signature_verifies(void **state)
{
    (void)state;
    uint8_t spki[91], signature[72];
    unhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"
          "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
          "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
          spki);
    unhex("3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
          "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
          signature);
    assert_int_equal(tally_verify((struct tally_slice){spki, sizeof spki}, text("sample"),
                                  (struct tally_slice){signature, sizeof signature}),
                     TALLY_OK);
}

static void *draw_random(void *result)
{
    for (int i = 0; i < 200; i++) {
        if (tally_random(result, 3000) != TALLY_OK) {
            return result;
        }
    }
    return NULL;
}

static void randomness_of_any_length_comes_to_all_threads_and_differs(void **state)
{
    (void)state;
    static uint8_t bytes[4][3000];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, draw_random, bytes[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    for (int i = 1; i < 4; i++) {
        assert_memory_not_equal(bytes[0], bytes[i], 3000);
        assert_memory_not_equal(bytes[i], bytes[i] + 1500, 1500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_standards_answers_however_the_input_is_cut),
        cmocka_unit_test(the_chain_is_the_hash_of_before_and_event),
        cmocka_unit_test(a_handle_is_truncated_hmac_of_kind_and_identity),
        cmocka_unit_test(a_derived_key_is_rfc_5869s),
        cmocka_unit_test(the_librarys_hmac_gives_rfc_4231s_answer),
        cmocka_unit_test(aes_cbc_gives_the_standards_answers_in_both_directions),
        cmocka_unit_test(aes_cmac_gives_the_standards_answers),
        cmocka_unit_test(crc32c_gives_the_standards_answers),
        cmocka_unit_test(crc32c_can_be_continued_at_any_byte_and_any_alignment),
        cmocka_unit_test(the_librarys_gcm_gives_nists_answer),
        cmocka_unit_test(what_was_sealed_opens_with_the_same_key_and_context),
        cmocka_unit_test(any_changed_bit_a_cut_another_key_or_context_does_not_open),
        cmocka_unit_test(sealing_the_same_twice_never_gives_the_same_bytes),
        cmocka_unit_test(a_signature_verifies_and_a_changed_one_does_not),
        cmocka_unit_test(the_standards_ecdsa_signature_verifies),
        cmocka_unit_test(randomness_of_any_length_comes_to_all_threads_and_differs),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
