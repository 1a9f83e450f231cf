/// Something that a test waited for did not happen in time.
package struct TimeLimitExceeded: Error, CustomStringConvertible {
    /// What was waited for.
    package let what: String
    package let limit: Duration

    package var description: String { "no \(self.what) within \(self.limit)" }
}

/// Runs `work`, and throws ``TimeLimitExceeded`` when it takes longer than `limit`.
///
/// Nothing in the test kit waits forever: a test that hangs names what it hung on. The limit is a safety net and never
/// the way a test waits, so it costs nothing when all is well. `work` must end when its task is cancelled, as every
/// wait in this kit does; otherwise the limit cannot end it.
package func withHardLimit<Value: Sendable>(
    _ what: @autoclosure @escaping @Sendable () -> String,
    limit: Duration = .seconds(10),
    work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw TimeLimitExceeded(what: what(), limit: limit)
        }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}
