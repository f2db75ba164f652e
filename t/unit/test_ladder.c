/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the ladder remembers, and what it takes errors for. */
#include "unit.h"

#include "io/ladder.h"

#include <errno.h>

static struct io_request between(dev_t src, dev_t dst)
{
	return (struct io_request){ .src = { .dev = src }, .dst = { .dev = dst } };
}

static void errors_mean_what_they_mean(void **state)
{
	static const int real[] = { EIO,    ENOSPC,    EDQUOT, EFBIG, EINTR,
				    ENOMEM, EOVERFLOW, ESTALE, EROFS, EACCES };

	(void)state;
	for (enum io_rung rung = 0; rung < IO_RUNGS; rung++) {
		for (size_t i = 0; i < ARRAY_SIZE(real); i++)
			assert_int_equal(io_ladder_judge(rung, -real[i]), -real[i]);
		assert_int_equal(io_ladder_judge(rung, -EXDEV), RUNG_REFUSED);
		assert_int_equal(io_ladder_judge(rung, -EOPNOTSUPP), RUNG_REFUSED);
		assert_int_equal(io_ladder_judge(rung, -ENOSYS), RUNG_REFUSED);
		assert_int_equal(io_ladder_judge(rung, -ENOTTY), RUNG_REFUSED);
		assert_int_equal(io_ladder_judge(rung, -EINVAL), RUNG_LEFT);
		assert_int_equal(io_ladder_judge(rung, -ETXTBSY), RUNG_LEFT);
		assert_int_equal(io_ladder_judge(rung, -EPERM), RUNG_LEFT);
	}
	assert_int_equal(io_ladder_judge(IO_KERNEL, -ENOENT), RUNG_LEFT);
	assert_int_equal(io_ladder_judge(IO_KERNEL, -EBADF), RUNG_LEFT);
	assert_int_equal(io_ladder_judge(IO_SHARE, -ENOENT), -ENOENT);
	assert_int_equal(io_ladder_judge(IO_SHARE, -EBADF), -EBADF);
}

static void refusals_are_for_one_direction_of_one_pair(void **state)
{
	struct io_request ab = between(1, 2), ba = between(2, 1), aa = between(1, 1);
	struct io_ladder ladder;

	(void)state;
	io_ladder_init(&ladder, 0);
	io_ladder_note(&ladder, &ab, IO_SHARE, RUNG_REFUSED);
	io_ladder_note(&ladder, &aa, IO_SHARE, RUNG_DONE);
	io_ladder_note(&ladder, &ba, IO_SHARE, RUNG_LEFT);
	assert_true(io_ladder_refused(&ladder, &ab, IO_SHARE));
	assert_false(io_ladder_refused(&ladder, &ab, IO_KERNEL));
	assert_false(io_ladder_refused(&ladder, &ba, IO_SHARE));
	assert_false(io_ladder_worked(&ladder, &ba, IO_SHARE));
	assert_false(io_ladder_refused(&ladder, &aa, IO_SHARE));
	assert_true(io_ladder_worked(&ladder, &aa, IO_SHARE));
	io_ladder_note(&ladder, &aa, IO_SHARE, RUNG_REFUSED);
	assert_false(io_ladder_worked(&ladder, &aa, IO_SHARE));
	io_ladder_release(&ladder);
}

static void the_oldest_pair_is_forgotten(void **state)
{
	struct io_ladder ladder;

	(void)state;
	io_ladder_init(&ladder, 0);
	for (unsigned int i = 0; i < IO_LADDER_PAIRS + 3; i++) {
		struct io_request req = between(i, 7);

		io_ladder_note(&ladder, &req, IO_KERNEL, RUNG_REFUSED);
	}
	for (unsigned int i = 0; i < IO_LADDER_PAIRS + 3; i++) {
		struct io_request req = between(i, 7);

		assert_int_equal(io_ladder_refused(&ladder, &req, IO_KERNEL), i >= 3);
	}
	io_ladder_release(&ladder);
}

static void what_will_share_has_shared(void **state)
{
	struct io_request req = between(1, 1);
	struct io_ladder ladder;

	(void)state;
	io_ladder_init(&ladder, 0);
	assert_false(io_will_share(&ladder, &req));
	io_ladder_note_block(&ladder, &req, 4096);
	assert_false(io_will_share(&ladder, &req));
	io_ladder_note(&ladder, &req, IO_SHARE, RUNG_DONE);
	assert_true(io_will_share(&ladder, &req));
	req.src_offset = 5;
	assert_false(io_will_share(&ladder, &req));
	req.dst_offset = 8197;
	assert_true(io_will_share(&ladder, &req));
	req.no_share = true;
	assert_false(io_will_share(&ladder, &req));
	io_ladder_release(&ladder);
}

static void buffers_are_used_again(void **state)
{
	void *taken[4];
	struct buffers b;

	(void)state;
	buffers_init(&b, sizeof(taken) / sizeof(taken[0]) * BUFFER_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		taken[i] = buffers_take(&b);
		assert_non_null(taken[i]);
		assert_int_equal((uintptr_t)taken[i] % BUFFER_ALIGN, 0);
		memset(taken[i], 1, BUFFER_BYTES);
	}
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		buffers_give(&b, taken[i]);
	assert_int_equal(b.made, ARRAY_SIZE(taken));
	assert_ptr_equal(buffers_take(&b), taken[ARRAY_SIZE(taken) - 1]);
	buffers_give(&b, taken[ARRAY_SIZE(taken) - 1]);
	buffers_give(&b, NULL);
	buffers_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_mean_what_they_mean),
		cmocka_unit_test(refusals_are_for_one_direction_of_one_pair),
		cmocka_unit_test(the_oldest_pair_is_forgotten),
		cmocka_unit_test(what_will_share_has_shared),
		cmocka_unit_test(buffers_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
