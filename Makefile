# tavus for Lua: the commands a person types, and the two targets LuaRocks calls.
# Everything that is made goes under .build/<lua>/; `make clean` removes it.

LUA  ?= lua5.4
ROCK ?= tavus

CC      ?= cc
CFLAGS  ?= -O2 -fPIC
LIBFLAG ?= -shared

# A build of its own beside the plain one: `asan` has the sanitizers, `poll` the event loop of systems without epoll,
# any other name just its own folder.
VARIANT     ?=
LUA_NAME    := $(notdir $(LUA))
BUILD       := .build/$(LUA_NAME)$(if $(VARIANT),-$(VARIANT))
TREE        := $(CURDIR)/$(BUILD)/tree
LUA_VERSION  = $(shell $(LUA) -e 'print((_VERSION:gsub("Lua ", "")))' 2>/dev/null)

# Only what TAVUS_EXPORT marks leaves a shared object.
WARNINGS   := -fvisibility=hidden -Wall -Wextra -Wshadow -Wconversion
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined
ifeq ($(VARIANT),asan)
CFLAGS     := -O1 -g -fPIC -fno-omit-frame-pointer $(SANITIZERS)
LIBFLAG    := -shared $(SANITIZERS)
else ifeq ($(VARIANT),poll)
CFLAGS     := -O2 -fPIC -DTAVUS_HTTP_POLL
endif

.PHONY: help demo test build env check bench types static embed clean rock rock-install
.DEFAULT_GOAL := help

help:
	@echo 'make demo                 install what is missing, build, run examples/quickstart.lua on a local sandbox'
	@echo 'make test                 every spec: Lua 5.4, LuaJIT, Lua 5.1, Lua 5.4 with sanitizers; linters and C warnings'
	@echo 'make build [LUA=lua5.4]   build for one Lua: lua5.4, lua5.3, lua5.2, lua5.1 or luajit'
	@echo 'make env   [LUA=lua5.4]   print the export lines that let this Lua require "tavus" from the tree'
	@echo 'make check                luacheck, rockspecs, C warnings as errors for every Lua that is installed'
	@echo 'make bench [LUA=lua5.4]   speed as ratios, side by side'
	@echo 'make types                write the editor types and the reference of all fields from the contract'
	@echo 'make static [LUA=lua5.4]  build .build/lua5.4-static/libtavus.a and tavus.h, for a C program with its own Lua'
	@echo 'make embed                build such a program, examples/embed; examples/embed/run runs it on a local sandbox'
	@echo 'make clean                remove .build/'

# ---------------------------------------------------------------- commands

demo:
	@.ci/packages demo
	@examples/demo

test:
	@.ci/packages test
	@.ci/test

check:
	@.ci/packages test
	@.ci/check

bench: build
	@LUA='$(LUA)' .ci/bench

# LuaRocks builds, so that the tree is made exactly as a user's is; the stamp makes the next call free.
build: $(BUILD)/built

$(BUILD)/built: Makefile $(wildcard *.rockspec) $(shell find csrc lua -type f)
	@.ci/packages build '$(LUA)'
	@mkdir -p $(BUILD)
	@echo 'building for $(LUA_NAME)$(if $(VARIANT), ($(VARIANT))), log in $(BUILD)/log'
	@LUA='$(LUA)' TREE='$(TREE)' VARIANT='$(VARIANT)' CFLAGS='$(CFLAGS)' LIBFLAG='$(LIBFLAG)' .ci/rocks > $(BUILD)/log 2>&1 \
	  || { tail -n 40 $(BUILD)/log; exit 1; }
	@touch $@

env:
	@echo "export LUA_PATH='$(TREE)/share/lua/$(LUA_VERSION)/?.lua;$(TREE)/share/lua/$(LUA_VERSION)/?/init.lua;;'"
	@echo "export LUA_CPATH='$(TREE)/lib/lua/$(LUA_VERSION)/?.so;;'"
	@echo "export PATH='$(TREE)/bin':\"\$$PATH\""

types: build
	@eval "$$($(MAKE) -s env LUA='$(LUA)')" && $(LUA) csrc/contract/annotations.lua > lua/tavus/types.lua \
	  && $(LUA) csrc/contract/reference.lua > csrc/contract/README.md

clean:
	rm -rf .build

# ---------------------------------------------------------------- what LuaRocks calls

# name of the shared object, its sources, its libraries
CORE    := $(wildcard csrc/core/*.c csrc/contract/*.c csrc/check/*.c csrc/json/*.c)
HTTP    := $(wildcard csrc/http/*.c csrc/http_lua/*.c)
SANDBOX := $(wildcard csrc/sandbox/*.c)

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
compile = $(CC) -std=c99 $(CFLAGS) $(WARNINGS) -MMD -MP -I'$(LUA_INCDIR)' -c $< -o $@
LIBDIRS  = $(foreach d,$(CURL_LIBDIR) $(MICROHTTPD_LIBDIR),-L'$(d)')

libs-tavus         := core http
libs-tavus-sandbox := sandbox/httpd
lua-tavus           = $(filter-out lua/tavus/sandbox/%,$(shell find lua -name '*.lua'))
lua-tavus-sandbox   = $(shell find lua/tavus/sandbox -name '*.lua')

rock: $(foreach lib,$(libs-$(ROCK)),$(BUILD)/lib/tavus/$(lib).so)

rock-install:
	@for lib in $(libs-$(ROCK)); do \
	   install -D -m 755 "$(BUILD)/lib/tavus/$$lib.so" "$(LIBDIR)/tavus/$$lib.so" || exit 1; done
	@for file in $(patsubst lua/%,%,$(lua-$(ROCK))); do \
	   install -D -m 644 "lua/$$file" "$(LUADIR)/$$file" || exit 1; done

$(BUILD)/lib/tavus/core.so: $(call objects,$(CORE))
	@mkdir -p $(@D)
	$(CC) $(LIBFLAG) -o $@ $^

$(BUILD)/lib/tavus/http.so: $(call objects,$(HTTP))
	@mkdir -p $(@D)
	$(CC) $(LIBFLAG) -o $@ $^ $(LIBDIRS) -lcurl -lpthread

$(BUILD)/lib/tavus/sandbox/httpd.so: $(call objects,$(SANDBOX))
	@mkdir -p $(@D)
	$(CC) $(LIBFLAG) -o $@ $^ $(LIBDIRS) -lmicrohttpd -lpthread

# The flags are part of what an object is made of.
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(LIBFLAG) $(LUA_INCDIR)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(LIBFLAG) $(LUA_INCDIR)' > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(compile)

# ---------------------------------------------------------------- for a C program that has its Lua and tavus inside
# $(LUA) runs csrc/static/bundle.lua and says whose headers are meant; LUA_INCDIR=... names others, an engine's own, say.

STATIC        := $(BUILD)-static
STATIC_INCDIR  = $(or $(LUA_INCDIR),$(firstword $(wildcard /usr/include/lua$(LUA_VERSION) /usr/include/luajit-2.1)))
STATIC_CFLAGS  = -std=c99 $(CFLAGS) -DTAVUS_STATIC $(WARNINGS) -MMD -MP -I'$(STATIC_INCDIR)'
BUNDLE         = $(sort $(filter-out lua/tavus/types.lua,$(lua-tavus)))
static-objects = $(patsubst %.c,$(STATIC)/%.o,$(CORE) $(HTTP) csrc/static/open.c csrc/static/bundle.c)
# -l: takes the archive by its name; without it the linker would prefer the shared Lua.
STATIC_LIBS    = -l:lib$(or $(patsubst luajit%,luajit-5.1,$(filter luajit%,$(LUA_NAME))),$(LUA_NAME)).a -lcurl -lpthread -lm -ldl

static: $(STATIC)/libtavus.a $(STATIC)/tavus.h
	@echo '$(strip cc $(filter -fsanitize% -fno-sanitize%,$(CFLAGS))) -I$(STATIC) -I$(STATIC_INCDIR) program.c $(STATIC)/libtavus.a $(STATIC_LIBS)'

embed: $(STATIC)/embed

$(STATIC)/libtavus.a: $(static-objects)
	@rm -f $@
	@$(AR) rcs $@ $^

$(STATIC)/tavus.h: csrc/static/tavus.h
	@mkdir -p $(@D)
	@cp $< $@

$(STATIC)/%.o: %.c $(STATIC)/flags
	@mkdir -p $(@D)
	@$(CC) $(STATIC_CFLAGS) -c $< -o $@

$(STATIC)/csrc/static/bundle.o: $(STATIC)/csrc/static/bundle.c
	@$(CC) $(STATIC_CFLAGS) -Icsrc/static -c $< -o $@

$(STATIC)/csrc/static/bundle.c: csrc/static/bundle.lua $(BUNDLE) $(STATIC)/flags
	@mkdir -p $(@D)
	@$(LUA) csrc/static/bundle.lua lua $(BUNDLE) > $@.new
	@mv $@.new $@

$(STATIC)/embed: examples/embed/host.c $(STATIC)/libtavus.a $(STATIC)/tavus.h
	@$(CC) $(STATIC_CFLAGS) -I$(STATIC) $< -o $@ $(STATIC)/libtavus.a $(STATIC_LIBS)

$(STATIC)/flags: static-packages
	@mkdir -p $(@D)
	@echo '$(CC) $(STATIC_CFLAGS) $(BUNDLE)' | cmp -s - $@ || echo '$(CC) $(STATIC_CFLAGS) $(BUNDLE)' > $@

.PHONY: static-packages
static-packages:
	@LUA_INCDIR='$(LUA_INCDIR)' .ci/packages static '$(LUA)'

.PHONY: force
force:

-include $(patsubst %.o,%.d,$(call objects,$(CORE) $(HTTP) $(SANDBOX)) $(static-objects))
