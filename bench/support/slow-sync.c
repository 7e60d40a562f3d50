/* Loaded before the C library, it lets every flush to disk take longer, as on a disk that really flushes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

typedef int (*flush_fn)(int);

static void take_longer(void) {
  const char *setting = getenv("MC_BENCH_FLUSH_MICROSECONDS");
  long microseconds = setting ? strtol(setting, NULL, 10) : 0;
  struct timespec left = {microseconds / 1000000, (microseconds % 1000000) * 1000};
  int saved = errno;
  while (microseconds > 0 && nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
  errno = saved;
}

static int flush(const char *name, flush_fn *real, int file) {
  if (!*real) *real = (flush_fn)dlsym(RTLD_NEXT, name);
  int result = (*real)(file);
  take_longer();
  return result;
}

int fsync(int file) {
  static flush_fn real;
  return flush("fsync", &real, file);
}

int fdatasync(int file) {
  static flush_fn real;
  return flush("fdatasync", &real, file);
}
