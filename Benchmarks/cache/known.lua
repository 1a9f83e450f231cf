-- wrk script: POSTs the same thousand chat requests of 1.5 KB over and over, and reports in JSON.

local prefix = '{"model":"bench","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"'
local suffix = '"}],"temperature":0.2,"max_tokens":256}'
local size, count = 1500, 1000
local headers = { ["Content-Type"] = "application/json" }
local words = string.rep("the quick brown fox jumps over the lazy dog and ", 40)
local requests, number = {}, 0

function init()
  for i = 1, count do
    local id = string.format("%06d ", i)
    local body = prefix .. id .. string.sub(words, 1, size - #prefix - #id - #suffix) .. suffix
    requests[i] = wrk.format("POST", "/v1/chat/completions", headers, body)
  end
end

function request()
  number = number % count + 1
  return requests[number]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.3f,"p50_us":%d,"p99_us":%d,"max_us":%d,"bad_status":%d,"socket_errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99), latency.max,
    e.status, e.connect + e.read + e.write + e.timeout))
end
