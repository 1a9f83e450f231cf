package import Core
package import Gateway

/// What is known of a Redis: whether it is reached, and whether it takes writes.
package struct RedisHealth: Sendable {
    /// What a command does, as far as a Redis in need refuses it.
    package enum Use: Sendable { case read, store, delete }

    private struct Rest {
        let kind: RedisRefusal.Kind
        let words: String
        /// When a write may try again.
        let until: Instant
    }

    private let address: RedisAddress
    private let writeRest: Duration
    private var loss: String?
    private var ping: Duration?
    private var rest: Rest?
    /// As it told since the connection began.
    package private(set) var memory: RemoteMemory?

    /// - Parameter writeRest: between two tries to write where writes are refused.
    package init(address: RedisAddress, writeRest: Duration) {
        self.address = address
        self.writeRest = writeRest
        loss = "\(address) was not reached yet."
    }

    /// There is a connection.
    package mutating func connected() {
        loss = nil
        ping = nil
    }

    /// There is none any more, and why.
    package mutating func lost(_ words: String) {
        loss = words
        memory = nil
    }

    /// What it says of its memory; ignored when the connection that it said it on is gone.
    package mutating func told(_ memory: RemoteMemory?) {
        if loss == nil { self.memory = memory }
    }

    /// A ping came back.
    package mutating func pinged(_ roundTrip: Duration) { ping = roundTrip }

    /// Redis refused a command. Writes rest when it will refuse the next ones, too; the first try follows at once, since a
    /// reconnect may have led to another Redis.
    package mutating func refused(_ refusal: RedisRefusal, isTry: Bool, at now: Instant) {
        guard let words = words(for: refusal.kind) else { return }
        if !isTry, rest?.kind == refusal.kind { return }
        rest = Rest(kind: refusal.kind, words: words, until: isTry ? now + writeRest : now)
    }

    private func words(for kind: RedisRefusal.Kind) -> String? {
        switch kind {
        case .replica: "\(address) is a read-only replica. Name its primary, or a name that follows it."
        case .full:
            "\(address) is full and evicts nothing. Give it more memory (maxmemory), or set maxmemory-policy to allkeys-lru."
        case .unsaved:
            "\(address) cannot save to its disk, so it takes no writes (MISCONF). Make room on the disk, and look into its log."
        case .unreplicated: "\(address) has too few replicas to take writes (min-replicas-to-write)."
        default: nil
        }
    }

    /// Whether it is time to try a write where writes rest.
    package func isTryDue(at now: Instant) -> Bool { rest.map { now >= $0.until } ?? false }

    /// Redis took a write.
    package mutating func wrote() { rest = nil }

    /// Why a command need not be sent; nil when it may go.
    package func objection(to use: Use) -> RedisError? {
        if let loss { return .away(loss) }
        guard let rest else { return nil }
        switch use {
        case .read: return nil
        case .store: return .writesRest(rest.words)
        // Deletions are what makes room.
        case .delete: return rest.kind == .full ? nil : .writesRest(rest.words)
        }
    }

    /// What follows from all that was noted.
    package var condition: RemoteCondition {
        if let loss { return .away(loss) }
        return rest.map { .readOnly($0.words) } ?? .connected(ping: ping)
    }
}
