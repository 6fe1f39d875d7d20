-- RFC 6902 case by case: a document, a patch, and what comes of it: the document
-- after it, or words of the error.
local core = require "tavus.core"
local patch = require "tavus.patch"

local function read(text)
  local value = core.decode(text)
  assert(value ~= nil, "a case is no JSON: " .. text)
  return value
end

local cases = {
  -- no operation
  { "an empty patch on an object", [=[{}]=], [=[[]]=], [=[{}]=] },
  { "an empty patch on an array", [=[["a"]]=], [=[[]]=], [=[["a"]]=] },
  { "an empty patch on a scalar", [=["text"]=], [=[[]]=], [=["text"]=] },
  { "an empty patch on null", [=[null]=], [=[[]]=], [=[null]=] },

  -- add: object members (A.1, A.10, A.11, A.12)
  { "add a member", [=[{"foo":"bar"}]=], [=[[{"op":"add","path":"/baz","value":"qux"}]]=], [=[{"foo":"bar","baz":"qux"}]=] },
  { "add a nested object", [=[{"foo":"bar"}]=], [=[[{"op":"add","path":"/child","value":{"grandchild":{}}}]]=],
    [=[{"foo":"bar","child":{"grandchild":{}}}]=] },
  { "add over a member that exists replaces it whole", [=[{"tts":{"engine":"cartesia","speed":1}}]=],
    [=[[{"op":"add","path":"/tts","value":{"engine":"azure"}}]]=], [=[{"tts":{"engine":"azure"}}]=] },
  { "add over null", [=[{"a":null}]=], [=[[{"op":"add","path":"/a","value":1}]]=], [=[{"a":1}]=] },
  { "add over false", [=[{"a":false}]=], [=[[{"op":"add","path":"/a","value":true}]]=], [=[{"a":true}]=] },
  { "add null", [=[{}]=], [=[[{"op":"add","path":"/a","value":null}]]=], [=[{"a":null}]=] },
  { "add false", [=[{}]=], [=[[{"op":"add","path":"/a","value":false}]]=], [=[{"a":false}]=] },
  { "add an empty object", [=[{}]=], [=[[{"op":"add","path":"/a","value":{}}]]=], [=[{"a":{}}]=] },
  { "add an empty array", [=[{}]=], [=[[{"op":"add","path":"/a","value":[]}]]=], [=[{"a":[]}]=] },
  { "add an array", [=[{"a":1}]=], [=[[{"op":"add","path":"/b","value":[1,[2]]}]]=], [=[{"a":1,"b":[1,[2]]}]=] },
  { "add below an array item", [=[{"list":[{"a":1}]}]=], [=[[{"op":"add","path":"/list/0/b","value":2}]]=],
    [=[{"list":[{"a":1,"b":2}]}]=] },
  { "add under a missing parent", [=[{"foo":"bar"}]=], [=[[{"op":"add","path":"/baz/bat","value":"qux"}]]=],
    error = 'there is no member "baz" (in the root)' },
  { "add two levels under what is missing", [=[{"layers":{}}]=], [=[[{"op":"add","path":"/layers/stt/hotwords","value":"x"}]]=],
    error = 'there is no member "stt" (in /layers)' },
  { "add under a string", [=[{"a":"text"}]=], [=[[{"op":"add","path":"/a/b","value":1}]]=],
    error = 'a string has no member "b" (in /a)' },
  { "add under null", [=[{"a":null}]=], [=[[{"op":"add","path":"/a/b","value":1}]]=], error = 'null has no member "b"' },
  { "add under a number, deeper", [=[{"a":1}]=], [=[[{"op":"add","path":"/a/b/c","value":1}]]=],
    error = 'a number has no member "b"' },
  { "a member named by the empty string", [=[{}]=], [=[[{"op":"add","path":"/","value":1}]]=], [=[{"":1}]=] },
  { "a trailing slash names an empty member", [=[{"a":{}}]=], [=[[{"op":"add","path":"/a/","value":1}]]=], [=[{"a":{"":1}}]=] },
  { "empty members in a row", [=[{"":{"":{}}}]=], [=[[{"op":"add","path":"///x","value":1}]]=], [=[{"":{"":{"x":1}}}]=] },
  { "an object member that looks like an index", [=[{"a":1}]=], [=[[{"op":"add","path":"/0","value":"zero"}]]=],
    [=[{"a":1,"0":"zero"}]=] },
  { "an object member with leading zeros", [=[{"00":1}]=], [=[[{"op":"replace","path":"/00","value":2}]]=], [=[{"00":2}]=] },
  { "an object member called -", [=[{"a":1}]=], [=[[{"op":"add","path":"/-","value":2}]]=], [=[{"a":1,"-":2}]=] },
  { "into an empty object, a member that looks like an index", [=[{}]=], [=[[{"op":"add","path":"/1","value":"x"}]]=], [=[{"1":"x"}]=] },
  { "number-like members do not make an array", [=[{"m":{}}]=],
    [=[[{"op":"add","path":"/m/0","value":"a"},{"op":"add","path":"/m/1","value":"b"},{"op":"remove","path":"/m/0"}]]=],
    [=[{"m":{"1":"b"}}]=] },

  -- add: array items (A.2, A.16)
  { "insert in the middle", [=[{"foo":["bar","baz"]}]=], [=[[{"op":"add","path":"/foo/1","value":"qux"}]]=],
    [=[{"foo":["bar","qux","baz"]}]=] },
  { "insert at the front", [=[["b"]]=], [=[[{"op":"add","path":"/0","value":"a"}]]=], [=[["a","b"]]=] },
  { "insert at the index after the last", [=[["a","b"]]=], [=[[{"op":"add","path":"/2","value":"c"}]]=], [=[["a","b","c"]]=] },
  { "insert into an empty array", [=[[]]=], [=[[{"op":"add","path":"/0","value":"a"}]]=], [=[["a"]]=] },
  { "append", [=[{"foo":["bar"]}]=], [=[[{"op":"add","path":"/foo/-","value":["abc","def"]}]]=],
    [=[{"foo":["bar",["abc","def"]]}]=] },
  { "append to an empty root array", [=[[]]=], [=[[{"op":"add","path":"/-","value":1}]]=], [=[[1]]=] },
  { "append deep inside", [=[[1,[2,[3]]]]=], [=[[{"op":"add","path":"/1/1/-","value":{"a":[]}}]]=], [=[[1,[2,[3,{"a":[]}]]]]=] },
  { "append null", [=[[1]]=], [=[[{"op":"add","path":"/-","value":null}]]=], [=[[1,null]]=] },
  { "append false, then another", [=[[]]=],
    [=[[{"op":"add","path":"/-","value":false},{"op":"add","path":"/-","value":0}]]=], [=[[false,0]]=] },
  { "an array that is inserted is not flattened", [=[[1,4]]=], [=[[{"op":"add","path":"/1","value":[2,3]}]]=], [=[[1,[2,3],4]]=] },
  { "insert past the end", [=[{"bar":[1,2]}]=], [=[[{"op":"add","path":"/bar/3","value":"x"}]]=], error = "past the end" },
  { "insert far past the end", [=[{"bar":[1,2]}]=], [=[[{"op":"add","path":"/bar/4294967296","value":"x"}]]=], error = "past the end" },
  { "insert past what a number can hold", [=[[1]]=],
    [=[[{"op":"add","path":"/18446744073709551617","value":"x"}]]=], error = "past the end" },
  { "insert at a negative index", [=[{"bar":[1,2]}]=], [=[[{"op":"add","path":"/bar/-1","value":"x"}]]=],
    error = "a number from 0" },
  { "insert at an index with a leading zero", [=[[1,2]]=], [=[[{"op":"add","path":"/01","value":"x"}]]=],
    error = "no leading zero" },
  { "insert at a number that is no index", [=[[1,2]]=], [=[[{"op":"add","path":"/1e0","value":"x"}]]=],
    error = "a number from 0" },
  { "insert at a fraction", [=[[1,2]]=], [=[[{"op":"add","path":"/0.5","value":"x"}]]=], error = "a number from 0" },
  { "insert at a name", [=[[1,2]]=], [=[[{"op":"add","path":"/name","value":"x"}]]=], error = "a number from 0" },
  { "insert at the empty name", [=[[1,2]]=], [=[[{"op":"add","path":"/","value":"x"}]]=], error = "a number from 0" },
  { "- in the middle of a path", [=[[[1]]]=], [=[[{"op":"add","path":"/-/0","value":"x"}]]=], error = "nothing is there" },

  -- the root
  { "add at the root replaces an object by an array", [=[{"a":1}]=], [=[[{"op":"add","path":"","value":[]}]]=], [=[[]]=] },
  { "add at the root replaces an array by an object", [=[[1]]=], [=[[{"op":"add","path":"","value":{}}]]=], [=[{}]=] },
  { "replace the root", [=[{"foo":"bar"}]=], [=[[{"op":"replace","path":"","value":{"baz":"qux"}}]]=], [=[{"baz":"qux"}]=] },
  { "replace a scalar root", [=["foo"]=], [=[[{"op":"replace","path":"","value":"bar"}]]=], [=["bar"]=] },
  { "replace the root, then go on inside", [=[1]=],
    [=[[{"op":"replace","path":"","value":{"a":[]}},{"op":"add","path":"/a/-","value":1}]]=], [=[{"a":[1]}]=] },
  { "test the root", [=[{"a":[1,{}]}]=], [=[[{"op":"test","path":"","value":{"a":[1,{}]}}]]=], [=[{"a":[1,{}]}]=] },
  { "remove the root leaves null", [=[{"a":1}]=], [=[[{"op":"remove","path":""}]]=], [=[null]=] },
  { "remove the root, then add another", [=[{"a":1}]=],
    [=[[{"op":"remove","path":""},{"op":"add","path":"","value":[2]}]]=], [=[[2]]=] },
  { "replace the root after it was removed", [=[{"a":1}]=],
    [=[[{"op":"remove","path":""},{"op":"replace","path":"","value":1}]]=], [=[1]=] },
  { "nothing is left to add to after the root is gone", [=[{"a":1}]=],
    [=[[{"op":"remove","path":""},{"op":"add","path":"/a","value":1}]]=], error = 'null has no member "a"' },
  { "copy a member over the root", [=[{"a":[1]}]=], [=[[{"op":"copy","from":"/a","path":""}]]=], [=[[1]]=] },
  { "move a member over the root", [=[{"a":[1]}]=], [=[[{"op":"move","from":"/a","path":""}]]=], [=[[1]]=] },
  { "move the root onto itself", [=[{"a":1}]=], [=[[{"op":"move","from":"","path":""}]]=], [=[{"a":1}]=] },
  { "copy the root into itself", [=[{"a":1}]=], [=[[{"op":"copy","from":"","path":"/b"}]]=], [=[{"a":1,"b":{"a":1}}]=] },

  -- remove (A.3, A.4)
  { "remove a member", [=[{"baz":"qux","foo":"bar"}]=], [=[[{"op":"remove","path":"/baz"}]]=], [=[{"foo":"bar"}]=] },
  { "remove the only member leaves an object", [=[{"a":{"b":1}}]=], [=[[{"op":"remove","path":"/a/b"}]]=], [=[{"a":{}}]=] },
  { "remove an item", [=[{"foo":["bar","qux","baz"]}]=], [=[[{"op":"remove","path":"/foo/1"}]]=], [=[{"foo":["bar","baz"]}]=] },
  { "remove the only item leaves an array", [=[{"a":[1]}]=], [=[[{"op":"remove","path":"/a/0"}]]=], [=[{"a":[]}]=] },
  { "later removes see the array as it is then", [=[[1,2,3,4]]=],
    [=[[{"op":"remove","path":"/1"},{"op":"remove","path":"/2"}]]=], [=[[1,3]]=] },
  { "remove a null", [=[{"a":null}]=], [=[[{"op":"remove","path":"/a"}]]=], [=[{}]=] },
  { "remove a false", [=[{"a":false,"b":1}]=], [=[[{"op":"remove","path":"/a"}]]=], [=[{"b":1}]=] },
  { "remove a null item", [=[[null,1]]=], [=[[{"op":"remove","path":"/0"}]]=], [=[[1]]=] },
  { "remove what is missing", [=[{"foo":"bar"}]=], [=[[{"op":"remove","path":"/baz"}]]=], error = 'there is no member "baz"' },
  { "remove an item past the end", [=[["a","b"]]=], [=[[{"op":"remove","path":"/2"}]]=], error = "the array has 2" },
  { "remove the place after the last", [=[["a"]]=], [=[[{"op":"remove","path":"/-"}]]=], error = "nothing is there" },
  { "remove with a number that is no index", [=[[1,2]]=], [=[[{"op":"remove","path":"/1e0"}]]=], error = "a number from 0" },
  { "remove through a number that is no index", [=[{"a":[{"b":1}]}]=], [=[[{"op":"remove","path":"/a/0e0/b"}]]=],
    error = "a number from 0" },
  { "a value in a remove is ignored", [=[{"a":1}]=], [=[[{"op":"remove","path":"/a","value":1}]]=], [=[{}]=] },

  -- replace (A.5)
  { "replace a member", [=[{"baz":"qux","foo":"bar"}]=], [=[[{"op":"replace","path":"/baz","value":"boo"}]]=],
    [=[{"baz":"boo","foo":"bar"}]=] },
  { "replace an item", [=[["a","b"]]=], [=[[{"op":"replace","path":"/1","value":{"c":1}}]]=], [=[["a",{"c":1}]]=] },
  { "replace below an item", [=[{"list":[{"a":"hello"}]}]=], [=[[{"op":"replace","path":"/list/0/a","value":"world"}]]=],
    [=[{"list":[{"a":"world"}]}]=] },
  { "replace null", [=[{"a":null}]=], [=[[{"op":"replace","path":"/a","value":"x"}]]=], [=[{"a":"x"}]=] },
  { "replace by null", [=[{"a":1}]=], [=[[{"op":"replace","path":"/a","value":null}]]=], [=[{"a":null}]=] },
  { "replace an item by false", [=[[""]]=], [=[[{"op":"replace","path":"/0","value":false}]]=], [=[[false]]=] },
  { "replace an object by an empty array", [=[{"a":{}}]=], [=[[{"op":"replace","path":"/a","value":[]}]]=], [=[{"a":[]}]=] },
  { "replace what is missing", [=[{"a":1}]=], [=[[{"op":"replace","path":"/b","value":1}]]=], error = 'there is no member "b"' },
  { "replace under a missing parent", [=[{"a":1}]=], [=[[{"op":"replace","path":"/b/c","value":1}]]=],
    error = 'there is no member "b"' },
  { "replace an item past the end", [=[[1]]=], [=[[{"op":"replace","path":"/1","value":2}]]=], error = "the array has 1" },
  { "replace the place after the last", [=[[1]]=], [=[[{"op":"replace","path":"/-","value":2}]]=], error = "nothing is there" },

  -- move (A.6, A.7)
  { "move a member", [=[{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}]=],
    [=[[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]]=],
    [=[{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}]=] },
  { "move an item", [=[{"foo":["all","grass","cows","eat"]}]=], [=[[{"op":"move","from":"/foo/1","path":"/foo/3"}]]=],
    [=[{"foo":["all","cows","eat","grass"]}]=] },
  { "move an item to the front", [=[[1,2,3]]=], [=[[{"op":"move","from":"/2","path":"/0"}]]=], [=[[3,1,2]]=] },
  { "move an item to the end", [=[[1,2,3]]=], [=[[{"op":"move","from":"/0","path":"/-"}]]=], [=[[2,3,1]]=] },
  { "move to the same place", [=[{"foo":1}]=], [=[[{"op":"move","from":"/foo","path":"/foo"}]]=], [=[{"foo":1}]=] },
  { "move to the same place, which is missing", [=[{"foo":1}]=], [=[[{"op":"move","from":"/bar","path":"/bar"}]]=],
    error = 'there is no member "bar"' },
  { "move over a member that exists", [=[{"a":1,"b":2}]=], [=[[{"op":"move","from":"/a","path":"/b"}]]=], [=[{"b":1}]=] },
  { "move from an object into an array", [=[{"baz":[{"qux":"hello"}]}]=], [=[[{"op":"move","from":"/baz/0/qux","path":"/baz/1"}]]=],
    [=[{"baz":[{},"hello"]}]=] },
  { "move a child over its parent", [=[{"a":{"b":{"c":1}}}]=], [=[[{"op":"move","from":"/a/b","path":"/a"}]]=], [=[{"a":{"c":1}}]=] },
  { "move a null", [=[{"a":null}]=], [=[[{"op":"move","from":"/a","path":"/b"}]]=], [=[{"b":null}]=] },
  { "the place is read after the value is taken away", [=[[1,2]]=], [=[[{"op":"move","from":"/0","path":"/2"}]]=],
    error = "past the end" },
  { "move into the own child", [=[{"a":{"b":{}}}]=], [=[[{"op":"move","from":"/a","path":"/a/b/c"}]]=], error = "into itself" },
  { "move the root below itself", [=[{"a":{}}]=], [=[[{"op":"move","from":"","path":"/a/b"}]]=], error = "into itself" },
  { "a name that only begins the same is no child", [=[{"a":1}]=], [=[[{"op":"move","from":"/a","path":"/ab"}]]=], [=[{"ab":1}]=] },
  { "move what is missing", [=[{"a":1}]=], [=[[{"op":"move","from":"/b","path":"/c"}]]=], error = 'there is no member "b"' },
  { "move from a number that is no index", [=[{"a":[1,2]}]=], [=[[{"op":"move","from":"/a/1e0","path":"/b"}]]=],
    error = "a number from 0" },

  -- copy
  { "copy a member", [=[{"baz":[{"qux":"hello"}],"bar":1}]=], [=[[{"op":"copy","from":"/baz/0","path":"/boo"}]]=],
    [=[{"baz":[{"qux":"hello"}],"bar":1,"boo":{"qux":"hello"}}]=] },
  { "a copy is deep", [=[{"a":{"list":[1]}}]=],
    [=[[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/list/-","value":2}]]=],
    [=[{"a":{"list":[1]},"b":{"list":[1,2]}}]=] },
  { "the original of a copy may change", [=[{"a":{"x":1}}]=],
    [=[[{"op":"copy","from":"/a","path":"/b"},{"op":"replace","path":"/a/x","value":2}]]=], [=[{"a":{"x":2},"b":{"x":1}}]=] },
  { "copy an item in front of itself", [=[[[1],2]]=], [=[[{"op":"copy","from":"/0","path":"/0"}]]=], [=[[[1],[1],2]]=] },
  { "copy an empty array", [=[{"a":[]}]=], [=[[{"op":"copy","from":"/a","path":"/b"}]]=], [=[{"a":[],"b":[]}]=] },
  { "copy into the own child", [=[{"a":{}}]=], [=[[{"op":"copy","from":"/a","path":"/a/b"}]]=], [=[{"a":{"b":{}}}]=] },
  { "copy a null", [=[{"a":null}]=], [=[[{"op":"copy","from":"/a","path":"/b"}]]=], [=[{"a":null,"b":null}]=] },
  { "copy what is missing", [=[{}]=], [=[[{"op":"copy","from":"/a","path":"/b"}]]=], error = 'there is no member "a"' },
  { "copy to a missing parent", [=[{"a":1}]=], [=[[{"op":"copy","from":"/a","path":"/b/c"}]]=], error = 'there is no member "b"' },

  -- test (A.8, A.9, A.14, A.15)
  { "test values", [=[{"baz":"qux","foo":["a",2,"c"]}]=],
    [=[[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]]=], [=[{"baz":"qux","foo":["a",2,"c"]}]=] },
  { "test another value", [=[{"baz":"qux"}]=], [=[[{"op":"test","path":"/baz","value":"bar"}]]=], error = "different" },
  { "test a number against its text", [=[{"~1":10}]=], [=[[{"op":"test","path":"/~01","value":"10"}]]=], error = "different" },
  { "test numbers by value: 1 and 1.0", [=[{"a":1}]=], [=[[{"op":"test","path":"/a","value":1.0}]]=], [=[{"a":1}]=] },
  { "test numbers by value: 100 and 1e2", [=[{"a":1e2}]=], [=[[{"op":"test","path":"/a","value":100}]]=], [=[{"a":100}]=] },
  { "test numbers that differ a little", [=[{"a":1}]=], [=[[{"op":"test","path":"/a","value":1.0000001}]]=], error = "different" },
  { "test null", [=[{"a":null}]=], [=[[{"op":"test","path":"/a","value":null}]]=], [=[{"a":null}]=] },
  { "test null against false", [=[{"a":null}]=], [=[[{"op":"test","path":"/a","value":false}]]=], error = "different" },
  { "test null where nothing is", [=[{}]=], [=[[{"op":"test","path":"/a","value":null}]]=], error = 'there is no member "a"' },
  { "test false against 0", [=[{"a":false}]=], [=[[{"op":"test","path":"/a","value":0}]]=], error = "different" },
  { "test an object whatever its order", [=[{"foo":{"a":1,"b":[{"c":1,"d":2}]}}]=],
    [=[[{"op":"test","path":"/foo","value":{"b":[{"d":2,"c":1}],"a":1}}]]=], [=[{"foo":{"a":1,"b":[{"c":1,"d":2}]}}]=] },
  { "test an array in its order", [=[{"a":[1,2]}]=], [=[[{"op":"test","path":"/a","value":[2,1]}]]=], error = "different" },
  { "test an array that is longer", [=[{"a":[1,2]}]=], [=[[{"op":"test","path":"/a","value":[1]}]]=], error = "different" },
  { "test an object with a member more", [=[{"a":{"b":1}}]=], [=[[{"op":"test","path":"/a","value":{"b":1,"c":null}}]]=],
    error = "different" },
  { "test an empty array against an empty object", [=[{"a":[]}]=], [=[[{"op":"test","path":"/a","value":{}}]]=], error = "different" },
  { "test an empty object against an empty array", [=[{"a":{}}]=], [=[[{"op":"test","path":"/a","value":[]}]]=], error = "different" },
  { "test an index with a leading zero", [=[["foo","bar"]]=], [=[[{"op":"test","path":"/00","value":"foo"}]]=],
    error = "no leading zero" },
  { "test an object member with leading zeros", [=[{"01":"a"}]=], [=[[{"op":"test","path":"/01","value":"a"}]]=], [=[{"01":"a"}]=] },
  { "test an object member that looks like a number", [=[{"1e0":"a"}]=], [=[[{"op":"test","path":"/1e0","value":"a"}]]=],
    [=[{"1e0":"a"}]=] },
  { "test with a number that is no index", [=[["a","b"]]=], [=[[{"op":"test","path":"/1e0","value":"b"}]]=],
    error = "a number from 0" },
  { "test every odd name of RFC 6901", [=[{"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}]=],
    [=[[{"op":"test","path":"/","value":0},{"op":"test","path":"/a~1b","value":1},{"op":"test","path":"/c%d","value":2},
        {"op":"test","path":"/e^f","value":3},{"op":"test","path":"/g|h","value":4},{"op":"test","path":"/i\\j","value":5},
        {"op":"test","path":"/k\"l","value":6},{"op":"test","path":"/ ","value":7},{"op":"test","path":"/m~0n","value":8}]]=],
    [=[{"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}]=] },
  { "a name with ~01 is ~1", [=[{"/":9,"~1":10}]=], [=[[{"op":"test","path":"/~01","value":10}]]=], [=[{"/":9,"~1":10}]=] },
  { "names are compared byte by byte", [=[{"A":1}]=], [=[[{"op":"test","path":"/a","value":1}]]=], error = 'there is no member "a"' },

  -- the patch itself (A.11, A.13)
  { "unknown members are ignored", [=[{"foo":"bar"}]=], [=[[{"op":"add","path":"/baz","value":"qux","xyz":123}]]=],
    [=[{"foo":"bar","baz":"qux"}]=] },
  { "the order of members in an operation means nothing", [=[{}]=], [=[[{"value":1,"path":"/a","op":"add"}]]=], [=[{"a":1}]=] },
  { "from is ignored where it has no meaning", [=[{}]=], [=[[{"op":"add","from":5,"path":"/a","value":1}]]=], [=[{"a":1}]=] },
  { "operations see what those before them did", [=[{}]=],
    [=[[{"op":"add","path":"/a","value":{}},{"op":"add","path":"/a/b","value":1},{"op":"move","from":"/a/b","path":"/c"}]]=],
    [=[{"a":{},"c":1}]=] },
  { "a failing operation undoes those before it", [=[{"a":1}]=],
    [=[[{"op":"replace","path":"/a","value":2},{"op":"test","path":"/a","value":1}]]=], error = "operation 2" },
  { "no op", [=[{}]=], [=[[{"path":"/a","value":1}]]=], error = 'the member "op" is missing' },
  { "an unknown op", [=[{}]=], [=[[{"op":"spam","path":"/a","value":1}]]=], error = '"spam" is not an operation' },
  { "an op in capitals", [=[{}]=], [=[[{"op":"Add","path":"/a","value":1}]]=], error = '"Add" is not an operation' },
  { "an op that is no string", [=[{}]=], [=[[{"op":1,"path":"/a","value":1}]]=], error = "must be a string, not a number" },
  { "no path", [=[{}]=], [=[[{"op":"add","value":1}]]=], error = 'the member "path" is missing' },
  { "a path that is null", [=[{}]=], [=[[{"op":"add","path":null,"value":1}]]=], error = "must be a JSON Pointer" },
  { "a path that is no pointer", [=[{"a":1}]=], [=[[{"op":"add","path":"a","value":1}]]=], error = "must be a JSON Pointer" },
  { "a path with a lone tilde", [=[{"~":1}]=], [=[[{"op":"remove","path":"/~"}]]=], error = 'is written "~0"' },
  { "no value for add", [=[{}]=], [=[[{"op":"add","path":"/a"}]]=], error = '"add" needs the member "value"' },
  { "no value for replace", [=[[1]]=], [=[[{"op":"replace","path":"/0"}]]=], error = '"replace" needs the member "value"' },
  { "no value for test", [=[[null]]=], [=[[{"op":"test","path":"/0"}]]=], error = '"test" needs the member "value"' },
  { "no from for move", [=[{"a":1}]=], [=[[{"op":"move","path":"/b"}]]=], error = '"move" needs the member "from"' },
  { "no from for copy", [=[{"a":1}]=], [=[[{"op":"copy","path":"/b"}]]=], error = '"copy" needs the member "from"' },
  { "a from that is no pointer", [=[{"a":1}]=], [=[[{"op":"copy","from":"a","path":"/b"}]]=], error = "must be a JSON Pointer" },
  { "a malformed operation at the end is found before anything else", [=[{}]=],
    [=[[{"op":"remove","path":"/missing"},{"op":"spam","path":""}]]=], error = '"spam" is not an operation' },
  { "an operation that is an array", [=[{}]=], [=[[["add","/a",1]]]=], error = "an operation is an object, not an array" },
  { "an operation that is a string", [=[{}]=], [=[["add"]]=], error = "an operation is an object, not a string" },
  { "an operation that is null", [=[{}]=], [=[[null]]=], error = "an operation is an object, not null" },
  { "an object in place of a patch", [=[{}]=], [=[{"persona_name":"x"}]=], error = "an array of operations, not an object" },
  { "a string in place of a patch", [=[{}]=], [=["[]"]=], error = "an array of operations, not a string" },
  { "null in place of a patch", [=[{}]=], [=[null]=], error = "an array of operations, not null" },
}

describe("JSON Patch", function()
  it("is tried in as many cases as the public collection has, and more", function()
    assert.is_true(#cases >= 110)
  end)

  for _, case in ipairs(cases) do
    it(case[1], function()
      local document, operations = read(case[2]), read(case[3])
      local result, err = patch.apply(document, operations)
      if case.error then
        assert.is_nil(result)
        assert.are.equal("validation", err.type)
        assert.is_true(#err.issues > 0)
        assert.is_truthy(tostring(err):find(case.error, 1, true), tostring(err))
      else
        assert.is_nil(err)
        local expected = read(case[4])
        assert.is_true(core.equal(expected, result), core.encode(result))
        assert.is_true(core.equal(expected, read(core.encode(result))))
      end
      assert.is_true(core.equal(read(case[2]), document), "the document was changed")
      assert.is_true(core.equal(read(case[3]), operations), "the patch was changed")
    end)
  end
end)
