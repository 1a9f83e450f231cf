import Core
package import Gateway

/// Calls over the engine to the endpoints of one catalogue. A reload makes another one; a request keeps its own to its end.
package final class CurlCalls: ProviderCalls {
    /// By access.
    private let leases: [String: EndpointLease]
    private let inbox: Inbox

    init(_ leases: [EndpointLease], inbox: Inbox) {
        self.leases = Dictionary(leases.map { ($0.endpoint.access, $0) }) { first, _ in first }
        self.inbox = inbox
    }

    /// The place of an endpoint that is the same in all that counts; nil where there is none.
    func lease(like endpoint: Endpoint) -> EndpointLease? {
        leases[endpoint.access].flatMap { $0.endpoint.isLike(endpoint) ? $0 : nil }
    }

    package func begin(_ call: UpstreamCall) throws -> any BegunCall {
        guard let endpoint = leases[call.access]?.endpoint else {
            throw UpstreamFailure(.connect, "the provider '\(call.access)' is not on")
        }
        try Task.checkCancellation()
        let transfer = Transfer(call, endpoint: endpoint, inbox: inbox)
        guard inbox.post(.start(transfer)) else { throw UpstreamFailure.stopping }
        return CurlReply(transfer)
    }

    package var pools: [PoolReport] {
        leases.values.map(\.endpoint.report).sorted { $0.access < $1.access }
    }
}

/// An endpoint's place at the engine, kept while any catalogue's calls can go there.
final class EndpointLease: Sendable {
    let endpoint: Endpoint
    private let inbox: Inbox

    init(_ endpoint: Endpoint, inbox: Inbox) {
        self.endpoint = endpoint
        self.inbox = inbox
    }

    deinit { inbox.post(.retire(endpoint)) }
}
