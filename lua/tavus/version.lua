--- The version of the library: `tavus._VERSION` and the end of the user agent.
return "0.1.0"
