/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_unit_state.h"

#include <stdio.h>

#include "check_run.h"

void unit_state(const char *name, struct unit_state *ret)
{
    static const char properties[] = "--property=Id,LoadState,ActiveState,SubState,UnitFileState,"
                                     "Result,ConditionResult,ExecMainStartTimestampMonotonic";
    const char *const argv[] = {"systemctl", "--user", "show", properties, name, NULL};
    static struct run run;

    (void)run_simple(argv, &run);
    snprintf(ret->name, sizeof ret->name, "%s", name);
    check_get(ret->load, sizeof ret->load, run.out, '=', "LoadState");
    check_get(ret->active, sizeof ret->active, run.out, '=', "ActiveState");
    check_get(ret->sub, sizeof ret->sub, run.out, '=', "SubState");
    check_get(ret->file, sizeof ret->file, run.out, '=', "UnitFileState");
    check_get(ret->result, sizeof ret->result, run.out, '=', "Result");
    check_get(ret->condition, sizeof ret->condition, run.out, '=', "ConditionResult");
    check_get(ret->started, sizeof ret->started, run.out, '=', "ExecMainStartTimestampMonotonic");
}
