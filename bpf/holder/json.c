#include "holder.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <string.h>

static bool alive = true;

static void put_string(const char *text)
{
	putchar('"');
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < 0x20 || *c >= 0x7f)
			printf("\\u%04x", *c);
		else
			putchar(*c);
	}
	putchar('"');
}

static long lines;

void json_begin_view(const char *event)
{
	fputs("{\"event\":", stdout);
	put_string(event);
}

void json_begin(const char *event)
{
	lines++;
	json_begin_view(event);
}

long json_lines(void)
{
	return lines;
}

void json_text(const char *key, const char *value)
{
	putchar(',');
	put_string(key);
	putchar(':');
	put_string(value);
}

void json_number(const char *key, long long value)
{
	putchar(',');
	put_string(key);
	printf(":%lld", value);
}

void json_hex(const char *key, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	putchar(',');
	put_string(key);
	fputs(":\"", stdout);
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = ((const unsigned char *)bytes)[i];

		putchar_unlocked(digits[byte >> 4]);
		putchar_unlocked(digits[byte & 15]);
	}
	putchar('"');
}

void json_end(void)
{
	fputs("}\n", stdout);
	if (fflush(stdout) == EOF && errno != EINTR)
		alive = false;
}

int fail_saying(const char *doing, const char *value, int error, const char *text)
{
	json_begin("error");
	json_text("doing", doing);
	json_text("value", value);
	json_number("errno", -error);
	json_text("text", text);
	json_end();
	return error;
}

int fail(const char *doing, const char *value, int error)
{
	return fail_saying(doing, value, error, strerror(-error));
}

/* A pipe that nobody reads any more says so without being written to: a long workload says nothing for minutes. */
bool json_alive(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (alive && poll(&out, 1, 0) > 0 && (out.revents & POLLERR))
		alive = false;
	return alive;
}
