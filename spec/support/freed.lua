--- freed.c together with the binding of the engine, built for the Lua that runs, once a process.
return require "spec.support.compiled"("freed", "spec/support/freed.c csrc/http/*.c csrc/http_lua/*.c"
  .. " -Wl,--wrap=malloc,--wrap=calloc,--wrap=free,--wrap=curl_slist_free_all -lcurl -lpthread")
