#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
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

/* The whole log, as dmesg shows it. 0 or -errno. */
int kmsg_save(const char *path)
{
	int size = klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);
	char *buffer = size > 0 ? malloc((size_t)size) : NULL;
	FILE *out;
	int fd;

	if (!buffer)
		return -ENOMEM;
	size = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, buffer, size);
	fd = result_create(path);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out || size < 0) {
		free(buffer);
		if (out)
			fclose(out);
		return -EIO;
	}
	fwrite(buffer, 1, (size_t)size, out);
	free(buffer);
	return fclose(out) ? -ENOSPC : 0;
}
