/* The serving side of `sandboxes/runner/zygote.py`, in a prover instead of a Python interpreter.

   An order is a uid, the number of a directory beside our own, and four descriptors: the limits, the input, and the two
   outputs. It is answered by a fork, which takes that identity and directory, and then reads the input in place of the
   rest of the file that the prover was started on. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <caml/mlvalues.h>

#define DESCRIPTORS 8
#define ALL_DESCRIPTORS 256 /* this process opens a dozen */

struct order {
  int64_t uid, place, job_bytes;
};
struct __attribute__((packed)) note {
  char kind;
  int32_t pid, status;
  double cpu_s, system_s;
  int64_t peak_kb;
};
struct limit {
  int64_t kind, value;
};

static void fail(const char *what) {
  dprintf(2, "sandbox: %s: %s\n", what, strerror(errno));
  _exit(71);
}

/* A message and the descriptors that came with it; its length, 0 at the end. */
static ssize_t receive(int from, void *into, size_t size, int descriptors[DESCRIPTORS], int *count) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
  } control;
  struct iovec piece = {into, size};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got;
  do got = recvmsg(from, &message, 0);
  while (got < 0 && errno == EINTR);
  struct cmsghdr *first = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  *count = 0;
  if (first != NULL && first->cmsg_type == SCM_RIGHTS) {
    *count = (int)((first->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(descriptors, CMSG_DATA(first), *count * sizeof(int));
  }
  return got;
}

static void tell(int orders, struct note note) {
  if (send(orders, &note, sizeof note, MSG_NOSIGNAL) < 0) _exit(0);
}

static double seconds(struct timeval time) { return time.tv_sec + time.tv_usec * 1e-6; }

static void tell_ends(int orders) {
  int status;
  struct rusage used;
  pid_t pid;
  while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0)
    tell(orders, (struct note){'e', pid, status, seconds(used.ru_utime), seconds(used.ru_stime), used.ru_maxrss});
}

/* The descriptor that the prover reads its file by, `main.v` in the working directory. */
static int own_file(void) {
  struct stat wanted, found;
  if (stat("main.v", &wanted) != 0) fail("main.v");
  for (int descriptor = 3; descriptor < ALL_DESCRIPTORS; descriptor++)
    if (fstat(descriptor, &found) == 0 && found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino)
      return descriptor;
  errno = EBADF;
  fail("main.v is not open");
  return -1;
}

/* So that it cannot be raised again. What cannot be set, above the hard limit or under gVisor, stays at that limit. */
static void lower(int kind, rlim_t value) {
  struct rlimit limit = {value, value};
  if (setrlimit(kind, &limit) == 0 || getrlimit(kind, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(kind, &limit);
}

static void take_identity(uid_t uid) {
  setsid();
  int adjust = open("/proc/self/oom_score_adj", O_WRONLY);
  if (adjust < 0 || write(adjust, "1000", 4) != 4) fail("oom_score_adj");
  close(adjust);
  if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) fail("identity");
}

/* What `child.become` does: after it, nothing of the process that was forked is open to the proof. */
static void become(struct order order, const int given[DESCRIPTORS], int file) {
  char place[40];
  snprintf(place, sizeof place, "../%lld", (long long)order.place);
  if (chdir(place) != 0) fail(place);
  take_identity((uid_t)order.uid);
  int nothing = open("/dev/null", O_RDWR);
  if (nothing < 0) fail("/dev/null");
  struct limit limit;
  for (off_t at = 0; at < order.job_bytes && pread(given[0], &limit, sizeof limit, at) == sizeof limit; at += sizeof limit)
    lower((int)limit.kind, (rlim_t)limit.value);
  if (dup2(given[1], file) < 0 || dup2(nothing, 0) < 0 || dup2(given[2], 1) < 0 || dup2(given[3], 2) < 0) fail("dup2");
  for (int descriptor = 3; descriptor < ALL_DESCRIPTORS; descriptor++) /* open still, for the prover may close them */
    if (descriptor != file && fcntl(descriptor, F_GETFD) >= 0) dup2(nothing, descriptor);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void heard(int number) { (void)number; }

/* Returns in the forks alone. */
CAMLprim value forks_serve(value descriptor) {
  int orders = Int_val(descriptor), file = own_file();
  sigset_t ends, before;
  struct sigaction action = {.sa_handler = heard}, earlier;
  sigemptyset(&ends);
  sigaddset(&ends, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ends, &before); /* they are heard in ppoll alone, so none is missed */
  sigaction(SIGCHLD, &action, &earlier);
  tell(orders, (struct note){.kind = 's', .pid = getpid()});
  for (;;) {
    struct pollfd ready = {orders, POLLIN, 0};
    int count = ppoll(&ready, 1, NULL, &before);
    tell_ends(orders);
    if (count <= 0) continue;
    struct order order;
    int given[DESCRIPTORS], number;
    if (receive(orders, &order, sizeof order, given, &number) != sizeof order) _exit(0);
    if (order.uid < 0) continue; /* a wish to be told of starts, which we tell at once */
    if (number != 4) _exit(0);
    pid_t pid = fork();
    if (pid == 0) {
      sigaction(SIGCHLD, &earlier, NULL);
      sigprocmask(SIG_SETMASK, &before, NULL);
      close(orders); /* whose other end would not see this process end while a fork waits */
      become(order, given, file);
      return Val_unit;
    }
    int32_t told = pid > 0 ? pid : -errno;
    for (int at = 0; at < number; at++) close(given[at]);
    tell(orders, (struct note){.kind = 's', .pid = told});
  }
}
