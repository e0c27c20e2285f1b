/* An application server that costs next to nothing: it answers every request with the same small
 * page, over HTTP/1.1 on one port and over AJP13 on another, so that what is in front of it has
 * the machine to itself. A thread for each connection; requests have no body.
 * usage: origin NAME HTTP_PORT AJP_PORT (both on 127.0.0.1) */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char http[1024], ajp[1024], body[512];
static size_t http_len, ajp_len, body_len;

static void put(const void *p, size_t n)
{
	memcpy(ajp + ajp_len, p, n);
	ajp_len += n;
}

static void put_int(size_t n)
{
	char b[2] = {n >> 8, n};
	put(b, 2);
}

static void put_string(const char *s)
{
	put_int(strlen(s));
	put(s, strlen(s) + 1);
}

/* The head, the page and the end: three packets. */
static void answers(const char *name)
{
	char number[16];
	body_len = snprintf(body, sizeof body, "node=%s\nsession=0123456789ABCDEF0123456789ABCDEF.%s\nhits=1\nlink=hits.jsp\n%0100d\n", name, name, 0);
	http_len = snprintf(http, sizeof http, "HTTP/1.1 200 \r\nContent-Type: text/plain;charset=utf-8\r\nContent-Length: %zu\r\n"
		"Date: Sat, 21 Nov 2026 10:00:00 GMT\r\n\r\n%s", body_len, body);
	put("AB\0\0\4\0\310", 7);
	put_string("200");
	put_int(2);
	put_int(0xA001);
	put_string("text/plain;charset=utf-8");
	put_int(0xA003);
	snprintf(number, sizeof number, "%zu", body_len);
	put_string(number);
	ajp[2] = (ajp_len - 4) >> 8, ajp[3] = ajp_len - 4;
	put("AB", 2);
	put_int(body_len + 4);
	put("\3", 1);
	put_int(body_len);
	put(body, body_len + 1);
	put("AB\0\2\5\1", 6);
}

static void *serve_http(void *arg)
{
	char buf[65536];
	size_t have = 0;
	int fd = (int)(long)arg;
	for (;;) {
		ssize_t n = recv(fd, buf + have, sizeof buf - have, 0);
		if (n <= 0)
			break;
		have += n;
		if (have < 4 || memcmp(buf + have - 4, "\r\n\r\n", 4) != 0)
			continue;
		have = 0;
		if (send(fd, http, http_len, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static void *serve_ajp(void *arg)
{
	unsigned char buf[65536];
	size_t have = 0, want;
	int fd = (int)(long)arg;
	for (;;) {
		ssize_t n = recv(fd, buf + have, sizeof buf - have, 0);
		if (n <= 0)
			break;
		have += n;
		if (have < 5 || have < (want = 4 + (buf[2] << 8 | buf[3])))
			continue;
		have -= want;
		memmove(buf, buf + want, have);
		if (want == 5 ? send(fd, "AB\0\1\11", 5, MSG_NOSIGNAL) < 0 : send(fd, ajp, ajp_len, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
	return NULL;
}

struct door {
	int fd;
	void *(*serve)(void *);
};

static void *let_in(void *arg)
{
	struct door *d = arg;
	for (;;) {
		int one = 1, fd = accept(d->fd, NULL, NULL);
		pthread_t t;
		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (pthread_create(&t, NULL, d->serve, (void *)(long)fd) == 0)
			pthread_detach(t);
		else
			close(fd);
	}
	return NULL;
}

static int listening(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1024) < 0) {
		perror("origin");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	static struct door web, inner;
	pthread_t t;
	if (argc != 4)
		return 2;
	answers(argv[1]);
	web = (struct door){listening(atoi(argv[2])), serve_http};
	inner = (struct door){listening(atoi(argv[3])), serve_ajp};
	if (pthread_create(&t, NULL, let_in, &web) != 0)
		return 1;
	let_in(&inner);
}
