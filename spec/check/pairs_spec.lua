-- luacheck: std max+busted
-- Pairs and sets of fields that Tavus refuses, or that have no effect together.
local checking = require "spec.support.checking"
local core = require "tavus.core"

local look, layers, persona, codes = checking.look, checking.layers, checking.persona, checking.codes

local function claude(extra, model) return layers("llm", { model = model or "tavus-claude-haiku-4.5",
extra_body = extra }) end

local function custom(more)
  local llm = { model = "m", base_url = "https://llm.host.com/v1", api_key = "k" }
  for name, value in pairs(more) do llm[name] = value end
  return layers("llm", llm)
end

describe("a hosted Claude model", function()
  local path = "/layers/llm/extra_body/top_p"

  it("warns of temperature with top_p", function()
    for _, extra in ipairs {
      { temperature = 0.5, top_p = 0.9 }, { temperature = 0, top_p = 0 }, { temperature = 1, top_p = 1,
      max_tokens = 5 },
    } do
      for _, model in ipairs { "tavus-claude-haiku-4.5", "tavus-claude-sonnet-5", "tavus-claude" } do
        local issue, ok = look("persona", claude(extra, model), path)
        assert.is_true(ok)
        assert.equal("rule", issue.code)
        assert.equal("warning", issue.severity)
        assert.is_string(issue.hint)
      end
    end
    assert.is_table(look("persona_patch", { { op = "add", path = "/layers",
      value = { llm = { model = "tavus-claude-haiku-4.5", extra_body = { temperature = 1, top_p = 1 } } } } },
      "/0/value/llm/extra_body/top_p", "rule"))
  end)

  it("is silent of one of them, and so is any other model", function()
    for _, extra in ipairs { { temperature = 0.5 }, { top_p = 0.9 }, {}, { temperature = core.null, top_p = 1 } } do
      assert.same({}, codes("persona", claude(extra)))
    end
    for _, model in ipairs { "tavus-gpt-oss", "tavus-gpt-5.2", "tavus-gemini-3-flash" } do
      assert.same({}, codes("persona", claude({ temperature = 0.5, top_p = 0.9 }, model)))
    end
    assert.same({}, codes("persona", layers("llm", { extra_body = { temperature = 0.5, top_p = 0.9 } })))
    assert.same({}, codes("persona", custom { model = "claude-haiku-4-5", extra_body = { temperature = 0.5,
    top_p = 0.9 } }))
  end)
end)

local function call(properties) return { persona_id = "p5317866", properties = properties } end

-- The paths in `properties` of the issues with the code "required" or "rule".
local function missing(properties)
  local _, issues = core.validate("conversation", call(properties))
  local list = {}
  for _, issue in ipairs(issues) do
    if issue.code == "required" or issue.code == "rule" then
      assert.equal("warning", issue.severity)
      list[#list + 1] = issue.path:gsub("^/properties/", "")
    end
  end
  table.sort(list)
  return table.concat(list, " ")
end

describe("a recording target", function()
  local s3 = { provider = "s3", bucket_name = "b", bucket_region = "eu-west-1", assume_role_arn = "arn" }
  local gcs = { provider = "gcs", bucket_name = "b", project_id = "p", workload_identity_provider = "projects/1",
    service_account_email = "a@b.iam" }
  local azure = { provider = "azure_blob", storage_account = "a", container = "c", tenant_id = "t", client_id = "i" }

  for _, whole in ipairs { s3, gcs, azure } do
    it("is whole with what " .. whole.provider .. " needs", function()
      assert.equal("", missing { enable_recording = true, recording_storage = whole })
      for name in pairs(whole) do
        local part = {}
        for key, value in pairs(whole) do if key ~= name then part[key] = value end end
        local expected = "recording_storage/" .. name
        assert.equal(expected, missing { recording_storage = part })
        if name ~= "provider" then
          part[name] = ""
          assert.equal(expected, missing { enable_recording = true, recording_storage = part })
        end
      end
      assert.equal(3, select(2, missing { recording_storage = { provider = whole.provider } }:gsub("%S+",
      "")) - (whole ~= s3 and 1 or 0))
    end)
  end

  it("has no members of another provider", function()
    local function with(target, name)
      local copy = { [name] = "x" }
      for key, value in pairs(target) do copy[key] = value end
      return missing { recording_storage = copy }
    end
    assert.equal("recording_storage/tenant_id", with(s3, "tenant_id"))
    assert.equal("recording_storage/project_id", with(s3, "project_id"))
    assert.equal("recording_storage/assume_role_arn", with(gcs, "assume_role_arn"))
    assert.equal("recording_storage/bucket_name", with(azure, "bucket_name"))
    assert.equal("", with(s3, "external_id"))
    assert.equal("", with(gcs, "key_template"))
  end)

  it("under its old names is whole or not there", function()
    local whole = { recording_s3_bucket_name = "b", recording_s3_bucket_region = "eu-west-1",
    aws_assume_role_arn = "arn" }
    assert.equal("", missing(whole))
    assert.equal("", missing { recording_s3_bucket_name = "", aws_assume_role_arn = "" })
    for name in pairs(whole) do
      local part = { enable_recording = true }
      for key, value in pairs(whole) do if key ~= name then part[key] = value end end
      assert.equal(name, missing(part))
      assert.equal(2, select(2, missing { [name] = whole[name] }:gsub("%S+", "")))
    end
  end)

  it("is wanted by enable_recording", function()
    assert.equal("recording_storage", missing { enable_recording = true })
    assert.equal("", missing { enable_recording = false })
    assert.equal("", missing {})
  end)

  it("of gcs names the identity provider without its prefix", function()
    local value = call { recording_storage = { provider = "gcs", bucket_name = "b", project_id = "p",
    service_account_email = "a@b.iam",
      workload_identity_provider = "//iam.googleapis.com/projects/1/x" } }
    local issue = look("conversation", value, "/properties/recording_storage/workload_identity_provider")
    assert.equal("value", issue.code)
    assert.equal('write "projects/1/x"', issue.hint)
  end)
end)

describe("a limit on one side", function()
  it("is told as one", function()
    assert.equal("less than 2", look("conversation", { persona_id = "p5317866", max_participants = 1 },
    "/max_participants").message)
    assert.same({}, codes("persona", persona {}))
  end)
end)
