/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/copy_stats.h"

#include "base/clock.h"
#include "base/quote.h"
#include "base/units.h"

#include <inttypes.h>
#include <string.h>

void copy_stats_title(struct strbuf *b, const char *name)
{
	strbuf_printf(b, "--- # ");
	quote_yaml(b, name, strlen(name));
	strbuf_printf(b, "\n");
}

void copy_stats_title_of_all(struct strbuf *b, uint64_t files)
{
	strbuf_printf(b, "--- # %" PRIu64 " files\n", files);
}

void copy_stats_line(struct strbuf *b, uint64_t elapsed_ns, uint64_t done_bytes,
		     uint64_t total_bytes)
{
	double seconds = (double)elapsed_ns / (double)NS_PER_S;
	double mbps = seconds > 0 ? (double)done_bytes / (double)MIB / seconds : 0;
	double part = total_bytes ? (double)done_bytes / (double)total_bytes : 1;

	strbuf_printf(b,
		      "- { seconds: %.3f, rmbps: %.1f, wmbps: %.1f, copied: %" PRIu64
		      ", total: %" PRIu64 ", pct: %u }\n",
		      seconds, mbps, mbps, done_bytes, total_bytes, (unsigned int)(part * 100));
}
