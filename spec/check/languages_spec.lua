-- luacheck: std max+busted
-- Languages: codes in `languages`, a name in `language`, and what people write in place of either. Each hint is followed.
local checking = require "spec.support.checking"
local core = require "tavus.core"

-- The 42 codes, with the English name, and what people write instead.
local LANGUAGES = {
  ar = "Arabic|العربية|arabe|ara", bg = "Bulgarian|български|bul", bn = "Bengali|Bangla|ben",
  cs = "Czech|čeština|cz|ces", da = "Danish|Dansk|dk", de = "German|deutsch|Deutsch|allemand|alemán|ger|deu|de-DE|DE",
  el = "Greek|Ελληνικά|gr|ell", en = "English|ENGLISH|en-US|en_GB|eng|US English|British English|English (UK)|EN|inglés",
  es = "Spanish|español|Español|espanol|castellano|es-MX|es-419|spa|Mexican Spanish", fi = "Finnish|suomi|fin",
  fr = "French|français|francais|Französisch|fr-CA|fre|fra", gu = "Gujarati|guj", he = "Hebrew|עברית|iw|heb",
  hi = "Hindi|हिन्दी|hi-IN", hr = "Croatian|hrvatski", hu = "Hungarian|magyar",
  id = "Indonesian|Bahasa Indonesia|ind", it = "Italian|italiano|it-IT|ita", ja = "Japanese|日本語|jp|jpn|ja-JP",
  ka = "Georgian|kat", kn = "Kannada|kan", ko = "Korean|한국어|kr|kor", ml = "Malayalam|mal", mr = "Marathi|mar",
  ms = "Malay|Bahasa Melayu|msa", nl = "Dutch|Nederlands|Flemish|nl-BE|nld", no = "Norwegian|norsk|nb|nb-NO|nn",
  pa = "Punjabi|Panjabi|pan", pl = "Polish|polski|pol", pt = "Portuguese|português|pt-BR|Brazilian Portuguese|por|br",
  ro = "Romanian|română|ron", ru = "Russian|русский|Русский|rus", sk = "Slovak|slovenčina",
  sv = "Swedish|svenska|swe|se", ta = "Tamil|தமிழ்", te = "Telugu|tel", th = "Thai|ไทย|tha",
  tl = "Tagalog|Filipino|fil", tr = "Turkish|Türkçe|tur", uk = "Ukrainian|українська|ua|ukr",
  vi = "Vietnamese|Tiếng Việt|vn", zh = "Chinese|Mandarin|中文|zh-CN|zh-Hans|zh_TW|cn|Chinese (Simplified)",
}

local function call(properties) return { persona_id = "p5317866", properties = properties } end

local function issue_of(properties, path, code)
  return checking.look("conversation", call(properties), "/properties/" .. path, code)
end

local function silent(kind, value) return assert.same({}, select(2, core.validate(kind, value, { strict = true }))) end

describe("languages", function()
  it("are the 42 codes, at a call and at a persona", function()
    local count = 0
    for code in pairs(LANGUAGES) do
      count = count + 1
      silent("conversation", call { languages = { code } })
      silent("persona", checking.persona { languages = { code, "en" } })
      silent("persona_patch", { { op = "add", path = "/languages", value = { code } } })
    end
    assert.equal(42, count)
  end)

  for code, others in pairs(LANGUAGES) do
    it("written in other words mean " .. code, function()
      for text in others:gmatch "[^|]+" do
        local issue = issue_of({ languages = { text } }, "languages/0", "choice")
        assert.equal("warning", issue.severity)
        assert.equal(('did you mean "%s"?'):format(code), issue.hint, text)
        issue = checking.look("persona", checking.persona { languages = { text } }, "/languages/0", "choice")
        assert.equal(('did you mean "%s"?'):format(code), issue.hint, text)
      end
    end)
  end

  for text, items in pairs {
    ["english, spanish"] = '"en", "es"', ["en,es"] = '"en", "es"', ["en es"] = '"en", "es"', ["en/es"] = '"en", "es"',
    ["English and German"] = '"en", "de"', ["en-US, es-MX"] = '"en", "es"', ["English; French; Dutch"] = '"en", "fr", "nl"',
    ["deutsch und englisch"] = '"de", "en"', ["en|de"] = '"en", "de"', ["español y inglés"] = '"es", "en"',
    ["Brazilian Portuguese, English (UK)"] = '"pt", "en"', ["[en, es]"] = '"en", "es"',
  } do
    it("in one text are told one by one: " .. text, function()
      assert.equal("one language an item: " .. items, issue_of({ languages = { text } }, "languages/0", "choice").hint)
      if text:sub(1, 1) == "[" then return end
      local issue, ok = issue_of({ languages = text }, "languages", "type")
      assert.is_nil(ok)
      assert.equal("write { " .. items .. " }", issue.hint)
    end)
  end

  it("as a single text become a list", function()
    assert.equal('write { "de" }', issue_of({ languages = "german" }, "languages").hint)
    assert.equal('write { "en" }', issue_of({ languages = "en" }, "languages").hint)
  end)

  it("that are not known are told the codes, and pass", function()
    for _, text in ipairs { "klingon", "xx", "multilingual", "auto", "farsi", "" } do
      local issue, ok = issue_of({ languages = { text } }, "languages/0", "choice")
      assert.is_true(ok)
      assert.matches("^known are ar, bg, bn, ", issue.hint, text)
    end
  end)

  it("leave no place for language", function()
    assert.equal("leave language out", issue_of({ languages = { "de" }, language = "german" }, "language", "rule").hint)
  end)
end)

describe("language", function()
  it("is called deprecated, and told the code", function()
    for code, others in pairs(LANGUAGES) do
      local name = others:match "^[^|]+"
      for _, text in ipairs { name, name:lower() } do
        local issue, ok = issue_of({ language = text }, "language", "deprecated")
        assert.is_true(ok)
        assert.equal(('use languages, with codes: { "%s" }'):format(code), issue.hint)
        assert.is_nil(issue_of({ language = text }, "language", "choice"))
      end
    end
    assert.is_nil(issue_of({ language = "multilingual" }, "language", "choice"))
    assert.equal("use languages, with the codes of those that are spoken",
      issue_of({ language = "multilingual" }, "language", "deprecated").hint)
  end)

  for text, name in pairs { de = "german", ["de-AT"] = "german", EN = "english", pt_BR = "portuguese", zh = "chinese",
      ["es-MX"] = "spanish", ["fr-CA"] = "french", ja = "japanese", no = "norwegian", uk = "ukrainian", ["en-US"] = "english" } do
    it("takes no codes: " .. text, function()
      local issue = issue_of({ language = text }, "language", "value")
      assert.equal("language codes are refused", issue.message)
      assert.equal(('did you mean "%s"?'):format(name), issue.hint)
    end)
  end

  for text, name in pairs { deutsch = "german", ["español"] = "spanish", ["français"] = "french", GERMAN = "german",
      italiano = "italian", ["日本語"] = "japanese", Mandarin = "chinese", nederlands = "dutch", svenska = "swedish",
      polski = "polish", ["Türkçe"] = "turkish", eng = "english", ["Brazilian Portuguese"] = "portuguese" } do
    it("takes English names: " .. text, function()
      assert.equal(('did you mean "%s"?'):format(name), issue_of({ language = text }, "language", "choice").hint)
    end)
  end

  it("is not a list", function()
    assert.equal('use languages, with codes: { "en", "es" }',
      issue_of({ language = "english, spanish" }, "language", "deprecated").hint)
    assert.equal("several go to languages, as codes", issue_of({ language = "english, spanish" }, "language", "choice").hint)
    local issue, ok = issue_of({ language = { "english" } }, "language", "type")
    assert.is_nil(ok)
    assert.matches("^use languages", issue.hint)
  end)
end)
