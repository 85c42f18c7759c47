/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Run: the verb 'pixpool run'
 */

/*
 * Process what the command line says; argv[0] is the verb.
 *
 * Returns the exit code: 0 all done, 1 some inputs failed, 2 usage (nothing written), 3 all failed,
 * 4 the environment, 128 + n stopped by signal n.
 */
int run_main(int argc, char **argv);
