/* The least a relay can do: take a datagram, send it on, look at nothing. Datagrams of up to
 * CALLERS addresses go to one node, each from a socket of its own, on which the answers come
 * back. It tells what the kernel and the wake-ups alone cost.
 * usage: relay PORT NODE_PORT (both on 127.0.0.1) */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALLERS = 4 };

static int udp(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("relay");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	static char buf[65536];
	struct sockaddr_in caller[CALLERS];
	struct pollfd p[1 + CALLERS];
	int known = 0;
	if (argc != 3)
		return 2;
	struct sockaddr_in node = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	p[0] = (struct pollfd){.fd = udp(atoi(argv[1])), .events = POLLIN};
	for (;;) {
		if (poll(p, 1 + known, -1) < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i <= known; i++) {
			if (!(p[i].revents & POLLIN))
				continue;
			for (;;) { /* until the socket is empty */
				struct sockaddr_in from;
				socklen_t len = sizeof from;
				ssize_t n = recvfrom(p[i].fd, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
				if (n < 0)
					break;
				if (i > 0) {
					sendto(p[0].fd, buf, n, 0, (struct sockaddr *)&caller[i - 1], sizeof *caller);
					continue;
				}
				int c = 0;
				while (c < known && (caller[c].sin_port != from.sin_port || caller[c].sin_addr.s_addr != from.sin_addr.s_addr))
					c++;
				if (c == known) {
					if (known == CALLERS)
						continue;
					caller[known++] = from;
					p[known] = (struct pollfd){.fd = udp(0), .events = POLLIN};
				}
				sendto(p[1 + c].fd, buf, n, 0, (struct sockaddr *)&node, sizeof node);
			}
		}
	}
}
