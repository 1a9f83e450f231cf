import Core
import Foundation
import Gateway
import ServiceLifecycle

/// Calls providers over libcurl. One thread owns every handle and runs the event loop; tasks reach it through its
/// inbox and read from their transfers' mailboxes.
package final class CurlEngine: Service {
    private let inbox = Inbox()

    package init() {}

    /// The way to these endpoints, one for each way into a provider that is on.
    ///
    /// - Parameter previous: the way that this one follows. Endpoints that did not change go on with their connections and
    ///   their counts; the others are let go of with `previous`, once the calls there have ended.
    package func calls(to endpoints: [Endpoint], continuing previous: CurlCalls? = nil) -> CurlCalls {
        let inbox = inbox
        let leases = endpoints.map { endpoint in
            previous?.lease(like: endpoint) ?? EndpointLease(endpoint, inbox: inbox)
        }
        return CurlCalls(leases, inbox: inbox)
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
        let thread = Thread { EngineLoop(inbox: inbox).run() }
        thread.name = "quintet-curl"
        thread.start()
    }

    /// Ends the thread; calls under way fail.
    package func stop() { inbox.post(.stop) }
}
