/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "core/control.h"

size_t pp_control_capacity(void)
{
    return pp_size_round_up(sizeof(struct pp_control), (size_t)sysconf(_SC_PAGESIZE));
}

void pp_control_begin(struct pp_control *control)
{
    pp_ring_clear(&control->tasks);
    pp_ring_clear(&control->results);
    pp_control_stamp(control, 0);
    pp_crash_stack_clear(&control->crash);
}

void pp_control_stamp(struct pp_control *control, uint64_t task)
{
    pp_control_set_phase(control, "");
    atomic_store_explicit(&control->running, task, memory_order_release);
}

void pp_control_set_phase(struct pp_control *control, const char *phase)
{
    uint64_t words[PP_PHASE_BYTES / 8] = {0};

    memcpy(words, phase, strnlen(phase, PP_PHASE_BYTES - 1));
    for (size_t i = 0; i < PP_ARRAY_LENGTH(words); i++) {
        atomic_store_explicit(&control->phase[i], words[i], memory_order_relaxed);
    }
}

void pp_control_get_phase(const struct pp_control *control, char *text)
{
    uint64_t words[PP_PHASE_BYTES / 8];

    for (size_t i = 0; i < PP_ARRAY_LENGTH(words); i++) {
        words[i] = atomic_load_explicit(&control->phase[i], memory_order_relaxed);
    }
    memcpy(text, words, PP_PHASE_BYTES);
    text[PP_PHASE_BYTES - 1] = '\0';
    for (char *c = text; *c != '\0'; c++) {
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    }
}
