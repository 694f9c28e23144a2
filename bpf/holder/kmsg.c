#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int kmsg = -1;

/* From here on: what the kernel says about the attach that follows. */
void kmsg_mark(void)
{
	if (kmsg < 0)
		kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
}

/* One "kernel-said" line per record since the mark. A record of /dev/kmsg is "prio,seq,time,flags;text\n". */
void kmsg_report(void)
{
	char record[8192];
	ssize_t length;

	while (kmsg >= 0 && ((length = read(kmsg, record, sizeof(record) - 1)) > 0 || errno == EPIPE)) {
		if (length <= 0)
			continue; /* EPIPE: records were overwritten; the next read goes on with the oldest */
		record[length] = 0;
		char *text = strchr(record, ';');
		if (!text)
			continue;
		text[strcspn(text, "\n")] = 0;
		json_begin("kernel-said");
		json_text("text", text + 1);
		json_end();
	}
}

/*
 * The log of a run. It is read record by record and not with klogctl(), which leaves out what somebody has cleared
 * (`dmesg -C`), and which does not say where one run ends and the next begins.
 */
static int run_log = -1;
static long taint_before = -1;

/* /proc/sys/kernel/tainted, or -1. */
static long tainted(void)
{
	char text[32];

	return read_file("/proc/sys/kernel/tainted", text, sizeof(text)) > 0 ? atol(text) : -1;
}

/* From here on the log belongs to this run. */
void kmsg_begin(void)
{
	if (run_log >= 0)
		close(run_log);
	run_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (run_log >= 0)
		lseek(run_log, 0, SEEK_END);
	taint_before = tainted();
}

/* One record of /dev/kmsg (CONSOLE_EXT_LOG_MAX, kernel/printk/printk.c), and the end of a string. */
#define RECORD 8193

/* Length, 0 at the end of the log, -1 where records were overwritten before they could be read. */
static ssize_t next_record(int fd, char *record)
{
	ssize_t length = read(fd, record, RECORD - 1);

	if (length < 0)
		return errno == EPIPE ? -1 : 0;
	record[length] = 0;
	return length;
}

/* Sequence number of the first record of this run; the largest number where it logged nothing. */
static unsigned long long first_of_run(bool *lost)
{
	static char record[RECORD];
	unsigned long long seq = ~0ull;
	ssize_t length;

	if (run_log < 0)
		return 0;
	while ((length = next_record(run_log, record)) < 0)
		*lost = true;
	if (length > 0 && sscanf(record, "%*u,%llu", &seq) != 1)
		seq = 0;
	close(run_log);
	run_log = -1;
	return seq;
}

/* The text of a record: what the kernel has escaped as \xHH is put back. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text && *text != '\n'; text++, to++) {
		unsigned int byte;

		*to = *text;
		if (text[0] == '\\' && text[1] == 'x' && sscanf(text + 2, "%2x", &byte) == 1 && byte) {
			*to = (char)byte;
			text += 3;
		}
	}
	*to = 0;
}

/*
 * The whole log, as `dmesg -r` shows it, and a line "log": the line of the file with which the run begins, whether
 * records of it are missing, and the taint flags before and after. 0 or -errno.
 */
int kmsg_save(const char *path)
{
	static char record[RECORD];
	bool lost = false;
	unsigned long long first = first_of_run(&lost);
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int fd = log < 0 ? -1 : result_create(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	long lines = 0, begin = -1;
	ssize_t length;

	if (!out) {
		if (log >= 0)
			close(log);
		return -EIO;
	}
	while ((length = next_record(log, record)) != 0) {
		unsigned long long seq, usec;
		unsigned int prio;
		char caller[16] = "", *text;

		if (length < 0)
			continue; /* overwritten: the next read goes on with the oldest */
		if (sscanf(record, "%u,%llu,%llu,%*c,caller=%15[^;,]", &prio, &seq, &usec, caller) < 3)
			continue;
		text = strchr(record, ';');
		if (!text)
			continue;
		unescape(++text);
		if (begin < 0 && seq >= first)
			begin = lines;
		for (char *next = text; next; lines++) {
			char *line = next;

			next = strchr(line, '\n');
			if (next)
				*next++ = 0;
			fprintf(out, "<%u>[%5llu.%06llu]", prio, usec / 1000000, usec % 1000000);
			if (caller[0])
				fprintf(out, "[%6s]", caller);
			fprintf(out, " %s\n", line);
		}
	}
	close(log);
	json_begin("log");
	json_number("line", 1 + (begin < 0 ? lines : begin));
	json_number("lost", lost);
	json_number("taintBefore", taint_before);
	json_number("taint", tainted());
	json_end();
	return fclose(out) ? -ENOSPC : 0;
}
