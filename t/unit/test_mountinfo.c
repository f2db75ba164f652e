/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of mountinfo, and which mount is the one at a path. */
#include "unit.h"

#include "base/mountinfo.h"

#include <errno.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define LINES                                                                                      \
	"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"                                  \
	"36 22 0:39 / /mnt/a\\040b\\134c rw,nosuid,noexec master:3 - fuse.lovfs tour "             \
	"rw,user_id=1000,group_id=100,allow_other\n"                                               \
	"not a line\n"                                                                             \
	"37 22 0:40 /sub /mnt/x rw - fuse.lovfs first rw\n"                                        \
	"38 37 0:41 / /mnt/x ro,nodev - fuse.lovfs second ro\n"                                    \
	"39 38 0:42 / /mnt/x rw - tmpfs tmpfs rw\n"

static struct mountinfo m;

static void a_line_is_taken_apart(void **state UNUSED)
{
	assert_true(mountinfo_parse("36 22 0:39 /r\\011 /mnt/a\\040b\\134c rw,nosuid master:3 - "
				    "fuse.lovfs to\\040ur rw,user_id=1000\n",
				    &m));
	assert_int_equal(m.dev, makedev(0, 39));
	assert_string_equal(m.root, "/r\t");
	assert_string_equal(m.point, "/mnt/a b\\c");
	assert_string_equal(m.options, "rw,nosuid");
	assert_string_equal(m.type, "fuse.lovfs");
	assert_string_equal(m.source, "to ur");
	assert_string_equal(m.super_options, "rw,user_id=1000");
	assert_false(mountinfo_parse("", &m));
	assert_false(mountinfo_parse("36 22 0:39 / /mnt rw master:3\n", &m));
}

static void the_topmost_is_found(void **state UNUSED)
{
	char path[] = "/tmp/lovfs-mountinfo.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, LINES, strlen(LINES)), strlen(LINES));
	assert_int_equal(mountinfo_at(path, "/mnt/a b\\c", NULL, &m), 0);
	assert_string_equal(m.source, "tour");
	assert_int_equal(mountinfo_at(path, "/mnt/x", NULL, &m), 0);
	assert_string_equal(m.type, "tmpfs");
	assert_int_equal(mountinfo_at(path, "/mnt/x", "fuse.lovfs", &m), 0);
	assert_string_equal(m.source, "second");
	assert_int_equal(mountinfo_of_device(path, makedev(0, 40), &m), 0);
	assert_string_equal(m.source, "first");
	assert_int_equal(mountinfo_of_device(path, makedev(7, 7), &m), -ENOENT);
	assert_int_equal(mountinfo_at(path, "/mnt", NULL, &m), -ENOENT);
	assert_int_equal(mountinfo_at(path, "/", "fuse.lovfs", &m), -ENOENT);
	close(fd);
	unlink(path);
	assert_int_equal(mountinfo_at(path, "/", NULL, &m), -ENOENT);
}

static void options_are_whole_words(void **state UNUSED)
{
	assert_true(mountinfo_has_option("rw,nosuid,noexec", "rw"));
	assert_true(mountinfo_has_option("rw,nosuid,noexec", "nosuid"));
	assert_true(mountinfo_has_option("rw,nosuid,noexec", "noexec"));
	assert_false(mountinfo_has_option("rw,nosuid,noexec", "suid"));
	assert_false(mountinfo_has_option("rw,nosuid,noexec", "no"));
	assert_false(mountinfo_has_option("", "rw"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_taken_apart),
		cmocka_unit_test(the_topmost_is_found),
		cmocka_unit_test(options_are_whole_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
