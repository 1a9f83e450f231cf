import Synchronization

/// What the logs of all flights hold together.
final class FlightMemory: Sendable {
    private let held = Atomic(0)
    private let limit: Int

    /// - Parameter limit: bytes from which on logs keep only what is still to be read, and no more flights begin.
    init(limit: Int) { self.limit = limit }

    var isFull: Bool { held.load(ordering: .relaxed) > limit }

    /// - Parameter bytes: below zero for what is let go of.
    func add(_ bytes: Int) {
        if bytes != 0 { held.wrappingAdd(bytes, ordering: .relaxed) }
    }
}
