/* SPDX-License-Identifier: Apache-2.0 */
/* `| json` of commands about the system, interfaces, access lists and routes. */
#include "control/show_json_parts.h"

static int privilege(const struct show_in *in, const struct exec_args *a, struct json *j)
{
	(void)a;
	json_num(j, "privilege_level", in->privilege);
	return 0;
}

const struct json_row json_rows_system[] = {
	{ EXEC_SHOW_PRIVILEGE, privilege },
	{ EXEC_SHOW_HISTORY, NULL },
	{ EXEC_SHOW_RELOAD, NULL },
	{ EXEC_SHOW_ARCHIVE, NULL },
	{ EXEC_SHOW_ARCHIVE_DIFF, NULL },
	{ EXEC_SHOW_ARCHIVE_COMMANDS, NULL },
	{ EXEC_SHOW_ARCHIVE_TIMER, NULL },
	{ EXEC_SHOW_ARCHIVE_LOG, NULL },
	{ EXEC_SHOW_INTERFACES, NULL },
	{ EXEC_SHOW_INTERFACES_DESCRIPTION, NULL },
	{ EXEC_SHOW_IP_INTERFACE, NULL },
	{ EXEC_SHOW_IP_INTERFACE_BRIEF, NULL },
	{ EXEC_SHOW_ACCESS_LISTS, NULL },
	{ EXEC_SHOW_IP_ACCESS_LISTS, NULL },
	{ EXEC_SHOW_IP_ROUTE, NULL },
	{ EXEC_SHOW_IPV6_INTERFACE, NULL },
	{ EXEC_SHOW_IPV6_ROUTE, NULL },
	{ EXEC_SHOW_IPV6_ACCESS_LIST, NULL },
	{ EXEC_SHOW_RUNNING, NULL },
	{ EXEC_WRITE_TERMINAL, NULL },
	{ EXEC_SHOW_STARTUP, NULL },
	{ EXEC_SHOW_VERSION, NULL },
	{ EXEC_SHOW_CLOCK, NULL },
	{ EXEC_SHOW_USERS, NULL },
	{ EXEC_SHOW_LOGGING, NULL },
	{ EXEC_SHOW_DEBUG_CONDITION, NULL },
	{ EXEC_SHOW_DEBUGGING, NULL },
	{ EXEC_SHOW_CAPTURE, NULL },
	{ EXEC_NONE, NULL },
};
