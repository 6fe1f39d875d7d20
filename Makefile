# tavus for Lua: the commands a person types, and the target LuaRocks calls.
# Everything that is made goes under .build/<lua>/; `make clean` removes it.

LUA  ?= lua5.4
ROCK ?= tavus

# CC, CPPFLAGS, CFLAGS, LDFLAGS and LIBFLAG are the caller's, of the environment or of make's line. What the code itself
# needs is added. LIBFLAG is LuaRocks' name for the flags that make a module.
CFLAGS ?= -O2

# A build of its own beside the plain one: `asan` has the sanitizers, `poll` the event loop of systems without epoll,
# any other name just its own folder.
VARIANT     ?=
LUA_NAME    := $(notdir $(LUA))
BUILD       := .build/$(LUA_NAME)$(if $(VARIANT),-$(VARIANT))
TREE        := $(CURDIR)/$(BUILD)/tree
LUA_VERSION  = $(shell $(LUA) -e 'print((_VERSION:gsub("Lua ", "")))' 2>/dev/null)

# Only what TAVUS_EXPORT marks leaves a shared object.
WARNINGS   := -fvisibility=hidden -Wall -Wextra -Wshadow -Wconversion
# `fuzz` is what spec/fuzz/run links its targets with, by clang.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined
# behind the caller's CFLAGS, where they win: distributions build with -fPIE
NEEDED     := -std=c99 -fPIC
ifeq ($(VARIANT),asan)
NEEDED     += -O1 -g -fno-omit-frame-pointer $(SANITIZERS)
else ifeq ($(VARIANT),fuzz)
NEEDED     += -O1 -g -fno-omit-frame-pointer $(SANITIZERS) -fsanitize=fuzzer-no-link
else ifeq ($(VARIANT),poll)
NEEDED     += -DTAVUS_HTTP_POLL
endif

# BSD's make is another one: the scripts call this one.
export MAKE

# $(call quote,text): one word for the shell
quote = '$(subst ','\'',$(1))'

# $(call remember,text): what depends on $@ is made again when the text changes
remember = mkdir -p $(@D) && { printf '%s\n' $(call quote,$(1)) | cmp -s - $@ || printf '%s\n' $(call quote,$(1)) > $@; }

# $(call include,folder): its flag; a compiler looks into /usr/include at the right time by itself
include = $(if $(filter-out /usr/include,$(1)),-I$(call quote,$(1)))

# Where a library is, under LuaRocks' names: NAME_DIR, or NAME_INCDIR and NAME_LIBDIR.
LIBRARIES := CURL MICROHTTPD OPENSSL
incdir   = $(or $($(1)_INCDIR),$(if $($(1)_DIR),$($(1)_DIR)/include))
libdir   = $(or $($(1)_LIBDIR),$(if $($(1)_DIR),$($(1)_DIR)/lib))
INCLUDES = $(foreach name,$(LIBRARIES),$(call include,$(call incdir,$(name))))
PLACES  := $(foreach name,$(LIBRARIES),$(name)_DIR $(name)_INCDIR $(name)_LIBDIR) LUA_INCDIR

# $(call place,NAME,name): the folder of lib<name>, unless the loader of the system looks into it by itself
place = $(if $(call libdir,$(1)),$(shell PATH="$$PATH:/sbin:/usr/sbin"; cd $(call quote,$(call libdir,$(1))) && \
  for each in /lib /lib64 /usr/lib /usr/lib64 $$(ldconfig -p 2>/dev/null | sed -n 's,.*=> \(/.*\)/lib$(2)\.so.*,\1,p'); do \
    [ "$$(cd "$$each" 2>/dev/null && pwd -P)" != "$$(pwd -P)" ] || exit 0; done; pwd))

# $(call link,NAME,name): the flags that link lib<name> and find the same one at run time
link   = $(call linkat,$(call place,$(1),$(2)),$(call libdir,$(1))) -l$(2)
linkat = $(if $(1),-L$(call quote,$(1)) -Wl$(comma)-rpath$(comma)$(call quote,$(1))) $(LDFLAGS) $(if $(2),-L$(call quote,$(2)))
comma := ,

.PHONY: help demo test build env check bench fuzz trust types static embed clean rock place
.DEFAULT_GOAL := help

help:
	@echo 'make demo                 install what is missing, build, run a persona and a setup on a local sandbox'
	@echo 'make test                 every spec: Lua 5.4, LuaJIT, Lua 5.1, Lua 5.4 with sanitizers; linters and C warnings'
	@echo 'make build [LUA=lua5.4]   build for one Lua: lua5.4, lua5.3, lua5.2, lua5.1 or luajit'
	@echo 'make env   [LUA=lua5.4]   print the export lines that let this Lua require "tavus" from the tree'
	@echo 'make check                luacheck, rockspecs, C warnings as errors for every Lua that is installed'
	@echo 'make bench [LUA=lua5.4]   speed as ratios, side by side'
	@echo 'make fuzz  [SECONDS=60]   fuzz every target of spec/fuzz for so long, with clang and its sanitizers'
	@echo 'make trust [STEPS=300]    every entry point while memory runs out: at the first 200 allocations of a case and so many more'
	@echo 'make types                write the editor types and the reference of all fields from the contract'
	@echo 'make static [LUA=lua5.4]  build .build/lua5.4-static/libtavus.a and tavus.h, for a C program with its own Lua;'
	@echo '                          with CRYPTO=1 it has tavus.crypto, and the program links libcrypto'
	@echo 'make embed                build such a program, examples/embed; examples/embed/run runs it on a local sandbox'
	@echo 'make clean                remove .build/'

# ---------------------------------------------------------------- commands

# What the scripts that probe or compile shall use, too.
FLAGS = CC=$(call quote,$(CC)) CPPFLAGS=$(call quote,$(CPPFLAGS) $(INCLUDES)) CFLAGS=$(call quote,$(CFLAGS)) \
  LDFLAGS=$(call quote,$(LDFLAGS)) LIBFLAG=$(call quote,$(LIBFLAG)) CRYPTO=$(call quote,$(CRYPTO)) \
  $(foreach name,$(PLACES),$(name)=$(call quote,$($(name))))

demo:
	@$(FLAGS) .ci/packages demo
	@examples/demo

test:
	@$(FLAGS) .ci/packages test
	@.ci/test

check:
	@$(FLAGS) .ci/packages test
	@.ci/check

bench: build
	@$(FLAGS) LUA='$(LUA)' .ci/bench

SECONDS ?= 60
fuzz:
	@$(FLAGS) .ci/packages fuzz
	@link=$$($(MAKE) -s static VARIANT=fuzz CC=clang LUA=lua5.4) && spec/fuzz/run '$(SECONDS)' "$$link" '$(TARGETS)'

STEPS ?= 300
trust: build
	@$(FLAGS) .ci/packages specs
	@eval "$$($(MAKE) -s env LUA='$(LUA)')" && $(LUA) spec/trust/run.lua '$(STEPS)'

# LuaRocks builds, so that the tree is made as a user's is; the stamp makes the next call free.
build: $(BUILD)/built

$(BUILD)/built: Makefile .ci/headers .ci/rocks $(wildcard *.rockspec) $(shell find csrc lua -type f) $(BUILD)/given | place
	@$(FLAGS) .ci/packages build '$(LUA)'
	@echo 'building for $(LUA_NAME)$(if $(VARIANT), ($(VARIANT))), log in $(BUILD)/log'
	@$(FLAGS) LUA='$(LUA)' BUILD='$(BUILD)' TREE=$(call quote,$(TREE)) VARIANT='$(VARIANT)' .ci/rocks > $(BUILD)/log 2>&1 \
	  || { tail -n 40 $(BUILD)/log; exit 1; }
	@touch $@

$(BUILD)/given: force
	@$(call remember,$(FLAGS))

place:
	@case $(call quote,$(CURDIR)) in *[\;\?:]*) \
	  echo 'The path of this folder has one of ; ? : in it, which LUA_PATH and PATH cannot hold: move it.' >&2; exit 1 ;; esac

env: place
	@printf 'export %s\n' \
	  $(call quote,LUA_PATH=$(call quote,$(TREE)/share/lua/$(LUA_VERSION)/?.lua;$(TREE)/share/lua/$(LUA_VERSION)/?/init.lua;;)) \
	  $(call quote,LUA_CPATH=$(call quote,$(TREE)/lib/lua/$(LUA_VERSION)/?.so;;)) \
	  $(call quote,PATH=$(call quote,$(TREE)/bin):"$$PATH")

types: build
	@eval "$$($(MAKE) -s env LUA='$(LUA)')" && $(LUA) csrc/contract/annotations.lua > lua/tavus/types.lua \
	  && $(LUA) csrc/contract/reference.lua > csrc/contract/README.md

clean:
	rm -rf .build

# ---------------------------------------------------------------- what LuaRocks calls

# sources, shared objects and Lua files of the rocks
CORE    := $(wildcard csrc/core/*.c csrc/contract/*.c csrc/check/*.c csrc/json/*.c csrc/schema/*.c csrc/secret/*.c)
HTTP    := $(wildcard csrc/http/*.c csrc/http_lua/*.c) csrc/contract/secrets.c csrc/json/utf8.c \
  $(addprefix csrc/secret/,plain.c redact.c secrets.c)
SANDBOX := $(wildcard csrc/sandbox/*.c)

# 1: with tavus.crypto, 0: without; empty: with it in a rock where the header of OpenSSL is found, without it in an archive
CRYPTO ?=
hash := \#
has_crypto = $(eval has_crypto := $(or $(CRYPTO),$(shell echo '$(hash)include <openssl/hmac.h>' | \
  $(CC) $(INCLUDES) $(CPPFLAGS) $(CFLAGS) -E -x c - >/dev/null 2>&1 && echo 1 || echo 0)))$(has_crypto)

libs-tavus         := core http crypto
libs-tavus-sandbox := sandbox/httpd
lua-tavus           = $(filter-out lua/tavus/sandbox/% lua/tavus/cli/%,$(shell find lua -name '*.lua'))

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
COMPILE = $(CC) $(WARNINGS) $(call include,$(LUA_INCDIR)) $(INCLUDES) $(CPPFLAGS) $(CFLAGS) $(NEEDED) -MMD -MP
# What makes a module. It stands at the end: behind a -pie of the caller it wins.
MODULE  = $(or $(filter -shared -bundle -dynamiclib,$(LIBFLAG)),$(if $(filter Darwin,$(shell uname -s)),-bundle -undefined dynamic_lookup,-shared))
LINK    = $(CC) $(LIBFLAG) $(CFLAGS) $(NEEDED) -o $@ $(filter %.o,$^)

# LuaRocks installs from one place, whatever Lua this is for.
rock: $(foreach lib,$(libs-$(ROCK)),$(BUILD)/lib/tavus/$(lib).so)
	@mkdir -p $(addprefix .build/rock/,$(sort $(dir $(libs-$(ROCK):%=tavus/%))))
	@for lib in $(libs-$(ROCK)); do cp $(BUILD)/lib/tavus/$$lib.so .build/rock/tavus/$$lib.so || exit 1; done

$(BUILD)/lib/tavus/core.so: $(call objects,$(CORE))
	@mkdir -p $(@D)
	$(LINK) $(LDFLAGS) $(MODULE)

$(BUILD)/lib/tavus/http.so: $(call objects,$(HTTP))
	@mkdir -p $(@D)
	$(LINK) $(call link,CURL,curl) -lpthread $(MODULE)

# Installed in any case, because a rock's list of files is fixed: without OpenSSL, loading it is an error.
$(BUILD)/lib/tavus/crypto.so: $(BUILD)/csrc/crypto/crypto.o
	@mkdir -p $(@D)
	$(LINK) $(if $(filter 1,$(has_crypto)),$(call link,OPENSSL,crypto),$(LDFLAGS)) $(MODULE)

$(BUILD)/csrc/crypto/crypto.o: csrc/crypto/crypto.c $(BUILD)/flags $(BUILD)/crypto
	@mkdir -p $(@D)
	@[ '$(has_crypto)' = 1 ] || echo 'This build has no tavus.crypto, which signs: it needs openssl/hmac.h (Debian: libssl-dev).'
	$(COMPILE) $(if $(filter 1,$(has_crypto)),,-DTAVUS_NO_CRYPTO) -c $< -o $@

$(BUILD)/crypto: force
	@$(call remember,$(has_crypto))

$(BUILD)/lib/tavus/sandbox/httpd.so: $(call objects,$(SANDBOX))
	@mkdir -p $(@D)
	$(LINK) $(call link,MICROHTTPD,microhttpd) -lpthread $(MODULE)

# The flags are part of what an object is made of. Each rock names its own library: the blanks of the others do not count.
$(BUILD)/flags: force
	@$(call remember,$(strip $(COMPILE) $(LIBFLAG) $(LDFLAGS) $(foreach name,$(LIBRARIES),$(call libdir,$(name)))))

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@

# ---------------------------------------------------------------- for a C program that has its Lua and tavus inside
# $(LUA) runs csrc/static/bundle.lua and says whose headers are meant; LUA_INCDIR=... names others, an engine's own, say.

STATIC         := $(BUILD)-static
# asked once, when it is used: the headers may be installed by then
STATIC_INCDIR   = $(eval STATIC_INCDIR := $(shell $(FLAGS) .ci/headers '$(LUA)'))$(STATIC_INCDIR)
STATIC_CRYPTO   = $(filter 1,$(CRYPTO))
STATIC_COMPILE  = $(CC) -DTAVUS_STATIC $(if $(STATIC_CRYPTO),-DTAVUS_STATIC_CRYPTO) $(WARNINGS) $(call include,$(STATIC_INCDIR)) $(INCLUDES) $(CPPFLAGS) $(CFLAGS) $(NEEDED) -MMD -MP
BUNDLE          = $(sort $(filter-out lua/tavus/types.lua lua/tavus/setup/globals.lua,$(lua-tavus)))
static-objects  = $(patsubst %.c,$(STATIC)/%.o,$(sort $(CORE) $(HTTP) $(if $(STATIC_CRYPTO),csrc/crypto/crypto.c)) \
  csrc/static/open.c csrc/static/bundle.c)
# -l: takes the archive by its name; without it the linker would prefer the shared Lua. A linker without -l: wants LUA_ARCHIVE.
LUA_ARCHIVE    ?= -l:lib$(or $(patsubst luajit%,luajit-5.1,$(filter luajit%,$(LUA_NAME))),$(LUA_NAME)).a
STATIC_LIBS     = $(STATIC)/libtavus.a $(call link,CURL,curl) $(if $(STATIC_CRYPTO),$(call link,OPENSSL,crypto)) $(LUA_ARCHIVE) -lpthread -lm -ldl
STATIC_PROGRAM  = $(CC) $(CPPFLAGS) $(CFLAGS) $(filter -fsanitize% -fno-sanitize%,$(NEEDED)) -I$(STATIC) $(call include,$(STATIC_INCDIR))

static: $(STATIC)/libtavus.a $(STATIC)/tavus.h
	@printf '%s\n' $(call quote,$(strip $(STATIC_PROGRAM) program.c $(STATIC_LIBS)))

embed: $(STATIC)/embed

$(STATIC)/libtavus.a: $(static-objects)
	@rm -f $@
	@$(AR) rcs $@ $^

$(STATIC)/tavus.h: csrc/static/tavus.h
	@mkdir -p $(@D)
	@cp $< $@

$(STATIC)/%.o: %.c $(STATIC)/flags
	@mkdir -p $(@D)
	@$(STATIC_COMPILE) -c $< -o $@

$(STATIC)/csrc/static/bundle.o: $(STATIC)/csrc/static/bundle.c
	@$(STATIC_COMPILE) -Icsrc/static -c $< -o $@

$(STATIC)/csrc/static/bundle.c: csrc/static/bundle.lua $(BUNDLE) $(STATIC)/flags
	@mkdir -p $(@D)
	@$(LUA) csrc/static/bundle.lua lua $(BUNDLE) > $@.new
	@mv $@.new $@

$(STATIC)/embed: examples/embed/host.c $(STATIC)/libtavus.a $(STATIC)/tavus.h
	@$(STATIC_COMPILE) -I$(STATIC) $< -o $@ $(STATIC_LIBS)

$(STATIC)/flags: static-packages
	@$(call remember,$(STATIC_COMPILE) $(STATIC_LIBS) $(BUNDLE))

.PHONY: static-packages
static-packages:
	@$(FLAGS) .ci/packages static '$(LUA)'

.PHONY: force
force:

-include $(patsubst %.o,%.d,$(call objects,$(CORE) $(HTTP) $(SANDBOX) csrc/crypto/crypto.c) $(static-objects))
