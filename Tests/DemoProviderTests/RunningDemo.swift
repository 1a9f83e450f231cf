import DemoProvider
import Logging
import ServiceLifecycle

/// A demo provider that runs as the gateway runs it: in a service group.
struct RunningDemo: Sendable {
    let client: RawClient
    /// Starts the graceful shutdown.
    let shutDown: @Sendable () async -> Void
    /// The messages that the provider logs at debug level or above.
    let messages: AsyncStream<String>

    /// Runs the work against a provider, then shuts the provider down gracefully and waits for its end: a test that returns
    /// has also shown that nothing held the shutdown up.
    static func run(tokenDelay: Duration = .zero, _ work: (RunningDemo) async throws -> Void) async throws {
        let (messages, sink) = AsyncStream.makeStream(of: String.self)
        let logger = Logger(label: "test") { _ in ListeningLogHandler(sink: sink) }
        let provider = DemoProvider(faults: true, tokenDelay: tokenDelay, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [provider], logger: quietLogger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let demo = RunningDemo(
                client: RawClient(port: try await provider.port()),
                shutDown: { await group.triggerGracefulShutdown() }, messages: messages)
            try await work(demo)
            await demo.shutDown()
            try await tasks.waitForAll()
        }
    }

    /// Suspends until the provider says that a fault has begun.
    func faultBegins() async {
        _ = await messages.first { $0 == "misbehaving as asked" }
    }
}

let quietLogger = Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }

/// A log handler that passes messages on, so that a test can wait for one.
private struct ListeningLogHandler: LogHandler {
    let sink: AsyncStream<String>.Continuation
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        sink.yield(event.message.description)
    }
}
