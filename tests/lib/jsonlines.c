/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads what --json printed: every line must be one JSON object whose first member is a string "type".
 * Prints each line's type, so that a test can say which it expects.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

/* NULL: the line is no object, or its first member is not a type. */
static const char *type_of(struct json_object *object)
{
	if (!json_object_is_type(object, json_type_object))
		return NULL;
	json_object_object_foreach(object, name, value)
		return strcmp(name, "type") == 0 && json_object_is_type(value, json_type_string)
			       ? json_object_get_string(value) : NULL;
	return NULL;
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	unsigned n = 0;
	ssize_t len;

	while ((len = getline(&line, &size, stdin)) > 0) {
		enum json_tokener_error error;
		struct json_object *object = json_tokener_parse_verbose(line, &error);
		const char *type = error == json_tokener_success ? type_of(object) : NULL;

		n++;
		if (!type || line[len - 1] != '\n') {
			printf("line %u is not an object with a type: %s\n", n, line);
			free(line);
			return 1;
		}
		printf("%s\n", type);
		json_object_put(object);
	}
	free(line);
	if (!n)
		printf("no line at all\n");
	return !n;
}
