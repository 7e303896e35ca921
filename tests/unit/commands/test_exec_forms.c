/* SPDX-License-Identifier: Apache-2.0 */
/* The EXEC forms of IOS in tests/golden/exec-forms.txt: each is taken, at the privileged level, as it stands there. */
#include "helper.h"

#include "commands/exec.h"

static void each_form_is_taken(void **state)
{
	char *text = golden("exec-forms.txt", NULL), *save = NULL;
	unsigned refused = 0, n = 0;
	struct router r;

	(void)state;
	router_up(&r, M_EXEC);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '!')
			continue;
		(void)type(&r, line);
		n++;
		if (r.last.status != CLI_EXEC) {
			print_error("%s: %s\n", line, txt_cstr(&r.last.out));
			refused++;
		}
		cli_session_goto(r.s, M_EXEC);
	}
	assert_int_equal(refused, 0);
	assert_true(n > 300);
	router_down(&r);
	free(text);
}

/* What takes any word does not take these: they are none of IOS's. */
static void others_are_not(void **state)
{
	static const char *const lines[] = { "show crypto", "show crypto engine", "debug crypto", "debug crypto pki", "debug crypto isakmp all",
					     "show crypto isakmp sa vrf", "ping vrf RED", "clear ip route", "clear ip route x",
					     "show running-config all brief", "show running-config linenum all", "show crypto eli none",
					     "undebug", "show crypto entropy" };
	struct router r;

	(void)state;
	router_up(&r, M_EXEC);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)type(&r, lines[i]);
		if (r.last.status != CLI_ERROR)
			print_error("%s\n", lines[i]);
		assert_int_equal(r.last.status, CLI_ERROR);
	}
	router_down(&r);
}

/* What runs an action takes these arguments for what they are. */
static void actions_have_arguments_of_one_kind(void **state)
{
	unsigned n = 0;

	(void)state;
	for (const struct cli_row *const *table = commands_grammar()->tables; *table; table++)
		for (const struct cli_row *row = *table; row->toks; row++) {
			if (!row->action || row->action == EXEC_PKI_DROP)
				continue;
			assert_true(!row->args_size || row->args_size == sizeof(struct exec_args));
			n++;
		}
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_taken),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(actions_have_arguments_of_one_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
