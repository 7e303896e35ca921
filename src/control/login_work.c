/* SPDX-License-Identifier: Apache-2.0 */
#include "control/login_work.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/secret.h"
#include "control/secret_hash.h"
#include "host/os.h"

#define NICER 10
#define ENTRY_MAX (1u << 20) /* bytes of a user's entry */

struct login_job {
	STAILQ_ENTRY(login_job) entry;
	struct login_work *w;
	bool waits;		/* in todo; under lock */
	struct cfg_secret secret;
	char clear[CFG_SECRET_MAX];
	bool never;		/* there is no such secret */
	bool fits;		/* the thread's until it is in the list of those that are done */
	uid_t uid;		/* whose name is asked for */
	char name[CFG_NAME_MAX];
	int err;
	login_work_done *done;	/* the event loop's; NULL: forgotten, or no password */
	login_work_named *named; /* the same of a name */
	bool asks;		/* for a name */
	login_work_hashed *hashed; /* the same of a hash: of that type, and what came of it */
	uint8_t type, random[SECRET_SALT_RANDOM];
	char text[CFG_SECRET_MAX];
	void *ctx;
};
STAILQ_HEAD(login_jobs, login_job);

struct login_work {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct login_jobs todo, done; /* under lock */
	bool stops;		      /* under lock */
	bool runs, asks;	      /* the event loop's alone */
	pthread_t thread;
	int fd;
	struct event *event;
};

/* Takes as long as a hash of the default type does: who has no secret is not told by the time. */
static const struct cfg_secret nobody = {
	.set = true, .hashed = true, .type = SECRET_SCRYPT,
	.text = "$9$2MJBozw/9R3UsU$2lFhcKvpghcyw8deP25GOfyZaagyUOGBymkryvOdfo6",
};

static void job_free(struct login_job *j)
{
	secret_free(j, sizeof(*j));
}

static void jobs_free(struct login_jobs *v)
{
	struct login_job *j;

	while ((j = STAILQ_FIRST(v))) {
		STAILQ_REMOVE_HEAD(v, entry);
		job_free(j);
	}
}

/* 0, with the name or "" in j->name; else it could not be found out, which is not the same. */
static int look_up(struct login_job *j)
{
	struct passwd pw, *found = NULL;
	int err = ERANGE;
	char *room = NULL;

	for (size_t size = 4096; err == ERANGE && size <= ENTRY_MAX; size *= 4) {
		free(room);
		room = malloc(size);
		err = room ? getpwuid_r(j->uid, &pw, room, size, &found) : ENOMEM;
	}
	/* these, too, say that there is none (getpwuid_r(3)) */
	if (err == ENOENT || err == ESRCH || err == EBADF || err == EPERM)
		err = 0;
	if (!err && found && strlen(found->pw_name) < sizeof(j->name))
		memcpy(j->name, found->pw_name, strlen(found->pw_name) + 1);
	free(room);
	return -err;
}

static void *work(void *ctx)
{
	struct login_work *w = ctx;
	struct login_job *j;
	const uint64_t one = 1;

	(void)setpriority(PRIO_PROCESS, 0, NICER); /* Linux: of this thread */
	pthread_mutex_lock(&w->lock);
	while (!w->stops) {
		j = STAILQ_FIRST(&w->todo);
		if (!j) {
			pthread_cond_wait(&w->more, &w->lock);
			continue;
		}
		STAILQ_REMOVE_HEAD(&w->todo, entry);
		j->waits = false;
		pthread_mutex_unlock(&w->lock);
		if (j->asks)
			j->err = look_up(j);
		else if (j->type)
			j->err = secret_hash(j->type, j->clear, j->random, j->text);
		else
			j->fits = secret_fits(&j->secret, j->clear) && !j->never;
		secret_wipe(j->clear, sizeof(j->clear));
		pthread_mutex_lock(&w->lock);
		STAILQ_INSERT_TAIL(&w->done, j, entry);
		(void)!write(w->fd, &one, sizeof(one));
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *ctx)
{
	struct login_work *w = ctx;
	struct login_jobs done;
	struct login_job *j;
	uint64_t n;

	(void)what;
	(void)!read(fd, &n, sizeof(n));
	STAILQ_INIT(&done);
	pthread_mutex_lock(&w->lock);
	STAILQ_CONCAT(&done, &w->done);
	pthread_mutex_unlock(&w->lock);
	while ((j = STAILQ_FIRST(&done))) {
		STAILQ_REMOVE_HEAD(&done, entry);
		if (j->done)
			j->done(j->ctx, j->fits);
		else if (j->named)
			j->named(j->ctx, j->err ? NULL : j->name);
		else if (j->hashed)
			j->hashed(j->ctx, j->err, j->text);
		job_free(j);
	}
}

int login_work_new(struct event_base *base, struct login_work **ret_w)
{
	struct login_work *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	STAILQ_INIT(&w->todo);
	STAILQ_INIT(&w->done);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->event = w->fd < 0 ? NULL : event_new(base, w->fd, EV_READ | EV_PERSIST, on_done, w);
	if (!w->event || event_add(w->event, NULL) < 0) {
		int err = w->fd < 0 ? -errno : -ENOMEM;

		login_work_free(w);
		return err;
	}
	*ret_w = w;
	return 0;
}

/* False: it is held up by somebody else, and still needs w. */
static bool has_ended(struct login_work *w)
{
	struct timespec until;

	if (!w->asks)
		return pthread_join(w->thread, NULL) == 0;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	return pthread_timedjoin_np(w->thread, NULL, &until) == 0;
}

void login_work_free(struct login_work *w)
{
	if (!w)
		return;
	if (w->runs) {
		pthread_mutex_lock(&w->lock);
		w->stops = true;
		pthread_cond_signal(&w->more);
		pthread_mutex_unlock(&w->lock);
		if (!has_ended(w))
			return;
	}
	jobs_free(&w->todo);
	jobs_free(&w->done);
	if (w->event)
		event_free(w->event);
	if (w->fd >= 0)
		close(w->fd);
	pthread_cond_destroy(&w->more);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Signals are the event loop's. */
static bool start(struct login_work *w)
{
	sigset_t all, old;

	if (w->runs)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	w->runs = pthread_create(&w->thread, NULL, work, w) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return w->runs;
}

static struct login_job *job_new(struct login_work *w, void *ctx)
{
	struct login_job *j = start(w) ? calloc(1, sizeof(*j)) : NULL;

	if (j) {
		j->w = w;
		j->ctx = ctx;
	}
	return j;
}

static struct login_job *job_put(struct login_job *j)
{
	struct login_work *w = j->w;

	j->waits = true;
	pthread_mutex_lock(&w->lock);
	STAILQ_INSERT_TAIL(&w->todo, j, entry);
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	return j;
}

struct login_job *login_work_put(struct login_work *w, const struct cfg_secret *s, const char *clear,
				 login_work_done *done, void *ctx)
{
	struct login_job *j = job_new(w, ctx);

	if (!j)
		return NULL;
	j->never = !s || !s->set;
	j->secret = j->never ? nobody : *s;
	snprintf(j->clear, sizeof(j->clear), "%s", clear);
	j->done = done;
	return job_put(j);
}

struct login_job *login_work_hash(struct login_work *w, uint8_t type, const char *clear, login_work_hashed *done, void *ctx)
{
	struct login_job *j = job_new(w, ctx);

	if (!j)
		return NULL;
	snprintf(j->clear, sizeof(j->clear), "%s", clear);
	j->type = type;
	host_random(NULL, j->random, sizeof(j->random));
	j->hashed = done;
	return job_put(j);
}

struct login_job *login_work_name(struct login_work *w, uid_t uid, login_work_named *done, void *ctx)
{
	struct login_job *j = job_new(w, ctx);

	if (!j)
		return NULL;
	w->asks = j->asks = true;
	j->uid = uid;
	j->named = done;
	return job_put(j);
}

void login_work_forget(struct login_job *j)
{
	struct login_work *w = j ? j->w : NULL;
	bool waited;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	waited = j->waits;
	if (waited)
		STAILQ_REMOVE(&w->todo, j, login_job, entry);
	pthread_mutex_unlock(&w->lock);
	/* whoever comes and goes leaves nothing to be done before those that stay */
	if (waited) {
		job_free(j);
	} else {
		j->done = NULL;
		j->named = NULL;
		j->hashed = NULL;
	}
}
