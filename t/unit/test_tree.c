/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tree.h promises, with one thread and with many. Root passes over modes, so as an ordinary
 * user all of it sees more; the last two tests see the same as either.
 */
#include "test_tree_fixture.h"

#include "random.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* ---- an ordinary user's rights ---- */

/*
 * Modes bind root too, in this thread and those that it starts, until `bind` is false again. With
 * CAP_DAC_OVERRIDE none of them would, and the copy could write wherever it wanted.
 */
static void modes_bind(bool bind)
{
	const unsigned int past_modes = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~past_modes;
	if (!bind)
		data[0].effective |= data[0].permitted & past_modes;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

/* ---- trees ---- */

static void make_random_tree(struct random_source *rng, const char *dir, int depth)
{
	static unsigned int number;
	unsigned int names = (unsigned int)random_range(rng, 0, 11);
	char path[512], first[512] = "";

	assert_int_equal(mkdir(dir, 0755), 0);
	for (unsigned int i = 0; i < names; i++) {
		snprintf(path, sizeof(path), "%s/%u", dir, number++);
		switch (random_range(rng, 0, depth > 0 ? 6 : 4)) {
		case 0:
			assert_int_equal(symlink("nowhere/at all", path), 0);
			break;
		case 1:
			assert_int_equal(mkfifo(path, 0640), 0);
			break;
		case 2:
			if (first[0]) {
				assert_int_equal(link(first, path), 0);
				break;
			}
			/* fallthrough */
		case 3:
		case 4:
			file_of(path, (size_t)random_range(rng, 0, 20000), 'a' + (char)(i % 26));
			assert_int_equal(chmod(path, (mode_t)random_range(rng, 0, 0777) | 0400), 0);
			snprintf(first, sizeof(first), "%s", path);
			break;
		default:
			make_random_tree(rng, path, depth - 1);
		}
	}
	assert_int_equal(chmod(dir, 0500 | (mode_t)random_range(rng, 0, 0777)), 0);
	assert_int_equal(utimensat(AT_FDCWD, dir,
				   (struct timespec[2]){ { 1000, 1 }, { 2000 + depth, 7 } }, 0),
			 0);
}

static void a_copy_is_like_its_source(void **state)
{
	static const unsigned int threads[] = { 1, 2, 8, 64 };
	struct random_source rng = random_start("tree");

	(void)state;
	for (int round = 0; round < 12; round++) {
		struct seen s = { 0 };
		struct tree_options o = options_of(&s, threads[round % 4]);
		struct tree_counts counts;

		make_random_tree(&rng, "src", 4);
		assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
		assert_int_equal(counts.failed, 0);
		assert_true(same_trees());
		only_complete_files();
		/* Once more, over what is there. */
		assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
		assert_int_equal(counts.failed, 0);
		assert_true(same_trees());
		only_complete_files();
		shell("chmod -R u+rwx src dst && rm -rf src dst");
	}
}

static void names_of_one_file_stay_so(void **state)
{
	struct seen s = { 0 };
	struct tree_options o = options_of(&s, 16);
	struct tree_counts counts;
	struct stat st;

	(void)state;
	shell("mkdir src; for d in $(seq 40); do mkdir src/$d; done; echo one >src/1/f; echo two "
	      ">src/2/g; for d in $(seq 2 40); do ln src/1/f src/$d/f; ln src/2/g src/$d/h; done");
	assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
	assert_int_equal(counts.failed, 0);
	assert_int_equal(atomic_load(&s.data_calls), 2);
	assert_int_equal(stat("dst/40/f", &st), 0);
	assert_int_equal(st.st_nlink, 40);
	assert_int_equal(stat("dst/7/h", &st), 0);
	assert_int_equal(st.st_nlink, 40);
	assert_true(same_trees());
}

#define DEPTH 700

static void deeper_than_there_are_descriptors(void **state)
{
	const struct rlimit few = { 96, 96 };
	struct seen s = { 0 };
	struct tree_options o = options_of(&s, 2);
	struct rlimit before;
	struct tree_counts counts;

	(void)state;
	/* Paths are longer than PATH_MAX. */
	shell("mkdir src && cd src && for d in $(seq 700); do mkdir -m 750 directory && cd -P "
	      "directory && echo $d >f || exit 1; done");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ few.rlim_cur, before.rlim_max }), 0);
	assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(counts.failed, 0);
	assert_int_equal(counts.made, 1 + 2 * DEPTH);
	assert_true(same_trees());
}

/* ---- what is there already ---- */

static void existing_names(void **state)
{
	struct seen s = { 0 };
	struct tree_options o = options_of(&s, 4);
	struct tree_counts counts;

	(void)state;
	shell("mkdir -p src/dir dst/file dst/keep; echo new >src/dir/f; echo new >src/file; echo "
	      "new "
	      ">src/old; echo new >src/special; echo new >src/link; ln -s new src/sym; mkdir "
	      "src/plain");
	shell("mkdir dst/dir; echo old >dst/old; ln dst/old dst/other; mkfifo dst/special; echo "
	      "target "
	      ">target; ln -s ../target dst/link; echo old >dst/sym; echo old >dst/plain");
	assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
	/* a file over a directory, a directory over a file, a file over a FIFO */
	assert_int_equal(counts.failed, 3);
	shell("test -d dst/file && test -p dst/special && test \"$(cat dst/plain)\" = old");
	/* replaced, not written into */
	shell("test \"$(cat dst/old)\" = new && test \"$(cat dst/other)\" = old");
	shell("test ! -L dst/link && test \"$(cat dst/link)\" = new && test \"$(cat target)\" = "
	      "target");
	shell("test \"$(readlink dst/sym)\" = new && test -d dst/keep && test \"$(cat dst/dir/f)\" "
	      "= "
	      "new");
}

static void no_clobber(void **state)
{
	struct seen s = { 0 };
	struct tree_options o = options_of(&s, 4);
	struct tree_counts counts;

	(void)state;
	o.no_clobber = true;
	shell("mkdir -p src/d dst/d; echo new | tee src/f src/d/f src/d/g >/dev/null; echo old | "
	      "tee dst/f "
	      "dst/d/f >/dev/null");
	assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
	assert_int_equal(counts.failed, 0);
	shell("test \"$(cat dst/f dst/d/f dst/d/g)\" = \"$(printf 'old\\nold\\nnew')\"");
}

/* Without `preserve`, who could use the file that is replaced can use the copy. */
static void a_replaced_file_keeps_its_mode(void **state)
{
	struct seen s = { 0 };
	struct tree_options o = options_of(&s, 1);
	struct tree_counts counts;

	(void)state;
	o.recursive = o.preserve = false;
	shell("echo new >src; echo old >dst; chmod 604 dst; chmod 755 src; touch -d 2001-01-01 "
	      "src");
	assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
	assert_int_equal(counts.failed, 0);
	shell("test \"$(cat dst)\" = new && test \"$(stat -c %a dst)\" = 604");
	shell("test dst -nt src");
}

static void what_would_destroy_is_refused(void **state)
{
	struct seen s = { 0 };
	struct tree_options o = options_of(&s, 4);
	struct tree_counts counts;

	(void)state;
	shell("mkdir -p src/a/b; echo text >src/f");
	assert_int_equal(copy_with(&o, "src", "src/a/b", "src", &counts), 0);
	assert_int_equal(counts.failed, 1);
	assert_int_equal(counts.made, 0);
	assert_int_equal(copy_with(&o, "src", ".", "src", &counts), 0);
	assert_int_equal(counts.failed, 1);
	assert_int_equal(counts.made, 0);
	shell("test \"$(cat src/f)\" = text && test -z \"$(ls -A src/a/b)\"");
	o.recursive = false;
	assert_int_equal(copy_with(&o, "src/f", "src", "f", &counts), 0);
	assert_int_equal(counts.failed, 1);
	shell("test \"$(cat src/f)\" = text");
}

/* An existing directory that its owner may not read, write or enter is merged into all the same. */
static void directories_that_bind_their_owner(void **state)
{
	static const mode_t modes[] = { 0500, 0555, 0575, 01550, 0100, 0000, 0300, 0755 };
	struct seen s = { 0 };
	struct tree_options o = options_of(&s, 2);
	struct tree_counts counts;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		char command[256];

		snprintf(command, sizeof(command),
			 "mkdir -p src/d dst/d; echo new | tee src/f src/d/f >/dev/null; "
			 "echo old >dst/d/f; ln -s old dst/f; chmod 400 dst/d/f; "
			 "chmod 550 src src/d; chmod %o dst/d; chmod %o dst",
			 (unsigned int)modes[i], (unsigned int)modes[i]);
		shell(command);
		modes_bind(true);
		assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
		modes_bind(false);
		assert_int_equal(counts.failed, 0);
		assert_true(same_trees());
		shell("chmod -R u+rwx src dst && rm -rf src dst");
	}
}

/* The source's own mode isn't touched, and without `preserve` no directory's that was there. */
static void modes_that_are_not_lifted(void **state)
{
	struct seen s = { 0 };
	struct tree_options o = options_of(&s, 2);
	struct tree_counts counts;

	(void)state;
	shell("mkdir src dst; echo text >src/f; chmod 500 src dst");
	modes_bind(true);
	assert_int_equal(copy_with(&o, "src", ".", "src", &counts), 0);
	assert_int_equal(counts.failed, 1);
	o.preserve = false;
	assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
	modes_bind(false);
	assert_int_equal(counts.failed, 1);
	shell("test \"$(stat -c %a src dst)\" = \"$(printf '500\\n500')\"");
}

int main(void)
{
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, in_empty_directory, directory_gone)
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_copy_is_like_its_source),
		IN_DIRECTORY(names_of_one_file_stay_so),
		IN_DIRECTORY(deeper_than_there_are_descriptors),
		IN_DIRECTORY(existing_names),
		IN_DIRECTORY(no_clobber),
		IN_DIRECTORY(a_replaced_file_keeps_its_mode),
		IN_DIRECTORY(what_would_destroy_is_refused),
		IN_DIRECTORY(directories_that_bind_their_owner),
		IN_DIRECTORY(modes_that_are_not_lifted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
