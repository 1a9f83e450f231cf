import NIOCore
import NIOPosix

extension MultiThreadedEventLoopGroup {
    /// The one thread of the test kit's sockets, apart from the loops of the gateway under test. It lives as long as
    /// the test process.
    static let testKit = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}

extension EventLoopFuture where Value: Sendable {
    /// The future's value, or ``TimeLimitExceeded``. Unlike `get()` it also ends when the task is cancelled.
    func bounded(_ what: String, limit: Duration = .seconds(10)) async throws -> Value {
        let outcome = Watched<Result<Value, any Error>?>(nil)
        self.whenComplete { result in outcome.update { $0 = result } }
        return try await outcome.wait(what, limit: limit) { try $0?.get() }
    }
}
