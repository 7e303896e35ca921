/* SPDX-License-Identifier: Apache-2.0 */
/* EXEC actions: what each does, by number. */
#include "control/internal.h"
#include "control/master_key.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "control/absent.h"
#include "control/capture.h"
#include "control/clear.h"
#include "control/debug.h"
#include "control/life.h"
#include "control/load.h"
#include "control/login.h"
#include "control/logging.h"
#include "control/pki_cmd.h"
#include "control/probe.h"
#include "control/running.h"
#include "control/show_now.h"
#include "control/tech.h"
#include "control/typed.h"
#include "host/log.h"
#include "host/os.h"
#include "shell/shell_proto.h"

/* ---- files ---- */

static void view_startup(struct exec_io *io, bool *ret_error)
{
	char *text;
	size_t len;
	int err = file_read(io->c->opt->config, &text, &len);

	if (err == -ENOENT) {
		txt_str(io->out, "startup-config is not present\n");
	} else if (err) {
		txt_printf(io->out, "%% %s: %s\n", io->c->opt->config, strerror(-err));
		*ret_error = true;
	} else {
		txt_printf(io->out, "Using %zu out of %u bytes\n", len, CONFIG_MAX);
		txt_mem(io->out, text, len);
		explicit_bzero(text, len);
		free(text);
	}
}

/* ---- by kind ---- */

static bool show(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	struct control *c = io->c;
	int err;

	switch (action) {
	case EXEC_SHOW_HISTORY:
		session_history(io->s, io->out);
		return true;
	case EXEC_SHOW_RUNNING:
	case EXEC_WRITE_TERMINAL:
		running_show(c, RUNNING_ALL, a, io->out);
		return true;
	case EXEC_SHOW_RUNNING_LISTS:
		running_show(c, RUNNING_LISTS, a, io->out);
		return true;
	case EXEC_SHOW_TECH:
		*ret_error = tech_show(io) != 0;
		return true;
	case EXEC_SHOW_STARTUP:
		view_startup(io, ret_error);
		return true;
	case EXEC_SHOW_LOGGING:
		logging_show(c, a->count, io->out);
		return true;
	default:
		err = show_now(c, io->s, action, a, io->out);
		if (err == -ENOSYS)
			return false;
		if (err == -ENOMEM)
			txt_str(io->out, "% Low on memory; try again later\n");
		*ret_error = err != 0;
		return true;
	}
}

static void act(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	struct cli_session *cli = session_cli(io->s);

	switch (action) {
	case EXEC_ENABLE:
		login_enable(io, a, ret_error);
		break;
	case EXEC_DISABLE:
		login_disable(io, a, ret_error);
		break;
	case EXEC_CONFIGURE:
		cli_session_goto(cli, M_CONFIG);
		break;
	case EXEC_EXIT:
		session_end(io->s);
		break;
	case EXEC_TERMINAL_LENGTH:
		session_set_length(io->s, a->flag ? a->number : SHELL_AS_WINDOW);
		break;
	case EXEC_TERMINAL_WIDTH:
		session_set_width(io->s, a->flag ? a->number : SHELL_AS_WINDOW);
		break;
	case EXEC_TERMINAL_HISTORY:
		session_set_history(io->s, a->flag ? a->number : a->count ? TYPED_DEFAULT : 0);
		break;
	case EXEC_TERMINAL_MONITOR:
		session_set_monitor(io->s, a->flag);
		break;
	default: /* terminal editing and the like: nothing to do */
		break;
	}
}

bool exec_run(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	static const struct exec_args none;

	*ret_error = false;
	if (!a)
		a = &none;
	/* before anybody looks at a: of EXEC_PKI_DROP only the name is there */
	if (action >= EXEC_KEY_GENERATE && action <= EXEC_PKI_DROP)
		return pki_cmd_run(io, action, a, ret_error);
	if (absent(action, a, io->out)) {
		*ret_error = true;
		return false;
	}
	if (action == EXEC_PING || action == EXEC_TRACEROUTE)
		return probe_cmd(io, action, a, ret_error);
	if (action >= EXEC_CLEAR_ISAKMP && action <= EXEC_CLEAR_ARP)
		clear_cmd(io, action, a, ret_error);
	else if (action >= EXEC_CAPTURE_INTERFACE && action <= EXEC_SHOW_CAPTURE)
		capture_cmd(io, action, a, ret_error);
	else if (action == EXEC_WRITE_MEMORY || (action >= EXEC_WRITE_ERASE && action <= EXEC_SHOW_ARCHIVE_LOG))
		life_cmd(io, action, a, ret_error);
	else if (action >= EXEC_DEBUG && action <= EXEC_DEBUG_CONDITION)
		debug_cmd(io, action, a);
	else if (action == EXEC_MASTER_KEY || action == EXEC_MASTER_DROP)
		master_key_cmd(io, action, a, ret_error);
	else if (!show(io, action, a, ret_error))
		act(io, action, a, ret_error);
	return false;
}
