package import Gateway
import NIOCore

/// What `INFO` tells: lines of `name:value` under headings that begin with `#`.
package struct RedisInfo: Sendable {
    /// The sections that ``memory`` needs. Redis before 7 takes one section a command.
    static let commands = [RedisCommand("INFO", "memory"), RedisCommand("INFO", "stats")]

    private let fields: [Substring: Substring]

    package init(_ text: String) {
        fields = text.split(whereSeparator: \.isNewline).reduce(into: [:]) { fields, line in
            guard let colon = line.firstIndex(of: ":") else { return }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
    }

    /// Of the replies to ``commands``; what Redis refused to tell is missing.
    init(_ replies: [RESPReply]) {
        self.init(replies.compactMap(\.text).joined(separator: "\n"))
    }

    private func integer(_ name: Substring) -> Int? { fields[name].flatMap { Int($0) } }

    /// nil where Redis does not say how much it uses.
    package var memory: RemoteMemory? {
        guard let used = integer("used_memory") else { return nil }
        let limit = integer("maxmemory").flatMap { $0 > 0 ? $0 : nil }
        return RemoteMemory(used: used, limit: limit, evictions: integer("evicted_keys"))
    }
}
