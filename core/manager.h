/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Manager: dicts, lists, queues, locks and the like, kept by one process for many
 *
 * The process that starts a manager gets a server, a process of its own that keeps the objects.
 * Any process of the same user, related or not, connects to it by its address, and finds or makes
 * objects there by their names:
 *
 *     struct pp_manager *manager;                            in the process that starts it
 *     struct pp_manager_dict counts;
 *     r = pp_manager_start(&manager, &program, NULL, &error);
 *     r = pp_manager_dict(manager, "counts", &counts);
 *     ... give pp_manager_address(manager) to others, as an argument ...
 *
 *     struct pp_manager *manager;                            in any other
 *     r = pp_manager_connect(&manager, address, NULL, &error);
 *     r = pp_manager_dict(manager, "counts", &counts);       the same dict
 *     r = pp_manager_dict_add(&counts, "seen", 1, &seen);
 *     pp_manager_destroy(manager);
 *
 * Objects:  manager_dict.h, manager_list.h, manager_namespace.h, manager_queue.h,
 *           manager_joinable_queue.h, manager_value.h, manager_lock.h, manager_rlock.h,
 *           manager_semaphore.h, manager_condition.h, manager_event.h, manager_barrier.h. Each call
 * is one request to the server, which does one after the other: so each call is atomic, and what
 * takes two calls is not. What they keep are items (core/item.h). An object does not hold another
 * one, but it may hold its name. Not here: Python's manager.Pool is core/pool.h, on each machine
 * its own; manager.Array is a list, or shared memory (core/shared_memory.h), which needs no request
 * for each number. There are no objects of types of one's own: a server that runs its clients' code
 * would have to trust them. Within one machine core/lock.h, core/queue.h and the like do the same
 * without a server, a hundred times as fast. Deaths:   a client that dies in the middle of a
 * request has asked for nothing; what it asked for before it died is done. What it held comes free:
 * locks tell the next holder (PP_LOCK_OWNER_DIED), permits come back, a barrier where it waits
 * breaks, and a message whose receipt it could not confirm goes to another one (manager_queue.h).
 * The server ends with the process that has started it, whichever way that ends. Threads:  a
 * manager is one connection, for one thread at a time; a thread that needs to wait while another
 * one works connects by itself. After fork() the child's first call makes a connection of its own;
 * what the parent holds stays the parent's. Trust:    the socket is the user's alone (mode 0600),
 * and both ends ask the kernel who is at the other one: other users are turned away, but for root.
 * Clients may be broken: what they send is checked, what they do not read or do not finish sending
 * is bounded, and they are turned away. They are not kept from each other's objects. Memory:   what
 * all objects hold is bounded too (memory_bytes); what does not fit is refused, and changes
 * nothing.
 *
 * Across machines: ssh carries the socket, with its own encryption and its own knowledge of who may
 * log in; no port is opened by anything else. Where the manager's machine is "far" and its address
 * there /run/user/1000/far.sock, given in struct pp_manager_options or printed by the program:
 *
 *     ssh -N -o ExitOnForwardFailure=yes -o ServerAliveInterval=5 -o ServerAliveCountMax=3 \
 *         -L /run/user/1000/near.sock:/run/user/1000/far.sock far
 *
 * makes it pp_manager_connect(&manager, "/run/user/1000/near.sock", ...) here, for as long as ssh
 * runs. The other way round, from the manager's machine to one that shall use it: ssh -N -R
 * /run/user/1000/near.sock:/run/user/1000/far.sock near. When the network fails,
 * ServerAliveInterval lets ssh notice and close, so that calls here return; ClientAliveInterval in
 * sshd_config, on the machine that does not run ssh, does the same for the other end: only then do
 * locks of lost clients come free. StreamLocalBindUnlink=yes replaces a socket that an earlier ssh
 * has left. The machines may be of different architectures. A request takes as long as the network:
 * for many small ones there is pp_manager_list_extend() and the like.
 *
 * Python: multiprocessing.Manager(), and BaseManager with address, connect() and shutdown(). No
 * authkey: the kernel and ssh know who is who. No pickle: an item cannot run anything.
 *
 * What every function that asks the server may return, besides what it says itself:
 *
 *     -ECONNRESET   the server, or the connection to it, is gone, and stays gone for this manager.
 *                   What was asked for last was done or not. Never SIGPIPE.
 *     -ESTALE       the object was removed
 *     -ENOMEM       memory_bytes are used up, or no memory here: nothing was changed
 *     -EMSGSIZE     above PP_MANAGER_ITEM_MAX, PP_MANAGER_KEY_MAX or what one request may carry
 *     -EBUSY        another thread is in a call with this manager
 *     -EPROTO       what answered is no manager, or one of another version; as -ECONNRESET then
 *
 * They wait while a signal handler runs, and after it: -EINTR is not among them.
 */

#include "core/item.h"
#include "core/pool.h"
#include "core/process.h"

/* The most bytes of one item, of one key of a dict, and of one name; without a NUL. */
#define PP_MANAGER_ITEM_MAX ((size_t)64 << 20)
#define PP_MANAGER_KEY_MAX  4096
#define PP_MANAGER_NAME_MAX 63

/* The longest address: what fits a Unix socket's. */
#define PP_MANAGER_ADDRESS_MAX 107

struct pp_manager;

/* All zero is a good default, and NULL means all zero. Read during the call. */
struct pp_manager_options {
    const char *address; /* path of the socket, in a directory that is there; a socket that nobody
                            answers at is replaced; NULL: one in a fresh private directory in
                            $XDG_RUNTIME_DIR, or in /tmp */
    size_t memory_bytes; /* of all objects; 0: 1 GiB */
    uint32_t clients;    /* connections at a time; 0: as many as there are descriptors */
    uint32_t stall_ms;   /* who neither takes the rest of an answer nor sends the rest of a request
                            for so long is turned away; 0: 60000 */
    enum pp_start_method start_method; /* FORKSERVER, SPAWN or FORK (core/process.h) */
    bool force_fork;
};

/*
 * Start a server, and connect to it.
 *
 * Returns 0 with *ret_manager, which the caller destroys, and with it the server; -EADDRINUSE where
 * somebody answers at the address, or something is there that is no socket; -ENAMETOOLONG;
 * -EOVERFLOW for limits that cannot be; an error of pp_process_start(); another errno, with nothing
 * left behind. The server is a daemon process (core/process.h), so exit() does not wait for it.
 */
PP_MUST_CHECK int pp_manager_start(struct pp_manager **ret_manager,
                                   const struct pp_program *program,
                                   const struct pp_manager_options *options,
                                   struct pp_error *error);

/* All zero is a good default, and NULL means all zero. Read during the call. */
struct pp_manager_connection {
    bool forwarded;             /* who answers may be another user, such as one that forwards the
                                   socket; and is believed */
    uint32_t answer_timeout_ms; /* a server that takes so much longer than it was asked to wait is
                                   taken for gone; 0: it may take any time */
};

/*
 * Connect to the server that listens at @address.
 *
 * Returns 0 with *ret_manager, which the caller destroys; -ENOENT or -ECONNREFUSED where there is
 * none; -EPERM where it belongs to another user; -EACCES; -EUSERS where it has no place for one
 * more client; -EPROTO where it is no manager, or one of another version; -ENAMETOOLONG;
 * -ECONNRESET; another errno.
 */
PP_MUST_CHECK int pp_manager_connect(struct pp_manager **ret_manager, const char *address,
                                     const struct pp_manager_connection *connection,
                                     struct pp_error *error);

/* Where it can be connected to. Owned by the manager. */
const char *pp_manager_address(const struct pp_manager *manager);

/* The server's process, to see whether it lives; owned by the manager. NULL for one that was
 * connected to, and in a forked child. */
struct pp_process *pp_manager_process(const struct pp_manager *manager);

/*
 * Take the object out of the server, with all that it holds. Who waits for it, and who uses it from
 * now on, gets -ESTALE, also where a new one has its name.
 * Returns 0; -ENOENT where there is none of this name.
 */
PP_MUST_CHECK int pp_manager_remove(struct pp_manager *manager, const char *name);

/*
 * End the server; all that it kept is gone, and its socket too. Returns when its process has ended:
 * 0, also the second time; -EPERM where it was started by another process; another errno.
 */
int pp_manager_shutdown(struct pp_manager *manager);

/* Shut down, where it was started here; close the connection, and free all. What is left of its
 * objects must not be used any more. NULL is fine. */
void pp_manager_destroy(struct pp_manager *manager);
PP_DEFINE_AUTO(struct pp_manager *, pp_manager_destroy)

/*
 * What every object of a manager is to a client: who it is. A plain value, to be copied and dropped
 * at will; good for as long as its manager is, and in a forked child too.
 */
struct pp_manager_proxy {
    struct pp_manager *manager;
    uint64_t object;                    /* never given to another one */
    char name[PP_MANAGER_NAME_MAX + 1]; /* what was asked for; or what the server has made up, "#"
                                           and a number, where that was NULL: others find the object
                                           by it */
};
