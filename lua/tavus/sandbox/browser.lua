--- The page at `/` for a browser. It is constant: the script fetches what it shows
-- from `/_sandbox/overview`, and writes it as text, never as HTML.

local browser = {}

-- The policy names the style and the script by their hashes, so that a browser runs
-- no others. After a change of either, spec/sandbox/page_spec.lua prints the new hash.
local STYLE_HASH = "sha256-5FtYteUV/Jkznvtty2ec/WD9yP4MFuprGEgpV8jMlxY="
local SCRIPT_HASH = "sha256-EgUEs0w6FNV6wKlvUZtLVetlV9DQt9IrwQgym38TSgc="

local STYLE = [[
:root {
  color-scheme: light dark;
  --back: #fff; --front: #1b1b1f; --quiet: #55555f; --line: #d4d4dc; --head: #f1f1f5;
  --notice: #fff3d1; --mark: #8a3b00; --fresh: #e5f4e8; --bad: #a8071a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #16161a; --front: #e8e8ee; --quiet: #a6a6b3; --line: #3a3a44; --head: #222229;
    --notice: #3a2f10; --mark: #ffb36b; --fresh: #17331f; --bad: #ff8f8f;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--back); color: var(--front);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; }
h2 { margin: 1.75rem 0 .5rem; font-size: 1.15rem; }
p { margin: .4rem 0; }
.notice { padding: .6rem .8rem; border-radius: .3rem; background: var(--notice); }
.quiet, .count { color: var(--quiet); font-weight: normal; }
.lost { color: var(--bad); font-weight: bold; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
caption { padding-bottom: .3rem; color: var(--quiet); text-align: left; }
th, td { padding: .3rem .5rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
thead th { background: var(--head); white-space: nowrap; }
tbody th { font-weight: normal; }
.code { font-family: ui-monospace, monospace; }
.id, #switches tbody th { white-space: nowrap; }
#switches .mark { display: block; overflow-wrap: break-word; }
#requests td:nth-child(4) { overflow-wrap: break-word; }
#requests td:nth-child(5) { min-width: 6rem; }
tr.new > * { background: var(--fresh); }
tr.changed > :first-child { font-weight: bold; }
.mark { color: var(--mark); font-weight: bold; }
.bad { color: var(--bad); font-weight: bold; }
@media (max-width: 40rem) {
  body { padding: .7rem; }
  table { font-size: .82rem; }
  th, td { padding: .3rem; }
  .wide { display: none; }
}
]]

local SCRIPT = [[
"use strict";
const PAUSE = 1000, PATIENCE = 10000;
let shown = "", known = null;

function element(name, text, style) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (style) made.className = style;
  return made;
}

function put(id, text) {
  const place = document.getElementById(id);
  if (place.textContent !== text) place.textContent = text;
}

// Each row: its key, and its cells as { text, style }; the first one names the row.
function fill(id, rows, none, fresh) {
  const body = document.querySelector("#" + id + " tbody"), list = [];
  for (const row of rows) {
    const line = element("tr");
    row.cells.forEach((cell, n) => {
      const made = element(n ? "td" : "th", cell.text, cell.style);
      if (!n) made.scope = "row";
      if (cell.mark) made.append(" ", element("span", cell.mark, "mark"));
      line.append(made);
    });
    const key = id + " " + row.key;
    if (known && !known.has(key)) line.classList.add("new");
    if (row.changed) line.classList.add("changed");
    fresh.add(key);
    list.push(line);
  }
  if (!list.length) {
    const line = element("tr"), cell = element("td", none, "quiet");
    cell.colSpan = document.querySelectorAll("#" + id + " thead th").length;
    line.append(cell);
    list.push(line);
  }
  body.replaceChildren(...list);
}

function counted(listed, total) {
  return listed < total ? "(" + total + ", the newest " + listed + " are listed)" : "(" + total + ")";
}

function value(setting) { return setting === "" ? "(empty)" : String(setting); }

function outcome(entry) {
  if (entry.status === undefined && entry.closed) return { text: "closed " + entry.closed, style: "bad" };
  if (entry.status === undefined) return { text: "under way", style: "quiet" };
  return { text: String(entry.status), style: entry.status >= 400 ? "bad" : "" };
}

function show(all) {
  const fresh = new Set();
  fill("personas", all.personas.map(one => ({ key: one.persona_id, cells: [
    { text: one.persona_name || "(no name)" }, { text: one.persona_id, style: "code id" },
    { text: one.model }, { text: one.created_at, style: "wide" },
  ] })), "None yet. Stock personas are not listed.", fresh);
  fill("conversations", all.conversations.map(one => ({ key: one.conversation_id, cells: [
    { text: one.conversation_name || "(no name)" }, { text: one.conversation_id, style: "code id" },
    { text: one.status }, { text: one.persona_id, style: "code id wide" }, { text: one.created_at, style: "wide" },
  ] })), "None yet.", fresh);
  fill("others", all.others.map(one => ({ key: one.resource + " " + one.id, cells: [
    { text: one.name || "(no name)" }, { text: one.id, style: "code id" }, { text: one.resource },
    { text: one.status }, { text: one.created_at, style: "wide" },
  ] })), "None yet.", fresh);
  fill("requests", all.requests.map(one => ({ key: one.seq, cells: [
    { text: String(one.seq) }, { text: one.method, style: "code" }, { text: one.path, style: "code" },
    outcome(one), { text: one.fault || (one.scripted ? "(as ordered)" : ""), style: one.fault ? "bad" : "quiet" },
  ] })), "Nothing yet.", fresh);
  fill("switches", all.switches.map(one => ({ key: one.name, changed: one.changed, cells: [
    { text: one.name, style: "code" },
    { text: value(one.value), mark: one.changed ? "changed, default: " + value(one.default) : "" },
    { text: one.meaning },
  ] })), "None.", fresh);
  known = fresh;
  put("personas-count", counted(all.personas.length, all.persona_count));
  put("conversations-count", counted(all.conversations.length, all.conversation_count));
  put("others-count", counted(all.others.length, all.other_count));
  put("requests-count", counted(all.requests.length, all.request_count));
  put("switches-count", "(" + all.switches.filter(one => one.changed).length + " changed)");
  put("about", all.url + ", version " + all.version + ". Rules that wait for a request: " + all.scripted + "."
    + (all.refusing ? " Connections are refused." : ""));
}

async function update() {
  const ending = new AbortController(), timer = setTimeout(() => ending.abort(), PATIENCE);
  try {
    const answer = await fetch("/_sandbox/overview", { cache: "no-store", signal: ending.signal });
    if (!answer.ok) throw new Error("status " + answer.status);
    const text = await answer.text();
    if (text !== shown) { show(JSON.parse(text)); shown = text; }
    put("state", "Updates by itself.");
    document.getElementById("state").className = "quiet";
  } catch (problem) {
    put("state", "The sandbox does not answer; this is its last state.");
    document.getElementById("state").className = "lost";
  }
  clearTimeout(timer);
  setTimeout(update, PAUSE);
}
update();
]]

local function section(id, title, caption, columns)
  local heads = {}
  for i, column in ipairs(columns) do
    local name = column:gsub("^%-", "")
    heads[i] = ('<th scope="col"%s>%s</th>'):format(name ~= column and ' class="wide"' or "", name)
  end
  return ([[
<section aria-labelledby="%s-title">
<h2 id="%s-title">%s <span class="count" id="%s-count"></span></h2>
<div class="scroll" role="region" aria-labelledby="%s-title" tabindex="0">
<table id="%s">
<caption>%s</caption>
<thead><tr>%s</tr></thead>
<tbody></tbody>
</table>
</div>
</section>
]]):format(id, id, title, id, id, id, caption, table.concat(heads))
end

-- Without the empty icon a browser asks for /favicon.ico, which would be a request to the API.
browser.html = table.concat {
  [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox (not Tavus)</title>
<link rel="icon" href="data:,">
<style>]], STYLE, [[</style>
</head>
<body>
<header>
<h1>Sandbox</h1>
<p class="notice"><strong>This is not Tavus.</strong> It is a local sandbox that imitates the persona API of Tavus:
it sends nothing anywhere and costs nothing, and no one joins a call.</p>
<p id="about" class="quiet"></p>
<p id="state" role="status">Asking the sandbox ...</p>
<noscript><p class="notice">This page needs JavaScript. The same as JSON:
<a href="/_sandbox/overview">/_sandbox/overview</a>.</p></noscript>
</header>
<main>
]],
  -- A "-" marks a column that is hidden on a phone.
  section("personas", "Personas", "What is stored, newest first", { "Name", "Id", "Model", "-Created" }),
  section("conversations", "Conversations", "What is stored, newest first",
    { "Name", "Id", "Status", "-Persona", "-Created" }),
  section("others", "Other resources", "What is stored, newest first in each resource",
    { "Name", "Id", "Resource", "Status", "-Created" }),
  section("requests", "Requests", "What was asked, newest first", { "No.", "Method", "Path", "Status", "Fault" }),
  section("switches", "Switches", "Habits of Tavus; those that differ from their default come first",
    { "Name", "Value", "Meaning" }),
  "</main>\n<script>", SCRIPT, "</script>\n</body>\n</html>\n",
}

--- The headers of the page. A browser loads and runs nothing else, and asks only the sandbox.
browser.headers = {
  ["Content-Type"] = "text/html; charset=utf-8",
  ["Content-Security-Policy"] = "default-src 'none'; style-src '" .. STYLE_HASH .. "'; script-src '" .. SCRIPT_HASH
    .. "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ["X-Content-Type-Options"] = "nosniff",
  ["Referrer-Policy"] = "no-referrer",
  ["Cache-Control"] = "no-store",
}

return browser
