// Keeps N streams open against a server for some seconds and counts what arrives.
//
//   stream_client PORT [connections] [seconds]    (64 connections, 6 s)
//
// Each connection asks for a stream, reads it to its end and asks again. When the time is up no
// new stream is started and those that run may finish. Prints one line of JSON; exits 1 if any
// stream broke: a status other than 200, an early close, a missing [DONE].

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 1024, MAX_HEAD = 8192, MAX_LINE = 64, BODY = 1500, MAX_ERRORS = 100 };

enum phase { HEAD, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER };

struct connection {
  int fd;
  enum phase phase;
  char head[MAX_HEAD];
  size_t head_length;
  uint64_t chunk_left;
  char line[MAX_LINE];  // the start of the event line being read
  size_t line_length;
  int done;             // saw [DONE]
};

static struct connection connections[MAX_CONNECTIONS];
static struct sockaddr_in address;
static int poller, running;
static uint64_t events, streams, errors, reads, bytes_read, request_number;
static char last_error[128];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void drop(struct connection *c) {
  if (c->fd >= 0) {
    close(c->fd);
    running--;
  }
  c->fd = -1;
}

static void fail(struct connection *c, const char *why) {
  errors++;
  snprintf(last_error, sizeof last_error, "%s", why);
  drop(c);
}

static int open_connection(struct connection *c) {
  int on = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c->fd < 0) return -1;
  running++;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 ||
      setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
      epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) < 0) {
    drop(c);
    return -1;
  }
  return 0;
}

// Every request is a different one, so that no cache and no sharing of flights can answer it.
static int ask(struct connection *c) {
  char body[BODY + 256], request[BODY + 512], padding[BODY];
  memset(padding, 'x', sizeof padding);
  int prefix = snprintf(body, sizeof body,
                        "{\"model\":\"bench-stream\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"%d-%llu ",
                        (int)getpid(), (unsigned long long)request_number++);
  int length = prefix + snprintf(body + prefix, sizeof body - (size_t)prefix, "%.*s\"}]}", BODY - prefix - 4, padding);
  int total = snprintf(request, sizeof request,
                       "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                       "Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", length, body);
  c->phase = HEAD;
  c->head_length = c->line_length = 0;
  c->done = 0;
  return send(c->fd, request, (size_t)total, MSG_NOSIGNAL) == total ? 0 : -1;
}

static void read_body(struct connection *c, const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] != '\n') {
      if (c->line_length < MAX_LINE) c->line[c->line_length++] = bytes[i];
      continue;
    }
    if (c->line_length >= 5 && memcmp(c->line, "data:", 5) == 0) {
      const char *value = c->line + 5 + (c->line_length > 5 && c->line[5] == ' ');
      if (strncmp(value, "[DONE]", 6) == 0) c->done = 1;
      else events++;
    }
    memset(c->line, 0, c->line_length);
    c->line_length = 0;
  }
}

static const char *check_head(const struct connection *c) {
  if (strncmp(c->head, "HTTP/1.1 200", 12) != 0) return "status is not 200";
  if (!strcasestr(c->head, "\r\ntransfer-encoding: chunked\r\n")) return "answer is not chunked";
  return NULL;
}

// Returns 1 when the answer has ended, 0 when more must come, -1 after a failure.
static int take(struct connection *c, const char *bytes, size_t length) {
  size_t i = 0;
  while (i < length) {
    switch (c->phase) {
    case HEAD:
      if (c->head_length + 1 >= MAX_HEAD) return fail(c, "response head too long"), -1;
      c->head[c->head_length++] = bytes[i++];
      c->head[c->head_length] = 0;
      if (c->head_length >= 4 && memcmp(c->head + c->head_length - 4, "\r\n\r\n", 4) == 0) {
        const char *why = check_head(c);
        if (why) return fail(c, why), -1;
        c->phase = CHUNK_SIZE;
        c->chunk_left = 0;
      }
      break;
    case CHUNK_SIZE: {
      char b = bytes[i++];
      if (b >= '0' && b <= '9') c->chunk_left = c->chunk_left * 16 + (uint64_t)(b - '0');
      else if ((b | 32) >= 'a' && (b | 32) <= 'f') c->chunk_left = c->chunk_left * 16 + (uint64_t)((b | 32) - 'a' + 10);
      else if (b == '\n') {
        c->phase = c->chunk_left ? CHUNK_DATA : TRAILER;
        c->head_length = 0;
      } else if (b != '\r') return fail(c, "broken chunk size"), -1;
      break;
    }
    case CHUNK_DATA: {
      size_t n = length - i < c->chunk_left ? length - i : (size_t)c->chunk_left;
      read_body(c, bytes + i, n);
      i += n;
      c->chunk_left -= n;
      if (c->chunk_left == 0) c->phase = CHUNK_END;
      break;
    }
    case CHUNK_END:
      if (bytes[i++] == '\n') c->phase = CHUNK_SIZE;
      break;
    case TRAILER:
      if (bytes[i++] == '\n') {
        if (!c->done) return fail(c, "stream ended without [DONE]"), -1;
        streams++;
        return 1;
      }
      break;
    }
  }
  return 0;
}

int main(int count, char **arguments) {
  int port = count > 1 ? atoi(arguments[1]) : 0;
  int wanted = count > 2 ? atoi(arguments[2]) : 64;
  double seconds = count > 3 ? atof(arguments[3]) : 6;
  if (port < 1 || wanted < 1 || wanted > MAX_CONNECTIONS || seconds <= 0) {
    fprintf(stderr, "usage: stream_client PORT [connections <= %d] [seconds]\n", MAX_CONNECTIONS);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) {
    perror("epoll_create1");
    return 1;
  }

  double start = now(), stop_asking = start + seconds, give_up = stop_asking + 30;
  for (int i = 0; i < wanted; i++) {
    if (open_connection(&connections[i]) < 0 || ask(&connections[i]) < 0) {
      fprintf(stderr, "cannot connect to port %d: %s\n", port, strerror(errno));
      return 1;
    }
  }

  while (running > 0 && errors < MAX_ERRORS) {
    double at = now();
    if (at > give_up) {
      errors += (uint64_t)running;
      snprintf(last_error, sizeof last_error, "streams did not end");
      break;
    }
    struct epoll_event ready[MAX_CONNECTIONS];
    int n = epoll_wait(poller, ready, MAX_CONNECTIONS, 1000);
    for (int i = 0; i < n; i++) {
      struct connection *c = ready[i].data.ptr;
      char bytes[65536];
      ssize_t got = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      int ended = 0;
      if (got <= 0) fail(c, "connection closed in the middle of a stream");
      else {
        reads++;
        bytes_read += (uint64_t)got;
        ended = take(c, bytes, (size_t)got);
      }
      if (ended == 1 && now() >= stop_asking) drop(c);
      else if (ended == 1) {
        if (ask(c) < 0) fail(c, "cannot send");
      } else if (c->fd < 0 && now() < stop_asking) {
        if (open_connection(c) < 0 || ask(c) < 0) fail(c, "cannot reconnect");
      }
    }
  }

  printf("{\"streams\": %llu, \"events\": %llu, \"reads\": %llu, \"bytes\": %llu, \"errors\": %llu, \"seconds\": %.3f, \"last_error\": \"%s\"}\n",
         (unsigned long long)streams, (unsigned long long)events, (unsigned long long)reads, (unsigned long long)bytes_read,
         (unsigned long long)errors, now() - start, last_error);
  return errors ? 1 : 0;
}
