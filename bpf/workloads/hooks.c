/*
 * hooks FILE: does a little of everything that the probes of bpf/hooks look at. Calls a function of its own and a probe
 * point three times, opens and reads FILE, and sends one packet to itself.
 */
#include "usdt.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((noinline)) int answer(int question)
{
	USDT(hooks, asked, question);
	return 42 + question;
}

/* A connection over TCP, from one socket to the other. */
static int send_to_self(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(to);
	int listening = socket(AF_INET, SOCK_STREAM, 0), sending = socket(AF_INET, SOCK_STREAM, 0);

	return bind(listening, (struct sockaddr *)&to, size) || listen(listening, 1) ||
	       getsockname(listening, (struct sockaddr *)&to, &size) || connect(sending, (struct sockaddr *)&to, size) ||
	       send(sending, "hello", 5, 0) != 5;
}

int main(int argc, char **argv)
{
	char text[16];
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0) {
		fputs("usage: hooks FILE\n", stderr);
		return 2;
	}
	for (int i = 0; i < 3; i++)
		printf("%d\n", answer(i));
	return read(fd, text, sizeof(text)) < 0 || send_to_self();
}
