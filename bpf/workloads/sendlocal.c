/* sendlocal COUNT BYTES: sends COUNT datagrams of BYTES over the loopback device to itself, and receives each. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(here);
	int count = argc == 3 ? atoi(argv[1]) : 0, bytes = argc == 3 ? atoi(argv[2]) : 0;
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	static char data[1400];

	if (count < 1 || bytes < 1 || bytes > (int)sizeof(data)) {
		fputs("usage: sendlocal COUNT BYTES (up to 1400)\n", stderr);
		return 2;
	}
	if (bind(s, (struct sockaddr *)&here, sizeof(here)) || getsockname(s, (struct sockaddr *)&here, &length)) {
		perror("sendlocal");
		return 1;
	}
	for (int i = 0; i < count; i++) {
		if (sendto(s, data, (size_t)bytes, 0, (struct sockaddr *)&here, length) != bytes ||
		    recv(s, data, sizeof(data), 0) != bytes) {
			perror("sendlocal");
			return 1;
		}
		/* 20 bytes of IP and 8 of UDP in front; the device adds 14 of Ethernet. */
		printf("sent %d bytes, %d on the device\n", bytes, bytes + 20 + 8 + 14);
	}
	return close(s) != 0;
}
