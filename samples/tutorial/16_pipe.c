/* SPDX-License-Identifier: MIT */

/*
 * Pipe: two processes, one end each
 *
 * Lesson 16.2, "Process Communication", "Pipe".
 *
 * Notice that an end is an open descriptor, which a process is given like a file. The program
 * closes its own ends when both processes have theirs: an end that stays open somewhere hides from
 * the other that nobody will send any more.
 */

#include "core/connection.h"
#include "core/process.h"
#include "samples/tutorial/tutorial.h"

static int sender(struct pp_call *call)
{
    struct pp_connection conn = pp_connection_of(call->fds[0]);
    static const char text[] = "Hello from sender";

    return pp_connection_send(&conn, text, sizeof(text), NULL, 0, -1);
}

static int receiver(struct pp_call *call)
{
    struct pp_connection conn = pp_connection_of(call->fds[0]);
    struct pp_connection_message message;

    TRY(pp_connection_recv(&conn, &message, -1));
    printf("Received: %s\n", (const char *)message.bytes);
    pp_connection_message_finish(&message);
    return 0;
}

static const struct pp_task_function functions[] = {
    {"sender", sender},
    {"receiver", receiver},
    {NULL, NULL},
};
static const struct pp_program program = {.functions = functions, .share_stdout = true};

static struct pp_process *start(const char *function, struct pp_connection conn)
{
    struct pp_process_options options = {.function = function, .fds = {conn.fd}, .fd_count = 1};
    struct pp_process *process;

    MUST(pp_process_start(&process, &program, &options, &error));
    pp_connection_close(&conn); /* the process has it now */
    return process;
}

int main(int argc, char **argv)
{
    struct pp_connection ends[2]; /* parent_conn, child_conn */
    struct pp_process *p1;
    struct pp_process *p2;

    pp_program_enter(&program, argc, argv);
    MUST(pp_connection_pipe(ends, true));
    p1 = start("sender", ends[1]);
    p2 = start("receiver", ends[0]);
    MUST(pp_process_join(p1, -1));
    MUST(pp_process_join(p2, -1));
    pp_process_destroy(p1);
    pp_process_destroy(p2);
    return 0;
}
