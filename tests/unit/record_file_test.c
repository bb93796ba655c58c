/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files: round trips by number and time, cut anywhere, any bit flipped, no room, the flight recorder. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "core/record/bytes.h"
#include "core/record/writer.h"
#include "tests/lib/recording_builder.h"

static char *temp_path(const char *name)
{
	const char *dir = getenv("TMPDIR");

	return xasprintf("%s/record_%s_%d.vms", dir ? dir : "/tmp", name, (int)getpid());
}

static void feed(struct recorder *r, uint64_t from, uint64_t n)
{
	for (uint64_t i = from; i < from + n; i++) {
		union built_event e;

		build_event(i, 4, &e);
		recorder_event(r, &e.event, &vmm_schemas[e.event.schema]);
	}
}


/* Every event, found by number and by time, is the one that was given. */
static void check_events(struct recording *rec, uint64_t n, unsigned stride)
{
	uint64_t last = 0;

	assert_int_equal(recording_count(rec), n);
	for (uint64_t i = 0; i < n; i += stride) {
		const struct event *e = recording_event(rec, i);
		union built_event want;

		assert_non_null(e);
		assert_true(e->time_ns >= last);
		last = e->time_ns;
		build_event(i, 4, &want); /* times rise: number i is event i */
		want.event.schema = e->schema;
		assert_memory_equal(e, &want, e->size);
		assert_true(recording_before(rec, e->time_ns) == i);
		assert_true(recording_before(rec, e->time_ns + 1) == i + 1);
	}
	assert_null(recording_event(rec, n));
	assert_true(recording_before(rec, UINT64_MAX) == n);
	assert_true(recording_before(rec, 0) == 0);
}

static void test_round_trip(void **state)
{
	_free_ char *path = temp_path("round");
	struct recorder_options options = { .path = path, .overwrite = true, .meta = "title=x\ncpu=none\n" };
	struct recorder_status status;
	struct recording *rec;
	struct recorder *r;
	uint64_t count = 0;
	char buf[32];

	assert_ok(recorder_create(&options, &r));
	for (unsigned i = 0; i < 40; i++) {
		feed(r, i * 5000ull, 5000);
		if (i % 8 == 3)
			recorder_flush(r); /* chunks of streams end at different times */
	}
	recorder_get_status(r, &status);
	assert_int_equal(status.events, 200000);
	assert_int_equal(status.lost, 0);
	recorder_destroy(r, NULL);
	assert_ok(recording_open(path, &rec));
	assert_true(rec->has_index);
	check_events(rec, 200000, 997);
	check_events(rec, 200000, 49999);
	assert_true(recording_meta(rec, "cpu", buf, sizeof(buf)));
	assert_string_equal(buf, "none");
	assert_false(recording_meta(rec, "cp", buf, sizeof(buf)));
	for (uint32_t id = 0; id < rec->nclasses; id++) {
		count += recording_class_count(rec, id, UINT64_MAX);
		assert_true(recording_class_count(rec, id, 0) == 0);
	}
	assert_int_equal(count, 200000);
	count = 0;
	for (uint32_t id = 0; id < rec->nclasses; id++)
		count += recording_class_count(rec, id, 123457);
	assert_int_equal(count, 123457);
	recording_verify(rec);
	assert_false(rec->hurt);
	recording_destroy(rec);
	assert_error(recorder_create(&(struct recorder_options){ .path = path }, &r), ERROR_FAILED, "exists");
	unlink(path);
}

/* Without the index the same file says the same. */
static void test_not_closed(void **state)
{
	_free_ char *path = temp_path("open");
	struct recorder_options options = { .path = path, .overwrite = true };
	struct recording *rec;
	struct recorder *r;
	uint64_t count = 0;

	assert_ok(recorder_create(&options, &r));
	feed(r, 0, 30000);
	recorder_flush(r);
	assert_ok(recording_open(path, &rec));
	assert_false(rec->has_index);
	check_events(rec, 30000, 499);
	for (uint32_t id = 0; id < rec->nclasses; id++)
		count += recording_class_count(rec, id, UINT64_MAX);
	assert_int_equal(count, 30000);
	assert_false(rec->hurt);
	recording_verify(rec);
	assert_true(rec->hurt);
	assert_non_null(strstr(rec->damage, "not closed"));
	recording_destroy(rec);
	recorder_destroy(r, NULL);
	unlink(path);
}

static uint8_t *load(const char *path, size_t *ret_len)
{
	_close_ int fd = open(path, O_RDONLY);
	struct stat st;
	uint8_t *data;

	assert_true(fd >= 0 && !fstat(fd, &st));
	data = xcalloc(1, (size_t)st.st_size + 1);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	*ret_len = (size_t)st.st_size;
	return data;
}

/* What can be read of a damaged file is read; the damage is told. */
static uint64_t read_all(struct recording *rec)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < recording_count(rec); i++)
		n += recording_event(rec, i) != NULL;
	return n;
}

static void test_truncated(void **state)
{
	_free_ char *path = temp_path("cut");
	_free_ uint8_t *data = NULL;
	uint64_t least = 30;
	size_t len;

	build_recording(path, 30);
	data = load(path, &len);
	for (size_t cut = len; cut-- > 0;) {
		struct recording *rec;
		struct error *error;
		uint64_t n;

		assert_int_equal(truncate(path, (off_t)cut), 0);
		error = recording_open(path, &rec);
		if (cut < VMS_HEADER_SIZE) {
			assert_non_null(error);
			error_destroy(error);
			continue;
		}
		assert_null(error);
		n = read_all(rec);
		assert_true(n <= least); /* each byte less never shows more, and only whole chunks go */
		least = n;
		recording_verify(rec);
		assert_true(rec->hurt);
		recording_destroy(rec);
	}
	assert_int_equal(least, 0);
	unlink(path);
}

static void flip(const char *path, size_t at, uint8_t byte)
{
	_close_ int fd = open(path, O_WRONLY);

	assert_true(fd >= 0 && pwrite(fd, &byte, 1, (off_t)at) == 1);
}

static void test_flipped_bits(void **state)
{
	_free_ char *path = temp_path("flip");
	_free_ uint8_t *data = NULL;
	size_t len;

	build_recording(path, 8);
	data = load(path, &len);
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct recording *rec;
		struct error *error;

		flip(path, bit / 8, data[bit / 8] ^ (uint8_t)(1u << bit % 8));
		error = recording_open(path, &rec);
		if (error) {
			error_destroy(error);
		} else {
			read_all(rec);
			recording_verify(rec);
			if (!rec->hurt)
				print_error("bit %zu of byte %zu goes unnoticed\n", bit % 8, bit / 8);
			assert_true(rec->hurt);
			recording_destroy(rec);
		}
		flip(path, bit / 8, data[bit / 8]);
	}
	unlink(path);
}

/* The file can not grow past 100 KiB: the recorder says so and lives on, the file reads. */
static void test_no_room(void **state)
{
	_free_ char *path = temp_path("full");
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct rlimit limit = { 100 << 10, 100 << 10 };
		struct recorder_options options = { .path = path, .overwrite = true };
		struct recorder_status st;
		struct error *error = NULL;
		struct recorder *r;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		assert_ok(recorder_create(&options, &r));
		for (unsigned i = 0; i < 30; i++) {
			feed(r, i * 4000ull, 4000);
			recorder_flush(r);
		}
		recorder_get_status(r, &st);
		if (!strstr(st.error, "File too large") || !st.lost || st.events != 120000)
			_exit(1);
		recorder_destroy(r, &error);
		if (!error || !strstr(error_message(error), "cannot write"))
			_exit(2);
		_exit(0);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(status, 0);
	struct recording *rec;

	assert_ok(recording_open(path, &rec));
	assert_true(rec->has_index);
	assert_true(recording_count(rec) > 4000 && recording_count(rec) < 120000);
	recording_verify(rec);
	assert_false(rec->hurt);
	recording_destroy(rec);
	unlink(path);
}

/* SIGKILL at any moment: all chunks that were written are read, in one piece. */
static void test_killed(void **state)
{
	_free_ char *path = temp_path("kill");
	unsigned useful = 0;

	for (unsigned round = 0; round < 200; round++) {
		struct recording *rec;
		struct error *error;
		struct stat st;
		pid_t pid;

		/* A file that is cut to nothing and written again waits for the disk at its end. */
		unlink(path);
		pid = fork();
		if (!pid) {
			struct recorder_options options = { .path = path, .overwrite = true };
			struct recorder *r;

			assert_ok(recorder_create(&options, &r));
			for (uint64_t i = 0;; i += 500) {
				feed(r, i, 500);
				if (i % 1500 == 0)
					recorder_flush(r);
			}
		}
		/* From before the header on, mostly later. */
		for (unsigned i = 0; round % 4 && i < 4000 && (stat(path, &st) || st.st_size < 4096); i++)
			usleep(500);
		usleep(round * 7919 % 4000);
		kill(pid, SIGKILL);
		assert_true(waitpid(pid, NULL, 0) == pid);
		error = recording_open(path, &rec);
		if (error) { /* before its header was written */
			error_destroy(error);
			continue;
		}
		assert_int_equal(read_all(rec), recording_count(rec));
		assert_false(rec->hurt);
		useful += recording_count(rec) > 0;
		recording_destroy(rec);
	}
	assert_true(useful > 100);
	unlink(path);
}

/* The queue is too small for what comes at once: what is missing is counted and told in its place. */
static void test_loss(void **state)
{
	_free_ char *path = temp_path("loss");
	struct recorder_options options = { .path = path, .overwrite = true, .queue_bytes = 1 << 20 };
	struct recorder_status status;
	struct recording *rec;
	struct recorder *r;
	uint64_t told = 0, real = 0;

	assert_ok(recorder_create(&options, &r));
	feed(r, 0, 400000);
	recorder_get_status(r, &status);
	assert_true(status.lost > 0);
	recorder_destroy(r, NULL);
	assert_ok(recording_open(path, &rec));
	for (uint64_t i = 0; i < recording_count(rec); i++) {
		const struct event *e = recording_event(rec, i);
		const struct vmm_drop *drop = (const void *)e->payload;

		if (strcmp(rec->classes[e->schema]->schema.name, "vm.drop")) {
			real++;
			continue;
		}
		assert_int_equal(drop->where, VMM_DROP_WRITER);
		told += drop->count;
	}
	assert_int_equal(real + status.lost, 400000);
	assert_int_equal(told, status.lost);
	assert_int_equal(recording_lost(rec), status.lost);
	recording_destroy(rec);
	unlink(path);
}

static void test_flight_recorder(void **state)
{
	_free_ char *path = temp_path("ring");
	struct recorder_options options = { .ring_bytes = 200 << 10, .meta = "title=ring\n" };
	struct recorder_status status;
	struct recording *rec;
	struct recorder *r;
	union built_event want;
	char buf[16];

	assert_ok(recorder_create(&options, &r));
	for (unsigned i = 0; i < 60; i++) {
		feed(r, i * 5000ull, 5000);
		recorder_flush(r);
	}
	assert_ok(recorder_save(r, path, true));
	recorder_get_status(r, &status);
	assert_true(status.dropped_old > 0 && status.bytes < 260 << 10);
	assert_int_equal(status.lost, 0);
	assert_ok(recording_open(path, &rec));
	assert_int_equal(recording_count(rec) + status.dropped_old, 300000);
	build_event(299999, 4, &want);
	assert_true(recording_event(rec, recording_count(rec) - 1)->time_ns == want.event.time_ns);
	assert_true(recording_meta(rec, "title", buf, sizeof(buf)));
	recording_verify(rec);
	assert_false(rec->hurt);
	recording_destroy(rec);
	/* It goes on, and a second file has what came since. */
	feed(r, 300000, 5000);
	assert_ok(recorder_save(r, path, true));
	assert_ok(recording_open(path, &rec));
	build_event(304999, 4, &want);
	assert_true(recording_event(rec, recording_count(rec) - 1)->time_ns == want.event.time_ns);
	recording_destroy(rec);
	recorder_destroy(r, NULL);
	unlink(path);
}

static void test_max_size(void **state)
{
	_free_ char *path = temp_path("max");
	struct recorder_options options = { .path = path, .overwrite = true, .max_bytes = 128 << 10 };
	struct recorder_status status;
	struct recording *rec;
	struct recorder *r;

	assert_ok(recorder_create(&options, &r));
	for (unsigned i = 0; i < 30; i++) {
		feed(r, i * 4000ull, 4000);
		recorder_flush(r);
	}
	recorder_get_status(r, &status);
	assert_true(status.full && status.bytes < 256 << 10);
	recorder_destroy(r, NULL);
	assert_ok(recording_open(path, &rec));
	assert_true(rec->has_index && recording_count(rec) > 4000);
	recording_destroy(rec);
	unlink(path);
}

/* Notes of a reader go behind what is there; the recording itself is not touched. */
static void test_append(void **state)
{
	_free_ char *path = temp_path("append");
	_free_ uint8_t *before = NULL, *after = NULL;
	struct vms_block like = { .type = VMS_BLOCK_RECORDS, .first = 5, .last = 5, .count = 1 };
	struct vms_writer *w;
	struct recording *rec;
	struct vms_blob blob;
	struct bytes out = { 0 };
	size_t len, more;

	build_recording(path, 50);
	before = load(path, &len);
	for (unsigned i = 0; i < 2; i++) {
		struct block_codec *codec = block_codec_create(1);

		assert_ok(vms_writer_append(path, &w));
		out.len = 0;
		record_frame(&out, VMS_REC_META, 5, "late=yes\n", 9);
		vms_blob_pack(codec, &like, out.data, out.len, NULL, &blob);
		assert_ok(vms_writer_put(w, &blob));
		vms_blob_deinit(&blob);
		assert_ok(vms_writer_finish(w));
		vms_writer_destroy(w);
		block_codec_destroy(codec);
	}
	after = load(path, &more);
	assert_true(more > len);
	assert_memory_equal(before, after, len);
	assert_ok(recording_open(path, &rec));
	assert_true(rec->has_index);
	assert_int_equal(recording_count(rec), 50);
	char buf[8];

	assert_true(recording_meta(rec, "late", buf, sizeof(buf)));
	recording_verify(rec);
	if (rec->hurt)
		print_error("%s\n", rec->damage);
	assert_false(rec->hurt);
	recording_destroy(rec);
	bytes_deinit(&out);
	unlink(path);
}

static void test_not_a_recording(void **state)
{
	struct recording *rec;

	assert_error(recording_open("/nonexistent", &rec), ERROR_FAILED, "cannot open");
	assert_error(recording_open("/", &rec), ERROR_FAILED, "not a regular file");
	assert_error(recording_open("/proc/self/exe", &rec), ERROR_FAILED, "not a recording");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_not_closed),
		cmocka_unit_test(test_truncated), cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_no_room), cmocka_unit_test(test_killed), cmocka_unit_test(test_loss),
		cmocka_unit_test(test_flight_recorder), cmocka_unit_test(test_max_size),
		cmocka_unit_test(test_append), cmocka_unit_test(test_not_a_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
