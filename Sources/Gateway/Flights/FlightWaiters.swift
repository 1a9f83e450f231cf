/// What wakes a seat.
enum FlightSignal: Sendable { case news, beat }

/// Those who wait for a flight's news. Most flights have one reader, for whom nothing is allocated.
struct FlightWaiters {
    typealias Waiter = UnsafeContinuation<FlightSignal, any Error>

    private var first: (id: Int, waiter: Waiter)?
    private var others: [Int: Waiter] = [:]

    mutating func add(_ waiter: Waiter, for id: Int) {
        if first == nil { first = (id, waiter) } else { others[id] = waiter }
    }

    mutating func remove(_ id: Int) -> Waiter? {
        guard let first, first.id == id else { return others.removeValue(forKey: id) }
        self.first = nil
        return first.waiter
    }

    /// Takes all out, to be resumed when no lock is held.
    mutating func takeAll() -> FlightWaiters {
        defer { self = FlightWaiters() }
        return self
    }

    func resume(returning signal: FlightSignal) {
        first?.waiter.resume(returning: signal)
        for waiter in others.values { waiter.resume(returning: signal) }
    }
}
