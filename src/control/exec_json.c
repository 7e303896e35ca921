/* SPDX-License-Identifier: Apache-2.0 */
/* EXEC lines with `| json` behind them. */
#include <errno.h>

#include "control/absent.h"
#include "control/internal.h"
#include "control/logging.h"
#include "control/show_json.h"
#include "control/show_now.h"

/* Commands whose answer is a text anyhow. */
static void as_lines(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	struct txt text = TXT_INIT;
	struct exec_io quiet = { io->c, io->s, &text };

	(void)exec_run(&quiet, action, a, ret_error); /* none of them goes on by itself */
	if (*ret_error)
		txt_mem(io->out, txt_cstr(&text), text.len);
	else
		show_json_lines(txt_cstr(&text), io->out);
	io->out->bad |= text.bad;
	txt_fini(&text);
}

bool exec_json(struct exec_io *io, unsigned action, const struct exec_args *a, bool *ret_error)
{
	static const struct exec_args none;
	int err;

	*ret_error = a && absent(action, a, io->out);
	if (*ret_error)
		return false;
	if (action == EXEC_SHOW_LOGGING) {
		logging_show_json(io->c, io->out);
		return false;
	}
	switch (show_json_kind(action)) {
	case JSON_ROWS:
		err = show_now_json(io->c, io->s, action, a ? a : &none, io->out);
		if (err == -ENOMEM)
			txt_str(io->out, "% Low on memory; try again later\n");
		*ret_error = err != 0;
		break;
	case JSON_LINES:
		as_lines(io, action, a, ret_error);
		break;
	case JSON_NO:
		txt_str(io->out, "% JSON is an output of show commands only\n");
		*ret_error = true;
		break;
	}
	return false;
}
