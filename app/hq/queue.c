/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of blocking work: one request to the pool at a time. */
#include "app/hq/queue.h"

#include <assert.h>

static void next(struct hq_queue *queue);

static void on_work(uv_work_t *work)
{
    struct hq_queue *queue = work->data;
    queue->running[0]->kind->run(queue->context, queue->running, queue->running_count);
}

static void on_worked(uv_work_t *work, int cancelled)
{
    struct hq_queue *queue = work->data;
    assert(cancelled == 0); /* nobody cancels */
    (void)cancelled;
    for (size_t i = 0; i < queue->running_count; i++) {
        struct hq_job *job = queue->running[i];
        job->kind->done(queue->context, job);
    }
    queue->running_count = 0;
    next(queue);
    if (hq_queue_is_idle(queue)) {
        queue->on_idle(queue->context); /* last: it may free the queue */
    }
}

bool hq_queue_is_idle(const struct hq_queue *queue)
{
    return queue->running_count == 0 && queue->first == NULL;
}

/* Starts what waits, unless something runs. */
static void next(struct hq_queue *queue)
{
    if (queue->running_count > 0 || queue->first == NULL) {
        return;
    }
    const struct hq_job_kind *kind = queue->first->kind;
    assert(kind->together_max <= HQ_QUEUE_TOGETHER_MAX);
    while (queue->first != NULL && queue->first->kind == kind &&
           queue->running_count < kind->together_max) {
        struct hq_job *job = queue->first;
        queue->first = job->next;
        job->next = NULL;
        queue->running[queue->running_count++] = job;
    }
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    int result = uv_queue_work(queue->loop, &queue->work, on_work, on_worked);
    assert(result == 0); /* fails only without a callback */
    (void)result;
}

void hq_queue_start(struct hq_queue *queue, uv_loop_t *loop, void (*on_idle)(void *context),
                    void *context)
{
    *queue = (struct hq_queue){.loop = loop, .on_idle = on_idle, .context = context};
    queue->work.data = queue;
}

void hq_queue_add(struct hq_queue *queue, struct hq_job *job)
{
    job->next = NULL;
    if (queue->last != NULL) {
        queue->last->next = job;
    } else {
        queue->first = job;
    }
    queue->last = job;
    next(queue);
}
