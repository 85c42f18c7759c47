/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager protocol: what a manager's server and its clients say to each other
 *
 * A stream of frames (core/frame.h) in each direction. A client asks, the server answers, in order;
 * a client that waits for its answer asks nothing meanwhile.
 *
 *     request   u32 length of what follows the header   u32 number   u64 object   u32 operation
 *     answer    u32 length of what follows the header   u32 number   u32 outcome
 *
 * The number is the client's, and comes back. The object is what OPEN answered; 0 is the manager
 * itself. The outcome is 0, a documented positive one, or a failure as a code of its own, since the
 * numbers of errno differ between machines; then nothing follows. The first request is HELLO.
 *
 * Who breaks these rules is not talked to any more: the connection is closed.
 */

#include "core/frame.h"
#include "core/manager.h"

#define PP_MANAGER_MAGIC   UINT64_C(0x31656b6172627078)
#define PP_MANAGER_VERSION 1

#define PP_MANAGER_REQUEST_BYTES 20
#define PP_MANAGER_ANSWER_BYTES  12

/* The most that follows a header: the longest item, and the rest of what it comes with. */
#define PP_MANAGER_PAYLOAD_MAX (PP_MANAGER_ITEM_MAX + 262144)

/* A page of a snapshot ends with the entry that makes it so long. */
#define PP_MANAGER_PAGE_BYTES (1 << 20)

/* Kinds of objects. */
enum pp_manager_kind {
    PP_MANAGER_DICT = 1,
    PP_MANAGER_LIST,
    PP_MANAGER_QUEUE,
    PP_MANAGER_VALUE,
    PP_MANAGER_LOCK,
    PP_MANAGER_RLOCK,
    PP_MANAGER_SEMAPHORE,
    PP_MANAGER_EVENT,
    PP_MANAGER_NAMESPACE,
    PP_MANAGER_CONDITION,
    PP_MANAGER_BARRIER,
    PP_MANAGER_JOINABLE_QUEUE
};

/* Operations; those of objects in families of 256, each for one or more kinds. Behind each: what
 * the request carries -> what the answer carries. */
enum pp_manager_operation {
    PP_MANAGER_HELLO = 1, /* u64 magic, u32 version -> u32 version, u64 instance of the server */
    PP_MANAGER_OPEN,      /* u8 kind, text name, parameters -> u64 object, text name */
    PP_MANAGER_REMOVE,    /* text name -> */
    PP_MANAGER_MORE,      /* -> the next page of the snapshot */
    PP_MANAGER_TAKEN, /* the item of QUEUE_GET has come; without it, that goes back; no answer */

    PP_MANAGER_DICT_SET = 0x100, /* text key, item -> */
    PP_MANAGER_DICT_GET,         /* text key -> item */
    PP_MANAGER_DICT_SETDEFAULT,  /* text key, item -> item */
    PP_MANAGER_DICT_POP,         /* text key -> item */
    PP_MANAGER_DICT_REMOVE,      /* text key -> */
    PP_MANAGER_DICT_CONTAINS,    /* text key -> u8 */
    PP_MANAGER_DICT_LENGTH,      /* -> u64 */
    PP_MANAGER_DICT_ADD,         /* text key, i64 -> i64 */
    PP_MANAGER_DICT_CLEAR,       /* -> */
    PP_MANAGER_DICT_KEYS,        /* -> u64 count, a page of text key */
    PP_MANAGER_DICT_ITEMS,       /* -> u64 count, a page of text key, item */

    PP_MANAGER_LIST_APPEND = 0x200, /* item -> */
    PP_MANAGER_LIST_EXTEND,         /* u32 count, items -> */
    PP_MANAGER_LIST_INSERT,         /* i64 index, item -> */
    PP_MANAGER_LIST_SET,            /* i64 index, item -> */
    PP_MANAGER_LIST_GET,            /* i64 index -> item */
    PP_MANAGER_LIST_POP,            /* i64 index -> item */
    PP_MANAGER_LIST_REMOVE,         /* item -> */
    PP_MANAGER_LIST_INDEX,          /* item -> u64 */
    PP_MANAGER_LIST_ADD,            /* i64 index, i64 -> i64 */
    PP_MANAGER_LIST_LENGTH,         /* -> u64 */
    PP_MANAGER_LIST_CLEAR,          /* -> */
    PP_MANAGER_LIST_ITEMS,          /* -> u64 count, a page of items */

    PP_MANAGER_QUEUE_PUT = 0x300, /* u32 timeout, item -> */
    PP_MANAGER_QUEUE_GET,         /* u32 timeout -> u64 ticket of a joinable one, item */
    PP_MANAGER_QUEUE_STATE,       /* -> u64 messages, u8 full */
    PP_MANAGER_QUEUE_CLOSE,       /* -> */
    PP_MANAGER_QUEUE_TASK_DONE,   /* u64 ticket -> */
    PP_MANAGER_QUEUE_JOIN,        /* u32 timeout -> */

    PP_MANAGER_VALUE_GET = 0x400, /* -> item */
    PP_MANAGER_VALUE_SET,         /* item -> */
    PP_MANAGER_VALUE_ADD,         /* item -> item */

    PP_MANAGER_LOCK_ACQUIRE = 0x500, /* u32 timeout -> */
    PP_MANAGER_LOCK_RELEASE,         /* -> */
    PP_MANAGER_LOCK_PASS_ON,         /* -> */
    PP_MANAGER_LOCK_MARK_CONSISTENT, /* -> */

    PP_MANAGER_SEMAPHORE_ACQUIRE = 0x600, /* u32 timeout -> */
    PP_MANAGER_SEMAPHORE_RELEASE,         /* -> */
    PP_MANAGER_SEMAPHORE_SPEND,           /* -> */
    PP_MANAGER_SEMAPHORE_VALUE,           /* -> u32 */

    PP_MANAGER_EVENT_SET = 0x700, /* -> */
    PP_MANAGER_EVENT_CLEAR,       /* -> */
    PP_MANAGER_EVENT_IS_SET,      /* -> u8 */
    PP_MANAGER_EVENT_WAIT,        /* u32 timeout -> */

    PP_MANAGER_CONDITION_WAIT = 0x800, /* u32 timeout -> */
    PP_MANAGER_CONDITION_NOTIFY,       /* u32 count -> */

    PP_MANAGER_BARRIER_WAIT = 0x900, /* u32 timeout -> u32 place */
    PP_MANAGER_BARRIER_RESET,        /* -> */
    PP_MANAGER_BARRIER_ABORT,        /* -> */
    PP_MANAGER_BARRIER_STATE         /* -> u32 waiting, u8 broken */
};

/* A timeout travels as milliseconds; this one never ends. */
#define PP_MANAGER_FOR_EVER UINT32_MAX

/* An outcome as it travels, and back. A negative errno that has no code of its own travels as -EIO;
 * a code that nobody knows, of a later version, comes as -EPROTO. */
uint32_t pp_manager_outcome_to_wire(int outcome);
int pp_manager_outcome_from_wire(uint32_t code);
