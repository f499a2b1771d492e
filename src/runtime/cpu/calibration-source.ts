/**
 * @file C that finds out what this processor can do at best: fused multiply-adds in registers, and reading memory. Independent of the compiler's own kernels,
 * so that they can be measured against it.
 */

/** Independent chains, so that none waits for its predecessor: as many as fit into the registers beside the two factors. */
const chains = (count: number, text: (chain: number) => string): string =>
  Array.from({ length: count }, (_, chain) => text(chain)).join(" ");

const work = (count: number): string => `
enum { chains = ${count} };
static float multiply(long rounds) {
  volatile float a = 0.5f, b = 1.0f;
  Vector x = {0}, y = {0};
  x += a; y += b;
  Vector ${Array.from({ length: count }, (_, chain) => `c${chain} = y * ${chain + 1}`).join(", ")};
  for (long i = 0; i < rounds; i++) { ${chains(count, (chain) => `c${chain} = c${chain} * x + y;`)} }
  return (${Array.from({ length: count }, (_, chain) => `c${chain}`).join(" + ")})[0];
}`;

export const calibrationSource = `#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#if defined(__AVX512F__)
typedef float Vector __attribute__((vector_size(64)));
#elif defined(__AVX__)
typedef float Vector __attribute__((vector_size(32)));
#else
typedef float Vector __attribute__((vector_size(16)));
#endif
enum { lanes = sizeof(Vector) / sizeof(float) };
#if defined(__AVX512F__) || defined(__aarch64__)
${work(24)}
#else
${work(12)}
#endif

/* Named sums: an array of them might stay in memory. */
static float sum(const Vector *from, size_t count) {
  Vector s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, s4 = {0}, s5 = {0}, s6 = {0}, s7 = {0};
  for (size_t i = 0; i + 8 <= count; i += 8) {
    s0 += from[i]; s1 += from[i + 1]; s2 += from[i + 2]; s3 += from[i + 3];
    s4 += from[i + 4]; s5 += from[i + 5]; s6 += from[i + 6]; s7 += from[i + 7];
  }
  return (s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7)[0];
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct { int threads; atomic_int *ready; double seconds, rate; char *memory; size_t bytes; float result; } Task;

/* Every thread starts when all are there and counts its own work over its own time. */
static void *run(void *argument) {
  Task *task = argument;
  float *memory = (float *)task->memory;
  for (size_t i = 0; i < task->bytes / sizeof(float); i++) memory[i] = 1.0f;
  atomic_fetch_add(task->ready, 1);
  while (atomic_load(task->ready) < task->threads) {}
  double start = now(), taken = 0, done = 0;
  while (taken < task->seconds) {
    if (task->bytes > 0) {
      task->result += sum((const Vector *)task->memory, task->bytes / sizeof(Vector));
      done += (double)task->bytes;
    } else {
      task->result += multiply(100000);
      done += 100000.0 * chains * lanes * 2;
    }
    taken = now() - start;
  }
  task->rate = done / taken;
  return NULL;
}

/* FLOP/s of so many threads or, with memory, bytes/s; 0 if the system does not give them. */
static double measure(int threads, double seconds, char *memory, size_t bytes) {
  pthread_t *handles = calloc((size_t)threads, sizeof *handles);
  Task *tasks = calloc((size_t)threads, sizeof *tasks);
  atomic_int ready = 0;
  double rate = 0;
  int started = 0;
  for (; handles && tasks && started < threads; started++) {
    tasks[started] = (Task){.threads = threads, .ready = &ready, .seconds = seconds, .memory = memory ? memory + bytes * (size_t)started : NULL, .bytes = bytes};
    if (pthread_create(&handles[started], NULL, run, &tasks[started])) break;
  }
  /* Those that were started wait for the others. */
  atomic_fetch_add(&ready, threads - started);
  for (int i = 0; i < started; i++) {
    pthread_join(handles[i], NULL);
    rate += tasks[i].rate;
  }
  free(handles);
  free(tasks);
  return started == threads ? rate : 0;
}

EXPORT double llmc_multiply_rate(int threads, double seconds) { return measure(threads, seconds, NULL, 0); }

/* Bytes are far more than caches hold. */
EXPORT double llmc_read_rate(int threads, double seconds, double total) {
  size_t part = (size_t)(total / threads) / 4096 * 4096, bytes = part * (size_t)threads;
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (memory == MAP_FAILED) return 0;
#ifdef MADV_HUGEPAGE
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  double rate = measure(threads, seconds, memory, part);
  munmap(memory, bytes);
  return rate;
}

EXPORT void llmc_nothing(void) {}
`;
