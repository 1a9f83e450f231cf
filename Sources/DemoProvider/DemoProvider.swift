import Hummingbird
package import Logging
import NIOCore
import ServiceLifecycle

/// A made-up AI provider inside the binary: an HTTP server that speaks the OpenAI chat wire.
///
/// It exists so that a newcomer without any key can try the gateway, and, with `faults`, so that a person can watch a
/// failover happen. Every answer says that it is a demo. It needs no key and ignores the one it is given.
///
/// Run it as a service; it stops on graceful shutdown after the ordinary answers in progress are finished. Hanging,
/// stalled and slow answers are cut then, so that they never hold a shutdown up.
package struct DemoProvider: Service {
    private let host: String
    private let requestedPort: Int
    private let server: DemoServer
    private let bound = BoundPort()

    /// Makes a demo provider that isn't listening yet.
    ///
    /// - Parameters:
    ///   - host: the address to listen on
    ///   - port: the port to listen on; 0 lets the system choose one, which `port()` then tells
    ///   - faults: whether the models of `faultModels` are served; without it their names are unknown
    ///   - tokenDelay: the pause before each token; zero streams as fast as the client reads
    ///   - logger: where the server logs to
    package init(
        host: String = "127.0.0.1", port: Int = 0, faults: Bool = false, tokenDelay: Duration = .milliseconds(30),
        logger: Logger
    ) {
        self.host = host
        self.requestedPort = port
        self.server = DemoServer(faults: faults, tokenDelay: tokenDelay, logger: logger)
    }

    /// Listens and answers until graceful shutdown or cancellation. Throws when the address can't be bound.
    package func run() async throws {
        let application = server.application(address: .hostname(host, port: requestedPort)) { [bound] channel in
            // A listening TCP channel always has a port; a missing one means that it was closed meanwhile.
            bound.resolve(channel.localAddress?.port.map { .success($0) } ?? .failure(DemoProviderStopped()))
        }
        do {
            try await application.run()
            bound.resolve(.failure(DemoProviderStopped()))
        } catch {
            bound.resolve(.failure(error))
            throw error
        }
    }

    /// The bound port. Suspends until the server listens, whether it is called before or after `run()` starts.
    ///
    /// Throws what `run()` threw when it couldn't bind, `DemoProviderStopped` once it has ended, and `CancellationError` when
    /// the caller is cancelled.
    package func port() async throws -> Int {
        try await bound.wait()
    }
}

/// The demo provider has stopped, so it has no port any more.
package struct DemoProviderStopped: Error, CustomStringConvertible {
    /// A sentence for logs.
    package var description: String { "the demo provider has stopped" }
}
