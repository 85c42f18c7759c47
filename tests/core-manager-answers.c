/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "core/manager_protocol.h"
#include "tests/managing.h"

/* A server that says what the test wants it to say, to one client. */
struct liar {
    struct pp_manager_address address;
    struct pp_frame_writer says;  /* after the client's hello, or instead of an answer to that */
    struct pp_frame_writer later; /* and to the next thing that is asked, if anything */
    bool greets;                  /* as a good one does, before it says so */
};

static int lie(void *memory)
{
    struct liar *liar = memory;
    int fd;
    char bytes[4096];
    struct pp_frame_writer hello = {.bytes = NULL};

    do {
        fd = accept(liar->address.listener, NULL, NULL);
    } while (fd < 0);
    if (recv(fd, bytes, sizeof(bytes), 0) <= 0) {
        return 1;
    }
    if (liar->greets) {
        pp_frame_put_u32(&hello, 12);
        pp_frame_put_u32(&hello, 0);
        pp_frame_put_u32(&hello, 0);
        pp_frame_put_u32(&hello, PP_MANAGER_VERSION);
        pp_frame_put_u64(&hello, 5);
        if (send(fd, hello.bytes, hello.length, MSG_NOSIGNAL) < 0 ||
            recv(fd, bytes, sizeof(bytes), 0) <= 0) {
            return 2;
        }
    }
    if (send(fd, liar->says.bytes, liar->says.length, MSG_NOSIGNAL) < 0) {
        return 3;
    }
    if (liar->later.length != 0 &&
        (recv(fd, bytes, sizeof(bytes), 0) <= 0 ||
         send(fd, liar->later.bytes, liar->later.length, MSG_NOSIGNAL) < 0)) {
        return 4;
    }
    close(fd);
    return 0;
}

static void begin_lying(struct liar *liar)
{
    *liar = (struct liar){.greets = true};
    g_assert_cmpint(pp_manager_address_listen(&liar->address, NULL, NULL), ==, 0);
    g_assert_cmpint(fcntl(liar->address.listener, F_SETFL, 0), ==, 0);
}

static void end_lying(struct liar *liar)
{
    pp_manager_address_remove(&liar->address);
    pp_frame_writer_finish(&liar->says);
    pp_frame_writer_finish(&liar->later);
}

static void put_answer(struct pp_frame_writer *writer, uint32_t length, uint32_t number,
                       uint32_t outcome)
{
    pp_frame_put_u32(writer, length);
    pp_frame_put_u32(writer, number);
    pp_frame_put_u32(writer, outcome);
}

static void say(struct liar *liar, uint32_t length, uint32_t number, uint32_t outcome)
{
    put_answer(&liar->says, length, number, outcome);
}

/* What the client says to it: of connecting, or of asking for a dict, or for what is in it. */
static int hear(struct liar *liar)
{
    pid_t pid = start_child(lie, liar);
    struct pp_manager *manager = NULL;
    struct pp_manager_dict dict;
    int r = pp_manager_connect(&manager, liar->address.path, NULL, NULL);

    if (r == 0) {
        struct pp_manager_snapshot snapshot = {.count = 5};

        r = pp_manager_dict(manager, "dict", &dict);
        r = r != 0 ? r : pp_manager_dict_items(&dict, &snapshot);
        g_assert_cmpint(pp_manager_dict(manager, "dict", &dict), ==, r);
        g_assert_true(snapshot.count == 0 || snapshot.count == 5);
    }
    pp_manager_destroy(manager);
    g_assert_cmpint(join_child(pid), ==, 0);
    liar->says.length = 0;
    liar->later.length = 0;
    return r;
}

static void test_an_answer_is_checked(void)
{
    struct liar liar;

    begin_lying(&liar);
    say(&liar, PP_MANAGER_PAYLOAD_MAX + 1, 1, 0); /* too long */
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    say(&liar, 10, 2, 0); /* to another question */
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    say(&liar, 0, 1, 7); /* what this operation never says */
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    say(&liar, 0, 1, UINT32_C(0x80001234)); /* a failure that nobody knows */
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    say(&liar, 4, 1, UINT32_C(0x80000001)); /* more than a failure has to say */
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    say(&liar, 0, 1, 0); /* less than what was asked for */
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    say(&liar, 100, 1, 0); /* half of it, and gone */
    pp_frame_put_u64(&liar.says, 1);
    g_assert_cmpint(hear(&liar), ==, -ECONNRESET);
    say(&liar, 14, 1, 0); /* one answer, and more behind */
    pp_frame_put_u64(&liar.says, 1);
    pp_frame_put_text(&liar.says, "dict", 4);
    pp_frame_put_u8(&liar.says, 1);
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    say(&liar, 10 + PP_MANAGER_NAME_MAX + 1, 1, 0); /* a name that is too long */
    pp_frame_put_u64(&liar.says, 1);
    pp_frame_put_text(&liar.says,
                      "0123456789012345678901234567890123456789012345678901234567890123", 64);
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    end_lying(&liar);
}

/* One that promises @count entries, and sends @sent with keys that are @key. */
static int hear_snapshot(struct liar *liar, uint64_t count, int sent, const char *key)
{
    struct pp_item item = pp_item_int(1);
    uint32_t each = (uint32_t)(2 + strlen(key) + 9);

    say(liar, 14, 1, 0);
    pp_frame_put_u64(&liar->says, 1);
    pp_frame_put_text(&liar->says, "dict", 4);
    put_answer(&liar->later, 8 + (uint32_t)sent * each, 2, 0);
    pp_frame_put_u64(&liar->later, count);
    for (int i = 0; i < sent; i++) {
        pp_frame_put_text(&liar->later, key, strlen(key));
        pp_frame_put_item(&liar->later, &item);
    }
    return hear(liar);
}

static void test_a_snapshot_is_checked(void)
{
    struct liar liar;

    begin_lying(&liar);
    g_assert_cmpint(hear_snapshot(&liar, 1, 2, "k"), ==, -EPROTO); /* more than there are */
    g_assert_cmpint(hear_snapshot(&liar, UINT64_MAX, 0, "k"), ==, -EPROTO); /* for ever */
    g_assert_cmpint(hear_snapshot(&liar, UINT64_MAX, 3, "k"), ==, -ECONNRESET);
    end_lying(&liar);
}

static void test_a_greeting_is_checked(void)
{
    struct liar liar;

    begin_lying(&liar);
    liar.greets = false;
    say(&liar, 12, 0, 0); /* a later version */
    pp_frame_put_u32(&liar.says, PP_MANAGER_VERSION + 1);
    pp_frame_put_u64(&liar.says, 5);
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    pp_frame_put_u64(&liar.says, UINT64_C(0x312e322d4853530a)); /* something else altogether */
    pp_frame_put_u64(&liar.says, 0);
    g_assert_cmpint(hear(&liar), ==, -EPROTO);
    say(&liar, 0, 0, pp_manager_outcome_to_wire(-EUSERS));
    g_assert_cmpint(hear(&liar), ==, -EUSERS);
    g_assert_cmpint(hear(&liar), ==, -ECONNRESET); /* it says nothing */
    end_lying(&liar);
}

/* Answers of any bytes, that begin as they should: found out, or understood, and no harm done. */
static void test_answers_of_any_kind_do_no_harm(void)
{
    struct liar liar;

    begin_lying(&liar);
    for (int round = 0; round < 200; round++) {
        uint32_t length = (uint32_t)g_test_rand_int_range(0, 40);

        say(&liar, length, 1, (uint32_t)g_test_rand_int_range(0, 2));
        for (uint32_t i = 0; i < length; i++) {
            pp_frame_put_u8(&liar.says, (uint8_t)g_test_rand_int_range(0, 256));
        }
        g_assert_cmpint(hear(&liar), <, 0);
    }
    end_lying(&liar);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager-answers/an-answer-is-checked", test_an_answer_is_checked);
    g_test_add_func("/manager-answers/a-snapshot-is-checked", test_a_snapshot_is_checked);
    g_test_add_func("/manager-answers/a-greeting-is-checked", test_a_greeting_is_checked);
    g_test_add_func("/manager-answers/answers-of-any-kind-do-no-harm",
                    test_answers_of_any_kind_do_no_harm);
    return g_test_run();
}
