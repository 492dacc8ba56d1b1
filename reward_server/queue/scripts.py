"""The Lua scripts of the queue: what must happen in one step. All keys of a call share a slot.

Redis runs each script alone, so between its lines nothing else happens (https://redis.io/docs/latest/develop/programmability/eval-intro/).
A full server must still be emptied, so what lets go of work may write beyond ``maxmemory``.
"""

ANSWER = """#!lua flags=allow-oom
-- KEYS reply · ARGV request, answers ; nil where nobody asks any more
return redis.call('XADD', KEYS[1], 'NOMKSTREAM', '*', 'r', ARGV[1], 'a', ARGV[2])
"""

HEARTBEAT = """#!lua flags=allow-oom
-- KEYS workers · ARGV consumer, what it says
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
"""

LET_GO = """#!lua flags=allow-oom
-- KEYS stream, load · ARGV group, id, completions, bytes
-- The load goes down once, however often a chunk is let go.
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
if redis.call('XDEL', KEYS[1], ARGV[2]) == 1 then
  for i, field in ipairs({'completions', 'bytes'}) do
    if redis.call('HINCRBY', KEYS[2], field, -tonumber(ARGV[2 + i])) < 0 then
      redis.call('HSET', KEYS[2], field, 0)
    end
  end
  return 1
end
return 0
"""

RENEW = """#!lua flags=allow-oom
-- KEYS stream · ARGV group, consumer, id … ; returns the ids that are not this consumer's any more
local lost = {}
for i = 3, #ARGV do
  local held = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)
  if held[1] and held[1][2] == ARGV[2] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
"""

REPLACE = """#!lua flags=allow-oom
-- KEYS stream, load · ARGV group, consumer, id, bytes that come on top, (header, body) …
-- Only by the owner: a worker that was paused must not put back what another one already answered.
local held = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if not (held[1] and held[1][2] == ARGV[2]) then return 0 end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('XDEL', KEYS[1], ARGV[3])
for i = 5, #ARGV, 2 do
  redis.call('XADD', KEYS[1], '*', 'h', ARGV[i], 'b', ARGV[i + 1])
end
redis.call('HINCRBY', KEYS[2], 'bytes', ARGV[4])
return 1
"""

LEAVE = """#!lua flags=allow-oom
-- KEYS stream, workers · ARGV group, consumer ; a consumer with pending chunks stays, so that they can be taken over
redis.call('HDEL', KEYS[2], ARGV[2])
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
  return 1
end
return 0
"""

ANSWER_BATCH = """#!lua flags=allow-oom
-- KEYS answers, done, meta · ARGV request, answers, ttl_s, position …
-- First write of a position wins; when the last one is there, the batch starts to age.
if redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
local fresh = 0
for i = 4, #ARGV do
  if redis.call('SETBIT', KEYS[2], ARGV[i], 1) == 0 then fresh = fresh + 1 end
end
if fresh > 0 then
  redis.call('XADD', KEYS[1], '*', 'r', ARGV[1], 'a', ARGV[2])
  if redis.call('HINCRBY', KEYS[3], 'done', fresh) >= tonumber(redis.call('HGET', KEYS[3], 'total')) then
    for i, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[3]) end
  end
end
return fresh
"""
