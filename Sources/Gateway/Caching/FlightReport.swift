/// The figures of what happens around the cache: requests that shared a call, and answers that were not worth keeping.
package struct FlightReport: Sendable, Equatable {
    /// Requests that got the answer of a call that ran already, since the start.
    package var joins: Int
    /// Calls that others can join now.
    package var running: Int
    /// Answers that were not given to the cache, by the reason's name, since the start.
    package var refusedStores: [String: Int]

    package init(joins: Int = 0, running: Int = 0, refusedStores: [String: Int] = [:]) {
        self.joins = joins
        self.running = running
        self.refusedStores = refusedStores
    }
}
