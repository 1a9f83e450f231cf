import Core
import DequeModule
import Gateway
import Synchronization

/// The calls of one endpoint: those that wait for a place, and handles that wait for a call. It belongs to the
/// engine's thread.
final class Lane {
    let endpoint: Endpoint
    private let sockets: SocketWatch
    private var waiting: Deque<Transfer> = []
    private var spare: [EasyHandle] = []

    /// Most calls that wait; more are refused at once.
    private static let waitingLimit = 10_000

    init(endpoint: Endpoint, sockets: SocketWatch) {
        self.endpoint = endpoint
        self.sockets = sockets
    }

    var hasPlace: Bool { endpoint.inUse.load(ordering: .relaxed) < endpoint.limit }
    var hasWaiting: Bool { !waiting.isEmpty }
    /// No catalogue has the endpoint any more.
    var isRetired = false
    var isIdle: Bool { waiting.isEmpty && endpoint.inUse.load(ordering: .relaxed) == 0 }

    /// A handle for a call; nil when memory is out.
    func takeHandle() -> EasyHandle? {
        guard let easy = spare.popLast() ?? EasyHandle(for: endpoint, sockets: sockets) else { return nil }
        endpoint.inUse.add(1, ordering: .relaxed)
        return easy
    }

    /// The handle's call is over.
    func giveBack(_ easy: EasyHandle) {
        easy.unload()
        spare.append(easy)
        endpoint.inUse.subtract(1, ordering: .relaxed)
    }

    /// Lets a call wait for a place. False when too many wait.
    func enqueue(_ transfer: Transfer) -> Bool {
        guard waiting.count < Self.waitingLimit else { return false }
        waiting.append(transfer)
        countWaiting()
        return true
    }

    /// The call whose turn it is, if there is a place for it.
    func nextInLine() -> Transfer? {
        guard hasPlace, let next = waiting.popFirst() else { return nil }
        countWaiting()
        return next
    }

    /// A call that no longer wants to wait.
    func leave(_ transfer: Transfer) {
        waiting.removeAll { $0 === transfer }
        countWaiting()
    }

    /// Takes out the calls that have waited too long.
    func removeLate(now: Instant) -> [Transfer] {
        let late = waiting.filter { $0.call.acquireBy <= now }
        if !late.isEmpty {
            waiting.removeAll { $0.call.acquireBy <= now }
            countWaiting()
        }
        return Array(late)
    }

    /// Takes out all that wait.
    func removeAll() -> [Transfer] {
        defer {
            waiting = []
            countWaiting()
        }
        return Array(waiting)
    }

    private func countWaiting() { endpoint.waiting.store(waiting.count, ordering: .relaxed) }
}
