/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each system call of a copy fails once, or the copy is stopped at each file: what is there then
 * under its final name is complete, nothing temporary is left, and either all is as in the source
 * or something was said.
 */
#include "test_tree_fixture.h"

#include "fault.h"

#define SOURCE                                                                                     \
	"mkdir -p src/a/b src/c; head -c 9000 /dev/urandom >src/a/f; ln src/a/f src/c/g; ln -s f " \
	"src/a/l; mkfifo src/c/p; head -c 100 /dev/urandom >src/h; touch -d 2001-02-03 src/h "     \
	"src/a/b"

/* As struct fault, for calls from several threads. */
struct late_fault {
	int err;
	unsigned int at;
	atomic_uint seen;
	atomic_bool hit;
};

static int fail_at(const char *call, size_t len_bytes, void *cookie)
{
	struct late_fault *f = cookie;

	(void)call;
	(void)len_bytes;
	if (atomic_fetch_add(&f->seen, 1) + 1 != f->at)
		return 0;
	atomic_store(&f->hit, true);
	return f->err;
}

/*
 * Errors after which a name of a file with several becomes a copy of its own, as where there are no
 * links.
 */
static bool is_copy(int err)
{
	if (err != -EOPNOTSUPP)
		return same_trees();
	return system("for d in src dst; do (cd $d && find . -printf '%P %y\\n' | sort) >list.$d "
		      "|| exit "
		      "1; done; cmp list.src list.dst") == 0;
}

static void sweep(int err, bool existing, bool sync)
{
	bool hit = true;

	for (unsigned int at = 1; hit; at++) {
		struct late_fault f = { .err = err, .at = at };
		struct seen s = { 0 };
		struct tree_options o = options_of(&s, 1);
		unsigned int before = open_fds();
		struct tree_counts counts;
		int began;

		o.sync = sync;
		if (existing)
			shell("cp -a src dst");
		sys_set_hook(fail_at, &f);
		began = copy_with(&o, "src", ".", "dst", &counts);
		sys_set_hook(NULL, NULL);
		hit = atomic_load(&f.hit);
		assert_int_equal(open_fds(), before);
		only_complete_files();
		if (!began && !counts.failed && !is_copy(err))
			fail_msg("call %u failed with %d, the copy differs, and nobody said so", at,
				 err);
		if (!hit)
			assert_true(!began && !counts.failed);
		shell("rm -rf dst");
		assert_true(at < 2000);
	}
}

static void a_call_that_fails(void **state)
{
	/* EOPNOTSUPP: what is not there, such as O_TMPFILE, is done in another way. */
	static const int errors[] = { -EIO, -EOPNOTSUPP, -EMFILE };

	(void)state;
	shell(SOURCE);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		sweep(errors[i], false, false);
	sweep(-EIO, true, false);
	sweep(-ENOSPC, false, true);
}

/* The others go on: of ten files one fails. */
static int fail_fifth_write(const char *call, size_t len_bytes, void *cookie)
{
	atomic_uint *writes = cookie;

	(void)len_bytes;
	return strcmp(call, "pwrite") == 0 && atomic_fetch_add(writes, 1) == 4 ? -ENOSPC : 0;
}

static void the_others_go_on(void **state)
{
	struct seen s = { 0 };
	struct tree_options o = options_of(&s, 4);
	struct tree_counts counts;
	atomic_uint writes = 0;

	(void)state;
	shell("mkdir src; for i in $(seq 10); do echo $i >src/$i; done");
	sys_set_hook(fail_fifth_write, &writes);
	assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
	sys_set_hook(NULL, NULL);
	assert_int_equal(counts.failed, 1);
	assert_int_equal(counts.made, 10);
	only_complete_files();
	shell("test \"$(ls -A dst | wc -l)\" = 9");
}

static void a_stop_leaves_nothing_half_made(void **state)
{
	(void)state;
	shell("mkdir -p src/d; for i in $(seq 30); do head -c 5000 /dev/urandom | tee src/$i "
	      ">src/d/$i; "
	      "done");
	for (unsigned int after = 1; after < 60; after += 3) {
		struct seen s = { .stop_after = after };
		struct tree_options o = options_of(&s, 1 + after % 5);
		struct tree_counts counts;

		assert_int_equal(copy_with(&o, "src", ".", "dst", &counts), 0);
		assert_int_equal(counts.failed, 0);
		assert_true(counts.made <= after + 2);
		only_complete_files();
		shell("rm -rf dst");
	}
}

int main(void)
{
#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, in_empty_directory, directory_gone)
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_call_that_fails),
		IN_DIRECTORY(the_others_go_on),
		IN_DIRECTORY(a_stop_leaves_nothing_half_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
