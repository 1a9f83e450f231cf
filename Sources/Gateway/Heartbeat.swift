/// Tells a caller every so often that the gateway is still at work, while nothing comes from the provider.
package struct Heartbeat: Sendable {
    /// How long a caller hears nothing at most.
    static let interval: Duration = .seconds(10)

    let sleep: @Sendable (_ until: Instant) async throws -> Void

    /// - Parameter sleep: suspends until that instant; the tests' own returns when they say so.
    package init(
        sleep: @escaping @Sendable (_ until: Instant) async throws -> Void = { instant in
            try await Task.sleep(until: instant, tolerance: .milliseconds(100), clock: .continuous)
        }
    ) {
        self.sleep = sleep
    }

    /// Does work that may take long, and beats meanwhile: first at `next`, then once an interval.
    ///
    /// - Throws: what the work or a beat throws; the work is cancelled then.
    func during<Value: Sendable>(
        next: Instant, _ beat: () async throws -> Void, work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let sleep = sleep
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            defer { group.cancelAll() }
            var next = next
            group.addTask { try await work() }
            while true {
                group.addTask { [next] in
                    try await sleep(next)
                    return nil
                }
                guard let ended = try await group.next() else { throw CancellationError() }
                if let value = ended { return value }
                try await beat()
                next = next.advanced(by: Self.interval)
            }
        }
    }
}
