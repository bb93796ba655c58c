/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/stop/stop.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

static void stop_destroy(struct stop *stop)
{
	stop_clear_commands(stop);
	expr_unref(stop->cond);
	free(stop->location);
	free(stop->cond_text);
	free(stop->why);
	free(stop);
}

void stop_clear_commands(struct stop *stop)
{
	for (size_t i = 0; i < stop->commands.len; i++)
		free(stop->commands.data[i]);
	vec_free(&stop->commands);
	stop->silent = false;
}

static void stop_disarm(struct stop *stop, struct target *target)
{
	struct stop_status status;

	if (stop->life == STOP_ARMED && target) {
		stop_get_status(stop, target, &status);
		stop->spec.ignore = stop_ignore_left(stop, target);
		stop->hits_before = stop->ignore_base = status.hits;
		error_destroy(target_stop_disarm(target, stop->id));
	}
	stop->life = STOP_IDLE;
}

static struct error *stop_arm(struct stop *stop, struct target *target)
{
	struct error *error;

	free(stop->why);
	stop->why = NULL;
	stop->spec.cond = stop->cond;
	error = target_stop_arm(target, &stop->spec);
	stop->life = error ? STOP_PENDING : STOP_ARMED;
	if (error)
		stop->why = xstrdup(error_message(error));
	return error;
}

void stop_list_disarm(struct stop_list *list, struct target *target)
{
	for (size_t i = 0; i < list->stops.len; i++)
		stop_disarm(list->stops.data[i], target);
}

void stop_move(struct stop *stop, struct target *target, const uint64_t *addr)
{
	stop_disarm(stop, target);
	if (addr)
		stop->spec.addr = *addr;
	stop->unresolved = !addr;
	if (!addr)
		stop->life = STOP_PENDING;
}

void stop_list_arm(struct stop_list *list, struct target *target)
{
	if (!target)
		return;
	for (size_t i = 0; i < list->stops.len; i++) {
		struct stop *stop = list->stops.data[i];

		if (stop->enabled && stop->life != STOP_ARMED && !stop->unresolved)
			error_destroy(stop_arm(stop, target));
	}
}

void stop_list_deinit(struct stop_list *list, struct target *target)
{
	stop_list_disarm(list, target);
	for (size_t i = 0; i < list->stops.len; i++)
		stop_destroy(list->stops.data[i]);
	vec_free(&list->stops);
}

struct error *stop_add(struct stop_list *list, struct target *target, const struct stop_spec *spec,
		       const char *location, const char *cond_text, struct expr_prog *cond,
		       bool pending_ok, struct stop **ret)
{
	struct stop *stop = xcalloc(1, sizeof(*stop));
	struct error *error;

	stop->spec = *spec;
	stop->id = spec->id ? spec->id : list->next_id + 1;
	stop->spec.id = stop->id;
	stop->enabled = true;
	stop->location = xstrdup(location);
	stop->cond_text = cond_text ? xstrdup(cond_text) : NULL;
	stop->cond = cond ? expr_ref(cond) : NULL;
	if (target) {
		error = stop_arm(stop, target);
		if (error && !pending_ok) {
			stop_destroy(stop);
			return error;
		}
		error_destroy(error);
	}
	if (!spec->id)
		list->next_id++;
	vec_push(&list->stops, stop);
	if (ret)
		*ret = stop;
	return NULL;
}

static struct error *find_index(const struct stop_list *list, unsigned id, size_t *ret)
{
	for (size_t i = 0; i < list->stops.len; i++) {
		if (list->stops.data[i]->id == id) {
			*ret = i;
			return NULL;
		}
	}
	return error_hint(error_create(ERROR_NOT_FOUND, "there is no breakpoint number %u", id),
			  "`info breakpoints` lists them");
}

struct stop *stop_find(const struct stop_list *list, unsigned id)
{
	for (size_t i = 0; i < list->stops.len; i++)
		if (list->stops.data[i]->id == id)
			return list->stops.data[i];
	return NULL;
}

struct error *stop_delete(struct stop_list *list, struct target *target, unsigned id)
{
	struct error *error;
	size_t i;

	error = find_index(list, id, &i);
	if (error)
		return error;
	stop_disarm(list->stops.data[i], target);
	stop_destroy(list->stops.data[i]);
	vec_remove(&list->stops, i);
	return NULL;
}

struct error *stop_enable(struct stop_list *list, struct target *target, unsigned id, bool on)
{
	struct error *error;
	struct stop *stop;
	size_t i;

	error = find_index(list, id, &i);
	if (error)
		return error;
	stop = list->stops.data[i];
	if (!on) {
		stop_disarm(stop, target);
		stop->enabled = false;
		return NULL;
	}
	stop->enabled = true;
	if (stop->life == STOP_ARMED || !target || stop->unresolved)
		return NULL;
	return stop_arm(stop, target);
}

struct error *stop_set_condition(struct stop_list *list, struct target *target, unsigned id,
				 const char *text, struct expr_prog *cond)
{
	struct error *error;
	struct stop *stop;
	size_t i;

	error = find_index(list, id, &i);
	if (error)
		return error;
	stop = list->stops.data[i];
	if (stop->life == STOP_ARMED && target) {
		if (!target->ops->stop_update)
			return error_create(ERROR_UNSUPPORTED,
					    "conditions cannot be changed on target %s",
					    target->ops->name);
		error = target->ops->stop_update(target, id, cond, stop_ignore_left(stop, target));
		if (error)
			return error;
	}
	expr_unref(stop->cond);
	stop->cond = cond ? expr_ref(cond) : NULL;
	stop->spec.cond = stop->cond;
	free(stop->cond_text);
	stop->cond_text = text && cond ? xstrdup(text) : NULL;
	return NULL;
}

struct error *stop_set_ignore(struct stop_list *list, struct target *target, unsigned id, uint64_t n)
{
	struct stop_status status;
	struct error *error;
	struct stop *stop;
	size_t i;

	error = find_index(list, id, &i);
	if (error)
		return error;
	stop = list->stops.data[i];
	if (stop->life == STOP_ARMED && target) {
		if (!target->ops->stop_update)
			return error_create(ERROR_UNSUPPORTED,
					    "ignore counts cannot be changed on target %s",
					    target->ops->name);
		error = target->ops->stop_update(target, id, stop->cond, n);
		if (error)
			return error;
	}
	stop->spec.ignore = n;
	stop_get_status(stop, target, &status);
	stop->ignore_base = status.hits;
	return NULL;
}

uint64_t stop_ignore_left(const struct stop *stop, struct target *target)
{
	struct stop_status status;
	uint64_t used;

	stop_get_status(stop, target, &status);
	used = status.hits - stop->ignore_base;
	return used >= stop->spec.ignore ? 0 : stop->spec.ignore - used;
}

void stop_get_status(const struct stop *stop, struct target *target, struct stop_status *ret)
{
	struct stop_status status = { 0 };

	if (stop->life == STOP_ARMED && target && target->ops->stop_status)
		if (!target->ops->stop_status(target, stop->id, &status))
			status = (struct stop_status){ 0 };
	status.hits += stop->hits_before;
	*ret = status;
}

struct stop *stop_on_report(struct stop_list *list, const struct stop_report *report)
{
	struct stop *stop = report->id ? stop_find(list, report->id) : NULL;

	/* The target disarms a temporary one itself when it stops the guest (struct stop_spec). */
	if (stop && stop->spec.temporary) {
		stop->life = STOP_IDLE;
		stop->enabled = false;
		stop->gone = true;
	}
	return stop;
}
