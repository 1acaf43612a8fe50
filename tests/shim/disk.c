/*
 * A disk that can lose power, fill up, hang, lie, or be slow: preloaded into the server (LD_PRELOAD) by tests.
 *
 * Every change to a file directly in WORKMILL_DISK_DIR is noted in WORKMILL_DISK_LOG before it is made, with the
 * bytes it replaces: `<file>.undo` for contents, `directory.undo` for files that appear, vanish or change their name.
 * A sync of a file (or of the directory) that succeeded empties the note. So whatever is noted when the process is
 * killed is what a loss of power could take; tests/src/power.rs takes it.
 *
 * Files say what is wrong with the disk while they exist. WORKMILL_DISK_FULL: nothing in the directory may grow (ENOSPC
 * after as much as fits). WORKMILL_DISK_SICK: syncs fail (EIO). WORKMILL_DISK_HUNG: syncs do not come to an end before
 * it vanishes; if it is not empty, writes neither. WORKMILL_DISK_FATAL holds a number: the process is
 * killed at that many changes of files that are no write-ahead logs, so in the middle of a checkpoint.
 * With WORKMILL_DISK_LIES set, syncs do nothing and say that they succeeded. WORKMILL_DISK_SLOW is how many microseconds
 * longer they take.
 *
 * Files whose name ends in `-shm` are rebuilt from the others and are mapped into memory: they are not noted.
 * All calls to the system are made directly, so that nothing here calls itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, RESIZE = 2, CREATE = 3, UNLINK = 4, RENAME = 5 };

/* One record: this, then `before_bytes` of what was there, then `after_bytes` of what comes. */
struct record {
    uint32_t magic;
    uint32_t kind;
    uint64_t serial;
    uint64_t offset;
    uint64_t size_before;
    uint64_t before_bytes;
    uint64_t after_bytes;
};

#define MAGIC 0x314b5344u /* "DSK1" */
#define DIRECTORY "directory"

/* One change at a time: the notes of a file must be in the order of its changes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t serial;
static const char *disk_dir, *log_dir, *full_file, *sick_file, *hung_file, *fatal_file;
static int lies;
static useconds_t slower_us;

__attribute__((constructor)) static void begin(void) {
    disk_dir = getenv("WORKMILL_DISK_DIR");
    log_dir = getenv("WORKMILL_DISK_LOG");
    full_file = getenv("WORKMILL_DISK_FULL");
    sick_file = getenv("WORKMILL_DISK_SICK");
    hung_file = getenv("WORKMILL_DISK_HUNG");
    fatal_file = getenv("WORKMILL_DISK_FATAL");
    lies = getenv("WORKMILL_DISK_LIES") != NULL;
    const char *slow = getenv("WORKMILL_DISK_SLOW");
    slower_us = slow == NULL ? 0 : atoi(slow);
}

static void die(const char *why) {
    syscall(SYS_write, 2, why, strlen(why));
    abort();
}

static int ends_with(const char *text, const char *end) {
    size_t text_bytes = strlen(text), end_bytes = strlen(end);
    return text_bytes >= end_bytes && strcmp(text + text_bytes - end_bytes, end) == 0;
}

/* The name of a path directly in the directory, or NULL. */
static const char *name_of_path(const char *path) {
    if (disk_dir == NULL || log_dir == NULL) return NULL;
    size_t dir_bytes = strlen(disk_dir);
    if (strncmp(path, disk_dir, dir_bytes) != 0 || path[dir_bytes] != '/') return NULL;
    const char *name = path + dir_bytes + 1;
    return *name == 0 || strchr(name, '/') != NULL || ends_with(name, " (deleted)") ? NULL : name;
}

static int is_noted(const char *name) { return !ends_with(name, "-shm"); }

/* The name of an open file or of the directory itself; NULL if it is neither. `path` holds it. */
static const char *name_of_fd(int fd, char *path) {
    struct stat stat;
    char link[32];
    if (disk_dir == NULL || fstat(fd, &stat) != 0) return NULL;
    if (!S_ISREG(stat.st_mode) && !S_ISDIR(stat.st_mode)) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long bytes = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX);
    if (bytes < 0) return NULL;
    path[bytes] = 0;
    return S_ISDIR(stat.st_mode) ? (strcmp(path, disk_dir) == 0 ? DIRECTORY : NULL) : name_of_path(path);
}

static int is_file(const char *name) { return name != NULL && strcmp(name, DIRECTORY) != 0; }

static int exists(const char *path) { return path != NULL && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0; }

/* Waits until the disk does not hang. */
static void wait_while_hung(int is_sync) {
    int error = errno;
    struct stat stat;
    while (hung_file != NULL && syscall(SYS_newfstatat, AT_FDCWD, hung_file, &stat, 0) == 0 &&
           (is_sync || stat.st_size > 0))
        usleep(2000);
    errno = error;
}

/* Kills the process if this is the change it must not survive. */
static void die_if_fatal(const char *name) {
    static int changes;
    char text[16] = {0};
    if (ends_with(name, "-wal") || !exists(fatal_file)) return;
    int file = syscall(SYS_openat, AT_FDCWD, fatal_file, O_RDONLY | O_CLOEXEC);
    long bytes = syscall(SYS_read, file, text, sizeof text - 1);
    syscall(SYS_close, file);
    if (bytes > 0 && ++changes >= atoi(text)) kill(getpid(), SIGKILL);
}

static void log_path(char *path, const char *name) {
    if (snprintf(path, PATH_MAX, "%s/%s.undo", log_dir, name) >= PATH_MAX) die("disk shim: path too long\n");
}

/* Appends a record; `after` may have any number of parts. */
static void note(const char *name, struct record record, const void *before, const struct iovec *after, int parts) {
    char path[PATH_MAX];
    log_path(path, name);
    int log = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct iovec all[2 + IOV_MAX];
    if (log < 0 || parts > IOV_MAX - 2) die("disk shim: cannot open a log\n");
    record.magic = MAGIC;
    record.serial = ++serial;
    size_t bytes = sizeof record + record.before_bytes + record.after_bytes;
    all[0] = (struct iovec){&record, sizeof record};
    all[1] = (struct iovec){(void *)before, record.before_bytes};
    memcpy(all + 2, after, parts * sizeof *after);
    if (syscall(SYS_writev, log, all, 2 + parts) != (long)bytes) die("disk shim: cannot write a log\n");
    syscall(SYS_close, log);
}

static void forget(const char *name) {
    char path[PATH_MAX];
    log_path(path, name);
    syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* Notes that `bytes` from `offset` are about to be replaced. */
static void note_write(const char *name, int fd, uint64_t offset, const struct iovec *after, int parts, size_t bytes) {
    struct stat stat;
    if (fstat(fd, &stat) != 0) die("disk shim: fstat failed\n");
    uint64_t size = stat.st_size, before_bytes = 0;
    void *before = NULL;
    if (offset < size && bytes > 0) {
        before_bytes = size - offset < bytes ? size - offset : bytes;
        before = malloc(before_bytes);
        /* The caller's descriptor may be for writing only. */
        char link[32];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        int reader = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
        if (reader < 0 || syscall(SYS_pread64, reader, before, before_bytes, offset) != (long)before_bytes)
            die("disk shim: cannot read what is replaced\n");
        syscall(SYS_close, reader);
    }
    struct record record = {.kind = after ? WRITE : RESIZE, .offset = offset, .size_before = size,
                            .before_bytes = before_bytes, .after_bytes = after ? bytes : 0};
    note(name, record, before, after, after ? parts : 0);
    free(before);
}

static size_t total(const struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
    return bytes;
}

static uint64_t size_of(int fd) {
    struct stat stat;
    return fstat(fd, &stat) == 0 ? (uint64_t)stat.st_size : 0;
}

/* How many of the bytes fit on the disk. */
static size_t room(int fd, uint64_t offset, size_t bytes) {
    if (!exists(full_file)) return bytes;
    uint64_t size = size_of(fd);
    if (offset >= size) return 0;
    return size - offset < bytes ? size - offset : bytes;
}

/* A write at `offset`; at the descriptor's own position if that is negative. */
static ssize_t change(int fd, const struct iovec *parts, int count, off_t offset) {
    char path[PATH_MAX];
    const char *name = name_of_fd(fd, path);
    size_t bytes = total(parts, count);
    ssize_t written;
    if (!is_file(name) || bytes == 0)
        return offset < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, offset, 0);
    wait_while_hung(0);
    pthread_mutex_lock(&lock);
    if (is_noted(name)) die_if_fatal(name);
    uint64_t at = offset;
    if (offset < 0) at = fcntl(fd, F_GETFL) & O_APPEND ? size_of(fd) : (uint64_t)lseek(fd, 0, SEEK_CUR);
    size_t fitting = room(fd, at, bytes);
    if (fitting == 0) {
        errno = ENOSPC;
        written = -1;
    } else {
        /* What is cut off a full disk's write must be a single part; nobody here writes more. */
        struct iovec first = {parts[0].iov_base, fitting < parts[0].iov_len ? fitting : parts[0].iov_len};
        if (fitting < bytes) parts = &first, count = 1;
        if (is_noted(name)) note_write(name, fd, at, parts, count, total(parts, count));
        written = offset < 0 ? syscall(SYS_writev, fd, parts, count)
                             : syscall(SYS_pwritev, fd, parts, count, offset, 0);
    }
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    struct iovec part = {(void *)bytes, count};
    return change(fd, &part, 1, -1);
}
ssize_t writev(int fd, const struct iovec *parts, int count) { return change(fd, parts, count, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    struct iovec part = {(void *)bytes, count};
    return change(fd, &part, 1, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) { return pwrite(fd, bytes, count, offset); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return change(fd, parts, count, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
    return change(fd, parts, count, offset);
}

/* Copies within the kernel are not made onto this disk: whoever wants one reads and writes. */
static int is_copied_here(int to) {
    char path[PATH_MAX];
    return is_file(name_of_fd(to, path));
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t count, unsigned flags) {
    if (!is_copied_here(to)) return syscall(SYS_copy_file_range, from, from_at, to, to_at, count, flags);
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile64(int to, int from, off64_t *from_at, size_t count) {
    if (!is_copied_here(to)) return syscall(SYS_sendfile, to, from, from_at, count);
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile(int to, int from, off_t *from_at, size_t count) { return sendfile64(to, from, from_at, count); }

/* A change of size to `size`, by one system call. */
static int resize(int fd, uint64_t size, long call, int mode, off_t offset, off_t bytes) {
    char path[PATH_MAX];
    const char *name = name_of_fd(fd, path);
    int grown = is_file(name) && size > size_of(fd);
    int result;
    pthread_mutex_lock(&lock);
    if (grown && exists(full_file)) {
        errno = ENOSPC;
        result = -1;
    } else {
        uint64_t size_now = size_of(fd);
        if (is_file(name) && is_noted(name))
            note_write(name, fd, size, NULL, 0, size < size_now ? size_now - size : 0);
        result = call == SYS_ftruncate ? syscall(call, fd, size) : syscall(call, fd, mode, offset, bytes);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t size) { return resize(fd, size, SYS_ftruncate, 0, 0, 0); }
int ftruncate64(int fd, off64_t size) { return resize(fd, size, SYS_ftruncate, 0, 0, 0); }

int fallocate(int fd, int mode, off_t offset, off_t bytes) {
    uint64_t size = size_of(fd), end = offset + bytes;
    return resize(fd, mode == 0 && end > size ? end : size, SYS_fallocate, mode, offset, bytes);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t bytes) { return fallocate(fd, mode, offset, bytes); }
int posix_fallocate(int fd, off_t offset, off_t bytes) {
    return fallocate(fd, 0, offset, bytes) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t offset, off64_t bytes) { return posix_fallocate(fd, offset, bytes); }

/* Half of what a slow sync takes longer. */
static void dawdle(void) {
    int error = errno;
    if (slower_us > 0) usleep(slower_us / 2);
    errno = error;
}

static int sync_with(int fd, long call) {
    char path[PATH_MAX];
    const char *name = name_of_fd(fd, path);
    if (name == NULL) return syscall(call, fd);
    wait_while_hung(1);
    if (lies) return 0;
    if (exists(sick_file)) {
        errno = EIO;
        return -1;
    }
    /* What was answered before its sync could still be lost. */
    dawdle();
    /* Nothing may be written between the sync and the end of its note. */
    pthread_mutex_lock(&lock);
    int result = syscall(call, fd);
    if (result == 0) forget(name);
    pthread_mutex_unlock(&lock);
    /* What is written meanwhile is not synced, and stays noted. */
    dawdle();
    return result;
}

int fsync(int fd) { return sync_with(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_with(fd, SYS_fdatasync); }

/* Notes a change of the directory. */
static void note_names(enum kind kind, const char *from, const char *to) {
    struct iovec after = {(void *)to, strlen(to)};
    struct record record = {.kind = kind, .before_bytes = strlen(from), .after_bytes = strlen(to)};
    note(DIRECTORY, record, from, &after, 1);
}

/* Keeps a file that is about to vanish, with its notes, under a new name in the log directory. */
static void keep(const char *path, const char *name) {
    char kept_name[64], kept[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
    snprintf(kept_name, sizeof kept_name, "kept-%llu", (unsigned long long)serial);
    if (snprintf(kept, sizeof kept, "%s/%s", log_dir, kept_name) >= PATH_MAX) die("disk shim: path too long\n");
    /* A process that was killed between this and its note has left a file that nobody knows of. */
    syscall(SYS_unlinkat, AT_FDCWD, kept, 0);
    if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, kept, 0) != 0) die("disk shim: cannot keep a file\n");
    log_path(from, name);
    log_path(to, kept_name);
    syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    note_names(UNLINK, name, kept_name);
}

int unlink(const char *path) {
    const char *name = name_of_path(path);
    if (name == NULL || !is_noted(name) || !exists(path)) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    keep(path, name);
    int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to) {
    const char *old_name = name_of_path(from), *new_name = name_of_path(to);
    if (old_name == NULL || new_name == NULL) return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    char old_log[PATH_MAX], new_log[PATH_MAX];
    pthread_mutex_lock(&lock);
    if (exists(to)) keep(to, new_name);
    note_names(RENAME, old_name, new_name);
    log_path(old_log, old_name);
    log_path(new_log, new_name);
    syscall(SYS_renameat2, AT_FDCWD, old_log, AT_FDCWD, new_log, 0);
    int result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    pthread_mutex_unlock(&lock);
    return result;
}

static int open_with(int dir, const char *path, int flags, mode_t mode) {
    const char *name = dir == AT_FDCWD || path[0] == '/' ? name_of_path(path) : NULL;
    if (name == NULL || !is_noted(name) || !(flags & (O_CREAT | O_TRUNC)))
        return syscall(SYS_openat, dir, path, flags, mode);
    pthread_mutex_lock(&lock);
    int is_new = !exists(path);
    if (is_new && (flags & O_CREAT)) note_names(CREATE, name, "");
    int fd = syscall(SYS_openat, dir, path, flags & ~O_TRUNC, mode);
    if (fd >= 0 && !is_new && (flags & O_TRUNC)) {
        note_write(name, fd, 0, NULL, 0, size_of(fd));
        if (syscall(SYS_ftruncate, fd, 0) != 0) die("disk shim: cannot truncate\n");
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE_OF(flags, mode)             \
    mode_t mode = 0;                     \
    if ((flags) & O_CREAT) {              \
        va_list rest;                    \
        va_start(rest, flags);           \
        mode = va_arg(rest, mode_t);     \
        va_end(rest);                    \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_with(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_with(AT_FDCWD, path, flags, mode);
}
int openat(int dir, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_with(dir, path, flags, mode);
}
int openat64(int dir, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_with(dir, path, flags, mode);
}
