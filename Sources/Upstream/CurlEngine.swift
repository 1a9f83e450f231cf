import Core
import Foundation
package import Gateway
import ServiceLifecycle

/// Calls providers over libcurl. One thread owns every handle and runs the event loop; tasks reach it through its
/// inbox and read from their transfers' mailboxes.
package final class CurlEngine: ProviderCalls, Service {
    private let endpoints: [String: Endpoint]
    private let inbox = Inbox()

    /// - Parameter endpoints: one a provider that is on.
    package init(endpoints: [Endpoint]) {
        self.endpoints = Dictionary(endpoints.map { ($0.provider, $0) }) { first, _ in first }
    }

    /// Runs the engine's thread until graceful shutdown; calls made before wait for it.
    package func run() async throws {
        start()
        try? await gracefulShutdown()
        stop()
    }

    /// Starts the thread. For those who run no service group; call it once.
    package func start() {
        let inbox = inbox
        // The endpoints outlive every connection, because the thread keeps them.
        let endpoints = endpoints
        let thread = Thread {
            withExtendedLifetime(endpoints) { EngineLoop(inbox: inbox).run() }
        }
        thread.name = "quintet-curl"
        thread.start()
    }

    /// Ends the thread; calls under way fail.
    package func stop() { inbox.post(.stop) }

    package func send(_ call: UpstreamCall, by deadline: Instant) async throws -> any ProviderReply {
        guard let endpoint = endpoints[call.provider] else {
            throw UpstreamFailure(.connect, "the provider '\(call.provider)' is not on")
        }
        try Task.checkCancellation()
        let transfer = Transfer(call, endpoint: endpoint, inbox: inbox)
        guard inbox.post(.start(transfer)) else { throw UpstreamFailure.stopping }
        do {
            return CurlReply(transfer, head: try await transfer.waitForHead(by: deadline))
        } catch {
            transfer.cancel()
            throw error
        }
    }

    package var pools: [PoolReport] {
        endpoints.values.map(\.report).sorted { $0.provider < $1.provider }
    }
}
