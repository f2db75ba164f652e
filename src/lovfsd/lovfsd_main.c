/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lovfs(8): serves a volume. */
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/say.h"
#include "lovfsd/daemon.h"
#include "lovfsd/mount_options.h"
#include "lovfsd/serve.h"
#include "lovfsd/stop.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdbool.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/*
 * The process that has served the volume until now goes on for a while after umount(8) has come
 * back: it may have much to write, and a slow disk.
 */
#define OPEN_TRIES 6000
#define TELL_AFTER_TRIES 20
#define OPEN_PAUSE_NS (100 * (long)NS_PER_MS)

static int open_volume(const struct mount_options *opts, struct volume **ret_volume)
{
	const struct timespec pause = { .tv_nsec = OPEN_PAUSE_NS };
	int err;

	for (int i = 1; i < OPEN_TRIES; i++) {
		err = volume_open(opts->mdt_path, opts->memory_bytes, ret_volume);
		if (err != -EINPROGRESS)
			break;
		if (i == TELL_AFTER_TRIES)
			say("lovfs: waiting: %s", error_text(err));
		nanosleep(&pause, NULL);
	}
	return err;
}

/* In the background warnings go to syslog: whoever mounts is told of what is missing as well. */
static void warn_inactive(struct volume *vol)
{
	struct ost *ost;

	for (uint32_t i = 0; (ost = volume_ost(vol, i)); i++) {
		if (!ost_active(ost))
			say("lovfs: warning: OST %u is inactive: %s", i, ost_why(ost));
	}
}

/* Whether one of two absolute paths is the other or inside it. */
static bool overlap(const char *a, const char *b)
{
	size_t n = MIN_OF(strlen(a), strlen(b));
	const char *longer = strlen(a) > n ? a : b;

	return strncmp(a, b, n) == 0 && (longer[n] == '\0' || longer[n] == '/' || n == 1);
}

/* A mount over the directories that it is made of, or within them, would have the daemon wait for
 * itself. */
static int check_mount_path(struct volume *vol, const struct mount_options *opts)
{
	const struct conf *conf = volume_conf(vol);

	if (overlap(opts->mount_path, opts->mdt_path))
		return fail(-EINVAL, "mount point %s and the MDT overlap", opts->mount_path);
	for (uint32_t i = 0; i < conf->ost_count; i++) {
		if (overlap(opts->mount_path, conf->osts[i].path))
			return fail(-EINVAL, "mount point %s and OST %u (%s) overlap",
				    opts->mount_path, i, conf->osts[i].path);
	}
	return 0;
}

struct serving {
	const struct mount_options *opts;
	struct volume *vol;
	struct daemon *d;
};

static void be_ready(void *cookie)
{
	struct serving *serving = cookie;

	volume_mounted(serving->vol, serving->opts->mount_path);
	daemon_ready(serving->d);
}

static int serve(const struct mount_options *opts, struct daemon *d)
{
	struct volume *vol = NULL;
	int err = open_volume(opts, &vol);

	if (err)
		return err;
	if (!opts->foreground)
		warn_inactive(vol);
	err = check_mount_path(vol, opts);
	if (err == 0)
		err = serve_volume(vol, opts, be_ready,
				   &(struct serving){ .opts = opts, .vol = vol, .d = d });
	volume_close(vol);
	return err;
}

/* Everything after the command line, in the process that serves. */
static int run(const struct mount_options *opts, struct daemon *d)
{
	int err;

	stop_block_signals();
	daemon_settle(!opts->foreground);
	log_open("lovfs", opts->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, !opts->foreground);
	err = serve(opts, d);
	if (err == 0)
		return EXIT_OK;
	/* Nobody hears standard error any more, if it has been served for a while. */
	if (!opts->foreground)
		log_error("%s", error_text(err));
	say("lovfs: %s", error_text(err));
	return EXIT_FAILED;
}

static int start(const struct mount_options *opts)
{
	struct daemon d = { .ready_fd = -1 };
	int status = EXIT_FAILED;
	int err = opts->foreground ? 0 : daemon_background(&d, &status);

	if (err == 0)
		return run(opts, &d);
	if (err < 0)
		say("lovfs: %s", error_text(err));
	return status;
}

int main(int argc, char **argv)
{
	struct mount_options opts;
	int err = mount_options_parse(argc, argv, &opts);
	int status = EXIT_OK;

	setlocale(LC_CTYPE, "");
	if (err) {
		say("lovfs: %s", error_text(err));
		if (err == -EINVAL)
			fputs("Try 'lovfs --help'.\n", stderr);
		return err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	}
	if (opts.help)
		mount_options_help();
	else if (opts.version)
		puts("lovfs " LOVFS_VERSION);
	else
		status = start(&opts);
	mount_options_release(&opts);
	return status;
}
