/* Runs a command under ptrace and counts the system calls with which it touches files below given folders; on order it
   records them, kills the command at one of them, lets one fail, cuts one short, or plays a disk that is full.
   Tracing sees every call, those that bypass the C library included. Linux on x86-64 only. See README.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct user_regs_struct Regs;
typedef unsigned long long u64;

enum Kind { NONE, WRITE, SYNC, TRUNCATE, RENAME, LINK, UNLINK, MKDIR, CREATE, COPY, OPEN, READ, LOCK, STAT, LIST, KINDS };
static const char *NAMES[] = {"none", "write", "sync", "truncate", "rename", "link", "unlink", "mkdir",
                              "create", "copy", "open", "read", "lock", "stat", "list"};

/* ---- what was ordered ---- */
static const char *folders[16];
static int folder_count;
static unsigned kinds_wanted;            /* bit per kind that counts */
static long kill_at, fail_at, short_at;  /* 1-based number of the event, 0 for none */
static long cut_bytes = -1;              /* bytes of the write at kill_at that still arrive */
static int kill_after;                   /* the call at kill_at runs, and the kill comes at its return */
static int fail_errno = EIO, fail_forever;
static long room = -1;                   /* bytes that files may still grow by */
static FILE *log_file, *data_file;
static long data_position;

/* ---- what was seen ---- */
static long count, killed, failed, refused, shortened;
static pid_t leader;

typedef struct {
  pid_t tid;
  int in_call, skip;
  long result;          /* what a skipped call returns */
  enum Kind kind;
  char path[PATH_MAX], path2[PATH_MAX];
  u64 offset, length, ino;
  int existed, truncates, synced;
  long number, entered; /* events that had ended when this call began */
  char *bytes;
} Thread;
static Thread *threads[4096];
static int thread_count;
static long ended;

static void die(const char *why) {
  perror(why);
  if (leader > 0) kill(leader, SIGKILL);
  exit(125);
}

static Thread *thread_of(pid_t tid, int *fresh) {
  for (int i = 0; i < thread_count; i++)
    if (threads[i]->tid == tid) return threads[i];
  if (thread_count == 4096) die("too many threads");
  Thread *t = calloc(1, sizeof *t);
  t->tid = tid;
  threads[thread_count++] = t;
  *fresh = 1;
  return t;
}

static void forget(pid_t tid) {
  for (int i = 0; i < thread_count; i++)
    if (threads[i]->tid == tid) {
      free(threads[i]->bytes);
      free(threads[i]);
      threads[i] = threads[--thread_count];
      return;
    }
}

/* ---- reading the command's memory and files ---- */
static size_t peek(pid_t tid, u64 from, void *to, size_t length) {
  struct iovec mine = {to, length}, theirs = {(void *)from, length};
  ssize_t n = process_vm_readv(tid, &mine, 1, &theirs, 1, 0);
  return n < 0 ? 0 : (size_t)n;
}

static void peek_text(pid_t tid, u64 from, char *to) {
  size_t n = 0;
  while (n < PATH_MAX - 1) {
    size_t page = 4096 - ((from + n) & 4095), want = page < PATH_MAX - 1 - n ? page : PATH_MAX - 1 - n;
    size_t got = peek(tid, from + n, to + n, want);
    if (memchr(to + n, 0, got)) return;
    n += got;
    if (got < want) break;
  }
  to[n] = 0;
}

static void path_of_fd(pid_t tid, int fd, char *to) {
  char link[64];
  snprintf(link, sizeof link, "/proc/%d/fd/%d", tid, fd);
  ssize_t n = readlink(link, to, PATH_MAX - 1);
  to[n > 0 ? n : 0] = 0;
}

static void path_at(pid_t tid, int dirfd, u64 text, char *to) {
  char name[PATH_MAX], base[PATH_MAX];
  peek_text(tid, text, name);
  if (name[0] == '/') {
    strcpy(to, name);
    return;
  }
  if (dirfd == AT_FDCWD) {
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/cwd", tid);
    ssize_t n = readlink(link, base, sizeof base - 1);
    base[n > 0 ? n : 0] = 0;
  } else {
    path_of_fd(tid, dirfd, base);
  }
  const char *rest = strncmp(name, "./", 2) ? name : name + 2;
  if (snprintf(to, PATH_MAX, *rest ? "%s/%s" : "%s", base, rest) >= PATH_MAX) to[0] = 0;
}

static int watched(const char *path) {
  for (int i = 0; i < folder_count; i++) {
    size_t n = strlen(folders[i]);
    if (!strncmp(path, folders[i], n) && (path[n] == '/' || path[n] == 0)) return 1;
  }
  return 0;
}

static u64 ino_of(const char *path) {
  struct stat s;
  return lstat(path, &s) == 0 ? s.st_ino : 0;
}

static int stat_fd(pid_t tid, int fd, struct stat *s) {
  char link[64];
  snprintf(link, sizeof link, "/proc/%d/fd/%d", tid, fd);
  return stat(link, s) == 0;
}

static void position_of(pid_t tid, int fd, u64 *position, unsigned *flags) {
  char name[64], line[128];
  snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", tid, fd);
  FILE *f = fopen(name, "r");
  *position = 0;
  *flags = 0;
  if (!f) return;
  while (fgets(line, sizeof line, f)) {
    if (!strncmp(line, "pos:", 4)) *position = strtoull(line + 4, 0, 10);
    if (!strncmp(line, "flags:", 6)) *flags = (unsigned)strtoul(line + 6, 0, 8);
  }
  fclose(f);
}

/* ---- the beginning of a call: what it is, and on which file ---- */
static void on_fd(Thread *t, enum Kind kind, int fd) {
  path_of_fd(t->tid, fd, t->path);
  if (watched(t->path)) t->kind = kind;
}

static void keep_bytes(Thread *t, struct iovec *parts, int n) {
  free(t->bytes);
  t->bytes = data_file ? malloc(t->length + 1) : NULL;
  u64 done = 0;
  for (int i = 0; t->bytes && i < n; i++) done += peek(t->tid, (u64)parts[i].iov_base, t->bytes + done, parts[i].iov_len);
}

static void on_write(Thread *t, int fd, u64 offset, int positioned, struct iovec *parts, int n) {
  unsigned flags;
  u64 position;
  struct stat s;
  on_fd(t, WRITE, fd);
  if (t->kind != WRITE || !stat_fd(t->tid, fd, &s) || !S_ISREG(s.st_mode)) {
    t->kind = NONE;
    return;
  }
  position_of(t->tid, fd, &position, &flags);
  t->offset = (flags & O_APPEND) ? (u64)s.st_size : positioned ? offset : position;
  t->synced = (flags & O_DSYNC) != 0;
  t->ino = s.st_ino;
  t->existed = (int)(s.st_size > INT_MAX ? INT_MAX : s.st_size);
  t->length = 0;
  for (int i = 0; i < n; i++) t->length += parts[i].iov_len;
  keep_bytes(t, parts, n);
}

static void on_writev(Thread *t, Regs *r, int positioned) {
  struct iovec parts[1024];
  int n = r->rdx > 1024 ? 1024 : (int)r->rdx;
  peek(t->tid, r->rsi, parts, n * sizeof *parts);
  on_write(t, (int)r->rdi, r->r10, positioned, parts, n);
}

static void on_plain_write(Thread *t, Regs *r, int positioned) {
  struct iovec part = {(void *)r->rsi, r->rdx};
  on_write(t, (int)r->rdi, r->r10, positioned, &part, 1);
}

static void on_open(Thread *t, int dirfd, u64 text, u64 flags) {
  path_at(t->tid, dirfd, text, t->path);
  if (!watched(t->path)) return;
  t->existed = ino_of(t->path) != 0;
  t->truncates = (flags & O_TRUNC) != 0;
  if ((flags & O_TMPFILE) == O_TMPFILE) t->existed = 0;
  int makes = ((flags & O_CREAT) && !t->existed) || (flags & O_TRUNC) || (flags & O_TMPFILE) == O_TMPFILE;
  t->kind = makes ? CREATE : OPEN;
}

static void on_names(Thread *t, enum Kind kind, int from_fd, u64 from, int to_fd, u64 to) {
  path_at(t->tid, from_fd, from, t->path);
  path_at(t->tid, to_fd, to, t->path2);
  if (!strncmp(t->path, "/proc/self/", 11)) {
    char other[PATH_MAX];
    snprintf(other, sizeof other, "/proc/%d/%s", t->tid, t->path + 11);
    struct stat s;
    t->ino = stat(other, &s) == 0 ? s.st_ino : 0;
  } else {
    t->ino = ino_of(t->path);
  }
  if (watched(t->path) || watched(t->path2)) t->kind = kind;
}

static void on_name(Thread *t, enum Kind kind, int dirfd, u64 text) {
  path_at(t->tid, dirfd, text, t->path);
  t->ino = ino_of(t->path);
  if (watched(t->path)) t->kind = kind;
}

static void classify(Thread *t, Regs *r) {
  int fd = (int)r->rdi;
  struct stat s;
  t->kind = NONE;
  t->path[0] = t->path2[0] = 0;
  t->offset = t->length = t->ino = 0;
  t->existed = t->truncates = t->synced = 0;
  switch (r->orig_rax) {
    case SYS_write: on_plain_write(t, r, 0); break;
    case SYS_pwrite64: on_plain_write(t, r, 1); break;
    case SYS_writev: on_writev(t, r, 0); break;
    case SYS_pwritev: case SYS_pwritev2: on_writev(t, r, 1); break;
    case SYS_fsync: case SYS_fdatasync: on_fd(t, SYNC, fd); if (stat_fd(t->tid, fd, &s)) t->ino = s.st_ino; break;
    case SYS_ftruncate: on_fd(t, TRUNCATE, fd); t->length = r->rsi; if (stat_fd(t->tid, fd, &s)) t->ino = s.st_ino; break;
    case SYS_truncate: on_name(t, TRUNCATE, AT_FDCWD, r->rdi); t->length = r->rsi; break;
    case SYS_fallocate:
      on_fd(t, TRUNCATE, fd);
      if (!stat_fd(t->tid, fd, &s)) break;
      t->ino = s.st_ino;
      t->length = r->rdx + r->r10 > (u64)s.st_size ? r->rdx + r->r10 : (u64)s.st_size;
      break;
    case SYS_copy_file_range: on_fd(t, COPY, (int)r->rdx); t->length = r->r8; break;
    case SYS_sendfile: on_fd(t, COPY, fd); t->length = r->r10; break;
    case SYS_rename: on_names(t, RENAME, AT_FDCWD, r->rdi, AT_FDCWD, r->rsi); break;
    case SYS_renameat: case SYS_renameat2: on_names(t, RENAME, fd, r->rsi, (int)r->rdx, r->r10); break;
    case SYS_link: on_names(t, LINK, AT_FDCWD, r->rdi, AT_FDCWD, r->rsi); break;
    case SYS_linkat: on_names(t, LINK, fd, r->rsi, (int)r->rdx, r->r10); break;
    case SYS_symlink: on_name(t, LINK, AT_FDCWD, r->rsi); break;
    case SYS_symlinkat: on_name(t, LINK, (int)r->rsi, r->rdx); break;
    case SYS_unlink: case SYS_rmdir: on_name(t, UNLINK, AT_FDCWD, r->rdi); break;
    case SYS_unlinkat: on_name(t, UNLINK, fd, r->rsi); break;
    case SYS_mkdir: on_name(t, MKDIR, AT_FDCWD, r->rdi); break;
    case SYS_mkdirat: on_name(t, MKDIR, fd, r->rsi); break;
    case SYS_open: on_open(t, AT_FDCWD, r->rdi, r->rsi); break;
    case SYS_creat: on_open(t, AT_FDCWD, r->rdi, O_CREAT | O_TRUNC); break;
    case SYS_openat: on_open(t, fd, r->rsi, r->rdx); break;
    case SYS_openat2: { u64 how = 0; peek(t->tid, r->rdx, &how, 8); on_open(t, fd, r->rsi, how); break; }
    case SYS_read: case SYS_pread64: case SYS_readv: case SYS_preadv: on_fd(t, READ, fd); break;
    case SYS_flock: on_fd(t, LOCK, fd); break;
    case SYS_fcntl:
      if (r->rsi == F_SETLK || r->rsi == F_SETLKW || r->rsi == F_OFD_SETLK || r->rsi == F_OFD_SETLKW) on_fd(t, LOCK, fd);
      break;
    case SYS_stat: case SYS_lstat: on_name(t, STAT, AT_FDCWD, r->rdi); break;
    case SYS_fstat: on_fd(t, STAT, fd); break;
    case SYS_newfstatat: case SYS_statx: {
      char first = 0;
      peek(t->tid, r->rsi, &first, 1);
      if (first) on_name(t, STAT, fd, r->rsi); else on_fd(t, STAT, fd);
      break;
    }
    case SYS_getdents64: on_fd(t, LIST, fd); break;
  }
  if (t->kind != NONE && !(kinds_wanted & (1u << t->kind))) t->kind = NONE;
}

/* ---- what is done to it ---- */
static void skip_call(Thread *t, Regs *r, long result) {
  t->skip = 1;
  t->result = result;
  r->orig_rax = (u64)-1;
  ptrace(PTRACE_SETREGS, t->tid, 0, r);
}

static void shorten(Thread *t, Regs *r, u64 length) {
  int vector = r->orig_rax == SYS_writev || r->orig_rax == SYS_pwritev || r->orig_rax == SYS_pwritev2;
  if (vector) {
    struct iovec parts[1024];
    u64 whole = 0, n = 0;
    peek(t->tid, r->rsi, parts, (r->rdx > 1024 ? 1024 : r->rdx) * sizeof *parts);
    while (n < r->rdx && n < 1024 && whole + parts[n].iov_len <= length) whole += parts[n++].iov_len;
    r->rdx = n ? n : 1;
  } else if (t->kind == COPY && r->orig_rax == SYS_copy_file_range) {
    r->r8 = length;
  } else if (t->kind == COPY) {
    r->r10 = length;
  } else {
    r->rdx = length;
  }
  ptrace(PTRACE_SETREGS, t->tid, 0, r);
}

static void strike(void) {
  killed = 1;
  kill(leader, SIGKILL);
}

static int full_disk(Thread *t, Regs *r) {
  if (room < 0 || t->kind != WRITE) return 0;
  u64 size = (u64)t->existed, end = t->offset + t->length;
  u64 growth = end > size ? end - size : 0;
  if (growth <= (u64)room) {
    room -= (long)growth;
    return 0;
  }
  refused++;
  u64 fits = t->length - growth + (u64)room;
  fits -= fits % 4096;
  if (fits > 0 && fits < t->length) {
    room = 0;
    shorten(t, r, fits);
    return 0;
  }
  skip_call(t, r, -ENOSPC);
  return 1;
}

static int begin(Thread *t, Regs *r) {
  classify(t, r);
  if (t->kind == NONE || killed) return 0;
  if (data_file && t->kind == COPY) {  /* the program then writes what it would have copied */
    skip_call(t, r, r->orig_rax == SYS_sendfile ? -EINVAL : -ENOSYS);
    t->kind = NONE;
    return 1;
  }
  t->number = ++count;
  t->entered = ended;
  if (kill_at == count) {
    if (t->kind == WRITE && cut_bytes > 0 && (u64)cut_bytes < t->length) shorten(t, r, (u64)cut_bytes);
    else if (!kill_after) { strike(); return 0; }
    return 1;
  }
  if (short_at == count && (t->kind == WRITE || t->kind == COPY) && t->length > 1) {
    shortened = 1;
    shorten(t, r, t->length / 2);
    return 1;
  }
  if (fail_at && (count == fail_at || (fail_forever && count > fail_at))) {
    failed++;
    skip_call(t, r, -fail_errno);
    return 1;
  }
  return full_disk(t, r) || log_file != NULL;
}

static void record(Thread *t, long result) {
  if (!log_file || t->kind == NONE) return;
  u64 ino = t->ino, length = t->length;
  if (t->kind == CREATE && result >= 0) {
    struct stat s;
    if (stat_fd(t->tid, (int)result, &s)) ino = s.st_ino;
  }
  if (t->kind == WRITE && result >= 0) length = (u64)result;
  fprintf(log_file, "%ld\t%s\t%ld\t%llu\t%llu\t%llu\t%d\t%d\t%d\t%ld\t%ld\t%s\t%s\n", t->number, NAMES[t->kind], result, ino,
          t->offset, length, t->existed, t->truncates, t->synced, t->entered, data_position, t->path, t->path2);
  if (data_file && t->kind == WRITE && result > 0) {
    fwrite(t->bytes, 1, (size_t)result, data_file);
    data_position += result;
  }
  ended++;
}

static void finish(Thread *t) {
  Regs r;
  if (ptrace(PTRACE_GETREGS, t->tid, 0, &r)) return;
  if (t->skip) {
    r.rax = (u64)t->result;
    ptrace(PTRACE_SETREGS, t->tid, 0, &r);
  }
  record(t, (long)r.rax);
  if (kill_at && t->number == kill_at && t->kind != NONE) strike();
  t->skip = 0;
  t->kind = NONE;
}

/* ---- starting and following the command ---- */
static void filter_calls(void) {
  static const int calls[] = {SYS_write, SYS_pwrite64, SYS_writev, SYS_pwritev, SYS_pwritev2, SYS_fsync, SYS_fdatasync,
      SYS_ftruncate, SYS_truncate, SYS_fallocate, SYS_copy_file_range, SYS_sendfile, SYS_rename, SYS_renameat,
      SYS_renameat2, SYS_link, SYS_linkat, SYS_symlink, SYS_symlinkat, SYS_unlink, SYS_rmdir, SYS_unlinkat, SYS_mkdir,
      SYS_mkdirat, SYS_open, SYS_creat, SYS_openat, SYS_openat2};
  static const int more[] = {SYS_read, SYS_pread64, SYS_readv, SYS_preadv, SYS_flock, SYS_fcntl, SYS_stat, SYS_lstat,
      SYS_fstat, SYS_newfstatat, SYS_statx, SYS_getdents64};
  unsigned quiet = (1u << OPEN) - 2;
  int n = 0, wide = (kinds_wanted & ~quiet) != 0;
  struct sock_filter code[128];
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
  }
  for (size_t i = 0; wide && i < sizeof more / sizeof *more; i++) {
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)more[i], 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {(unsigned short)n, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) _exit(126);
}

static void start(char **command) {
  leader = fork();
  if (leader < 0) die("fork");
  if (leader == 0) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0)) _exit(126);
    raise(SIGSTOP);
    filter_calls();
    execvp(command[0], command);
    _exit(127);
  }
  int status;
  waitpid(leader, &status, __WALL);
  long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                 PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, leader, 0, options)) die("ptrace");
  int fresh;
  thread_of(leader, &fresh);
  ptrace(PTRACE_CONT, leader, 0, 0);
}

static void stopped(pid_t tid, int status) {
  int fresh = 0, signal = WSTOPSIG(status), event = status >> 16;
  Thread *t = thread_of(tid, &fresh);
  if (event == PTRACE_EVENT_SECCOMP) {
    Regs r;
    int wait_for_end = ptrace(PTRACE_GETREGS, tid, 0, &r) == 0 && begin(t, &r);
    ptrace(wait_for_end ? PTRACE_SYSCALL : PTRACE_CONT, tid, 0, 0);
  } else if (signal == (SIGTRAP | 0x80)) {
    finish(t);
    ptrace(PTRACE_CONT, tid, 0, 0);
  } else if (event || (fresh && signal == SIGSTOP)) {
    ptrace(PTRACE_CONT, tid, 0, 0);
  } else {
    ptrace(PTRACE_CONT, tid, 0, signal);
  }
}

static int follow(void) {
  int code = 125, status;
  for (;;) {
    pid_t tid = waitpid(-1, &status, __WALL);
    if (tid < 0) return code;
    if (WIFSTOPPED(status)) {
      stopped(tid, status);
      continue;
    }
    if (tid == leader) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    forget(tid);
  }
}

static void forward(int signal) {
  if (leader > 0) kill(leader, signal);
}

static unsigned parse_kinds(char *list) {
  unsigned bits = 0;
  for (char *name = strtok(list, ","); name; name = strtok(NULL, ","))
    for (int k = 1; k < KINDS; k++)
      if (!strcmp(name, NAMES[k])) bits |= 1u << k;
  return bits;
}

int main(int argc, char **argv) {
  const char *summary = NULL;
  int i = 1;
  kinds_wanted = (1u << OPEN) - 2;
  for (; i + 1 < argc && strcmp(argv[i], "--"); i += 2) {
    const char *key = argv[i];
    char *value = argv[i + 1];
    if (!strcmp(key, "--under") && folder_count < 16) folders[folder_count++] = value;
    else if (!strcmp(key, "--kinds")) kinds_wanted = parse_kinds(value);
    else if (!strcmp(key, "--kill")) kill_at = atol(value);
    else if (!strcmp(key, "--cut")) cut_bytes = atol(value);
    else if (!strcmp(key, "--kill-after")) kill_after = atoi(value);
    else if (!strcmp(key, "--fail")) fail_at = atol(value);
    else if (!strcmp(key, "--errno")) fail_errno = atoi(value);
    else if (!strcmp(key, "--forever")) fail_forever = atoi(value);
    else if (!strcmp(key, "--short")) short_at = atol(value);
    else if (!strcmp(key, "--room")) room = atol(value);
    else if (!strcmp(key, "--log")) log_file = fopen(value, "w");
    else if (!strcmp(key, "--data")) data_file = fopen(value, "w");
    else if (!strcmp(key, "--summary")) summary = value;
    else { fprintf(stderr, "tracer: %s?\n", key); return 125; }
  }
  if (i + 1 >= argc) return 125;
  signal(SIGINT, forward);
  signal(SIGTERM, forward);
  start(argv + i + 1);
  int code = follow();
  if (log_file) fclose(log_file);
  if (data_file) fclose(data_file);
  FILE *f = summary ? fopen(summary, "w") : NULL;
  if (f) {
    fprintf(f, "{\"events\": %ld, \"killed\": %ld, \"failed\": %ld, \"refused\": %ld, \"shortened\": %ld, \"code\": %d}\n",
            count, killed, failed, refused, shortened, code);
    fclose(f);
  }
  return code;
}
