/// Keeps what several calls may cost together under a limit: what a call is expected to cost is reserved before it begins, and what
/// it did cost is put in its place when it ends.
package struct CostCeiling: Sendable, Equatable {
    /// nil for no limit.
    package let limit: Money?
    private var spent = Money.zero
    private var reserved: [Int: Money] = [:]

    package init(_ limit: Money?) { self.limit = limit }

    /// What may still be reserved; nil for no limit.
    package var left: Money? {
        limit.map { limit in
            let taken = reserved.values.reduce(spent, +)
            return taken >= limit ? .zero : Money(picodollars: limit.picodollars - taken.picodollars)
        }
    }

    /// Whether what was spent, which can be more than was expected, has gone beyond the limit.
    package var isBroken: Bool { limit.map { spent > $0 } ?? false }

    /// Sets money aside for a call. False where it would break the ceiling: then the call must not begin. What it costs being
    /// unknown, it could.
    package mutating func reserve(_ expected: Money?, for call: Int) -> Bool {
        guard let left else { return true }
        guard let expected, expected <= left else { return false }
        reserved[call] = expected
        return true
    }

    /// A call has ended. Where its cost is unknown, what was expected counts.
    package mutating func settle(_ call: Int, cost: Money?) {
        spent = spent + (cost ?? reserved[call] ?? .zero)
        reserved[call] = nil
    }
}
