# SPDX-License-Identifier: GPL-3.0-or-later
# One makefile, no recursion except for variants; folders by wildcard; all output in $(BUILD).
# Try `make help`.

HOST_ARCH := $(shell uname -m)
ARCH ?= $(HOST_ARCH)
CLEANING := $(filter clean help,$(MAKECMDGOALS))
ifneq ($(ARCH),$(HOST_ARCH))
# Built for elsewhere (make ARCH=ppc64le): that architecture's cross compiler of Debian, a sysroot of its
# libraries fetched once into the cache, and output beside the machine's own.
CROSS_COMPILE ?= $(ARCH:ppc64le=powerpc64le)-linux-gnu-
BUILD ?= build-$(ARCH)
ifeq ($(CLEANING),)
SYSROOT ?= $(shell scripts/lab.d/sysroot $(ARCH))
ifeq ($(SYSROOT),)
$(error no sysroot for $(ARCH))
endif
endif
SYSROOT_LIB := $(SYSROOT)/usr/lib/$(CROSS_COMPILE:%-=%)
PKG_CONFIG ?= PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT_LIB)/pkgconfig:$(SYSROOT)/usr/share/pkgconfig pkg-config
endif
CROSS_COMPILE ?=
ifeq ($(origin CC),default)
CC = $(CROSS_COMPILE)gcc $(if $(SYSROOT),--sysroot=$(SYSROOT))
endif
ifeq ($(origin AR),default)
AR = $(CROSS_COMPILE)ar
endif
PKG_CONFIG ?= pkg-config
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
WERROR ?= 1
V ?= 0
TEST ?=
FUZZ_TIME ?= 10
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# LAB=0 leaves the labs (tests/lab: stock kernels under emulation) out of make check.
LAB ?= 1

VERSION := 0.1.0

# What the host runs by KVM: a folder of guest/arch, or none, which says why not.
GUEST_ARCH := $(firstword $(notdir $(wildcard guest/arch/$(ARCH:ppc64le=ppc64))) none)

WARN := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wundef -Wwrite-strings -Wshadow \
	-Wvla -Wno-unused-parameter -Wno-missing-field-initializers
ifeq ($(WERROR),1)
WARN += -Werror
endif
OPT ?= -O2 -g
SAN ?=
ifneq ($(SAN),)
# gcc loses track of initialisations between a sanitizer's calls.
WARN += -Wno-maybe-uninitialized
endif
PKGS := ncursesw panelw readline libelf libdw libzstd json-c libbpf libseccomp
# What installs them must be able to start without them.
ifeq ($(filter demo check fuzz,$(MAKECMDGOALS))$(CLEANING),)
ifneq ($(shell $(PKG_CONFIG) --print-errors --exists $(PKGS) >/dev/null 2>&1 || echo missing),)
$(error libraries are missing: run `scripts/install-deps` (or `make demo`, which does) and try again)
endif
endif
CPPFLAGS += -I. -I$(BUILD)/gen -D_GNU_SOURCE -DVMSCOPE_VERSION='"$(VERSION)"' \
	$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
CFLAGS += -std=gnu11 $(OPT) $(WARN) $(SAN) -fno-strict-aliasing -pthread
LDFLAGS += $(SAN) -pthread
LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lZydis -lZycore -lslirp -lfdt -lopcodes-multiarch -lbfd-multiarch

CORE_SRC := $(wildcard core/*/*.c core/*/*/*.c)
GUEST_SRC := $(wildcard guest/*.c guest/cmd/*.c guest/hw/*.c guest/load/*.c guest/virtio/*.c guest/arch/$(GUEST_ARCH)/*.c)
PROBES_SRC := $(wildcard probes/*.c probes/lang/*.c)
UI_SRC := $(wildcard ui/*.c ui/*/*.c)
# Programs among the helpers of tests.
DRIVER_SRC := $(wildcard tests/lib/cmdtest.c tests/lib/screentest.c tests/lib/jsonlines.c)
TEST_LIB_SRC := $(filter-out %_main.c $(DRIVER_SRC),$(wildcard tests/lib/*.c))
UNIT_SRC := $(wildcard tests/unit/*_test.c)
FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
CORE_LIB := $(BUILD)/libcore.a
GUEST_LIB := $(BUILD)/libguest.a
PROBES_LIB := $(BUILD)/libprobes.a
UI_LIB := $(BUILD)/libui.a
TEST_LIB := $(BUILD)/libtest.a
ALL_LIBS := $(UI_LIB) $(PROBES_LIB) $(GUEST_LIB) $(CORE_LIB)

ifeq ($(V),0)
msg = @printf '  %-8s %s\n' $(1) $(patsubst $(BUILD)/%,%,$@);
else
msg =
endif

# A file that holds @1 and changes only when that does: what depends on it is made again when flags
# change, or when a source file comes or goes.
remember = $(shell mkdir -p $(dir $(2)); printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $(2) || \
	printf '%s\n' '$(subst ','\'',$(1))' > $(2))
COMPILE := $(CC) $(CPPFLAGS) $(CFLAGS)
ifeq ($(CLEANING),)
$(call remember,$(COMPILE),$(BUILD)/.flags/compile)
$(call remember,$(CC) $(LDFLAGS) $(LIBS),$(BUILD)/.flags/link)
$(call remember,$(CORE_SRC),$(BUILD)/.flags/core)
$(call remember,$(GUEST_SRC),$(BUILD)/.flags/guest)
$(call remember,$(PROBES_SRC),$(BUILD)/.flags/probes)
$(call remember,$(UI_SRC),$(BUILD)/.flags/ui)
$(call remember,$(TEST_LIB_SRC),$(BUILD)/.flags/test)
endif

.PHONY: all
all: $(BUILD)/vmscope ## build the program (the default)

# Generated headers that must stand before anything is compiled; rules append to it.
GEN_HEADERS :=
# Programs, guests and files that tests need; rules append to it.
TEST_NEEDS :=
-include guest/demo/Makefile.inc
-include probes/Makefile.inc
-include tests/guest/Makefile.inc
-include $(filter-out tests/guest/Makefile.inc,$(wildcard tests/*/Makefile.inc))

$(BUILD)/vmscope: $(call obj,ui/main.c) $(ALL_LIBS) $(BUILD)/.flags/link
	$(call msg,LINK)$(CC) $(LDFLAGS) -o $@ $(call obj,ui/main.c) -Wl,--start-group $(ALL_LIBS) \
		-Wl,--end-group $(LIBS)

$(CORE_LIB): $(call obj,$(CORE_SRC)) $(BUILD)/.flags/core
$(GUEST_LIB): $(call obj,$(GUEST_SRC)) $(BUILD)/.flags/guest
$(PROBES_LIB): $(call obj,$(PROBES_SRC)) $(PROBES_OBJECTS) $(BUILD)/.flags/probes
$(UI_LIB): $(call obj,$(filter-out ui/main.c,$(UI_SRC))) $(BUILD)/.flags/ui
$(TEST_LIB): $(call obj,$(TEST_LIB_SRC)) $(BUILD)/.flags/test
$(BUILD)/lib%.a:
	@mkdir -p $(@D)
	$(call msg,AR)rm -f $@ && $(AR) crs $@ $(filter %.o,$^)

$(BUILD)/obj/%.o: %.c $(BUILD)/.flags/compile | $(GEN_HEADERS)
	@mkdir -p $(@D)
	$(call msg,CC)$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/.flags/%:
	@:

ifeq ($(CLEANING),)
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
endif

# Test programs: one a file, linked with everything but main.
link_test = $(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(TEST_LIB) $(ALL_LIBS) -Wl,--end-group $(LIBS)
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRC))
DRIVER_BIN := $(patsubst tests/lib/%.c,$(BUILD)/tests/%,$(DRIVER_SRC))
$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $(TEST_LIB) $(ALL_LIBS) $(BUILD)/.flags/link
	@mkdir -p $(@D)
	$(call msg,LINK)$(link_test) -lcmocka
$(DRIVER_BIN): $(BUILD)/tests/%: $(BUILD)/obj/tests/lib/%.o $(TEST_LIB) $(ALL_LIBS) $(BUILD)/.flags/link
	@mkdir -p $(@D)
	$(call msg,LINK)$(link_test) -lvterm -lutil

.PHONY: tests
tests: all $(UNIT_BIN) $(DRIVER_BIN) $(TEST_NEEDS) ## build the program and every test, run none

# Fuzz targets need clang, so they are built as a variant: `make fuzz`.
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(FUZZ_SRC))
$(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(TEST_LIB) $(GUEST_LIB) $(CORE_LIB) $(BUILD)/.flags/link
	@mkdir -p $(@D)
	$(call msg,LINK)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group $(TEST_LIB) $(GUEST_LIB) \
		$(CORE_LIB) -Wl,--end-group $(LIBS)
.PHONY: fuzz-build
fuzz-build: $(FUZZ_BIN)

SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_MAKE = $(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang WERROR=0 OPT='-O1 -g' \
	WARN='-Wall -Wno-gnu-variable-sized-type-not-at-end' SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' fuzz-build
ASAN_MAKE = $(MAKE) --no-print-directory BUILD=$(BUILD)/asan OPT='-O1 -g' SAN='$(SAN_FLAGS)'
TSAN_MAKE = $(MAKE) --no-print-directory BUILD=$(BUILD)/tsan OPT='-O1 -g' SAN='-fsanitize=thread'

.PHONY: demo
demo: ## install what is missing, build, open the demo guest (a scripted tour without a terminal)
	scripts/install-deps build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@if [ -t 0 ] && [ -t 1 ]; then \
		$(BUILD)/vmscope run demo; \
	elif [ -r /dev/kvm ] && [ -w /dev/kvm ]; then \
		$(BUILD)/vmscope run --batch scripts/demo.tour demo; \
	else \
		$(BUILD)/vmscope run --plain demo < scripts/demo-image.tour; \
	fi

.PHONY: check
check: ## install what is missing, build, run every test (or TEST=path) and the fuzz targets shortly
	scripts/install-deps build test
	@$(MAKE) --no-print-directory -j$(JOBS) tests
ifeq ($(TEST),)
	@$(ASAN_MAKE) -j$(JOBS) tests
	@$(FUZZ_MAKE) -j$(JOBS)
ifneq ($(LAB),0)
	@$(MAKE) --no-print-directory -j$(JOBS) lab-programs
	@$(MAKE) --no-print-directory lab-power9-programs
endif
	@tests/run --build $(BUILD) --asan $(BUILD)/asan --fuzz $(BUILD)/fuzz \
		$(if $(filter 0,$(LAB)),--lab none,--lab runner --lab x86 --lab power9)
else
	@tests/run --build $(BUILD) $(TEST)
endif

.PHONY: asan
asan: ## build everything with ASan and UBSan in $(BUILD)/asan and run every test with it
	@$(ASAN_MAKE) -j$(JOBS) tests
	@tests/run --build $(BUILD)/asan $(TEST)

.PHONY: tsan
tsan: ## the same with ThreadSanitizer in $(BUILD)/tsan
	@$(TSAN_MAKE) -j$(JOBS) tests
	@tests/run --build $(BUILD)/tsan $(TEST)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZ_TIME=10 seconds
	scripts/install-deps build test
	@$(FUZZ_MAKE) -j$(JOBS)
	@tests/run --build $(BUILD) --fuzz $(BUILD)/fuzz --fuzz-time $(FUZZ_TIME) $(or $(TEST),tests/fuzz)

FUZZ_RUNS ?= 1000000
.PHONY: fuzz-long
fuzz-long: ## run every fuzz target (or TEST=tests/fuzz/x_fuzz.c) for FUZZ_RUNS=1000000 inputs
	scripts/install-deps build test
	@$(FUZZ_MAKE) -j$(JOBS)
	@set -e; for source in $(or $(TEST),$(FUZZ_SRC)); do \
		name=$$(basename $${source%.c}); echo "$$name: $(FUZZ_RUNS) inputs"; \
		mkdir -p $(BUILD)/fuzz/corpus/$$name $(BUILD)/fuzz/artifacts; \
		$(BUILD)/fuzz/tests/fuzz/$$name -runs=$(FUZZ_RUNS) -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
			-artifact_prefix=$(BUILD)/fuzz/artifacts/ $(BUILD)/fuzz/corpus/$$name; \
	done

.PHONY: install
install: all ## install below $(DESTDIR)$(PREFIX)
	install -D -m 755 $(BUILD)/vmscope $(DESTDIR)$(PREFIX)/bin/vmscope
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/vmscope/README.md
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/vmscope/copyright
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/share/vmscope/probes scripts/probes/*.probe
	if command -v scdoc >/dev/null; then mkdir -p $(DESTDIR)$(PREFIX)/share/man/man7 && \
		scdoc <scripts/man/vmscope-probes.7.scd >$(DESTDIR)$(PREFIX)/share/man/man7/vmscope-probes.7; fi

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/vmscope
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/vmscope $(DESTDIR)$(PREFIX)/share/vmscope
	rm -f $(DESTDIR)$(PREFIX)/share/man/man7/vmscope-probes.7


# Fixtures of unit tests: small programs to read, one folder each.
UNIT_DATA_SRC := $(wildcard tests/unit/data/*/*.[chS])
UNIT_DATA := $(patsubst tests/unit/data/%/main.c,$(BUILD)/tests/unit/data/%.elf,$(UNIT_DATA_SRC))
UNIT_DATA := $(filter %.elf,$(UNIT_DATA))
FIXTURE_CFLAGS := -g -O0 -ffreestanding -nostdlib -static -fno-pie -no-pie -fno-stack-protector \
	-fno-omit-frame-pointer -fasynchronous-unwind-tables -Wl,--build-id=none
FIXTURE_CFLAGS_unwind := -O2 -fomit-frame-pointer
$(UNIT_DATA): $(BUILD)/tests/unit/data/%.elf: $(UNIT_DATA_SRC)
	@mkdir -p $(@D)
	$(call msg,FIXTURE)$(CC) $(FIXTURE_CFLAGS) $(FIXTURE_CFLAGS_$*) -o $@ \
		$(wildcard tests/unit/data/$*/*.c tests/unit/data/$*/*.S)
$(UNIT_BIN): | $(UNIT_DATA)

.PHONY: clean
clean: ## remove $(BUILD)
	rm -rf $(BUILD)

.PHONY: help
help: ## this list
	@echo 'Targets:'
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | \
		while IFS="$$(printf '\t')" read -r name text; do printf '  %-10s %s\n' "$$name" "$$text"; done
	@echo 'Variables: BUILD=dir TEST=path UPDATE=1 PREFIX=dir DESTDIR=dir WERROR=0 V=1 OPT=-O0\ -g JOBS=n'
	@echo '           FUZZ_TIME=s ARCH=name CROSS_COMPILE=prefix SYSROOT=dir'

.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
