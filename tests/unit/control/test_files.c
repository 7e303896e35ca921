/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/load.h"

static char dir[64], path[128], tmp[128];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/culvert-files-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/startup-config", dir);
	snprintf(tmp, sizeof(tmp), "%s/.startup-config.new", dir);
	umask(022);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(tmp);
	return rmdir(dir);
}

static void put(const char *name, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "old\n", 4), 4);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void written_is(const char *want, mode_t mode)
{
	struct stat st;
	char *text;
	size_t len;

	assert_int_equal(file_read(path, &text, &len), 0);
	assert_string_equal(text, want);
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(access(tmp, F_OK), -1);
}

static void a_new_file_is_its_owners_alone(void **state)
{
	(void)state;
	assert_int_equal(file_write(path, "new\n", 4), 0);
	written_is("new\n", 0600);
}

static void a_replaced_file_keeps_its_mode_but_for_others(void **state)
{
	static const mode_t rows[][2] = { { 0600, 0600 }, { 0640, 0640 }, { 0644, 0640 },
					  { 0666, 0660 }, { 0400, 0600 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(path, rows[i][0]);
		assert_int_equal(file_write(path, "new\n", 4), 0);
		written_is("new\n", rows[i][1]);
	}
}

/* A leftover (or a trap) under the temporary name: open to all, or a link. */
static void the_temporary_name_is_not_trusted(void **state)
{
	char other[128];
	struct stat st;

	(void)state;
	put(tmp, 0666);
	assert_int_equal(file_write(path, "new\n", 4), 0);
	written_is("new\n", 0600);
	snprintf(other, sizeof(other), "%s/other", dir);
	put(other, 0644);
	assert_int_equal(symlink(other, tmp), 0);
	assert_int_equal(file_write(path, "newer\n", 6), 0);
	written_is("newer\n", 0600);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_size, 4);
	unlink(other);
}

/* `copy running-config flash:startup-config.new` */
static void a_file_with_a_name_of_its_own_is_left_alone(void **state)
{
	char other[128];
	struct stat st;

	(void)state;
	snprintf(other, sizeof(other), "%s/startup-config.new", dir);
	put(other, 0600);
	assert_int_equal(file_write(path, "newer\n", 6), 0);
	written_is("newer\n", 0600);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(file_remove(other), 0);
	assert_int_equal(file_remove(other), -ENOENT);
}

static void only_a_plain_file_is_read_as_one(void **state)
{
	char other[128], *text;
	size_t len;

	(void)state;
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(file_read_plain(other, &text, &len), -ENOENT);
	assert_int_equal(file_read_plain(dir, &text, &len), -EPERM);
	assert_int_equal(mkfifo(other, 0600), 0); /* nobody writes to it */
	assert_int_equal(file_read_plain(other, &text, &len), -EPERM);
	unlink(other);
	put(path, 0600);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(file_read_plain(other, &text, &len), -EPERM);
	unlink(other);
	assert_int_equal(file_read_plain(path, &text, &len), 0);
	assert_string_equal(text, "old\n");
	assert_int_equal(len, 4);
	free(text);
}

static void a_linked_configuration_stays_a_link(void **state)
{
	char other[128];
	struct stat st;

	(void)state;
	snprintf(other, sizeof(other), "%s/other", dir);
	put(other, 0600);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(file_write(path, "new\n", 4), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	written_is("new\n", 0600);
	unlink(other);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(file_write("/nonexistent/startup-config", "x", 1), -ENOENT);
}

#define IN_DIR(t) cmocka_unit_test_setup_teardown(t, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(a_new_file_is_its_owners_alone),
		IN_DIR(a_replaced_file_keeps_its_mode_but_for_others),
		IN_DIR(the_temporary_name_is_not_trusted),
		IN_DIR(a_file_with_a_name_of_its_own_is_left_alone),
		IN_DIR(only_a_plain_file_is_read_as_one),
		IN_DIR(a_linked_configuration_stays_a_link),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
