# SPDX-License-Identifier: GPL-3.0-or-later
# One makefile, no recursion; folders by wildcard; all output in $(BUILD). Try `make help`.

HOST_ARCH := $(shell uname -m)
ARCH ?= $(HOST_ARCH)
ifneq ($(ARCH),$(HOST_ARCH))
# Built for elsewhere (make ARCH=ppc64le): that architecture's cross compiler of Debian, a sysroot of its
# libraries fetched once into the cache, and output beside the machine's own.
CROSS_COMPILE ?= $(ARCH:ppc64le=powerpc64le)-linux-gnu-
BUILD ?= build-$(ARCH)
ifneq ($(MAKECMDGOALS),clean)
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
CC = $(CROSS_COMPILE)gcc $(if $(SYSROOT),--sysroot=$(SYSROOT))
AR = $(CROSS_COMPILE)ar
PKG_CONFIG ?= pkg-config
BUILD ?= build
PREFIX ?= /usr/local
WERROR ?= 1
V ?= 0
TEST ?=

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
PKGS := ncursesw panelw readline libelf libdw libzstd json-c
CPPFLAGS += -I. -I$(BUILD)/gen -D_GNU_SOURCE -DVMSCOPE_VERSION='"$(VERSION)"' \
	$(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
CFLAGS += -std=gnu11 $(OPT) $(WARN) $(SAN) -fno-strict-aliasing -pthread
LDFLAGS += $(SAN) -pthread
LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -lZydis -lZycore

CORE_SRC := $(wildcard core/*/*.c core/*/*/*.c)
GUEST_SRC := $(wildcard guest/*.c guest/hw/*.c guest/load/*.c guest/arch/$(GUEST_ARCH)/*.c)
UI_SRC := $(wildcard ui/*.c ui/*/*.c)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
CORE_LIB := $(BUILD)/libcore.a
GUEST_LIB := $(BUILD)/libguest.a
UI_LIB := $(BUILD)/libui.a

ifeq ($(V),0)
msg = @printf '  %-8s %s\n' $(1) $(patsubst $(BUILD)/%,%,$@);
else
msg =
endif

.PHONY: all
all: $(BUILD)/vmscope

$(BUILD)/vmscope: $(call obj,ui/main.c) $(UI_LIB) $(GUEST_LIB) $(CORE_LIB)
	$(call msg,LINK)$(CC) $(LDFLAGS) -o $@ $(call obj,ui/main.c) -Wl,--start-group $(UI_LIB) $(GUEST_LIB) \
		$(CORE_LIB) -Wl,--end-group $(LIBS)

$(CORE_LIB): $(call obj,$(CORE_SRC))
$(GUEST_LIB): $(call obj,$(GUEST_SRC))
$(UI_LIB): $(call obj,$(filter-out ui/main.c,$(UI_SRC)))
$(BUILD)/lib%.a:
	@mkdir -p $(@D)
	$(call msg,AR)rm -f $@ && $(AR) crs $@ $(filter %.o,$^)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call msg,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# Unit tests: one program a file, linked with everything but main.
UNIT_SRC := $(wildcard tests/unit/*_test.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRC))
TEST_LIB_SRC := $(wildcard tests/lib/*.c)
$(BUILD)/libtest.a: $(call obj,$(TEST_LIB_SRC))
$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libtest.a $(GUEST_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	$(call msg,LINK)$(CC) $(LDFLAGS) -o $@ $< -Wl,--start-group $(BUILD)/libtest.a $(GUEST_LIB) $(CORE_LIB) \
		-Wl,--end-group $(LIBS) -lcmocka

.PHONY: clean
clean:
	rm -rf $(BUILD)

.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
