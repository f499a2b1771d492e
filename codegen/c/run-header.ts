/**
 * @file `run.h`: what every compiled program for the CPU shares, as C text. Memory, threads, and the walk over dispatches; `step.c` adds the tables of one
 * plan. It needs C11 and POSIX, and knows nothing of what kernels compute.
 *
 * Threads are the program's own: they spin for a moment, yield for another and then sleep, so that a step of many short dispatches pays well under a microsecond for each, and
 * an idle model costs nothing. Groups are handed out by a counter, a few at a time, as threads come to ask: which thread computes a group never shows in the
 * result.
 */
export const runHeader = String.raw`/* Memory, threads and the walk over dispatches: the same for every model. The tables of this model are in step.c. */
#ifndef RUN_H
#define RUN_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Computes groups [group_from, group_to) of a dispatch. */
typedef void kernel(int32_t group_from, int32_t group_to, void *const *bindings);

struct buffer { size_t offset, bytes; };
struct place { int32_t buffer; size_t offset; };
struct range { int32_t buffer; size_t offset, bytes; };
/* binding: the first of its places; block: the groups of a block of rows, in a chain. */
struct dispatch { kernel *run; int32_t groups, block, binding; };

/*
 * Dispatches [first, end). Without blocks they touch nothing of each other's and run side by side. With blocks they are a chain: of each block of rows a thread runs one
 * dispatch after the other, while what they pass on is in its cache.
 */
struct phase { int32_t first, end, blocks; };

struct program {
  const struct dispatch *dispatches; int32_t dispatch_count;
  const struct phase *phases; int32_t phase_count;
  const struct place *places; int32_t place_count;
  const struct range *clears; int32_t clear_count;
};

enum { largest_alignment = 2 << 20, stack_bytes = 16 << 20, most_programs = 5, shares_per_thread = 16, spins = 200, yields_in_run = 2000, yields_after_run = 100 };

/* A dispatch is handed out in shares of so many groups; its shares are numbered from first within the phase. */
struct share { int32_t first, count, groups; };

/* A program bound to the memory of a session. */
struct replay {
  const struct program *program;
  void **bindings;
  struct share *shares;
  /* For each phase the next share to hand out. */
  atomic_int *next;
};

/* Who waits for a word to change, and has given up spinning. */
struct sleepers {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  atomic_int count;
};

struct session {
  const struct buffer *buffers;
  char *mapping, *arena;
  size_t mapped;
  struct replay replays[most_programs];
  int32_t replay_count, thread_count;
  pthread_t *threads;

  const struct replay *running; /* none: the threads end */

  /* The caller sleeps during a whole run: whoever opens a phase must not pay for waking it. */
  struct sleepers threads_asleep, caller_asleep;
  _Alignas(64) atomic_uint started;
  _Alignas(64) atomic_uint passed;
  _Alignas(64) atomic_int arrived;
  _Alignas(64) atomic_uint finished;
};

static char *memory_of(struct session *s, int32_t buffer) { return s->arena + s->buffers[buffer].offset; }

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/*
 * Waits until a word is no longer what it was. Most waits are short: spins first. Then lets others have the core, for about a millisecond in a run, and a fifth of it after one, as
 * long as a host takes between two tokens: waking a sleeper, and a core that went idle with it, costs a hundred times as much. No longer, as the system takes who yields for busy,
 * and may give another session's threads one core together.
 */
static void await_change(struct sleepers *asleep, atomic_uint *word, unsigned was, int patience) {
  for (int i = 0; i < patience; i++) {
    if (atomic_load_explicit(word, memory_order_acquire) != was) return;
    if (i < spins) relax();
    else sched_yield();
  }
  pthread_mutex_lock(&asleep->mutex);
  atomic_fetch_add(&asleep->count, 1);
  while (atomic_load(word) == was) pthread_cond_wait(&asleep->changed, &asleep->mutex);
  atomic_fetch_sub(&asleep->count, 1);
  pthread_mutex_unlock(&asleep->mutex);
}

/* Who goes to sleep counts itself before it looks at the word, who changes the word looks for sleepers after: one of the two sees the other. */
static void change(struct sleepers *asleep, atomic_uint *word) {
  atomic_fetch_add(word, 1);
  if (atomic_load(&asleep->count) == 0) return;
  pthread_mutex_lock(&asleep->mutex);
  pthread_cond_broadcast(&asleep->changed);
  pthread_mutex_unlock(&asleep->mutex);
}

static void nobody_sleeps(struct sleepers *asleep) {
  pthread_mutex_init(&asleep->mutex, NULL);
  pthread_cond_init(&asleep->changed, NULL);
}

static void forget(struct sleepers *asleep) {
  pthread_cond_destroy(&asleep->changed);
  pthread_mutex_destroy(&asleep->mutex);
}

static void run_chain(const struct replay *r, const struct phase *phase, atomic_int *next) {
  for (;;) {
    const int32_t block = atomic_fetch_add_explicit(next, 1, memory_order_relaxed);
    if (block >= phase->blocks) return;
    for (int32_t d = phase->first; d < phase->end; d++) {
      const struct dispatch *dispatch = &r->program->dispatches[d];
      const int32_t from = block * dispatch->block, to = from + dispatch->block;
      dispatch->run(from, to < dispatch->groups ? to : dispatch->groups, r->bindings + dispatch->binding);
    }
  }
}

static void run_phase(const struct replay *r, int32_t phase) {
  if (r->program->phases[phase].blocks > 0) {
    run_chain(r, &r->program->phases[phase], &r->next[phase]);
    return;
  }
  int32_t d = r->program->phases[phase].first;
  const int32_t end = r->program->phases[phase].end;
  for (;;) {
    const int32_t taken = atomic_fetch_add_explicit(&r->next[phase], 1, memory_order_relaxed);
    while (d < end && taken >= r->shares[d].first + r->shares[d].count) d++;
    if (d == end) return;
    const struct dispatch *dispatch = &r->program->dispatches[d];
    const int32_t from = (taken - r->shares[d].first) * r->shares[d].groups;
    const int32_t rest = dispatch->groups - from;
    dispatch->run(from, from + (rest < r->shares[d].groups ? rest : r->shares[d].groups), r->bindings + dispatch->binding);
  }
}

static void *work(void *argument) {
  struct session *s = argument;
  unsigned runs = 0, phases = 0;
  for (;;) {
    await_change(&s->threads_asleep, &s->started, runs++, spins + yields_after_run);
    const struct replay *r = s->running;
    if (!r) return NULL;
    for (int32_t phase = 0; phase < r->program->phase_count; phase++) {
      run_phase(r, phase);
      /* The last to arrive opens the next phase, or ends the run. */
      if (atomic_fetch_add(&s->arrived, 1) + 1 == s->thread_count) {
        atomic_store(&s->arrived, 0);
        if (phase + 1 == r->program->phase_count) change(&s->caller_asleep, &s->finished);
        change(&s->threads_asleep, &s->passed);
        phases++;
      } else {
        await_change(&s->threads_asleep, &s->passed, phases++, spins + yields_in_run);
      }
    }
  }
}

/* Runs a program from its first dispatch to its last. One call at a time. */
static void run(struct session *s, int32_t number) {
  const struct replay *r = &s->replays[number];
  const struct program *p = r->program;
  for (int32_t i = 0; i < p->clear_count; i++) memset(memory_of(s, p->clears[i].buffer) + p->clears[i].offset, 0, p->clears[i].bytes);
  if (p->phase_count == 0) return;
  for (int32_t i = 0; i < p->phase_count; i++) atomic_store_explicit(&r->next[i], 0, memory_order_relaxed);
  s->running = r;
  const unsigned finished = atomic_load(&s->finished);
  change(&s->threads_asleep, &s->started);
  /* The threads are as many as the cores: this one must not compete with them. */
  await_change(&s->caller_asleep, &s->finished, finished, 0);
}

static void end_threads(struct session *s) {
  s->running = NULL;
  change(&s->threads_asleep, &s->started);
  for (int32_t i = 0; i < s->thread_count; i++) pthread_join(s->threads[i], NULL);
}

static void release(struct session *s) {
  for (int32_t i = 0; i < s->replay_count; i++) {
    free(s->replays[i].bindings);
    free(s->replays[i].shares);
    free(s->replays[i].next);
  }
  free(s->threads);
  forget(&s->threads_asleep);
  forget(&s->caller_asleep);
  if (s->mapping) munmap(s->mapping, s->mapped);
  free(s);
}

/* Addresses of all bindings, and how many groups a thread takes at a time. Tells whether there was memory for them. */
static int bind(struct session *s, const struct program *p) {
  struct replay *r = &s->replays[s->replay_count++];
  r->program = p;
  r->bindings = malloc(sizeof(void *) * (size_t)(p->place_count + 1));
  r->shares = malloc(sizeof(struct share) * (size_t)(p->dispatch_count + 1));
  r->next = malloc(sizeof(atomic_int) * (size_t)(p->phase_count + 1));
  if (!r->bindings || !r->shares || !r->next) return 0;
  for (int32_t i = 0; i < p->place_count; i++) r->bindings[i] = memory_of(s, p->places[i].buffer) + p->places[i].offset;
  for (int32_t phase = 0; phase < p->phase_count; phase++) {
    int32_t first = 0;
    for (int32_t d = p->phases[phase].first; d < p->phases[phase].end; d++) {
      const int32_t groups = p->dispatches[d].groups, some = groups / (s->thread_count * shares_per_thread);
      struct share *share = &r->shares[d];
      share->groups = some > 1 ? some : 1;
      share->first = first;
      share->count = (groups + share->groups - 1) / share->groups;
      first += share->count;
    }
  }
  return 1;
}

/* All buffers in one piece of zeroed memory, in large pages where the system has them. */
static int reserve_memory(struct session *s, size_t bytes) {
  s->mapped = bytes + largest_alignment;
  s->mapping = mmap(NULL, s->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (s->mapping == MAP_FAILED) {
    s->mapping = NULL;
    return 0;
  }
  s->arena = (char *)(((uintptr_t)s->mapping + largest_alignment - 1) & ~(uintptr_t)(largest_alignment - 1));
#ifdef MADV_HUGEPAGE
  madvise(s->arena, bytes, MADV_HUGEPAGE);
#endif
  return 1;
}

static int start_threads(struct session *s, int32_t wanted) {
  s->threads = malloc(sizeof(pthread_t) * (size_t)wanted);
  if (!s->threads) return 0;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  int32_t made = 0;
  while (made < wanted && pthread_create(&s->threads[made], &attributes, work, s) == 0) made++;
  pthread_attr_destroy(&attributes);
  if (made == wanted) return 1;
  s->thread_count = made;
  end_threads(s);
  return 0;
}

/* The session in out. Otherwise tells what there was too little of: 1 memory, 2 threads. */
static int open_session(const struct buffer *buffers, size_t bytes, const struct program *programs, int32_t program_count, int32_t threads, void **out) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, sizeof(struct session)) != 0) return 1;
  struct session *s = memset(memory, 0, sizeof(struct session));
  s->buffers = buffers;
  s->thread_count = threads;
  nobody_sleeps(&s->threads_asleep);
  nobody_sleeps(&s->caller_asleep);
  int enough = reserve_memory(s, bytes);
  for (int32_t i = 0; enough && i < program_count; i++) enough = bind(s, &programs[i]);
  const int started = enough && start_threads(s, threads);
  if (!started) {
    release(s);
    return enough ? 2 : 1;
  }
  *out = s;
  return 0;
}

#define EXPORT __attribute__((visibility("default")))

/* No program may run meanwhile. */
EXPORT void llmc_close(void *session) {
  end_threads(session);
  release(session);
}

EXPORT void llmc_write(void *session, int32_t buffer, size_t offset, const void *values, size_t bytes) { memcpy(memory_of(session, buffer) + offset, values, bytes); }
EXPORT void llmc_read(void *session, int32_t buffer, size_t offset, void *values, size_t bytes) { memcpy(values, memory_of(session, buffer) + offset, bytes); }
EXPORT void llmc_clear(void *session, int32_t buffer) { memset(memory_of(session, buffer), 0, ((struct session *)session)->buffers[buffer].bytes); }

#endif
`;
