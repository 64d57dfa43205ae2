/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/proto.c: the bodies of messages (RFC 9987). */
#include "unit.h"

#include "limits.h"
#include "proto.h"

/* RFC 9987, section 5.1, and OpenSSH's PROTOCOL.agent for 20, 21, 26 (retired there). */
static void test_message_numbers(void **state)
{
    (void)state;
    assert_int_equal(AGENT_FAILURE, 5);
    assert_int_equal(AGENT_SUCCESS, 6);
    assert_int_equal(AGENTC_REQUEST_IDENTITIES, 11);
    assert_int_equal(AGENT_IDENTITIES_ANSWER, 12);
    assert_int_equal(AGENTC_SIGN_REQUEST, 13);
    assert_int_equal(AGENT_SIGN_RESPONSE, 14);
    assert_int_equal(AGENTC_ADD_IDENTITY, 17);
    assert_int_equal(AGENTC_REMOVE_IDENTITY, 18);
    assert_int_equal(AGENTC_REMOVE_ALL_IDENTITIES, 19);
    assert_int_equal(AGENTC_ADD_SMARTCARD_KEY, 20);
    assert_int_equal(AGENTC_REMOVE_SMARTCARD_KEY, 21);
    assert_int_equal(AGENTC_LOCK, 22);
    assert_int_equal(AGENTC_UNLOCK, 23);
    assert_int_equal(AGENTC_ADD_ID_CONSTRAINED, 25);
    assert_int_equal(AGENTC_ADD_SMARTCARD_KEY_CONSTRAINED, 26);
    assert_int_equal(AGENTC_EXTENSION, 27);
    assert_int_equal(AGENT_EXTENSION_FAILURE, 28);
    assert_int_equal(AGENT_EXTENSION_RESPONSE, 29);
    assert_int_equal(AGENT_RSA_SHA2_256, 2);
    assert_int_equal(AGENT_RSA_SHA2_512, 4);
}

static void test_empty(void **state)
{
    (void)state;
    assert_int_equal(proto_empty((struct view){NULL, 0}), OK);
    assert_int_equal(proto_empty(text_view("x")), ERR_MALFORMED);
}

static enum err sign_request(const void *bytes, size_t len, struct sign_request *ret)
{
    struct view body = exact_copy(bytes, len);
    enum err err = proto_sign_request(body, ret);

    if (err == OK) {
        /* The views point into the body, of which the caller has bytes. */
        ret->key_blob.data = (const uint8_t *)bytes + (ret->key_blob.data - body.data);
        ret->data.data = (const uint8_t *)bytes + (ret->data.data - body.data);
    }
    view_free(&body);
    return err;
}

static void test_sign_request(void **state)
{
    static const uint8_t body[] = {0, 0,   0,   3,   'k', 'e',  'y', 0, 0, 0,
                                   4, 'd', 'a', 't', 'a', 0x80, 0,   0, 2, 'x'};
    const size_t whole = sizeof body - 1;
    struct sign_request request;

    (void)state;
    assert_int_equal(sign_request(body, whole, &request), OK);
    assert_view_is(request.key_blob, "key");
    assert_view_is(request.data, "data");
    assert_int_equal(request.flags, 0x80000002U);

    memset(&request, 0x55, sizeof request);
    for (size_t len = 0; len <= sizeof body; len++) {
        if (len != whole) {
            assert_int_equal(sign_request(body, len, &request), ERR_MALFORMED);
        }
    }
    assert_int_equal(request.flags, 0x55555555U);
}

static void test_sign_request_of_nothing(void **state)
{
    static const uint8_t body[12] = {0};
    struct sign_request request;

    (void)state;
    assert_int_equal(sign_request(body, sizeof body, &request), OK);
    assert_int_equal(request.key_blob.len, 0);
    assert_int_equal(request.data.len, 0);
    assert_int_equal(request.flags, 0);
}

static void test_sign_request_huge_lengths(void **state)
{
    static const uint8_t blob[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t data[] = {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
    struct sign_request request;

    (void)state;
    assert_int_equal(sign_request(blob, sizeof blob, &request), ERR_MALFORMED);
    assert_int_equal(sign_request(data, sizeof data, &request), ERR_MALFORMED);
}

/* As large as a frame can make it. */
static void test_sign_request_of_a_full_frame(void **state)
{
    const size_t len = FRAME_MAX - 1;
    uint8_t *body = calloc(1, len);
    struct sign_request request;

    (void)state;
    assert_non_null(body);
    store_u32(body + 4, (uint32_t)len - 12);
    assert_int_equal(sign_request(body, len, &request), OK);
    assert_int_equal(request.data.len, len - 12);
    free(body);
}

static void test_extension(void **state)
{
    static const uint8_t body[] = {0, 0, 0, 5, 'q', 'u', 'e', 'r', 'y', 'r', 'e', 's', 't'};
    struct extension extension = {.name = text_view("before")};

    (void)state;
    for (size_t len = 0; len < 9; len++) {
        struct view cut = exact_copy(body, len);

        assert_int_equal(proto_extension(cut, &extension), ERR_MALFORMED);
        view_free(&cut);
    }
    assert_view_is(extension.name, "before");
    assert_int_equal(proto_extension((struct view){body, 9}, &extension), OK);
    assert_view_is(extension.name, "query");
    assert_int_equal(extension.body.len, 0);
    assert_int_equal(proto_extension((struct view){body, sizeof body}, &extension), OK);
    assert_view_is(extension.name, "query");
    assert_view_is(extension.body, "rest");
}

static void test_string(void **state)
{
    static const uint8_t body[] = {0, 0, 0, 4, 'p', 'a', 's', 's', 'x'};
    struct view string = text_view("before");

    (void)state;
    for (size_t len = 0; len <= sizeof body; len++) {
        struct view cut = exact_copy(body, len);

        if (len != 8) {
            assert_int_equal(proto_string(cut, 4, &string), ERR_MALFORMED);
        }
        view_free(&cut);
    }
    assert_int_equal(proto_string((struct view){body, 8}, 3, &string), ERR_TOO_BIG);
    assert_view_is(string, "before");
    assert_int_equal(proto_string((struct view){body, 8}, 4, &string), OK);
    assert_view_is(string, "pass");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_numbers),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_sign_request),
        cmocka_unit_test(test_sign_request_of_nothing),
        cmocka_unit_test(test_sign_request_huge_lengths),
        cmocka_unit_test(test_sign_request_of_a_full_frame),
        cmocka_unit_test(test_extension),
        cmocka_unit_test(test_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
