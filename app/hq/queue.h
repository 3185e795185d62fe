/* app/hq/queue.h: work that blocks, done in libuv's pool one after the other, in order.
 *
 * Work of one kind that waits side by side may be done together: the pushes of many terminals share
 * one transaction, so one disk sync.
 *
 * Memory   a job belongs to whoever added it, until and after its `done`.
 * Blocking nothing here blocks; `run` does, on a pool thread.
 * Threads  the loop's thread; `run` on the pool, never two at a time. */
#ifndef TALLY_HQ_QUEUE_H
#define TALLY_HQ_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum { HQ_QUEUE_TOGETHER_MAX = 64 };

struct hq_job;

struct hq_job_kind {
    size_t together_max; /* 1: alone; at most HQ_QUEUE_TOGETHER_MAX */
    void (*run)(void *context, struct hq_job **jobs, size_t count); /* on a pool thread */
    void (*done)(void *context, struct hq_job *job);                /* on the loop's */
};

/* The head of a job's own struct. */
struct hq_job {
    const struct hq_job_kind *kind;
    struct hq_job *next;
};

struct hq_queue {
    uv_loop_t *loop;
    void *context;
    struct hq_job *first, *last;
    struct hq_job *running[HQ_QUEUE_TOGETHER_MAX];
    size_t running_count;
    uv_work_t work;
    void (*on_idle)(void *context); /* nothing runs or waits any more; it may free the queue */
};

void hq_queue_start(struct hq_queue *queue, uv_loop_t *loop, void (*on_idle)(void *context),
                    void *context);
bool hq_queue_is_idle(const struct hq_queue *queue);
void hq_queue_add(struct hq_queue *queue, struct hq_job *job);

#endif
