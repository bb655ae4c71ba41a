/* Stands between a program and the system calls that change files whose path begins with DISK_PREFIX: writes down each,
   and fails or kills the program at the one that DISK_AT says. Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, SYNC, TRUNCATE, UNLINK, RENAME, LINK, LOOK };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *prefix, *action;
static size_t prefix_length;
static long at, part, count;
static int trace = -1;

#define REAL(name, ...) static __typeof__(name) *real_##name; if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name)

static ssize_t raw_write(int fd, const void *bytes, size_t length) {
    REAL(write);
    return real_write(fd, bytes, length);
}

/* No file can be locked from here on. By a filter of the kernel's, as not all calls go through this library. */
static void refuse_locks(void) {
    enum { FAIL = SECCOMP_RET_ERRNO | EIO };
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETLK, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, FAIL),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        perror("seccomp");
        _exit(99);
    }
}

__attribute__((constructor)) static void begin(void) {
    prefix = getenv("DISK_PREFIX");
    prefix_length = prefix ? strlen(prefix) : 0;
    action = getenv("DISK_DO");
    at = getenv("DISK_AT") ? atol(getenv("DISK_AT")) : -1;
    part = getenv("DISK_PART") ? atol(getenv("DISK_PART")) : 0;
    const char *path = getenv("DISK_TRACE");
    if (path) trace = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (action && !strcmp(action, "unlockable")) refuse_locks();
}

static int concerns(const char *path) {
    return prefix && path && strncmp(path, prefix, prefix_length) == 0;
}

/* The path of a descriptor, if it concerns us. */
static int path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return concerns(path);
}

/* The absolute form of a path. */
static const char *absolute(const char *path, char *space, size_t size) {
    if (path[0] == '/') return path;
    if (!getcwd(space, size)) return path;
    strncat(space, "/", size - strlen(space) - 1);
    strncat(space, path, size - strlen(space) - 1);
    return space;
}

static void record(int kind, const char *path, const char *other, int64_t offset, const void *bytes, uint64_t length) {
    if (trace < 0) return;
    uint64_t head[5] = {kind, strlen(path), other ? strlen(other) : 0, offset, length};
    raw_write(trace, head, sizeof head);
    raw_write(trace, path, head[1]);
    if (other) raw_write(trace, other, head[2]);
    if (bytes && length) raw_write(trace, bytes, length);
}

/* What is to be done with the next operation: 0 to go on, else the error to fail with. */
static int decide(int is_sync, int grows) {
    long number = count++;
    if (!action || at < 0) return 0;
    if (!strcmp(action, "kill")) {
        return number == at ? -1 : 0;
    } else if (!strcmp(action, "once")) {
        return number == at ? (is_sync ? EIO : ENOSPC) : 0;
    } else if (!strcmp(action, "full")) {
        return number >= at && grows ? ENOSPC : 0;
    } else if (!strcmp(action, "frozen")) {
        return number >= at ? EROFS : 0;
    }
    return 0;
}

/* Whether a file is not found this time. */
static int unseen(const char *name) {
    char space[4096];
    const char *path = name && action && !strcmp(action, "unseen") ? absolute(name, space, sizeof space) : 0;
    if (!concerns(path)) return 0;
    pthread_mutex_lock(&mutex);
    int failed = count++ == at;
    record(LOOK, path, 0, 0, 0, 0);
    pthread_mutex_unlock(&mutex);
    if (failed) errno = EIO;
    return failed;
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static ssize_t changed(int fd, const void *bytes, size_t length, off_t offset, int has_offset) {
    REAL(pwrite64);
    char path[4096];
    if (!path_of(fd, path, sizeof path)) {
        return has_offset ? real_pwrite64(fd, bytes, length, offset) : raw_write(fd, bytes, length);
    }
    pthread_mutex_lock(&mutex);
    struct stat stat;
    fstat(fd, &stat);
    off_t place = offset;
    if (!has_offset) place = fcntl(fd, F_GETFL) & O_APPEND ? stat.st_size : lseek(fd, 0, SEEK_CUR);
    int failure = decide(0, place + (off_t)length > stat.st_size);
    ssize_t result;
    if (failure == -1) {
        size_t some = part < 0 ? 0 : (size_t)part < length ? (size_t)part : length;
        if (some) record(WRITE, path, 0, place, bytes, some);
        if (some) { if (has_offset) real_pwrite64(fd, bytes, some, offset); else raw_write(fd, bytes, some); }
        die();
    }
    if (failure) {
        pthread_mutex_unlock(&mutex);
        errno = failure;
        return -1;
    }
    record(WRITE, path, 0, place, bytes, length);
    result = has_offset ? real_pwrite64(fd, bytes, length, offset) : raw_write(fd, bytes, length);
    pthread_mutex_unlock(&mutex);
    return result;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    if (fd == 1 || fd == 2 || fd == trace) return raw_write(fd, bytes, length);
    return changed(fd, bytes, length, 0, 0);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return changed(fd, bytes, length, offset, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return changed(fd, bytes, length, offset, 1); }

/* Everything else that changes a file: decided, written down, done. */
#define CHANGE(kind, is_sync, path, other, length, call) do { \
        pthread_mutex_lock(&mutex); \
        int failure = decide(is_sync, 0); \
        if (failure == -1) die(); \
        if (failure) { pthread_mutex_unlock(&mutex); errno = failure; return -1; } \
        int result = (call); \
        int error = errno; \
        if (result == 0) record(kind, path, other, length, 0, 0); \
        pthread_mutex_unlock(&mutex); \
        errno = error; \
        return result; \
    } while (0)

int fsync(int fd) {
    REAL(fsync);
    char path[4096];
    /* The folder is the prefix without the file's name. */
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return real_fsync(fd);
    path[length] = 0;
    int is_folder = prefix && strncmp(path, prefix, length) == 0 && prefix[length] == '/' && !strchr(prefix + length + 1, '/');
    if (!concerns(path) && !is_folder) return real_fsync(fd);
    CHANGE(SYNC, 1, path, 0, 0, real_fsync(fd));
}
int fdatasync(int fd) { return fsync(fd); }

static int cut(int fd, off64_t length) {
    REAL(ftruncate64);
    char path[4096];
    if (!path_of(fd, path, sizeof path)) return real_ftruncate64(fd, length);
    CHANGE(TRUNCATE, 0, path, 0, length, real_ftruncate64(fd, length));
}
int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

static int removed(const char *name) {
    REAL(unlink);
    char space[4096];
    const char *path = absolute(name, space, sizeof space);
    if (!concerns(path) || access(path, F_OK) != 0) return real_unlink(name);
    CHANGE(UNLINK, 0, path, 0, 0, real_unlink(name));
}
int unlink(const char *name) { return removed(name); }
int remove(const char *name) {
    REAL(remove);
    char space[4096];
    return concerns(absolute(name, space, sizeof space)) ? removed(name) : real_remove(name);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    char one[4096], two[4096];
    const char *source = absolute(from, one, sizeof one), *target = absolute(to, two, sizeof two);
    if (!concerns(source)) return real_rename(from, to);
    CHANGE(RENAME, 0, source, target, 0, real_rename(from, to));
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL(linkat);
    char one[4096], two[4096];
    const char *source = absolute(from, one, sizeof one), *target = absolute(to, two, sizeof two);
    if (!concerns(source)) return real_linkat(a, from, b, to, flags);
    CHANGE(LINK, 0, source, target, 0, real_linkat(a, from, b, to, flags));
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

static int opened(int folder, const char *name, int flags, mode_t mode) {
    REAL(openat64);
    char space[4096];
    const char *path = absolute(name, space, sizeof space);
    if (!(flags & O_CREAT) || !concerns(path) || access(path, F_OK) == 0) return real_openat64(folder, name, flags, mode);
    pthread_mutex_lock(&mutex);
    int failure = decide(0, 0);
    if (failure == -1) die();
    int fd = -1;
    if (failure) {
        errno = failure;
    } else {
        fd = real_openat64(folder, name, flags, mode);
        if (fd >= 0) record(CREATE, path, 0, 0, 0, 0);
    }
    int error = errno;
    pthread_mutex_unlock(&mutex);
    errno = error;
    return fd;
}
#define MODE() mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }
int open(const char *name, int flags, ...) { MODE() return opened(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE() return opened(AT_FDCWD, name, flags, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE() return opened(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE() return opened(folder, name, flags, mode); }

int stat(const char *name, struct stat *found) {
    REAL(stat);
    return unseen(name) ? -1 : real_stat(name, found);
}
int stat64(const char *name, struct stat64 *found) {
    REAL(stat64);
    return unseen(name) ? -1 : real_stat64(name, found);
}
int statx(int folder, const char *name, int flags, unsigned mask, struct statx *found) {
    REAL(statx);
    return unseen(name) ? -1 : real_statx(folder, name, flags, mask, found);
}
