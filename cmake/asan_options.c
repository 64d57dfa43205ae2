/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that no other process may trace cannot be searched for leaks, which LeakSanitizer does
 * by tracing; without this it would end each of them with an error. The units are searched.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
