// A streaming provider for the benchmark: one thread, epoll, one timerfd.
//
//   stream_upstream [chunks] [interval_us]        (100 chunks, 5000 us apart)
//
// Prints `listening on http://127.0.0.1:PORT`. Every POST is answered with an OpenAI-shaped
// event stream: the content chunks, a finish chunk and [DONE], each event one HTTP chunk and
// one write. A stream starts at a random phase within the interval, so that streams don't
// tick in step and let a proxy serve them all in one wake-up.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 1024, MAX_HEAD = 16384, EVENTS = 128 };

#define CHUNK_HEAD \
  "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\"," \
  "\"choices\":[{\"index\":0,\"delta\":"
static const char role_event[] = CHUNK_HEAD "{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";
static const char word_event[] = CHUNK_HEAD "{\"content\":\"word \"},\"finish_reason\":null}]}\n\n";
static const char finish_event[] = CHUNK_HEAD "{},\"finish_reason\":\"stop\"}]}\n\n";
static const char done_event[] = "data: [DONE]\n\n";
static const char response_head[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";

struct connection {
  int fd;              // -1: free
  size_t head_length;  // request head gathered so far
  size_t body_left;    // request body still to come
  int chunks_left;     // content chunks still to send; -1: no stream is running
  uint64_t due;        // when the next one goes out, ns
  char head[MAX_HEAD];
};

static struct connection connections[MAX_CONNECTIONS];
static int highest;  // connections[0..<highest] may be in use
static int poller, timer, chunks = 100;
static uint64_t interval = 5000ull * 1000;
static uint64_t random_state = 88172645463325252ull;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static uint64_t random_below(uint64_t bound) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % bound;
}

static void drop(struct connection *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->chunks_left = -1;
}

// What is sent is far smaller than a socket buffer; a client that lets it fill up is dropped.
static int send_all(struct connection *c, const char *bytes, size_t length) {
  ssize_t sent = send(c->fd, bytes, length, MSG_NOSIGNAL);
  if (sent == (ssize_t)length) return 0;
  drop(c);
  return -1;
}

static size_t frame(char *into, size_t room, const char *event, size_t length) {
  return (size_t)snprintf(into, room, "%zx\r\n%.*s\r\n", length, (int)length, event);
}

static void start_stream(struct connection *c) {
  char out[1024];
  size_t n = sizeof response_head - 1;
  memcpy(out, response_head, n);
  n += frame(out + n, sizeof out - n, role_event, sizeof role_event - 1);
  if (send_all(c, out, n) < 0) return;
  c->chunks_left = chunks;
  c->due = now() + 1 + random_below(interval);
}

static void send_next(struct connection *c) {
  char out[1024];
  if (c->chunks_left > 0) {
    size_t n = frame(out, sizeof out, word_event, sizeof word_event - 1);
    if (send_all(c, out, n) < 0) return;
    c->chunks_left--;
    c->due += interval;
    return;
  }
  size_t n = frame(out, sizeof out, finish_event, sizeof finish_event - 1);
  n += frame(out + n, sizeof out - n, done_event, sizeof done_event - 1);
  memcpy(out + n, "0\r\n\r\n", 5);
  if (send_all(c, out, n + 5) < 0) return;
  c->chunks_left = -1;
}

// Returns the body length the head announces; -1 for a head this server doesn't understand.
static long body_length(const char *head) {
  long length = 0;
  for (const char *line = strstr(head, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, "content-length:", 15) == 0) length = strtol(line + 17, NULL, 10);
    if (strncasecmp(line + 2, "transfer-encoding:", 18) == 0) return -1;
  }
  return length < 0 ? -1 : length;
}

// A client sends one request and waits for its stream to end: no pipelining.
static void on_readable(struct connection *c) {
  char bytes[65536];
  ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0 || c->chunks_left >= 0) return drop(c);
  size_t length = (size_t)got;

  if (c->body_left == 0) {
    if (c->head_length + length >= MAX_HEAD) return drop(c);
    memcpy(c->head + c->head_length, bytes, length);
    c->head_length += length;
    c->head[c->head_length] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end) return;
    size_t head_size = (size_t)(end + 4 - c->head);
    long body = body_length(c->head);
    if (body < 0) {
      static const char no[] = "HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      send_all(c, no, sizeof no - 1);
      return drop(c);
    }
    length = c->head_length - head_size;
    c->head_length = 0;
    c->body_left = (size_t)body;
  }
  if (length > c->body_left) return drop(c);
  c->body_left -= length;
  if (c->body_left == 0) start_stream(c);
}

static void on_accept(int listener) {
  for (int i = 0; i < 64; i++) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int index = 0;
    while (index < MAX_CONNECTIONS && connections[index].fd >= 0) index++;
    if (index == MAX_CONNECTIONS) {
      close(fd);
      continue;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *c = &connections[index];
    *c = (struct connection){.fd = fd, .chunks_left = -1};
    if (index >= highest) highest = index + 1;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) drop(c);
  }
}

static void send_what_is_due(void) {
  uint64_t at = now();
  for (int i = 0; i < highest; i++)
    if (connections[i].fd >= 0 && connections[i].chunks_left >= 0 && connections[i].due <= at) send_next(&connections[i]);
}

static void arm_timer(void) {
  uint64_t next = 0;
  for (int i = 0; i < highest; i++)
    if (connections[i].fd >= 0 && connections[i].chunks_left >= 0 && (next == 0 || connections[i].due < next)) next = connections[i].due;
  struct itimerspec when = {.it_value = {.tv_sec = (time_t)(next / 1000000000ull), .tv_nsec = (long)(next % 1000000000ull)}};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);  // zero disarms it
}

int main(int count, char **arguments) {
  if (count > 1) chunks = atoi(arguments[1]);
  if (count > 2) interval = (uint64_t)atol(arguments[2]) * 1000;
  if (chunks < 1 || interval < 1000) {
    fprintf(stderr, "usage: stream_upstream [chunks] [interval_us]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  for (int i = 0; i < MAX_CONNECTIONS; i++) connections[i].fd = -1;

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1024) < 0) die("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size) < 0) die("getsockname");

  poller = epoll_create1(EPOLL_CLOEXEC);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (poller < 0 || timer < 0) die("epoll");
  struct epoll_event on_listener = {.events = EPOLLIN, .data.u32 = MAX_CONNECTIONS};
  struct epoll_event on_timer = {.events = EPOLLIN, .data.u32 = MAX_CONNECTIONS + 1};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &on_listener) < 0) die("epoll_ctl");
  if (epoll_ctl(poller, EPOLL_CTL_ADD, timer, &on_timer) < 0) die("epoll_ctl");

  printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);

  for (;;) {  // until it is killed
    struct epoll_event ready[EVENTS];
    int n = epoll_wait(poller, ready, EVENTS, -1);
    if (n < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < n; i++) {
      uint32_t which = ready[i].data.u32;
      uint64_t ticks;
      if (which == MAX_CONNECTIONS) on_accept(listener);
      else if (which == MAX_CONNECTIONS + 1) { if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timer"); }
      else if (connections[which].fd >= 0) on_readable(&connections[which]);
    }
    send_what_is_due();
    arm_timer();
  }
}
