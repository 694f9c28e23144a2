/*
 * One connection, many runs. A command over ssh costs 0.1 s under TCG before it does anything (ssh server, shell,
 * dynamic loader), which is more than a short run takes itself; here a run is a fork of a process that has all of that
 * behind it.
 */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS 65536
#define MAX_REQUEST (1L << 20)
/* Of what a request said on stderr: enough to say why it failed. */
#define MAX_SAID (1 << 16)

static volatile pid_t child;
static volatile sig_atomic_t stopping;

static void on_stop(int signal)
{
	(void)signal;
	stopping = 1;
	if (child > 0)
		kill(child, SIGTERM);
}

/* A signal that came between fork() and here would meet the server's handler in the child, which knows of no child. */
static void block_stop(int how)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGHUP);
	sigprocmask(how, &stop, NULL);
}

static bool get(char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t got = read(STDIN_FILENO, bytes, size);

		if (got < 0 && errno == EINTR && !stopping)
			continue;
		if (got <= 0)
			return false;
		bytes += got;
		size -= (size_t)got;
	}
	return true;
}

/* The decimal number of bytes that follow, and a newline. -1: nobody asks any more, or not in this language. */
static long get_size(void)
{
	char digits[12];

	for (size_t i = 0; i < sizeof(digits) && get(&digits[i], 1); i++)
		if (digits[i] == '\n') {
			digits[i] = '\0';
			return atol(digits);
		}
	return -1;
}

static void be_child(int argc, char **argv, int (*work)(int argc, char **argv), int said)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	block_stop(SIG_UNBLOCK);
	dup2(null, STDIN_FILENO);
	dup2(said, STDERR_FILENO);
	exit(work(argc, argv));
}

/* How it ended, on one line; stderr is in it, since the two streams of a connection overtake each other. */
static void say_end(const char *word, int status, int said)
{
	static char text[MAX_SAID];
	ssize_t size = pread(said, text, sizeof(text) - 1, 0);

	text[size > 0 ? size : 0] = '\0';
	json_begin("ended");
	json_text("of", word);
	json_number("status", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	json_text("stderr", text);
	json_end();
}

/*
 * A request is a size and a text of so many bytes: a word that nobody else knows, and the arguments, each with a NUL at
 * its end. What the work writes to stdout is followed by a line that has the word in it and how the work ended: only
 * the host can have known it. Ends when stdin does.
 */
int serve(int (*work)(int argc, char **argv))
{
	static char request[MAX_REQUEST + 1];
	static char *words[MAX_WORDS + 1];
	struct sigaction stop = { .sa_handler = on_stop };
	long size;

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	addresses_share();
	while (!stopping && (size = get_size()) > 0 && size <= MAX_REQUEST && get(request, (size_t)size)) {
		int count = 0, status = 126 << 8, said = memfd_create("stderr", MFD_CLOEXEC);
		pid_t pid;

		request[size] = '\0';
		for (char *at = request; at < request + size && count < MAX_WORDS; at += strlen(at) + 1)
			words[count++] = at;
		words[count] = NULL;
		fflush(stdout);
		block_stop(SIG_BLOCK);
		if (stopping) /* before it was blocked: nobody would pass it on */
			break;
		pid = fork();
		if (pid == 0)
			/* The word stands where a program's name would. */
			be_child(count, words, work, said);
		child = pid;
		block_stop(SIG_UNBLOCK);
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		child = 0;
		say_end(words[0], status, said);
		close(said);
	}
	return 0;
}
