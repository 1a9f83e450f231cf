import Core
import Crypto

/// What Redis does in one step for us. A MULTI would not do: a Redis that is full refuses one, even for deletions.
struct RedisScript: Sendable {
    private let source: String
    private let digest: String

    private init(_ source: String) {
        self.source = source
        digest = Hexadecimal.text(Array(Insecure.SHA1.hash(data: Array(source.utf8))))
    }

    /// Keeps a value for a life in milliseconds and puts its name into the set of each of its tags, with the end of its life: a
    /// value that is there can be found by its tags. A set lives at least as long as the longest-lived of its values, and names
    /// of those that ended leave it as others come, a hundred at most for each, so that it does not grow. Keys: the name, the
    /// sets.
    static let store = RedisScript(
        """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local life = tonumber(ARGV[2])
        for i = 2, #KEYS do
            local ended = redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now, 'LIMIT', 0, 100)
            if #ended > 0 then redis.call('ZREM', KEYS[i], unpack(ended)) end
            redis.call('ZADD', KEYS[i], now + life, KEYS[1])
            if redis.call('PTTL', KEYS[i]) < life then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
        end
        return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        """)

    /// Deletes values, and their names from a tag's set; how many values there were. Keys: the set, the names.
    static let deleteTagged = RedisScript(
        """
        redis.call('ZREM', unpack(KEYS))
        return redis.call('UNLINK', unpack(KEYS, 2))
        """)

    /// - Parameter isKnown: whether Redis has seen the script; it remembers it then.
    func command(keys: [RedisCommand.Argument], _ arguments: [RedisCommand.Argument], isKnown: Bool) -> RedisCommand {
        let script: [RedisCommand.Argument] = [.text(isKnown ? digest : source), .number(keys.count)]
        return RedisCommand(isKnown ? "EVALSHA" : "EVAL", script + keys + arguments)
    }
}
