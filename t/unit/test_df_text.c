/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of lov df is that of lfs df of Lustre 2.17: every blank of it. */
#include "unit.h"

#include "base/units.h"
#include "cli/df_text.h"

static const struct df_text plain, human = { .human = true }, inodes = { .inodes = true },
				   cooked_inodes = { .human = true, .inodes = true },
				   verbose = { .verbose = true };

static void amounts(void **state)
{
	static const struct {
		const struct df_text *how;
		uint64_t value;
		const char *text;
	} rows[] = {
		{ &plain, 0, "          0" },
		{ &plain, 1023, "          0" },
		{ &plain, 1024, "          1" },
		{ &plain, (uint64_t)1 << 63, "9007199254740992" },
		{ &human, 0, "          0" },
		{ &human, 1023, "       1023" },
		/* Divided while above 1024, not from it on. */
		{ &human, 1024, "       1024" },
		{ &human, 1025, "     1.0K" },
		{ &human, 1536, "     1.5K" },
		{ &human, 1587, "     1.5K" },
		{ &human, 1588, "     1.6K" },
		{ &human, MIB - 1, "  1024.0K" },
		{ &human, MIB, "  1024.0K" },
		{ &human, MIB + 1, "     1.0M" },
		{ &human, 23515000000, "    21.9G" },
		{ &human, GIB, "  1024.0M" },
		{ &human, 10 * GIB, "    10.0G" },
		{ &human, 999 * GIB + 512 * MIB, "   999.5G" },
		{ &human, (uint64_t)1 << 60, "  1024.0P" },
		{ &human, (uint64_t)1 << 63, "     8.0E" },
		{ &human, UINT64_MAX, "    16.0E" },
		{ &inodes, 1023, "       1023" },
		{ &inodes, 123456789012, "123456789012" },
		{ &cooked_inodes, 1024, "       1024" },
		{ &cooked_inodes, 65536, "    64.0K" },
	};
	char buf[DF_AMOUNT_MAX];
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(df_text_amount(rows[i].how, rows[i].value, buf), rows[i].text);
}

static void percents(void **state)
{
	static const struct {
		uint64_t used, avail;
		unsigned int percent;
	} rows[] = {
		{ 0, 0, 0 },
		{ 0, 100, 0 },
		{ 1, 0, 100 },
		{ 1, 99, 1 },
		{ 1, 100000, 1 },
		{ 10, 990, 1 },
		{ 11, 989, 2 },
		{ 50, 50, 50 },
		{ 501, 499, 51 },
		{ 999, 1, 100 },
		{ 990, 10, 99 },
		{ (uint64_t)1 << 63, (uint64_t)1 << 63, 50 },
		{ UINT64_MAX, UINT64_MAX, 50 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct df_numbers n = { .used = rows[i].used, .avail = rows[i].avail };

		assert_int_equal(df_percent(&n), rows[i].percent);
	}
}

static void heads(void **state)
{
	static const struct {
		const struct df_text *how;
		const char *text;
	} rows[] = {
		{ &plain,
		  "UUID                   1K-blocks        Used   Available Use%  Mounted on\n" },
		{ &human,
		  "UUID                       bytes        Used   Available Use%  Mounted on\n" },
		{ &inodes,
		  "UUID                      Inodes       IUsed       IFree IUse%  Mounted on\n" },
		{ &cooked_inodes,
		  "UUID                      Inodes       IUsed       IFree IUse%  Mounted on\n" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_STRBUF struct strbuf out = { 0 };

		df_text_head(&out, rows[i].how);
		assert_string_equal(strbuf_text(&out), rows[i].text);
	}
}

static const struct fs_target mdt = { .index = FS_TARGET_MDT,
				      .total_bytes = 4 * GIB,
				      .free_bytes = 3 * GIB,
				      .avail_bytes = 3 * GIB,
				      .total_inodes = 65536,
				      .free_inodes = 65000 },
			      ost = { .index = 10,
				      .total_bytes = 30 * GIB,
				      .free_bytes = 22 * GIB,
				      .avail_bytes = 20 * GIB,
				      .total_inodes = 1000,
				      .free_inodes = 900 };

/* The target with some of what lov and lfs know of it. */
#define OST(...)                                                                                   \
	(&(struct fs_target){ .index = 10,                                                         \
			      .total_bytes = 30 * GIB,                                             \
			      .free_bytes = 22 * GIB,                                              \
			      .avail_bytes = 20 * GIB,                                             \
			      __VA_ARGS__ })

#define OST_COLUMNS "a-OST000a_UUID          31457280     8388608    20971520  29%  /m[OST:10] "

static void targets(void **state)
{
	const struct {
		const struct df_text *how;
		const struct fs_target *target;
		const char *text;
	} rows[] = {
		{ &plain, &mdt,
		  "a-MDT0000_UUID           4194304     1048576     3145728  25%  /m[MDT:0] \n" },
		{ &plain, &ost, OST_COLUMNS "\n" },
		{ &human, &ost,
		  "a-OST000a_UUID           30.0G      8.0G     20.0G  29%  /m[OST:10] \n" },
		{ &inodes, &ost,
		  "a-OST000a_UUID              1000         100         900  10%  /m[OST:10] \n" },
		{ &inodes, &mdt,
		  "a-MDT0000_UUID             65536         536       65000   1%  /m[MDT:0] \n" },
		/* As Lustre tells it: small letters are shown with -v. */
		{ &plain, OST(.state = "f"), OST_COLUMNS "\n" },
		{ &verbose, OST(.state = "f"), OST_COLUMNS "f\n" },
		{ &plain, OST(.state = "DRf"), OST_COLUMNS "DR\n" },
		{ &verbose, OST(.state = "DRf"), OST_COLUMNS "DRf\n" },
		{ &plain, OST(.state = "S(0400)"), OST_COLUMNS "S(0400)\n" },
		/* As lovfs tells it, with the reason. */
		{ &plain, OST(.no_create = true, .why = "no space"), OST_COLUMNS "N (no space)\n" },
		{ &plain, OST(.no_create = true, .read_only = true, .why = "read-only"),
		  OST_COLUMNS "R (read-only)\n" },
		{ &plain, OST(.no_create = true), OST_COLUMNS "N\n" },
		{ &plain, OST(.inactive = true), "OST000a             : inactive device\n" },
		{ &plain, OST(.inactive = true, .why = "no label"),
		  "OST000a             : inactive device (no label)\n" },
		{ &plain, OST(.inactive = true, .deactivated = true), "" },
		{ &verbose, OST(.inactive = true, .deactivated = true, .why = "off"),
		  "OST000a             : inactive device (off)\n" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_STRBUF struct strbuf out = { 0 };

		df_text_target(&out, rows[i].how, "a", "/m", rows[i].target);
		assert_string_equal(strbuf_text(&out), rows[i].text);
	}
}

static void summaries(void **state)
{
	static const struct df_numbers sum = { 180 * GIB, 60 * GIB, 120 * GIB };
	CLEANUP_STRBUF struct strbuf out = { 0 };
	(void)state;

	df_text_summary(&out, &plain, &sum, "/m");
	assert_string_equal(
		strbuf_text(&out),
		"\nfilesystem_summary:    188743680    62914560   125829120  34%  /m \n\n");
	strbuf_release(&out);
	df_text_summary(&out, &human, &sum, "/m");
	assert_string_equal(strbuf_text(&out),
			    "\nfilesystem_summary:     180.0G     60.0G    120.0G  34%  /m \n\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts), cmocka_unit_test(percents),  cmocka_unit_test(heads),
		cmocka_unit_test(targets), cmocka_unit_test(summaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
