import Gateway

/// The invalidations that the remote store has not done yet. What they mean counts as absent there.
struct PendingInvalidations {
    struct Ticket: Hashable, Sendable { fileprivate let number: Int }

    private struct Pending {
        let ticket: Ticket
        let which: CacheInvalidation
        var isUnderWay: Bool
    }

    /// Above this many, all become one that forgets everything: a store away for long costs its content, not our memory.
    static let limit = 64

    private var list: [Pending] = []
    private var next = 0

    var count: Int { list.count }

    /// Begins one. Its ticket ends it.
    mutating func begin(_ which: CacheInvalidation) -> Ticket {
        if list.count >= Self.limit {
            list = [Pending(ticket: newTicket(), which: .everything, isUnderWay: false)]
        }
        let ticket = newTicket()
        list.append(Pending(ticket: ticket, which: which, isUnderWay: true))
        return ticket
    }

    mutating func succeeded(_ ticket: Ticket) { list.removeAll { $0.ticket == ticket } }

    mutating func failed(_ ticket: Ticket) {
        if let place = list.firstIndex(where: { $0.ticket == ticket }) { list[place].isUnderWay = false }
    }

    /// The oldest that failed, under way again; nil when there is none.
    mutating func retry() -> (Ticket, CacheInvalidation)? {
        guard let place = list.firstIndex(where: { !$0.isUnderWay }) else { return nil }
        list[place].isUnderWay = true
        return (list[place].ticket, list[place].which)
    }

    func cover(key: String, tags: [CacheTag]) -> Bool { list.contains { $0.which.covers(key: key, tags: tags) } }

    private mutating func newTicket() -> Ticket {
        next += 1
        return Ticket(number: next)
    }
}
