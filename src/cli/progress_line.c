/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/progress_line.h"

#include "base/clock.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_NS NS_PER_S /* shorter than this, nothing is drawn */
#define AGAIN_NS (200 * NS_PER_MS)

/* There is one terminal: whether a line stands on it. Only the main thread draws. */
static bool drawn;

static unsigned int terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 20)
		return 80;
	return MIN_OF(size.ws_col, (unsigned int)PROGRESS_TEXT_MAX);
}

void progress_line_begin(struct progress_line *p, const char *name)
{
	const char *term = getenv("TERM");

	*p = (struct progress_line){
		.enabled = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0,
		.name = name,
		.begin_ns = clock_now_ns(),
	};
}

static void print_left(char *buf, size_t size, uint64_t left_s)
{
	if (left_s >= 3600)
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, left_s / 3600,
			 left_s / 60 % 60, left_s % 60);
	else
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64, left_s / 60, left_s % 60);
}

const char *progress_line_text(char buf[PROGRESS_TEXT_MAX], unsigned int columns, const char *name,
			       uint64_t done_bytes, uint64_t total_bytes, uint64_t elapsed_ns)
{
	double seconds = (double)elapsed_ns / (double)NS_PER_S;
	double rate = seconds > 0 ? (double)done_bytes / seconds : 0;
	char done[SIZE_TEXT_MAX], total[SIZE_TEXT_MAX], speed[SIZE_TEXT_MAX], left[32] = "-:--",
									      numbers[160];
	size_t name_len = strlen(name), room;
	const char *cut = "";

	if (rate >= 1)
		print_left(left, sizeof(left),
			   (uint64_t)((double)(total_bytes - done_bytes) / rate + 0.5));
	snprintf(numbers, sizeof(numbers), " %3u%% %s/%s %s/s %s left",
		 total_bytes ? (unsigned int)((double)done_bytes * 100 / (double)total_bytes) : 100,
		 size_text(done_bytes, done), size_text(total_bytes, total),
		 size_text((uint64_t)rate, speed), left);
	/* The last column stays free: some terminals go to the next line there. */
	room = columns > strlen(numbers) + 1 ? columns - strlen(numbers) - 1 : 0;
	if (name_len > room) {
		cut = room > 3 ? "..." : "";
		name += name_len - (room - strlen(cut));
	}
	snprintf(buf, PROGRESS_TEXT_MAX, "%s%s%s", cut, name, numbers);
	return buf;
}

void progress_line_update(struct progress_line *p, uint64_t done_bytes, uint64_t total_bytes)
{
	uint64_t now = clock_now_ns();
	char text[PROGRESS_TEXT_MAX];

	if (!p->enabled || now - p->begin_ns < FIRST_NS || now - p->drawn_ns < AGAIN_NS)
		return;
	p->drawn_ns = now;
	progress_line_text(text, terminal_columns(), p->name, MIN_OF(done_bytes, total_bytes),
			   total_bytes, now - p->begin_ns);
	fprintf(stderr, "\r%s\033[K", text);
	fflush(stderr);
	drawn = true;
}

void progress_line_erase(void)
{
	if (!drawn)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	drawn = false;
}
