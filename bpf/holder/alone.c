/*
 * One run at a time in a guest: they share the ring buffers and tracefs. The one before may still be taking its probes
 * away.
 */
#include "holder.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME "lab-holder"
#define LOOK_MS 20
#define LONGEST_MS 60000

/*
 * Waits until no other holder is at work. The descriptor to close at the end, or -errno; what went wrong was reported.
 * A name of a socket (unix(7), abstract) has one owner and is free when that has died; locks of files are not in every
 * kernel (CONFIG_FILE_LOCKING).
 */
int alone(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "\0" NAME };
	int turn = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (turn < 0)
		return fail("make", "a unix socket", -errno);
	for (long waited = 0;
	     bind(turn, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + sizeof("\0" NAME) - 1) != 0;
	     waited += LOOK_MS) {
		int error = errno;

		if (error == EADDRINUSE && waited < LONGEST_MS && json_alive()) {
			usleep(LOOK_MS * 1000);
			continue;
		}
		close(turn);
		return error == EADDRINUSE ? -EBUSY : fail("bind", NAME, -error);
	}
	return turn;
}
