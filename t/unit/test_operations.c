/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations on data that each rung issues, exactly and in their order, for sparse and
 * unaligned ranges: none for a hole but to punch it into old data, none twice, none longer than it
 * must be.
 */
#include "test_engine_fixture.h"

#include <inttypes.h>
#include <linux/falloc.h>

#define TEXT_MAX 2048

/* ---- what is issued, as text ---- */

struct recorder {
	struct sys_data_call last;
	char text[TEXT_MAX];
};

/* "12K" or "12K+5" or "5": offsets and lengths of these tests are near multiples of 1 KiB. */
static void say_number(char *text, uint64_t n)
{
	size_t len = strlen(text);

	if (n >= KIB && n % KIB)
		snprintf(text + len, TEXT_MAX - len, "%" PRIu64 "K+%" PRIu64, n / KIB, n % KIB);
	else if (n >= KIB)
		snprintf(text + len, TEXT_MAX - len, "%" PRIu64 "K", n / KIB);
	else
		snprintf(text + len, TEXT_MAX - len, "%" PRIu64, n);
}

static void say(char *text, const char *words)
{
	size_t len = strlen(text);

	snprintf(text + len, TEXT_MAX - len, "%s", words);
}

static bool is_punch(const struct sys_data_call *call)
{
	return call->mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

/* The rest of a copy_file_range(2) that was short. */
static bool continues(const struct sys_data_call *last, const struct sys_data_call *call)
{
	return !strcmp(call->name, "copy_file_range") && last->name &&
	       !strcmp(last->name, call->name) && call->src_offset > last->src_offset &&
	       call->src_offset - last->src_offset == call->dst_offset - last->dst_offset &&
	       call->src_offset + call->len_bytes == last->src_offset + last->len_bytes;
}

static void record(const struct sys_data_call *call, void *cookie)
{
	struct recorder *r = cookie;
	bool src = !strcmp(call->name, "pread") || !strcmp(call->name, "uring_read");
	bool both = !strcmp(call->name, "copy_file_range") || !strcmp(call->name, "clone_range");

	if (continues(&r->last, call)) /* the kernel may copy less than it was asked for */
		return;
	r->last = *call;
	say(r->text, r->text[0] ? "; " : "");
	say(r->text, is_punch(call) ? "punch" : call->name);
	say(r->text, " ");
	if (src || both)
		say_number(r->text, call->src_offset);
	if (both)
		say(r->text, ">");
	if (!src)
		say_number(r->text, call->dst_offset);
	say(r->text, ":");
	say_number(r->text, call->len_bytes);
}

/* ---- the cases ---- */

struct part {
	uint64_t from, to;
};

struct operations_case {
	const char *name;
	struct part data_kib[2];     /* of the source; the rest is a hole */
	uint64_t src_size, old_size; /* of the files; all of the destination is data */
	uint64_t src_offset, dst_offset, len;
	bool fresh, no_share;
	/*
	 * By rung, when those above it are refused and everything is what it is for: the uring
	 * rung's sources are large and cold.
	 */
	const char *want[IO_RUNGS];
};

static const struct operations_case cases[] = {
	{
		.name = "hole in front",
		.data_kib = { { 512, 1024 } },
		.src_size = 1024 * KIB,
		.len = 1024 * KIB,
		.fresh = true,
		.want = {
			[IO_SHARE] = "clone_range 0>0:1024K",
			[IO_KERNEL] = "copy_file_range 512K>512K:512K",
			[IO_URING] = "fallocate 512K:512K; uring_read 512K:512K; uring_write 512K:512K",
			[IO_RW] = "pread 512K:256K; pwrite 512K:256K; pread 768K:256K; "
				"pwrite 768K:256K",
		},
	},
	{
		.name = "hole in the middle",
		.data_kib = { { 0, 512 }, { 1024, 1536 } },
		.src_size = 1536 * KIB,
		.len = 1536 * KIB,
		.fresh = true,
		.want = {
			[IO_SHARE] = "clone_range 0>0:1536K",
			[IO_KERNEL] = "copy_file_range 0>0:512K; copy_file_range 1024K>1024K:512K",
			[IO_URING] = "fallocate 0:512K; uring_read 0:512K; uring_write 0:512K; "
				"fallocate 1024K:512K; uring_read 1024K:512K; "
				"uring_write 1024K:512K",
			[IO_RW] = "pread 0:256K; pwrite 0:256K; pread 256K:256K; pwrite 256K:256K; "
				"pread 1024K:256K; pwrite 1024K:256K; pread 1280K:256K; "
				"pwrite 1280K:256K",
		},
	},
	{
		.name = "hole at the end",
		.data_kib = { { 0, 512 } },
		.src_size = 1024 * KIB,
		.len = 1024 * KIB,
		.fresh = true,
		.want = {
			[IO_SHARE] = "clone_range 0>0:1024K",
			[IO_KERNEL] = "copy_file_range 0>0:512K",
			[IO_URING] = "fallocate 0:512K; uring_read 0:512K; uring_write 0:512K",
			[IO_RW] = "pread 0:256K; pwrite 0:256K; pread 256K:256K; pwrite 256K:256K",
		},
	},
	{
		.name = "nothing but a hole",
		.src_size = 1024 * KIB,
		.old_size = 1024 * KIB,
		.len = 1024 * KIB,
		.want = {
			[IO_SHARE] = "clone_range 0>0:1024K",
			[IO_KERNEL] = "punch 0:1024K",
			[IO_URING] = "punch 0:1024K",
			[IO_RW] = "punch 0:1024K",
		},
	},
	{
		.name = "holes onto old data",
		.data_kib = { { 512, 1024 } },
		.src_size = 1536 * KIB,
		.old_size = 1536 * KIB,
		.len = 1536 * KIB,
		.want = {
			[IO_SHARE] = "clone_range 0>0:1536K",
			[IO_KERNEL] = "punch 0:512K; copy_file_range 512K>512K:512K; punch 1024K:512K",
			[IO_URING] = "punch 0:512K; uring_read 512K:512K; uring_write 512K:512K; "
				"punch 1024K:512K",
			[IO_RW] = "punch 0:512K; pread 512K:256K; pwrite 512K:256K; pread 768K:256K; "
				"pwrite 768K:256K; punch 1024K:512K",
		},
	},
	{
		.name = "holes partly onto old data",
		.data_kib = { { 512, 1024 } },
		.src_size = 1536 * KIB,
		.old_size = 256 * KIB,
		.len = 1536 * KIB,
		.want = {
			[IO_SHARE] = "clone_range 0>0:1536K",
			[IO_KERNEL] = "punch 0:256K; copy_file_range 512K>512K:512K",
			[IO_URING] = "punch 0:256K; uring_read 512K:512K; uring_write 512K:512K",
			[IO_RW] = "punch 0:256K; pread 512K:256K; pwrite 512K:256K; pread 768K:256K; "
				"pwrite 768K:256K",
		},
	},
	{
		.name = "holes onto nothing",
		.data_kib = { { 0, 512 }, { 1024, 1536 } },
		.src_size = 1536 * KIB,
		.len = 1536 * KIB,
		.want = {
			[IO_SHARE] = "clone_range 0>0:1536K",
			[IO_KERNEL] = "copy_file_range 0>0:512K; copy_file_range 1024K>1024K:512K",
			[IO_URING] = "uring_read 0:512K; uring_write 0:512K; uring_read 1024K:512K; "
				"uring_write 1024K:512K",
			[IO_RW] = "pread 0:256K; pwrite 0:256K; pread 256K:256K; pwrite 256K:256K; "
				"pread 1024K:256K; pwrite 1024K:256K; pread 1280K:256K; "
				"pwrite 1280K:256K",
		},
	},
	{
		.name = "unaligned alike",
		.data_kib = { { 0, 1024 } },
		.src_size = 1024 * KIB,
		.src_offset = 100,
		.dst_offset = 8 * KIB + 100,
		.len = 512 * KIB,
		.fresh = true,
		.want = {
			[IO_SHARE] = "copy_file_range 100>8K+100:3K+924; clone_range 4K>12K:508K; "
				"copy_file_range 512K>520K:100",
			[IO_KERNEL] = "copy_file_range 100>8K+100:512K",
			[IO_URING] = "fallocate 12K:508K; pread 100:3K+924; pwrite 8K+100:3K+924; "
				"uring_read 4K:508K; uring_write 12K:508K; pread 512K:100; "
				"pwrite 520K:100",
			[IO_RW] = "pread 100:256K; pwrite 8K+100:256K; pread 256K+100:256K; "
				"pwrite 264K+100:256K",
		},
	},
	{
		.name = "unaligned, not alike",
		.data_kib = { { 0, 1024 } },
		.src_size = 1024 * KIB,
		.src_offset = 4095,
		.dst_offset = 8 * KIB + 1,
		.len = 512 * KIB,
		.fresh = true,
		.want = {
			[IO_SHARE] = "copy_file_range 3K+1023>8K+1:512K",
			[IO_KERNEL] = "copy_file_range 3K+1023>8K+1:512K",
			[IO_URING] = "fallocate 12K:508K; pread 3K+1023:3K+1023; pwrite 8K+1:3K+1023; "
				"uring_read 7K+1022:508K; uring_write 12K:508K; pread 515K+1022:1; "
				"pwrite 520K:1",
			[IO_RW] = "pread 3K+1023:256K; pwrite 8K+1:256K; pread 259K+1023:256K; "
				"pwrite 264K+1:256K",
		},
	},
	{
		.name = "aligned source only",
		.data_kib = { { 0, 1024 } },
		.src_size = 1024 * KIB,
		.src_offset = 4 * KIB,
		.dst_offset = 1,
		.len = 512 * KIB,
		.fresh = true,
		.want = {
			[IO_SHARE] = "copy_file_range 4K>1:512K",
			[IO_KERNEL] = "copy_file_range 4K>1:512K",
			[IO_URING] = "fallocate 4K:508K; pread 4K:3K+1023; pwrite 1:3K+1023; "
				"uring_read 7K+1023:508K; uring_write 4K:508K; pread 515K+1023:1; "
				"pwrite 512K:1",
			[IO_RW] = "pread 4K:256K; pwrite 1:256K; pread 260K:256K; pwrite 256K+1:256K",
		},
	},
	{
		.name = "aligned destination only",
		.data_kib = { { 0, 1024 } },
		.src_size = 1024 * KIB,
		.src_offset = 1,
		.dst_offset = 4 * KIB,
		.len = 512 * KIB,
		.fresh = true,
		.want = {
			[IO_SHARE] = "copy_file_range 1>4K:512K",
			[IO_KERNEL] = "copy_file_range 1>4K:512K",
			[IO_URING] = "fallocate 4K:512K; uring_read 1:512K; uring_write 4K:512K",
			[IO_RW] = "pread 1:256K; pwrite 4K:256K; pread 256K+1:256K; pwrite 260K:256K",
		},
	},
	{
		.name = "odd end of the file",
		.data_kib = { { 0, 512 } },
		.src_size = 512 * KIB - 77,
		.len = 512 * KIB - 77,
		.fresh = true,
		.want = {
			[IO_SHARE] = "clone_range 0>0:511K+947",
			[IO_KERNEL] = "copy_file_range 0>0:511K+947",
			[IO_URING] = "fallocate 0:508K; uring_read 0:508K; uring_write 0:508K; "
				"pread 508K:3K+947; pwrite 508K:3K+947",
			[IO_RW] = "pread 0:256K; pwrite 0:256K; pread 256K:255K+947; "
				"pwrite 256K:255K+947",
		},
	},
	{
		.name = "odd end within old data",
		.data_kib = { { 0, 512 } },
		.src_size = 512 * KIB - 77,
		.old_size = 1024 * KIB,
		.len = 512 * KIB - 77,
		.want = {
			[IO_SHARE] = "clone_range 0>0:508K; copy_file_range 508K>508K:3K+947",
			[IO_KERNEL] = "copy_file_range 0>0:511K+947",
			[IO_URING] = "uring_read 0:508K; uring_write 0:508K; pread 508K:3K+947; "
				"pwrite 508K:3K+947",
			[IO_RW] = "pread 0:256K; pwrite 0:256K; pread 256K:255K+947; "
				"pwrite 256K:255K+947",
		},
	},
	{
		.name = "past the end of the source",
		.data_kib = { { 0, 512 } },
		.src_size = 512 * KIB - 77,
		.old_size = 1024 * KIB,
		.len = 768 * KIB,
		.want = {
			[IO_SHARE] = "clone_range 0>0:508K; copy_file_range 508K>508K:3K+947; "
				"punch 511K+947:256K+77",
			[IO_KERNEL] = "copy_file_range 0>0:511K+947; punch 511K+947:256K+77",
			[IO_URING] = "uring_read 0:508K; uring_write 0:508K; pread 508K:3K+947; "
				"pwrite 508K:3K+947; punch 511K+947:256K+77",
			[IO_RW] = "pread 0:256K; pwrite 0:256K; pread 256K:255K+947; "
				"pwrite 256K:255K+947; punch 511K+947:256K+77",
		},
	},
	{
		.name = "behind the end of the source",
		.data_kib = { { 0, 512 } },
		.src_size = 512 * KIB,
		.old_size = 1024 * KIB,
		.src_offset = 600 * KIB,
		.len = 100 * KIB,
		.want = {
			[IO_SHARE] = "punch 0:100K",
			[IO_KERNEL] = "punch 0:100K",
			[IO_URING] = "punch 0:100K",
			[IO_RW] = "punch 0:100K",
		},
	},
	{
		.name = "less than a block",
		.data_kib = { { 0, 4 } },
		.src_size = 4 * KIB,
		.src_offset = 10,
		.dst_offset = 20,
		.len = 30,
		.fresh = true,
		.want = {
			[IO_SHARE] = "copy_file_range 10>20:30",
			[IO_KERNEL] = "copy_file_range 10>20:30",
			[IO_URING] = "pread 10:30; pwrite 20:30",
			[IO_RW] = "pread 10:30; pwrite 20:30",
		},
	},
	{
		.name = "small",
		.data_kib = { { 0, 32 } },
		.src_size = 32 * KIB,
		.len = 32 * KIB,
		.fresh = true,
		.want = {
			[IO_SHARE] = "clone_range 0>0:32K",
			[IO_KERNEL] = "copy_file_range 0>0:32K",
			[IO_URING] = "pread 0:32K; pwrite 0:32K",
			[IO_RW] = "pread 0:32K; pwrite 0:32K",
		},
	},
	{
		.name = "several buffers",
		.data_kib = { { 0, 2560 } },
		.src_size = 2560 * KIB,
		.len = 2560 * KIB,
		.fresh = true,
		.want = {
			[IO_SHARE] = "clone_range 0>0:2560K",
			[IO_KERNEL] = "copy_file_range 0>0:2560K",
			[IO_URING] = "fallocate 0:2560K; uring_read 0:1024K; uring_read 1024K:1024K; "
				"uring_read 2048K:512K; uring_write 0:1024K; "
				"uring_write 1024K:1024K; uring_write 2048K:512K",
			[IO_RW] = "pread 0:256K; pwrite 0:256K; pread 256K:256K; pwrite 256K:256K; "
				"pread 512K:256K; pwrite 512K:256K; pread 768K:256K; "
				"pwrite 768K:256K; pread 1024K:256K; pwrite 1024K:256K; "
				"pread 1280K:256K; pwrite 1280K:256K; pread 1536K:256K; "
				"pwrite 1536K:256K; pread 1792K:256K; pwrite 1792K:256K; "
				"pread 2048K:256K; pwrite 2048K:256K; pread 2304K:256K; "
				"pwrite 2304K:256K",
		},
	},
	{
		.name = "a physical copy",
		.data_kib = { { 0, 512 } },
		.src_size = 512 * KIB,
		.len = 512 * KIB,
		.fresh = true,
		.no_share = true,
		.want = {
			[IO_SHARE] = "pread 0:256K; pwrite 0:256K; pread 256K:256K; pwrite 256K:256K",
			[IO_KERNEL] = "pread 0:256K; pwrite 0:256K; pread 256K:256K; pwrite 256K:256K",
			[IO_URING] = "fallocate 0:512K; uring_read 0:512K; uring_write 0:512K",
			[IO_RW] = "pread 0:256K; pwrite 0:256K; pread 256K:256K; pwrite 256K:256K",
		},
	},
};

/*
 * What is to be expected on a file system: one that doesn't share isn't asked here, tmpfs is never
 * cold, and Btrfs is asked for no blocks in advance.
 */
static bool expected(const struct testfs *fs, const struct operations_case *c, enum io_rung top,
		     char ret_text[TEXT_MAX])
{
	const char *from = c->want[top], *to;

	if (top == IO_SHARE && !fs->shares)
		return false;
	if (top == IO_URING && !strcmp(fs->name, "tmpfs"))
		from = c->want[IO_RW];
	ret_text[0] = '\0';
	for (; *from; from = to) {
		to = strstr(from, "; ");
		to = to ? to + 2 : from + strlen(from);
		if (!strcmp(fs->name, "ext4") || strncmp(from, "fallocate", 9))
			snprintf(ret_text + strlen(ret_text), TEXT_MAX - strlen(ret_text), "%.*s",
				 (int)(to - from), from);
	}
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Parts that are under way together may be done in any order. */
static void sort_operations(char text[TEXT_MAX])
{
	char copy[TEXT_MAX], *list[128], *rest = copy;
	size_t count = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word; (word = strsep(&rest, ";")) && count < ARRAY_SIZE(list);)
		list[count++] = word + strspn(word, " ");
	qsort(list, count, sizeof(list[0]), by_text);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		say(text, i ? "; " : "");
		say(text, list[i]);
	}
}

static void check_operations(const struct testfs *fs, const struct operations_case *c,
			     enum io_rung top, char got[TEXT_MAX])
{
	char want[TEXT_MAX];

	if (!expected(fs, c, top, want))
		return;
	if (top == IO_URING) {
		sort_operations(want);
		sort_operations(got);
	}
	if (strcmp(got, want))
		fail_msg("%s, %s, rung %d:\n  %s\ninstead of\n  %s", fs->name, c->name, top, got,
			 want);
}

static void run_case(const struct testfs *fs, const struct operations_case *c, enum io_rung top)
{
	struct recorder recorder = { .text = "" };
	struct engine_hook hook = { .cold = true };
	struct io_moved moved = { 0 };
	int src = engine_file(fs, "source"), dst = engine_file(fs, "destination");
	struct io_request req = engine_request(fs, src, fs, dst);
	struct io_ladder ladder;
	uint64_t done;

	for (size_t i = 0; i < ARRAY_SIZE(c->data_kib); i++)
		engine_write(src, c->data_kib[i].from * KIB,
			     (c->data_kib[i].to - c->data_kib[i].from) * KIB, 1);
	assert_int_equal(ftruncate(src, (off_t)c->src_size), 0);
	engine_write(dst, 0, c->old_size, 2);
	assert_int_equal(fsync(src) | fsync(dst), 0);
	req.src_offset = c->src_offset;
	req.dst_offset = c->dst_offset;
	req.len_bytes = c->len;
	req.fresh = c->fresh;
	req.no_share = c->no_share;
	req.bulk = top >= IO_URING;
	engine_ladder(&ladder, &req, top);
	engine_hook_set(&hook);
	sys_set_recorder(record, &recorder);
	assert_int_equal(io_copy(&ladder, &req, &moved, &done), 0);
	sys_set_recorder(NULL, NULL);
	engine_hook_end(&hook);
	check_operations(fs, c, top, recorder.text);
	assert_int_equal(engine_equal(src, c->src_offset, dst, c->dst_offset, c->len), c->len);
	io_ladder_release(&ladder);
	close(src);
	close(dst);
}

static void operations_are_these(void **state)
{
	bool uring = engine_has_uring();

	(void)state;
	for (size_t f = 0; f < engine_fs_count; f++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			for (enum io_rung top = IO_SHARE; top < IO_RUNGS; top++) {
				/* How a plain directory behaves isn't known. */
				if ((top != IO_URING || uring) && !engine_plain[0])
					run_case(&engine_fs[f], &cases[i], top);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations_are_these),
	};
	int failed;

	engine_setup(400);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engine_teardown();
	return failed;
}
