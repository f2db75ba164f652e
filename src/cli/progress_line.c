/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/progress_line.h"

#include "base/attr.h"
#include "base/quote.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* There is one terminal: whether a line stands on it. Guarded by the lock of stderr, which nests. */
static bool drawn;

static unsigned int terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return MIN_OF(size.ws_col, (unsigned int)PROGRESS_TEXT_MAX);
}

bool progress_line_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

/* ---- the text ---- */

bool progress_line_seconds_left(const struct progress_state *s, uint64_t *ret_seconds)
{
	uint64_t left = s->total_bytes - MIN_OF(s->done_bytes, s->total_bytes);

	if (!s->total_known || s->rate_bytes == 0)
		return false;
	*ret_seconds = (uint64_t)((double)left / (double)s->rate_bytes + 0.5);
	return true;
}

static void print_left(char *buf, size_t size, const struct progress_state *s)
{
	uint64_t left;

	if (!progress_line_seconds_left(s, &left))
		snprintf(buf, size, " -:-- left");
	else if (left >= 3600)
		snprintf(buf, size, " %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", left / 3600,
			 left / 60 % 60, left % 60);
	else
		snprintf(buf, size, " %" PRIu64 ":%02" PRIu64 " left", left / 60, left % 60);
}

static void print_files(char *buf, size_t size, const struct progress_state *s)
{
	buf[0] = '\0';
	if (s->total_files > 1 && s->total_known)
		snprintf(buf, size, " %" PRIu64 "/%" PRIu64 " files", s->done_files,
			 s->total_files);
	else if (s->total_files > 1)
		snprintf(buf, size, " %" PRIu64 " files", s->done_files);
}

static void print_numbers(char *buf, size_t size, const struct progress_state *s)
{
	char done[SIZE_TEXT_MAX], total[SIZE_TEXT_MAX], rate[SIZE_TEXT_MAX], files[64], left[48];
	uint64_t done_bytes = MIN_OF(s->done_bytes, s->total_bytes);
	double part = s->total_bytes ? (double)done_bytes / (double)s->total_bytes : 1;

	print_files(files, sizeof(files), s);
	size_text(done_bytes, done);
	size_text(s->rate_bytes, rate);
	if (!s->total_known) {
		snprintf(buf, size, "%s %s %s/s", files, done, rate);
		return;
	}
	print_left(left, sizeof(left), s);
	snprintf(buf, size, "%s %3u%% %s/%s %s/s%s", files, (unsigned int)(part * 100), done,
		 size_text(s->total_bytes, total), rate, left);
}

/* Columns of the first character of a text that was quoted, and its bytes. */
static size_t columns_at(const char *s, size_t *ret_len_bytes)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t n = mbrtowc(&wide, s, strlen(s), &state);
	int columns;

	*ret_len_bytes = n == 0 || n > strlen(s) ? 1 : n;
	columns = n == 0 || n > strlen(s) ? 1 : wcwidth(wide);
	return columns < 0 ? 1 : (size_t)columns;
}

static size_t columns_of(const char *s)
{
	size_t sum = 0, len;

	for (; *s; s += len)
		sum += columns_at(s, &len);
	return sum;
}

/* The end of a text that fits so many columns, from the beginning of a character on. */
static const char *last_columns(const char *s, size_t columns)
{
	size_t has = columns_of(s), len;

	for (; *s && has > columns; s += len)
		has -= columns_at(s, &len);
	return s;
}

const char *progress_line_text(char buf[PROGRESS_TEXT_MAX], unsigned int columns,
			       const struct progress_state *s)
{
	CLEANUP_STRBUF struct strbuf quoted = { 0 };
	const char *name, *cut = "";
	char numbers[256];
	size_t room;

	print_numbers(numbers, sizeof(numbers), s);
	if (*s->name)
		quote_shell(&quoted, s->name, strlen(s->name));
	name = strbuf_text(&quoted);
	/* The last column stays free: some terminals go to the next line there. */
	room = columns > strlen(numbers) + 1 ? columns - strlen(numbers) - 1 : 0;
	if (columns_of(name) > room) {
		cut = room > 3 ? "..." : "";
		name = last_columns(name, room - strlen(cut));
	}
	snprintf(buf, PROGRESS_TEXT_MAX, "%s%s%s", cut, name, numbers);
	return buf;
}

/* ---- the line ---- */

void progress_line_draw(const struct progress_state *s)
{
	char text[PROGRESS_TEXT_MAX];

	progress_line_text(text, terminal_columns(), s);
	flockfile(stderr);
	fprintf(stderr, "\r%s\033[K", text);
	fflush(stderr);
	drawn = true;
	funlockfile(stderr);
}

void progress_line_pause(void)
{
	flockfile(stderr);
	if (!drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	drawn = false;
}

void progress_line_resume(void)
{
	funlockfile(stderr);
}
