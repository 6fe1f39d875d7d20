--- The contract, read once for all modules of the sandbox; nothing changes it.
return require("tavus.core").contract()
