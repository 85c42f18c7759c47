/* SPDX-License-Identifier: MIT */
/*
 * The distance is that of Damerau and Levenshtein in its simple form: the fewest letters to insert,
 * drop, replace or swap with their neighbour. Swaps count once, being the most frequent slip.
 */
#include <string.h>

#include "app/suggest.h"

#define WORD_MAX 31

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    return MIN(MIN(a, b), c);
}

static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned table[WORD_MAX + 1][WORD_MAX + 1];

    for (unsigned i = 0; i <= a_length; i++) {
        table[i][0] = i;
    }
    for (unsigned j = 0; j <= b_length; j++) {
        table[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        for (size_t j = 1; j <= b_length; j++) {
            unsigned replace = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

            table[i][j] = least(table[i - 1][j] + 1, table[i][j - 1] + 1, replace);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                table[i][j] = MIN(table[i][j], table[i - 2][j - 2] + 1);
            }
        }
    }
    return table[a_length][b_length];
}

const char *suggest(const char *word, const char *const *words)
{
    const char *closest = NULL;
    unsigned closest_distance = (unsigned)(strlen(word) + 2) / 3 + 1;

    if (strlen(word) > WORD_MAX) {
        return NULL;
    }
    for (; *words != NULL; words++) {
        unsigned d;

        g_assert(strlen(*words) <= WORD_MAX);
        d = distance(word, strlen(word), *words, strlen(*words));
        if (d < closest_distance) {
            closest = *words;
            closest_distance = d;
        }
    }
    return closest;
}
