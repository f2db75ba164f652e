/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/copy_watch.h"

#include "base/clock.h"
#include "base/units.h"
#include "cli/copy_events.h"
#include "cli/copy_stats.h"
#include "cli/progress_line.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TICK_NS (100 * NS_PER_MS)
#define IDLE_TICK_NS (500 * NS_PER_MS)   /* nobody looks: only the rate is measured */
#define AHEAD_AFTER_NS (700 * NS_PER_MS) /* so that totals are known when the line is drawn */
#define DRAW_AFTER_NS NS_PER_S           /* shorter than this, nothing is drawn */
#define DRAW_EVERY_NS (200 * NS_PER_MS)
#define AHEAD_MS 70 /* SIGUSR1: how long the totals are waited for */

/*
 * Whoever prints holds the lock of the screen (progress_line_pause()) from before it looks at a file
 * until it is printed, so that lines come in the order in which things happened. It is taken before
 * `lock`, which isn't held while anything is written: progress never waits for a reader of our output.
 */
struct copy_watch {
	/* constant */
	struct copy_watch_options opt;
	bool terminal;
	uint64_t begin_ns;
	pthread_t ticker;
	bool ticking;

	/* the ticker's, then copy_watch_free()'s */
	pthread_t ahead;
	bool looking_ahead;
	uint64_t drawn_ns;

	pthread_mutex_t lock;
	/* guarded by lock: */
	struct copy_count count;
	bool ending;
};

void copy_watch_expect(struct copy_watch *w, uint64_t files, uint64_t bytes)
{
	pthread_mutex_lock(&w->lock);
	w->count.expected += files;
	w->count.expected_bytes += bytes;
	pthread_mutex_unlock(&w->lock);
}

void copy_watch_expect_no_more(struct copy_watch *w)
{
	pthread_mutex_lock(&w->lock);
	w->count.all_expected = true;
	pthread_mutex_unlock(&w->lock);
}

static bool all_expected(struct copy_watch *w)
{
	bool all;

	pthread_mutex_lock(&w->lock);
	all = w->count.all_expected;
	pthread_mutex_unlock(&w->lock);
	return all;
}

bool copy_watch_ending(struct copy_watch *w)
{
	bool ending;

	pthread_mutex_lock(&w->lock);
	ending = w->ending;
	pthread_mutex_unlock(&w->lock);
	return ending;
}

/* ---- what is printed ---- */

static void add_event_locked(struct strbuf *b, const struct copy_watch *w, struct copy_event *e)
{
	struct progress_state all = copy_count_state(&w->count, clock_now_ns());

	e->all = &all;
	e->files_failed = w->count.bad;
	copy_events_add(b, e);
}

static struct copy_event event_locked(const struct copy_watch_file *f, const char *name)
{
	return (struct copy_event){
		.name = name,
		.path = f->path,
		.done_bytes = f->done_bytes,
		.total_bytes = f->total_bytes,
		.seconds = -1,
	};
}

static void add_file_stats_locked(struct copy_watch_file *f, struct strbuf *b)
{
	copy_stats_line(f->watch->opt.several ? &f->lines : b, clock_now_ns() - f->begin_ns,
			f->done_bytes, f->total_bytes);
}

/* With the lock of the screen. */
static void print(struct strbuf *b)
{
	if (b->len_bytes) {
		fputs(b->text, stdout);
		fflush(stdout);
	}
	strbuf_release(b);
}

static void print_status(struct copy_watch *w)
{
	char text[PROGRESS_TEXT_MAX];
	struct progress_state s;

	progress_line_pause();
	pthread_mutex_lock(&w->lock);
	s = copy_count_state(&w->count, clock_now_ns());
	progress_line_text(text, sizeof(text), &s);
	pthread_mutex_unlock(&w->lock);
	fprintf(stderr, "lov %s: %s\n", w->opt.verb, text);
	progress_line_resume();
}

static void draw(struct copy_watch *w, uint64_t now)
{
	char name[PROGRESS_TEXT_MAX] = "";
	struct progress_state s;
	size_t len;

	pthread_mutex_lock(&w->lock);
	s = copy_count_state(&w->count, now);
	len = strlen(s.name);
	/* Its end is what is shown, and it may go when we let go of the lock. */
	memccpy(name, s.name + (len >= sizeof(name) ? len - sizeof(name) + 1 : 0), '\0',
		sizeof(name));
	pthread_mutex_unlock(&w->lock);
	s.name = name;
	progress_line_draw(&s);
	w->drawn_ns = now;
}

static bool is_due(const struct copy_watch *w, const struct copy_watch_file *f, uint64_t now)
{
	return now - f->said_ns >= w->opt.every_ns;
}

/* Whether any file is to be spoken of: else the progress line stays. */
static bool any_due(struct copy_watch *w, uint64_t now)
{
	const struct copy_watch_file *f;

	if (!w->opt.stats && !w->opt.events)
		return false;
	pthread_mutex_lock(&w->lock);
	for (f = w->count.first; f && !is_due(w, f, now); f = f->next)
		;
	pthread_mutex_unlock(&w->lock);
	return f != NULL;
}

static void say_files(struct copy_watch *w, uint64_t now)
{
	struct strbuf b = { 0 };

	progress_line_pause();
	pthread_mutex_lock(&w->lock);
	for (struct copy_watch_file *f = w->count.first; f; f = f->next) {
		struct copy_event e = event_locked(f, "progress");

		if (!is_due(w, f, now))
			continue;
		f->said_ns = now;
		if (w->opt.stats)
			add_file_stats_locked(f, &b);
		if (w->opt.events)
			add_event_locked(&b, w, &e);
	}
	pthread_mutex_unlock(&w->lock);
	print(&b);
	progress_line_resume();
}

/* ---- the ticker ---- */

static void *ahead_main(void *arg)
{
	struct copy_watch *w = arg;

	w->opt.look_ahead(w, w->opt.cookie);
	return NULL;
}

static void look_ahead(struct copy_watch *w)
{
	if (w->opt.look_ahead && !w->looking_ahead)
		w->looking_ahead = pthread_create(&w->ahead, NULL, ahead_main, w) == 0;
}

static void answer_signal(struct copy_watch *w)
{
	const struct timespec ms = { .tv_nsec = (long)NS_PER_MS };

	look_ahead(w);
	for (int i = 0; i < AHEAD_MS && w->looking_ahead && !all_expected(w); i++)
		nanosleep(&ms, NULL);
	print_status(w);
}

static void tick(struct copy_watch *w)
{
	uint64_t now = clock_now_ns();

	pthread_mutex_lock(&w->lock);
	copy_count_tick(&w->count, now);
	pthread_mutex_unlock(&w->lock);
	if (any_due(w, now))
		say_files(w, now);
	if (w->terminal && now - w->begin_ns >= AHEAD_AFTER_NS)
		look_ahead(w);
	if (w->terminal && now - w->begin_ns >= DRAW_AFTER_NS && now - w->drawn_ns >= DRAW_EVERY_NS)
		draw(w, now);
}

static void *tick_main(void *arg)
{
	struct copy_watch *w = arg;
	bool looked_at = w->opt.stats || w->opt.events || w->terminal;
	const struct timespec nap = { .tv_nsec = looked_at ? TICK_NS : IDLE_TICK_NS };
	sigset_t asked;

	sigemptyset(&asked);
	sigaddset(&asked, SIGUSR1);
	if (w->opt.events)
		look_ahead(w);
	while (!copy_watch_ending(w)) {
		int signal_number = sigtimedwait(&asked, NULL, &nap);

		if (copy_watch_ending(w))
			break;
		if (signal_number == SIGUSR1)
			answer_signal(w);
		tick(w);
	}
	return NULL;
}

/* It takes no other signal: those are for whoever is to be interrupted. */
static void start_ticker(struct copy_watch *w)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	w->ticking = pthread_create(&w->ticker, NULL, tick_main, w) == 0;
	sigaddset(&before, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void end_ticker(struct copy_watch *w)
{
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_mutex_unlock(&w->lock);
	if (!w->ticking)
		return;
	pthread_kill(w->ticker, SIGUSR1);
	pthread_join(w->ticker, NULL);
	if (w->looking_ahead)
		pthread_join(w->ahead, NULL);
}

/* ---- beginning and end ---- */

int copy_watch_new(const struct copy_watch_options *opt, struct copy_watch **ret_watch)
{
	struct copy_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->opt = *opt;
	w->terminal = progress_line_possible();
	w->begin_ns = clock_now_ns();
	copy_count_init(&w->count, w->begin_ns);
	pthread_mutex_init(&w->lock, NULL);
	start_ticker(w);
	*ret_watch = w;
	return 0;
}

static void say_all(struct copy_watch *w)
{
	struct copy_event done = { .name = "done" };
	struct strbuf b = { 0 };
	struct progress_state s;

	progress_line_pause();
	pthread_mutex_lock(&w->lock);
	s = copy_count_state(&w->count, clock_now_ns());
	if (w->opt.stats && w->opt.several) {
		copy_stats_title_of_all(&b, s.done_files);
		copy_stats_line(&b, clock_now_ns() - w->begin_ns, s.done_bytes, s.total_bytes);
	}
	done.seconds = (double)(clock_now_ns() - w->begin_ns) / (double)NS_PER_S;
	if (w->opt.events)
		add_event_locked(&b, w, &done);
	pthread_mutex_unlock(&w->lock);
	print(&b);
	progress_line_resume();
}

void copy_watch_free(struct copy_watch *w)
{
	if (!w)
		return;
	end_ticker(w);
	say_all(w);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* ---- files ---- */

void copy_watch_begin(struct copy_watch *w, struct copy_watch_file *f, const char *path,
		      uint64_t size_bytes)
{
	uint64_t now = clock_now_ns();
	struct strbuf b = { 0 };
	struct copy_event e;

	*f = (struct copy_watch_file){
		.path = path,
		.watch = w,
		.begin_ns = now,
		.said_ns = now,
		.total_bytes = size_bytes,
	};
	if (w->opt.stats || w->opt.events)
		progress_line_pause();
	pthread_mutex_lock(&w->lock);
	copy_count_begin(&w->count, f);
	if (w->opt.stats)
		copy_stats_title(w->opt.several ? &f->lines : &b, path);
	e = event_locked(f, "begin");
	if (w->opt.events)
		add_event_locked(&b, w, &e);
	pthread_mutex_unlock(&w->lock);
	print(&b);
	if (w->opt.stats || w->opt.events)
		progress_line_resume();
}

void copy_watch_progress(uint64_t done_bytes, uint64_t total_bytes, void *cookie)
{
	struct copy_watch_file *f = cookie;

	pthread_mutex_lock(&f->watch->lock);
	copy_count_progress(&f->watch->count, f, done_bytes, total_bytes);
	pthread_mutex_unlock(&f->watch->lock);
}

void copy_watch_end(struct copy_watch_file *f, int err, const char *why, json_t *details)
{
	struct copy_watch *w = f->watch;
	struct strbuf b = { 0 };
	struct copy_event e;

	progress_line_pause();
	pthread_mutex_lock(&w->lock);
	copy_count_end(&w->count, f, !err);
	if (w->opt.stats)
		add_file_stats_locked(f, &b);
	e = event_locked(f, "end");
	e.error = err ? why : NULL;
	e.details = details;
	e.seconds = (double)(clock_now_ns() - f->begin_ns) / (double)NS_PER_S;
	if (w->opt.events)
		add_event_locked(&b, w, &e);
	pthread_mutex_unlock(&w->lock);
	print(&f->lines);
	print(&b);
	progress_line_resume();
	json_decref(details);
}

uint64_t copy_watch_ms(uint64_t ns)
{
	return (ns + NS_PER_MS - 1) / NS_PER_MS;
}
