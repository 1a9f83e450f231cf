import Crypto

/// What Redis does in one step for us. A MULTI would not do: a Redis that is full refuses one, even for deletions.
struct RedisScript: Sendable {
    private let source: String
    private let digest: String

    private init(_ source: String) {
        self.source = source
        digest = Array(Insecure.SHA1.hash(data: Array(source.utf8))).hexadecimal
    }

    /// Keeps a value for a life in milliseconds and puts its name into the set of each of its tags: a value that is there can
    /// be found by its tags. A set lives at least as long as the longest-lived of its values. Keys: the name, the sets.
    static let store = RedisScript(
        """
        for i = 2, #KEYS do
            redis.call('SADD', KEYS[i], KEYS[1])
            if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
        end
        return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        """)

    /// Deletes values, and their names from a tag's set; how many values there were. Keys: the set, the names.
    static let deleteTagged = RedisScript(
        """
        redis.call('SREM', unpack(KEYS))
        return redis.call('UNLINK', unpack(KEYS, 2))
        """)

    /// - Parameter isKnown: whether Redis has seen the script; it remembers it then.
    func command(keys: [RedisCommand.Argument], _ arguments: [RedisCommand.Argument], isKnown: Bool) -> RedisCommand {
        let script: [RedisCommand.Argument] = [.text(isKnown ? digest : source), .number(keys.count)]
        return RedisCommand(isKnown ? "EVALSHA" : "EVAL", script + keys + arguments)
    }
}
