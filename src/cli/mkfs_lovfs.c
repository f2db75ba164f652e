/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mkfs.lovfs(8): makes a volume. */
#include "base/error.h"
#include "base/quote.h"
#include "base/say.h"
#include "volume/conf.h"
#include "volume/format.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* The command line. The strings are argv's. */
struct request {
	const char *fsname, *mdt;
	const char **osts, **pools; /* owned arrays */
	unsigned int ost_count, pool_count;
	bool unprivileged, help, version;
};

static void request_release(struct request *r)
{
	free(r->osts);
	free(r->pools);
}

static void print_help(void)
{
	fputs("usage: mkfs.lovfs --fsname NAME --mdt DIR --ost DIR [--ost DIR]... [OPTION]...\n"
	      "\n"
	      "Makes a lovfs volume out of empty directories: one for names and layouts (the MDT), "
	      "one or\n"
	      "more for data (the OSTs; the first has index 0), best each on a disk of its own.\n"
	      "\n"
	      "  --fsname NAME         name of the file system: up to 8 letters, digits, '-', '_'\n"
	      "  --mdt DIR             directory of the MDT\n"
	      "  --ost DIR             directory of the next OST\n"
	      "  --pool NAME=IDX,...   an OST pool, of OST indices and ranges: --pool "
	      "flash=0,2,4-7\n"
	      "  --unprivileged        keep what lovfs stores in user. xattrs; always so without "
	      "root\n"
	      "  -h, --help            print this\n"
	      "  -V, --version         print the version\n"
	      "\n"
	      "Then: lovfs DIR MOUNT_POINT, or mount -t fuse.lovfs DIR MOUNT_POINT, with the MDT's "
	      "DIR.\n",
	      stdout);
}

static int add_word(const char ***words, unsigned int *count, const char *word)
{
	const char **longer = reallocarray(*words, *count + 1, sizeof(*longer));

	if (!longer)
		return fail(-ENOMEM, "no memory for the command line");
	longer[(*count)++] = word;
	*words = longer;
	return 0;
}

static int set_once(const char **field, const char *name, const char *value)
{
	if (*field)
		return fail(-EINVAL, "--%s: given twice", name);
	*field = value;
	return 0;
}

static int take_option(struct request *r, int c)
{
	switch (c) {
	case 'n':
		return set_once(&r->fsname, "fsname", optarg);
	case 'm':
		return set_once(&r->mdt, "mdt", optarg);
	case 'o':
		return add_word(&r->osts, &r->ost_count, optarg);
	case 'p':
		return add_word(&r->pools, &r->pool_count, optarg);
	case 'u':
		r->unprivileged = true;
		return 0;
	case 'h':
		r->help = true;
		return 0;
	case 'V':
		r->version = true;
		return 0;
	default:
		return fail(-EINVAL, "unknown option");
	}
}

/* -EINVAL with text: wrong usage. */
static int parse(int argc, char **argv, struct request *r)
{
	static const struct option options[] = {
		{ "fsname", required_argument, NULL, 'n' },
		{ "mdt", required_argument, NULL, 'm' },
		{ "ost", required_argument, NULL, 'o' },
		{ "pool", required_argument, NULL, 'p' },
		{ "unprivileged", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c, err = 0;

	opterr = 0;
	while (err == 0 && (c = getopt_long(argc, argv, ":hV", options, NULL)) != -1) {
		if (c == ':')
			return fail(-EINVAL, "%s: needs a value", argv[optind - 1]);
		if (c == '?')
			return fail(-EINVAL, "%s: unknown option", argv[optind - 1]);
		err = take_option(r, c);
	}
	if (err || r->help || r->version)
		return err;
	if (optind < argc)
		return fail(-EINVAL, "%s: not an option", argv[optind]);
	if (!r->fsname)
		return fail(-EINVAL, "--fsname: missing");
	if (!r->mdt)
		return fail(-EINVAL, "--mdt: missing");
	return r->ost_count ? 0 : fail(-EINVAL, "--ost: missing; at least one is needed");
}

static int resolve(const char *option, const char *path, char **ret_absolute)
{
	char *absolute = realpath(path, NULL);

	if (!absolute)
		return fail_sys(-errno, "--%s %s", option, path);
	*ret_absolute = absolute;
	return 0;
}

static int fill_conf(const struct request *r, struct conf *conf)
{
	int err = conf_set_fsname(conf, r->fsname);

	for (unsigned int i = 0; err == 0 && i < r->ost_count; i++) {
		CLEANUP_FREE char *path = NULL;

		err = resolve("ost", r->osts[i], &path);
		if (err == 0)
			err = conf_add_ost(conf, path);
	}
	for (unsigned int i = 0; err == 0 && i < r->pool_count; i++)
		err = conf_add_pool(conf, r->pools[i]);
	return err;
}

static void print_path(const char *path)
{
	CLEANUP_STRBUF struct strbuf b = { 0 };

	quote_yaml(&b, path, strlen(path));
	printf("%s\n", strbuf_text(&b));
}

static void print_summary(const struct conf *conf, const char *mdt_path)
{
	printf("fsname: %s\nuuid: %s\nmdt: ", conf->fsname, conf->uuid);
	print_path(mdt_path);
	printf("xattrs: %s\n", conf->privileged ? "trusted" : "user");
	for (uint32_t i = 0; i < conf->ost_count; i++) {
		printf("ost %u: ", i);
		print_path(conf->osts[i].path);
	}
	for (uint32_t i = 0; i < conf->pool_count; i++) {
		const struct conf_pool *pool = &conf->pools[i];

		printf("pool %s:", pool->name);
		for (uint32_t j = 0; j < pool->member_count; j++)
			printf("%s%u", j ? "," : " ", pool->members[j]);
		printf("\n");
	}
}

static int make_volume(const struct request *r)
{
	CLEANUP_FREE char *mdt_path = NULL;
	struct conf conf = { 0 };
	int err = fill_conf(r, &conf);

	if (err == 0)
		err = resolve("mdt", r->mdt, &mdt_path);
	if (err == 0)
		err = format_volume(mdt_path, &conf, r->unprivileged);
	if (err == 0)
		print_summary(&conf, mdt_path);
	conf_release(&conf);
	return err;
}

static int run(const struct request *r)
{
	int err;

	if (r->help) {
		print_help();
		return EXIT_OK;
	}
	if (r->version) {
		puts("mkfs.lovfs " LOVFS_VERSION);
		return EXIT_OK;
	}
	err = make_volume(r);
	if (err == 0)
		return EXIT_OK;
	say("mkfs.lovfs: %s", error_text(err));
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct request r = { 0 };
	int err = parse(argc, argv, &r);
	int status;

	setlocale(LC_CTYPE, "");
	if (err) {
		say("mkfs.lovfs: %s", error_text(err));
		if (err == -EINVAL)
			fputs("Try 'mkfs.lovfs --help'.\n", stderr);
		status = err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	} else {
		status = run(&r);
		if (fclose(stdout)) {
			say("mkfs.lovfs: standard output: %s", strerror(errno));
			status = EXIT_FAILED;
		}
	}
	request_release(&r);
	return status;
}
