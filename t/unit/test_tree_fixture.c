/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test_tree_fixture.h"

char top[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_D || type == FTW_DNR)
		(void)!chmod(path, 0700);
	return 0;
}

void shell(const char *command)
{
	assert_int_equal(system(command), 0);
}

int in_empty_directory(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "/tmp/lovfs-tree-XXXXXX");
	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	return 0;
}

int directory_gone(void **state)
{
	char command[128];

	(void)state;
	nftw(top, remove_one, 16, FTW_PHYS);
	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	shell(command);
	return 0;
}

void file_of(const char *path, size_t len_bytes, char fill)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (size_t i = 0; i < len_bytes; i++)
		putc(fill, f);
	assert_int_equal(fclose(f), 0);
}

static int plain_data(void *cookie, struct tree_file *file)
{
	struct seen *s = cookie;
	unsigned int calls = atomic_fetch_add(&s->data_calls, 1) + 1;
	uint64_t done = 0;
	char buffer[4096];

	assert_null(file->data);
	file->data = s;
	if (atomic_load(&s->stop_after) && calls >= atomic_load(&s->stop_after)) {
		atomic_store(&s->stop, true);
		return -ECANCELED;
	}
	for (;;) {
		ssize_t n = sys_pread(file->src_fd, buffer, sizeof(buffer), done);
		int err = n <= 0 ? (int)n : sys_pwrite_full(file->dst_fd, buffer, (size_t)n, done);

		if (err)
			return fail_sys(err, "data");
		if (n == 0)
			return 0;
		done += (uint64_t)n;
	}
}

void note(void *cookie, const struct tree_name *name)
{
	struct seen *s = cookie;

	assert_true(name->made || name->err || name->file);
	assert_true(!name->file || name->file->data == s);
	assert_true(!name->src_path[0] || strstr(name->src_path, "src"));
	atomic_fetch_add(&s->made, name->made);
	atomic_fetch_add(&s->errors, name->err && name->err != -ECANCELED);
}

struct tree_options options_of(struct seen *s, unsigned int threads)
{
	return (struct tree_options){ .recursive = true,
				      .preserve = true,
				      .threads = threads,
				      .stop = &s->stop,
				      .cookie = s,
				      .copy_data = plain_data,
				      .done = note };
}

int copy_with(const struct tree_options *o, const char *src, const char *dst_dir, const char *name,
	      struct tree_counts *ret_counts)
{
	CLEANUP_FD int dirfd = open(dst_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct seen *s = o->cookie;
	struct tree *t;
	int err = tree_new(o, dirfd, "", &t);

	atomic_store(&s->made, 0);
	atomic_store(&s->errors, 0);
	*ret_counts = (struct tree_counts){ 0 };
	if (err)
		return err;
	tree_copy(t, src, name);
	*ret_counts = tree_free(t);
	assert_int_equal(ret_counts->made, atomic_load(&s->made));
	assert_int_equal(ret_counts->failed, atomic_load(&s->errors));
	return 0;
}

bool same_trees(void)
{
	return system("for d in src dst; do (cd $d && find . -printf "
		      "'%P %y %m %U %G %T@ %n %l\\n' | sort) >list.$d && "
		      "tar -C $d --sort=name -cf tar.$d . || exit 1; done; "
		      "cmp list.src list.dst && cmp tar.src tar.dst") == 0;
}

void only_complete_files(void)
{
	shell("find . -name '*.lov?*' | grep -q . && { find . ; exit 1; };"
	      "test -e dst || exit 0; cd dst && find . -type f -printf '%P\\n' | "
	      "while read -r f; do cmp \"$f\" \"../src/$f\" || exit 1; done");
}
