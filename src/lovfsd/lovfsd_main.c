/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lovfs(8): serves a volume. */
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/say.h"
#include "lovfsd/daemon.h"
#include "lovfsd/mount_options.h"
#include "lovfsd/remount.h"
#include "lovfsd/serve.h"
#include "lovfsd/stop.h"
#include "lovfsd/unmount.h"
#include "lovfsd/utab.h"
#include "volume/conf.h"
#include "volume/volume.h"

#include <errno.h>
#include <stdbool.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define TELL_AFTER_NS (2 * NS_PER_S)
#define OPEN_PAUSE_MS 100

/* Signals are blocked, so that they aren't lost before the mount is there; and whoever waits for it in
 * the foreground may have gone. */
static int check_wanted(const struct daemon *d, unsigned int pause_ms)
{
	int signal = stop_requested(pause_ms);

	if (signal)
		return fail(-EINTR, "not mounted: %s", strsignal(signal));
	return daemon_is_alone(d) ? fail(-EINTR, "not mounted: who asked for it has gone") : 0;
}

/*
 * The process that has served the volume until now goes on for a while after umount(8) has come
 * back: it may have much to write, and a slow disk. It is waited for, as long as somebody wants the
 * mount.
 */
static int open_volume(const struct mount_options *opts, const struct daemon *d,
		       struct volume **ret_volume)
{
	uint64_t start = clock_now_ns(), spent;
	bool told = false;
	int err, gone;

	while ((err = volume_open(opts->mdt_path, opts->memory_bytes, ret_volume)) ==
	       -EINPROGRESS) {
		spent = clock_now_ns() - start;
		if (spent >= opts->wait_s * NS_PER_S)
			break;
		if (!told && spent >= TELL_AFTER_NS)
			say("lovfs: waiting: %s", error_text(err));
		told |= spent >= TELL_AFTER_NS;
		gone = check_wanted(d, OPEN_PAUSE_MS);
		if (gone)
			return gone;
	}
	return err;
}

/* In the background warnings go to syslog: whoever mounts is told of what is missing as well. */
static void warn_of_osts(struct volume *vol)
{
	struct ost_space space;
	struct ost *ost;

	for (uint32_t i = 0; (ost = volume_ost(vol, i)); i++) {
		int err = ost_get_space(ost, 0, &space);

		if (!ost_active(ost))
			say("lovfs: warning: OST %u is inactive: %s", i, ost_why(ost));
		else if (err || ost_refusal(ost))
			say("lovfs: warning: OST %u takes no new objects: %s", i,
			    err ? error_text(err) : ost_why_no_create(ost));
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
	int err = open_volume(opts, d, &vol);

	if (err)
		return err;
	if (!opts->foreground)
		warn_of_osts(vol);
	err = check_mount_path(vol, opts);
	/* Recovery may have taken long. */
	if (err == 0)
		err = check_wanted(d, 0);
	if (err == 0) {
		utab_note(volume_conf(vol)->fsname, opts->mount_path);
		err = serve_volume(vol, opts, be_ready,
				   &(struct serving){ .opts = opts, .vol = vol, .d = d });
	}
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

static int change_mount(const struct mount_options *opts)
{
	/* Only mount(8) knows what the kernel shows of a mount. */
	int err = remount(opts->mount_path, opts->all, opts->of_mounted != NULL);

	if (err)
		say("lovfs: %s", error_text(err));
	return err ? EXIT_FAILED : EXIT_OK;
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
	int status = EXIT_OK, err;

	setlocale(LC_CTYPE, "");
	if (argc > 1 && strcmp(argv[1], "-u") == 0)
		return unmount_main(argc - 1, argv + 1);
	err = mount_options_parse(argc, argv, &opts);
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
	else if (opts.remount)
		status = change_mount(&opts);
	else
		status = start(&opts);
	mount_options_release(&opts);
	return status;
}
