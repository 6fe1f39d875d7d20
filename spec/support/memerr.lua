--- memerr.c, built for the Lua that runs, once a process.
return require "spec.support.compiled"("memerr", "spec/support/memerr.c")
