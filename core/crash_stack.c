/* SPDX-License-Identifier: MIT */
/*
 * The handler runs in the middle of anything, so it only walks the stack, asks the dynamic linker
 * in the one way that is safe there (_dl_find_object(), which takes no lock), stores into shared
 * memory and raises the signal again with its default action: the death is told as if nobody had
 * looked. The first frame comes from the processor's registers and is stored before the walk, which
 * may itself crash on a stack that is in ruins; the second crash, blocked, kills at once. A walk
 * that never ends is ended by the task's deadline like any other loop.
 *
 * It has a stack of its own: the usual one may be what has run out.
 *
 * Names rather than addresses, because host and worker are the same program loaded at different
 * places. What the host looks a function up by is its own copy of the module with that name.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "core/crash_stack.h"
#include "core/log.h"

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
#define HAVE_DL_FIND_OBJECT 1
#else
#define HAVE_DL_FIND_OBJECT 0
#endif

enum {
    HANDLER_STACK_BYTES = 65536, /* the walk needs a few kB, the widest registers 11 */
    OWN_FRAMES = 8,              /* of the handler, at most */
    MODULE_WORDS = PP_CRASH_STACK_MODULE_BYTES / 8
};

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

/* Where the handler stores; constant once it is installed. */
static struct pp_crash_stack *target;

bool pp_crash_stack_is_crash(int number)
{
    for (size_t i = 0; i < PP_ARRAY_LENGTH(crash_signals); i++) {
        if (crash_signals[i] == number) {
            return true;
        }
    }
    return false;
}

/* The name of the module that @address lies in, and where it was loaded. */
static const char *find_module(uintptr_t address, uintptr_t *ret_base)
{
#if HAVE_DL_FIND_OBJECT
    struct dl_find_object found;

    /* Declared for pointers to objects; only the address matters. */
    if (_dl_find_object((void *)address, &found) == 0) {
        const char *slash = strrchr(found.dlfo_link_map->l_name, '/');

        *ret_base = found.dlfo_link_map->l_addr;
        return slash == NULL ? found.dlfo_link_map->l_name : slash + 1;
    }
#else
    (void)address;
#endif
    *ret_base = 0;
    return "?";
}

static void store_frame(struct pp_crash_stack *stack, uint32_t index, uintptr_t address)
{
    struct pp_crash_frame *frame = &stack->frames[index];
    uint64_t words[MODULE_WORDS] = {0};
    uintptr_t base;
    const char *module = find_module(address, &base);

    memcpy(words, module, strnlen(module, sizeof(words) - 1));
    for (size_t i = 0; i < MODULE_WORDS; i++) {
        atomic_store_explicit(&frame->module[i], words[i], memory_order_relaxed);
    }
    atomic_store_explicit(&frame->offset, address - base, memory_order_relaxed);
    atomic_store_explicit(&stack->count, index + 1, memory_order_release);
}

/* Where the signal struck; 0 on processors that this file does not know. */
static uintptr_t program_counter(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

/* Walk from here, the handler, and store what lies outside of where the signal struck. */
static void store_callers(struct pp_crash_stack *stack, uintptr_t struck_at)
{
    void *addresses[PP_CRASH_STACK_FRAMES + OWN_FRAMES];
    int count = backtrace(addresses, PP_ARRAY_LENGTH(addresses));
    uint32_t stored = 1;
    int i = 0;

    while (i < count && (uintptr_t)addresses[i] != struck_at) {
        i++;
    }
    for (i++; i < count && stored < PP_CRASH_STACK_FRAMES; i++) {
        /* An address to return to may belong to the next line, or to the next function. */
        store_frame(stack, stored++, (uintptr_t)addresses[i] - 1);
    }
}

static void note_and_die(int number, siginfo_t *info, void *context)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    uintptr_t struck_at = program_counter(context);

    (void)info;
    sigaction(number, &usual, NULL);
    store_frame(target, 0, struck_at);
    store_callers(target, struck_at);
    raise(number); /* blocked here: it strikes when the handler returns */
}

void pp_crash_stack_prepare(void)
{
    void *address;

    /* The first call loads the unwinder. */
    if (backtrace(&address, 1) < 0) {
        pp_log(PP_LOG_DEBUG, "worker", "stacks cannot be walked");
    }
}

/* A stack for handlers where this thread has none. Returns false where there is no memory. */
static bool provide_handler_stack(void)
{
    stack_t stack = {.ss_size = HANDLER_STACK_BYTES};
    stack_t old;

    if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE) == 0) {
        return true;
    }
    stack.ss_sp =
        mmap(NULL, HANDLER_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return stack.ss_sp != MAP_FAILED && sigaltstack(&stack, NULL) == 0;
}

void pp_crash_stack_install(struct pp_crash_stack *stack)
{
    struct sigaction action = {
        .sa_sigaction = note_and_die,
        .sa_flags = SA_SIGINFO | SA_ONSTACK,
    };
    struct sigaction old;

    target = stack;
    pp_crash_stack_prepare();
    if (!provide_handler_stack()) {
        pp_log(PP_LOG_INFO, "worker", "no memory to note the stack of a crash");
        return;
    }
    /* All of them: a crash in the handler shall not be handled. */
    for (size_t i = 0; i < PP_ARRAY_LENGTH(crash_signals); i++) {
        sigaddset(&action.sa_mask, crash_signals[i]);
    }
    for (size_t i = 0; i < PP_ARRAY_LENGTH(crash_signals); i++) {
        if (sigaction(crash_signals[i], NULL, &old) == 0 && (old.sa_flags & SA_SIGINFO) == 0 &&
            old.sa_handler == SIG_DFL && sigaction(crash_signals[i], &action, NULL) != 0) {
            pp_log(PP_LOG_INFO, "worker", "crashes by signal %d leave no stack", crash_signals[i]);
        }
    }
}

void pp_crash_stack_clear(struct pp_crash_stack *stack)
{
    atomic_store_explicit(&stack->count, 0, memory_order_relaxed);
}

/* A module of this process that may be the worker's of the same name. */
struct search {
    const char *module;
    uintptr_t offset;
    const void *address; /* of that offset here; NULL: not found */
};

/* Whether there is code at @offset of the module. */
static bool has_code(const struct dl_phdr_info *info, uintptr_t offset)
{
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0 &&
            offset >= segment->p_vaddr && offset - segment->p_vaddr < segment->p_memsz) {
            return true;
        }
    }
    return false;
}

static int look_at_module(struct dl_phdr_info *info, size_t size, void *user)
{
    struct search *search = user;
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash == NULL ? info->dlpi_name : slash + 1;

    (void)size;
    if (strncmp(name, search->module, PP_CRASH_STACK_MODULE_BYTES - 1) != 0) {
        return 0;
    }
    if (has_code(info, search->offset)) {
        search->address = (const void *)(info->dlpi_addr + search->offset);
    }
    return 1;
}

/* The name of the function there; NULL where it has none. */
static const char *find_function(const char *module, uintptr_t offset)
{
    struct search search = {.module = module, .offset = offset};
    Dl_info info;

    dl_iterate_phdr(look_at_module, &search);
    if (search.address == NULL || dladdr(search.address, &info) == 0) {
        return NULL;
    }
    return info.dli_sname;
}

/* Copy a frame out of memory that the worker may still write; what is no text becomes text. */
static uint64_t take_frame(const struct pp_crash_frame *frame, char *module)
{
    uint64_t words[MODULE_WORDS];

    for (size_t i = 0; i < MODULE_WORDS; i++) {
        words[i] = atomic_load_explicit(&frame->module[i], memory_order_relaxed);
    }
    memcpy(module, words, sizeof(words));
    module[PP_CRASH_STACK_MODULE_BYTES - 1] = '\0';
    for (char *c = module; *c != '\0'; c++) {
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }
    return atomic_load_explicit(&frame->offset, memory_order_relaxed);
}

void pp_crash_stack_describe(const struct pp_crash_stack *stack, char *text)
{
    uint32_t count = atomic_load_explicit(&stack->count, memory_order_acquire);
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < count && i < PP_CRASH_STACK_FRAMES; i++) {
        char module[PP_CRASH_STACK_MODULE_BYTES];
        uint64_t offset = take_frame(&stack->frames[i], module);
        const char *function = find_function(module, offset);

        snprintf(text + used, PP_CRASH_STACK_TEXT_BYTES - used, "%.64s+0x%llx%s%.150s%s\n",
                 module[0] == '\0' ? program_invocation_short_name : module,
                 (unsigned long long)offset, function == NULL ? "" : " (",
                 function == NULL ? "" : function, function == NULL ? "" : ")");
        used += strlen(text + used);
    }
}
