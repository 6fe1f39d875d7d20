--- freed.c together with the binding of the engine, built for the Lua that runs, once a process.
return require "spec.support.compiled"("freed", "spec/support/freed.c csrc/http/*.c csrc/http_lua/*.c csrc/contract/secrets.c"
  .. " csrc/json/utf8.c csrc/secret/plain.c csrc/secret/redact.c csrc/secret/secrets.c"
  .. " -Wl,--wrap=malloc,--wrap=calloc,--wrap=free,--wrap=curl_slist_free_all -lcurl -lpthread")
